/* SPDX-License-Identifier: MIT */
/* Typed quantities: what is taken, what is refused, and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/quantity.h"

struct row {
	const char *text;
	int64_t value;
};

static void
takes_durations_with_their_unit(void **state)
{
	static const struct row rows[] = {
		{ "0", 0 },
		{ "250ms", 250 },
		{ "5s", 5000 },
		{ "2m", 120000 },
		{ "1h", 3600000 },
		{ "30d", INT64_C(2592000000) },
		{ "2y", INT64_C(63072000000) },
		{ "-3d", INT64_C(-259200000) },
		{ "9223372036854775807ms", INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct err e = { 0 };
		int64_t ms = 77;

		if (quantity_duration(bytes_str(rows[i].text), &ms, &e) == -1)
			fail_msg("%s: %s", rows[i].text, e.text);
		assert_int_equal(ms, rows[i].value);
	}
}

static void
refuses_what_is_no_duration(void **state)
{
	static const char *const rows[] = { "", "5", "s", "5 s", "5sec", "1.5s",
		"5S", "--5s", "+5s", "9223372036854775808ms", "300000000000y" };

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct err e = { 0 };
		int64_t ms = 77;

		if (quantity_duration(bytes_str(rows[i]), &ms, &e) == 0)
			fail_msg("\"%s\" was taken", rows[i]);
		assert_int_equal(ms, 77);
		assert_int_equal(e.code, ERR_USAGE);
		assert_non_null(strstr(e.text, "is not a duration"));
	}
}

static void
takes_sizes_in_bytes_and_binary_units(void **state)
{
	static const struct row rows[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "16B", 16 },
		{ "4KiB", 4096 },
		{ "1MiB", 1048576 },
		{ "2GiB", INT64_C(2147483648) },
	};
	static const char *const bad[] = { "", "KiB", "4kb", "4 KiB", "-1",
		"9223372036854775808" };

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		uint64_t v = 77;

		assert_int_equal(
		    quantity_size(bytes_str(rows[i].text), &v, NULL), 0);
		assert_int_equal(v, rows[i].value);
	}
	for (size_t i = 0; i < nitems(bad); i++) {
		uint64_t v = 77;

		if (quantity_size(bytes_str(bad[i]), &v, NULL) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(v, 77);
	}
}

static void
takes_shares_to_a_ten_thousandth_of_a_percent(void **state)
{
	static const struct row rows[] = {
		{ "0%", 0 },
		{ "10%", 100000 },
		{ "0.5%", 5000 },
		{ "99.9999%", 999999 },
		{ "100%", 1000000 },
		{ "100.0%", 1000000 },
	};
	static const char *const bad[] = { "", "%", "10", "101%", "100.0001%",
		"0.12345%", "1.%", ".5%", "-1%", "1e1%" };

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		uint32_t ppm = 77;

		assert_int_equal(
		    quantity_share(bytes_str(rows[i].text), &ppm, NULL), 0);
		assert_int_equal(ppm, rows[i].value);
	}
	for (size_t i = 0; i < nitems(bad); i++) {
		uint32_t ppm = 77;

		if (quantity_share(bytes_str(bad[i]), &ppm, NULL) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(ppm, 77);
	}
}

static void
takes_only_true_and_false_as_booleans(void **state)
{
	static const char *const bad[] = { "", "yes", "no", "True", "1", "on" };
	bool b = false;

	(void)state;
	assert_int_equal(quantity_bool(bytes_str("true"), &b, NULL), 0);
	assert_true(b);
	for (size_t i = 0; i < nitems(bad); i++) {
		assert_int_equal(
		    quantity_bool(bytes_str(bad[i]), &b, NULL), -1);
		assert_true(b);
	}
	assert_int_equal(quantity_bool(bytes_str("false"), &b, NULL), 0);
	assert_false(b);
}

static void
keeps_numbers_within_their_bounds(void **state)
{
	struct err e = { 0 };
	int64_t v = 77;

	(void)state;
	assert_int_equal(quantity_int(bytes_str("-5"), -5, 10, &v, NULL), 0);
	assert_int_equal(v, -5);
	assert_int_equal(quantity_int(bytes_str("10"), -5, 10, &v, NULL), 0);
	assert_int_equal(v, 10);
	assert_int_equal(quantity_int(bytes_str("11"), -5, 10, &v, &e), -1);
	assert_string_equal(e.text, "11 is not in -5 to 10");
	assert_int_equal(quantity_int(bytes_str("-6"), -5, 10, &v, NULL), -1);
	assert_int_equal(quantity_int(bytes_str("1x"), -5, 10, &v, NULL), -1);
	assert_int_equal(v, 10);
}

static void
shows_strange_bytes_escaped_and_long_values_cut(void **state)
{
	struct err e = { 0 };
	bool b;

	(void)state;
	assert_int_equal(
	    quantity_bool(
		bytes_str("a\nb\x1b[31m-0123456789-0123456789"), &b, &e),
	    -1);
	assert_string_equal(
	    e.text, "\"a\\x0Ab\\x1B[31m-0123456789-...\" is not true or false");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_durations_with_their_unit),
		cmocka_unit_test(refuses_what_is_no_duration),
		cmocka_unit_test(takes_sizes_in_bytes_and_binary_units),
		cmocka_unit_test(takes_shares_to_a_ten_thousandth_of_a_percent),
		cmocka_unit_test(takes_only_true_and_false_as_booleans),
		cmocka_unit_test(keeps_numbers_within_their_bounds),
		cmocka_unit_test(
		    shows_strange_bytes_escaped_and_long_values_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
