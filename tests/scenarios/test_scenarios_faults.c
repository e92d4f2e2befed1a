/* SPDX-License-Identifier: MIT */
/*
 * Every ready-made fault, below /x/ of one server: first the same client
 * enrols where nothing is wrong, then it meets the fault. The client is ours
 * and strict, so what is to be refused it must refuse; that the fault was
 * really there is read from the operator's log, which names the rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/served.h"

#define LOG_LINES 400

/* The last lines of the operator's log. */
struct lines {
	pthread_mutex_t lock;
	char text[LOG_LINES][512];
	size_t n;
};

static struct lines lines = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
keep_line(void *ctx, int level, const char *text)
{
	struct lines *l = ctx;

	(void)level;
	pthread_mutex_lock(&l->lock);
	snprintf(
	    l->text[l->n++ % LOG_LINES], sizeof(l->text[0]), "%.500s", text);
	pthread_mutex_unlock(&l->lock);
}

static bool
was_logged(struct lines *l, size_t from, const char *part)
{
	bool found = false;

	pthread_mutex_lock(&l->lock);
	for (size_t i = from; i < l->n && !found; i++)
		found = strstr(l->text[i % LOG_LINES], part) != NULL;
	pthread_mutex_unlock(&l->lock);
	return found;
}

/* Does the file say of its client, as an error, that it refuses? */
static bool
is_to_be_refused(const char *name)
{
	char *yaml = mockndes_scenario_part(name, "yaml");
	const char *at = strstr(yaml, "  - client: refuses\n");
	bool yes =
	    at != NULL && strncmp(at + 20, "    severity: warning", 21) != 0;

	free(yaml);
	return yes;
}

/* Faults of connections concern a whole port, and no contact is no answer at all; both are tested with their own servers. Time is not wasted on those that never end. */
static bool
is_elsewhere(const char *name)
{
	const char *part = strchr(name, '/') + 1;
	static const char *const others[] = { "tr-refuse", "tr-drip",
		"tr-stall", "tr-reset-accept", "http-head-only",
		"http-keepalive", NULL };

	for (size_t i = 0; others[i] != NULL; i++)
		if (strcmp(part, others[i]) == 0)
			return true;
	return strncmp(part, "tls-", 4) == 0;
}

/*
 * Enrol from the beginning, or renew old with another key; 0: a certificate
 * was taken, and *out has it (NULL: not wanted).
 */
static int
enrol_at(struct client *c, struct world *w, struct served *s, const char *url,
    X509 *old, X509 **out)
{
	struct client_enrolment e = served_enrolment(s, w, "/CN=fault");
	struct client_certrep r = { 0 };
	struct client_ca ca = { 0 };
	struct client_http caps = { 0 };
	char at[512];
	int rc;

	snprintf(at, sizeof(at), "%s?operation=GetCACaps", url);
	(void)client_get(c, at, NULL, &caps);
	client_http_clear(&caps);
	if (client_ca_fetch(c, url, &ca) == -1)
		return -1;
	e.url = url;
	e.ca = &ca;
	e.transaction = "fault-1";
	e.signer = old;
	if (old != NULL) {
		e.signer_key = w->key;
		e.csr.key = w->other;
		e.csr.challenge = NULL;
		e.type = 17;
	}
	/* OpenSSL leaves it to its user that MD5 is nothing. */
	rc = X509_get_signature_nid(ca.issuing) == NID_md5WithRSAEncryption
	    ? -1
	    : client_enrol(c, &e, &r);
	if (rc == 0 && r.status != 0)
		rc = -1;
	if (rc == 0 &&
	    (strcmp(r.cipher, "DES-CBC") == 0 ||
		(X509_get_extension_flags(r.certificate) & EXFLAG_CA) != 0))
		rc = -1;
	if (rc == 0 && client_chain_verify(c, &ca, r.certificate, false) == -1)
		rc = -1;
	if (rc == 0 && out != NULL) {
		*out = r.certificate;
		r.certificate = NULL;
	}
	if (rc == 0 && old != NULL && r.certificate != NULL &&
	    X509_cmp(r.certificate, old) == 0)
		rc = -1;
	client_certrep_clear(&r);
	client_ca_clear(&ca);
	return rc;
}

static void
url_of(const struct served *s, const char *name, char out[512])
{
	const char *host = strstr(s->url, "://") + 3;
	const char *path = strchr(host, '/');

	snprintf(
	    out, 512, "%.*s/x/%s%s", (int)(path - s->url), s->url, name, path);
}

/* Ids of the file's rules; the fault was there when one of them was logged. */
static bool
acted(const char *name, size_t from)
{
	char *yaml = mockndes_scenario_part(name, "yaml");
	char part[128];
	bool found = strstr(yaml, "\nrules:") == NULL;

	for (const char *at = yaml;
	     !found && (at = strstr(at, "  - id: ")) != NULL;) {
		at += 8;
		snprintf(part, sizeof(part), "[rule %.*s,",
		    (int)strcspn(at, "\n"), at);
		found = was_logged(&lines, from, part);
	}
	free(yaml);
	return found;
}

/* Requests that an enrolment does not need, for the faults that are about them. */
static void
look_around(struct client *c, const char *url)
{
	static const char *const tails[] = {
		"?operation=GetCACert&message=CAIdentifier",
		"?operation=PKIOperation&message=AAAA",
	};
	static const char *const expect[] = { "Expect: 100-continue", NULL };
	struct client_http h = { 0 };
	struct client_bytes page = { 0 };
	char at[600];
	const char *end = strstr(url, "/mscep/mscep.dll");

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		snprintf(at, sizeof(at), "%s%s", url, tails[i]);
		(void)client_get(c, at, expect, &h);
		client_http_clear(&h);
	}
	snprintf(at, sizeof(at), "%.*s/mscep_admin/", (int)(end - url), url);
	(void)client_admin_page(c, at, SERVED_ADMIN, &page);
	client_bytes_clear(&page);
	snprintf(at, sizeof(at), "%.*s/CertEnroll/x.crl",
	    (int)(strstr(url, "/certsrv") - url), url);
	(void)client_get(c, at, NULL, &h);
	client_http_clear(&h);
}

/* Which client meets it: some faults are for renewals, or for a second try. */
static int
meet(struct client *c, struct world *w, struct served *s, const char *name)
{
	char *yaml = mockndes_scenario_part(name, "yaml");
	bool renewal = strstr(yaml, "signer: issued") != NULL ||
	    strstr(yaml, "RenewalReq") != NULL;
	bool second = strstr(yaml, "\n    after: 1") != NULL ||
	    strstr(yaml, "poll: { over: 0 }") != NULL;
	X509 *old = NULL;
	char url[512];
	int rc;

	free(yaml);
	url_of(s, name, url);
	rc = enrol_at(c, w, s, url, NULL, renewal ? &old : NULL);
	look_around(c, url);
	if (old != NULL)
		rc = enrol_at(c, w, s, url, old, NULL);
	X509_free(old);
	if (second)
		rc = enrol_at(c, w, s, url, NULL, NULL);
	return rc;
}

static void
each_acts_and_is_refused_where_it_should_be(void **state)
{
	struct world *w = *state;
	static const char *const options[] = { "https-port", "off", "seed", "1",
		NULL };
	struct client *c = &w->c;
	struct served s;
	const char *name;
	size_t n = 0, refused = 0, believed = 0, idle = 0;

	served_start(&s, NULL, options);
	mockndes_log(s.m, keep_line, &lines);
	served_ca(&s, c);
	c->timeout_s = 3;
	assert_int_equal(enrol_at(c, w, &s, s.url, NULL, NULL), 0);
	for (size_t i = 0; (name = mockndes_builtin(i)) != NULL; i++) {
		size_t from = lines.n;
		int rc;

		if (strchr(name, '/') == NULL || is_elsewhere(name))
			continue;
		rc = meet(c, w, &s, name);
		n++;
		if (is_to_be_refused(name)) {
			refused++;
			if (rc == 0)
				print_message("%s was believed\n", name);
			believed += rc == 0;
		}
		if (!acted(name, from)) {
			print_message("%s: no rule acted (%s)\n", name,
			    rc == 0 ? "enrolled" : c->why);
			idle++;
		}
	}
	assert_int_equal(believed, 0);
	assert_int_equal(idle, 0);
	assert_in_range(n, 200, 1000);
	assert_in_range(refused, 90, 1000);
	assert_int_equal(enrol_at(c, w, &s, s.url, NULL, NULL), 0);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_acts_and_is_refused_where_it_should_be),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
