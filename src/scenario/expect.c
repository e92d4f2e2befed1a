/* SPDX-License-Identifier: MIT */
/* From `expect:` to data: what a correct client does. */
#include "scenario/field.h"
#include "scenario/language.h"

#define EXPECTS_MAX 200
#define GAP_MAX_MS ((int64_t)365 * 24 * 3600 * 1000)

static const struct field_word clients[] = {
	{ "succeeds", EXPECT_SUCCEEDS },
	{ "refuses", EXPECT_REFUSES },
	{ "retries", EXPECT_RETRIES },
	{ "polls", EXPECT_POLLS },
	{ "falls-back", EXPECT_FALLS_BACK },
	{ NULL, 0 },
};

static const struct field_word severities[] = {
	{ "error", EXPECT_ERROR },
	{ "warning", EXPECT_WARNING },
	{ NULL, 0 },
};

/* A value of which the loader makes more than one member. */
static void
read_client(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct expect *x = base;
	int word;

	(void)f;
	x->kind = EXPECT_CLIENT;
	if (field_read_word(l, clients, value, &word))
		x->client = (enum expect_client)word;
}

static void
add_condition(struct loader *l, const struct tree_node *value, struct expect *x)
{
	const struct when *w =
	    condition_read(l, &l->s->arena, value, FACT_AT_ANSWER);

	if (w != NULL && x->when_count < EXPECT_ORDER_MAX)
		x->when[x->when_count++] = w;
	else
		condition_drop(w);
}

static void
read_requests(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)f;
	((struct expect *)base)->kind = EXPECT_REQUESTS;
	add_condition(l, value, base);
}

static void
read_never(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)f;
	((struct expect *)base)->kind = EXPECT_NEVER;
	add_condition(l, value, base);
}

static void
read_order(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct expect *x = base;

	(void)f;
	x->kind = EXPECT_ORDER;
	if (value->kind != TREE_SEQUENCE || value->count < 2 ||
	    value->count > EXPECT_ORDER_MAX) {
		if (!value->cut)
			complain(l->c, value->at,
			    "%s must be a list of 2 to %d conditions", l->where,
			    EXPECT_ORDER_MAX);
		return;
	}
	for (const struct tree_node *i = value->first; i != NULL; i = i->next)
		add_condition(l, i, x);
}

static const struct field count_fields[] = {
	FIELD_N(struct expect, "at_least", field_count, count_min, 0, 1000000),
	FIELD_N(struct expect, "at_most", field_count, count_max, 0, 1000000),
};

static void
read_count(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct expect *x = base;

	x->has_count = true;
	x->count_min = 0;
	x->count_max = UINT64_MAX;
	if (value->kind == TREE_MAPPING) {
		fields_read(
		    l, l->where, count_fields, nitems(count_fields), value, x);
	} else {
		field_count(l, f, value, x);
		x->count_max = x->count_min;
	}
	if (x->count_min > x->count_max)
		complain(
		    l->c, value->at, "%s: at_least is above at_most", l->where);
}

static const struct field gap_fields[] = {
	FIELD_N(struct expect, "at_least", field_duration, gap_min_ms, 0,
	    GAP_MAX_MS),
	FIELD_N(struct expect, "at_most", field_duration, gap_max_ms, 0,
	    GAP_MAX_MS),
};

static void
read_gap(struct loader *l, const struct field *f, const struct tree_node *value,
    void *base)
{
	struct expect *x = base;

	(void)f;
	x->has_gap = true;
	x->gap_max_ms = INT64_MAX;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	fields_read(l, l->where, gap_fields, nitems(gap_fields), value, x);
	if (x->gap_min_ms > x->gap_max_ms)
		complain(
		    l->c, value->at, "%s: at_least is above at_most", l->where);
}

static const struct field expect_fields[] = {
	FIELD(struct expect, "client", read_client, client),
	FIELD(struct expect, "requests", read_requests, when),
	FIELD(struct expect, "order", read_order, when),
	FIELD(struct expect, "never", read_never, when),
	FIELD_N(struct expect, "count", read_count, count_min, 0, 1000000),
	FIELD(struct expect, "gap", read_gap, gap_min_ms),
	FIELD_W(struct expect, "severity", field_word, severity, severities),
	FIELD_N(struct expect, "say", field_string, say, 1, 1024),
};

static void
check_kind(
    struct loader *l, const struct tree_node *item, const struct expect *x)
{
	static const char *const kinds[] = { "client", "requests", "order",
		"never" };
	unsigned n = 0;

	for (size_t i = 0; i < nitems(kinds); i++)
		n += field_find(item, kinds[i]) != NULL;
	if (n != 1)
		complain(l->c, item->at,
		    "an expectation has one of client, requests, order and "
		    "never");
	else if (x->kind != EXPECT_REQUESTS && (x->has_count || x->has_gap))
		complain(l->c, item->at, "count and gap are for requests");
}

void
expect_read_all(struct loader *l, const struct tree_node *list)
{
	struct expect *x;

	if (l->s->expects != NULL)
		return; /* the key is there twice, which was complained of */
	if (list->count > EXPECTS_MAX) {
		complain(l->c, list->at, "there are at most %d expectations",
		    EXPECTS_MAX);
		return;
	}
	x = arena_zalloc(&l->s->arena, (list->count + 1) * sizeof(*x));
	if (x == NULL) {
		l->failed = true;
		return;
	}
	l->s->expects = x;
	for (const struct tree_node *i = list->first; i != NULL; i = i->next) {
		if (i->kind != TREE_MAPPING) {
			if (!i->cut)
				loader_wrong_kind(
				    l, "an item of expect", i, "a mapping");
			continue;
		}
		x[l->s->expect_count].line = i->at.line;
		x[l->s->expect_count].column = i->at.column;
		fields_read(l, "expect", expect_fields, nitems(expect_fields),
		    i, &x[l->s->expect_count]);
		check_kind(l, i, &x[l->s->expect_count++]);
	}
}

struct language_table
expect_language(void)
{
	return (struct language_table){ "expect", expect_fields,
		nitems(expect_fields) };
}
