/* SPDX-License-Identifier: MIT */
/* Text conversions and calendar dates, against what the C library and iconv say. */
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/env.h"
#include "base/text.h"

static void
converts_utf8_to_utf16_as_iconv_does(void **state)
{
	char in[] = "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91z";
	char *from = in, room[64], *to = room;
	size_t left = sizeof(in) - 1, free_bytes = sizeof(room);
	iconv_t cd = iconv_open("UTF-16LE", "UTF-8");
	struct buf b;

	(void)state;
	assert_int_equal(iconv(cd, &from, &left, &to, &free_bytes), 0);
	iconv_close(cd);
	buf_init(&b, 1000);
	text_utf16le(&b, bytes_of(in, sizeof(in) - 1));
	assert_int_equal(b.n, (size_t)(to - room));
	assert_memory_equal(b.p, room, b.n);
	buf_clear(&b);
}

static void
replaces_what_is_not_utf8(void **state)
{
	static const struct {
		const char *in;
		size_t units; /* how many U+FFFD and nothing else */
	} rows[] = {
		{ "\xff", 1 },
		{ "\xc3", 1 },
		{ "\xe2\x82", 1 },
		{ "\xc0\x80", 1 },
		{ "\xed\xa0\x80", 1 },
		{ "\xf4\x90\x80\x80", 1 },
		{ "\x80\x80", 2 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf b;

		buf_init(&b, 100);
		text_utf16le(&b, bytes_str(rows[i].in));
		assert_int_equal(b.n, rows[i].units * 2);
		for (size_t j = 0; j < b.n; j += 2)
			assert_memory_equal(b.p + j, "\xfd\xff", 2);
		buf_clear(&b);
	}
}

static void
converts_bmp_strings_to_utf8(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	text_from_utf16be(&b, BYTES_LIT("\0A\x00\xe4\x20\xac\xd8\x3d\xdd\x11"));
	assert_string_equal(
	    buf_str(&b), "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91");
	buf_clear(&b);
	text_from_utf16be(&b, BYTES_LIT("\xd8\x3d\0A\0"));
	assert_string_equal(buf_str(&b),
	    "\xef\xbf\xbd"
	    "A"
	    "\xef\xbf\xbd");
	buf_clear(&b);
}

static void
writes_hex_and_printable_text(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	text_hex(&b, BYTES_LIT("\x00\xab\x7f"), true);
	text_hex(&b, BYTES_LIT("\xcd"), false);
	assert_string_equal(buf_str(&b), "00AB7Fcd");
	buf_clear(&b);
	text_printable(&b, BYTES_LIT("a\\\r\x80~"));
	assert_string_equal(buf_str(&b), "a\\x5C\\x0D\\x80~");
	buf_clear(&b);
	assert_int_equal(text_hex_digit('f'), 15);
	assert_int_equal(text_hex_digit('F'), 15);
	assert_int_equal(text_hex_digit('g'), -1);
}

static void
reads_numbers_whole_or_not_at_all(void **state)
{
	static const char *const bad[] = { "", "-1", "1 ", " 1", "0x1",
		"18446744073709551616" };
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < nitems(bad); i++)
		assert_int_equal(
		    text_u64(bytes_str(bad[i]), UINT64_MAX, &v), -1);
	assert_int_equal(v, 77);
	assert_int_equal(
	    text_u64(bytes_str("18446744073709551615"), UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(text_u64(bytes_str("100"), 99, &v), -1);
	assert_int_equal(text_u64(bytes_str("99"), 99, &v), 0);
}

static void
compares_without_letter_case(void **state)
{
	(void)state;
	assert_true(
	    bytes_eq_nocase(bytes_str("CertSrv"), bytes_str("certSRV")));
	assert_false(bytes_eq_nocase(bytes_str("a"), bytes_str("ab")));
	assert_true(bytes_starts_nocase(
	    bytes_str("/MSCEP.dll/x"), bytes_str("/mscep.")));
	assert_false(bytes_starts_nocase(bytes_str("/m"), bytes_str("/ms")));
	assert_false(bytes_eq_nocase(bytes_str("["), bytes_str("{")));
}

static void
knows_the_calendar_as_gmtime_does(void **state)
{
	(void)state;
	for (int64_t t = -62167219200; t <= INT64_C(253402300799);
	     t += INT64_C(86400) * 89 + 12347) {
		time_t clock = (time_t)t;
		struct civil c = civil_from_unix(t);
		struct tm tm;

		gmtime_r(&clock, &tm);
		assert_int_equal(c.year, tm.tm_year + 1900);
		assert_int_equal(c.month, tm.tm_mon + 1);
		assert_int_equal(c.day, tm.tm_mday);
		assert_int_equal(c.hour, tm.tm_hour);
		assert_int_equal(c.minute, tm.tm_min);
		assert_int_equal(c.second, tm.tm_sec);
		assert_int_equal(c.weekday, tm.tm_wday);
		assert_true(civil_to_unix(&c) == t);
	}
}

static void
clamps_dates_to_four_digit_years(void **state)
{
	(void)state;
	assert_int_equal(civil_from_unix(INT64_MAX).year, 9999);
	assert_int_equal(civil_from_unix(INT64_MIN).year, 0);
}

static void
writes_http_dates(void **state)
{
	char out[30];

	(void)state;
	civil_http_date(784111777, out);
	assert_string_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void
the_system_clock_and_randomness_work(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	int64_t before = env_monotonic_us();

	(void)state;
	assert_in_range(env_now(env_system()), time(NULL) - 2, time(NULL) + 2);
	assert_int_equal(env_random(env_system(), a, sizeof(a), NULL), 0);
	assert_int_equal(env_random(env_system(), b, sizeof(b), NULL), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(env_monotonic_us() >= before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(converts_utf8_to_utf16_as_iconv_does),
		cmocka_unit_test(replaces_what_is_not_utf8),
		cmocka_unit_test(converts_bmp_strings_to_utf8),
		cmocka_unit_test(writes_hex_and_printable_text),
		cmocka_unit_test(reads_numbers_whole_or_not_at_all),
		cmocka_unit_test(compares_without_letter_case),
		cmocka_unit_test(knows_the_calendar_as_gmtime_does),
		cmocka_unit_test(clamps_dates_to_four_digit_years),
		cmocka_unit_test(writes_http_dates),
		cmocka_unit_test(the_system_clock_and_randomness_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
