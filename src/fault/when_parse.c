/* SPDX-License-Identifier: MIT */
/* Building tests of a condition: values checked against the table of facts, patterns compiled. */
#include "fault/when.h"

#include "base/quantity.h"
#include "base/text.h"

#define PATTERN_MAX 512
#define VALUES_MAX 1024

/* A list that is full at 1, 2, 4, 8 ... items gets twice the room; the arena takes nothing back. */
static void *
grow(struct arena *arena, const void *old, size_t count, size_t size)
{
	void *room = arena_alloc(arena, size * (count == 0 ? 1 : 2 * count));

	if (room != NULL && count > 0)
		memcpy(room, old, size * count);
	return room;
}

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for a condition");
}

static int
add_text(
    struct arena *arena, struct bytes value, struct when_test *t, struct err *e)
{
	size_t n = t->equals_count;
	struct bytes *list, copy;
	union {
		const struct bytes *lent;
		struct bytes *own;
	} u = { .lent = t->equals };

	if (n == VALUES_MAX)
		return err_set(e, ERR_LIMIT,
		    "a list of values has at most %d items", VALUES_MAX);
	if (n == 0 || (n & (n - 1)) == 0) {
		list = grow(arena, t->equals, n, sizeof(*list));
		if (list == NULL)
			return no_memory(e);
		u.own = list;
	}
	copy = arena_copy(arena, value);
	if (copy.p == NULL)
		return no_memory(e);
	u.own[n] = copy;
	t->equals = u.own;
	t->equals_count = n + 1;
	return 0;
}

static int
add_number(
    struct arena *arena, int64_t value, struct when_test *t, struct err *e)
{
	size_t n = t->number_count;
	union {
		const int64_t *lent;
		int64_t *own;
	} u = { .lent = t->numbers };

	if (n == VALUES_MAX)
		return err_set(e, ERR_LIMIT,
		    "a list of values has at most %d items", VALUES_MAX);
	if (n == 0 || (n & (n - 1)) == 0) {
		u.own = grow(arena, t->numbers, n, sizeof(*u.own));
		if (u.own == NULL)
			return no_memory(e);
	}
	u.own[n] = value;
	t->numbers = u.own;
	t->number_count = n + 1;
	return 0;
}

int
when_number_parse(
    enum fact fact, struct bytes value, int64_t *out, struct err *e)
{
	uint64_t size;

	if (!fact_key(fact)->size)
		return quantity_int(value, 0, INT64_MAX / 2, out, e);
	if (quantity_size(value, &size, e) == -1)
		return -1;
	if (size > INT64_MAX / 2)
		return err_set(e, ERR_USAGE, "a size that large is never met");
	*out = (int64_t)size;
	return 0;
}

/* Is the value one of the closed set? The nearest word is the caller's to find. */
static int
check_word(enum fact fact, struct bytes value, struct err *e)
{
	uint64_t number;

	if (fact == FACT_CLIENT && memchr(value.p, '/', value.n) != NULL)
		return err_set(e, ERR_USAGE,
		    "client is one address; more of them are a list, or what "
		    "matches");
	if (fact_word(fact, 0) == NULL || fact_is_word(fact, value))
		return 0;
	if ((fact == FACT_MESSAGE_TYPE || fact == FACT_PKI_STATUS) &&
	    text_u64(value, UINT64_MAX, &number) == 0)
		return 0;
	return err_set(e, ERR_USAGE, "%s is never \"%.*s\"",
	    fact_key(fact)->path, (int)(value.n > 60 ? 60 : value.n),
	    (const char *)value.p);
}

int
when_test_add_value(struct arena *arena, enum fact fact, struct bytes value,
    struct when_test *test, struct err *e)
{
	int64_t n;

	if (fact < FACTS && fact_key(fact)->kind == FACT_NUMBER) {
		if (when_number_parse(fact, value, &n, e) == -1)
			return -1;
		return add_number(arena, n, test, e);
	}
	if (fact < FACTS && check_word(fact, value, e) == -1)
		return -1;
	return add_text(arena, fact_canonical(fact, value), test, e);
}

int
when_test_set_pattern(struct arena *arena, struct bytes pattern,
    struct when_test *test, struct err *e)
{
	regex_t *re = arena_zalloc(arena, sizeof(*re));
	union {
		const regex_t *lent;
		regex_t *own;
	} before = { test->matches };
	char *source = arena_str(arena, pattern);
	char why[128];
	int r;

	if (re == NULL || source == NULL)
		return no_memory(e);
	if (pattern.n > PATTERN_MAX)
		return err_set(e, ERR_LIMIT,
		    "a pattern has at most %d characters", PATTERN_MAX);
	if (pattern.n == 0 || memchr(pattern.p, '\0', pattern.n) != NULL)
		return err_set(e, ERR_USAGE,
		    "a pattern is not empty and has no zero byte");
	r = regcomp(re, source, REG_EXTENDED);
	if (r != 0) {
		regerror(r, re, why, sizeof(why));
		return err_set(e, ERR_USAGE,
		    "\"%.100s\" is not an extended regular expression: %s",
		    source, why);
	}
	if (before.own != NULL)
		regfree(before.own); /* of a test that is there twice */
	test->matches = re;
	test->pattern = source;
	return 0;
}

/* ---- from a query ---- */

static bool
take_prefix(struct bytes *s, struct bytes prefix)
{
	if (!bytes_starts_nocase(*s, prefix))
		return false;
	*s = bytes_from(*s, prefix.n);
	return true;
}

static int
parse_bound(enum fact fact, struct bytes value, bool over, struct when_test *t,
    struct err *e)
{
	if (fact >= FACTS || fact_key(fact)->kind != FACT_NUMBER)
		return err_set(
		    e, ERR_USAGE, "over: and under: are for numbers");
	if (when_number_parse(fact, value, over ? &t->over : &t->under, e) ==
	    -1)
		return -1;
	if (over)
		t->has_over = true;
	else
		t->has_under = true;
	return 0;
}

static int
parse_values(struct arena *arena, enum fact fact, struct bytes list,
    struct when_test *t, struct err *e)
{
	for (;;) {
		const uint8_t *comma =
		    list.n == 0 ? NULL : memchr(list.p, ',', list.n);
		size_t n = comma == NULL ? list.n : (size_t)(comma - list.p);

		if (when_test_add_value(
			arena, fact, bytes_of(list.p, n), t, e) == -1)
			return -1;
		if (comma == NULL)
			return 0;
		list = bytes_from(list, n + 1);
	}
}

int
when_test_parse(struct arena *arena, enum fact fact, struct bytes value,
    struct when_test *out, struct err *e)
{
	*out = (struct when_test){ 0 };
	if (take_prefix(&value, BYTES_LIT("over:")))
		return parse_bound(fact, value, true, out, e);
	if (take_prefix(&value, BYTES_LIT("under:")))
		return parse_bound(fact, value, false, out, e);
	if (take_prefix(&value, BYTES_LIT("matches:"))) {
		if (fact < FACTS && fact_key(fact)->kind == FACT_NUMBER)
			return err_set(e, ERR_USAGE, "matches: is for texts");
		return when_test_set_pattern(arena, value, out, e);
	}
	if (take_prefix(&value, BYTES_LIT("present:"))) {
		out->has_present = true;
		return quantity_bool(value, &out->present, e);
	}
	return parse_values(arena, fact, value, out, e);
}
