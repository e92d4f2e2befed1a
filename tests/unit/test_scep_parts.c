/* SPDX-License-Identifier: MIT */
/* What a message is made of: signers, recipients, PKCS#10, the other message types, CertRep. */
#include "unit/scep_fixture.h"

static struct fixture *
fix(void **state)
{
	return *state;
}

/* ---- who signed, who reads ---- */

struct signer_row {
	const char *title;
	struct cm_party_spec spec;
	bool by_ski;
};

static const struct signer_row signers[] = {
	{ "version 1 with 33-octet serial",
	    { .key_file = "certs/stranger.key",
		.cn = "device",
		.v1 = true,
		.serial_hex =
		    "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB" },
	    false },
	{ "32-octet serial of ASCII digits",
	    { .key_file = "certs/stranger.key",
		.cn = "device",
		.serial_hex =
		    "3141353931413539314135393141353931413539314135393141353931413500" },
	    false },
	{ "serial zero",
	    { .key_file = "certs/stranger.key",
		.cn = "device",
		.serial_hex = "00" },
	    false },
	{ "signer by key identifier",
	    { .key_file = "certs/stranger.key", .cn = "device", .ski = true },
	    true },
};

static void
finds_signers_with_odd_serials_and_identifiers(void **state)
{
	struct fixture *f = fix(state);
	struct cm_bytes env = plain_envelope(f);

	for (size_t i = 0; i < nitems(signers); i++) {
		const struct signer_row *row = &signers[i];
		struct cm_party who;
		struct decoded d;

		cm_party_make(&who, &row->spec);
		struct cm_bytes msg =
		    cm_signed(&(struct cm_signed_spec){ .signer = &who,
				  .ski = row->by_ski,
				  .extra = { &f->ra },
				  .attrs = pkcsreq_attrs },
			env.p, env.n);

		decode(f, &d, &msg);
		expect_verdict(
		    row->title, &d.m, SCEP_SOUND, SCEP_AT_POSSESSION);
		expect_span(row->title, d.m.signer.der, span(&who.der));
		assert_int_equal(d.m.cert_count, 2);
		assert_true(d.m.signer_self_signed);
		decoded_clear(&d);
		cm_free(&msg);
		cm_party_free(&who);
	}
	cm_free(&env);
}

static void
finds_a_signer_among_the_trusted_when_none_comes_along(void **state)
{
	struct fixture *f = fix(state);
	struct cm_bytes env = plain_envelope(f);
	struct cm_bytes msg =
	    cm_signed(&(struct cm_signed_spec){ .signer = &f->client,
			  .no_certs = true,
			  .attrs = pkcsreq_attrs },
		env.p, env.n);
	struct pki_cert trusted[2] = { f->ra_cert };
	struct decoded d;

	cert_of(&trusted[1], &f->client);
	decode_with(f, &d, span(&msg), &f->open, 1, trusted, 2);
	expect_pkcsreq("trusted signer", f, &d.m);
	assert_int_equal(d.m.cert_count, 0);
	decoded_clear(&d);
	decode(f, &d, &msg);
	expect_verdict("no signer anywhere", &d.m, SCEP_NO_SIGNER_CERTIFICATE,
	    SCEP_AT_ATTRIBUTES);
	assert_true(d.m.has_csr);
	assert_false(d.m.has_signer);
	decoded_clear(&d);
	cm_free(&env);
	cm_free(&msg);
}

static void
opens_with_any_of_several_identities(void **state)
{
	struct fixture *f = fix(state);
	struct cm_bytes msg = plain_message(f);
	struct pki_cert other_cert;
	struct pki_key *other_key = key_of(f, f->client.key);
	struct decoded d;

	cert_of(&other_cert, &f->client);
	struct scep_identity open[] = { { &other_cert, other_key }, f->open };

	decode_with(f, &d, span(&msg), open, 2, NULL, 0);
	expect_pkcsreq("second identity", f, &d.m);
	decoded_clear(&d);
	decode_with(f, &d, span(&msg), open, 1, NULL, 0);
	expect_verdict("only a stranger's identity", &d.m, SCEP_WRONG_RECIPIENT,
	    SCEP_AT_ENVELOPE);
	expect_span(
	    "the name meant is told", d.m.recipient_serial, f->ra_cert.serial);
	expect_span("the issuer too", d.m.recipient_issuer, f->ra_cert.issuer);
	decoded_clear(&d);
	pki_key_free(other_key);
	cm_free(&msg);
}

/* The key is another than the one that the certificate names. */
static void
tells_a_key_that_does_not_open_from_a_foreign_recipient(void **state)
{
	struct fixture *f = fix(state);
	struct cm_bytes msg = plain_message(f);
	struct pki_key *other_key = key_of(f, f->client.key);
	struct scep_identity open = { &f->ra_cert, other_key };
	struct decoded d;

	decode_with(f, &d, span(&msg), &open, 1, NULL, 0);
	expect_verdict(
	    "other key", &d.m, SCEP_KEY_NOT_UNWRAPPED, SCEP_AT_ENVELOPE);
	assert_null(d.m.content.p);
	decoded_clear(&d);
	pki_key_free(other_key);
	cm_free(&msg);
}

/* ---- PKCS#10 ---- */

struct challenge_row {
	const char *title;
	int type;
};

static const struct challenge_row challenges[] = {
	{ "PrintableString", V_ASN1_PRINTABLESTRING },
	{ "UTF8String", V_ASN1_UTF8STRING },
	{ "IA5String", V_ASN1_IA5STRING },
	{ "T61String", V_ASN1_T61STRING },
	{ "BMPString", V_ASN1_BMPSTRING },
};

static void
reads_challenges_of_every_string_type(void **state)
{
	struct fixture *f = fix(state);

	for (size_t i = 0; i < nitems(challenges); i++) {
		struct cm_bytes csr =
		    cm_csr(&(struct cm_csr_spec){ .key = f->client.key,
			.cn = "device",
			.challenge = CHALLENGE,
			.challenge_type = challenges[i].type });
		struct decoded d;
		struct err e = { 0 };

		arena_init(&d.arena, ARENA_MAX);
		assert_int_equal(
		    scep_csr_decode(&d.m, f->ctx, &d.arena, span(&csr), &e), 0);
		expect_verdict(
		    challenges[i].title, &d.m, SCEP_SOUND, SCEP_AT_POSSESSION);
		expect_span(
		    challenges[i].title, d.m.challenge, BYTES_LIT(CHALLENGE));
		decoded_clear(&d);
		cm_free(&csr);
	}
}

static void
reads_a_request_without_challenge(void **state)
{
	struct fixture *f = fix(state);
	struct cm_bytes csr = cm_csr(&(struct cm_csr_spec){
	    .key = f->client.key, .cn = "device", .pss = true });
	struct decoded d;
	struct err e = { 0 };

	arena_init(&d.arena, ARENA_MAX);
	assert_int_equal(
	    scep_csr_decode(&d.m, f->ctx, &d.arena, span(&csr), &e), 0);
	expect_verdict(
	    "no challenge, PSS", &d.m, SCEP_SOUND, SCEP_AT_POSSESSION);
	assert_false(d.m.challenge_present);
	decoded_clear(&d);
	cm_free(&csr);
}

static void
takes_no_bytes_at_all_for_a_request_or_a_message(void **state)
{
	struct fixture *f = fix(state);
	struct decoded d;
	struct err e = { 0 };

	arena_init(&d.arena, ARENA_MAX);
	assert_int_equal(
	    scep_csr_decode(&d.m, f->ctx, &d.arena, bytes_of(NULL, 0), &e), 0);
	expect_verdict("no bytes", &d.m, SCEP_BAD_INNER, SCEP_AT_CONTENT);
	decoded_clear(&d);
	decode_with(f, &d, bytes_of(NULL, 0), NULL, 0, NULL, 0);
	expect_verdict("no bytes", &d.m, SCEP_TRUNCATED, SCEP_AT_START);
	decoded_clear(&d);
}

static void
notes_a_request_for_another_key_and_subject(void **state)
{
	struct fixture *f = fix(state);
	struct cm_bytes csr =
	    cm_csr(&(struct cm_csr_spec){ .key = f->ra.key, .cn = "other" });
	struct cm_bytes env =
	    cm_envelope(&(struct cm_envelope_spec){ .to = { &f->ra },
			    .cipher = "AES-128-CBC" },
		csr.p, csr.n);
	struct cm_bytes msg =
	    cm_signed(&(struct cm_signed_spec){ .signer = &f->client,
			  .attrs = pkcsreq_attrs },
		env.p, env.n);
	struct decoded d;

	decode(f, &d, &msg);
	expect_verdict("other key", &d.m, SCEP_SOUND, SCEP_AT_POSSESSION);
	assert_int_equal(
	    d.m.notes, SCEP_NOTE_KEY_DIFFERS | SCEP_NOTE_SUBJECT_DIFFERS);
	assert_non_null(d.m.csr_key);
	assert_ptr_not_equal(d.m.csr_key, d.m.signer_key);
	decoded_clear(&d);
	scep_message_clear(&d.m); /* twice is fine */
	cm_free(&csr);
	cm_free(&env);
	cm_free(&msg);
}

/* ---- other message types ---- */

struct type_row {
	const char *number;
	int type;
	bool poll; /* IssuerAndSubject, else IssuerAndSerialNumber */
};

static const struct type_row types[] = {
	{ "20", SCEP_CERTPOLL, true },
	{ "21", SCEP_GETCERT, false },
	{ "22", SCEP_GETCRL, false },
};

static struct cm_bytes
typed_message(struct fixture *f, const char *number, const struct cm_bytes *in)
{
	const struct cm_attr attrs[] = {
		{ CM_TRANSACTION, ASN1_ID_PRINTABLE_STRING, TRANSACTION, 0, 1 },
		{ CM_TYPE, ASN1_ID_PRINTABLE_STRING, number, 0, 1 },
		{ CM_SENDER_NONCE, ASN1_ID_OCTET_STRING, NONCE, 0, 1 },
		{ NULL, 0, NULL, 0, 0 },
	};
	struct cm_bytes env =
	    cm_envelope(&(struct cm_envelope_spec){ .to = { &f->ra },
			    .cipher = "DES-EDE3-CBC" },
		in->p, in->n);
	struct cm_bytes msg = cm_signed(
	    &(struct cm_signed_spec){ .signer = &f->client, .attrs = attrs },
	    env.p, env.n);

	cm_free(&env);
	return msg;
}

static void
reads_polls_and_queries(void **state)
{
	struct fixture *f = fix(state);

	for (size_t i = 0; i < nitems(types); i++) {
		struct cm_bytes issuer =
		    cm_copy(f->ra_cert.issuer.p, f->ra_cert.issuer.n);
		struct cm_bytes in = types[i].poll
		    ? CM_TLV(0x30, issuer, cm_copy(f->csr.p + 0, 0),
			  cm_element(0x30, NULL, 0))
		    : cm_issuer_serial(f->ra.cert, false);
		struct cm_bytes msg = typed_message(f, types[i].number, &in);
		struct decoded d;

		if (!types[i].poll)
			cm_free(&issuer);
		decode(f, &d, &msg);
		expect_verdict(
		    types[i].number, &d.m, SCEP_SOUND, SCEP_AT_INNER);
		assert_int_equal(d.m.type, types[i].type);
		expect_span("issuer", d.m.inner_issuer, f->ra_cert.issuer);
		if (types[i].poll)
			expect_span("subject", d.m.inner_subject,
			    BYTES_LIT("\x30\x00"));
		else
			expect_span(
			    "serial", d.m.inner_serial, f->ra_cert.serial);
		assert_false(d.m.has_csr);
		decoded_clear(&d);
		cm_free(&in);
		cm_free(&msg);
	}
}

static void
leaves_messages_of_unknown_type_to_others(void **state)
{
	struct fixture *f = fix(state);
	struct cm_bytes msg = typed_message(f, "99", &f->csr);
	struct decoded d;

	decode(f, &d, &msg);
	expect_verdict("type 99", &d.m, SCEP_SOUND, SCEP_AT_CONTENT);
	assert_int_equal(d.m.type, 99);
	expect_span("the contents are there", d.m.content, span(&f->csr));
	decoded_clear(&d);
	cm_free(&msg);
}

/* ---- CertRep ---- */

static const struct cm_attr success_attrs[] = {
	{ CM_TRANSACTION, ASN1_ID_PRINTABLE_STRING, TRANSACTION, 0, 1 },
	{ CM_TYPE, ASN1_ID_PRINTABLE_STRING, "3", 0, 1 },
	{ CM_STATUS, ASN1_ID_PRINTABLE_STRING, "0", 0, 1 },
	{ CM_SENDER_NONCE, ASN1_ID_OCTET_STRING, "ssssssssssssssss", 0, 1 },
	{ CM_RECIPIENT_NONCE, ASN1_ID_OCTET_STRING, NONCE, 0, 1 },
	{ NULL, 0, NULL, 0, 0 },
};

static void
reads_the_certificates_of_a_success(void **state)
{
	struct fixture *f = fix(state);
	X509 *certs[] = { f->client.cert, f->ra.cert };
	struct cm_bytes in = cm_certs_only(certs, 2);
	struct cm_bytes env =
	    cm_envelope(&(struct cm_envelope_spec){ .to = { &f->ra },
			    .cipher = "AES-256-CBC" },
		in.p, in.n);
	struct cm_bytes msg =
	    cm_signed(&(struct cm_signed_spec){ .signer = &f->client,
			  .attrs = success_attrs },
		env.p, env.n);
	struct decoded d;

	decode(f, &d, &msg);
	expect_verdict("SUCCESS", &d.m, SCEP_SOUND, SCEP_AT_INNER);
	assert_int_equal(d.m.status, SCEP_SUCCESS);
	assert_int_equal(d.m.fail_info, -1);
	expect_span("nonce", d.m.recipient_nonce, BYTES_LIT(NONCE));
	assert_int_equal(d.m.inner_cert_count, 2);
	decoded_clear(&d);
	cm_free(&in);
	cm_free(&env);
	cm_free(&msg);
}

static void
reads_a_failure_with_one_zero_byte(void **state)
{
	struct fixture *f = fix(state);
	const struct cm_attr attrs[] = {
		{ CM_TRANSACTION, ASN1_ID_PRINTABLE_STRING, TRANSACTION, 0, 1 },
		{ CM_TYPE, ASN1_ID_PRINTABLE_STRING, "3", 0, 1 },
		{ CM_STATUS, ASN1_ID_PRINTABLE_STRING, "2", 0, 1 },
		{ CM_FAILINFO, ASN1_ID_PRINTABLE_STRING, "2", 0, 1 },
		{ CM_RECIPIENT_NONCE, ASN1_ID_OCTET_STRING, NONCE, 0, 1 },
		{ "1.3.6.1.4.1.311.21.33", ASN1_ID_PRINTABLE_STRING,
		    "-2147024809", 0, 1 },
		{ NULL, 0, NULL, 0, 0 },
	};
	struct cm_bytes msg = cm_signed(
	    &(struct cm_signed_spec){ .signer = &f->client, .attrs = attrs },
	    "\0", 1);
	struct decoded d;

	decode(f, &d, &msg);
	expect_verdict("FAILURE", &d.m, SCEP_SOUND, SCEP_AT_SIGNATURE);
	assert_int_equal(d.m.status, SCEP_FAILURE);
	assert_int_equal(d.m.fail_info, SCEP_BAD_REQUEST);
	expect_span("error", d.m.scep_error, BYTES_LIT("-2147024809"));
	assert_int_equal(d.m.notes, SCEP_NOTE_NO_SENDER_NONCE);
	decoded_clear(&d);
	cm_free(&msg);
}

static void
names_every_verdict_stage_and_number(void **state)
{
	(void)state;
	for (unsigned v = 0; v < SCEP_VERDICTS; v++)
		assert_string_not_equal(
		    scep_verdict_name((enum scep_verdict)v), "unknown");
	for (unsigned s = 0; s < SCEP_STAGES; s++)
		assert_string_not_equal(
		    scep_stage_name((enum scep_stage)s), "unknown");
	assert_string_equal(scep_verdict_name(SCEP_VERDICTS), "unknown");
	assert_string_equal(scep_stage_name(SCEP_STAGES), "unknown");
	assert_string_equal(scep_type_name(19), "PKCSReq");
	assert_string_equal(scep_type_name(-1), "unknown");
	assert_string_equal(scep_status_name(3), "PENDING");
	assert_string_equal(scep_status_name(1), "unknown");
	assert_string_equal(scep_fail_name(1), "badMessageCheck");
	assert_string_equal(scep_fail_name(5), "unknown");
}

static int
setup(void **state)
{
	static struct fixture f;

	fixture_make(&f, 0);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    finds_signers_with_odd_serials_and_identifiers),
		cmocka_unit_test(
		    finds_a_signer_among_the_trusted_when_none_comes_along),
		cmocka_unit_test(opens_with_any_of_several_identities),
		cmocka_unit_test(
		    tells_a_key_that_does_not_open_from_a_foreign_recipient),
		cmocka_unit_test(reads_challenges_of_every_string_type),
		cmocka_unit_test(reads_a_request_without_challenge),
		cmocka_unit_test(
		    takes_no_bytes_at_all_for_a_request_or_a_message),
		cmocka_unit_test(notes_a_request_for_another_key_and_subject),
		cmocka_unit_test(reads_polls_and_queries),
		cmocka_unit_test(leaves_messages_of_unknown_type_to_others),
		cmocka_unit_test(reads_the_certificates_of_a_success),
		cmocka_unit_test(reads_a_failure_with_one_zero_byte),
		cmocka_unit_test(names_every_verdict_stage_and_number),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
