/* SPDX-License-Identifier: MIT */
/* The scenarios in force: shown, switched, brought back; and files that are only checked. */
#include "control/reading.h"

#include "control/shown.h"

static json_t *
one(const struct scenario *s)
{
	return json_pack("{s:s, s:s, s:s, s:I}", "name", scenario_name(s),
	    "title", scenario_title(s), "text", scenario_text(s), "expects",
	    (json_int_t)scenario_expect_count(s));
}

static void
answer(struct control_call *c, struct site *site,
    const struct scenario_report *report)
{
	struct site_snapshot *now = site_acquire(site);
	const struct site_plan *p = now->plan;
	json_t *list = json_array(), *doc;

	for (size_t i = 0; i < scenario_set_count(p->scenarios); i++)
		json_array_append_new(
		    list, one(scenario_set_get(p->scenarios, i)));
	doc = json_pack("{s:s, s:I, s:b, s:b, s:o}", "name",
	    scenario_set_names(p->scenarios), "seed", (json_int_t)p->seed,
	    "rules_changed", (int)p->rules_changed, "temporary",
	    (int)site_is_temporary(site), "scenarios", list);
	site_release(now);
	if (report != NULL)
		json_object_set_new(
		    doc, "warnings", reading_complaints(report));
	call_json(c, 200, doc);
}

static void
get(struct control_call *c)
{
	struct site *site = call_site(c);

	if (site != NULL)
		answer(c, site, NULL);
}

static int
read_query(struct control_call *c, struct scenario_set *set, bool *named)
{
	struct bytes query = c->rq->query, pair, value;

	while (shown_next_pair(&query, &pair, &value)) {
		const char *names = shown_text(c, value);

		if (!bytes_eq(pair, BYTES_LIT("name")))
			continue;
		*named = true;
		if (reading_names(c, names, set) == -1)
			return -1;
	}
	return 0;
}

/* What the call is about, or NULL: a problem is the answer. */
static struct scenario_set *
read_call(struct control_call *c, struct scenario_report *report)
{
	struct err e = { 0 };
	struct scenario_set *set = scenario_set_new(&e);
	bool named = false;
	int rc;

	if (set == NULL) {
		call_failed(c, &e);
		return NULL;
	}
	rc = read_query(c, set, &named);
	if (rc == 0 && named && c->rq->body.n > 0) {
		call_problem(c, 400, "there is both ?name= and a body");
		rc = -1;
	} else if (rc == 0 && !named) {
		rc = reading_text(c, c->rq->body, set, report);
	}
	if (rc == 0)
		return set;
	scenario_set_unref(set);
	return NULL;
}

static void
put(struct control_call *c)
{
	struct site *site = call_site(c);
	struct scenario_report report;
	struct scenario_set *set = NULL;
	struct err e = { 0 };
	int64_t ttl_ms = 0;

	scenario_report_init(&report);
	if (site != NULL && shown_ttl(c, &ttl_ms) == 0)
		set = read_call(c, &report);
	if (set == NULL)
		;
	else if (site_use_scenarios(site, set, ttl_ms, &e) == -1)
		call_failed(c, &e);
	else
		answer(c, site, &report);
	scenario_set_unref(set);
	scenario_report_clear(&report);
}

static void
bring_back(struct control_call *c)
{
	struct site *site = call_site(c);
	struct err e = { 0 };

	if (site == NULL)
		return;
	if (site_use_scenarios(site, NULL, 0, &e) == -1)
		call_failed(c, &e);
	else
		answer(c, site, NULL);
}

static void
check(struct control_call *c)
{
	struct scenario_report report;
	struct scenario_set *set;
	struct err e = { 0 };
	struct host *host;

	scenario_report_init(&report);
	set = read_call(c, &report);
	host = arena_alloc(c->arena, sizeof(*host));
	if (set != NULL && host == NULL)
		call_problem(c, 500, "mockndes is out of memory");
	else if (set != NULL && scenario_set_model(set, host, &e) == -1)
		call_failed(c, &e);
	else if (set != NULL)
		call_json(c, 200,
		    json_pack("{s:s, s:b, s:o}", "name",
			scenario_set_names(set), "sound", 1, "warnings",
			reading_complaints(&report)));
	scenario_set_unref(set);
	scenario_report_clear(&report);
}

const struct control_route control_scenario_routes[] = {
	{ "GET", "/v1/scenario", CALL_TOKEN | CALL_SERVER | CALL_SITE, get,
	    NULL },
	{ "PUT", "/v1/scenario", CALL_TOKEN | CALL_SERVER | CALL_SITE, put,
	    "name ttl" },
	{ "DELETE", "/v1/scenario", CALL_TOKEN | CALL_SERVER | CALL_SITE,
	    bring_back, "" },
	{ "POST", "/v1/scenario/check", CALL_TOKEN, check, "name" },
	{ 0 },
};
