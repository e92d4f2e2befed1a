/* SPDX-License-Identifier: MIT */
/* What is pending for a site, and its coming back. */
#include "server/later.h"

#include <stdlib.h>

#include "server/rules.h"
#include "server/timer.h"

static void
free_record(struct temporary *t)
{
	if (t == NULL)
		return;
	plan_release(t->plan);
	rules_unref(t->rule);
	free(t->keys);
	free(t->id);
	free(t);
}

static struct temporary *
pending(const struct site *site, enum temporary_kind kind, const char *id)
{
	struct temporary *t = site->temporary;

	while (t != NULL &&
	    !(t->kind == kind && !t->beneath &&
		(id == NULL || strcmp(t->id, id) == 0)))
		t = t->next;
	return t;
}

/* ---- coming back ---- */

struct alarm {
	struct site *site; /* one reference */
	uint64_t number;
};

static void
drop_alarm(void *ctx)
{
	struct alarm *a = ctx;

	site_unref(a->site);
	free(a);
}

static void
bring_back_keys(
    const struct temporary *t, struct host *to, const struct host *from)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);

	for (size_t i = 0; i < n; i++) {
		if (t->keys[i])
			host_copy_key(to, from, &keys[i]);
	}
}

/* What is brought back lies beneath a scenario, and comes back with it. */
static int
bring_back_beneath(
    struct temporary *under, const struct temporary *t, struct err *e)
{
	struct site_plan *plan;

	if (t->kind == TEMPORARY_HOST) {
		bring_back_keys(t, &under->configured, &t->configured);
		host_take_effect(
		    &under->in_force, &under->configured, HOST_NOW);
		return 0;
	}
	plan = rules_plan_back(under->plan, t->id, t->rule, e);
	if (plan == NULL)
		return -1;
	plan_release(under->plan);
	under->plan = plan;
	return 0;
}

static int
bring_back(struct site *site, const struct temporary *t, struct err *e)
{
	struct temporary *under = pending(site, TEMPORARY_SCENARIO, NULL);
	struct site_step step;
	struct host wanted;

	if (t->beneath)
		return under == NULL ? 0 : bring_back_beneath(under, t, e);
	switch (t->kind) {
	case TEMPORARY_HOST:
		wanted = site->now.configured;
		bring_back_keys(t, &wanted, &t->configured);
		return site_configure(site, &wanted, HOST_NOW, e);
	case TEMPORARY_RULE:
		return rules_bring_back(site, t->id, t->rule, e);
	case TEMPORARY_CLOCK:
		site_step_init(&step, site);
		step.now.clock = t->clock;
		return site_step_take(&step, site, e);
	case TEMPORARY_SCENARIO:
		if (site_return(
			site, t->plan, &t->configured, &t->in_force, e) == -1)
			return -1;
		later_uncover(site);
		return 0;
	case TEMPORARIES:
		break;
	}
	return 0;
}

static struct temporary *
take(struct site *site, uint64_t number)
{
	struct temporary **at = &site->temporary, *t;

	while (*at != NULL && (*at)->number != number)
		at = &(*at)->next;
	t = *at;
	if (t != NULL)
		*at = t->next;
	return t;
}

static const char *const nouns[TEMPORARIES] = {
	[TEMPORARY_SCENARIO] = "scenario",
	[TEMPORARY_CLOCK] = "clock",
	[TEMPORARY_HOST] = "model",
	[TEMPORARY_RULE] = "rule",
};

static void
ring(void *ctx)
{
	const struct alarm *a = ctx;
	struct site *site = a->site;
	const struct log *log = &site->parts.options.log;
	struct temporary *t;
	struct err e = { 0 };

	pthread_mutex_lock(&site->change);
	t = take(site, a->number);
	if (t != NULL && bring_back(site, t, &e) == -1)
		log_say(log, LOG_ERROR, "the %s could not be brought back: %s",
		    nouns[t->kind], e.text);
	else if (t != NULL)
		log_say(
		    log, LOG_INFO, "the %s is as before again", nouns[t->kind]);
	pthread_mutex_unlock(&site->change);
	if (t != NULL)
		site_changed(site);
	free_record(t);
}

/* ---- records ---- */

/* One that will ring; it is not among the pending ones yet. */
static struct temporary *
record_new(
    struct site *site, enum temporary_kind kind, int64_t ttl_ms, struct err *e)
{
	struct temporary *t = calloc(1, sizeof(*t));
	struct alarm *a = calloc(1, sizeof(*a));

	if (t == NULL || a == NULL)
		goto fail;
	t->kind = kind;
	t->number = ++site->last_temporary;
	*a = (struct alarm){ site_ref(site), t->number };
	t->timer_number =
	    timer_add(site->parts.options.timer, ttl_ms, ring, drop_alarm, a);
	if (t->timer_number != 0)
		return t;
	site_unref(site);
fail:
	(void)err_set(e, ERR_MEMORY, "no memory for a temporary change");
	free(a);
	free(t);
	return NULL;
}

void
later_drop(struct site *site, struct temporary *t)
{
	if (t == NULL)
		return;
	(void)timer_cancel(site->parts.options.timer, t->timer_number);
	free_record(t);
}

bool
later_is_pending(const struct site *site, enum temporary_kind kind)
{
	return pending(site, kind, NULL) != NULL;
}

int
later_scenario(
    struct site *site, int64_t ttl_ms, struct temporary **out, struct err *e)
{
	const struct temporary *old = pending(site, TEMPORARY_SCENARIO, NULL);

	*out = NULL;
	if (ttl_ms == 0)
		return 0;
	*out = record_new(site, TEMPORARY_SCENARIO, ttl_ms, e);
	if (*out == NULL)
		return -1;
	(*out)->configured =
	    old != NULL ? old->configured : site->now.configured;
	(*out)->in_force = old != NULL ? old->in_force : site->current->host;
	(*out)->plan = plan_ref(old != NULL ? old->plan : site->now.plan);
	return 0;
}

int
later_clock(
    struct site *site, int64_t ttl_ms, struct temporary **out, struct err *e)
{
	const struct temporary *old = pending(site, TEMPORARY_CLOCK, NULL);

	*out = NULL;
	if (ttl_ms == 0)
		return 0;
	*out = record_new(site, TEMPORARY_CLOCK, ttl_ms, e);
	if (*out == NULL)
		return -1;
	(*out)->clock = old != NULL ? old->clock : site->now.clock;
	return 0;
}

static bool
is_touched(size_t i, const struct host_key *key, const bool *touched,
    const struct host *before, const struct host *after)
{
	return touched != NULL ? touched[i]
			       : !host_same_key(before, after, key);
}

/* What a key goes back to: what is pending for it, or what it is. */
static void
base_of(const struct site *site, size_t i, const struct host_key *key,
    struct host *out)
{
	const struct host *from = &site->now.configured;

	for (const struct temporary *t = site->temporary; t != NULL;
	     t = t->next) {
		if (t->kind == TEMPORARY_HOST && !t->beneath && t->keys[i])
			from = &t->configured;
	}
	host_copy_key(out, from, key);
}

int
later_host(struct site *site, int64_t ttl_ms, const struct host *wanted,
    const bool *touched, struct temporary **out, struct err *e)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);
	struct temporary *t;

	*out = NULL;
	if (ttl_ms == 0)
		return 0;
	t = record_new(site, TEMPORARY_HOST, ttl_ms, e);
	if (t == NULL)
		return -1;
	t->keys = calloc(n, sizeof(*t->keys));
	if (t->keys == NULL) {
		later_drop(site, t);
		return err_set(e, ERR_MEMORY, "no memory for a change");
	}
	for (size_t i = 0; i < n; i++) {
		t->keys[i] = is_touched(
		    i, &keys[i], touched, &site->now.configured, wanted);
		if (t->keys[i])
			base_of(site, i, &keys[i], &t->configured);
	}
	*out = t;
	return 0;
}

int
later_rule(struct site *site, int64_t ttl_ms, const char *id,
    struct temporary **out, struct err *e)
{
	const struct temporary *old = pending(site, TEMPORARY_RULE, id);
	struct temporary *t;

	*out = NULL;
	if (ttl_ms == 0)
		return 0;
	t = record_new(site, TEMPORARY_RULE, ttl_ms, e);
	if (t == NULL)
		return -1;
	t->id = strdup(id);
	if (t->id == NULL ||
	    (old == NULL &&
		rules_alone(site->now.plan->rules, id, &t->rule, e) == -1)) {
		later_drop(site, t);
		return err_set(e, ERR_MEMORY, "no memory for a change");
	}
	if (old != NULL)
		t->rule = rules_ref(old->rule);
	*out = t;
	return 0;
}

/* ---- pending ones ---- */

static void
forget(struct site *site, enum temporary_kind kind, const char *id)
{
	struct temporary *t;

	while ((t = pending(site, kind, id)) != NULL)
		later_drop(site, take(site, t->number));
}

static void
add(struct site *site, struct temporary *t)
{
	if (t == NULL)
		return;
	t->next = site->temporary;
	site->temporary = t;
}

void
later_keep(struct site *site, enum temporary_kind kind, struct temporary *t)
{
	forget(site, kind, NULL);
	add(site, t);
}

void
later_keep_rule(struct site *site, const char *id, struct temporary *t)
{
	forget(site, TEMPORARY_RULE, id);
	add(site, t);
}

/* These keys are not the record's any more. True: it has none left. */
static bool
give_up_keys(struct temporary *t, const bool *touched,
    const struct host *before, const struct host *after)
{
	size_t n, left = 0;
	const struct host_key *keys = host_keys(&n);

	for (size_t i = 0; i < n; i++) {
		if (is_touched(i, &keys[i], touched, before, after))
			t->keys[i] = false;
		left += t->keys[i];
	}
	return left == 0;
}

void
later_keep_host(struct site *site, const struct host *before,
    const bool *touched, struct temporary *record)
{
	struct temporary *next;

	for (struct temporary *t = site->temporary; t != NULL; t = next) {
		next = t->next;
		if (t->kind == TEMPORARY_HOST && !t->beneath &&
		    give_up_keys(t, touched, before, &site->now.configured))
			later_drop(site, take(site, t->number));
	}
	add(site, record);
}

void
later_cover(struct site *site)
{
	/* another scenario for a while lies on the same */
	if (pending(site, TEMPORARY_SCENARIO, NULL) != NULL) {
		forget(site, TEMPORARY_HOST, NULL);
		forget(site, TEMPORARY_RULE, NULL);
		return;
	}
	for (struct temporary *t = site->temporary; t != NULL; t = t->next)
		t->beneath =
		    t->kind == TEMPORARY_HOST || t->kind == TEMPORARY_RULE;
}

void
later_uncover(struct site *site)
{
	forget(site, TEMPORARY_HOST, NULL);
	forget(site, TEMPORARY_RULE, NULL);
	for (struct temporary *t = site->temporary; t != NULL; t = t->next)
		t->beneath = false;
}

void
later_forget(struct site *site, enum temporary_kind kind)
{
	for (struct temporary *t = site->temporary; t != NULL; t = t->next) {
		if (t->kind == kind)
			t->beneath = false;
	}
	forget(site, kind, NULL);
}

void
later_forget_all(struct site *site)
{
	for (unsigned i = 0; i < TEMPORARIES; i++)
		later_forget(site, (enum temporary_kind)i);
}
