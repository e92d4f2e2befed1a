/* SPDX-License-Identifier: MIT */
/* Queries: finding a parameter, and percent-decoding exactly once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/query.h"

static void
finds_a_parameter(void **state)
{
	static const struct {
		const char *sentence, *query, *name;
		const char *value; /* NULL: there is none */
	} rows[] = {
		{ "the first of two", "operation=A&message=B", "operation",
		    "A" },
		{ "the second of two", "message=B&operation=A", "operation",
		    "A" },
		{ "letter case of the name", "OPERATION=A", "operation", "A" },
		{ "the first when it is there twice", "a=1&a=2", "a", "1" },
		{ "no '=' is an empty value", "a=1&message&b", "message", "" },
		{ "an empty value", "message=&b=1", "message", "" },
		{ "'=' in the value", "message=AA==&b", "message", "AA==" },
		{ "escapes and plus stay", "m=a+b%2B%zz", "m", "a+b%2B%zz" },
		{ "an escaped name", "%6Fper%41tion=x", "operation", "x" },
		{ "a name that is longer", "operations=x", "operation", NULL },
		{ "a name that is shorter", "operatio=x", "operation", NULL },
		{ "empty parts between", "&&=x&a=1&", "a", "1" },
		{ "an empty name is nobody's", "=x", "", NULL },
		{ "nothing", "", "a", NULL },
		{ "a semicolon does not separate", "a=1;b=2", "b", NULL },
		{ "a name in a value", "x=message=1", "message", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		struct bytes untouched = BYTES_LIT("untouched");
		struct bytes v = untouched;
		bool found =
		    http_query_find(bytes_str(rows[i].query), rows[i].name, &v);

		if (found != (rows[i].value != NULL) ||
		    !bytes_eq(v, found ? bytes_str(rows[i].value) : untouched))
			fail_msg("%s: %d \"%.*s\"", rows[i].sentence, found,
			    (int)v.n, (const char *)v.p);
	}
}

static void
takes_no_query_for_an_empty_one(void **state)
{
	struct bytes v = { 0 };

	(void)state;
	assert_false(http_query_find(bytes_of(NULL, 0), "a", &v));
}

static void
decodes_percent_escapes_once(void **state)
{
	static const struct {
		const char *sentence, *from, *to;
	} rows[] = {
		{ "nothing to do", "abc", "abc" },
		{ "both letter cases", "%2b%2B%2f", "++/" },
		{ "plus is no blank", "a+b%20c", "a+b c" },
		{ "line breaks", "AA%0D%0ABB%0a", "AA\r\nBB\n" },
		{ "once only", "%252B", "%2B" },
		{ "no digits", "%zz%2g", "%zz%2g" },
		{ "cut short", "ab%", "ab%" },
		{ "cut shorter", "ab%2", "ab%2" },
		{ "an escape after a lone percent", "%%41", "%A" },
		{ "nothing", "", "" },
	};
	struct arena a;
	struct bytes got;
	size_t i;

	(void)state;
	arena_init(&a, 1u << 20);
	for (i = 0; i < nitems(rows); i++) {
		got = http_percent_decode(&a, bytes_str(rows[i].from));
		assert_non_null(got.p);
		if (!bytes_eq(got, bytes_str(rows[i].to)))
			fail_msg("%s: \"%.*s\"", rows[i].sentence, (int)got.n,
			    (const char *)got.p);
	}
	got = http_percent_decode(&a, BYTES_LIT("a%00b"));
	assert_true(bytes_eq(got, BYTES_LIT("a\0b")));
	arena_clear(&a);
}

static void
says_when_there_is_no_room(void **state)
{
	struct arena a;
	struct bytes got;

	(void)state;
	arena_init(&a, 64);
	got = http_percent_decode(&a, bytes_of("x", 1));
	assert_non_null(got.p);
	arena_clear(&a);
	arena_init(&a, 0);
	got = http_percent_decode(&a, bytes_of("x", 1));
	assert_null(got.p);
	assert_int_equal(got.n, 0);
	arena_clear(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_parameter),
		cmocka_unit_test(takes_no_query_for_an_empty_one),
		cmocka_unit_test(decodes_percent_escapes_once),
		cmocka_unit_test(says_when_there_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
