/* SPDX-License-Identifier: MIT */
/* Buffers, arenas and errors: limits at n and n + 1, what stays after a failure. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"

static void
fills_a_buffer_to_its_maximum_and_no_further(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	buf_add_str(&b, "0123456789");
	assert_true(buf_ok(&b));
	assert_string_equal(buf_str(&b), "0123456789");
	buf_add_byte(&b, 'x');
	assert_false(buf_ok(&b));
	assert_int_equal(b.n, 10);
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
	buf_add_str(&b, "again");
	assert_true(buf_ok(&b));
	buf_clear(&b);
	buf_clear(&b);
}

static void
a_failed_buffer_hands_nothing_over(void **state)
{
	uint8_t mine, *p = &mine;
	size_t n = 7;
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	buf_add_str(&b, "four");
	assert_int_equal(buf_take(&b, &p, &n), -1);
	assert_int_equal(n, 7);
	assert_ptr_equal(p, &mine);
	buf_clear(&b);
	buf_addf(&b, "%d", 123);
	assert_int_equal(buf_take(&b, &p, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal((char *)p, "123");
	free(p);
	assert_int_equal(b.n, 0);
	assert_null(b.p);
}

static void
formats_longer_than_any_first_allocation(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%04d,%s;", i, "abcdefghij");
	assert_true(buf_ok(&b));
	assert_int_equal(b.n, 16000);
	assert_memory_equal(b.p + 15984, "0999,abcdefghij;", 17);
	buf_clear(&b);
}

static void
an_arena_stops_at_its_cap(void **state)
{
	struct arena a;
	uint8_t *p;

	(void)state;
	arena_init(&a, 1024);
	p = arena_alloc(&a, 1000);
	assert_non_null(p);
	memset(p, 1, 1000);
	assert_null(arena_alloc(&a, 64));
	assert_non_null(arena_alloc(&a, 16));
	assert_null(arena_alloc(&a, SIZE_MAX));
	arena_clear(&a);
	assert_non_null(arena_alloc(&a, 1024));
	arena_clear(&a);
	arena_clear(&a);
}

static void
an_arena_aligns_and_copies(void **state)
{
	struct arena a;
	struct bytes c;
	char *s;

	(void)state;
	arena_init(&a, (size_t)1 << 20);
	for (size_t n = 0; n < 100; n++) {
		uint8_t *p = arena_zalloc(&a, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
	c = arena_copy(&a, BYTES_LIT("bytes"));
	assert_true(bytes_eq(c, bytes_str("bytes")));
	c = arena_copy(&a, bytes_of(NULL, 0));
	assert_non_null(c.p);
	assert_int_equal(c.n, 0);
	s = arena_printf(&a, "%d-%s", 5, "five");
	assert_string_equal(s, "5-five");
	assert_non_null(arena_alloc(&a, 300000));
	assert_string_equal(s, "5-five");
	arena_clear(&a);
}

static void
the_first_error_wins(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, ERR_LIMIT, "%d apples", 5), -1);
	assert_int_equal(err_set(&e, ERR_MEMORY, "later"), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_string_equal(e.text, "5 apples");
	assert_int_equal(err_set(NULL, ERR_LIMIT, "nobody listens"), -1);
	err_clear(&e);
	errno = ENOENT;
	assert_int_equal(err_sys(&e, ERR_SYSTEM, "cannot open %s", "x"), -1);
	assert_string_equal(e.text, "cannot open x: No such file or directory");
	assert_string_equal(err_code_name(ERR_BIND), "bind");
	assert_string_equal(err_code_name((enum err_code)99), "unknown");
}

static void
keep_line(void *ctx, enum log_level level, const char *text)
{
	struct buf *out = ctx;

	buf_addf(out, "%s %s|", log_level_name(level), text);
}

static void
a_log_line_has_no_control_characters(void **state)
{
	struct buf out;
	struct log log = { keep_line, &out };
	const struct log silent = { NULL, NULL };

	(void)state;
	buf_init(&out, 10000);
	log_say(&log, LOG_WARN, "a%sb", "\r\n\x1b[2J\x7f");
	assert_string_equal(buf_str(&out), "warning a???[2J?b|");
	log_say(&silent, LOG_ERROR, "nobody");
	log_say(NULL, LOG_ERROR, "nobody");
	buf_clear(&out);
	log_say(&log, LOG_INFO, "%05000d", 1);
	assert_in_range(out.n, 2000, 2100);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_a_buffer_to_its_maximum_and_no_further),
		cmocka_unit_test(a_failed_buffer_hands_nothing_over),
		cmocka_unit_test(formats_longer_than_any_first_allocation),
		cmocka_unit_test(an_arena_stops_at_its_cap),
		cmocka_unit_test(an_arena_aligns_and_copies),
		cmocka_unit_test(the_first_error_wins),
		cmocka_unit_test(a_log_line_has_no_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
