/* SPDX-License-Identifier: MIT */
/* The rules of a site while it runs: what they counted, and changes that leave the counts of the others alone. */
#include "control/reading.h"

#include "control/shown.h"
#include "fault/when.h"

#define KEYS_MAX 20
#define WHEN_MAX ((size_t)64 << 10)

/* ---- showing ---- */

static json_t *
number_or_null(uint64_t n)
{
	return n == 0 ? json_null() : json_integer((json_int_t)n);
}

static json_t *
condition(const struct rule *r)
{
	struct buf b;
	json_t *json;

	if (r->when == NULL)
		return json_null();
	buf_init(&b, WHEN_MAX);
	when_print(r->when, &b);
	json = json_string(buf_str(&b));
	buf_clear(&b);
	return json;
}

static void
add_key(void *ctx, struct bytes key, uint64_t matched, uint64_t hits)
{
	json_t *text = json_stringn((const char *)key.p, key.n);

	/* a key from a client may be no UTF-8 */
	if (text == NULL)
		text = json_null();
	json_array_append_new(ctx,
	    json_pack("{s:o, s:I, s:I}", "key", text, "matched",
		(json_int_t)matched, "hits", (json_int_t)hits));
}

static json_t *
draws(const struct rule_counts *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->last_draw_count; i++)
		json_array_append_new(list, shown_share(n->last_draws_ppm[i]));
	return list;
}

/* As it was written, with what was switched since. */
static json_t *
source(const struct rule *r)
{
	json_t *json =
	    r->source == NULL ? NULL : json_loads(r->source, 0, NULL);

	if (json == NULL)
		return json_null();
	if (r->disabled)
		json_object_set_new(json, "enabled", json_false());
	else
		json_object_del(json, "enabled");
	return json;
}

static json_t *
one(const struct site_plan *p, size_t i)
{
	const struct rule *r = rules_get(p->rules, i);
	const struct rule_counts n = rule_counters_get(p->counters, i);
	json_t *keys = json_array();
	json_t *doc = json_pack("{s:s, s:b, s:o, s:o, s:s, s:o, s:o}", "id",
	    r->id, "enabled", !r->disabled, "rule", source(r), "when",
	    condition(r), "per", rule_per_name(r->per), "times",
	    number_or_null(r->times), "chance",
	    r->has_chance ? shown_share(r->chance_ppm) : json_null());
	json_t *counts = json_pack("{s:I, s:I, s:I, s:I, s:o}", "matched",
	    (json_int_t)n.matched, "drawn", (json_int_t)n.drawn, "hits",
	    (json_int_t)n.hits, "keys", (json_int_t)n.keys, "last_draws",
	    draws(&n));

	rule_counters_each_key(p->counters, i, KEYS_MAX, add_key, keys);
	json_object_update(doc, counts);
	json_decref(counts);
	json_object_set_new(doc, "counters", keys);
	return doc;
}

/* All rules in force, or those of these ids. */
static void
answer(struct control_call *c, struct site *site, int status,
    const struct rules *only)
{
	struct site_snapshot *now = site_acquire(site);
	const struct site_plan *p = now->plan;
	json_t *list = json_array();

	for (size_t i = 0; i < rules_count(p->rules); i++) {
		if (only == NULL ||
		    rules_find(only, bytes_str(rules_get(p->rules, i)->id)) !=
			-1)
			json_array_append_new(list, one(p, i));
	}
	site_release(now);
	call_json(c, status, json_pack("{s:o}", "rules", list));
}

static void
list(struct control_call *c)
{
	struct site *site = call_site(c);

	if (site != NULL)
		answer(c, site, 200, NULL);
}

/* ---- changes ---- */

/* The place of the rule that is there already. False: a problem is the answer. */
static bool
ids_are_new(struct control_call *c, struct site *site, const struct rules *add)
{
	struct site_snapshot *now = site_acquire(site);
	const struct rule *same = NULL;

	for (size_t i = 0; i < rules_count(add) && same == NULL; i++) {
		const struct rule *r = rules_get(add, i);

		if (rules_find(now->plan->rules, bytes_str(r->id)) != -1)
			same = r;
	}
	site_release(now);
	if (same == NULL)
		return true;
	call_problem_at(c, 409, same->line, same->column,
	    "there is a rule \"%s\" already", same->id);
	return false;
}

static bool
rule_is_there(struct control_call *c, struct site *site, const char *id)
{
	struct site_snapshot *now = site_acquire(site);
	bool there = rules_find(now->plan->rules, bytes_str(id)) != -1;

	site_release(now);
	if (!there)
		call_problem(c, 404, "there is no rule \"%.64s\"", id);
	return there;
}

static void
failed(struct control_call *c, const struct err *e)
{
	/* an id that came in between */
	if (e->code == ERR_SCENARIO)
		call_problem(c, 409, "%s", e->text);
	else
		call_failed(c, e);
}

static void
add(struct control_call *c)
{
	struct site *site = call_site(c);
	const char *before = call_query(c, "before");
	struct rules *rules;
	struct err e = { 0 };
	int64_t ttl_ms = 0;

	if (site == NULL || shown_ttl(c, &ttl_ms) == -1 ||
	    (before != NULL && !rule_is_there(c, site, before)))
		return;
	rules = reading_rules(c);
	if (rules == NULL)
		return;
	if (!ids_are_new(c, site, rules))
		;
	else if (site_rules_add(site, rules, before, ttl_ms, &e) == -1)
		failed(c, &e);
	else
		answer(c, site, 201, rules);
	rules_unref(rules);
}

/* {"enabled": BOOL} and nothing else. */
static bool
only_switches(struct bytes body, bool *enabled)
{
	json_t *json = json_loadb(
	    (const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	json_t *value = json_object_get(json, "enabled");
	bool only = json_object_size(json) == 1 && json_is_boolean(value);

	*enabled = json_is_true(value);
	json_decref(json);
	return only;
}

static void
answer_one(struct control_call *c, struct site *site, const char *id)
{
	struct site_snapshot *now = site_acquire(site);
	int64_t at = rules_find(now->plan->rules, bytes_str(id));
	json_t *doc = at == -1 ? NULL : one(now->plan, (size_t)at);

	site_release(now);
	if (doc == NULL)
		call_problem(c, 404, "rule \"%.64s\" has gone again", id);
	else
		call_json(c, 200, doc);
}

/* The rule with what the body says of it; NULL: a problem is the answer. */
static struct rules *
changed(struct control_call *c, struct site *site, const char *id)
{
	struct site_snapshot *now = site_acquire(site);
	int64_t at = rules_find(now->plan->rules, bytes_str(id));
	struct rules *rules = NULL;

	if (at == -1)
		call_problem(c, 404, "rule \"%.64s\" has gone again", id);
	else
		rules =
		    reading_change(c, rules_get(now->plan->rules, (size_t)at));
	site_release(now);
	return rules;
}

static void
change(struct control_call *c)
{
	struct site *site = call_site(c);
	const char *id = call_param(c, 0);
	struct rules *rules = NULL;
	struct err e = { 0 };
	int64_t ttl_ms = 0;
	bool enabled;
	int rc;

	if (site == NULL || shown_ttl(c, &ttl_ms) == -1 ||
	    !rule_is_there(c, site, id))
		return;
	if (only_switches(c->rq->body, &enabled)) {
		rc = site_rules_enable(site, id, enabled, ttl_ms, &e);
	} else {
		rules = changed(c, site, id);
		if (rules == NULL)
			return;
		rc = site_rules_replace(site, id, rules, ttl_ms, &e);
	}
	if (rc == -1)
		failed(c, &e);
	else
		answer_one(c, site, id);
	rules_unref(rules);
}

static void
remove_one(struct control_call *c)
{
	struct site *site = call_site(c);
	const char *id = call_param(c, 0);
	struct err e = { 0 };
	int64_t ttl_ms = 0;

	if (site == NULL || shown_ttl(c, &ttl_ms) == -1 ||
	    !rule_is_there(c, site, id))
		return;
	if (site_rules_remove(site, id, ttl_ms, &e) == -1)
		failed(c, &e);
	else
		call_nothing(c);
}

static void
show(struct control_call *c)
{
	struct site *site = call_site(c);
	const char *id = call_param(c, 0);

	if (site != NULL && rule_is_there(c, site, id))
		answer_one(c, site, id);
}

#define NEEDS (CALL_TOKEN | CALL_SERVER | CALL_SITE)

const struct control_route control_rules_routes[] = {
	{ "GET", "/v1/rules", NEEDS, list, NULL },
	{ "POST", "/v1/rules", NEEDS, add, "before ttl" },
	{ "GET", "/v1/rules/{id}", NEEDS, show, NULL },
	{ "PATCH", "/v1/rules/{id}", NEEDS, change, "ttl" },
	{ "DELETE", "/v1/rules/{id}", NEEDS, remove_one, "ttl" },
	{ 0 },
};
