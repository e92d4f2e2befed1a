/* SPDX-License-Identifier: MIT */
/* Sound messages in every form that clients send: made by libcrypto, read by the codec. */
#include "unit/scep_fixture.h"

#include "pki/oid.h"

static struct fixture *
fix(void **state)
{
	return *state;
}

/* ---- ciphers, digests, paddings ---- */

struct cipher_row {
	const char *cipher; /* OpenSSL's name */
	enum pki_cipher found;
	bool weak;
};

static const struct cipher_row ciphers[] = {
	{ "DES-CBC", PKI_DES_CBC, true },
	{ "DES-EDE3-CBC", PKI_DES3_CBC, false },
	{ "AES-128-CBC", PKI_AES128_CBC, false },
	{ "AES-192-CBC", PKI_AES192_CBC, false },
	{ "AES-256-CBC", PKI_AES256_CBC, false },
	{ "BF-CBC", PKI_BLOWFISH_CBC, false },
	{ "RC2-CBC", PKI_RC2_CBC, false },
	{ "RC2-40-CBC", PKI_RC2_CBC, false },
};

static void
one_cipher(
    struct fixture *f, const struct cipher_row *row, bool stream, bool oaep)
{
	struct cm_bytes env =
	    cm_envelope(&(struct cm_envelope_spec){ .to = { &f->ra },
			    .cipher = row->cipher,
			    .stream = stream,
			    .oaep = oaep },
		f->csr.p, f->csr.n);
	struct cm_bytes msg =
	    cm_signed(&(struct cm_signed_spec){ .signer = &f->client,
			  .attrs = pkcsreq_attrs,
			  .stream = stream },
		env.p, env.n);
	struct decoded d;

	decode(f, &d, &msg);
	expect_pkcsreq(row->cipher, f, &d.m);
	assert_int_equal(d.m.cipher.cipher, row->found);
	assert_int_equal(d.m.keytrans.padding, oaep ? PKI_OAEP : PKI_PKCS1);
	assert_int_equal(d.m.notes,
	    (row->weak ? SCEP_NOTE_WEAK : 0U) | (stream ? SCEP_NOTE_BER : 0U));
	decoded_clear(&d);
	cm_free(&env);
	cm_free(&msg);
}

static void
opens_every_cipher_in_der_and_in_ber_with_both_paddings(void **state)
{
	for (size_t i = 0; i < nitems(ciphers); i++) {
		for (unsigned k = 0; k < 4; k++)
			one_cipher(fix(state), &ciphers[i], (k & 1) != 0,
			    (k & 2) != 0);
	}
}

struct gcm_row {
	const char *cipher, *oid;
	enum pki_cipher found;
};

static const struct gcm_row gcms[] = {
	{ "AES-128-GCM", "2.16.840.1.101.3.4.1.6", PKI_AES128_GCM },
	{ "AES-192-GCM", "2.16.840.1.101.3.4.1.26", PKI_AES192_GCM },
	{ "AES-256-GCM", "2.16.840.1.101.3.4.1.46", PKI_AES256_GCM },
};

static void
opens_gcm_inside_enveloped_data(void **state)
{
	struct fixture *f = fix(state);

	for (size_t i = 0; i < nitems(gcms); i++) {
		struct cm_bytes env = cm_envelope_by_hand(
		    &(struct cm_hand_envelope){ .to = &f->ra,
			.cipher = gcms[i].cipher,
			.cipher_oid = gcms[i].oid },
		    f->csr.p, f->csr.n);
		struct cm_bytes msg =
		    cm_signed(&(struct cm_signed_spec){ .signer = &f->client,
				  .attrs = pkcsreq_attrs },
			env.p, env.n);
		struct decoded d;

		decode(f, &d, &msg);
		expect_pkcsreq(gcms[i].cipher, f, &d.m);
		assert_int_equal(d.m.cipher.cipher, gcms[i].found);
		decoded_clear(&d);
		cm_free(&env);
		cm_free(&msg);
	}
}

struct digest_row {
	const char *digest;
	enum pki_digest found;
};

static const struct digest_row digests[] = {
	{ "MD5", PKI_MD5 },
	{ "SHA1", PKI_SHA1 },
	{ "SHA224", PKI_SHA224 },
	{ "SHA256", PKI_SHA256 },
	{ "SHA384", PKI_SHA384 },
	{ "SHA512", PKI_SHA512 },
};

enum sig { SIG_RSA, SIG_WITH_DIGEST, SIG_PSS, SIG_PKCS7, SIGS };

static void
one_digest(struct fixture *f, const struct digest_row *row, enum sig sig)
{
	struct cm_bytes env = plain_envelope(f);
	struct cm_signed_spec spec = { .signer = &f->client,
		.digest = row->digest,
		.pss = sig == SIG_PSS,
		.with_digest = sig == SIG_WITH_DIGEST,
		.attrs = pkcsreq_attrs };
	struct cm_bytes msg = sig == SIG_PKCS7
	    ? cm_signed_pkcs7(&spec, env.p, env.n)
	    : cm_signed(&spec, env.p, env.n);
	struct decoded d;

	decode(f, &d, &msg);
	expect_pkcsreq(row->digest, f, &d.m);
	assert_int_equal(d.m.digest, row->found);
	assert_int_equal(
	    d.m.sigalg.padding, sig == SIG_PSS ? PKI_PSS : PKI_PKCS1);
	assert_int_equal(
	    d.m.notes, row->found == PKI_MD5 ? (unsigned)SCEP_NOTE_WEAK : 0U);
	decoded_clear(&d);
	cm_free(&env);
	cm_free(&msg);
}

static void
verifies_every_digest_with_every_signature_algorithm(void **state)
{
	for (size_t i = 0; i < nitems(digests); i++) {
		for (unsigned sig = 0; sig < SIGS; sig++) {
			/* libcrypto makes no PSS with MD5 */
			if (sig == SIG_PSS && digests[i].found == PKI_MD5)
				continue;
			one_digest(fix(state), &digests[i], (enum sig)sig);
		}
	}
}

static void
opens_oaep_with_sha256(void **state)
{
	struct fixture *f = fix(state);
	struct cm_bytes env =
	    cm_envelope(&(struct cm_envelope_spec){ .to = { &f->ra },
			    .cipher = "AES-256-CBC",
			    .oaep = true,
			    .oaep_digest = "SHA256" },
		f->csr.p, f->csr.n);
	struct cm_bytes msg =
	    cm_signed(&(struct cm_signed_spec){ .signer = &f->client,
			  .attrs = pkcsreq_attrs },
		env.p, env.n);
	struct decoded d;

	decode(f, &d, &msg);
	expect_pkcsreq("OAEP with SHA-256", f, &d.m);
	assert_int_equal(d.m.keytrans.digest, PKI_SHA256);
	assert_int_equal(d.m.keytrans.mgf1, PKI_SHA256);
	decoded_clear(&d);
	cm_free(&env);
	cm_free(&msg);
}

/* ---- encodings by hand ---- */

struct hand_row {
	const char *title;
	size_t piece; /* of both layers */
	enum cm_order order;
	bool attributes_ber, pkcs7_content, reversed, ski;
	unsigned strangers;
	unsigned notes;
};

static const struct hand_row hand_rows[] = {
	{ "plain DER", 0, CM_SORTED, false, false, false, false, 0, 0 },
	{ "octets one by one", 1, CM_SORTED, false, false, false, false, 0,
	    SCEP_NOTE_BER },
	{ "pieces of 1000 octets", 1000, CM_SORTED, false, false, false, false,
	    0, SCEP_NOTE_BER },
	{ "one piece for all", 100000, CM_SORTED, false, false, false, false, 0,
	    SCEP_NOTE_BER },
	{ "attributes unsorted, signed sorted", 0, CM_REVERSED, false, false,
	    false, false, 0, SCEP_NOTE_ATTRIBUTES_UNSORTED },
	{ "attributes unsorted, signed as sent", 0, CM_REVERSED_AS_SENT, false,
	    false, false, false, 0, SCEP_NOTE_ATTRIBUTES_AS_SENT },
	{ "attributes in BER, signed in DER", 0, CM_SORTED, true, false, false,
	    false, 0, SCEP_NOTE_BER | SCEP_NOTE_ATTRIBUTES_UNSORTED },
	{ "content as PKCS#7 has it, without OCTET STRING", 0, CM_SORTED, false,
	    true, false, false, 0, 0 },
	{ "recipient's issuer turned round", 0, CM_SORTED, false, false, true,
	    false, 0, SCEP_NOTE_RECIPIENT_REORDERED },
	{ "recipient by key identifier", 0, CM_SORTED, false, false, false,
	    true, 0, SCEP_NOTE_RECIPIENT_BY_SKI },
	{ "our RecipientInfo behind three others", 0, CM_SORTED, false, false,
	    false, false, 3, SCEP_NOTE_SEVERAL_RECIPIENTS },
	{ "everything at once", 7, CM_REVERSED, true, false, true, false, 2,
	    SCEP_NOTE_BER | SCEP_NOTE_ATTRIBUTES_UNSORTED |
		SCEP_NOTE_RECIPIENT_REORDERED | SCEP_NOTE_SEVERAL_RECIPIENTS },
};

static void
one_hand_row(struct fixture *f, const struct hand_row *row)
{
	struct cm_bytes env =
	    cm_envelope_by_hand(&(struct cm_hand_envelope){ .to = &f->ra,
				    .cipher = "AES-128-CBC",
				    .cipher_oid = "2.16.840.1.101.3.4.1.2",
				    .reversed = row->reversed,
				    .ski = row->ski,
				    .strangers = row->strangers,
				    .piece = row->piece },
		f->csr.p, f->csr.n);
	struct cm_bytes msg =
	    cm_signed_by_hand(&(struct cm_hand_signed){ .signer = &f->client,
				  .attrs = pkcsreq_attrs,
				  .certs = 1,
				  .order = row->order,
				  .piece = row->piece,
				  .attributes_ber = row->attributes_ber,
				  .pkcs7_content = row->pkcs7_content },
		env.p, env.n);
	struct decoded d;

	decode(f, &d, &msg);
	expect_pkcsreq(row->title, f, &d.m);
	if (d.m.notes != row->notes)
		fail_msg("%s: notes %#x, wanted %#x", row->title, d.m.notes,
		    row->notes);
	assert_int_equal(d.m.recipient_count, row->strangers + 1);
	assert_int_equal(d.m.recipient_ski.p != NULL, row->ski);
	assert_int_equal(d.m.recipient_serial.p == NULL, row->ski);
	decoded_clear(&d);
	cm_free(&env);
	cm_free(&msg);
}

static void
reads_every_legal_encoding(void **state)
{
	for (size_t i = 0; i < nitems(hand_rows); i++)
		one_hand_row(fix(state), &hand_rows[i]);
}

static void
notes_bytes_behind_the_message(void **state)
{
	struct fixture *f = fix(state);
	struct cm_bytes msg = plain_message(f);
	struct decoded d;

	msg = CM_JOIN(msg, cm_copy("\n", 1));
	decode(f, &d, &msg);
	expect_pkcsreq("trailing newline", f, &d.m);
	assert_int_equal(d.m.notes, SCEP_NOTE_TRAILING_BYTES);
	decoded_clear(&d);
	cm_free(&msg);
}

/* ---- attributes that others write otherwise ---- */

struct text_row {
	const char *title;
	int id; /* of transactionID and messageType */
	const char *transaction, *type;
	size_t transaction_n, type_n;
	unsigned notes;
};

static const struct text_row texts[] = {
	{ "PrintableString", 0x13, "1F+/=", "19", 0, 0, 0 },
	{ "UTF8String", 0x0c, "1F+/=", "19", 0, 0, SCEP_NOTE_STRING_TYPE },
	{ "NumericString", 0x12, "1F+/=", "19", 0, 0, SCEP_NOTE_STRING_TYPE },
	{ "T61String", 0x14, "1F+/=", "19", 0, 0, SCEP_NOTE_STRING_TYPE },
	{ "IA5String", 0x16, "1F+/=", "19", 0, 0, SCEP_NOTE_STRING_TYPE },
	{ "VisibleString", 0x1a, "1F+/=", "19", 0, 0, SCEP_NOTE_STRING_TYPE },
	{ "BMPString", 0x1e, "\0001\000F\000+\000/\000=", "\0001\0009", 10, 4,
	    SCEP_NOTE_STRING_TYPE },
};

static struct cm_bytes
attributed_message(struct fixture *f, const struct cm_attr *attrs)
{
	struct cm_bytes env = plain_envelope(f);
	struct cm_bytes msg = cm_signed_by_hand(
	    &(struct cm_hand_signed){
		.signer = &f->client, .attrs = attrs, .certs = 1 },
	    env.p, env.n);

	cm_free(&env);
	return msg;
}

static void
takes_other_string_types_with_a_note(void **state)
{
	struct fixture *f = fix(state);

	for (size_t i = 0; i < nitems(texts); i++) {
		const struct text_row *row = &texts[i];
		const struct cm_attr attrs[] = {
			{ CM_TRANSACTION, row->id, row->transaction,
			    row->transaction_n, 1 },
			{ CM_TYPE, row->id, row->type, row->type_n, 1 },
			{ CM_SENDER_NONCE, ASN1_ID_OCTET_STRING, NONCE, 0, 1 },
			{ NULL, 0, NULL, 0, 0 },
		};
		struct cm_bytes msg = attributed_message(f, attrs);
		struct decoded d;

		decode(f, &d, &msg);
		expect_verdict(
		    row->title, &d.m, SCEP_SOUND, SCEP_AT_POSSESSION);
		expect_span(row->title, d.m.transaction_id, BYTES_LIT("1F+/="));
		assert_int_equal(d.m.type, SCEP_PKCSREQ);
		assert_int_equal(d.m.notes, row->notes);
		decoded_clear(&d);
		cm_free(&msg);
	}
}

struct nonce_row {
	const char *nonce; /* NULL: none */
	unsigned notes;
};

static const struct nonce_row nonces[] = {
	{ NONCE, 0 },
	{ "12345678", SCEP_NOTE_NONCE_LENGTH },
	{ NONCE "x", SCEP_NOTE_NONCE_LENGTH },
	{ NULL, SCEP_NOTE_NO_SENDER_NONCE },
};

static void
takes_nonces_of_any_length_and_none_with_a_note(void **state)
{
	struct fixture *f = fix(state);

	for (size_t i = 0; i < nitems(nonces); i++) {
		const struct cm_attr attrs[] = {
			{ CM_TRANSACTION, 0x13, TRANSACTION, 0, 1 },
			{ CM_TYPE, 0x13, "17", 0, 1 },
			{ nonces[i].nonce == NULL ? NULL : CM_SENDER_NONCE,
			    ASN1_ID_OCTET_STRING, nonces[i].nonce, 0, 1 },
			{ NULL, 0, NULL, 0, 0 },
		};
		struct cm_bytes msg = attributed_message(f, attrs);
		struct decoded d;

		decode(f, &d, &msg);
		expect_verdict("nonce", &d.m, SCEP_SOUND, SCEP_AT_POSSESSION);
		assert_int_equal(d.m.type, SCEP_RENEWALREQ);
		assert_int_equal(d.m.notes, nonces[i].notes);
		expect_span(
		    "nonce", d.m.sender_nonce, bytes_str(nonces[i].nonce));
		decoded_clear(&d);
		cm_free(&msg);
	}
}

/* As large as a request may be, in pieces of a kilobyte on both layers. */
static void
opens_a_megabyte_in_pieces(void **state)
{
	struct fixture *f = fix(state);
	const size_t size = 1000 * 1000;
	struct cm_bytes inner = cm_copy(NULL, 0);
	const struct cm_attr attrs[] = {
		{ CM_TRANSACTION, 0x13, TRANSACTION, 0, 1 },
		{ CM_TYPE, 0x13, "99", 0, 1 },
		{ NULL, 0, NULL, 0, 0 },
	};
	struct decoded d;

	inner.p = realloc(inner.p, size);
	CM_NEED(inner.p != NULL);
	memset(inner.p, 'x', size);
	inner.n = size;
	struct cm_bytes env =
	    cm_envelope_by_hand(&(struct cm_hand_envelope){ .to = &f->ra,
				    .cipher = "AES-128-CBC",
				    .cipher_oid = "2.16.840.1.101.3.4.1.2",
				    .piece = 1000 },
		inner.p, inner.n);
	struct cm_bytes msg =
	    cm_signed_by_hand(&(struct cm_hand_signed){ .signer = &f->client,
				  .attrs = attrs,
				  .certs = 1,
				  .piece = 1000 },
		env.p, env.n);

	decode(f, &d, &msg);
	expect_verdict("a megabyte", &d.m, SCEP_SOUND, SCEP_AT_CONTENT);
	expect_span("contents", d.m.content, span(&inner));
	assert_in_range(d.arena.used, size, 3 * msg.n + 65536);
	decoded_clear(&d);
	cm_free(&inner);
	cm_free(&env);
	cm_free(&msg);
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
		    opens_every_cipher_in_der_and_in_ber_with_both_paddings),
		cmocka_unit_test(opens_gcm_inside_enveloped_data),
		cmocka_unit_test(
		    verifies_every_digest_with_every_signature_algorithm),
		cmocka_unit_test(opens_oaep_with_sha256),
		cmocka_unit_test(reads_every_legal_encoding),
		cmocka_unit_test(notes_bytes_behind_the_message),
		cmocka_unit_test(takes_other_string_types_with_a_note),
		cmocka_unit_test(
		    takes_nonces_of_any_length_and_none_with_a_note),
		cmocka_unit_test(opens_a_megabyte_in_pieces),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
