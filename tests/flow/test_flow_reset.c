/* SPDX-License-Identifier: MIT */
/*
 * A reset server against a fresh one: the same portrait is taken of both, out
 * of all that a client and a caller of the control API can see, and in between
 * everything is changed that can be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "support/office.h"

#define PORTRAIT_MAX ((size_t)4 << 20)

/* Rules whose draws, counts and memory of transactions show in the answers. */
#define SCENARIO                                              \
	"mockndes: 1\n"                                       \
	"name: begun\n"                                       \
	"host: { registry: { PasswordMax: 4 } }\n"            \
	"rules:\n"                                            \
	"  - id: half\n"                                      \
	"    when: { op: GetCACaps }\n"                       \
	"    chance: 50%\n"                                   \
	"    then: { reply: { status: 504 } }\n"              \
	"  - id: again\n"                                     \
	"    when: { op: PKIOperation, poll: { over: 0 } }\n" \
	"    then: { reply: { status: 418 } }\n"

struct world {
	struct client c;
	EVP_PKEY *key;
	struct office o;
	char password[CHALLENGE_TEXT_MAX]; /* of the ready line */
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err e = { 0 };

	if (!w || client_open(&w->c, NULL))
		return -1;
	*state = w;
	w->key = client_key(&w->c, 2048);
	office_open_text(&w->o, SCENARIO);
	return server_challenge(w->o.desk.server, w->password, &e);
}

static int
teardown(void **state)
{
	struct world *w = *state;

	office_close(&w->o);
	EVP_PKEY_free(w->key);
	client_close(&w->c);
	free(w);
	return 0;
}

/* The HTTP status of a message of a transaction, and of its CertRep; the request's number with the CA when it is issued. */
static void
send_message(struct world *w, const char *password, const char *transaction,
    struct buf *out)
{
	struct client_enrolment e = {
		.ca = &w->o.desk.ca,
		.csr = { .key = w->key,
		    .subject = "/CN=client",
		    .challenge = password },
		.transaction = transaction,
	};
	struct client_prepared p;
	struct client_certrep r = { 0 };
	struct client_http h;

	assert_int_equal(client_prepare(&w->c, &e, &p), 0);
	struct desk_request rq = {
		.target = DESK_PATH "?operation=PKIOperation",
		.body = p.der,
	};
	desk_ask(&w->o.desk, &rq, &h);
	buf_addf(out, "enrol: HTTP %ld", h.status);
	struct client_expect x = {
		.message = &p.message, .ca = e.ca, .csr_key = e.csr.key
	};
	if (h.status == 200 &&
	    client_certrep_read(&w->c, &x, &h.body, &r) == 0) {
		buf_addf(out, " status %d", r.status);
		if (r.certificate) {
			const ASN1_INTEGER *n =
			    X509_get0_serialNumber(r.certificate);
			buf_addf(out, " number %d", n->data[n->length - 1]);
		}
	}
	buf_add_str(out, "\n");
	client_certrep_clear(&r);
	client_http_clear(&h);
	client_prepared_clear(&p);
}

static void
add_document(struct world *w, const char *target, struct buf *out)
{
	json_t *doc = office_call(&w->o, "GET", target, NULL, 200);
	char *text = json_dumps(doc, JSON_INDENT(1) | JSON_SORT_KEYS);

	buf_addf(out, "%s\n%s\n", target, text);
	free(text);
	json_decref(doc);
}

static void
add_body(struct world *w, const char *target, struct buf *out)
{
	struct client_http h;
	struct desk_request rq = { .target = target,
		.authorization = DESK_ADMIN };

	desk_ask(&w->o.desk, &rq, &h);
	buf_addf(out, "%s: %ld ", target, h.status);
	for (size_t i = 0; i < h.body.n; i++)
		buf_addf(out, "%02x", h.body.p[i]);
	buf_add_str(out, "\n");
	client_http_clear(&h);
}

/* How many passwords the page gives out before it is full. */
static void
add_passwords(struct world *w, struct buf *out)
{
	struct client_http h;
	struct desk_request rq = { .target = "/certsrv/mscep_admin/",
		.authorization = DESK_ADMIN };
	size_t first = 0;
	unsigned n = 0;

	for (;; n++) {
		desk_ask(&w->o.desk, &rq, &h);
		size_t size = h.body.n;
		client_http_clear(&h);
		if (n == 0)
			first = size;
		if (size != first || n == 100)
			break;
	}
	buf_addf(out, "passwords: %u\n", n);
}

/* Revoked certificates on the CRL; it is dated by a clock that stands still. */
static void
add_crl(struct world *w, struct buf *out)
{
	struct client_http h;
	struct desk_request rq = { .target =
				       "/CertEnroll/mockndes-Issuing-CA.crl" };
	const unsigned char *p;

	desk_ask(&w->o.desk, &rq, &h);
	p = h.body.p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)h.body.n);
	assert_non_null(crl);
	buf_addf(out, "crl: %d revoked, dated ",
	    sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)));
	buf_addf(out, "%s\n",
	    (const char *)ASN1_STRING_get0_data(X509_CRL_get0_lastUpdate(crl)));
	X509_CRL_free(crl);
	client_http_clear(&h);
}

static void
take_portrait(struct world *w, struct buf *out)
{
	static const char *const documents[] = { "/v1/host",
		"/v1/host?view=in-force", "/v1/scenario", "/v1/rules",
		"/v1/clock", "/v1/sessions", "/v1/certificates",
		"/v1/challenges", "/v1/host?site=x/pool-stopped" };
	struct journal_counts n =
	    journal_counts(server_journal(w->o.desk.server), "");

	buf_init(out, PORTRAIT_MAX);
	buf_addf(out, "journal: %llu entries\n", (unsigned long long)n.entries);
	for (size_t i = 0; i < nitems(documents); i++)
		add_document(w, documents[i], out);
	if (!w->o.desk.ca.all)
		desk_ca(&w->o.desk, &w->c);
	add_body(w, DESK_PATH "?operation=GetCACert", out);
	for (int i = 0; i < 12; i++)
		add_body(w, DESK_PATH "?operation=GetCACaps", out);
	send_message(w, w->password, "one-transaction", out);
	send_message(w, w->password, "one-transaction", out);
	send_message(w, w->password, "another", out);
	add_passwords(w, out);
	add_crl(w, out);
	assert_true(buf_ok(out));
}

/* Change all that can be. */
static void
make_a_mess(struct world *w)
{
	struct office *o = &w->o;
	json_t *doc, *serial;
	char target[256];
	struct buf none;

	buf_init(&none, PORTRAIT_MAX);
	for (int i = 0; i < 3; i++)
		send_message(w, DESK_SECRET, NULL, &none);
	send_message(w, "wrong", "another", &none);
	doc = office_call(o, "GET", "/v1/certificates", NULL, 200);
	serial = office_at(doc, "certificates.0.serial");
	snprintf(target, sizeof(target), "/v1/certificates/%s/revoke",
	    json_string_value(serial));
	office_do(o, "POST", target, NULL, 200);
	json_decref(doc);
	add_crl(w, &none);
	office_do(o, "POST", "/v1/challenges", NULL, 201);
	office_do(o, "POST", "/v1/sessions", NULL, 201);
	office_do(o, "POST", "/v1/rules",
	    "{\"id\":\"more\",\"when\":{\"path\":\"/no\"},\"then\":{\"hang\":true}}",
	    201);
	office_do(o, "PATCH", "/v1/rules/half", "{\"enabled\":false}", 200);
	office_do(o, "PATCH", "/v1/host?site=x/pool-stopped",
	    "{\"app_pool\":{\"state\":\"started\"}}", 200);
	office_do(o, "PATCH", "/v1/host?ttl=1h",
	    "{\"rights\":{\"impersonate\":false},\"clock\":{\"offset\":\"1d\"}}",
	    200);
	office_do(o, "PUT", "/v1/clock", "{\"offset\":\"2d\"}", 200);
	office_do(o, "PUT", "/v1/scenario?ttl=1h&name=caps-modern", NULL, 200);
	send_message(w, "wrong", "one-transaction", &none);
	/* a pool that crashes until it is disabled */
	office_do(
	    o, "PATCH", "/v1/host", "{\"crl\":{\"reachable\":false}}", 200);
	for (int i = 0; i < 8; i++)
		office_caps(o, "");
	buf_clear(&none);
}

/* The first line in which two texts differ. */
static void
same(const struct buf *a, const struct buf *b)
{
	const char *p = buf_str(a), *q = buf_str(b);

	while (*p || *q) {
		size_t n = strcspn(p, "\n"), m = strcspn(q, "\n");
		if (n != m || memcmp(p, q, n) != 0)
			fail_msg("fresh: %.*s\nreset: %.*s",
			    (int)(n > 800 ? 800 : n), p,
			    (int)(m > 800 ? 800 : m), q);
		p += n + (p[n] == '\n');
		q += m + (q[m] == '\n');
	}
}

static void
a_reset_server_is_as_a_fresh_one(void **state)
{
	struct world *w = *state;
	struct buf fresh, reset;

	take_portrait(w, &fresh);
	make_a_mess(w);
	office_do(&w->o, "POST", "/v1/reset", NULL, 200);
	take_portrait(w, &reset);
	same(&fresh, &reset);
	buf_clear(&reset);
	/* and again, from what the portrait left */
	office_do(&w->o, "POST", "/v1/reset", NULL, 200);
	take_portrait(w, &reset);
	same(&fresh, &reset);
	buf_clear(&fresh);
	buf_clear(&reset);
}

static void
a_reset_session_is_as_a_fresh_one(void **state)
{
	struct world *w = *state;
	json_t *made = office_call(&w->o, "POST", "/v1/sessions",
	    "{\"scenario\":\"caps-modern\"}", 201);
	char target[128], below[64];
	struct buf got;

	desk_ca(&w->o.desk, &w->c);
	snprintf(below, sizeof(below), "/s/%s",
	    json_string_value(office_at(made, "id")));
	snprintf(target, sizeof(target), "%s/v1/reset", below);
	buf_init(&got, PORTRAIT_MAX);
	for (int i = 0; i < 2; i++) {
		w->o.desk.below = below;
		send_message(w, json_string_value(office_at(made, "challenge")),
		    "one", &got);
		send_message(w, json_string_value(office_at(made, "challenge")),
		    "two", &got);
		w->o.desk.below = NULL;
		office_do(&w->o, "POST", target, NULL, 200);
	}
	assert_string_equal(buf_str(&got),
	    "enrol: HTTP 200 status 0 number 1\n"
	    "enrol: HTTP 200 status 2\n"
	    "enrol: HTTP 200 status 0 number 1\n"
	    "enrol: HTTP 200 status 2\n");
	buf_clear(&got);
	json_decref(made);
}

/* What each part alone brings back, by how it shows. */
static void
a_part_brings_back_itself_and_nothing_else(void **state)
{
	static const struct {
		const char *part, *target, *path;
	} rows[] = {
		{ "scenario", "/v1/scenario", "name" },
		{ "clock", "/v1/clock", "offset" },
		{ "sessions", "/v1/sessions", "sessions.0.id" },
		{ "certificates", "/v1/certificates", "certificates.0.serial" },
		{ "challenges", "/v1/challenges", "challenges.1.challenge" },
		{ "catalogue", "/v1/host?site=x/pool-stopped",
		    "app_pool.state" },
	};
	struct world *w = *state;
	json_t *before[nitems(rows)], *after, *messed;

	desk_ca(&w->o.desk, &w->c);
	for (size_t i = 0; i < nitems(rows); i++)
		before[i] =
		    office_call(&w->o, "GET", rows[i].target, NULL, 200);
	for (size_t i = 0; i < nitems(rows); i++) {
		json_t *mess[nitems(rows)];
		char target[64];

		make_a_mess(w);
		for (size_t k = 0; k < nitems(rows); k++)
			mess[k] = office_call(
			    &w->o, "GET", rows[k].target, NULL, 200);
		snprintf(
		    target, sizeof(target), "/v1/reset?only=%s", rows[i].part);
		office_do(&w->o, "POST", target, NULL, 200);
		for (size_t k = 0; k < nitems(rows); k++) {
			after = office_call(
			    &w->o, "GET", rows[k].target, NULL, 200);
			messed = k == i ? before[k] : mess[k];
			if (!json_equal(office_at(after, rows[k].path),
				office_at(messed, rows[k].path)) &&
			    (office_at(after, rows[k].path) ||
				office_at(messed, rows[k].path)))
				fail_msg("only=%s: %s of %s", rows[i].part,
				    rows[k].path, rows[k].target);
			json_decref(after);
			json_decref(mess[k]);
		}
		office_do(&w->o, "POST", "/v1/reset", NULL, 200);
	}
	for (size_t i = 0; i < nitems(rows); i++)
		json_decref(before[i]);
}

static void
counters_alone_begin_anew_and_rules_stay(void **state)
{
	struct world *w = *state;
	json_t *doc;

	for (int i = 0; i < 5; i++)
		office_caps(&w->o, "");
	office_do(
	    &w->o, "PATCH", "/v1/rules/again", "{\"enabled\":false}", 200);
	office_do(&w->o, "POST", "/v1/reset?only=counters", NULL, 200);
	doc = office_call(&w->o, "GET", "/v1/rules", NULL, 200);
	office_is_number(doc, "rules.0.matched", 0);
	assert_true(json_is_false(office_at(doc, "rules.1.enabled")));
	json_decref(doc);
}

static void
an_unknown_part_is_refused_with_the_known_ones(void **state)
{
	struct world *w = *state;
	json_t *doc = office_call(
	    &w->o, "POST", "/v1/reset?only=counters,counter", NULL, 400);

	assert_non_null(
	    strstr(json_string_value(office_at(doc, "detail")), "challenges"));
	json_decref(doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(a_reset_server_is_as_a_fresh_one),
		T(a_reset_session_is_as_a_fresh_one),
		T(a_part_brings_back_itself_and_nothing_else),
		T(counters_alone_begin_anew_and_rules_stay),
		T(an_unknown_part_is_refused_with_the_known_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
