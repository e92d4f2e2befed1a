/* SPDX-License-Identifier: MIT */
/* Judging over the control API: verdicts, the JUnit form, and expectations that cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "support/control.h"

#define GATEWAY                                                        \
	"mockndes: 1\nname: gateway\nrules:\n"                         \
	"  - id: caps\n    when: { op: GetCACaps }\n"                  \
	"    then: { caps: { add: [AES] } }\n"                         \
	"  - id: gate\n    when: { op: PKIOperation }\n    times: 1\n" \
	"    then: { reply: { status: 504 }, commit: false }\n"        \
	"expect:\n"                                                    \
	"  - client: retries\n"                                        \
	"  - requests: { op: PKIOperation }\n    count: 2\n"

static const char *const with_control[] = { "control-port", "0", NULL };

static long
number(json_t *o, const char *name)
{
	return (long)json_integer_value(json_object_get(o, name));
}

static void
judges_what_a_client_did(void **state)
{
	struct world *w = *state;
	struct client_enrolment e;
	struct client_http h;
	struct served s;
	json_t *o;

	served_start_text(&s, GATEWAY, with_control);
	served_ca(&s, &w->c);
	e = served_enrolment(&s, w, "/C=US/O=Probe/CN=judged");
	enrol_http_status(&w->c, &e, 504, "gate");
	o = control_call_json(w, &s, "POST", "/v1/verify", NULL, 409);
	assert_string_equal(control_text(o, "verdict"), "failed");
	assert_int_equal(number(o, "failed"), 2);
	json_decref(o);
	control_call_raw(
	    w, &s, "POST", "/v1/verify?format=junit", NULL, NULL, &h);
	assert_int_equal(h.status, 409);
	client_bytes_add(&h.body, "", 1);
	assert_non_null(strstr((char *)h.body.p, "failures=\"2\""));
	client_http_clear(&h);
	enrol_status(&w->c, &e, 0, "again");
	o = control_call_json(w, &s, "POST", "/v1/verify", NULL, 200);
	assert_string_equal(control_text(o, "verdict"), "held");
	json_decref(o);
	served_stop(&s);
}

static void
says_where_an_expectation_is_wrong(void **state)
{
	static const struct {
		const char *body;
		long line, column;
	} rows[] = {
		{ "{\"expect\":[\n {\"client\":\"sings\"}]}", 2, 12 },
		{ "{\"expect\":[{\"client\":\"sings\"}]}", 1, 22 },
		{ "expect:\n  - client: sings\n", 2, 13 },
	};
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, with_control);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *o = control_call_json(
		    w, &s, "POST", "/v1/verify", rows[i].body, 400);

		if (number(o, "line") != rows[i].line ||
		    number(o, "column") != rows[i].column)
			fail_msg("%s: %ld:%ld", rows[i].body, number(o, "line"),
			    number(o, "column"));
		json_decref(o);
	}
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_what_a_client_did),
		cmocka_unit_test(says_where_an_expectation_is_wrong),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
