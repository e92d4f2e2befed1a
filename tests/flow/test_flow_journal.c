/* SPDX-License-Identifier: MIT */
/*
 * What the journal says of whole exchanges: the layer that answered and the
 * key of the model that made it, for a scenario of each layer; the decoded
 * message; what the client did against the RFC; explanations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "support/desk.h"

#include "journal/explain.h"

struct world {
	struct client c;
	EVP_PKEY *key;
	struct desk d;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w || client_open(&w->c, NULL))
		return -1;
	w->key = client_key(&w->c, 2048);
	desk_open(&w->d, NULL);
	desk_ca(&w->d, &w->c);
	*state = w;
	return w->key ? 0 : -1;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	desk_close(&w->d);
	EVP_PKEY_free(w->key);
	client_close(&w->c);
	free(w);
	return 0;
}

/* ---- entries ---- */

struct seen {
	json_t *entry; /* owned */
	char text[16384]; /* the explanation */
	uint64_t id;
};

static bool
see(void *ctx, const struct journal_entry *entry)
{
	struct seen *s = ctx;
	struct buf b;
	struct err e = { 0 };
	json_error_t why;

	json_decref(s->entry);
	s->id = entry->id;
	s->entry =
	    json_loadb((const char *)entry->json.p, entry->json.n, 0, &why);
	if (s->entry == NULL)
		fail_msg("%s", why.text);
	buf_init(&b, sizeof(s->text));
	if (journal_explain(entry, true, &b, &e) == -1)
		fail_msg("%s", e.text);
	snprintf(s->text, sizeof(s->text), "%s", buf_str(&b));
	buf_clear(&b);
	return true;
}

/* The newest entry of a site. */
static void
last(struct world *w, const char *site, struct seen *s)
{
	const struct journal_query q = {
		.site = site, .newest_first = true, .limit = 1, .blobs = true
	};
	struct err e = { 0 };

	*s = (struct seen){ .entry = NULL };
	if (journal_query(server_journal(w->d.server), &q, see, s, &e) == -1)
		fail_msg("%s", e.text);
	assert_non_null(s->entry);
}

static const char *
text(const struct seen *s, const char *name)
{
	const char *t = json_string_value(json_object_get(s->entry, name));

	return t == NULL ? "" : t;
}

static const char *
inner(const struct seen *s, const char *part, const char *name)
{
	const char *t = json_string_value(
	    json_object_get(json_object_get(s->entry, part), name));

	return t == NULL ? "" : t;
}

static void
done(struct seen *s)
{
	json_decref(s->entry);
	s->entry = NULL;
}

static struct client_enrolment
plain(const struct world *w)
{
	return (struct client_enrolment){
		.ca = &w->d.ca,
		.csr = { .key = w->key,
		    .subject = "/C=US/O=Probe/CN=flow",
		    .challenge = DESK_SECRET },
	};
}

/* Send a message, whatever comes; the client's transaction into id. */
static void
send_message(struct world *w, const struct client_enrolment *e,
    const char *below, char id[CLIENT_TEXT_MAX])
{
	struct client_prepared p;
	struct client_http h;
	struct client_bytes target = { 0 };
	struct desk_request rq = { .target = NULL };
	char path[256];

	if (client_prepare(&w->c, e, &p))
		fail_msg("%s", w->c.why);
	snprintf(path, sizeof(path), "%s" DESK_PATH, below);
	client_bytes_add(&target, path, strlen(path));
	if (e->by_get)
		client_query(&w->c, &p.der, e->spelling, &target);
	else
		client_bytes_add(&target, "?operation=PKIOperation", 24);
	rq.target = (const char *)target.p;
	if (!e->by_get)
		rq.body = p.der;
	desk_ask(&w->d, &rq, &h);
	if (id != NULL)
		snprintf(id, CLIENT_TEXT_MAX, "%s", p.message.transaction);
	client_http_clear(&h);
	client_bytes_clear(&target);
	client_prepared_clear(&p);
}

static void
ask(struct world *w, const char *target)
{
	const struct desk_request rq = { .target = target };
	struct client_http h;

	desk_ask(&w->d, &rq, &h);
	client_http_clear(&h);
}

/* ---- layers ---- */

static const struct {
	const char *scenario, *layer, *key;
} layers[] = {
	{ "no-contact-silent", "the network", "network.state" },
	{ "gateway-timeout", "the Application Proxy", "app_proxy.connector" },
	{ "bad-gateway", "the Application Proxy", "app_proxy.backend" },
	{ "pool-stopped", "http.sys", "app_pool.state" },
	{ "svc-account-locked", "w3wp.exe", "account.locked" },
	{ "pool-crash-crl", "w3wp.exe", "crl.reachable" },
	{ "impersonation", "mscep.dll", "rights.impersonate" },
	{ "ra-expired", "mscep.dll", "ra.signing" },
	{ "crp-cn-mismatch", "the policy module", "policy_module.crp_tls" },
	{ "challenge-expired", "the policy module", "policy_module.challenge" },
	{ "ca-down", "the CA", "ca.running" },
	{ "template-unsupported", "the CA", "ca.template_published" },
	{ "template-denied", "the CA", "account.enroll" },
	{ "key-too-small", "the CA", "ca.minimum_key_size" },
};

static void
names_the_layer_and_the_key_that_made_its_answer(void **state)
{
	struct world *w = *state;
	struct client_enrolment e = plain(w);
	char below[64], id[CLIENT_TEXT_MAX], sentence[128];

	for (size_t i = 0; i < nitems(layers); i++) {
		struct seen s;

		snprintf(below, sizeof(below), "/x/%s", layers[i].scenario);
		send_message(w, &e, below, id);
		last(w, below + 1, &s);
		if (strcmp(text(&s, "layer"), layers[i].layer) != 0 ||
		    strcmp(inner(&s, "host", "key"), layers[i].key) != 0)
			fail_msg("%s: %s by %s", layers[i].scenario,
			    text(&s, "layer"), inner(&s, "host", "key"));
		snprintf(sentence, sizeof(sentence), "the key %s of the model",
		    layers[i].key);
		assert_non_null(strstr(s.text, sentence));
		assert_non_null(strstr(s.text, "What the client should do"));
		/* The message is known, also where nobody looked at it. */
		assert_string_equal(text(&s, "transaction"), id);
		if (strcmp(layers[i].scenario, "ra-expired") != 0)
			assert_string_equal(inner(&s, "csr", "subject"),
			    "C=US, O=Probe, CN=flow");
		done(&s);
	}
}

static void
names_limits_of_iis_and_http_sys(void **state)
{
	struct world *w = *state;
	char target[8192];
	struct seen s;

	snprintf(target, sizeof(target),
	    "/x/uri-too-long%s?operation=PKIOperation&message=%05000d",
	    DESK_PATH, 0);
	ask(w, target);
	last(w, "x/uri-too-long", &s);
	assert_string_equal(text(&s, "layer"), "http.sys");
	assert_string_equal(
	    inner(&s, "host", "key"), "http_sys.MaxFieldLength");
	assert_non_null(strstr(s.text, "body of a POST"));
	done(&s);
	ask(w, "/x/admin-hidden/certsrv/mscep_admin/");
	last(w, "x/admin-hidden", &s);
	assert_string_equal(text(&s, "layer"), "IIS");
	assert_string_equal(
	    inner(&s, "host", "key"), "iis.request_filtering.hiddenSegments");
	done(&s);
}

/* ---- the message ---- */

static void
shows_an_enrolment_in_full(void **state)
{
	struct world *w = *state;
	struct client_enrolment e = plain(w);
	struct client_certrep r = { 0 };
	struct seen s;
	json_t *walked;

	desk_enrol(&w->d, &w->c, &e, &r);
	assert_int_equal(r.status, 0);
	last(w, "", &s);
	assert_string_equal(text(&s, "op"), "PKIOperation");
	assert_string_equal(text(&s, "message_type"), "PKCSReq");
	assert_string_equal(text(&s, "pki_status"), "SUCCESS");
	assert_string_equal(text(&s, "challenge"), DESK_SECRET);
	assert_string_equal(text(&s, "end"), "sent");
	assert_string_equal(inner(&s, "csr", "digest"), "SHA-256");
	assert_string_equal(inner(&s, "cms", "cipher"), "AES-128-CBC");
	assert_int_equal(strlen(inner(&s, "cms", "sender_nonce")), 32);
	BIGNUM *n =
	    ASN1_INTEGER_to_BN(X509_get0_serialNumber(r.certificate), NULL);
	char *hex = BN_bn2hex(n);
	assert_true(strcasecmp(text(&s, "serial"), hex) == 0);
	OPENSSL_free(hex);
	BN_free(n);
	walked = json_object_get(s.entry, "layers");
	assert_string_equal(json_string_value(json_array_get(
				walked, json_array_size(walked) - 1)),
	    "the CA");
	assert_non_null(strstr(s.text, "The CA issued the certificate"));
	done(&s);
	client_certrep_clear(&r);
}

static void
tells_how_far_a_broken_message_was_read(void **state)
{
	struct world *w = *state;
	struct seen s;

	ask(w, DESK_PATH "?operation=PKIOperation&message=MIAC");
	last(w, "", &s);
	assert_non_null(strstr(s.text, "The message was read up to"));
	assert_non_null(strstr(s.text, "The client did wrong (RFC 8894 3)"));
	done(&s);
}

/* ---- what the client did ---- */

static bool
finds(const struct seen *s, const char *rfc, const char *what)
{
	const json_t *all = json_object_get(s->entry, "findings");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *f = json_array_get(all, i);

		if (strcmp(json_string_value(json_object_get(f, "rfc")), rfc) ==
			0 &&
		    strstr(json_string_value(json_object_get(f, "what")),
			what) != NULL)
			return true;
	}
	return false;
}

static void
must_find(struct world *w, const struct client_enrolment *e, const char *rfc,
    const char *what)
{
	struct seen s;

	send_message(w, e, "", NULL);
	last(w, "", &s);
	if (!finds(&s, rfc, what))
		fail_msg("nothing of \"%s\" (%s) in:\n%s", what, rfc, s.text);
	assert_non_null(strstr(s.text, what));
	done(&s);
}

static void
must_find_body(struct world *w, const char *body, const char *what)
{
	struct desk_request rq = { .target =
				       DESK_PATH "?operation=PKIOperation" };
	struct client_http h;
	struct seen s;

	rq.body =
	    (struct client_bytes){ (uint8_t *)(uintptr_t)body, strlen(body) };
	desk_ask(&w->d, &rq, &h);
	client_http_clear(&h);
	last(w, "", &s);
	if (!finds(&s, "RFC 8894 4.1", what))
		fail_msg("nothing of \"%s\" in:\n%s", what, s.text);
	done(&s);
}

static void
tells_what_the_client_did_against_the_rfc(void **state)
{
	struct world *w = *state;
	struct client_enrolment good = plain(w), e;
	struct seen s;

	good.content_type = "application/x-pki-message";
	send_message(w, &good, "", NULL);
	last(w, "", &s);
	for (size_t i = 0;
	     i < json_array_size(json_object_get(s.entry, "findings")); i++)
		assert_false(json_is_true(json_object_get(
		    json_array_get(json_object_get(s.entry, "findings"), i),
		    "wrong")));
	done(&s);

	e = good;
	e.by_get = true;
	must_find(w, &e, "RFC 8894 4.1", "came by GET");
	e.spelling = CLIENT_BASE64URL;
	must_find(w, &e, "RFC 8894 4.1", "alphabet of base64url");
	must_find_body(w, "MIIB", "is base64");
	must_find_body(w, "message=MIIB", "is a form");
	e = good;
	e.digest = "MD5";
	must_find(w, &e, "RFC 8894 2.9", "signed with MD5");
	e = good;
	e.cipher = "DES-CBC";
	must_find(w, &e, "RFC 8894 2.9", "single DES");
	e = good;
	e.digest = "SHA1";
	must_find(w, &e, "RFC 8894 3.5.2", "signed with SHA-1");
	e = good;
	e.signer_subject = "/CN=other";
	must_find(w, &e, "RFC 8894 2.3", "another subject");
	e = good;
	e.csr.challenge = NULL;
	must_find(w, &e, "RFC 8894 3.3.1", "no challengePassword");
	e = good;
	e.type = 17;
	must_find(w, &e, "RFC 8894 2.5", "self-signed certificate");
	e = good;
	e.all_recipients = true;
	must_find(w, &e, "RFC 5652 6.2", "several recipients");
}

static void
tells_of_a_nonce_that_was_used_before(void **state)
{
	struct world *w = *state;
	struct client_enrolment e = plain(w);
	struct client_prepared p;
	struct desk_request rq = { .target =
				       DESK_PATH "?operation=PKIOperation" };
	struct client_http h;
	struct seen s;

	assert_int_equal(client_prepare(&w->c, &e, &p), 0);
	rq.body = p.der;
	for (int i = 0; i < 2; i++) {
		desk_ask(&w->d, &rq, &h);
		client_http_clear(&h);
		last(w, "", &s);
		assert_int_equal(
		    finds(&s, "RFC 8894 3.2.1", "earlier message"), i == 1);
		assert_int_equal(
		    json_integer_value(json_object_get(s.entry, "poll")), i);
		done(&s);
	}
	client_prepared_clear(&p);
}

static void
names_what_a_strange_request_may_have_meant(void **state)
{
	struct world *w = *state;
	struct seen s;

	ask(w, DESK_PATH "?operation=GetCACap");
	last(w, "", &s);
	assert_string_equal(text(&s, "nearest"), "operation=GetCACaps");
	assert_non_null(strstr(
	    s.text, "The nearest thing that there is: operation=GetCACaps"));
	done(&s);
	ask(w, "/certsrv/mscp/mscep.dll?operation=GetCACaps");
	last(w, "", &s);
	assert_string_equal(text(&s, "nearest"), "/certsrv/mscep/mscep.dll");
	done(&s);
	ask(w, "/favicon.ico");
	last(w, "", &s);
	assert_string_equal(text(&s, "nearest"), "");
	assert_non_null(strstr(s.text, "SCEP is at /certsrv/mscep/mscep.dll"));
	done(&s);
	ask(w, DESK_PATH "?operation=getcacaps");
	last(w, "", &s);
	assert_true(finds(&s, "RFC 8894 4.1", "another letter case"));
	done(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    names_the_layer_and_the_key_that_made_its_answer, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    names_limits_of_iis_and_http_sys, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    shows_an_enrolment_in_full, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    tells_how_far_a_broken_message_was_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    tells_what_the_client_did_against_the_rfc, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    tells_of_a_nonce_that_was_used_before, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    names_what_a_strange_request_may_have_meant, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
