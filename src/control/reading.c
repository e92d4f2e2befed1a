/* SPDX-License-Identifier: MIT */
/* Reading scenario files out of calls. They come from whoever may call, so they name no files of this machine. */
#include "control/reading.h"

#include <stdlib.h>

#include "base/text.h"

#define FILE_NAME "scenario"
#define DETAIL_MAX ((size_t)4 << 10)

/* ---- complaints ---- */

/* "FILE:LINE:COL: error: sentence" */
static json_t *
complaint(struct bytes line)
{
	unsigned at[2] = { 0, 0 };
	size_t i = 0;
	bool error;

	while (i < line.n && line.p[i] != ':')
		i++;
	for (unsigned k = 0; k < 2; k++) {
		for (i++; i < line.n && line.p[i] >= '0' && line.p[i] <= '9';
		     i++)
			at[k] = at[k] * 10 + (unsigned)(line.p[i] - '0');
	}
	line = bytes_from(line, i + 2 < line.n ? i + 2 : line.n);
	error = bytes_starts_nocase(line, bytes_str("error: "));
	for (i = 0; i < line.n && line.p[i] != ' ';)
		i++;
	line = bytes_from(line, i + 1 < line.n ? i + 1 : line.n);
	return json_pack("{s:i, s:i, s:s, s:o}", "line", (int)at[0], "column",
	    (int)at[1], "severity", error ? "error" : "warning", "message",
	    json_stringn_nocheck((const char *)line.p, line.n));
}

json_t *
reading_complaints(const struct scenario_report *report)
{
	struct bytes all = buf_bytes(&report->lines);
	json_t *list = json_array();

	while (all.n > 0) {
		const uint8_t *end = memchr(all.p, '\n', all.n);
		size_t n = end == NULL ? all.n : (size_t)(end - all.p);

		json_array_append_new(list, complaint(bytes_of(all.p, n)));
		all = bytes_from(all, n < all.n ? n + 1 : n);
	}
	return list;
}

/* The first that is an error. */
static json_t *
first_error(const json_t *list)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		const char *severity =
		    json_string_value(json_object_get(one, "severity"));

		if (severity != NULL && strcmp(severity, "error") == 0)
			return one;
	}
	return NULL;
}

/* All that is wrong with a text as a problem: its first place, and a list of all. */
static void
report_problem(struct control_call *c, const struct scenario_report *report,
    const struct err *e)
{
	json_t *list, *first, *members;

	if (report->errors == 0) {
		call_failed(c, e);
		return;
	}
	list = reading_complaints(report);
	first = first_error(list);
	if (first == NULL) {
		json_decref(list);
		call_problem(c, 500, "mockndes is out of memory");
		return;
	}
	members =
	    json_pack("{s:O, s:O, s:O}", "line", json_object_get(first, "line"),
		"column", json_object_get(first, "column"), "complaints", list);
	call_problem_with(c, 400, members,
	    json_string_value(json_object_get(first, "message")));
	json_decref(list);
}

/* ---- scenarios ---- */

static int
add(struct control_call *c, struct scenario_set *set, struct scenario *s,
    const char *given)
{
	struct err e = { 0 };
	int rc = scenario_set_add(set, s, given, &e);

	if (rc == -1)
		call_failed(c, &e);
	scenario_free(s);
	return rc;
}

int
reading_text(struct control_call *c, struct bytes text,
    struct scenario_set *set, struct scenario_report *report)
{
	struct err e = { 0 };
	struct scenario *s = scenario_load(FILE_NAME, text, report, &e);

	if (s != NULL)
		return add(c, set, s, NULL);
	report_problem(c, report, &e);
	return -1;
}

static int
add_name(struct control_call *c, const char *name, struct scenario_set *set)
{
	const struct scenario_builtin *b = scenario_builtin_find(name);
	const char *near;
	struct scenario_report report;
	struct scenario *s;
	struct err e = { 0 };
	int rc = -1;

	if (b == NULL) {
		near = scenario_builtin_nearest(name);
		call_problem(c, 404,
		    "there is no built-in scenario \"%.80s\"%s%s%s", name,
		    near != NULL ? "; did you mean \"" : "",
		    near != NULL ? near : "", near != NULL ? "\"?" : "");
		return -1;
	}
	scenario_report_init(&report);
	s = scenario_load(b->name, b->text, &report, &e);
	if (s != NULL)
		rc = add(c, set, s, b->name);
	else
		report_problem(c, &report, &e);
	scenario_report_clear(&report);
	return rc;
}

int
reading_names(
    struct control_call *c, const char *names, struct scenario_set *set)
{
	const char *at = names;

	for (;;) {
		/* '+' in a query may have been a blank */
		size_t n = strcspn(at, "+ ");
		char *name = arena_str(c->arena, bytes_of(at, n));

		if (name == NULL) {
			call_problem(c, 500, "mockndes is out of memory");
			return -1;
		}
		if (add_name(c, name, set) == -1)
			return -1;
		if (at[n] == '\0')
			return 0;
		at += n + 1;
	}
}

static int
read_string(struct control_call *c, json_t *value, struct scenario_set *set)
{
	const char *s = json_string_value(value);
	struct scenario_report report;
	int rc;

	if (strchr(s, '\n') == NULL && strchr(s, ':') == NULL)
		return reading_names(c, s, set);
	scenario_report_init(&report);
	rc = reading_text(c, bytes_str(s), set, &report);
	scenario_report_clear(&report);
	return rc;
}

static int
read_object(struct control_call *c, json_t *value, struct scenario_set *set)
{
	char *text = json_dumps(value, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	struct scenario_report report;
	int rc = -1;

	if (text == NULL) {
		call_problem(c, 500, "mockndes is out of memory");
		return -1;
	}
	scenario_report_init(&report);
	rc = reading_text(c, bytes_str(text), set, &report);
	scenario_report_clear(&report);
	free(text);
	return rc;
}

int
reading_value(struct control_call *c, json_t *value, struct scenario_set *set)
{
	size_t i;
	json_t *one;

	if (json_is_string(value))
		return read_string(c, value, set);
	if (json_is_object(value))
		return read_object(c, value, set);
	if (!json_is_array(value)) {
		call_problem(c, 400,
		    "scenario is a name, the text of a file, a scenario as "
		    "an object, or a list of these");
		return -1;
	}
	json_array_foreach(value, i, one)
	{
		if (json_is_array(one) || reading_value(c, one, set) == -1) {
			if (json_is_array(one))
				call_problem(
				    c, 400, "scenario is a list within a list");
			return -1;
		}
	}
	return 0;
}

/* ---- rules ---- */

static struct rules *
read_rules(struct control_call *c, const struct rule *changed)
{
	struct bytes text = c->rq->body;
	struct scenario_report report;
	struct rules *rules;
	struct err e = { 0 };

	scenario_report_init(&report);
	rules = changed == NULL
	    ? scenario_load_rules("rules", text, NULL, &report, &e)
	    : scenario_change_rule("rules", text, changed, &report, &e);
	if (rules == NULL)
		report_problem(c, &report, &e);
	scenario_report_clear(&report);
	return rules;
}

struct rules *
reading_rules(struct control_call *c)
{
	return read_rules(c, NULL);
}

struct rules *
reading_change(struct control_call *c, const struct rule *rule)
{
	return read_rules(c, rule);
}
