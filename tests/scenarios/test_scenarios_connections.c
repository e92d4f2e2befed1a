/* SPDX-License-Identifier: MIT */
/*
 * The ready-made faults of connections, and those of what is not below /x/,
 * each on a server of its own: a correct client enrols where nothing is
 * wrong, then meets the fault. Those that never end meet a client with a
 * deadline of a second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/reasons.h"
#include "support/served.h"
#include "support/wary.h"

static const struct row {
	const char *name;
	bool https;
	const char *why; /* what the refusal says, in part; NULL: it enrols */
	bool never_ends;
} rows[] = {
	{ "hostile/tls-10-only", true, "SSL", false },
	{ "hostile/tls-alert", true, "handshake failure", false },
	{ "hostile/tls-alert-midway", true, "alert internal error", false },
	{ "hostile/tls-close-nonotify-midway", true,
	    "GetCACert is no certificate", false },
	{ "hostile/tls-chain-missing", true, "unable to get local issuer",
	    false },
	{ "hostile/tls-clientcert-require", true, "", false },
	{ "hostile/tls-cut", true, "onnect", false },
	{ "hostile/tls-expired", true, "certificate has expired", false },
	{ "hostile/tls-notyet", true, "certificate is not yet valid", false },
	{ "hostile/tls-on-80", false, "HTTP/0.9", false },
	{ "hostile/tls-plain-on-443", true, "SSL", false },
	{ "hostile/tls-same-ca-rollover", true,
	    "self-signed certificate in certificate chain", false },
	{ "hostile/tls-selfsigned", true, "self-signed certificate", false },
	{ "hostile/tls-unknownca", true,
	    "self-signed certificate in certificate chain", false },
	{ "hostile/tls-wronghost", true, "no alternative certificate subject",
	    false },
	{ "robust/tls-13-only", true, NULL, false },
	{ "robust/tls-clientcert-request", true, NULL, false },
	{ "robust/tls-close-nonotify", true, NULL, false },
	{ "hostile/tr-refuse", false, "Couldn't connect", false },
	{ "hostile/tr-reset-accept", false, "onnect", false },
	{ "hostile/tr-drip", false, "timed out", true },
	{ "hostile/tr-stall", false, "timed out", true },
	{ "hostile/http-head-only", false, "timed out", true },
	{ "robust/http-keepalive", false, NULL, false },
};

/* What only a client refuses that asks for the CRLs of TLS certificates. */
static const char unseen[] = "hostile/tls-revoked";

static const char *const options[] = { "https-port", "0", "seed", "1", NULL };

static struct wary
client_at(struct client *c, struct world *w, const char *url)
{
	return (struct wary){
		.c = c,
		.url = url,
		.userpwd = SERVED_ADMIN,
		.key = w->key,
		.subject = "/CN=connection",
	};
}

/* The file expects what the row says; its folder does too. */
static void
assert_expected(const struct row *row)
{
	char *yaml = mockndes_scenario_part(row->name, "yaml");
	const char *line = row->why == NULL ? "  - client: succeeds\n"
					    : "  - client: refuses\n";

	if (yaml == NULL || strstr(yaml, line) == NULL ||
	    (strncmp(row->name, "hostile/", 8) == 0) != (row->why != NULL))
		fail_msg("%s does not expect it", row->name);
	free(yaml);
}

/* HTTPS with the root of the deployment, wherever that can be had. */
static void
trust(struct client *c, struct served *s)
{
	served_ca(s, c);
	assert_int_equal(client_trust(c, &s->ca), 0);
}

static void
meet(struct world *w, const struct row *row)
{
	struct client c;
	struct served s;
	struct wary v;
	int rc;

	assert_expected(row);
	served_start(&s, row->name, options);
	assert_int_equal(client_open(&c, &w->c), 0);
	if (row->https)
		trust(&c, &s);
	c.timeout_s = row->never_ends ? 1 : 30;
	v = client_at(&c, w, row->https ? s.url_https : s.url);
	rc = wary_enrol(&v);
	if (row->why == NULL && rc == -1)
		fail_msg("%s: %s", row->name, c.why);
	if (row->why != NULL && rc == 0)
		fail_msg("%s was believed", row->name);
	if (row->why != NULL && strstr(c.why, row->why) == NULL)
		fail_msg("%s: refused since \"%s\", not \"%s\"", row->name,
		    c.why, row->why);
	wary_clear(&v);
	client_close(&c);
	served_stop(&s);
}

static void
none_is_left_out(void **state)
{
	const char *name;

	(void)state;
	for (size_t i = 0; (name = mockndes_builtin(i)) != NULL; i++) {
		bool met = strstr(name, "/st-crl-") != NULL ||
		    strcmp(name, unseen) == 0;

		if (strchr(name, '/') == NULL ||
		    !reasons_have(
			reasons_elsewhere, strchr(name, '/') + 1, true))
			continue;
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
			met |= strcmp(rows[k].name, name) == 0;
		if (!met)
			fail_msg("%s is met by no test", name);
	}
}

static void
each_ends_as_its_file_says(void **state)
{
	struct world *w = *state;
	struct served s;
	struct wary v;

	served_start(&s, NULL, options);
	trust(&w->c, &s);
	for (int https = 0; https < 2; https++) {
		v = client_at(&w->c, w, https ? s.url_https : s.url);
		if (wary_enrol(&v) == -1)
			fail_msg("where nothing is wrong: %s", w->c.why);
		wary_clear(&v);
	}
	served_stop(&s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		meet(w, &rows[i]);
}

/* Enrol, and look whether the certificate or its CA is revoked. */
static int
enrol_and_look(struct world *w, const char *scenario)
{
	struct served s;
	struct wary v;
	int rc;

	served_start(&s, scenario, options);
	served_ca(&s, &w->c);
	v = client_at(&w->c, w, s.url);
	if (wary_enrol(&v) == -1)
		fail_msg("%s: %s", scenario, w->c.why);
	rc = client_chain_verify(&w->c, &s.ca, v.certificate, true);
	wary_clear(&v);
	served_stop(&s);
	return rc;
}

static void
who_looks_at_crls_refuses_what_has_none(void **state)
{
	struct world *w = *state;

	assert_int_equal(enrol_and_look(w, "healthy"), 0);
	assert_int_equal(enrol_and_look(w, "hostile/st-crl-missing"), -1);
	assert_non_null(strstr(w->c.why, "no CRL at"));
	assert_int_equal(enrol_and_look(w, "hostile/st-crl-stale"), -1);
	assert_non_null(strstr(w->c.why, "CRL has expired"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_left_out),
		cmocka_unit_test(each_ends_as_its_file_says),
		cmocka_unit_test(who_looks_at_crls_refuses_what_has_none),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
