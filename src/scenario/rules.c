/* SPDX-License-Identifier: MIT */
/* From `rules:` to a compiled list. */
#include "scenario/effects.h"

#include <stdlib.h>

#include "base/quantity.h"

#define COUNT_MAX 1000000000

struct rule_ids {
	const struct rule **table; /* open addressing */
	size_t mask;
};

static bool
is_id(struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return s.n >= 1 && s.n <= RULE_ID_MAX;
}

static void
read_id(struct loader *l, const struct field *f, const struct tree_node *value,
    void *base)
{
	struct rule *r = base;

	(void)f;
	if (!field_scalar(l, l->where, value, "text"))
		return;
	if (!is_id(value->text)) {
		complain(l->c, value->at,
		    "%s \"%s\" must be 1 to %d of a-z, A-Z, 0-9, . _ and -",
		    l->where, show(value->text).s, RULE_ID_MAX);
		return;
	}
	r->id = arena_str(l->memory, value->text);
	l->failed |= r->id == NULL;
}

static void
read_say(struct loader *l, const struct field *f, const struct tree_node *value,
    void *base)
{
	(void)f;
	(void)base;
	(void)field_scalar(l, l->where, value, "text");
}

static void
read_when(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct rule *r = base;

	(void)f;
	condition_drop(r->when); /* of a key that is there twice */
	r->when = condition_read(l, l->memory, value, FACT_AT_MESSAGE);
}

static void
read_chance(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct rule *r = base;
	struct err why = { 0 };

	(void)f;
	r->has_chance = true;
	if (!field_scalar(l, l->where, value, "a share"))
		return;
	if (quantity_share(value->text, &r->chance_ppm, &why) == -1)
		complain(l->c, value->at, "%s: %s", l->where, why.text);
	else if (r->chance_ppm == 0)
		complain(l->c, value->at,
		    "%s: a rule with this chance never applies", l->where);
}

static const struct field_word pers[] = { { "site", RULE_PER_SITE },
	{ "session", RULE_PER_SESSION }, { "client", RULE_PER_CLIENT },
	{ "transaction", RULE_PER_TRANSACTION },
	{ "challenge", RULE_PER_CHALLENGE }, { "subject", RULE_PER_SUBJECT },
	{ NULL, 0 } };

static const struct field_word afters[] = { { "pass", RULE_PASS },
	{ "stay", RULE_STAY }, { "repeat", RULE_REPEAT }, { NULL, 0 } };

static void
read_enabled(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct rule *r = base;

	r->disabled = false;
	field_bool(l, f, value, base);
	r->disabled = !r->disabled;
}

/* Effects are read when the condition is there. */
static void
read_later(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)l;
	(void)f;
	(void)value;
	(void)base;
}

#define R struct rule
static const struct field rule_fields[] = {
	FIELD(R, "id", read_id, id),
	FIELD(R, "say", read_say, id),
	FIELD(R, "when", read_when, when),
	FIELD_N(R, "times", field_count, times, 1, COUNT_MAX),
	FIELD_N(R, "after", field_count, after, 1, COUNT_MAX),
	FIELD_N(R, "until", field_count, until, 1, COUNT_MAX),
	FIELD_N(R, "every", field_count, every, 1, COUNT_MAX),
	FIELD_N(R, "in_a_row", field_count, in_a_row, 1, COUNT_MAX),
	FIELD(R, "chance", read_chance, chance_ppm),
	FIELD_W(R, "per", field_word, per, pers),
	FIELD(R, "then", read_later, steps),
	FIELD(R, "steps", read_later, steps),
	FIELD_W(R, "then_after", field_word, then_after, afters),
	FIELD(R, "enabled", read_enabled, disabled),
};
#undef R

struct language_table
rule_language(void)
{
	return (
	    struct language_table){ "rule", rule_fields, nitems(rule_fields) };
}

/* ---- effects ---- */

static void
read_steps(struct loader *l, const struct tree_node *list, struct rule *r)
{
	const struct fault **steps;
	size_t connections = 0;

	if (list->kind != TREE_SEQUENCE || list->count == 0 ||
	    list->count > RULE_STEPS_MAX) {
		if (!list->cut)
			complain(l->c, list->at,
			    "rule.steps must be a list of 1 to %d mappings",
			    RULE_STEPS_MAX);
		return;
	}
	steps = loader_room(l, list->count * sizeof(struct fault *));
	if (steps == NULL)
		return;
	l->where = "steps";
	for (const struct tree_node *i = list->first; i != NULL; i = i->next) {
		steps[r->step_count] = effects_read(l, i, r->when);
		if (steps[r->step_count] == NULL)
			return;
		connections += fault_is_connection(steps[r->step_count]);
		r->step_count++;
	}
	r->at_connection = connections > 0;
	if (connections > 0 && connections < r->step_count)
		complain(l->c, list->at,
		    "rule.steps: some are for connections that are being "
		    "accepted and some for requests; write two rules");
	r->steps = steps;
}

static void
read_then(struct loader *l, const struct tree_node *then, struct rule *r)
{
	const struct fault **steps = loader_room(l, sizeof(struct fault *));

	if (steps == NULL)
		return;
	l->where = "then";
	steps[0] = effects_read(l, then, r->when);
	if (steps[0] == NULL)
		return;
	r->steps = steps;
	r->step_count = 1;
	r->then_after = RULE_STAY;
	r->at_connection = fault_is_connection(steps[0]);
}

static void
read_effects(struct loader *l, const struct tree_node *item, struct rule *r)
{
	const struct tree_node *then = field_find(item, "then");
	const struct tree_node *steps = field_find(item, "steps");
	const struct tree_node *after = field_find(item, "then_after");

	if (then != NULL && steps != NULL)
		complain(l->c, steps->at, "a rule has then or steps, not both");
	else if (then != NULL)
		read_then(l, then, r);
	else if (steps != NULL)
		read_steps(l, steps, r);
	else if (!item->cut)
		complain(l->c, item->at, "a rule wants then, or steps");
	if (after != NULL && steps == NULL)
		complain(l->c, after->at, "then_after is for steps");
	l->where = "rule";
	if (r->until != 0 && r->until <= r->after)
		complain(l->c, item->at,
		    "rule.until is not behind rule.after: it never applies");
	else if (r->until != 0 && r->every > r->until - r->after)
		complain(l->c, item->at,
		    "rule.every is beyond rule.until: it never applies");
	if (r->at_connection && r->per > RULE_PER_CLIENT)
		complain(l->c, item->at,
		    "rule.per: a connection that is being accepted has no %s",
		    rule_per_name(r->per));
}

/* ---- the list ---- */

static void
check_unique(struct loader *l, const struct tree_node *item,
    const struct rule *r, struct rule_ids *ids)
{
	size_t at = (size_t)draw_siphash(0, 0, bytes_str(r->id)) & ids->mask;

	for (; ids->table[at] != NULL; at = (at + 1) & ids->mask) {
		if (strcmp(ids->table[at]->id, r->id) == 0) {
			complain(l->c, item->at,
			    "rule \"%s\" is there already, in line %u", r->id,
			    ids->table[at]->line);
			return;
		}
	}
	ids->table[at] = r;
}

static void
read_rule(struct loader *l, const struct tree_node *item, struct rule *r,
    struct rule_ids *ids)
{
	const struct tree_node *id = field_find(item, "id");

	r->line = item->at.line;
	r->column = item->at.column;
	r->file = l->file;
	l->where = "rule";
	fields_read(l, "rule", rule_fields, nitems(rule_fields), item, r);
	read_effects(l, item, r);
	if (id == NULL && l->rule_id != NULL)
		r->id = arena_str(l->memory, bytes_str(l->rule_id));
	if (r->id != NULL)
		check_unique(l, id != NULL ? id : item, r, ids);
	else if (id == NULL && !item->cut)
		complain(l->c, item->at, "a rule wants an id");
	if (r->id == NULL)
		r->id = "";
	r->source = source_of(l, item);
	if (l->changed != NULL && field_find(item, "enabled") == NULL)
		r->disabled = l->changed->disabled;
}

static void
tell_unreachable(void *ctx, const struct rule *r, const struct rule *before)
{
	void (*tell)(struct complaints * c, struct place at, const char *fmt,
	    ...) = r->disabled ? warn : complain;
	struct loader *l = ctx;

	tell(l->c, (struct place){ r->line, r->column },
	    "rule \"%s\" can never apply: rule \"%s\" in line %u always "
	    "applies to what this one is for; put this one above it",
	    r->id, before->id, before->line);
}

/* Among those that were read without a complaint; what is wrong about another may be what sets it apart. */
static void
find_unreachable(struct loader *l, const struct rule *const *sound, size_t n)
{
	struct err e = { 0 };

	if (rules_find_unreachable(sound, n, tell_unreachable, l, &e) == -1)
		l->failed = true;
}

/* Into a list of their own; only when nothing was wrong, since a rule may be half read. True: their memory was taken over. */
static bool
compile(struct loader *l, struct rule *rules, size_t n)
{
	struct err e = { 0 };

	if (l->failed || complaints_total(l->c) > 0)
		return false;
	l->s->rules = rules_new(&l->rules_arena, rules, n, &e);
	if (l->s->rules == NULL)
		l->failed = true;
	return true;
}

static void
clear_conditions(struct rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		condition_drop(rules[i].when);
}

/* Read them, and keep a list of those about which there is nothing to say. */
static size_t
read_list(struct loader *l, const struct tree_node *list, struct rule *rules,
    const struct rule **sound, struct rule_ids *ids)
{
	size_t n = 0, sound_n = 0;

	for (const struct tree_node *i = list->first; i != NULL; i = i->next) {
		unsigned before = complaints_total(l->c);

		if (i->kind == TREE_MAPPING)
			read_rule(l, i, &rules[n++], ids);
		else if (!i->cut)
			loader_wrong_kind(
			    l, "an item of rules", i, "a mapping");
		if (i->kind == TREE_MAPPING && !i->cut &&
		    complaints_total(l->c) == before)
			sound[sound_n++] = &rules[n - 1];
	}
	if (!l->failed)
		find_unreachable(l, sound, sound_n);
	return n;
}

void
rules_read_all(struct loader *l, const struct tree_node *list)
{
	struct rule_ids ids = { NULL, 15 };
	const struct rule **sound;
	struct rule *rules;
	size_t n;

	if (list->count > RULES_MAX) {
		complain(
		    l->c, list->at, "there are at most %d rules", RULES_MAX);
		return;
	}
	while (ids.mask < 2 * list->count)
		ids.mask = 2 * ids.mask + 1;
	ids.table = calloc(ids.mask + 1, sizeof(struct rule *));
	sound = calloc(list->count + 1, sizeof(struct rule *));
	rules = loader_room(l, list->count * sizeof(*rules));
	if (ids.table == NULL || sound == NULL || rules == NULL) {
		l->failed = true;
		goto out;
	}
	n = read_list(l, list, rules, sound, &ids);
	if (list->count == 0 || !compile(l, rules, n))
		clear_conditions(rules, n);
out:
	free(sound);
	free(ids.table);
}
