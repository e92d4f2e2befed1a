/* SPDX-License-Identifier: MIT */
/* How a plan says that it can be had again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/plan.h"

static void
add(struct scenario_set *set, const char *text, const char *given)
{
	struct scenario_report report;
	struct err e = { 0 };
	struct scenario *s;

	scenario_report_init(&report);
	s = scenario_load("mine", bytes_str(text), &report, &e);
	assert_non_null(s);
	assert_int_equal(scenario_set_add(set, s, given, &e), 0);
	scenario_free(s);
	scenario_report_clear(&report);
}

static void
expect_repeat(struct scenario_set *set, const char *line)
{
	struct err e = { 0 };
	struct site_plan *p = plan_new(set, 7, &e);

	assert_non_null(p);
	assert_string_equal(p->repeat, line);
	plan_release(p);
}

static void
repeats_what_was_given_as_it_was_given(void **state)
{
	struct err e = { 0 };
	struct scenario_set *set = scenario_set_new(&e);

	(void)state;
	assert_non_null(set);
	expect_repeat(set, "mockndes --seed 7");
	add(set, "mockndes: 1\nname: one\n", "hostile/one");
	add(set, "mockndes: 1\nname: two\n", "it's/a+b.yaml");
	expect_repeat(set,
	    "mockndes --scenario hostile/one --scenario "
	    "'it'\\''s/a+b.yaml' --seed 7");
	scenario_set_unref(set);
}

static void
says_where_a_text_must_be_had_again(void **state)
{
	struct err e = { 0 };
	struct scenario_set *set = scenario_set_new(&e);

	(void)state;
	assert_non_null(set);
	add(set, "mockndes: 1\nname: one\n", NULL);
	expect_repeat(set,
	    "mockndes --scenario one.yaml --seed 7 "
	    "# with the text that the control API was given");
	scenario_set_unref(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_what_was_given_as_it_was_given),
		cmocka_unit_test(says_where_a_text_must_be_had_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
