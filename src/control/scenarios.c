/* SPDX-License-Identifier: MIT */
/* The catalogue: each built-in scenario with its symptom, cause, resolution and URL. */
#include "control/call.h"
#include "scenario/scenario.h"

#define PATCH_MAX ((size_t)64 << 10)

/* What a step sets, as the body of a PATCH of the model. */
static json_t *
patch_of(const struct scenario *s, size_t step)
{
	struct buf text;
	json_t *json;

	buf_init(&text, PATCH_MAX);
	scenario_step_patch(s, step, &text);
	json = json_loads(buf_str(&text), 0, NULL);
	buf_clear(&text);
	return json == NULL ? json_null() : json;
}

/* The steps' own words, with what POST and PATCH would do for each. */
static json_t *
resolution(const struct scenario *s)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < scenario_step_count(s); i++) {
		json_t *step =
		    json_pack("{s:s}", "say", scenario_step_say(s, i));

		if (scenario_step_action(s, i) == SCENARIO_SET)
			json_object_set_new(step, "patch", patch_of(s, i));
		if (scenario_step_action(s, i) == SCENARIO_RESTART)
			json_object_set_new(step, "restart",
			    json_string(scenario_restart_name(
				scenario_step_restart(s, i))));
		json_array_append_new(steps, step);
	}
	return steps;
}

/* The log lines to look for. */
static json_t *
evidence(const struct scenario *s)
{
	json_t *clues = json_array();

	for (size_t i = 0; i < scenario_evidence_count(s); i++) {
		struct scenario_clue clue = scenario_evidence_get(s, i);

		json_array_append_new(clues,
		    json_pack("{s:s, s:s}", "log", scenario_log_name(clue.log),
			"look_for", clue.look_for));
	}
	return clues;
}

static json_t *
entry(const struct control *c, const struct scenario *s, const char *name)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}",
	    "name", name, "title", scenario_title(s), "source",
	    scenario_source(s), "fidelity",
	    scenario_fidelity_name(scenario_fidelity(s)), "symptom",
	    scenario_symptom(s), "cause", scenario_cause(s), "resolution",
	    resolution(s), "evidence", evidence(s), "scep_url",
	    c->url == NULL ? json_null()
			   : json_sprintf("%s/x/%s/certsrv/mscep/mscep.dll",
				 c->url, name));
}

static void
list(struct control_call *c)
{
	size_t n;
	const struct scenario_builtin *all = scenario_builtins(&n);
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		struct scenario_report report;
		struct scenario *s;

		scenario_report_init(&report);
		s = scenario_load(all[i].name, all[i].text, &report, NULL);
		if (s != NULL)
			json_array_append_new(
			    array, entry(c->control, s, all[i].name));
		scenario_free(s);
		scenario_report_clear(&report);
	}
	call_json(c, 200, json_pack("{s:o}", "scenarios", array));
}

const struct control_route control_scenarios_routes[] = {
	{ "GET", "/v1/scenarios", CALL_TOKEN, list, NULL },
	{ 0 },
};
