/* SPDX-License-Identifier: MIT */
/* How much a scenario file may hold, and how complaints about it are counted and cut. */
#include "scenario_load.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

/* ---- limits ---- */

static void
bounds_every_text(void **state)
{
	static const struct {
		const char *head, *tail, *line;
		size_t max;
	} rows[] = {
		{ "mockndes: 1\ntitle: ", "\n",
		    "f.yaml:2:8: error: title is longer than 200 bytes\n",
		    200 },
		{ "mockndes: 1\nsource: ", "\n",
		    "f.yaml:2:9: error: source is longer than 8192 bytes\n",
		    8192 },
		{ "mockndes: 1\nsymptom: ", "\n",
		    "f.yaml:2:10: error: symptom is longer than 8192 bytes\n",
		    8192 },
		{ "mockndes: 1\ncause: ", "\n",
		    "f.yaml:2:8: error: cause is longer than 8192 bytes\n",
		    8192 },
		{ "mockndes: 1\nresolution: [{say: ", "}]\n",
		    "f.yaml:2:20: error: \"say\" must have 1 to 4096 bytes\n",
		    4096 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf b;

		for (size_t n = rows[i].max; n <= rows[i].max + 1; n++) {
			buf_init(&b, 1u << 20);
			buf_add_str(&b, rows[i].head);
			for (size_t k = 0; k < n; k++)
				buf_add_byte(&b, 'x');
			buf_add_str(&b, rows[i].tail);
			if (n > rows[i].max)
				refused_with(buf_str(&b), rows[i].line);
			else
				scenario_free(load_sound(buf_str(&b)));
			buf_clear(&b);
		}
	}
}

static void
takes_a_file_of_the_greatest_size_only(void **state)
{
	struct scenario_report r;
	struct scenario *s;
	struct err e = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, SCENARIO_FILE_MAX + 1);
	buf_add_str(&b, "mockndes: 1\n#");
	while (b.n < SCENARIO_FILE_MAX)
		buf_add_byte(&b, 'x');
	scenario_report_init(&r);
	s = scenario_load("f", buf_bytes(&b), &r, &e);
	assert_non_null(s);
	scenario_free(s);
	buf_add_byte(&b, 'x');
	assert_null(scenario_load("f", buf_bytes(&b), &r, &e));
	assert_string_equal(buf_str(&r.lines),
	    "f:1:1: error: the file is larger than 4194304 bytes\n");
	assert_int_equal(e.code, ERR_NONE);
	scenario_report_clear(&r);
	buf_clear(&b);
}

static void
lists_a_thousand_mistakes_and_counts_the_rest(void **state)
{
	struct scenario_report r;
	struct buf b;
	size_t lines = 0;

	(void)state;
	for (unsigned n = 1000; n <= 1002; n++) {
		buf_init(&b, 1u << 20);
		buf_add_str(&b, "mockndes: 1\n");
		for (unsigned i = 0; i < n; i++)
			buf_addf(&b, "unknown-%u: x\n", i);
		assert_null(load_str(buf_str(&b), &r));
		assert_int_equal(r.errors, n);
		lines = 0;
		for (size_t i = 0; i < r.lines.n; i++)
			lines += r.lines.p[i] == '\n';
		assert_int_equal(lines, n == 1000 ? 1000 : 1001);
		if (n == 1002)
			assert_non_null(strstr(buf_str(&r.lines),
			    "\nf.yaml:1002:1: error: 2 more mistakes, from "
			    "here on, are not listed\n"));
		scenario_report_clear(&r);
		buf_clear(&b);
	}
}

static void
reports_several_files_into_one_report(void **state)
{
	struct scenario_report r;
	struct err e = { 0 };

	(void)state;
	scenario_report_init(&r);
	assert_null(
	    scenario_load("a", BYTES_LIT("mockndes: 1\nx: 1\n"), &r, &e));
	assert_null(scenario_load("b", BYTES_LIT("mockndes: 2\n"), &r, &e));
	assert_string_equal(buf_str(&r.lines),
	    "a:2:1: error: there is no key \"x\"\n"
	    "b:1:11: error: this version of mockndes reads format 1, not "
	    "\"2\"\n");
	assert_int_equal(r.errors, 2);
	assert_int_equal(r.line, 2);
	assert_int_equal(r.column, 1);
	scenario_report_clear(&r);
	assert_int_equal(r.errors, 0);
	scenario_report_clear(&r);
}

static void
keeps_a_complaint_on_one_line(void **state)
{
	struct scenario_report r;
	struct err e = { 0 };

	(void)state;
	scenario_report_init(&r);
	assert_null(scenario_load(
	    "a\nb\033[1m", BYTES_LIT("mockndes: 1\n\"x\\ny\": 1\n"), &r, &e));
	assert_string_equal(
	    buf_str(&r.lines), "a?b?[1m:2:1: error: there is no key \"x y\"\n");
	scenario_report_clear(&r);
}

static void
counts_columns_in_characters(void **state)
{
	(void)state;
	refused_with(
	    "mockndes: 1\nhost: { \"\xc3\xa9\xe2\x82\xac\": 1, x: 2 }\n",
	    "f.yaml:2:9: error: there is no key \"host.\xc3\xa9\xe2\x82\xac\"\n"
	    "f.yaml:2:18: error: there is no key \"host.x\"\n");
}

static void
cuts_a_quotation_between_characters(void **state)
{
	struct scenario_report r;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	buf_add_str(&b, "mockndes: 1\na");
	for (int i = 0; i < 40; i++)
		buf_add_str(&b, "\xc3\xa9");
	buf_add_str(&b, ": 1\n");
	assert_null(load_str(buf_str(&b), &r));
	/* 59 bytes: the sixtieth is the first half of an e acute */
	assert_non_null(strstr(buf_str(&r.lines), "\xc3\xa9...\"\n"));
	assert_int_equal(r.lines.n,
	    strlen("f.yaml:2:1: error: there is no key \"\"\n") + 59 + 3);
	scenario_report_clear(&r);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_every_text),
		cmocka_unit_test(takes_a_file_of_the_greatest_size_only),
		cmocka_unit_test(lists_a_thousand_mistakes_and_counts_the_rest),
		cmocka_unit_test(reports_several_files_into_one_report),
		cmocka_unit_test(keeps_a_complaint_on_one_line),
		cmocka_unit_test(counts_columns_in_characters),
		cmocka_unit_test(cuts_a_quotation_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
