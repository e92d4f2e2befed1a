/* SPDX-License-Identifier: MIT */
/* What a loaded scenario tells, and reports. Loading is in load.c. */
#include "scenario/scenario.h"

#include <assert.h>

#include "scenario/plan.h"

#define REPORT_MAX ((size_t)64 << 20) /* many files, all at their worst */

void
scenario_report_init(struct scenario_report *r)
{
	*r = (struct scenario_report){ 0 };
	buf_init(&r->lines, REPORT_MAX);
}

void
scenario_report_clear(struct scenario_report *r)
{
	buf_clear(&r->lines);
	r->errors = r->warnings = r->line = r->column = 0;
}

const char *
scenario_name(const struct scenario *s)
{
	return s->name;
}

const char *
scenario_title(const struct scenario *s)
{
	return s->title;
}

const char *
scenario_source(const struct scenario *s)
{
	return s->source;
}

const char *
scenario_symptom(const struct scenario *s)
{
	return s->symptom;
}

const char *
scenario_cause(const struct scenario *s)
{
	return s->cause;
}

const char *
scenario_text(const struct scenario *s)
{
	return s->text;
}

enum scenario_fidelity
scenario_fidelity(const struct scenario *s)
{
	return s->fidelity;
}

size_t
scenario_evidence_count(const struct scenario *s)
{
	return s->clue_count;
}

struct scenario_clue
scenario_evidence_get(const struct scenario *s, size_t i)
{
	assert(i < s->clue_count);
	return s->clues[i];
}

size_t
scenario_step_count(const struct scenario *s)
{
	return s->step_count;
}

const char *
scenario_step_say(const struct scenario *s, size_t i)
{
	assert(i < s->step_count);
	return s->steps[i].say;
}

enum scenario_action
scenario_step_action(const struct scenario *s, size_t i)
{
	assert(i < s->step_count);
	return s->steps[i].action;
}

void
scenario_step_apply(const struct scenario *s, size_t i, struct host *host)
{
	assert(i < s->step_count);
	edit_apply(&s->steps[i].edits, host);
}

enum scenario_restart
scenario_step_restart(const struct scenario *s, size_t i)
{
	assert(i < s->step_count);
	return s->steps[i].restart;
}

struct rules *
scenario_rules(const struct scenario *s)
{
	return s->rules;
}

size_t
scenario_expect_count(const struct scenario *s)
{
	return s->expect_count;
}

const struct expect *
scenario_expect(const struct scenario *s, size_t i)
{
	assert(i < s->expect_count);
	return &s->expects[i];
}

void
scenario_apply(const struct scenario *s, struct host *host)
{
	edit_apply(&s->host, host);
}
