/* SPDX-License-Identifier: MIT */
/* Effects on TLS: what a client that looks closely is shown, refused and asked. */
#include <openssl/err.h>

#include "wire/test_wire_effects.h"

#include "support/handshake.h"

struct tls_row {
	const char *tls; /* the keys of then.tls */
	int minimum, maximum; /* that the client speaks; 0: all */
	bool has_certificate; /* the client */
	struct handshake wanted;
};

#define GOOD TLS1_3_VERSION, false, X509_V_OK, true

static const struct tls_row shaken[] = {
	{ "certificate: expired", 0, 0, false,
	    { 0, false, X509_V_ERR_CERT_HAS_EXPIRED, false } },
	{ "certificate: not-yet-valid", 0, 0, false,
	    { 0, false, X509_V_ERR_CERT_NOT_YET_VALID, false } },
	{ "certificate: self-signed", 0, 0, false,
	    { 0, false, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, false } },
	{ "certificate: wrong-name", 0, 0, false,
	    { 0, false, X509_V_ERR_HOSTNAME_MISMATCH, false } },
	{ "certificate: untrusted", 0, 0, false,
	    { 0, false, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, false } },
	{ "certificate: leaf-only", 0, 0, false,
	    { 0, false, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, false } },
	{ "certificate: revoked", 0, 0, false,
	    { GOOD } }, /* as no CRL is looked at */
	/* 1.3 only */
	{ "minimum: \"1.3\"", 0, TLS1_2_VERSION, false,
	    { 0, false, X509_V_OK, false } },
	{ "minimum: \"1.3\"", 0, 0, false, { GOOD } },
	/* 1.0 only */
	{ "minimum: \"1.0\", maximum: \"1.0\"", TLS1_1_VERSION, 0, false,
	    { 0, false, X509_V_OK, false } },
	{ "minimum: \"1.0\", maximum: \"1.0\"", 0, 0, false,
	    { TLS1_VERSION, false, X509_V_OK, true } },
	{ "client_certificate: asked", 0, 0, false,
	    { TLS1_3_VERSION, true, X509_V_OK, true } },
	{ "client_certificate: required", 0, TLS1_2_VERSION, false,
	    { 0, true, X509_V_OK, false } },
	/* in TLS 1.3 the client is through before the server says no */
	{ "client_certificate: required", 0, 0, false,
	    { TLS1_3_VERSION, true, X509_V_OK, false } },
	{ "client_certificate: required", 0, 0, true,
	    { TLS1_3_VERSION, true, X509_V_OK, true } },
	{ "close_notify: false", 0, 0, false, { GOOD } },
};

static void
must_shake(const struct served *sv, const struct tls_row *row,
    const struct handshake *wanted, const char *when)
{
	const struct handshake_offer offer = {
		.port = (uint16_t)atoi(strrchr(sv->url_https, ':') + 1),
		.minimum = row->minimum,
		.maximum = row->maximum,
		.certificate = row->has_certificate,
		.root = sv->ca.root,
		.name = "localhost"
	};
	struct handshake seen = handshake_try(&offer);

	if (seen.version != wanted->version || seen.asked != wanted->asked ||
	    seen.verdict != wanted->verdict || seen.served != wanted->served)
		fail_msg("{ %s } %s: version %x, %s, %s, %s", row->tls, when,
		    (unsigned)seen.version, seen.asked ? "asked" : "not asked",
		    X509_verify_cert_error_string(seen.verdict),
		    seen.served ? "served" : "not served");
}

/* Each handshake of the table, and behind it one as always. */
static void
shakes_hands_as_it_was_told(void **state)
{
	static const struct tls_row plain = { "nothing", 0, 0, false,
		{ GOOD } };
	struct world *w = *state;
	struct served sv;
	char yaml[300];

	for (size_t i = 0; i < LENGTH(shaken); i++) {
		snprintf(yaml, sizeof(yaml),
		    "mockndes: 1\nrules:\n  - id: tls\n"
		    "    when: { scheme: https }\n    times: 1\n"
		    "    then: { tls: { %s } }\n",
		    shaken[i].tls);
		served_start_text(&sv, yaml, with_https);
		served_ca(&sv, &w->c);
		must_shake(&sv, &shaken[i], &shaken[i].wanted, "first");
		must_shake(&sv, &plain, &plain.wanted, "behind it");
		client_ca_clear(&sv.ca);
		served_stop(&sv);
	}
}

/* ---- handshakes that come to nothing ---- */

/* One connection; why the client's handshake failed, or how its connection ended. */
static int
shake(const char *url, enum raw_end *end)
{
	struct raw *r = malloc(sizeof(*r));
	unsigned long error;
	int why;

	raw_connect(r, url);
	r->ctx = SSL_CTX_new(TLS_client_method());
	r->ssl = SSL_new(r->ctx);
	SSL_set_fd(r->ssl, r->fd);
	ERR_clear_error();
	why = SSL_connect(r->ssl);
	assert_int_not_equal(why, 1);
	error = ERR_peek_error();
	ERR_clear_error();
	/* what the socket still says */
	SSL_free(r->ssl);
	r->ssl = NULL;
	raw_read(r, SIZE_MAX);
	*end = r->end;
	raw_close(r);
	free(r);
	return error == 0 ? 0 : ERR_GET_REASON(error);
}

static void
breaks_handshakes_off(void **state)
{
	static const char yaml[] = "mockndes: 1\nrules:\n  - id: tls\n"
				   "    when: { scheme: https }\n    steps:\n"
				   "      - tls: { alert: handshake_failure }\n"
				   "      - tls: { alert: 112 }\n"
				   "      - tls: { cut: hello, how: close }\n"
				   "      - tls: { cut: middle, how: close }\n"
				   "      - tls: { cut: hello, how: reset }\n"
				   "      - tls: { cut: middle, how: reset }\n";
	enum raw_end end;
	struct served sv;

	(void)state;
	served_start_text(&sv, yaml, with_https);
	assert_int_equal(
	    shake(sv.url_https, &end), SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
	assert_int_equal(end, RAW_CLOSED);
	assert_int_equal(
	    shake(sv.url_https, &end), SSL_R_TLSV1_UNRECOGNIZED_NAME);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(shake(sv.url_https, &end),
		    SSL_R_UNEXPECTED_EOF_WHILE_READING);
		assert_int_equal(end, RAW_CLOSED);
	}
	/* a reset is no error of TLS */
	for (int i = 0; i < 2; i++)
		assert_int_equal(shake(sv.url_https, &end), 0);
	served_stop(&sv);
}

/* ---- what goes over a plain socket ---- */

/* A ClientHello of OpenSSL's, as bytes. */
static size_t
hello(char out[2000])
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem()), *to = BIO_new(BIO_s_mem());
	int n;

	SSL_set_bio(ssl, in, to);
	assert_int_equal(SSL_connect(ssl), -1);
	n = BIO_read(to, out, 2000);
	assert_in_range(n, 100, 1999);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return (size_t)n;
}

static void
writes_records_as_it_was_told(void **state)
{
	static const char yaml[] = "mockndes: 1\nrules:\n  - id: tls\n"
				   "    when: { scheme: https }\n    steps:\n"
				   "      - tls: { alert: access_denied }\n"
				   "      - tls: { cut: hello, how: close }\n"
				   "      - tls: { cut: hello, how: reset }\n"
				   "      - tls: { cut: hello, how: stall }\n"
				   "      - tls: { cut: middle, how: close }\n"
				   "      - tls: { cut: middle, how: reset }\n"
				   "      - tls: { cut: middle, how: stall }\n";
	static const enum raw_end ends[] = { RAW_CLOSED, RAW_CLOSED, RAW_RESET,
		RAW_OPEN, RAW_CLOSED, RAW_RESET, RAW_OPEN };
	struct raw *r = malloc(sizeof(*r));
	struct served sv;
	char first[2000];
	size_t n = hello(first);

	(void)state;
	served_start_text(&sv, yaml, with_https);
	for (size_t i = 0; i < LENGTH(ends); i++) {
		bool middle = i >= 4;

		raw_connect(r, sv.url_https);
		raw_send(r, first, n);
		raw_read(r, ends[i] != RAW_OPEN ? SIZE_MAX : middle ? 6 : 0);
		if (r->end != ends[i])
			fail_msg("step %zu: %s", i, raw_end_name(r->end));
		if (i == 0) {
			assert_int_equal(r->n, 7);
			assert_memory_equal(
			    r->bytes, "\x15\x03\x03\x00\x02\x02\x31", 7);
		} else if (!middle) {
			assert_int_equal(r->n, 0);
		} else if (ends[i] != RAW_RESET) {
			/* half of what begins with a record of the handshake */
			assert_true(r->n > 5);
			assert_int_equal(r->bytes[0], 0x16);
		}
		raw_close(r);
	}
	served_stop(&sv);
	free(r);
}

static void
speaks_http_on_the_tls_port(void **state)
{
	static const char yaml[] = "mockndes: 1\nrules:\n  - id: plain\n"
				   "    when: { scheme: https }\n    times: 1\n"
				   "    then: { tls: { plain: true } }\n";
	static const char rq[] =
	    "GET /certsrv/mscep/mscep.dll?operation=GetCACaps HTTP/1.0\r\n\r\n";
	struct raw *r = malloc(sizeof(*r));
	struct served sv;

	(void)state;
	served_start_text(&sv, yaml, with_https);
	raw_connect(r, sv.url_https);
	raw_send(r, rq, strlen(rq));
	raw_read(r, SIZE_MAX);
	assert_memory_equal(r->bytes, OK, strlen(OK));
	assert_memory_equal(raw_body(r), "POSTPKIOperation\r\n", 18);
	raw_close(r);
	/* and TLS again */
	ask(r, sv.url_https, "x");
	raw_read(r, SIZE_MAX);
	assert_memory_equal(r->bytes, OK, strlen(OK));
	raw_close(r);
	served_stop(&sv);
	free(r);
}

static void
ends_without_a_close_notify(void **state)
{
	static const char yaml[] =
	    "mockndes: 1\nrules:\n  - id: rude\n"
	    "    when: { scheme: https }\n    times: 1\n"
	    "    then: { tls: { close_notify: false } }\n";
	static const enum raw_end ends[] = { RAW_TRUNCATED, RAW_CLOSED };
	struct raw *r = malloc(sizeof(*r));
	struct served sv;

	(void)state;
	served_start_text(&sv, yaml, with_https);
	for (size_t i = 0; i < LENGTH(ends); i++) {
		ask(r, sv.url_https, "x");
		raw_read(r, SIZE_MAX);
		assert_int_equal(r->end, ends[i]);
		assert_memory_equal(raw_body(r), "POSTPKIOperation\r\n", 18);
		raw_close(r);
	}
	served_stop(&sv);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shakes_hands_as_it_was_told),
		cmocka_unit_test(breaks_handshakes_off),
		cmocka_unit_test(writes_records_as_it_was_told),
		cmocka_unit_test(speaks_http_on_the_tls_port),
		cmocka_unit_test(ends_without_a_close_notify),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
