/* SPDX-License-Identifier: MIT */
/* Rules as clients meet them: what the CA keeps or loses, and the examples of the manual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/raw.h"
#include "support/served.h"

#define HEAD "mockndes: 1\nrules:\n"

/* ---- what is kept ---- */

static void
keeps_or_loses_what_the_ca_did(void **state)
{
	static const char yaml[] = HEAD
	    "  - id: lost\n    when: { op: PKIOperation, csr: { subject: CN=lost } }\n    times: 1\n"
	    "    then: { commit: true, cut: { at: 50% } }\n"
	    "  - id: dry\n    when: { op: PKIOperation, csr: { subject: CN=dry } }\n    times: 1\n"
	    "    then: { commit: false, cut: { at: 50% } }\n"
	    "  - id: never\n    when: { op: PKIOperation, csr: { subject: CN=never } }\n    times: 1\n"
	    "    then: { reply: { status: 504 } }\n";
	static const char *const subjects[] = { "/CN=lost", "/CN=dry",
		"/CN=never" };
	static const char *const with_https[] = { "https-port", "0", NULL };
	struct world *w = *state;
	char challenge[CLIENT_TEXT_MAX];
	struct client_certrep r = { 0 };
	struct client_enrolment e;
	struct served sv = { 0 };

	for (size_t i = 0; i < 6; i++) {
		struct client c;

		if (i % 3 == 0) {
			served_start_text(&sv, yaml, with_https);
			served_ca(&sv, &w->c);
		}
		assert_int_equal(client_open(&c, &w->c), 0);
		assert_int_equal(client_trust(&c, &sv.ca), 0);
		assert_int_equal(client_admin_password(
				     &c, sv.admin, SERVED_ADMIN, challenge),
		    0);
		e = served_enrolment(&sv, w, subjects[i % 3]);
		e.url = i < 3 ? sv.url : sv.url_https;
		e.csr.challenge = challenge;
		assert_int_equal(client_enrol(&c, &e, &r), -1);
		client_certrep_clear(&r);
		/* The password is used up where the CA has acted, and good where it has not. */
		enrol_status(&c, &e, i % 3 == 0 ? 2 : 0, subjects[i % 3]);
		client_close(&c);
		if (i % 3 == 2)
			served_stop(&sv);
	}
}

/* ---- the examples of the manual ---- */

static void
ends_the_log_line_in_500_0_1346(void **state)
{
	static const char yaml[] = HEAD
	    "  - id: impersonation\n    then:\n      reply: { status: 500 }\n"
	    "      evidence: { iis: { substatus: 0, win32: 1346 } }\n";
	char dir[] = "/tmp/mockndes-rules-XXXXXX", command[200];
	static const char rq[] =
	    "GET /certsrv/mscep/mscep.dll?operation=GetCACaps HTTP/1.0\r\n\r\n";
	struct raw *r = malloc(sizeof(*r));
	struct served sv;

	(void)state;
	assert_non_null(mkdtemp(dir));
	const char *const options[] = { "log-dir", dir, NULL };
	served_start_text(&sv, yaml, options);
	raw_open(r, sv.url);
	raw_send(r, rq, strlen(rq));
	raw_read(r, SIZE_MAX);
	raw_close(r);
	assert_true(raw_has(r, "HTTP/1.1 500 Internal Server Error\r\n"));
	assert_true(raw_has(r, "Microsoft-IIS/10.0"));
	served_stop(&sv);
	snprintf(command, sizeof(command),
	    "grep -q ' 500 0 1346 [0-9]*' %s/W3SVC1/u_ex*.log", dir);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	free(r);
}

static void
refuses_the_long_get_and_takes_the_post(void **state)
{
	static const char yaml[] = HEAD
	    "  - id: too-long\n    when: { op: PKIOperation, method: GET, "
	    "query_bytes: { over: 2048 } }\n    then: { reply: { status: 414, "
	    "page: http-sys }, evidence: { httperr: { reason: URL_Length } } "
	    "}\n";
	struct world *w = *state;
	struct client_enrolment e;
	struct served sv;

	served_start_text(&sv, yaml, NULL);
	served_ca(&sv, &w->c);
	e = served_enrolment(&sv, w, "/CN=long");
	e.by_get = true;
	enrol_http_status(&w->c, &e, 414, "GET");
	e.by_get = false;
	enrol_status(&w->c, &e, 0, "POST");
	served_stop(&sv);
}

static void
times_out_twice_and_then_resets_now_and_then(void **state)
{
	static const char yaml[] = HEAD
	    "  - id: gateway\n    when: { op: PKIOperation }\n    times: 2\n"
	    "    then: { wait: 50ms, reply: { status: 504, page: proxy }, commit: false }\n"
	    "  - id: reset\n    when: { op: PKIOperation }\n    chance: 10%\n    in_a_row: 2\n"
	    "    then: { commit: true, cut: { at: 50%, how: reset } }\n";
	static const char *const options[] = { "seed", "1", NULL };
	struct world *w = *state;
	struct client_certrep r = { 0 };
	struct client_enrolment e;
	struct served sv;
	int resets = 0;

	served_start_text(&sv, yaml, options);
	served_ca(&sv, &w->c);
	for (int i = 0; i < 60; i++) {
		e = served_enrolment(&sv, w, "/CN=flaky");
		if (i < 2)
			enrol_http_status(&w->c, &e, 504, "gateway");
		else
			resets += client_enrol(&w->c, &e, &r) == -1;
		client_certrep_clear(&r);
	}
	assert_in_range(resets, 2, 14);
	served_stop(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_or_loses_what_the_ca_did),
		cmocka_unit_test(ends_the_log_line_in_500_0_1346),
		cmocka_unit_test(refuses_the_long_get_and_takes_the_post),
		cmocka_unit_test(times_out_twice_and_then_resets_now_and_then),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
