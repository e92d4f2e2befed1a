/* SPDX-License-Identifier: MIT */
/* Asking a condition: three-valued, since not everything is known at once. */
#include "fault/when.h"

/* Do letters of another case make another value? */
static bool
is_exact(enum fact f)
{
	return f == FACT_TRANSACTION || f == FACT_CHALLENGE;
}

bool
when_same_text(enum fact f, struct bytes a, struct bytes b)
{
	return is_exact(f) ? bytes_eq(a, b) : bytes_eq_nocase(a, b);
}

static bool
equals_any(const struct when *w, struct bytes text)
{
	enum fact f = w->kind == WHEN_FACT ? w->fact : FACTS;

	for (size_t i = 0; i < w->test.equals_count; i++) {
		if (when_same_text(f, w->test.equals[i], text))
			return true;
	}
	return false;
}

/* The pattern sees the text up to its first zero byte, if it has one. */
static bool
matches(const struct when_test *t, struct bytes text)
{
	regmatch_t all = { .rm_so = 0, .rm_eo = (regoff_t)text.n };
	const char *p = text.p == NULL ? "" : (const char *)text.p;

	return regexec(t->matches, p, 1, &all, REG_STARTEND) == 0;
}

static bool
number_fits(const struct when_test *t, int64_t n)
{
	bool found = t->number_count == 0;

	for (size_t i = 0; i < t->number_count && !found; i++)
		found = t->numbers[i] == n;
	return found && (!t->has_over || n > t->over) &&
	    (!t->has_under || n < t->under);
}

static bool
test_holds(const struct when *w, const struct fact_value *v, bool number)
{
	const struct when_test *t = &w->test;

	if (t->has_present && t->present != v->present)
		return false;
	if (!v->present)
		return t->has_present;
	if (number)
		return number_fits(t, v->number);
	return (t->equals_count == 0 || equals_any(w, v->text)) &&
	    (t->matches == NULL || matches(t, v->text));
}

static enum when_truth
fact_holds(const struct when *w, const struct facts *f)
{
	const struct fact_key *key = fact_key(w->fact);

	if (key->stage > f->stage)
		return WHEN_UNKNOWN;
	return test_holds(w, &f->v[w->fact], key->kind == FACT_NUMBER)
	    ? WHEN_TRUE
	    : WHEN_FALSE;
}

/* One of several headers of a name will do; without any the value is absent. */
static enum when_truth
header_holds(const struct when *w, const struct facts *f)
{
	struct fact_value v = { 0 };
	bool there = false;

	for (size_t i = 0; i < f->header_count; i++) {
		if (!bytes_eq_nocase(f->headers[i].name, w->header))
			continue;
		there = true;
		v = (struct fact_value){ true, f->headers[i].value, 0 };
		if (test_holds(w, &v, false))
			return WHEN_TRUE;
	}
	if (!there && test_holds(w, &v, false))
		return WHEN_TRUE;
	return WHEN_FALSE;
}

/* Of all: the worst; of any: the best. */
static enum when_truth
children_hold(const struct when *w, const struct facts *f, bool all)
{
	enum when_truth decides = all ? WHEN_FALSE : WHEN_TRUE;
	enum when_truth result = all ? WHEN_TRUE : WHEN_FALSE;

	for (const struct when *c = w->children; c != NULL; c = c->next) {
		enum when_truth t = when_holds(c, f);

		if (t == decides)
			return decides;
		if (t == WHEN_UNKNOWN)
			result = WHEN_UNKNOWN;
	}
	return result;
}

static enum when_truth
opposite(enum when_truth t)
{
	if (t == WHEN_UNKNOWN)
		return t;
	return t == WHEN_TRUE ? WHEN_FALSE : WHEN_TRUE;
}

/* Nests as deep as the file that it came from, which the loader bounds. */
enum when_truth
when_holds(const struct when *w, const struct facts *f)
{
	if (w == NULL)
		return WHEN_TRUE;
	switch (w->kind) {
	case WHEN_FACT:
		return fact_holds(w, f);
	case WHEN_HEADER:
		return header_holds(w, f);
	case WHEN_ALL:
		return children_hold(w, f, true);
	case WHEN_ANY:
		return children_hold(w, f, false);
	case WHEN_NOT:
		return opposite(when_holds(w->children, f));
	}
	return WHEN_FALSE;
}

const struct when *
when_find(const struct when *w, enum fact f)
{
	if (w == NULL)
		return NULL;
	if (w->kind == WHEN_FACT)
		return w->fact == f ? w : NULL;
	if (w->kind != WHEN_ALL)
		return NULL;
	for (const struct when *c = w->children; c != NULL; c = c->next) {
		if (c->kind == WHEN_FACT && c->fact == f)
			return c;
	}
	return NULL;
}

bool
when_asks(const struct when *w, bool (*is_it)(enum fact f))
{
	if (w == NULL)
		return false;
	if (w->kind == WHEN_FACT)
		return is_it(w->fact);
	if (w->kind == WHEN_HEADER)
		return is_it(FACTS);
	for (const struct when *c = w->children; c != NULL; c = c->next) {
		if (when_asks(c, is_it))
			return true;
	}
	return false;
}

void
when_clear(struct when *w)
{
	union {
		const regex_t *lent;
		regex_t *own;
	} r;

	if (w == NULL)
		return;
	if (w->test.matches != NULL) {
		r.lent = w->test.matches;
		regfree(r.own);
		w->test.matches = NULL;
	}
	for (struct when *c = w->children; c != NULL; c = c->next)
		when_clear(c);
}
