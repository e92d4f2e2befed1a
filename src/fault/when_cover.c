/* SPDX-License-Identifier: MIT */
/* What can be told of conditions from their shapes alone; in doubt, no. */
#include "fault/when.h"

/* ---- covering ---- */

static bool
has_number(const struct when_test *t, int64_t n)
{
	for (size_t i = 0; i < t->number_count; i++) {
		if (t->numbers[i] == n)
			return true;
	}
	return false;
}

static bool
has_text(const struct when *w, struct bytes s)
{
	enum fact f = w->kind == WHEN_FACT ? w->fact : FACTS;

	for (size_t i = 0; i < w->test.equals_count; i++) {
		if (when_same_text(f, w->test.equals[i], s))
			return true;
	}
	return false;
}

/* Is each value that b lets through one that a lets through? Of their lists and bounds. */
static bool
numbers_cover(const struct when_test *a, const struct when_test *b)
{
	if (b->number_count > 0) {
		for (size_t i = 0; i < b->number_count; i++) {
			int64_t n = b->numbers[i];

			if ((a->number_count > 0 && !has_number(a, n)) ||
			    (a->has_over && n <= a->over) ||
			    (a->has_under && n >= a->under))
				return false;
		}
		return true;
	}
	return a->number_count == 0 &&
	    (!a->has_over || (b->has_over && b->over >= a->over)) &&
	    (!a->has_under || (b->has_under && b->under <= a->under));
}

static bool
texts_cover(const struct when *a, const struct when *b)
{
	if (a->test.matches != NULL &&
	    (b->test.matches == NULL ||
		strcmp(a->test.pattern, b->test.pattern) != 0))
		return false;
	if (a->test.equals_count == 0)
		return true;
	if (b->test.equals_count == 0)
		return false;
	for (size_t i = 0; i < b->test.equals_count; i++) {
		if (!has_text(a, b->test.equals[i]))
			return false;
	}
	return true;
}

/* Does the test ask for nothing but that there is a value? */
static bool
asks_values(const struct when_test *t)
{
	return t->equals_count > 0 || t->number_count > 0 ||
	    t->matches != NULL || t->has_over || t->has_under;
}

static bool
test_covers(const struct when *a, const struct when *b)
{
	bool b_present = b->test.has_present ? b->test.present : true;

	if (a->kind != b->kind || a->fact != b->fact ||
	    (a->kind == WHEN_HEADER && !bytes_eq_nocase(a->header, b->header)))
		return false;
	/* several headers of one name may each hold for another test */
	if (a->test.has_present && a->test.present != b_present)
		return false;
	if (!asks_values(&a->test))
		return true;
	if (!b_present)
		return false;
	if (a->kind == WHEN_FACT && fact_key(a->fact)->kind == FACT_NUMBER)
		return numbers_cover(&a->test, &b->test);
	return texts_cover(a, b);
}

static bool
covers_all_of(const struct when *a, const struct when *b)
{
	for (const struct when *c = a->children; c != NULL; c = c->next) {
		if (!when_covers(c, b))
			return false;
	}
	return true;
}

static bool
any_is_covered(const struct when *a, const struct when *b)
{
	for (const struct when *c = b->children; c != NULL; c = c->next) {
		if (when_covers(a, c))
			return true;
	}
	return false;
}

static bool
any_covers(const struct when *a, const struct when *b)
{
	for (const struct when *c = a->children; c != NULL; c = c->next) {
		if (when_covers(c, b))
			return true;
	}
	return false;
}

static bool
all_are_covered(const struct when *a, const struct when *b)
{
	for (const struct when *c = b->children; c != NULL; c = c->next) {
		if (!when_covers(a, c))
			return false;
	}
	return true;
}

bool
when_covers(const struct when *a, const struct when *b)
{
	if (a == NULL || (a->kind == WHEN_ALL && a->children == NULL))
		return true;
	if (b == NULL)
		return false;
	if (a->kind == WHEN_ALL)
		return covers_all_of(a, b);
	if (b->kind == WHEN_ANY)
		return b->children != NULL && all_are_covered(a, b);
	if (a->kind == WHEN_ANY && any_covers(a, b))
		return true;
	if (b->kind == WHEN_ALL)
		return any_is_covered(a, b);
	if (a->kind == WHEN_NOT)
		return b->kind == WHEN_NOT &&
		    when_covers(b->children, a->children);
	if (a->kind == WHEN_FACT || a->kind == WHEN_HEADER)
		return b->kind == a->kind && test_covers(a, b);
	return false;
}

/* ---- impossible ones ---- */

static bool
test_is_impossible(const struct when *w, const char **why)
{
	const struct when_test *t = &w->test;

	if (t->has_present && !t->present && asks_values(t)) {
		*why = "a value that is absent is nothing";
		return true;
	}
	if (t->has_over && t->has_under && t->under - 1 <= t->over) {
		*why = "no number is over and under these bounds";
		return true;
	}
	for (size_t i = 0; i < t->number_count; i++) {
		if ((!t->has_over || t->numbers[i] > t->over) &&
		    (!t->has_under || t->numbers[i] < t->under))
			return false;
	}
	if (t->number_count > 0 && (t->has_over || t->has_under)) {
		*why = "none of the numbers is within the bounds";
		return true;
	}
	return false;
}

/* The test of a fact among those that all must hold. */
static const struct when *
test_of(const struct when *all, enum fact f)
{
	for (const struct when *c = all->children; c != NULL; c = c->next) {
		if (c->kind == WHEN_FACT && c->fact == f)
			return c;
	}
	return NULL;
}

/* Does it hang on a message, and need it to be there? */
static bool
needs_message(const struct when *all)
{
	for (const struct when *c = all->children; c != NULL; c = c->next) {
		if (c->kind == WHEN_FACT &&
		    fact_key(c->fact)->stage == FACT_AT_MESSAGE &&
		    (!c->test.has_present || c->test.present))
			return true;
	}
	return false;
}

static bool
all_is_impossible(const struct when *w, const char **why)
{
	const struct when *op = test_of(w, FACT_OP);

	for (const struct when *c = w->children; c != NULL; c = c->next) {
		if (when_is_impossible(c, why))
			return true;
		if (c->kind != WHEN_NOT)
			continue;
		for (const struct when *d = w->children; d != NULL;
		     d = d->next) {
			if (d != c && when_covers(c->children, d)) {
				*why =
				    "what not: excludes is demanded beside it";
				return true;
			}
		}
	}
	if (op != NULL && op->test.equals_count > 0 &&
	    !has_text(op, BYTES_LIT("PKIOperation")) && needs_message(w)) {
		*why = "only a PKIOperation has a message";
		return true;
	}
	return false;
}

bool
when_is_impossible(const struct when *w, const char **why)
{
	if (w == NULL)
		return false;
	switch (w->kind) {
	case WHEN_FACT:
	case WHEN_HEADER:
		return test_is_impossible(w, why);
	case WHEN_ALL:
		return all_is_impossible(w, why);
	case WHEN_ANY:
		for (const struct when *c = w->children; c != NULL;
		     c = c->next) {
			if (!when_is_impossible(c, why))
				return false;
		}
		*why = "none of its alternatives can hold";
		return true;
	case WHEN_NOT:
		if (w->children->kind == WHEN_ALL &&
		    w->children->children == NULL) {
			*why = "not: {} never holds";
			return true;
		}
		return false;
	}
	return false;
}
