/* SPDX-License-Identifier: MIT */
/* Scenario files without a server: validating them, listing the built-in ones, reading their parts. */
#include <stdlib.h>

#include "control/schema.h"
#include "fault/expect.h"
#include "fault/rule.h"
#include "mockndes.h"
#include "scenario/scenario.h"

char *
mockndes_check(const char *name_or_path, unsigned *errors)
{
	struct scenario_report report;
	struct err e = { 0 };
	struct scenario *s;
	uint8_t *text = NULL;
	size_t n;

	scenario_report_init(&report);
	s = scenario_open(name_or_path, &report, &e);
	if (s == NULL && report.errors == 0) {
		buf_addf(
		    &report.lines, "%s: error: %s\n", name_or_path, e.text);
		report.errors = 1;
	}
	*errors = report.errors;
	if (buf_take(&report.lines, &text, &n) == -1)
		text = NULL;
	scenario_free(s);
	scenario_report_clear(&report);
	return (char *)text;
}

static char *
taken(struct buf *b)
{
	uint8_t *text = NULL;
	size_t n;

	if (buf_take(b, &text, &n) == -1)
		text = NULL;
	buf_clear(b);
	return (char *)text;
}

#define DRAWS 50
#define DRAWS_TEXT_MAX ((size_t)64 << 20)

char *
mockndes_draws(const char *name_or_path, unsigned long long seed)
{
	struct scenario_report report;
	struct err e = { 0 };
	struct scenario *s;
	char *text = NULL;
	struct buf b;

	scenario_report_init(&report);
	s = scenario_open(name_or_path, &report, &e);
	if (s != NULL) {
		buf_init(&b, DRAWS_TEXT_MAX);
		rules_print_draws(scenario_rules(s), seed, DRAWS, &b);
		text = b.n == 0 ? strdup("") : taken(&b);
	}
	scenario_free(s);
	scenario_report_clear(&report);
	return text;
}

const char *
mockndes_builtin(size_t i)
{
	size_t count;
	const struct scenario_builtin *all = scenario_builtins(&count);

	return i < count ? all[i].name : NULL;
}

static char *
steps(const struct scenario *s)
{
	struct buf b;

	buf_init(&b, SCENARIO_FILE_MAX);
	for (size_t i = 0; i < scenario_step_count(s); i++)
		buf_addf(&b, "%zu. %s\n", i + 1, scenario_step_say(s, i));
	return taken(&b);
}

/* Steps as "resolution" has them, each with the call that performs it below. */
static char *
mend(const struct scenario *s)
{
	struct buf b;

	buf_init(&b, SCENARIO_FILE_MAX);
	for (size_t i = 0; i < scenario_step_count(s); i++) {
		buf_addf(&b, "%zu. %s\n", i + 1, scenario_step_say(s, i));
		switch (scenario_step_action(s, i)) {
		case SCENARIO_SAY_ONLY:
			break;
		case SCENARIO_SET:
			buf_add_str(&b, "\tPATCH /v1/host ");
			scenario_step_patch(s, i, &b);
			buf_add_byte(&b, '\n');
			break;
		case SCENARIO_RESTART:
			buf_addf(&b, "\tPOST /v1/restart/%s\n",
			    scenario_restart_name(scenario_step_restart(s, i)));
			break;
		}
	}
	return taken(&b);
}

static char *
evidence(const struct scenario *s)
{
	struct buf b;

	buf_init(&b, SCENARIO_FILE_MAX);
	for (size_t i = 0; i < scenario_evidence_count(s); i++) {
		struct scenario_clue clue = scenario_evidence_get(s, i);

		if (clue.log == SCENARIO_LOG_NONE)
			buf_addf(&b, "%s\n", clue.look_for);
		else
			buf_addf(&b, "%s: %s\n", scenario_log_title(clue.log),
			    clue.look_for);
	}
	return taken(&b);
}

static char *
expect(const struct scenario *s)
{
	struct buf b;

	buf_init(&b, SCENARIO_FILE_MAX);
	for (size_t i = 0; i < scenario_expect_count(s); i++) {
		const struct expect *x = scenario_expect(s, i);

		expect_print(x, &b);
		if (x->severity == EXPECT_WARNING)
			buf_add_str(&b, " (warning)");
		if (x->say != NULL)
			buf_addf(&b, ": %s", x->say);
		buf_add_byte(&b, '\n');
	}
	return taken(&b);
}

static const char *
fidelity(const struct scenario *s)
{
	return scenario_fidelity_name(scenario_fidelity(s));
}

static char *
part_of(const struct scenario *s, const char *part)
{
	static const struct {
		const char *part;
		const char *(*get)(const struct scenario *s);
	} parts[] = {
		{ "name", scenario_name },
		{ "title", scenario_title },
		{ "source", scenario_source },
		{ "symptom", scenario_symptom },
		{ "cause", scenario_cause },
		{ "fidelity", fidelity },
		{ "yaml", scenario_text },
	};
	static const struct {
		const char *part;
		char *(*get)(const struct scenario *s);
	} lists[] = {
		{ "resolution", steps },
		{ "mend", mend },
		{ "evidence", evidence },
		{ "expect", expect },
	};

	for (size_t i = 0; i < nitems(parts); i++) {
		if (strcmp(part, parts[i].part) == 0)
			return strdup(parts[i].get(s));
	}
	for (size_t i = 0; i < nitems(lists); i++) {
		if (strcmp(part, lists[i].part) == 0)
			return lists[i].get(s);
	}
	return NULL;
}

char *
mockndes_scenario_part(const char *name_or_path, const char *part)
{
	struct scenario_report report;
	struct err e = { 0 };
	struct scenario *s;
	char *text = NULL;

	scenario_report_init(&report);
	s = scenario_open(name_or_path, &report, &e);
	if (s != NULL)
		text = part_of(s, part);
	scenario_free(s);
	scenario_report_clear(&report);
	return text;
}

char *
mockndes_schema(void)
{
	struct buf b;
	uint8_t *text = NULL;
	size_t n;

	buf_init(&b, SCENARIO_FILE_MAX);
	if (control_schema(&b, NULL) == -1 || buf_take(&b, &text, &n) == -1)
		text = NULL;
	buf_clear(&b);
	return (char *)text;
}
