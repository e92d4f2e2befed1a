/* SPDX-License-Identifier: MIT */
/*
 * The control API over sockets beside real enrolments: certificates,
 * revocation, passwords, and who may call at all. What answers look like is
 * the business of test_wire_openapi.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/control.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const with_control[] = { "control-port", "0", NULL };

static void
enrol(struct world *w, const struct served *s, const char *subject,
    const char *challenge, int status)
{
	struct client_enrolment e = served_enrolment(s, w, subject);

	if (challenge != NULL)
		e.csr.challenge = challenge;
	enrol_status(&w->c, &e, status, subject);
}

/* ---- certificates ---- */

static void
lists_what_was_issued_page_by_page(void **state)
{
	struct world *w = *state;
	struct served s;
	json_t *first, *second, *one;
	char target[128];

	served_start(&s, NULL, with_control);
	served_ca(&s, &w->c);
	enrol(w, &s, "/C=US/O=Probe/CN=one", NULL, 0);
	enrol(w, &s, "/C=US/O=Probe/CN=two", NULL, 0);
	enrol(w, &s, "/C=US/O=Probe/CN=three", NULL, 0);
	first = control_call_json(
	    w, &s, "GET", "/v1/certificates?limit=2", NULL, 200);
	assert_int_equal(
	    json_array_size(json_object_get(first, "certificates")), 2);
	snprintf(target, sizeof target, "/v1/certificates?after=%lld",
	    (long long)json_integer_value(json_object_get(first, "next")));
	second = control_call_json(w, &s, "GET", target, NULL, 200);
	assert_int_equal(
	    json_array_size(json_object_get(second, "certificates")), 1);
	assert_null(json_object_get(second, "next"));
	one = json_array_get(json_object_get(second, "certificates"), 0);
	assert_non_null(strstr(control_text(one, "subject"), "CN=three"));
	assert_string_equal(control_text(one, "state"), "good");
	json_decref(first);
	json_decref(second);
	first = control_call_json(
	    w, &s, "GET", "/v1/certificates?subject=CN%3Dtwo", NULL, 200);
	assert_int_equal(
	    json_array_size(json_object_get(first, "certificates")), 1);
	json_decref(first);
	served_stop(&s);
}

static X509 *
fetch_pem(struct world *w, const struct served *s, const char *target)
{
	struct client_http h;
	X509 *x;
	BIO *in;

	control_call_raw(w, s, "GET", target, NULL, NULL, &h);
	assert_int_equal(h.status, 200);
	in = BIO_new_mem_buf(h.body.p, (int)h.body.n);
	x = PEM_read_bio_X509(in, NULL, NULL, NULL);
	assert_non_null(x);
	BIO_free(in);
	client_http_clear(&h);
	return x;
}

static void
gives_a_certificate_by_its_serial_and_revokes_it(void **state)
{
	struct world *w = *state;
	struct served s;
	struct client_certrep r;
	struct client_enrolment e;
	json_t *list, *one;
	char target[256];
	X509 *x;

	served_start(&s, NULL, with_control);
	served_ca(&s, &w->c);
	e = served_enrolment(&s, w, "/C=US/O=Probe/CN=revoked");
	enrol_expect(&w->c, &e, 0, "revoked", &r);
	if (client_chain_verify(&w->c, &s.ca, r.certificate, true))
		fail_msg("before: %s", w->c.why);
	list = control_call_json(w, &s, "GET", "/v1/certificates", NULL, 200);
	one = json_array_get(json_object_get(list, "certificates"), 0);
	snprintf(target, sizeof target, "/v1/certificates/%s.pem",
	    control_text(one, "serial"));
	x = fetch_pem(w, &s, target);
	assert_int_equal(X509_cmp(x, r.certificate), 0);
	X509_free(x);
	snprintf(target, sizeof target,
	    "/v1/certificates/%s/revoke?reason=keyCompromise",
	    control_text(one, "serial"));
	json_decref(list);
	one = control_call_json(w, &s, "POST", target, NULL, 200);
	assert_string_equal(control_text(one, "state"), "revoked");
	assert_string_equal(control_text(one, "reason"), "keyCompromise");
	json_decref(one);
	/* The CRL that is fetched next lists it. */
	assert_int_not_equal(
	    client_chain_verify(&w->c, &s.ca, r.certificate, true), 0);
	assert_non_null(strstr(w->c.why, "revoked"));
	client_certrep_clear(&r);
	served_stop(&s);
}

static void
gives_the_certificates_of_the_deployment(void **state)
{
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, with_control);
	served_ca(&s, &w->c);
	const struct {
		const char *target;
		X509 *want;
	} rows[] = {
		{ "/v1/ca/root.pem", s.ca.root },
		{ "/v1/ca/issuing.pem", s.ca.issuing },
		{ "/v1/ca/ra-sign.pem", s.ca.ra_sign },
		{ "/v1/ca/ra-encrypt.pem", s.ca.ra_encrypt },
		{ "/v1/ca/chain.pem", s.ca.ra_sign },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		X509 *x = fetch_pem(w, &s, rows[i].target);

		if (X509_cmp(x, rows[i].want) != 0)
			fail_msg("%s is another one", rows[i].target);
		X509_free(x);
	}
	served_stop(&s);
}

static void
gives_private_keys_only_when_that_was_asked_for(void **state)
{
	static const char *const serving[] = { "control-port", "0",
		"serve-keys", "true", NULL };
	struct world *w = *state;
	struct client_http h;
	struct served s;
	EVP_PKEY *key;
	BIO *in;

	served_start(&s, NULL, with_control);
	control_call_raw(w, &s, "GET", "/v1/ca/ra-sign.key", NULL, NULL, &h);
	assert_int_equal(h.status, 403);
	assert_null(strstr((const char *)h.body.p, "PRIVATE"));
	client_http_clear(&h);
	served_stop(&s);

	served_start(&s, NULL, serving);
	served_ca(&s, &w->c);
	control_call_raw(w, &s, "GET", "/v1/ca/ra-sign.key", NULL, NULL, &h);
	assert_int_equal(h.status, 200);
	in = BIO_new_mem_buf(h.body.p, (int)h.body.n);
	key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	assert_int_equal(X509_check_private_key(s.ca.ra_sign, key), 1);
	EVP_PKEY_free(key);
	BIO_free(in);
	client_http_clear(&h);
	served_stop(&s);
}

/* ---- passwords ---- */

/* The state that the list has of a password. */
static void
expect_state(struct world *w, const struct served *s, const char *password,
    const char *state)
{
	json_t *list =
	    control_call_json(w, s, "GET", "/v1/challenges", NULL, 200);
	json_t *one = NULL;
	size_t i;

	json_array_foreach(json_object_get(list, "challenges"), i, one)
	{
		if (strcmp(control_text(one, "challenge"), password) == 0)
			break;
	}
	if (one == NULL || strcmp(control_text(one, "state"), state) != 0)
		fail_msg("%s is not %s", password, state);
	json_decref(list);
}

static void
a_password_is_good_once_and_a_static_one_for_ever(void **state)
{
	struct world *w = *state;
	struct served s;
	json_t *once, *often;
	const char *text;

	served_start(&s, NULL, with_control);
	served_ca(&s, &w->c);
	expect_state(w, &s, SERVED_SECRET, "static");
	once = control_call_json(w, &s, "POST", "/v1/challenges", NULL, 201);
	text = control_text(once, "challenge");
	expect_state(w, &s, text, "unused");
	enrol(w, &s, "/C=US/O=Probe/CN=once", text, 0);
	expect_state(w, &s, text, "used");
	enrol(w, &s, "/C=US/O=Probe/CN=twice", text, 2);
	often = control_call_json(
	    w, &s, "POST", "/v1/challenges", "{\"static\":true}", 201);
	text = control_text(often, "challenge");
	enrol(w, &s, "/C=US/O=Probe/CN=often", text, 0);
	enrol(w, &s, "/C=US/O=Probe/CN=again", text, 0);
	expect_state(w, &s, text, "static");
	json_decref(once);
	json_decref(often);
	served_stop(&s);
}

static void
a_password_of_another_site_is_unknown_here(void **state)
{
	struct world *w = *state;
	struct served s;
	json_t *made;

	served_start(&s, NULL, with_control);
	served_ca(&s, &w->c);
	made = control_call_json(
	    w, &s, "POST", "/x/caps-modern/v1/challenges", NULL, 201);
	enrol(w, &s, "/C=US/O=Probe/CN=foreign",
	    control_text(made, "challenge"), 2);
	json_decref(made);
	served_stop(&s);
}

/* ---- evidence ---- */

/* The log has the text, or has it not. */
static void
expect_evidence(struct world *w, const struct served *s, const char *target,
    const char *text, bool there)
{
	struct client_http h;

	control_call_raw(w, s, "GET", target, NULL, NULL, &h);
	assert_int_equal(h.status, 200);
	if ((strstr((const char *)h.body.p, text) != NULL) != there)
		fail_msg("%s: %s is %sthere: %s", target, text,
		    there ? "not " : "", h.body.p);
	client_http_clear(&h);
}

static void
get(struct world *w, const char *url, long status)
{
	struct client_http h;

	if (client_get(&w->c, url, NULL, &h))
		fail_msg("%s: %s", url, w->c.why);
	assert_int_equal(h.status, status);
	client_http_clear(&h);
}

static void
shows_the_logs_that_are_written_nowhere(void **state)
{
	struct world *w = *state;
	struct served s;
	char url[256];

	served_start(&s, "pool-stopped", with_control);
	snprintf(url, sizeof url, "%s?operation=GetCACaps", s.url);
	get(w, url, 503);
	/* In the right log, and only there. */
	expect_evidence(w, &s, "/v1/evidence/httperr", " GET ", true);
	expect_evidence(w, &s, "/v1/evidence/httperr", "#Fields: ", true);
	expect_evidence(w, &s, "/v1/evidence/iis", " GET ", false);
	expect_evidence(w, &s, "/v1/evidence/iis", "#Fields: ", true);
	/* Another site has its own. */
	expect_evidence(
	    w, &s, "/x/ra-expired/v1/evidence/httperr", " GET ", false);
	expect_evidence(w, &s, "/x/ra-expired/v1/evidence/mscep?format=xml",
	    "<EventID>2</EventID>", true);
	expect_evidence(w, &s, "/x/ra-expired/v1/evidence/mscep?format=xml",
	    "</Events>", true);
	expect_evidence(w, &s, "/v1/evidence/mscep",
	    "NetworkDeviceEnrollmentService", false);
	served_stop(&s);
}

/* ---- what it tells of itself ---- */

static void
tells_where_a_site_is_and_what_is_in_force_there(void **state)
{
	struct world *w = *state;
	struct served s;
	const char *scep;
	char url[300];
	json_t *info;

	served_start(&s, NULL, with_control);
	info =
	    control_call_json(w, &s, "GET", "/x/ra-expired/v1/info", NULL, 200);
	assert_string_equal(control_text(info, "site"), "x/ra-expired");
	assert_string_equal(control_text(info, "scenario"), "ra-expired");
	scep = control_text(info, "scep_url");
	assert_non_null(strstr(scep, "/x/ra-expired/certsrv/mscep/"));
	snprintf(url, sizeof url, "%s?operation=GetCACaps", scep);
	get(w, url, 500);
	snprintf(
	    url, sizeof url, "%s/x/ra-expired", mockndes_url(s.m, "control"));
	assert_string_equal(control_text(info, "control_url"), url);
	json_decref(info);
	served_stop(&s);
}

/* ---- who may call ---- */

struct caller {
	const char *headers; /* %s: the port */
	long status;
};

static void
expect_callers(struct world *w, const struct served *s,
    const struct caller *rows, size_t n)
{
	const char *port = strrchr(mockndes_url(s->m, "control"), ':') + 1;

	for (size_t i = 0; i < n; i++) {
		struct client_http h;
		char headers[512], value[CLIENT_TEXT_MAX];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(headers, sizeof headers, rows[i].headers, port, port);
#pragma GCC diagnostic pop
		control_call_raw(w, s, "GET", "/v1/info", headers, NULL, &h);
		if (h.status != rows[i].status)
			fail_msg("%s: %ld", headers, h.status);
		assert_false(
		    client_header(&h, "Access-Control-Allow-Origin", value));
		client_http_clear(&h);
	}
}

static void
pages_of_other_origins_get_nothing(void **state)
{
	static const struct caller rows[] = {
		{ "Host: 127.0.0.1:%s\r\n", 200 },
		{ "Host: localhost:%s\r\n", 200 },
		{ "Host: LOCALHOST:%s\r\n", 200 },
		{ "Host: [::1]:%s\r\n", 200 },
		{ "Host: mock.example.test:%s\r\n", 200 },
		{ "Host: rebound.example.test:%s\r\n", 403 },
		{ "Host: 127.0.0.1.example.test:%s\r\n", 403 },
		{ "Host: 10.0.0.1:%s\r\n", 403 },
		{ "Host: 127.0.0.1\r\n", 403 },
		{ "Host: 127.0.0.1:1\r\n", 403 },
		{ "Host: \r\n", 403 },
		{ "Host: [::1\r\n", 403 },
		{ "Host: localhost:%s\r\nOrigin: http://localhost:%s\r\n",
		    200 },
		{ "Host: localhost:%s\r\nOrigin: http://127.0.0.1:%s\r\n",
		    200 },
		{ "Host: localhost:%s\r\nOrigin: https://localhost:%s\r\n",
		    403 },
		{ "Host: localhost:%s\r\nOrigin: http://localhost\r\n", 403 },
		{ "Host: localhost:%s\r\nOrigin: http://evil.example\r\n",
		    403 },
		{ "Host: localhost:%s\r\nOrigin: null\r\n", 403 },
		{ "Host: localhost:%s\r\nOrigin: \r\n", 403 },
	};
	static const char *const options[] = { "control-port", "0", "hostname",
		"mock.example.test", NULL };
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, options);
	expect_callers(w, &s, rows, COUNT(rows));
	served_stop(&s);
}

static void
off_loopback_the_token_counts_and_any_address_will_do(void **state)
{
	static const struct caller rows[] = {
		{ "Host: 127.0.0.1:%s\r\n", 401 },
		{ "Host: 127.0.0.1:%s\r\nAuthorization: Bearer sesam\r\n",
		    401 },
		{ "Host: 127.0.0.1:%s\r\nAuthorization: Bearer Sesame\r\n",
		    401 },
		{ "Host: 127.0.0.1:%s\r\nAuthorization: Bearer sesame\r\n",
		    200 },
		{ "Host: 10.0.0.1:32768\r\nAuthorization: Bearer sesame\r\n",
		    200 },
		{ "Host: rebound.example.test:%s\r\n"
		  "Authorization: Bearer sesame\r\n",
		    403 },
	};
	static const char *const options[] = { "control-port", "0",
		"control-bind", "0.0.0.0", "control-token", "sesame", NULL };
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, options);
	expect_callers(w, &s, rows, COUNT(rows));
	served_stop(&s);
}

static void
names_the_nearest_resource_and_the_methods(void **state)
{
	struct world *w = *state;
	struct client_http h;
	struct served s;
	char value[CLIENT_TEXT_MAX];
	json_t *json;

	served_start(&s, NULL, with_control);
	json = control_call_json(w, &s, "GET", "/v1/certficates", NULL, 404);
	assert_non_null(
	    strstr(control_text(json, "detail"), "/v1/certificates?"));
	json_decref(json);
	json = control_call_json(
	    w, &s, "POST", "/x/healthy/v1/shutdown", NULL, 404);
	json_decref(json);
	control_call_raw(w, &s, "DELETE", "/v1/host", NULL, NULL, &h);
	assert_int_equal(h.status, 405);
	assert_true(client_header(&h, "Allow", value));
	assert_string_equal(value, "GET, PATCH");
	client_http_clear(&h);
	control_call_raw(w, &s, "HEAD", "/v1/host", NULL, NULL, &h);
	assert_int_equal(h.status, 200);
	assert_int_equal(h.body.n, 0);
	client_http_clear(&h);
	served_stop(&s);
}

static void
a_body_beyond_a_megabyte_is_refused(void **state)
{
	struct world *w = *state;
	struct client_http h;
	struct served s;
	size_t n = (size_t)(1 << 20) + 1;
	char *body = malloc(n + 1);

	memset(body, ' ', n);
	body[n] = '\0';
	served_start(&s, NULL, with_control);
	control_call_raw(w, &s, "PATCH", "/v1/host", NULL, body, &h);
	assert_int_equal(h.status, 413);
	client_http_clear(&h);
	free(body);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_what_was_issued_page_by_page),
		cmocka_unit_test(
		    gives_a_certificate_by_its_serial_and_revokes_it),
		cmocka_unit_test(gives_the_certificates_of_the_deployment),
		cmocka_unit_test(
		    gives_private_keys_only_when_that_was_asked_for),
		cmocka_unit_test(
		    a_password_is_good_once_and_a_static_one_for_ever),
		cmocka_unit_test(a_password_of_another_site_is_unknown_here),
		cmocka_unit_test(shows_the_logs_that_are_written_nowhere),
		cmocka_unit_test(
		    tells_where_a_site_is_and_what_is_in_force_there),
		cmocka_unit_test(pages_of_other_origins_get_nothing),
		cmocka_unit_test(
		    off_loopback_the_token_counts_and_any_address_will_do),
		cmocka_unit_test(names_the_nearest_resource_and_the_methods),
		cmocka_unit_test(a_body_beyond_a_megabyte_is_refused),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
