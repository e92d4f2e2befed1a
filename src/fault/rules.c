/* SPDX-License-Identifier: MIT */
/* Lists of rules: compiled, joined, counted references. */
#include "fault/rules.h"

#include <stdlib.h>

#define COPIES_MAX (RULES_MAX * (sizeof(struct rule) + 64))

static const char *const pers[RULE_PERS] = {
	[RULE_PER_SITE] = "site",
	[RULE_PER_SESSION] = "session",
	[RULE_PER_CLIENT] = "client",
	[RULE_PER_TRANSACTION] = "transaction",
	[RULE_PER_CHALLENGE] = "challenge",
	[RULE_PER_SUBJECT] = "subject",
};

const char *
rule_per_name(enum rule_per per)
{
	return (unsigned)per < RULE_PERS ? pers[per] : "unknown";
}

static const char *const verdicts[RULE_VERDICTS] = {
	[RULE_APPLIED] = "applied",
	[RULE_OTHER] = "condition does not hold",
	[RULE_DISABLED] = "disabled",
	[RULE_TOO_EARLY] = "too early",
	[RULE_TOO_LATE] = "too late",
	[RULE_NOT_THIS] = "not this one",
	[RULE_SPENT] = "spent",
	[RULE_MISSED] = "chance missed",
	[RULE_IN_A_ROW] = "enough in a row",
};

const char *
rule_verdict_name(enum rule_verdict v)
{
	return (unsigned)v < RULE_VERDICTS ? verdicts[v] : "unknown";
}

/* ---- ids, in a table of hashes ---- */

static size_t
id_slot(const struct rules *r, struct bytes id)
{
	size_t at = (size_t)draw_siphash(0, 0, id) & r->id_mask;

	while (r->ids[at] != 0 &&
	    !bytes_eq(bytes_str(r->list[r->ids[at] - 1]->id), id))
		at = (at + 1) & r->id_mask;
	return at;
}

static int
same_id(const struct rule *one, const struct rule *other, struct err *e)
{
	if (one->file == NULL || other->file == NULL)
		return err_set(
		    e, ERR_SCENARIO, "two rules are called \"%s\"", one->id);
	return err_set(e, ERR_SCENARIO,
	    "two rules are called \"%s\": at %s:%u:%u and at %s:%u:%u", one->id,
	    one->file, one->line, one->column, other->file, other->line,
	    other->column);
}

/* -1 when an id is there twice. */
static int
index_ids(struct rules *r, struct err *e)
{
	size_t size = 16;

	while (size < 2 * r->count)
		size *= 2;
	r->ids = calloc(size, sizeof(*r->ids));
	if (r->ids == NULL)
		return err_set(e, ERR_MEMORY, "no memory for rules");
	r->id_mask = size - 1;
	for (size_t i = 0; i < r->count; i++) {
		size_t at = id_slot(r, bytes_str(r->list[i]->id));

		if (r->ids[at] != 0)
			return same_id(r->list[r->ids[at] - 1], r->list[i], e);
		r->ids[at] = (uint32_t)i + 1;
	}
	return 0;
}

int64_t
rules_find(const struct rules *r, struct bytes id)
{
	if (r == NULL || r->count == 0)
		return -1;
	return (int64_t)r->ids[id_slot(r, id)] - 1;
}

/* ---- life ---- */

static bool
withholds_continue(const struct rule *r)
{
	for (size_t i = 0; i < r->step_count; i++) {
		if (!r->disabled &&
		    r->steps[i]->form.first == FAULT_CONTINUE_NEVER)
			return true;
	}
	return false;
}

bool
rules_withhold_continue(const struct rules *r)
{
	return r != NULL && r->withhold_continue;
}

static int
compile(struct rules *r, struct err *e)
{
	for (size_t i = 0; i < r->count; i++)
		r->withhold_continue |= withholds_continue(r->list[i]);
	if (r->count > RULES_MAX)
		return err_set(
		    e, ERR_LIMIT, "there are more than %d rules", RULES_MAX);
	if (index_ids(r, e) == -1)
		return -1;
	return rules_index(r, e);
}

static struct rules *
allocate(size_t count, struct err *e)
{
	struct rules *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->list = calloc(count + 1, sizeof(*r->list));
	if (r == NULL || r->list == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for rules");
		free(r);
		return NULL;
	}
	atomic_init(&r->refs, 1);
	r->count = count;
	arena_init(&r->arena, COPIES_MAX);
	return r;
}

/* What the arena does not free. */
static void
clear_conditions(struct rule *rules, size_t count)
{
	union {
		const struct when *lent;
		struct when *own;
	} w;

	for (size_t i = 0; i < count; i++) {
		w.lent = rules[i].when;
		when_clear(w.own);
	}
}

/* NULL, and nothing left of it, when the ids do not go together. */
static struct rules *
finish(struct rules *r, struct err *e)
{
	if (compile(r, e) == 0)
		return r;
	rules_unref(r);
	return NULL;
}

struct rules *
rules_new(struct arena *arena, struct rule *rules, size_t count, struct err *e)
{
	struct rules *r = allocate(count, e);

	if (r == NULL) {
		clear_conditions(rules, count);
		arena_clear(arena);
		return NULL;
	}
	r->arena = *arena;
	*arena = (struct arena){ 0 };
	r->own = rules;
	r->own_count = count;
	for (size_t i = 0; i < count; i++) {
		rules[i].home = r;
		r->list[i] = &rules[i];
	}
	return finish(r, e);
}

struct rules *
rules_ref(struct rules *r)
{
	if (r != NULL)
		atomic_fetch_add(&r->refs, 1);
	return r;
}

void
rules_unref(struct rules *r)
{
	if (r == NULL || atomic_fetch_sub(&r->refs, 1) > 1)
		return;
	clear_conditions(r->own, r->own_count);
	for (size_t i = 0; i < r->count; i++) {
		if (r->list[i] != NULL && r->list[i]->home != r)
			rules_unref(r->list[i]->home);
	}
	rules_index_clear(r);
	free(r->ids);
	free(r->list);
	arena_clear(&r->arena);
	free(r);
}

size_t
rules_count(const struct rules *r)
{
	return r == NULL ? 0 : r->count;
}

const struct rule *
rules_get(const struct rules *r, size_t i)
{
	return r->list[i];
}

/* ---- lists of lists ---- */

/* Is it one of those that its home was compiled with, and not a copy? */
static bool
at_home(const struct rule *rule)
{
	return rule >= rule->home->own &&
	    rule < rule->home->own + rule->home->own_count;
}

static struct rule *
copy(struct rules *r, const struct rule *rule)
{
	struct rule *c = arena_alloc(&r->arena, sizeof(*c));

	if (c != NULL)
		*c = *rule;
	return c;
}

/* The i-th rule is to be this one. -1 when memory ran out. */
static int
put(struct rules *r, size_t i, const struct rule *rule, struct err *e)
{
	if (!at_home(rule))
		rule = copy(r, rule);
	if (rule == NULL)
		return err_set(e, ERR_MEMORY, "no memory for rules");
	rules_ref(rule->home);
	r->list[i] = rule;
	return 0;
}

static int
put_all(struct rules *r, size_t at, const struct rules *from, size_t first,
    size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (put(r, at + i, from->list[first + i], e) == -1)
			return -1;
	}
	return 0;
}

int
rules_join(
    struct rules *const *lists, size_t n, struct rules **out, struct err *e)
{
	size_t all = 0, lists_with = 0, at = 0;
	struct rules *r, *one = NULL;

	for (size_t i = 0; i < n; i++) {
		all += rules_count(lists[i]);
		if (rules_count(lists[i]) > 0) {
			one = lists[i];
			lists_with++;
		}
	}
	if (lists_with <= 1) {
		*out = rules_ref(one);
		return 0;
	}
	r = allocate(all, e);
	if (r == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		size_t count = rules_count(lists[i]);

		if (put_all(r, at, lists[i], 0, count, e) == -1) {
			rules_unref(r);
			return -1;
		}
		at += count;
	}
	r = finish(r, e);
	if (r == NULL)
		return -1;
	*out = r;
	return 0;
}

struct rules *
rules_splice(struct rules *from, size_t at, size_t drop, struct rules *add,
    struct err *e)
{
	size_t before = rules_count(from), more = rules_count(add);
	struct rules *r = allocate(before - drop + more, e);

	if (r == NULL)
		return NULL;
	if (put_all(r, 0, from, 0, at, e) == -1 ||
	    put_all(r, at, add, 0, more, e) == -1 ||
	    put_all(r, at + more, from, at + drop, before - at - drop, e) ==
		-1) {
		rules_unref(r);
		return NULL;
	}
	return finish(r, e);
}

struct rules *
rules_switch(struct rules *from, size_t at, bool enabled, struct err *e)
{
	struct rules *r = allocate(from->count, e);
	struct rule *changed;

	if (r == NULL)
		return NULL;
	changed = copy(r, from->list[at]);
	if (changed == NULL || put_all(r, 0, from, 0, at, e) == -1 ||
	    put_all(r, at + 1, from, at + 1, from->count - at - 1, e) == -1) {
		(void)err_set(e, ERR_MEMORY, "no memory for rules");
		rules_unref(r);
		return NULL;
	}
	changed->disabled = !enabled;
	rules_ref(changed->home);
	r->list[at] = changed;
	return finish(r, e);
}
