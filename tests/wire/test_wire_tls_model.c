/* SPDX-License-Identifier: MIT */
/*
 * The tls part of the model on the wire of a whole server: what a scenario
 * says of it at the start, and what the control API changes at a restart of
 * IIS and not before. OpenSSL's client is the judge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/handshake.h"
#include "support/served.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static const char *const WITH_ALL[] = { "https-port", "0", "control-port", "0",
	NULL };

struct row {
	const char *key, *value; /* of tls; as the only thing that is changed */
	bool has_certificate; /* the client */
	int only; /* the version that the client speaks; 0: all */
	struct handshake wanted;
};

static const struct row rows[] = {
	{ "certificate", "valid", false, 0,
	    { TLS1_3_VERSION, false, X509_V_OK, true } },
	{ "certificate", "expired", false, 0,
	    { 0, false, X509_V_ERR_CERT_HAS_EXPIRED, false } },
	{ "certificate", "wrong-name", false, 0,
	    { 0, false, X509_V_ERR_HOSTNAME_MISMATCH, false } },
	{ "certificate", "untrusted", false, 0,
	    { 0, false, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, false } },
	{ "maximum_version", "tls1.2", false, 0,
	    { TLS1_2_VERSION, false, X509_V_OK, true } },
	{ "maximum_version", "tls1.2", false, TLS1_3_VERSION,
	    { 0, false, X509_V_OK, false } },
	{ "minimum_version", "tls1.3", false, TLS1_2_VERSION,
	    { 0, false, X509_V_OK, false } },
	{ "minimum_version", "tls1.2", false, TLS1_1_VERSION,
	    { 0, false, X509_V_OK, false } },
	{ "minimum_version", "tls1.1", false, TLS1_1_VERSION,
	    { TLS1_1_VERSION, false, X509_V_OK, true } },
	{ "minimum_version", "tls1.1", false, TLS1_VERSION,
	    { 0, false, X509_V_OK, false } },
	{ "minimum_version", "tls1.0", false, TLS1_VERSION,
	    { TLS1_VERSION, false, X509_V_OK, true } },
	{ "client_certificate", "none", true, 0,
	    { TLS1_3_VERSION, false, X509_V_OK, true } },
	{ "client_certificate", "asked", false, 0,
	    { TLS1_3_VERSION, true, X509_V_OK, true } },
	{ "client_certificate", "asked", true, TLS1_2_VERSION,
	    { TLS1_2_VERSION, true, X509_V_OK, true } },
	{ "client_certificate", "required", true, 0,
	    { TLS1_3_VERSION, true, X509_V_OK, true } },
	/* In TLS 1.3 the client is through before the server says no. */
	{ "client_certificate", "required", false, 0,
	    { TLS1_3_VERSION, true, X509_V_OK, false } },
	{ "client_certificate", "required", false, TLS1_2_VERSION,
	    { 0, true, X509_V_OK, false } },
};

static const struct row healthy = { "nothing", "yet", false, 0,
	{ TLS1_3_VERSION, false, X509_V_OK, true } };

static uint16_t
port_of(const char *url)
{
	return (uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10);
}

/* Does the server behave towards the row's client as wanted says? */
static void
must_see(struct served *s, const struct row *row,
    const struct handshake *wanted, const char *when)
{
	const struct handshake_offer offer = { .port = port_of(s->url_https),
		.minimum = row->only,
		.maximum = row->only,
		.certificate = row->has_certificate,
		.root = s->ca.root,
		.name = "localhost" };
	struct handshake seen = handshake_try(&offer);

	if (seen.version != wanted->version || seen.asked != wanted->asked ||
	    seen.verdict != wanted->verdict || seen.served != wanted->served)
		fail_msg("%s, tls.%s %s, client of %x: version %x, %s, %s, %s",
		    when, row->key, row->value, (unsigned)row->only,
		    (unsigned)seen.version, seen.asked ? "asked" : "not asked",
		    X509_verify_cert_error_string(seen.verdict),
		    seen.served ? "served" : "not served");
}

static void
follows_a_scenario_from_the_start(void **state)
{
	struct world *w = *state;
	char yaml[160];

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct served s;

		snprintf(yaml, sizeof(yaml),
		    "mockndes: 1\nhost: { tls: { %s: %s } }\n", rows[i].key,
		    rows[i].value);
		served_start_text(&s, yaml, WITH_ALL);
		served_ca(&s, &w->c);
		must_see(&s, &rows[i], &rows[i].wanted, "at the start");
		served_stop(&s);
	}
}

/* A call of the control API that must end in 200. */
static void
control(
    struct world *w, const struct served *s, const char *call, const char *body)
{
	struct client_http h;
	char text[512];

	snprintf(text, sizeof(text),
	    "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    call, mockndes_url(s->m, "control") + strlen("http://"),
	    strlen(body), body);
	if (client_raw(
		&w->c, mockndes_url(s->m, "control"), text, strlen(text), &h))
		fail_msg("%s", w->c.why);
	if (h.status != 200)
		fail_msg("%s %s: %ld", call, body, h.status);
	client_http_clear(&h);
}

static void
follows_the_control_api_at_a_restart_of_iis(void **state)
{
	struct world *w = *state;
	struct served s;
	char body[96];

	served_start(&s, "healthy", WITH_ALL);
	served_ca(&s, &w->c);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct row *row = &rows[i];

		snprintf(body, sizeof(body), "{\"tls\":{\"%s\":\"%s\"}}",
		    row->key, row->value);
		control(w, &s, "PATCH /v1/host", body);
		must_see(&s, &healthy, &healthy.wanted, "before the restart");
		control(w, &s, "POST /v1/restart/app-pool", "");
		must_see(&s, &healthy, &healthy.wanted, "pool restarted");
		control(w, &s, "POST /v1/restart/iis", "");
		must_see(&s, row, &row->wanted, "after the restart");
		snprintf(
		    body, sizeof(body), "{\"tls\":{\"%s\":null}}", row->key);
		control(w, &s, "PATCH /v1/host", body);
		must_see(&s, row, &row->wanted, "mended, not restarted");
		control(w, &s, "POST /v1/restart/iis", "");
		must_see(&s, &healthy, &healthy.wanted, "mended");
	}
	served_stop(&s);
}

static void
follows_a_restart_of_the_computer_with_all_at_once(void **state)
{
	static const struct row all = { "", "all", false, 0,
		{ 0, true, X509_V_OK, false } };
	struct world *w = *state;
	struct served s;

	served_start(&s, "healthy", WITH_ALL);
	served_ca(&s, &w->c);
	control(w, &s, "PATCH /v1/host",
	    "{\"tls\":{\"minimum_version\":\"tls1.0\",\"maximum_version\":"
	    "\"tls1.1\",\"client_certificate\":\"required\"}}");
	control(w, &s, "POST /v1/restart/computer", "");
	must_see(&s, &all, &all.wanted, "after the restart");
	served_stop(&s);
}

/* Each is sound alone. */
static void
two_scenarios_that_leave_no_version_do_not_start(void **state)
{
	static const char low[] =
	    "mockndes: 1\n"
	    "host: { tls: { minimum_version: tls1.0, maximum_version: tls1.1 } }\n";
	static const char high[] =
	    "mockndes: 1\nhost: { tls: { minimum_version: tls1.2 } }\n";
	struct mockndes *m = mockndes_new();

	(void)state;
	assert_non_null(m);
	assert_int_equal(
	    mockndes_scenario_mem(m, "low", low, sizeof(low) - 1), 0);
	assert_int_equal(
	    mockndes_scenario_mem(m, "high", high, sizeof(high) - 1), 0);
	assert_int_equal(mockndes_set(m, "http-port", "0"), 0);
	assert_int_equal(mockndes_set(m, "control-port", "off"), 0);
	assert_int_equal(mockndes_start(m), -1);
	assert_int_equal(mockndes_error_code(m), MOCKNDES_SCENARIO);
	assert_string_equal(mockndes_error(m),
	    "tls.minimum_version (tls1.2) is above tls.maximum_version (tls1.1): "
	    "no version of TLS is left");
	mockndes_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_a_scenario_from_the_start),
		cmocka_unit_test(follows_the_control_api_at_a_restart_of_iis),
		cmocka_unit_test(
		    follows_a_restart_of_the_computer_with_all_at_once),
		cmocka_unit_test(
		    two_scenarios_that_leave_no_version_do_not_start),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
