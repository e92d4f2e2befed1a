/* SPDX-License-Identifier: MIT */
/* Loading a scenario from a text, and what must come of it. For test programs in this folder. */
#ifndef UNIT_SCENARIO_LOAD_H
#define UNIT_SCENARIO_LOAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenario/scenario.h"

static inline struct scenario *
load_str(const char *text, struct scenario_report *r)
{
	struct err e = { 0 };
	struct scenario *s;

	scenario_report_init(r);
	s = scenario_load("f.yaml", bytes_str(text), r, &e);
	assert_int_equal(e.code, ERR_NONE);
	return s;
}

/* Loads without a complaint. */
static inline struct scenario *
load_sound(const char *text)
{
	struct scenario_report r;
	struct scenario *s = load_str(text, &r);

	assert_string_equal(buf_str(&r.lines), "");
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.line, 0);
	assert_non_null(s);
	scenario_report_clear(&r);
	return s;
}

static inline void
refused_with(const char *text, const char *lines)
{
	struct scenario_report r;

	assert_null(load_str(text, &r));
	assert_string_equal(buf_str(&r.lines), lines);
	scenario_report_clear(&r);
}

#endif
