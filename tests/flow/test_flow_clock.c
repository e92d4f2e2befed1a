/* SPDX-License-Identifier: MIT */
/* The clock of a site: what it moves, what is dated by it, for good and for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "ndes/evidence.h"
#include "support/office.h"
#include "support/world.h"

static long long
not_before(X509 *x)
{
	struct tm t;

	assert_true(ASN1_TIME_to_tm(X509_get0_notBefore(x), &t));
	return timegm(&t);
}

static void
the_clock_moves_passwords_and_certificates(void **state)
{
	struct world *w = *state;
	struct client_certrep before, after;
	struct office o;
	json_t *made;

	office_open(&o, NULL);
	made = office_call(&o, "POST", "/v1/challenges", NULL, 201);
	office_enrol(&o, &w->c, w->key, DESK_SECRET, &before);
	office_do(&o, "PUT", "/v1/clock", "{\"offset\":\"2h\"}", 200);
	office_enrol(&o, &w->c, w->key, DESK_SECRET, &after);
	assert_int_equal(after.status, 0);
	assert_int_equal(
	    not_before(after.certificate) - not_before(before.certificate),
	    7200);
	assert_int_equal(office_enrol_status(&o, &w->c, w->key,
			     json_string_value(office_at(made, "challenge"))),
	    2);
	client_certrep_clear(&before);
	client_certrep_clear(&after);
	json_decref(made);
	office_close(&o);
}

static void
frozen_time_stands_still_and_goes_on_from_there(void **state)
{
	struct office o;
	json_t *doc;

	(void)state;
	office_open(&o, NULL);
	o.desk.now_ms = INT64_C(1900000000000);
	doc = office_call(&o, "PUT", "/v1/clock",
	    "{\"frozen\":\"2031-01-01T00:00:00Z\"}", 200);
	office_is(doc, "now", "2031-01-01T00:00:00.000Z");
	json_decref(doc);
	o.desk.now_ms += 5000;
	doc = office_call(&o, "GET", "/v1/clock", NULL, 200);
	office_is(doc, "now", "2031-01-01T00:00:00.000Z");
	json_decref(doc);
	office_do(&o, "PUT", "/v1/clock", "{\"frozen\":false}", 200);
	o.desk.now_ms += 5000;
	doc = office_call(&o, "GET", "/v1/clock", NULL, 200);
	office_is(doc, "now", "2031-01-01T00:00:05.000Z");
	json_decref(doc);
	/* the model's error comes on top, and a time that is set is with it */
	office_do(
	    &o, "PATCH", "/v1/host", "{\"clock\":{\"offset\":\"1h\"}}", 200);
	doc = office_call(&o, "GET", "/v1/clock", NULL, 200);
	office_is(doc, "now", "2031-01-01T01:00:05.000Z");
	office_is(doc, "host_offset", "1h");
	json_decref(doc);
	doc = office_call(
	    &o, "PUT", "/v1/clock", "{\"now\":\"2032-02-29T12:00:00Z\"}", 200);
	office_is(doc, "now", "2032-02-29T12:00:00.000Z");
	json_decref(doc);
	office_do(
	    &o, "PUT", "/v1/clock", "{\"now\":\"2031-02-29T12:00:00Z\"}", 400);
	office_do(&o, "PUT", "/v1/clock", "{\"later\":\"2h\"}", 400);
	office_close(&o);
}

static void
ra_certificates_are_found_expired_at_the_next_start(void **state)
{
	struct office o;

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/clock", "{\"offset\":\"3y\"}", 200);
	assert_int_equal(office_caps(&o, ""), 200);
	office_do(&o, "POST", "/v1/restart/app-pool", NULL, 200);
	assert_int_equal(office_caps(&o, ""), 500);
	office_do(&o, "PUT", "/v1/clock", "{\"offset\":0}", 200);
	office_do(&o, "POST", "/v1/restart/app-pool", NULL, 200);
	assert_int_equal(office_caps(&o, ""), 200);
	office_close(&o);
}

static void
crls_are_dated_by_the_clock(void **state)
{
	struct office o;
	struct client_http h;
	struct desk_request rq = { .target =
				       "/CertEnroll/mockndes-Issuing-CA.crl" };
	long long at[2];

	(void)state;
	office_open(&o, NULL);
	for (int i = 0; i < 2; i++) {
		struct tm t;
		desk_ask(&o.desk, &rq, &h);
		assert_int_equal(h.status, 200);
		const unsigned char *p = h.body.p;
		X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)h.body.n);
		assert_non_null(crl);
		assert_true(ASN1_TIME_to_tm(X509_CRL_get0_lastUpdate(crl), &t));
		at[i] = timegm(&t);
		X509_CRL_free(crl);
		client_http_clear(&h);
		office_do(&o, "PUT", "/v1/clock", "{\"offset\":\"30d\"}", 200);
	}
	assert_int_equal(at[1] - at[0], 30 * 86400);
	office_close(&o);
}

static void
logs_and_retry_after_are_dated_by_the_clock(void **state)
{
	struct office o;
	struct client_http h;
	struct desk_request rq = { .target = DESK_PATH "?operation=GetCACaps" };
	char value[CLIENT_TEXT_MAX];
	struct buf log;
	struct err e = { 0 };

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/clock",
	    "{\"frozen\":\"2031-02-03T04:05:06Z\"}", 200);
	assert_int_equal(office_caps(&o, ""), 200);
	struct site *site = server_site(o.desk.server, "", &e);
	struct site_snapshot *now = site_acquire(site);
	buf_init(&log, (size_t)1 << 20);
	evidence_read(now->dep.evidence, EVIDENCE_IIS, false, &now->host, &log);
	assert_non_null(strstr(buf_str(&log), "2031-02-03 04:05:06 "));
	buf_clear(&log);
	site_release(now);
	site_unref(site);
	office_do(&o, "POST", "/v1/rules",
	    "- id: busy\n  then: { reply: { status: 503, retry_after: { date: "
	    "60s } } }\n",
	    201);
	desk_ask(&o.desk, &rq, &h);
	assert_int_equal(h.status, 503);
	assert_true(client_header(&h, "Retry-After", value));
	assert_string_equal(value, "Mon, 03 Feb 2031 04:06:06 GMT");
	client_http_clear(&h);
	office_close(&o);
}

static void
a_clock_for_a_while_comes_back(void **state)
{
	struct office o;

	(void)state;
	office_open(&o, NULL);
	office_do(&o, "PUT", "/v1/clock", "{\"offset\":\"1d\"}", 200);
	office_do(&o, "PUT", "/v1/clock?ttl=50ms", "{\"offset\":\"9d\"}", 200);
	office_await(&o, "/v1/clock", "offset", "1d");
	office_close(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test(f)
		T(the_clock_moves_passwords_and_certificates),
		T(frozen_time_stands_still_and_goes_on_from_there),
		T(ra_certificates_are_found_expired_at_the_next_start),
		T(crls_are_dated_by_the_clock),
		T(logs_and_retry_after_are_dated_by_the_clock),
		T(a_clock_for_a_while_comes_back),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
