/* SPDX-License-Identifier: MIT */
/* From `when:` to a condition: keys of the table of facts, tests of their values. */
#include <stdio.h>
#include <string.h>

#include "base/quantity.h"
#include "fault/when.h"
#include "scenario/field.h"
#include "scenario/near.h"

#define CHILDREN_MAX 64
#define PATH_MAX_LENGTH 80

struct reading {
	struct loader *l;
	struct arena *arena;
	enum fact_stage latest;
};

static struct when *read_mapping(
    struct reading *r, struct bytes prefix, const struct tree_node *mapping);

static struct when *
new_node(struct reading *r, enum when_kind kind)
{
	struct when *w = arena_zalloc(r->arena, sizeof(*w));

	if (w == NULL)
		r->l->failed = true;
	else
		w->kind = kind;
	return w;
}

/* ---- tests ---- */

static struct bytes
nearest_word(enum fact fact, struct bytes value)
{
	struct near near;

	const char *word;

	near_start(&near, value);
	for (size_t i = 0; (word = fact_word(fact, i)) != NULL; i++)
		near_offer(&near, bytes_str(word));
	return near.best;
}

/* What would have helped who wrote a value that the fact never has. */
static void
add_hint(enum fact fact, struct bytes value, struct err *why)
{
	struct bytes guess = nearest_word(fact, value);
	size_t at = strlen(why->text), size = sizeof(why->text);
	const char *word;

	if (fact == FACT_OP && fact_is_word(FACT_MESSAGE_TYPE, value)) {
		(void)snprintf(why->text + at, size - at,
		    "; that is a message_type of PKIOperation");
	} else if (guess.n > 0) {
		(void)snprintf(why->text + at, size - at,
		    "; did you mean \"%.*s\"?", (int)guess.n,
		    (const char *)guess.p);
	} else {
		for (size_t i = 0; (word = fact_word(fact, i)) != NULL; i++) {
			(void)snprintf(why->text + at, size - at, "%s%s",
			    i == 0 ? "; it is one of " : ", ", word);
			at += strlen(why->text + at);
		}
	}
}

static void
add_value(struct reading *r, enum fact fact, const struct tree_node *value,
    struct when_test *t)
{
	struct err why = { 0 };

	if (!field_scalar(r->l, r->l->where, value, "a value"))
		return;
	if (when_test_add_value(r->arena, fact, value->text, t, &why) == 0)
		return;
	if (why.code == ERR_MEMORY) {
		r->l->failed = true;
		return;
	}
	add_hint(fact, value->text, &why);
	complain(r->l->c, value->at, "%s: %s", r->l->where, why.text);
}

static bool
is_number(enum fact fact)
{
	return fact < FACTS && fact_key(fact)->kind == FACT_NUMBER;
}

static void
read_bound(struct reading *r, enum fact fact, const struct tree_node *value,
    bool *has, int64_t *bound)
{
	struct err why = { 0 };

	if (!is_number(fact))
		complain(r->l->c, value->at,
		    "%s: over and under are for "
		    "numbers",
		    r->l->where);
	else if (field_scalar(r->l, r->l->where, value, "a number")) {
		if (when_number_parse(fact, value->text, bound, &why) == -1)
			complain(r->l->c, value->at, "%s: %s", r->l->where,
			    why.text);
		else
			*has = true;
	}
}

static void
read_pattern(struct reading *r, enum fact fact, const struct tree_node *value,
    struct when_test *t)
{
	struct err why = { 0 };

	if (is_number(fact)) {
		complain(r->l->c, value->at, "%s: matches is for texts",
		    r->l->where);
		return;
	}
	if (!field_scalar(r->l, r->l->where, value, "a pattern"))
		return;
	if (when_test_set_pattern(r->arena, value->text, t, &why) == -1) {
		if (why.code == ERR_MEMORY)
			r->l->failed = true;
		else
			complain(r->l->c, value->at, "%s: %s", r->l->where,
			    why.text);
	}
}

static void
read_present(
    struct reading *r, const struct tree_node *value, struct when_test *t)
{
	struct err why = { 0 };

	if (!field_scalar(r->l, r->l->where, value, "true or false"))
		return;
	if (quantity_bool(value->text, &t->present, &why) == -1)
		complain(r->l->c, value->at, "%s: %s", r->l->where, why.text);
	else
		t->has_present = true;
}

static void
read_operator(struct reading *r, enum fact fact, const struct tree_node *key,
    struct when_test *t)
{
	static const char *const names[] = { "matches", "over", "under",
		"present" };
	const struct tree_node *value = key->next;
	struct near near;

	if (bytes_eq(key->text, BYTES_LIT("matches"))) {
		read_pattern(r, fact, value, t);
	} else if (bytes_eq(key->text, BYTES_LIT("over"))) {
		read_bound(r, fact, value, &t->has_over, &t->over);
	} else if (bytes_eq(key->text, BYTES_LIT("under"))) {
		read_bound(r, fact, value, &t->has_under, &t->under);
	} else if (bytes_eq(key->text, BYTES_LIT("present"))) {
		read_present(r, value, t);
	} else {
		near_start(&near, key->text);
		for (size_t i = 0; i < nitems(names); i++)
			near_offer(&near, bytes_str(names[i]));
		complain(r->l->c, key->at,
		    "%s: there is no test \"%s\"; write %s", r->l->where,
		    show(key->text).s,
		    near.best.n > 0 ? (const char *)near.best.p
				    : "matches, over, under or present");
	}
}

static void
read_test(struct reading *r, enum fact fact, const struct tree_node *value,
    struct when_test *t)
{
	switch (value->kind) {
	case TREE_SCALAR:
		add_value(r, fact, value, t);
		break;
	case TREE_SEQUENCE:
		if (value->count == 0)
			complain(r->l->c, value->at,
			    "%s: an empty list holds for nothing", r->l->where);
		for (const struct tree_node *i = value->first; i != NULL;
		     i = i->next)
			add_value(r, fact, i, t);
		break;
	case TREE_MAPPING:
		if (value->count == 0)
			complain(r->l->c, value->at, "%s: a test is missing",
			    r->l->where);
		for (const struct tree_node *k = value->first; k != NULL;
		     k = k->next->next) {
			if (!k->cut)
				read_operator(r, fact, k, t);
		}
		break;
	}
}

/* ---- keys ---- */

static struct when *
read_fact(struct reading *r, enum fact fact, const struct tree_node *key)
{
	struct when *w = new_node(r, WHEN_FACT);

	if (fact_key(fact)->stage > r->latest) {
		complain(r->l->c, key->at,
		    "%s is known only when the answer is; it is for expect:",
		    fact_key(fact)->path);
		return NULL;
	}
	if (w == NULL)
		return NULL;
	w->fact = fact;
	read_test(r, fact, key->next, &w->test);
	return w;
}

static struct when *
read_headers(struct reading *r, const struct tree_node *value)
{
	struct when *all = new_node(r, WHEN_ALL), **end, *w;

	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			complain(r->l->c, value->at,
			    "%s: header wants names with tests; write "
			    "header: {X-Name: {present: true}}",
			    r->l->where);
		return NULL;
	}
	if (all == NULL)
		return NULL;
	end = &all->children;
	for (const struct tree_node *k = value->first; k != NULL;
	     k = k->next->next) {
		w = k->cut ? NULL : new_node(r, WHEN_HEADER);
		if (w == NULL)
			continue;
		w->header = arena_copy(r->arena, k->text);
		read_test(r, FACTS, k->next, &w->test);
		*end = w;
		end = &w->next;
	}
	return all;
}

static struct when *
read_not(struct reading *r, const struct tree_node *value)
{
	struct when *w = new_node(r, WHEN_NOT);

	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(
			    r->l, r->l->where, value, "a mapping");
		return NULL;
	}
	if (w == NULL)
		return NULL;
	w->children = read_mapping(r, BYTES_LIT(""), value);
	return w->children == NULL ? NULL : w;
}

static struct when *
read_any(struct reading *r, const struct tree_node *value)
{
	struct when *w = new_node(r, WHEN_ANY), **end, *c;

	if (value->kind != TREE_SEQUENCE || value->count == 0 ||
	    value->count > CHILDREN_MAX) {
		if (!value->cut)
			complain(r->l->c, value->at,
			    "%s must be a list of 1 to %d conditions",
			    r->l->where, CHILDREN_MAX);
		return NULL;
	}
	if (w == NULL)
		return NULL;
	end = &w->children;
	for (const struct tree_node *i = value->first; i != NULL; i = i->next) {
		if (i->kind != TREE_MAPPING) {
			if (!i->cut)
				loader_wrong_kind(
				    r->l, r->l->where, i, "a mapping");
			continue;
		}
		c = read_mapping(r, BYTES_LIT(""), i);
		if (c == NULL)
			continue;
		*end = c;
		end = &c->next;
	}
	return w->children == NULL ? NULL : w;
}

static bool
is_part(struct bytes name)
{
	return bytes_eq(name, BYTES_LIT("csr")) ||
	    bytes_eq(name, BYTES_LIT("cms"));
}

static void
unknown_key(struct reading *r, struct bytes prefix, const struct tree_node *key)
{
	static const char *const others[] = { "header", "not", "any", "csr",
		"cms" };
	const char *names[FACTS + nitems(others)];
	size_t skip = prefix.n == 0 ? 0 : prefix.n + 1, n = 0;

	for (int i = 0; i < FACTS; i++) {
		const struct fact_key *fact = fact_key((enum fact)i);
		struct bytes path = bytes_str(fact->path);
		bool inside = strchr(fact->path, '.') != NULL;

		if (fact->stage <= r->latest && inside == (skip > 0) &&
		    (skip == 0 || bytes_starts_nocase(path, prefix)))
			names[n++] = fact->path + skip;
	}
	for (size_t i = 0; skip == 0 && i < nitems(others); i++)
		names[n++] = others[i];
	complain_unknown(r->l, r->l->where, key, names, n);
}

static struct when *
read_known(struct reading *r, struct bytes prefix, const struct tree_node *key)
{
	char path[PATH_MAX_LENGTH];
	int fact;

	if (prefix.n == 0 && bytes_eq(key->text, BYTES_LIT("header")))
		return read_headers(r, key->next);
	if (prefix.n == 0 && bytes_eq(key->text, BYTES_LIT("not")))
		return read_not(r, key->next);
	if (prefix.n == 0 && bytes_eq(key->text, BYTES_LIT("any")))
		return read_any(r, key->next);
	if (prefix.n == 0 && is_part(key->text)) {
		if (key->next->kind == TREE_MAPPING)
			return read_mapping(r, key->text, key->next);
		if (!key->next->cut)
			loader_wrong_kind(
			    r->l, r->l->where, key->next, "a mapping");
		return NULL;
	}
	(void)snprintf(path, sizeof(path), "%.*s%s%.40s", (int)prefix.n,
	    (const char *)prefix.p, prefix.n == 0 ? "" : ".",
	    show(key->text).s);
	fact = memchr(key->text.p, '.', key->text.n) != NULL
	    ? -1
	    : fact_find(bytes_str(path));
	if (fact == -1) {
		unknown_key(r, prefix, key);
		return NULL;
	}
	return read_fact(r, (enum fact)fact, key);
}

static struct when *
read_mapping(
    struct reading *r, struct bytes prefix, const struct tree_node *mapping)
{
	struct when *all = new_node(r, WHEN_ALL), **end, *w;
	const char *outer = r->l->where;
	char name[160];

	if (all == NULL)
		return NULL;
	end = &all->children;
	for (const struct tree_node *k = mapping->first; k != NULL;
	     k = k->next->next) {
		if (k->cut)
			continue;
		r->l->where = outer;
		(void)snprintf(
		    name, sizeof(name), "%s.%.40s", outer, show(k->text).s);
		w = NULL;
		if (!(k->next->cut && k->next->kind == TREE_SCALAR)) {
			if (prefix.n == 0 && is_part(k->text))
				r->l->where = name;
			w = read_known(r, prefix, k);
		}
		if (w == NULL)
			continue;
		*end = w;
		end = &w->next;
	}
	r->l->where = outer;
	return all;
}

struct when *
condition_read(struct loader *l, struct arena *arena,
    const struct tree_node *mapping, enum fact_stage latest)
{
	struct reading r = { l, arena, latest };
	struct when *w;
	const char *why;

	if (mapping->kind != TREE_MAPPING) {
		if (!mapping->cut)
			loader_wrong_kind(l, l->where, mapping, "a mapping");
		return NULL;
	}
	w = read_mapping(&r, BYTES_LIT(""), mapping);
	if (w != NULL && when_is_impossible(w, &why))
		complain(
		    l->c, mapping->at, "%s can never hold: %s", l->where, why);
	return w;
}

void
condition_drop(const struct when *lent)
{
	union {
		const struct when *lent;
		struct when *own;
	} w = { lent };

	when_clear(w.own);
}
