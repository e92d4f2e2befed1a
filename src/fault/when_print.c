/* SPDX-License-Identifier: MIT */
/* Conditions for people: as YAML on a line, and why one does not hold. */
#include <inttypes.h>

#include "fault/when.h"

#define SHOWN_MAX 80

static void
put_text(struct buf *out, struct bytes s)
{
	bool cut = s.n > SHOWN_MAX;

	if (cut)
		s.n = SHOWN_MAX;
	for (size_t i = 0; i < s.n; i++)
		buf_add_byte(
		    out, s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
	if (cut)
		buf_add_str(out, "...");
}

static const char *
name_of(const struct when *w, struct buf *room)
{
	if (w->kind == WHEN_FACT)
		return fact_key(w->fact)->path;
	buf_add_str(room, "header ");
	put_text(room, w->header);
	return buf_str(room);
}

static void
print_values(const struct when_test *t, bool number, struct buf *out)
{
	size_t n = number ? t->number_count : t->equals_count;

	if (n > 1)
		buf_add_byte(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_str(out, ", ");
		if (number)
			buf_addf(out, "%" PRId64, t->numbers[i]);
		else
			put_text(out, t->equals[i]);
	}
	if (n > 1)
		buf_add_byte(out, ']');
}

static void
print_test(const struct when *w, struct buf *out)
{
	const struct when_test *t = &w->test;
	bool number =
	    w->kind == WHEN_FACT && fact_key(w->fact)->kind == FACT_NUMBER;
	const char *comma = "{";

	if (t->matches == NULL && !t->has_over && !t->has_under &&
	    !t->has_present) {
		print_values(t, number, out);
		return;
	}
	if (t->matches != NULL) {
		buf_addf(out, "%smatches: ", comma);
		put_text(out, bytes_str(t->pattern));
		comma = ", ";
	}
	if (t->has_over) {
		buf_addf(out, "%sover: %" PRId64, comma, t->over);
		comma = ", ";
	}
	if (t->has_under) {
		buf_addf(out, "%sunder: %" PRId64, comma, t->under);
		comma = ", ";
	}
	if (t->has_present)
		buf_addf(
		    out, "%spresent: %s", comma, t->present ? "true" : "false");
	buf_add_byte(out, '}');
}

static void
print_children(const struct when *w, struct buf *out)
{
	for (const struct when *c = w->children; c != NULL; c = c->next) {
		when_print(c, out);
		if (c->next != NULL)
			buf_add_str(out, ", ");
	}
}

void
when_print(const struct when *w, struct buf *out)
{
	struct buf name;

	if (w == NULL) {
		buf_add_str(out, "always");
		return;
	}
	switch (w->kind) {
	case WHEN_FACT:
	case WHEN_HEADER:
		buf_init(&name, 512);
		buf_addf(out, "%s: ", name_of(w, &name));
		buf_clear(&name);
		print_test(w, out);
		break;
	case WHEN_ALL:
		buf_add_byte(out, '{');
		print_children(w, out);
		buf_add_byte(out, '}');
		break;
	case WHEN_ANY:
		buf_add_str(out, "any: [");
		print_children(w, out);
		buf_add_byte(out, ']');
		break;
	case WHEN_NOT:
		buf_add_str(out, "not: ");
		when_print(w->children, out);
		break;
	}
}

/* ---- why not ---- */

static void
put_value(const struct when *w, const struct facts *f, struct buf *out)
{
	const struct fact_value *v;

	if (w->kind == WHEN_HEADER) {
		for (size_t i = 0; i < f->header_count; i++) {
			if (bytes_eq_nocase(f->headers[i].name, w->header)) {
				put_text(out, f->headers[i].value);
				return;
			}
		}
		buf_add_str(out, "absent");
		return;
	}
	v = &f->v[w->fact];
	if (!v->present)
		buf_add_str(out, "absent");
	else if (fact_key(w->fact)->kind == FACT_NUMBER)
		buf_addf(out, "%" PRId64, v->number);
	else if (v->text.n == 0)
		buf_add_str(out, "empty");
	else
		put_text(out, v->text);
}

/* One sentence on one test; wanted is whether it should have held. */
static void
explain_test(
    const struct when *w, const struct facts *f, bool wanted, struct buf *out)
{
	struct buf name;

	buf_init(&name, 512);
	buf_addf(out, "%s is ", name_of(w, &name));
	put_value(w, f, out);
	buf_add_str(out, wanted ? ", not " : ", which is ");
	print_test(w, out);
	buf_clear(&name);
}

static const struct when *
first_with(const struct when *w, const struct facts *f, bool holds)
{
	const struct when *c = w->children;

	while (c != NULL && (when_holds(c, f) == WHEN_TRUE) != holds)
		c = c->next;
	return c;
}

/* Go down to the test that decided. */
static void
explain(
    const struct when *w, const struct facts *f, bool wanted, struct buf *out)
{
	const struct when *c;

	switch (w->kind) {
	case WHEN_FACT:
	case WHEN_HEADER:
		explain_test(w, f, wanted, out);
		return;
	case WHEN_NOT:
		explain(w->children, f, !wanted, out);
		return;
	case WHEN_ALL:
	case WHEN_ANY:
		break;
	}
	if ((w->kind == WHEN_ANY) == wanted) {
		buf_add_str(out,
		    wanted ? "none of these holds: " : "all of these hold: ");
		print_children(w, out);
		return;
	}
	c = first_with(w, f, !wanted);
	if (c != NULL)
		explain(c, f, wanted, out);
}

void
when_explain(const struct when *w, const struct facts *f, struct buf *out)
{
	if (w != NULL && when_holds(w, f) != WHEN_TRUE)
		explain(w, f, true, out);
}
