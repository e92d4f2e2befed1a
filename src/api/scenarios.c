/* SPDX-License-Identifier: MIT */
/* Scenario files without a server: validating them, listing the built-in ones, reading their parts. */
#include <stdlib.h>

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
	uint8_t *text = NULL;
	size_t n;

	buf_init(&b, SCENARIO_FILE_MAX);
	for (size_t i = 0; i < scenario_step_count(s); i++)
		buf_addf(&b, "%zu. %s\n", i + 1, scenario_step_say(s, i));
	if (buf_take(&b, &text, &n) == -1)
		text = NULL;
	buf_clear(&b);
	return (char *)text;
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
		{ "yaml", scenario_text },
	};

	for (size_t i = 0; i < nitems(parts); i++) {
		if (strcmp(part, parts[i].part) == 0)
			return strdup(parts[i].get(s));
	}
	return strcmp(part, "resolution") == 0 ? steps(s) : NULL;
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
