/* SPDX-License-Identifier: MIT */
/*
 * What NDES decides about messages, from bytes to bytes: requests are made and
 * replies read by the test client, which is libcrypto's CMS alone.
 */
#include "ndes_flow.h"

#include <openssl/ec.h>

/* ---- enrolment ---- */

static void
enrols_with_the_static_challenge_as_often_as_asked(void **state)
{
	struct flow f;
	X509 *first;

	flow_open(&f, state);
	enrol(&f);
	assert_issued(&f);
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_STATIC);
	assert_false(f.x.outcome.renewal);
	first = f.rep.certificate;
	X509_up_ref(first);
	post(&f, f.sent.der.p, f.sent.der.n); /* the very same message */
	client_certrep_clear(&f.rep);
	read_reply(&f);
	assert_issued(&f);
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(first),
				 X509_get0_serialNumber(f.rep.certificate)),
	    0);
	X509_free(first);
	flow_close(&f);
}

static void
enrols_by_get_in_every_spelling(void **state)
{
	struct flow f;

	flow_open(&f, state);
	for (int i = 0; i < CLIENT_SPELLINGS; i++) {
		struct client_bytes query = { NULL, 0 };
		struct room_request rq = { 0 };
		struct err e = { 0 };
		char *target = NULL;

		f.e.encoding = i % 2 == 0 ? CLIENT_DER : CLIENT_BER_IOS;
		prepare(&f);
		need(&f,
		    client_query(
			&f.w->c, &f.sent.der, (enum client_spelling)i, &query));
		assert_true(asprintf(&target, "%s/pkiclient.exe%.*s", DLL,
				(int)query.n, (const char *)query.p) > 0);
		rq.target = target;
		f.has_exchange = true;
		assert_int_equal(room_walk(&f.room, &f.x, &rq, &e), 0);
		if (f.x.reply.status != 200)
			fail_msg("%s: %s",
			    client_spelling_name((enum client_spelling)i),
			    f.x.why);
		read_reply(&f);
		assert_issued(&f);
		flow_next(&f);
		client_bytes_clear(&query);
		free(target);
	}
	flow_close(&f);
}

static void
the_line_of_an_enrolment_names_transaction_and_serial(void **state)
{
	struct flow f;
	struct buf b;
	char wanted[400], *serial;
	BIGNUM *bn;

	flow_open(&f, state);
	f.e.transaction = "T-1";
	enrol(&f);
	bn =
	    ASN1_INTEGER_to_BN(X509_get0_serialNumber(f.rep.certificate), NULL);
	serial = BN_bn2hex(bn);
	for (char *p = serial; *p != '\0'; p++)
		*p = *p >= 'A' && *p <= 'F' ? (char)(*p + 32) : *p;
	snprintf(wanted, sizeof(wanted),
	    "192.0.2.7 POST PKIOperation PKCSReq T-1 -> 200 SUCCESS issued "
	    "serial %s",
	    serial);
	buf_init(&b, 4096);
	ndes_exchange_line(&f.x, &b);
	assert_string_equal(buf_str(&b), wanted);
	f.e.csr.challenge = NULL;
	enrol(&f);
	buf_clear(&b);
	buf_init(&b, 4096);
	ndes_exchange_line(&f.x, &b);
	assert_string_equal(buf_str(&b),
	    "192.0.2.7 POST PKIOperation PKCSReq T-1 -> 200 FAILURE "
	    "badRequest by mscep.dll: the PKCS#10 has no challengePassword; "
	    "put one from the mscep_admin page into it");
	buf_clear(&b);
	BN_free(bn);
	OPENSSL_free(serial);
	flow_close(&f);
}

/* ---- challenges ---- */

static void
a_one_time_password_is_good_once(void **state)
{
	char password[CHALLENGE_TEXT_MAX];
	struct flow f;

	flow_open(&f, state);
	new_password(&f, password);
	f.e.csr.challenge = password;
	enrol(&f);
	assert_issued(&f);
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_GOOD);
	enrol(&f);
	assert_refused(&f, 2, "-2147024810", 29);
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_USED);
	assert_non_null(strstr(f.x.why, "used already"));
	flow_close(&f);
}

static void
other_challenges_are_refused_each_for_its_reason(void **state)
{
	static const struct {
		const char *challenge;
		enum challenge_state state;
		const char *why;
	} rows[] = {
		{ NULL, CHALLENGE_MISSING, "no challengePassword" },
		{ "0123456789ABCDEF", CHALLENGE_WRONG, "never given out" },
		{ STATIC "x", CHALLENGE_WRONG, "never given out" },
	};
	char password[CHALLENGE_TEXT_MAX];
	struct flow f;

	flow_open(&f, state);
	for (size_t i = 0; i < nitems(rows); i++) {
		f.e.csr.challenge = rows[i].challenge;
		enrol(&f);
		assert_refused(&f, 2, "-2147024810", 29);
		assert_int_equal(f.x.outcome.challenge, rows[i].state);
		assert_non_null(strstr(f.x.why, rows[i].why));
	}
	new_password(&f, password);
	f.e.csr.challenge = password;
	f.room.now_ms += 60 * 60000;
	enrol(&f);
	assert_refused(&f, 2, "-2147024810", 29);
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_EXPIRED);
	room_set(&f.room, "mscep.bad_password_fail_info", "1");
	enrol(&f);
	assert_refused(&f, 1, "-2147024810", 29);
	room_set(&f.room, "registry.EnforcePassword", "0");
	f.e.csr.challenge = NULL;
	enrol(&f);
	assert_issued(&f);
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_NOT_NEEDED);
	flow_close(&f);
}

static void
a_request_that_the_ca_refuses_keeps_its_password(void **state)
{
	char password[CHALLENGE_TEXT_MAX];
	struct flow f;

	flow_open(&f, state);
	new_password(&f, password);
	f.e.csr.challenge = password;
	room_set(&f.room, "registry.GeneralPurposeTemplate", "No such one");
	enrol(&f);
	assert_refused(&f, 2, "-2146875392", 31); /* 0x80094800 */
	assert_non_null(strstr(f.x.why, "0x80094800"));
	room_set(&f.room, "mscep.password_consumed", "seen");
	enrol(&f); /* and now it is used up */
	assert_refused(&f, 2, "-2146875392", 31);
	room_set(&f.room, "registry.GeneralPurposeTemplate",
	    "IPSECIntermediateOffline");
	enrol(&f);
	assert_refused(&f, 2, "-2147024810", 29);
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_USED);
	flow_close(&f);
}

/* ---- other messages ---- */

static void
other_message_types_are_bad_requests(void **state)
{
	static const int types[] = { 20, 21, 22, 18, 99 };
	struct flow f;
	struct buf b;

	flow_open(&f, state);
	for (size_t i = 0; i < nitems(types); i++) {
		f.e.type = types[i];
		enrol(&f);
		assert_refused(&f, 2, "-2147024809", 0);
	}
	buf_init(&b, 4096);
	ndes_exchange_line(&f.x, &b);
	assert_non_null(strstr(buf_str(&b), "PKIOperation messageType 99 "));
	buf_clear(&b);
	flow_close(&f);
}

static void
assert_http_500(const struct flow *f, unsigned event, uint32_t hresult)
{
	if (f->x.reply.status != 500 || f->x.outcome.event_id != event)
		fail_msg("%d, event %u: %s", f->x.reply.status,
		    f->x.outcome.event_id, f->x.outcome.why);
	assert_int_equal(f->x.outcome.decision, NDES_NO_CERTREP);
	assert_int_equal(f->x.outcome.hresult, hresult);
	assert_int_equal(f->x.reply.body.n, 1208);
	assert_int_equal(f->x.answered_by, NDES_LAYER_MSCEP);
	assert_true(strlen(f->x.why) > 20);
}

static void
what_is_no_message_gets_an_error_page(void **state)
{
	static const struct {
		const char *method, *target, *body;
		const char *why;
	} rows[] = {
		{ "GET", POST_TARGET, "", "without a message" },
		{ "GET", POST_TARGET "&message=", "", "without a message" },
		{ "POST", POST_TARGET, "", "without a message" },
		{ "GET", POST_TARGET "&message=!!!!", "", "not base64" },
		{ "GET", POST_TARGET "&message=MIIB", "", "ends early" },
		{ "GET", POST_TARGET "&message=aGVsbG8=", "", "CMS" },
		{ "POST", POST_TARGET, "\x30\x82\x40\x00\x06", "ends early" },
	};
	struct flow f;

	flow_open(&f, state);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .method = rows[i].method,
			.target = rows[i].target,
			.body = rows[i].body[0] == '\x30'
			    ? bytes_of(rows[i].body, 5)
			    : bytes_str(rows[i].body) };
		struct err e = { 0 };

		flow_next(&f);
		f.has_exchange = true;
		assert_int_equal(room_walk(&f.room, &f.x, &rq, &e), 0);
		assert_http_500(&f, 16, 0x8009310b);
		if (strstr(f.x.why, rows[i].why) == NULL)
			fail_msg("row %zu: %s", i, f.x.why);
	}
	flow_close(&f);
}

static void
a_message_cut_anywhere_is_never_answered_with_success(void **state)
{
	struct flow f;

	flow_open(&f, state);
	prepare(&f);
	for (size_t n = 1; n < f.sent.der.n; n += 97) {
		post(&f, f.sent.der.p, n);
		assert_http_500(&f, 16, 0x8009310b);
	}
	flow_close(&f);
}

static void
an_envelope_for_the_ca_cannot_be_opened(void **state)
{
	struct flow f;

	flow_open(&f, state);
	prepare(&f);
	f.sent.message.recipients[0] = f.ca.issuing;
	client_bytes_clear(&f.sent.der);
	need(&f, client_message_make(&f.w->c, &f.sent.message, &f.sent.der));
	post(&f, f.sent.der.p, f.sent.der.n);
	assert_http_500(&f, 18, 0x80090005);
	assert_non_null(strstr(f.x.why, "second of GetCACert"));
	assert_non_null(strstr(f.x.why, "it is for the CA certificate"));
	flow_close(&f);
}

static void
a_broken_signature_is_bad_message_check(void **state)
{
	struct flow f;

	flow_open(&f, state);
	prepare(&f);
	/* the signature is the last thing in the message */
	f.sent.der.p[f.sent.der.n - 1] ^= 1;
	post(&f, f.sent.der.p, f.sent.der.n);
	read_reply(&f);
	assert_refused(&f, 1, "-2146893818", 17); /* 0x80090006 */
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_NOT_LOOKED_AT);
	flow_close(&f);
}

static void
a_request_not_signed_by_its_own_key_is_refused(void **state)
{
	struct flow f;

	flow_open(&f, state);
	f.e.csr.signed_by = f.w->key2;
	enrol(&f);
	assert_refused(&f, 2, "-2146893818", 31);
	flow_close(&f);
}

static void
a_signer_that_cannot_be_encrypted_to_is_bad_alg(void **state)
{
	struct client_cert spec = { .subject = "/CN=elliptic" };
	struct flow f;
	EVP_PKEY *ec;
	X509 *signer;

	flow_open(&f, state);
	ec = EVP_EC_gen("P-256");
	assert_non_null(ec);
	spec.key = ec;
	signer = client_cert_make(&f.w->c, &spec);
	if (signer == NULL)
		fail_msg("client: %s", f.w->c.why);
	f.e.signer = signer;
	f.e.signer_key = ec;
	enrol(&f);
	assert_refused(&f, 0, "-2146893816", 17); /* 0x80090008 */
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_NOT_LOOKED_AT);
	X509_free(signer);
	EVP_PKEY_free(ec);
	flow_close(&f);
}

/* A pkiStatus belongs into a CertRep; without one it is no message at all. */
static void
an_answer_without_status_gets_an_error_page(void **state)
{
	struct flow f;

	flow_open(&f, state);
	f.e.type = 3;
	prepare(&f);
	post(&f, f.sent.der.p, f.sent.der.n);
	assert_http_500(&f, 17, 0x80091001);
	flow_close(&f);
}

/* ---- templates ---- */

static void
key_usage_chooses_the_template(void **state)
{
	static const struct {
		const char *usage, *template_name;
	} rows[] = {
		{ "keyUsage=digitalSignature", "Sign" },
		{ "keyUsage=critical,digitalSignature,nonRepudiation", "Sign" },
		{ "keyUsage=keyEncipherment", "Encrypt" },
		{ "keyUsage=digitalSignature,keyEncipherment", "General" },
		{ "keyUsage=cRLSign", "General" },
		{ NULL, "General" },
	};
	struct flow f;

	flow_open(&f, state);
	room_set(&f.room, "registry.SignatureTemplate", "Sign");
	room_set(&f.room, "registry.EncryptionTemplate", "Encrypt");
	room_set(&f.room, "registry.GeneralPurposeTemplate", "General");
	for (size_t i = 0; i < nitems(rows); i++) {
		f.e.csr.extensions[0] = rows[i].usage;
		enrol(&f);
		assert_non_null(f.x.outcome.template_name);
		assert_string_equal(
		    f.x.outcome.template_name, rows[i].template_name);
	}
	flow_close(&f);
}

/* ---- replies ---- */

static void
the_reply_mirrors_digest_and_cipher(void **state)
{
	static const struct {
		const char *digest, *cipher, *reply_digest;
	} rows[] = {
		{ "SHA1", "DES-EDE3-CBC", "SHA1" },
		{ "SHA256", "AES-128-CBC", "SHA256" },
		{ "SHA384", "AES-192-CBC", "SHA384" },
		{ "SHA512", "AES-256-CBC", "SHA512" },
		{ "SHA512", "DES-EDE3-CBC", "SHA512" },
		{ "MD5", "DES-CBC", "SHA1" },
	};
	struct flow f;

	flow_open(&f, state);
	for (size_t i = 0; i < nitems(rows); i++) {
		f.e.digest = rows[i].digest;
		f.e.cipher = rows[i].cipher;
		enrol(&f);
		assert_issued(&f);
		assert_string_equal(f.rep.digest, rows[i].reply_digest);
		assert_string_equal(f.rep.cipher, rows[i].cipher);
		assert_false(f.rep.oaep);
	}
	flow_close(&f);
}

static void
old_servers_sign_with_sha1_and_wrap_with_oaep(void **state)
{
	struct flow f;

	flow_open(&f, state);
	room_set(&f.room, "mscep.reply_sha1", "true");
	room_set(&f.room, "mscep.oaep_with_aes", "true");
	enrol(&f);
	assert_issued(&f);
	assert_string_equal(f.rep.digest, "SHA1");
	assert_true(f.rep.oaep);
	f.e.cipher = "DES-EDE3-CBC";
	enrol(&f);
	assert_issued(&f);
	assert_false(f.rep.oaep);
	flow_close(&f);
}

static void
certificates_live_as_long_as_the_model_says(void **state)
{
	struct flow f;
	int days = 0, seconds = 0;

	flow_open(&f, state);
	room_set(&f.room, "ca.validity", "30d");
	enrol(&f);
	assert_issued(&f);
	assert_true(ASN1_TIME_diff(&days, &seconds,
	    X509_get0_notBefore(f.rep.certificate),
	    X509_get0_notAfter(f.rep.certificate)));
	assert_int_equal(days * 86400 + seconds, 30 * 86400 + 600);
	flow_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    enrols_with_the_static_challenge_as_often_as_asked),
		cmocka_unit_test(enrols_by_get_in_every_spelling),
		cmocka_unit_test(
		    the_line_of_an_enrolment_names_transaction_and_serial),
		cmocka_unit_test(a_one_time_password_is_good_once),
		cmocka_unit_test(
		    other_challenges_are_refused_each_for_its_reason),
		cmocka_unit_test(
		    a_request_that_the_ca_refuses_keeps_its_password),
		cmocka_unit_test(other_message_types_are_bad_requests),
		cmocka_unit_test(what_is_no_message_gets_an_error_page),
		cmocka_unit_test(
		    a_message_cut_anywhere_is_never_answered_with_success),
		cmocka_unit_test(an_envelope_for_the_ca_cannot_be_opened),
		cmocka_unit_test(a_broken_signature_is_bad_message_check),
		cmocka_unit_test(
		    a_request_not_signed_by_its_own_key_is_refused),
		cmocka_unit_test(
		    a_signer_that_cannot_be_encrypted_to_is_bad_alg),
		cmocka_unit_test(an_answer_without_status_gets_an_error_page),
		cmocka_unit_test(key_usage_chooses_the_template),
		cmocka_unit_test(the_reply_mirrors_digest_and_cipher),
		cmocka_unit_test(old_servers_sign_with_sha1_and_wrap_with_oaep),
		cmocka_unit_test(certificates_live_as_long_as_the_model_says),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
