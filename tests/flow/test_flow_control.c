/* SPDX-License-Identifier: MIT */
/*
 * The model over the control API: what is shown, what a PATCH and a restart
 * do to the deployment behind it, and what is refused without any effect.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "control/control.h"
#include "support/desk.h"

static const struct control_facts facts = {
	.version = "1",
	.scenario = "healthy",
	.scep_url = "http://127.0.0.1:1/certsrv/mscep/mscep.dll",
};

struct office {
	struct desk desk;
	struct control *control;
};

static void
office_open(struct office *o, const char *scenario)
{
	desk_open(&o->desk, scenario);
	o->control = control_new(o->desk.server, &facts, NULL, NULL);
	assert_non_null(o->control);
}

static void
office_close(struct office *o)
{
	control_free(o->control);
	desk_close(&o->desk);
}

/* One call; the document is the caller's. */
static json_t *
call(struct office *o, const char *method, const char *target, const char *body,
    int *status)
{
	struct http_request rq = {
		.method_text = bytes_str(method),
		.target = bytes_str(target),
		.body = bytes_str(body),
	};
	struct http_reply reply = { 0 };
	struct arena arena;
	json_t *json;

	rq.method = http_method_of(rq.method_text);
	http_request_split(&rq);
	arena_init(&arena, (size_t)4 << 20);
	control_answer(o->control, &rq, &arena, &reply);
	*status = reply.status;
	json = json_loadb((const char *)reply.body.p, reply.body.n,
	    JSON_REJECT_DUPLICATES, NULL);
	arena_clear(&arena);
	assert_non_null(json);
	return json;
}

static void
expect(struct office *o, const char *method, const char *target,
    const char *body, int status)
{
	int got;
	json_t *json = call(o, method, target, body, &got);

	if (got != status)
		fail_msg("%s %s %s: %d %s", method, target, body, got,
		    json_string_value(json_object_get(json, "detail")));
	json_decref(json);
}

static long
caps_status(struct office *o, const char *prefix)
{
	struct client_http out;
	char target[256];
	struct desk_request rq = { .target = target };
	long status;

	snprintf(target, sizeof(target), "%s" DESK_PATH "?operation=GetCACaps",
	    prefix);
	desk_ask(&o->desk, &rq, &out);
	status = out.status;
	client_http_clear(&out);
	return status;
}

static json_t *
at(json_t *root, const char *part, const char *key)
{
	return json_object_get(json_object_get(root, part), key);
}

static void
shows_the_model_with_its_types(void **state)
{
	struct office o;
	json_t *json;
	int status;

	(void)state;
	office_open(&o, "pool-stopped");
	json = call(&o, "GET", "/v1/host", "", &status);
	assert_int_equal(status, 200);
	assert_true(json_is_string(at(json, "app_pool", "state")));
	assert_string_not_equal(
	    json_string_value(at(json, "app_pool", "state")), "started");
	assert_true(json_is_true(at(json, "rights", "impersonate")));
	assert_int_equal(
	    json_integer_value(at(json, "registry", "PasswordMax")), 5);
	assert_int_equal(
	    json_integer_value(json_object_get(
		at(json, "iis", "request_filtering"), "maxQueryString")),
	    65534);
	assert_true(json_is_array(at(json, "caps", "tokens")));
	json_decref(json);
	expect(&o, "GET", "/v1/host?view=in-force", "", 200);
	expect(&o, "GET", "/v1/host?view=both", "", 400);
	office_close(&o);
}

static void
what_get_shows_patch_takes(void **state)
{
	struct office o;
	json_t *json, *again;
	char *text;
	int status;

	(void)state;
	office_open(&o, "healthy");
	json = call(&o, "GET", "/v1/host", "", &status);
	text = json_dumps(json, JSON_COMPACT);
	expect(&o, "PATCH", "/v1/host", text, 200);
	again = call(&o, "GET", "/v1/host", "", &status);
	assert_true(json_equal(json, again));
	free(text);
	json_decref(json);
	json_decref(again);
	office_close(&o);
}

static void
a_patch_that_acts_at_once_heals_at_once(void **state)
{
	struct office o;

	(void)state;
	office_open(&o, "pool-stopped");
	assert_int_equal(caps_status(&o, ""), 503);
	expect(&o, "PATCH", "/v1/host",
	    "{\"app_pool\":{\"state\":\"started\"}}", 200);
	assert_int_equal(caps_status(&o, ""), 200);
	expect(&o, "PATCH", "/v1/host",
	    "{\"app_pool\":{\"state\":\"stopped\"}}", 200);
	assert_int_equal(caps_status(&o, ""), 503);
	expect(&o, "POST", "/v1/restart/iis", "", 200);
	assert_int_equal(caps_status(&o, ""), 503);
	expect(&o, "POST", "/v1/restart/app-pool", "", 200);
	assert_int_equal(caps_status(&o, ""), 200);
	office_close(&o);
}

static void
a_right_waits_for_the_restart_that_brings_it(void **state)
{
	struct office o;
	json_t *json, *first;
	int status;

	(void)state;
	office_open(&o, "impersonation");
	assert_int_equal(caps_status(&o, ""), 500);
	json = call(&o, "PATCH", "/v1/host",
	    "{\"rights\":{\"impersonate\":true}}", &status);
	assert_int_equal(status, 200);
	first = json_array_get(json_object_get(json, "pending"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "key")),
	    "rights.impersonate");
	assert_string_equal(
	    json_string_value(json_object_get(first, "restart")), "computer");
	json_decref(json);
	assert_int_equal(caps_status(&o, ""), 500);
	expect(&o, "POST", "/v1/restart/app-pool", "", 200);
	expect(&o, "POST", "/v1/restart/iis", "", 200);
	assert_int_equal(caps_status(&o, ""), 500);
	json = call(&o, "POST", "/v1/restart/computer", "", &status);
	assert_int_equal(json_array_size(json_object_get(json, "pending")), 0);
	json_decref(json);
	assert_int_equal(caps_status(&o, ""), 200);
	office_close(&o);
}

static void
mending_the_ra_certificate_waits_for_the_pool(void **state)
{
	struct office o;

	(void)state;
	office_open(&o, "ra-expired");
	expect(&o, "PATCH", "/v1/host",
	    "{\"ra\":{\"signing\":\"valid\",\"encryption\":\"valid\"}}", 200);
	assert_int_equal(caps_status(&o, ""), 500);
	expect(&o, "POST", "/v1/restart/app-pool", "", 200);
	assert_int_equal(caps_status(&o, ""), 200);
	office_close(&o);
}

static void
a_patch_with_any_mistake_changes_nothing(void **state)
{
	static const struct {
		const char *body, *detail;
	} rows[] = {
		{ "{\"app_pool\":{\"state\":\"stopped\",\"stat\":1}}",
		    "did you mean app_pool.state" },
		{ "{\"app_pool\":{\"state\":\"stopped\"},\"registry\":{"
		  "\"PasswordMax\":-1}}",
		    "registry.PasswordMax: " },
		{ "{\"app_pool\":{\"state\":\"stopped\"},\"registry\":{"
		  "\"PasswordLength\":0}}",
		    "registry.PasswordLength: \"0\" is not a whole number "
		    "from 1 to 255" },
		{ "{\"app_pool\":{\"state\":\"stopped\"},\"caps\":{"
		  "\"tokens\":[\"\"]}}",
		    "caps.tokens: \"\" is not an item of 1 to 63 bytes "
		    "without control characters" },
		{ "{\"app_pool\":{\"state\":\"stopped\"},\"rights\":{"
		  "\"impersonate\":\"no\"}}",
		    "rights.impersonate" },
		{ "{\"app_pool\":\"stopped\"}", "there is no key app_pool" },
		{ "{\"caps\":{\"tokens\":\"AES\"}}", "caps.tokens is a list" },
		{ "{\"caps\":{\"tokens\":[\"AES\",5]}}", "item 1" },
		{ "{\"http_sys\":{\"MaxFieldLength\":\"100\"}}",
		    "http_sys.MaxFieldLength" },
		{ "{\"app_pool\":{\"state\":\"stopped\"},\"tls\":{"
		  "\"maximum_version\":\"tls1.1\"}}",
		    "tls.minimum_version (tls1.2) is above tls.maximum_version (tls1.1)" },
		{ "{\"app_pool\":{\"state\":\"stopped\"},\"tls\":{"
		  "\"client_certificate\":\"must\"}}",
		    "tls.client_certificate: \"must\" is not one of none, "
		    "asked, required" },
		{ "[]", "object" },
		{ "{\"app_pool\":", "" },
		{ "", "" },
	};
	struct office o;

	(void)state;
	office_open(&o, "healthy");
	for (size_t i = 0; i < nitems(rows); i++) {
		int status;
		json_t *json =
		    call(&o, "PATCH", "/v1/host", rows[i].body, &status);
		const char *detail =
		    json_string_value(json_object_get(json, "detail"));

		assert_int_equal(status, 400);
		if (strstr(detail, rows[i].detail) == NULL)
			fail_msg("%s: %s", rows[i].body, detail);
		if (strchr(rows[i].detail, '"') != NULL)
			assert_string_equal(detail, rows[i].detail);
		json_decref(json);
		assert_int_equal(caps_status(&o, ""), 200);
	}
	office_close(&o);
}

static void
a_syntax_error_has_its_place(void **state)
{
	struct office o;
	json_t *json;
	int status;

	(void)state;
	office_open(&o, "healthy");
	json = call(&o, "PATCH", "/v1/host", "{\n  \"rights\": }", &status);
	assert_int_equal(status, 400);
	assert_int_equal(json_integer_value(json_object_get(json, "line")), 2);
	assert_true(json_integer_value(json_object_get(json, "column")) > 0);
	json_decref(json);
	office_close(&o);
}

static void
null_brings_a_default_back(void **state)
{
	struct office o;
	json_t *json;
	int status;

	(void)state;
	office_open(&o, "uri-too-long");
	expect(&o, "PATCH", "/v1/host",
	    "{\"http_sys\":{\"MaxFieldLength\":null},\"caps\":{\"tokens\":"
	    "null}}",
	    200);
	json = call(&o, "GET", "/v1/host", "", &status);
	assert_int_equal(
	    json_integer_value(at(json, "http_sys", "MaxFieldLength")), 65534);
	json_decref(json);
	office_close(&o);
}

static void
sites_of_the_catalogue_are_strangers_to_each_other(void **state)
{
	struct office o;

	(void)state;
	office_open(&o, "healthy");
	assert_int_equal(caps_status(&o, "/x/pool-stopped"), 503);
	assert_int_equal(caps_status(&o, "/X/impersonation"), 500);
	assert_int_equal(caps_status(&o, ""), 200);
	expect(&o, "PATCH", "/v1/host?site=x/pool-stopped",
	    "{\"app_pool\":{\"state\":\"started\"}}", 200);
	assert_int_equal(caps_status(&o, "/x/pool-stopped"), 200);
	assert_int_equal(caps_status(&o, "/x/impersonation"), 500);
	expect(&o, "PATCH", "/v1/host",
	    "{\"app_pool\":{\"state\":\"stopped\"}}", 200);
	assert_int_equal(caps_status(&o, "/x/pool-stopped"), 200);
	assert_int_equal(caps_status(&o, ""), 503);
	expect(&o, "PATCH", "/v1/host?site=x/nothing", "{}", 404);
	expect(&o, "GET", "/v1/host?site=elsewhere", "", 404);
	expect(&o, "POST", "/v1/restart/world", "", 404);
	expect(&o, "GET", "/v1/restart/iis", "", 405);
	office_close(&o);
}

static void
the_catalogue_tells_symptom_cause_and_mending(void **state)
{
	struct office o;
	json_t *json, *entry, *clue;
	size_t i, seen = 0;
	int status;

	(void)state;
	office_open(&o, "healthy");
	json = call(&o, "GET", "/v1/scenarios", "", &status);
	assert_int_equal(status, 200);
	json_array_foreach(json_object_get(json, "scenarios"), i, entry)
	{
		const char *name =
		    json_string_value(json_object_get(entry, "name"));
		json_t *steps = json_object_get(entry, "resolution");

		if (strcmp(name, "impersonation") != 0)
			continue;
		seen++;
		assert_string_equal(
		    json_string_value(json_object_get(entry, "scep_url")),
		    "http://127.0.0.1:1/x/impersonation/certsrv/mscep/"
		    "mscep.dll");
		assert_true(json_is_true(
		    at(json_object_get(json_array_get(steps, 0), "patch"),
			"rights", "impersonate")));
		assert_string_equal(json_string_value(json_object_get(
					json_array_get(steps, 1), "restart")),
		    "computer");
		assert_string_equal(
		    json_string_value(json_object_get(entry, "fidelity")),
		    "seen");
		clue = json_array_get(json_object_get(entry, "evidence"), 0);
		assert_string_equal(
		    json_string_value(json_object_get(clue, "log")), "iis");
		assert_non_null(
		    strstr(json_string_value(json_object_get(clue, "look_for")),
			"500 0 1346"));
	}
	assert_int_equal(seen, 1);
	json_decref(json);
	office_close(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_the_model_with_its_types),
		cmocka_unit_test(what_get_shows_patch_takes),
		cmocka_unit_test(a_patch_that_acts_at_once_heals_at_once),
		cmocka_unit_test(a_right_waits_for_the_restart_that_brings_it),
		cmocka_unit_test(mending_the_ra_certificate_waits_for_the_pool),
		cmocka_unit_test(a_patch_with_any_mistake_changes_nothing),
		cmocka_unit_test(a_syntax_error_has_its_place),
		cmocka_unit_test(null_brings_a_default_back),
		cmocka_unit_test(
		    sites_of_the_catalogue_are_strangers_to_each_other),
		cmocka_unit_test(the_catalogue_tells_symptom_cause_and_mending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
