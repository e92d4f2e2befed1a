/* SPDX-License-Identifier: MIT */
/* A site that is changed while it runs: scenarios and rules, for good and for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/office.h"
#include "support/world.h"

/* What so many GetCACaps are answered: a digit each, the first of the status. */
static void
run(struct office *o, unsigned n, char *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = (char)('0' + office_caps(o, "") / 100);
	out[n] = 0;
}

#define ONCE                                                            \
	"mockndes: 1\nname: once\nrules:\n  - id: once\n    times: 1\n" \
	"    then: { reply: { status: 504 } }\n"
#define HALF                                                               \
	"mockndes: 1\nname: half\nrules:\n  - id: half\n    chance: 50%\n" \
	"    then: { reply: { status: 504 } }\n"
#define STOPPED \
	"mockndes: 1\nname: stopped\nhost: { app_pool: { state: stopped } }\n"

/* ---- scenarios ---- */

static void
a_switch_is_in_force_at_once_and_delete_brings_back(void **state)
{
	struct office o;
	json_t *doc;

	(void)state;
	office_open(&o, NULL);
	/* a right waits for a restart when it is patched, and not here */
	doc = office_call(&o, "PUT", "/v1/scenario",
	    "{\"mockndes\":1,\"name\":\"a\",\"host\":{\"rights\":"
	    "{\"impersonate\":false}}}",
	    200);
	office_is(doc, "name", "a");
	office_is(doc, "scenarios.0.name", "a");
	json_decref(doc);
	assert_int_equal(office_caps(&o, ""), 500);
	doc = office_call(&o, "DELETE", "/v1/scenario", NULL, 200);
	office_is(doc, "name", "healthy");
	json_decref(doc);
	assert_int_equal(office_caps(&o, ""), 200);
	office_close(&o);
}

static void
names_add_up_in_their_order(void **state)
{
	struct office o;
	json_t *doc;

	(void)state;
	office_open(&o, NULL);
	doc = office_call(&o, "PUT",
	    "/v1/scenario?name=ra-expired+caps-modern&name=pool-stopped", NULL,
	    200);
	office_is(doc, "name", "ra-expired+caps-modern+pool-stopped");
	json_decref(doc);
	assert_int_equal(office_caps(&o, ""), 503);
	office_close(&o);
}

static void
a_file_that_does_not_load_changes_nothing_and_all_is_told(void **state)
{
	struct office o;
	json_t *doc;
	char got[8];

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/scenario", ONCE, 200);
	run(&o, 1, got);
	assert_string_equal(got, "5");
	doc = office_call(&o, "PUT", "/v1/scenario",
	    "mockndes: 1\nname: bad\nhost:\n  app_pol: 1\n"
	    "rules:\n  - id: x\n    thn: 1\n",
	    400);
	office_is_number(doc, "line", 4);
	office_is_number(doc, "column", 3);
	office_is(doc, "complaints.0.severity", "error");
	assert_true(json_array_size(office_at(doc, "complaints")) >= 2);
	json_decref(doc);
	office_do(
	    &o, "PUT", "/v1/scenario?name=nothing-of-the-kind", NULL, 404);
	office_do(&o, "PUT", "/v1/scenario?name=healthy&ttl=0", NULL, 400);
	office_do(&o, "POST", "/v1/scenario/check", STOPPED, 200);
	/* the rule is spent, and still there */
	run(&o, 1, got);
	assert_string_equal(got, "2");
	doc = office_call(&o, "GET", "/v1/rules", NULL, 200);
	office_is_number(doc, "rules.0.hits", 1);
	office_is_number(doc, "rules.0.matched", 2);
	json_decref(doc);
	office_close(&o);
}

static void
a_switch_keeps_passwords_and_certificates_and_counts_anew(void **state)
{
	struct world *w = *state;
	struct office o;
	json_t *doc, *made;
	char got[8];

	office_open(&o, NULL);
	made = office_call(&o, "POST", "/v1/challenges", NULL, 201);
	assert_int_equal(
	    office_enrol_status(&o, &w->c, w->key, DESK_SECRET), 0);
	office_do(&o, "PUT", "/v1/scenario", ONCE, 200);
	run(&o, 2, got);
	assert_string_equal(got, "52");
	office_do(&o, "PUT", "/v1/scenario", ONCE, 200);
	run(&o, 2, got);
	assert_string_equal(got, "52");
	assert_int_equal(office_enrol_status(&o, &w->c, w->key,
			     json_string_value(office_at(made, "challenge"))),
	    0);
	doc = office_call(&o, "GET", "/v1/certificates", NULL, 200);
	assert_int_equal(json_array_size(office_at(doc, "certificates")), 2);
	json_decref(doc);
	json_decref(made);
	office_close(&o);
}

static void
a_scenario_for_a_while_gives_way_to_the_one_before_which_counts_on(void **state)
{
	struct office o;
	json_t *doc;
	char got[8];

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/scenario", ONCE, 200);
	run(&o, 2, got);
	assert_string_equal(got, "52");
	office_do(
	    &o, "PATCH", "/v1/host", "{\"registry\":{\"PasswordMax\":3}}", 200);
	doc = office_call(&o, "PUT", "/v1/scenario?ttl=1h", STOPPED, 200);
	assert_true(json_is_true(office_at(doc, "temporary")));
	json_decref(doc);
	/* another while takes its place, and the same comes back */
	office_do(
	    &o, "PUT", "/v1/scenario?ttl=50ms&name=ra-expired", NULL, 200);
	office_await(&o, "/v1/scenario", "name", "once");
	run(&o, 1, got);
	assert_string_equal(got, "2");
	doc = office_call(&o, "GET", "/v1/host", NULL, 200);
	office_is_number(doc, "registry.PasswordMax", 3);
	json_decref(doc);
	/* for good: nothing comes back any more */
	office_do(&o, "PUT", "/v1/scenario?ttl=1h", STOPPED, 200);
	doc = office_call(&o, "PUT", "/v1/scenario", STOPPED, 200);
	assert_false(json_is_true(office_at(doc, "temporary")));
	json_decref(doc);
	office_close(&o);
}

static void
a_patch_for_a_while_brings_back_only_what_it_touched(void **state)
{
	struct office o;
	json_t *doc;

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PATCH", "/v1/host?ttl=1h",
	    "{\"app_pool\":{\"state\":\"stopped\"},\"ca\":{\"running\":false}}",
	    200);
	assert_int_equal(office_caps(&o, ""), 503);
	/* one of them is meant for good meanwhile, and another key is changed */
	office_do(&o, "PATCH", "/v1/host",
	    "{\"ca\":{\"running\":false},\"registry\":{\"PasswordMax\":3}}",
	    200);
	/* and for another while */
	office_do(&o, "PATCH", "/v1/host?ttl=50ms",
	    "{\"app_pool\":{\"state\":\"stopped\"}}", 200);
	office_await(&o, "/v1/host", "app_pool.state", "started");
	assert_int_equal(office_caps(&o, ""), 200);
	doc = office_call(&o, "GET", "/v1/host", NULL, 200);
	assert_true(json_is_false(office_at(doc, "ca.running")));
	office_is_number(doc, "registry.PasswordMax", 3);
	json_decref(doc);
	office_close(&o);
}

/* A change about a scenario that is on top for a while, and gone with it; a slow machine gets it a longer while. */
static void
patch_on_top(struct office *o)
{
	for (unsigned ms = 200;; ms *= 2) {
		char target[64];
		json_t *doc;
		bool in_time;

		snprintf(target, sizeof(target),
		    "/v1/scenario?ttl=%ums&name=caps-modern", ms);
		office_do(o, "PUT", target, NULL, 200);
		office_do(o, "PATCH", "/v1/host?ttl=1h",
		    "{\"registry\":{\"PasswordMax\":2}}", 200);
		doc = office_call(o, "GET", "/v1/scenario", NULL, 200);
		in_time = json_is_true(office_at(doc, "temporary"));
		json_decref(doc);
		if (in_time)
			return;
		office_do(o, "PATCH", "/v1/host",
		    "{\"registry\":{\"PasswordMax\":5}}", 200);
	}
}

static void
what_is_for_a_while_comes_back_beneath_a_scenario_too(void **state)
{
	struct office o;
	json_t *doc;

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/scenario", HALF, 200);
	office_do(&o, "PATCH", "/v1/host?ttl=30ms",
	    "{\"registry\":{\"PasswordMax\":3}}", 200);
	office_do(&o, "PATCH", "/v1/rules/half?ttl=30ms",
	    "{\"times\":7,\"then\":{\"hang\":true}}", 200);
	patch_on_top(&o);
	office_await(&o, "/v1/scenario", "name", "half");
	for (time_t end = time(NULL) + 60;;) {
		assert_true(time(NULL) < end);
		json_t *host = office_call(&o, "GET", "/v1/host", NULL, 200);
		doc = office_call(&o, "GET", "/v1/rules", NULL, 200);
		bool back = json_integer_value(
				office_at(host, "registry.PasswordMax")) == 5 &&
		    json_is_null(office_at(doc, "rules.0.times"));
		json_decref(host);
		json_decref(doc);
		if (back)
			break;
	}
	office_close(&o);
}

/* ---- rules ---- */

static void
rules_go_where_they_are_wanted_and_others_count_on(void **state)
{
	struct office o, plain;
	json_t *doc;
	char got[64], want[64];

	(void)state;
	office_open(&plain, NULL);
	office_do(&plain, "PUT", "/v1/scenario", HALF, 200);
	run(&plain, 40, want);
	office_close(&plain);

	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/scenario", HALF, 200);
	run(&o, 10, got);
	doc = office_call(&o, "POST", "/v1/rules?before=half",
	    "- id: one\n  when: { path: /none }\n  then: { hang: true }\n"
	    "- id: two\n  when: { path: /nowhere }\n  then: { hang: true }\n",
	    201);
	assert_int_equal(json_array_size(office_at(doc, "rules")), 2);
	json_decref(doc);
	office_do(&o, "POST", "/v1/rules",
	    "{\"id\":\"last\",\"when\":{\"path\":\"/no\"},\"then\":{\"hang\":true}}",
	    201);
	run(&o, 10, got + 10);
	doc = office_call(&o, "GET", "/v1/rules", NULL, 200);
	office_is(doc, "rules.0.id", "one");
	office_is(doc, "rules.1.id", "two");
	office_is(doc, "rules.2.id", "half");
	office_is(doc, "rules.3.id", "last");
	office_is_number(doc, "rules.2.drawn", 20);
	json_decref(doc);
	office_do(&o, "DELETE", "/v1/rules/one", NULL, 204);
	office_do(&o, "PATCH", "/v1/rules/two", "{\"enabled\":false}", 200);
	run(&o, 10, got + 20);
	office_do(&o, "PATCH", "/v1/rules/half", "{\"enabled\":false}", 200);
	office_do(&o, "PATCH", "/v1/rules/half", "{\"enabled\":true}", 200);
	run(&o, 10, got + 30);
	assert_string_equal(got, want);
	office_close(&o);
}

static void
a_second_rule_of_an_id_is_refused_with_its_place(void **state)
{
	struct office o;
	json_t *doc;

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/scenario", HALF, 200);
	doc = office_call(&o, "POST", "/v1/rules",
	    "- id: fine\n  when: { path: /none }\n  then: { hang: true }\n"
	    "- id: half\n  then: { hang: true }\n",
	    409);
	office_is_number(doc, "line", 4);
	office_is_number(doc, "column", 3);
	json_decref(doc);
	doc = office_call(
	    &o, "POST", "/v1/rules", "id: x\nthen: { hag: true }\n", 400);
	office_is_number(doc, "line", 2);
	office_is_number(doc, "column", 9);
	json_decref(doc);
	office_do(&o, "PATCH", "/v1/rules/half",
	    "{\"id\":\"other\",\"then\":{\"hang\":true}}", 400);
	doc = office_call(&o, "GET", "/v1/rules", NULL, 200);
	assert_int_equal(json_array_size(office_at(doc, "rules")), 1);
	json_decref(doc);
	office_close(&o);
}

static void
a_rule_that_is_replaced_counts_anew(void **state)
{
	struct office o;
	char got[16];

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/scenario", ONCE, 200);
	run(&o, 2, got);
	assert_string_equal(got, "52");
	office_do(&o, "PATCH", "/v1/rules/once",
	    "{\"times\":2,\"then\":{\"reply\":{\"status\":404}}}", 200);
	run(&o, 3, got);
	assert_string_equal(got, "442");
	office_close(&o);
}

static void
what_a_change_does_not_say_of_a_rule_stays(void **state)
{
	struct office o;
	char got[16];
	json_t *doc;

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/scenario", ONCE, 200);
	run(&o, 2, got);
	assert_string_equal(got, "52");
	office_do(&o, "PATCH", "/v1/rules/once", "{\"times\":2}", 200);
	run(&o, 3, got);
	assert_string_equal(got, "552");
	office_do(&o, "PATCH", "/v1/rules/once",
	    "then: { reply: { status: 404 } }\n", 200);
	run(&o, 3, got);
	assert_string_equal(got, "442");
	office_do(&o, "PATCH", "/v1/rules/once", "{\"enabled\":false}", 200);
	office_do(&o, "PATCH", "/v1/rules/once",
	    "{\"times\":null,\"steps\":[{\"reply\":{\"status\":503}}],"
	    "\"then_after\":\"stay\"}",
	    200);
	run(&o, 2, got);
	assert_string_equal(got, "22");
	doc = office_call(
	    &o, "PATCH", "/v1/rules/once", "{\"enabled\":true}", 200);
	assert_null(office_at(doc, "rule.then"));
	assert_null(office_at(doc, "rule.times"));
	office_is_number(doc, "rule.steps.0.reply.status", 503);
	json_decref(doc);
	run(&o, 3, got);
	assert_string_equal(got, "555");
	office_do(&o, "PATCH", "/v1/rules/once", "{\"tmes\":2}", 400);
	office_do(&o, "PATCH", "/v1/rules/once", "{\"steps\":null}", 400);
	office_do(&o, "PATCH", "/v1/rules/once", "[]", 400);
	office_close(&o);
}

static void
rules_for_a_while_go_and_come_back(void **state)
{
	struct office o;
	json_t *doc;

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/scenario", HALF, 200);
	office_do(&o, "PATCH", "/v1/rules/half?ttl=1h",
	    "{\"times\":7,\"then\":{\"hang\":true}}", 200);
	office_do(&o, "POST", "/v1/rules?before=half&ttl=1h",
	    "{\"id\":\"new\",\"when\":{\"path\":\"/no\"},\"then\":{\"hang\":true}}",
	    201);
	doc = office_call(&o, "GET", "/v1/rules", NULL, 200);
	office_is(doc, "rules.0.id", "new");
	office_is_number(doc, "rules.1.times", 7);
	json_decref(doc);
	office_do(
	    &o, "PATCH", "/v1/rules/new?ttl=10ms", "{\"enabled\":false}", 200);
	office_do(&o, "PATCH", "/v1/rules/half?ttl=10ms",
	    "{\"times\":9,\"then\":{\"hang\":true}}", 200);
	office_await(&o, "/v1/rules", "rules.0.id", "half");
	for (time_t end = time(NULL) + 60;;) {
		assert_true(time(NULL) < end);
		doc = office_call(&o, "GET", "/v1/rules/half", NULL, 200);
		bool back = json_is_null(office_at(doc, "times"));
		json_decref(doc);
		if (back)
			break;
	}
	office_close(&o);
}

/* ---- sessions ---- */

static void
a_session_is_a_site_of_the_api(void **state)
{
	struct office o;
	json_t *made, *doc;
	char target[128], below[32];

	(void)state;
	office_open(&o, NULL);
	made = office_call(&o, "POST", "/v1/sessions",
	    "{\"scenario\":[\"caps-modern\",\"mockndes: 1\\nname: mine\\n\","
	    "{\"mockndes\":1,\"name\":\"third\"}],\"seed\":7,\"ttl\":\"90s\"}",
	    201);
	office_is(made, "scenario", "caps-modern+mine+third");
	office_is_number(made, "seed", 7);
	office_is(made, "ttl", "90s");
	const char *id = json_string_value(office_at(made, "id"));
	snprintf(target, sizeof(target),
	    "http://127.0.0.1:1/s/%s/certsrv/mscep/mscep.dll", id);
	office_is(made, "scep_url", target);
	snprintf(target, sizeof(target), "http://127.0.0.1:2/s/%s", id);
	office_is(made, "control_url", target);
	assert_true(json_is_null(office_at(made, "scep_url_https")));
	snprintf(below, sizeof(below), "/s/%s", id);
	snprintf(
	    target, sizeof(target), "%s/v1/scenario?name=pool-stopped", below);
	office_do(&o, "PUT", target, NULL, 200);
	assert_int_equal(office_caps(&o, below), 503);
	assert_int_equal(office_caps(&o, ""), 200);
	snprintf(target, sizeof(target), "/v1/reset?site=s/%s", id);
	office_do(&o, "POST", target, NULL, 200);
	assert_int_equal(office_caps(&o, below), 200);
	doc = office_call(&o, "GET", "/v1/sessions", NULL, 200);
	office_is(doc, "sessions.0.id", id);
	office_is(doc, "sessions.0.scenario", "caps-modern+mine+third");
	json_decref(doc);
	snprintf(target, sizeof(target), "/v1/sessions/%s", id);
	office_do(&o, "DELETE", target, NULL, 204);
	office_do(&o, "DELETE", target, NULL, 404);
	assert_int_equal(office_caps(&o, below), 404);
	doc = office_call(&o, "POST", "/v1/sessions",
	    "{\"scenario\":\"mockndes: 1\\nname: x\\nhots: 1\\n\"}", 400);
	office_is_number(doc, "line", 3);
	json_decref(doc);
	json_decref(made);
	office_close(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test(f)
		T(a_switch_is_in_force_at_once_and_delete_brings_back),
		T(names_add_up_in_their_order),
		T(a_file_that_does_not_load_changes_nothing_and_all_is_told),
		T(a_switch_keeps_passwords_and_certificates_and_counts_anew),
		T(a_scenario_for_a_while_gives_way_to_the_one_before_which_counts_on),
		T(a_patch_for_a_while_brings_back_only_what_it_touched),
		T(what_is_for_a_while_comes_back_beneath_a_scenario_too),
		T(rules_go_where_they_are_wanted_and_others_count_on),
		T(a_second_rule_of_an_id_is_refused_with_its_place),
		T(a_rule_that_is_replaced_counts_anew),
		T(what_a_change_does_not_say_of_a_rule_stays),
		T(rules_for_a_while_go_and_come_back),
		T(a_session_is_a_site_of_the_api),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
