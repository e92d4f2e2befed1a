/* SPDX-License-Identifier: MIT */
/* From parameters to a tree of conditions that must all hold. */
#include "control/filter.h"

#include "http/query.h"
#include "scenario/near.h"

#define FILTER_MEMORY_MAX ((size_t)1 << 20)
#define HEADER "header."

static bool
is_known(const char *const *known, struct bytes name)
{
	for (; known != NULL && *known != NULL; known++)
		if (bytes_eq(name, bytes_str(*known)))
			return true;
	return false;
}

static int
no_such_fact(const char *const *known, struct bytes name, struct err *e)
{
	struct near near;

	near_start(&near, name);
	for (int f = 0; f < FACTS; f++)
		near_offer(&near, bytes_str(fact_key((enum fact)f)->path));
	for (; known != NULL && *known != NULL; known++)
		near_offer(&near, bytes_str(*known));
	if (name.n > 60)
		name.n = 60;
	return err_set(e, ERR_USAGE, "there is no parameter \"%.*s\"%s%.*s%s",
	    (int)name.n, (const char *)name.p,
	    near.best.n > 0 ? "; did you mean " : "", (int)near.best.n,
	    (const char *)near.best.p, near.best.n > 0 ? "?" : "");
}

static int
add(struct filter *f, struct bytes name, struct bytes value, struct err *e)
{
	const struct bytes header = BYTES_LIT(HEADER);
	struct when *w = arena_zalloc(&f->arena, sizeof(*w));
	struct err why = { 0 };

	if (w == NULL)
		return err_set(e, ERR_MEMORY, "mockndes is out of memory");
	if (bytes_starts_nocase(name, header)) {
		w->kind = WHEN_HEADER;
		w->fact = FACTS;
		w->header = bytes_from(name, header.n);
	} else {
		w->fact = (enum fact)fact_find(name);
	}
	if (when_test_parse(&f->arena, w->fact, value, &w->test, &why) == -1)
		return err_set(e, why.code, "%.*s: %s", (int)name.n,
		    (const char *)name.p, why.text);
	w->next = f->when->children;
	f->when->children = w;
	return 0;
}

/* The next parameter of *rest, unescaped; false when there is none. */
static bool
next_parameter(struct arena *a, struct bytes *rest, struct bytes *name,
    struct bytes *value)
{
	const uint8_t *end, *equals;
	struct bytes p = *rest;

	if (rest->n == 0)
		return false;
	end = memchr(p.p, '&', p.n);
	p.n = end == NULL ? p.n : (size_t)(end - p.p);
	*rest = bytes_from(*rest, p.n + 1);
	equals = p.n == 0 ? NULL : memchr(p.p, '=', p.n);
	*name = bytes_of(p.p, equals == NULL ? p.n : (size_t)(equals - p.p));
	*value = http_percent_decode(a, bytes_from(p, name->n + 1));
	*name = http_percent_decode(a, *name);
	return true;
}

int
filter_parse(struct bytes query, const char *const *known, struct filter *out,
    struct err *e)
{
	struct bytes name, value;

	*out = (struct filter){ 0 };
	arena_init(&out->arena, FILTER_MEMORY_MAX);
	out->when = arena_zalloc(&out->arena, sizeof(*out->when));
	if (out->when == NULL)
		return err_set(e, ERR_MEMORY, "mockndes is out of memory");
	out->when->kind = WHEN_ALL;
	while (next_parameter(&out->arena, &query, &name, &value)) {
		if (name.n == 0 || is_known(known, name))
			continue;
		if (fact_find(name) == -1 &&
		    !bytes_starts_nocase(name, BYTES_LIT(HEADER)))
			return no_such_fact(known, name, e);
		if (add(out, name, value, e) == -1)
			return -1;
	}
	if (out->when->children == NULL)
		out->when = NULL;
	return 0;
}

int
filter_read(
    struct control_call *c, const char *const *known, struct filter *out)
{
	struct err e = { 0 };

	if (filter_parse(c->rq->query, known, out, &e) == 0)
		return 0;
	call_failed(c, &e);
	return -1;
}

void
filter_clear(struct filter *f)
{
	when_clear(f->when);
	arena_clear(&f->arena);
	*f = (struct filter){ 0 };
}

bool
filter_holds(const struct filter *f, const struct facts *facts)
{
	return when_holds(f->when, facts) == WHEN_TRUE;
}
