/* SPDX-License-Identifier: MIT */
/*
 * Two causes at a time, for every pair of scenarios: each request dies of the
 * outermost of what is broken on its way, and when that is mended of the
 * other. In memory, on one server whose model is changed from pair to pair;
 * what it died of is read from the operator's log.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/desk.h"

#include "mockndes.h"
#include "scenario/scenario.h"
#include "support/by_hand.h"

/* ---- what a request dies of ---- */

enum op { CAPS, BROWSE, ADMIN, ENROL, OPS };

struct row {
	const char *id;
	/* in the operator's line of a request that dies of it; NULL: none does */
	const char *why[OPS];
	bool by_module; /* only while the policy module is there */
	bool no_module; /* takes the policy module away */
};

#define EVERY(why)                 \
	{                          \
		why, why, why, why \
	}
#define ONLY(op, why)      \
	{                  \
		[op] = why \
	}

/* From the outermost to the innermost; NULL throughout: no request of these dies of it. */
static const struct row rows[] = {
	{ "no-contact", EVERY("connections are refused on the way"), 0, 0 },
	{ "no-contact-reset", EVERY("connections are reset on the way"), 0, 0 },
	{ "no-contact-silent", EVERY("packets are dropped on the way"), 0, 0 },
	{ "page-not-displayed", EVERY("(app_proxy.external_url)"), 0, 0 },
	{ "gateway-timeout", EVERY("(app_proxy.connector)"), 0, 0 },
	{ "bad-gateway", EVERY("(app_proxy.backend)"), 0, 0 },
	{ "uri-too-long", ONLY(ENROL, "http_sys.MaxFieldLength"), 0, 0 },
	{ "pool-stopped", EVERY("the application pool SCEP is disabled"), 0,
	    0 },
	{ "svc-account-locked", EVERY("(account.locked)"), 0, 0 },
	{ "svc-account-expired", EVERY("(account.password_expired)"), 0, 0 },
	{ "admin-hidden", ONLY(ADMIN, "hiddenSegments"), 0, 0 },
	{ "admin-unauthorised", ONLY(ADMIN, "(account.admin_locked)"), 0, 0 },
	{ "handler-order", ONLY(ADMIN, "(iis.handler_order)"), 0, 0 },
	{ "pool-crash-root-store", EVERY("(root_store.ndes_intermediates)"), 1,
	    0 },
	{ "pool-crash-crl", EVERY("(crl.reachable)"), 1, 0 },
	{ "pool-crash-winauth", EVERY("(policy_module.crp_authentication)"), 1,
	    0 },
	{ "pool-crash-ndescert", EVERY("(policy_module.client_certificate)"), 1,
	    0 },
	{ "impersonation", EVERY("Impersonate a client"), 0, 0 },
	{ "ra-expired", EVERY("NDES did not start: the RA"), 0, 0 },
	{ "general-page", ONLY(BROWSE, " -> 200"), 0, 1 },
	{ "setup-site-renamed", ONLY(BROWSE, " -> 200"), 0, 1 },
	{ "setup-cng-cert", ONLY(BROWSE, " -> 200"), 0, 1 },
	{ "admin-no-permission", ONLY(ADMIN, "(account.admin_enroll, event 6)"),
	    0, 0 },
	{ "password-cache-full", ONLY(ADMIN, "(registry.PasswordMax)"), 0, 0 },
	{ "wrong-recipient", ONLY(ENROL, "the envelope is for another"), 0, 0 },
	{ "bad-password", ONLY(ENROL, "(mscep.passwords)"), 0, 0 },
	{ "crp-cn-mismatch", ONLY(ENROL, "(policy_module.crp_tls, "), 1, 0 },
	{ "ndescert-no-eku", ONLY(ENROL, "(policy_module.client_certificate)"),
	    1, 0 },
	{ "crp-403-16", ONLY(ENROL, "(root_store.crp_intermediates)"), 1, 0 },
	{ "crp-500", ONLY(ENROL, "(policy_module.crp_health)"), 1, 0 },
	{ "crp-signing-cert", ONLY(ENROL, "(policy_module.crp_health, 0x409)"),
	    1, 0 },
	{ "crp-encryption-cert",
	    ONLY(ENROL, "(policy_module.crp_health, 0x408)"), 1, 0 },
	{ "crp-deserialize", ONLY(ENROL, "(policy_module.crp_health, 0x410)"),
	    1, 0 },
	{ "challenge-expired", ONLY(ENROL, "(policy_module.challenge, 0x411)"),
	    1, 0 },
	{ "ca-down", ONLY(ENROL, "(ca.running)"), 0, 0 },
	{ "template-unsupported", ONLY(ENROL, "(0x80094800)"), 0, 0 },
	{ "template-denied", ONLY(ENROL, "(0x80094012)"), 0, 0 },
	{ "key-too-small", ONLY(ENROL, "(0x80094811)"), 0, 0 },
	{ "reporting-stuck", { NULL }, 0, 0 },
	{ "ios-ra-invalid", { NULL }, 0, 0 },
	{ "ra-old-ca", { NULL }, 0, 0 },
	{ "caps-modern", { NULL }, 0, 0 },
};

/* What the operator reads of a request that dies of nothing. */
static const char *const fine[OPS] = {
	[CAPS] = "GetCACaps -> 200",
	[BROWSE] = "browse -> 403 by mscep.dll: browsing is forbidden",
	[ADMIN] = " -> 200",
	[ENROL] = " SUCCESS issued",
};

static void
has_a_row_for_every_failure(void **state)
{
	const char *name;
	size_t n = 0;

	(void)state;
	for (size_t k = 0; (name = mockndes_builtin(k)) != NULL; k++) {
		size_t i = 0;

		if (is_by_hand(name))
			continue;
		n++;

		while (i < nitems(rows) && strcmp(rows[i].id, name) != 0)
			i++;
		if (i == nitems(rows) && strcmp(name, "healthy") != 0)
			fail_msg("scenarios/%s.yaml has no row", name);
	}
	assert_int_equal(n, nitems(rows) + 1);
}

/* ---- a server whose model changes ---- */

struct bench {
	struct desk desk;
	struct client c;
	EVP_PKEY *key;
	struct scenario *plan[nitems(rows)];
	/* an enrolment as a GET, for the certificates that it was made from */
	struct client_bytes certificates;
	struct client_bytes target;
};

static int
bench_teardown(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < nitems(rows); i++)
		scenario_free(b->plan[i]);
	client_bytes_clear(&b->certificates);
	client_bytes_clear(&b->target);
	desk_close(&b->desk);
	EVP_PKEY_free(b->key);
	client_close(&b->c);
	free(b);
	return 0;
}

static int
replace(void *ctx, struct host *configured, struct err *e)
{
	(void)e;
	*configured = *(const struct host *)ctx;
	return 0;
}

/* The computer starts with this model; it starts services too, so those that are stopped are then stopped again. */
static void
begin(struct bench *b, struct host *host)
{
	struct err e = { 0 };
	struct site *site = server_site(b->desk.server, "", &e);

	assert_non_null(site);
	if (site_edit(site, replace, host, NULL, 0, &e) == -1 ||
	    site_restart(site, SITE_RESTART_COMPUTER, &e) == -1 ||
	    site_edit(site, replace, host, NULL, 0, &e) == -1)
		fail_msg("%s", e.text);
	site_unref(site);
}

/* ---- requests ---- */

/* The certificates of GetCACert in the order of NDES; without RA certificates clients take the CA's. */
static void
read_certificates(const struct client_bytes *p7, struct client_ca *ca)
{
	const unsigned char *at = p7->p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)p7->n);
	int n;

	assert_non_null(cms);
	ca->all = CMS_get1_certs(cms);
	CMS_ContentInfo_free(cms);
	n = sk_X509_num(ca->all);
	assert_in_range(n, 2, 4);
	ca->ra_sign = sk_X509_value(ca->all, 0);
	ca->ra_encrypt = sk_X509_value(ca->all, n == 4 ? 1 : 0);
	ca->issuing = sk_X509_value(ca->all, n - 2);
	ca->root = sk_X509_value(ca->all, n - 1);
}

static void
make_message(struct bench *b)
{
	struct client_ca ca;
	struct client_prepared p;
	struct client_enrolment e = {
		.ca = &ca,
		.csr = { .key = b->key,
		    .subject = "/CN=pair",
		    .challenge = DESK_SECRET },
	};

	read_certificates(&b->certificates, &ca);
	if (client_prepare(&b->c, &e, &p) != 0)
		fail_msg("%s", b->c.why);
	client_bytes_clear(&b->target);
	assert_int_equal(
	    client_bytes_add(&b->target, DESK_PATH, strlen(DESK_PATH)), 0);
	assert_int_equal(
	    client_query(&b->c, &p.der, CLIENT_ESCAPED, &b->target), 0);
	client_prepared_clear(&p);
	client_ca_clear(&ca);
}

/* Where GetCACert answers, the message is made for what it brings. */
static void
refresh_message(struct bench *b)
{
	struct desk_request rq = { .target = DESK_PATH "?operation=GetCACert" };
	struct client_http h;

	desk_ask(&b->desk, &rq, &h);
	if (h.status == 200 &&
	    (b->certificates.n != h.body.n ||
		memcmp(b->certificates.p, h.body.p, h.body.n) != 0)) {
		client_bytes_clear(&b->certificates);
		assert_int_equal(
		    client_bytes_add(&b->certificates, h.body.p, h.body.n), 0);
		make_message(b);
	}
	client_http_clear(&h);
}

static void
ask(struct bench *b, enum op op)
{
	struct desk_request rq = { .target = DESK_PATH };
	struct client_http h;

	if (op == CAPS)
		rq.target = DESK_PATH "?operation=GetCACaps";
	if (op == ADMIN) {
		rq.target = "/certsrv/mscep_admin/";
		rq.authorization = DESK_ADMIN;
	}
	if (op == ENROL)
		rq.target = (const char *)b->target.p;
	desk_ask(&b->desk, &rq, &h);
	client_http_clear(&h);
}

static int
bench_setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct scenario_report report;
	struct err e = { 0 };

	if (b == NULL || client_open(&b->c, NULL) != 0)
		return -1;
	b->key = client_key(&b->c, 2048);
	for (size_t i = 0; i < nitems(rows); i++) {
		scenario_report_init(&report);
		b->plan[i] = scenario_open(rows[i].id, &report, &e);
		scenario_report_clear(&report);
		if (b->plan[i] == NULL)
			return -1;
	}
	desk_open(&b->desk, NULL);
	refresh_message(b);
	*state = b;
	return 0;
}

/* ---- pairs ---- */

/* What requests die of when these two hold (the second may be NULL); the outer one comes first. */
static const char *
expected(const struct row *outer, const struct row *inner, enum op op)
{
	const struct row *both[] = { outer, inner };
	bool no_module =
	    outer->no_module || (inner != NULL && inner->no_module);

	for (size_t i = 0; i < nitems(both); i++) {
		if (both[i] == NULL || (both[i]->by_module && no_module))
			continue;
		if (both[i]->why[op] != NULL)
			return both[i]->why[op];
	}
	return fine[op];
}

static void
dies_of(struct bench *b, const struct row *outer, const struct row *inner)
{
	refresh_message(b);
	for (enum op op = CAPS; op < OPS; op++) {
		const char *why = expected(outer, inner, op);

		ask(b, op);
		if (strstr(b->desk.log, why) == NULL)
			fail_msg("%s with %s: \"%s\", not \"%s\"", outer->id,
			    inner == NULL ? "nothing else" : inner->id,
			    b->desk.log, why);
	}
}

static void
healthy(struct host *host)
{
	host_init(host);
	/* nobody waits here, but a wait must not be taken for one */
	host->app_proxy.gateway_timeout_ms = 2000;
}

/* Do both say something of the same key? Then they cannot both be so. */
static bool
contradict(const struct scenario *a, const struct scenario *c)
{
	struct host ac, ca;
	size_t n;
	const struct host_key *keys = host_keys(&n);
	bool differ = false;

	healthy(&ac);
	healthy(&ca);
	scenario_apply(a, &ac);
	scenario_apply(c, &ac);
	scenario_apply(c, &ca);
	scenario_apply(a, &ca);
	for (size_t i = 0; i < n && !differ; i++) {
		struct buf one, other;

		buf_init(&one, 8192);
		buf_init(&other, 8192);
		host_get(&ac, &keys[i], &one);
		host_get(&ca, &keys[i], &other);
		differ = strcmp(buf_str(&one), buf_str(&other)) != 0;
		buf_clear(&one);
		buf_clear(&other);
	}
	return differ;
}

static void
dies_of_each_alone_and_of_nothing_when_it_is_mended(void **state)
{
	static const struct row nothing = { "health", { NULL }, 0, 0 };
	struct bench *b = *state;
	struct host host;

	for (size_t i = 0; i < nitems(rows); i++) {
		healthy(&host);
		scenario_apply(b->plan[i], &host);
		begin(b, &host);
		dies_of(b, &rows[i], NULL);
		healthy(&host);
		begin(b, &host);
		dies_of(b, &nothing, NULL);
	}
}

/* Both, then the inner one alone; 1 when there is such a pair. */
static unsigned
try_pair(struct bench *b, size_t outer, size_t inner)
{
	struct host host;

	if (contradict(b->plan[outer], b->plan[inner]))
		return 0;
	healthy(&host);
	scenario_apply(b->plan[outer], &host);
	scenario_apply(b->plan[inner], &host);
	begin(b, &host);
	dies_of(b, &rows[outer], &rows[inner]);
	healthy(&host);
	scenario_apply(b->plan[inner], &host);
	begin(b, &host);
	dies_of(b, &rows[inner], NULL);
	return 1;
}

static void
dies_of_the_outer_of_two_and_then_of_the_inner(void **state)
{
	size_t all = nitems(rows) * (nitems(rows) - 1) / 2;
	struct bench *b = *state;
	unsigned pairs = 0;

	for (size_t i = 0; i < nitems(rows); i++)
		for (size_t k = i + 1; k < nitems(rows); k++)
			pairs += try_pair(b, i, k);
	/*
	 * That cannot be together: three states of the network, two ends of
	 * the setup, two client certificates, four healths of the
	 * registration point.
	 */
	assert_int_equal(pairs, all - 3 - 1 - 1 - 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_a_row_for_every_failure),
		cmocka_unit_test(
		    dies_of_each_alone_and_of_nothing_when_it_is_mended),
		cmocka_unit_test(
		    dies_of_the_outer_of_two_and_then_of_the_inner),
	};

	return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
