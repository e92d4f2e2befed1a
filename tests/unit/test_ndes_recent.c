/* SPDX-License-Identifier: MIT */
/* The last lines of a log: whole ones, the newest, within the limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "ndes/recent.h"

static void
keeps_the_newest_whole_lines_within_the_limit(void **state)
{
	struct recent r;
	char line[32];

	(void)state;
	recent_init(&r, 1000);
	for (int i = 0; i < 5000; i++) {
		struct buf out;
		int n = snprintf(line, sizeof(line), "line %d\n", i);

		recent_add(&r, bytes_of(line, (size_t)n));
		buf_init(&out, 10000);
		recent_copy(&r, &out);
		assert_true(buf_ok(&out) && out.n <= 1000);
		/* The last one is there, and the first one is whole. */
		assert_memory_equal(out.p + out.n - n, line, (size_t)n);
		assert_memory_equal(out.p, "line ", 5);
		if (i > 200)
			assert_true(out.n > 980);
		buf_clear(&out);
	}
	assert_true(r.given_up > 0);
	recent_clear(&r);
}

static void
gives_up_a_line_beyond_any_limit_and_goes_on(void **state)
{
	char huge[4000];
	struct recent r;
	struct buf out;

	(void)state;
	memset(huge, 'x', sizeof(huge));
	recent_init(&r, 1000);
	recent_add(&r, bytes_str("before\n"));
	recent_add(&r, bytes_of(huge, sizeof(huge)));
	recent_add(&r, bytes_str("after\n"));
	buf_init(&out, 10000);
	recent_copy(&r, &out);
	assert_non_null(strstr(buf_str(&out), "after\n"));
	assert_null(strstr(buf_str(&out), "x"));
	buf_clear(&out);
	recent_forget(&r);
	recent_copy(&r, &out);
	assert_int_equal(out.n, 0);
	buf_clear(&out);
	recent_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_newest_whole_lines_within_the_limit),
		cmocka_unit_test(gives_up_a_line_beyond_any_limit_and_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
