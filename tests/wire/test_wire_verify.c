/* SPDX-License-Identifier: MIT */
/*
 * Judging by <mockndes.h>: what held, what did not, what cannot be told, of
 * the default site and of another; and the three forms of the report.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "support/served.h"

static const char certificate_wanted[] = "mockndes: 1\n"
					 "name: wanted\n"
					 "expect:\n"
					 "  - client: succeeds\n"
					 "    say: It should have enrolled.\n";

static const char refusal_wanted[] = "mockndes: 1\n"
				     "name: refusal\n"
				     "expect:\n"
				     "  - client: refuses\n";

static struct mockndes_report *
judge(const struct served *s, const char *site, enum mockndes_client client)
{
	struct mockndes_report *r =
	    mockndes_verify(s->m, site, client, "once more");

	if (r == NULL)
		fail_msg("%s", mockndes_error(s->m));
	return r;
}

static void
a_client_that_enrols_succeeds(void **state)
{
	struct world *w = *state;
	struct served s;
	struct mockndes_report *r;

	served_start_text(&s, certificate_wanted, NULL);
	served_ca(&s, &w->c);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=judged");
	enrol_status(&w->c, &e, 0, "the enrolment");
	r = judge(&s, "", MOCKNDES_CLIENT_SUCCEEDED);
	assert_int_equal(mockndes_report_verdict(r), MOCKNDES_HELD);
	assert_int_equal(mockndes_report_expectations(r), 1);
	mockndes_report_free(r);
	r = judge(&s, "", MOCKNDES_CLIENT_FAILED);
	assert_int_equal(mockndes_report_verdict(r), MOCKNDES_NOT_HELD);
	mockndes_report_free(r);
	served_stop(&s);
}

static void
a_reply_that_comes_slowly_is_one(void **state)
{
	static const char dripped[] =
	    "mockndes: 1\n"
	    "name: dripped\n"
	    "rules:\n"
	    "  - id: drip\n"
	    "    when: { op: PKIOperation }\n"
	    "    then: { drip: { bytes: 900, every: 1ms } }\n"
	    "expect:\n"
	    "  - client: succeeds\n"
	    "  - requests: { pki_status: SUCCESS, rule: drip }\n";
	struct world *w = *state;
	struct served s;
	struct mockndes_report *r;

	served_start_text(&s, dripped, NULL);
	served_ca(&s, &w->c);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=dripped");
	enrol_status(&w->c, &e, 0, "the enrolment");
	r = judge(&s, "", MOCKNDES_CLIENT_SUCCEEDED);
	if (mockndes_report_verdict(r) != MOCKNDES_HELD)
		fail_msg("%s", mockndes_report_text(r, "text"));
	mockndes_report_free(r);
	served_stop(&s);
}

static void
the_report_says_why_in_three_forms(void **state)
{
	struct served s;
	struct mockndes_report *r;
	json_t *json;

	(void)state;
	served_start_text(&s, certificate_wanted, NULL);
	r = judge(&s, "", MOCKNDES_CLIENT_SUCCEEDED);
	assert_int_equal(mockndes_report_verdict(r), MOCKNDES_NOT_HELD);
	assert_non_null(strstr(
	    mockndes_report_text(r, "text"), "the client got no certificate"));
	assert_non_null(strstr(
	    mockndes_report_text(r, "text"), "It should have enrolled."));
	assert_non_null(strstr(mockndes_report_text(r, "text"), "once more"));
	json = json_loads(mockndes_report_text(r, "json"), 0, NULL);
	assert_string_equal(
	    json_string_value(json_object_get(json, "verdict")), "failed");
	json_decref(json);
	assert_non_null(strstr(
	    mockndes_report_text(r, "junit"), "<failure type=\"failed\""));
	assert_null(mockndes_report_text(r, "html"));
	mockndes_report_free(r);
	mockndes_report_free(NULL);
	served_stop(&s);
}

static void
what_cannot_be_told_is_incomplete(void **state)
{
	struct served s;
	struct mockndes_report *r;

	(void)state;
	served_start_text(&s, refusal_wanted, NULL);
	r = judge(&s, "", MOCKNDES_CLIENT_UNKNOWN);
	assert_int_equal(mockndes_report_verdict(r), MOCKNDES_INCOMPLETE);
	mockndes_report_free(r);
	r = judge(&s, "", MOCKNDES_CLIENT_FAILED);
	assert_int_equal(mockndes_report_verdict(r), MOCKNDES_HELD);
	mockndes_report_free(r);
	served_stop(&s);
}

static void
another_site_has_expectations_of_its_own(void **state)
{
	struct served s;
	struct mockndes_report *r;

	(void)state;
	served_start(&s, NULL, NULL);
	r = judge(&s, "", MOCKNDES_CLIENT_SUCCEEDED);
	assert_int_equal(mockndes_report_verdict(r), MOCKNDES_HELD);
	assert_int_equal(mockndes_report_expectations(r), 0);
	mockndes_report_free(r);
	r = judge(&s, "x/hostile/cr-nonce-wrong", MOCKNDES_CLIENT_SUCCEEDED);
	assert_int_equal(mockndes_report_verdict(r), MOCKNDES_NOT_HELD);
	mockndes_report_free(r);
	assert_null(
	    mockndes_verify(s.m, "s/nobody", MOCKNDES_CLIENT_UNKNOWN, NULL));
	assert_int_equal(mockndes_error_code(s.m), MOCKNDES_USAGE);
	served_stop(&s);
}

static void
without_a_journal_nothing_is_judged(void **state)
{
	const char *const options[] = { "journal", "0", NULL };
	struct served s;

	(void)state;
	served_start(&s, NULL, options);
	assert_null(mockndes_verify(s.m, "", MOCKNDES_CLIENT_SUCCEEDED, NULL));
	assert_non_null(strstr(mockndes_error(s.m), "journal"));
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_enrols_succeeds),
		cmocka_unit_test(a_reply_that_comes_slowly_is_one),
		cmocka_unit_test(the_report_says_why_in_three_forms),
		cmocka_unit_test(what_cannot_be_told_is_incomplete),
		cmocka_unit_test(another_site_has_expectations_of_its_own),
		cmocka_unit_test(without_a_journal_nothing_is_judged),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
