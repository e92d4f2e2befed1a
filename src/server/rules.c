/* SPDX-License-Identifier: MIT */
/* Changes of the rules of a site: a new list takes the place of the old one, and what is not changed counts on. */
#include "server/rules.h"

#include <stdlib.h>

#include "server/later.h"

int
rules_alone(
    struct rules *from, const char *id, struct rules **out, struct err *e)
{
	int64_t at = rules_find(from, bytes_str(id));
	struct rules *head, *alone;

	*out = NULL;
	if (at == -1)
		return 0;
	head = rules_splice(
	    from, (size_t)at + 1, rules_count(from) - (size_t)at - 1, NULL, e);
	if (head == NULL)
		return -1;
	alone = rules_splice(head, 0, (size_t)at, NULL, e);
	rules_unref(head);
	*out = alone;
	return alone == NULL ? -1 : 0;
}

/* The plan takes the place of the one in force; takes it over. NULL: there was none to be had. */
static int
take_plan(struct site *site, struct site_plan *plan, struct err *e)
{
	struct site_step step;

	if (plan == NULL)
		return -1;
	site_step_init(&step, site);
	plan_release(step.now.plan);
	step.now.plan = plan;
	return site_step_take(&step, site, e);
}

/* So does the list. */
static int
take(struct site *site, struct rules *list, const struct plan_anew *anew,
    struct err *e)
{
	struct site_plan *plan;

	if (list == NULL)
		return -1;
	plan = plan_with_rules(site->now.plan, list, anew, e);
	rules_unref(list);
	return take_plan(site, plan, e);
}

/* `add` (NULL: nothing) in the place of `drop` rules from at on. */
static int
splice(
    struct site *site, size_t at, size_t drop, struct rules *add, struct err *e)
{
	const struct plan_anew anew = { at, rules_count(add) };

	return take(site, rules_splice(site->now.plan->rules, at, drop, add, e),
	    &anew, e);
}

struct site_plan *
rules_plan_back(
    struct site_plan *plan, const char *id, struct rules *rule, struct err *e)
{
	struct rules *list = plan->rules, *next;
	int64_t at = rules_find(list, bytes_str(id));
	size_t where = at == -1 ? rules_count(list) : (size_t)at;
	const struct plan_anew anew = { where, rules_count(rule) };
	struct site_plan *p;

	if (at == -1 && rule == NULL)
		return plan_ref(plan);
	next = rules_splice(list, where, at == -1 ? 0 : 1, rule, e);
	if (next == NULL)
		return NULL;
	p = plan_with_rules(plan, next, &anew, e);
	rules_unref(next);
	return p;
}

int
rules_bring_back(
    struct site *site, const char *id, struct rules *rule, struct err *e)
{
	return take_plan(site, rules_plan_back(site->now.plan, id, rule, e), e);
}

static int
no_rule(const char *id, struct err *e)
{
	return err_set(e, ERR_USAGE, "there is no rule \"%.64s\"", id);
}

/* What the change is, and what must be found for it. */
struct change {
	const char *
	    id; /* of the rule that is changed, or that others go before; NULL: none */
	struct rules *add;
	bool replaces, removes, switches, enabled;
};

static int
make(struct site *site, const struct change *c, struct err *e)
{
	struct rules *list = site->now.plan->rules;
	const struct plan_anew none = { 0, 0 };
	int64_t at = c->id == NULL ? (int64_t)rules_count(list)
				   : rules_find(list, bytes_str(c->id));

	if (at == -1)
		return no_rule(c->id, e);
	if (c->switches)
		return take(site, rules_switch(list, (size_t)at, c->enabled, e),
		    &none, e);
	return splice(
	    site, (size_t)at, c->replaces || c->removes ? 1 : 0, c->add, e);
}

/* With what comes back later, when it is for a while. One record for each rule concerned. */
static int
change(struct site *site, const struct change *c, int64_t ttl_ms, struct err *e)
{
	bool adds = !c->replaces && !c->removes && !c->switches;
	size_t n = adds ? rules_count(c->add) : 1;
	struct temporary **records = calloc(n + 1, sizeof(*records));
	int rc = 0;

	if (records == NULL)
		return err_set(e, ERR_MEMORY, "no memory for rules");
	pthread_mutex_lock(&site->change);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = later_rule(site, ttl_ms,
		    adds ? rules_get(c->add, i)->id : c->id, &records[i], e);
	if (rc == 0)
		rc = make(site, c, e);
	for (size_t i = 0; i < n; i++) {
		if (rc == 0)
			later_keep_rule(site,
			    adds ? rules_get(c->add, i)->id : c->id,
			    records[i]);
		else
			later_drop(site, records[i]);
	}
	pthread_mutex_unlock(&site->change);
	free(records);
	if (rc == 0)
		site_changed(site);
	return rc;
}

int
site_rules_add(struct site *site, struct rules *add, const char *before,
    int64_t ttl_ms, struct err *e)
{
	const struct change c = { .id = before, .add = add };

	return change(site, &c, ttl_ms, e);
}

int
site_rules_replace(struct site *site, const char *id, struct rules *by,
    int64_t ttl_ms, struct err *e)
{
	const struct change c = { .id = id, .add = by, .replaces = true };

	if (rules_count(by) != 1 || strcmp(rules_get(by, 0)->id, id) != 0)
		return err_set(e, ERR_USAGE,
		    "one rule replaces another, and has its id \"%.64s\"", id);
	return change(site, &c, ttl_ms, e);
}

int
site_rules_enable(struct site *site, const char *id, bool enabled,
    int64_t ttl_ms, struct err *e)
{
	const struct change c = {
		.id = id, .switches = true, .enabled = enabled
	};

	return change(site, &c, ttl_ms, e);
}

int
site_rules_remove(
    struct site *site, const char *id, int64_t ttl_ms, struct err *e)
{
	const struct change c = { .id = id, .removes = true };

	return change(site, &c, ttl_ms, e);
}
