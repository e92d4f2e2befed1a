/* SPDX-License-Identifier: MIT */
/*
 * Odd replies: of each oddity of the signed part, that what was asked for is
 * different and nothing else, as libcrypto sees it; that nonsense is refused
 * with a sentence; and what happens without memory.
 */
#include "unit/scep_odd.h"

#include "support/failing_malloc.h"

/* ---- attributes, signer, structure of SignedData ---- */

static const struct odd_row odd_rows[] = {
	{ "other octets", { .value = { [SCEP_A_STATUS] = LIT("00") } },
	    { STATUS " 130132" }, { STATUS " 13023030" } },
	{ "no octets", { .value = { [SCEP_A_TRANSACTION_ID] = LIT("") } },
	    { TRANSACTION_ID " 130461626364" }, { TRANSACTION_ID " 1300" } },
	{ "a text for a number",
	    { .value = { [SCEP_A_MESSAGE_TYPE] = LIT("CertRep") } },
	    { TYPE " 130133" }, { TYPE " 130743657274526570" } },
	{ "no messageType", { .leave_out = { [SCEP_A_MESSAGE_TYPE] = true } },
	    { TYPE " 130133" }, { NULL } },
	{ "no pkiStatus", { .leave_out = { [SCEP_A_STATUS] = true } },
	    { STATUS " 130132" }, { NULL } },
	{ "no failInfo", { .leave_out = { [SCEP_A_FAIL_INFO] = true } },
	    { FAIL_INFO " 130132" }, { NULL } },
	{ "no transactionID",
	    { .leave_out = { [SCEP_A_TRANSACTION_ID] = true } },
	    { TRANSACTION_ID "*" }, { NULL } },
	{ "no senderNonce", { .leave_out = { [SCEP_A_SENDER_NONCE] = true } },
	    { SENDER " 0410" S16 }, { NULL } },
	{ "no recipientNonce",
	    { .leave_out = { [SCEP_A_RECIPIENT_NONCE] = true } },
	    { RECIPIENT " 040472727272" }, { NULL } },
	{ "no failInfoText",
	    { .leave_out = { [SCEP_A_FAIL_INFO_TEXT] = true } },
	    { TEXT " 0c026e6f" }, { NULL } },
	{ "no contentType", { .leave_out = { [SCEP_A_CONTENT_TYPE] = true } },
	    { CONTENT_TYPE "*", VERIFIED }, { REFUSED } },
	{ "no messageDigest",
	    { .leave_out = { [SCEP_A_MESSAGE_DIGEST] = true } },
	    { DIGEST "*", VERIFIED }, { REFUSED } },
	/* what libcrypto does not compare */
	{ "contentType of SignedData",
	    { .wrong = { [SCEP_A_CONTENT_TYPE] = true } },
	    { CONTENT_TYPE " 06092a864886f70d010701" },
	    { CONTENT_TYPE " 06092a864886f70d010702" } },
	{ "a wrong messageDigest",
	    { .wrong = { [SCEP_A_MESSAGE_DIGEST] = true } },
	    { DIGEST " 04206e340b9c*", VERIFIED },
	    { DIGEST " 04206f340b9c*", REFUSED } },
	{ "a wrong recipientNonce",
	    { .wrong = { [SCEP_A_RECIPIENT_NONCE] = true } },
	    { RECIPIENT " 040472727272" }, { RECIPIENT " 040473727272" } },
	{ "pkiStatus as UTF8String",
	    { .types = { [SCEP_A_STATUS] = { ASN1_ID_UTF8_STRING } } },
	    { STATUS " 130132" }, { STATUS " 0c0132" } },
	{ "transactionID as IA5String",
	    { .types = { [SCEP_A_TRANSACTION_ID] = { ASN1_ID_IA5_STRING } } },
	    { TRANSACTION_ID " 130461626364" },
	    { TRANSACTION_ID " 160461626364" } },
	{ "transactionID as BMPString",
	    { .types = { [SCEP_A_TRANSACTION_ID] = { ASN1_ID_BMP_STRING } } },
	    { TRANSACTION_ID " 130461626364" },
	    { TRANSACTION_ID " 1e080061006200630064" } },
	{ "messageType as INTEGER",
	    { .types = { [SCEP_A_MESSAGE_TYPE] = { ASN1_ID_INTEGER } } },
	    { TYPE " 130133" }, { TYPE " 020103" } },
	{ "senderNonce as INTEGER",
	    { .types = { [SCEP_A_SENDER_NONCE] = { ASN1_ID_INTEGER } } },
	    { SENDER " 0410" S16 }, { SENDER " 0210" S16 } },
	{ "failInfo as BIT STRING",
	    { .types = { [SCEP_A_FAIL_INFO] = { ASN1_ID_BIT_STRING } } },
	    { FAIL_INFO " 130132" }, { FAIL_INFO " 03020032" } },
	{ "pkiStatus as NULL",
	    { .types = { [SCEP_A_STATUS] = { ASN1_ID_NULL } } },
	    { STATUS " 130132" }, { STATUS " 0500" } },
	{ "recipientNonce as SEQUENCE",
	    { .types = { [SCEP_A_RECIPIENT_NONCE] = { ASN1_ID_SEQUENCE } } },
	    { RECIPIENT " 040472727272" }, { RECIPIENT " 3006040472727272" } },
	{ "two pkiStatus", { .second = { [SCEP_A_STATUS] = LIT("0") } },
	    { NULL }, { STATUS " 130130" } },
	{ "two values", { .second_value = { [SCEP_A_STATUS] = LIT("3") } },
	    { STATUS " 130132" }, { STATUS " 130132 130133" } },
	{ "two messageDigests",
	    { .second = { [SCEP_A_MESSAGE_DIGEST] = LIT("x") } }, { VERIFIED },
	    { DIGEST " 040178", REFUSED } },
	{ "failInfoText under another OID",
	    { .fail_info_text_wrong_oid = true }, { TEXT " 0c026e6f" },
	    { WRONG_TEXT " 0c026e6f" } },
	{ "unsigned attributes", { .attributes_unsigned = true },
	    { TYPE "*", STATUS "*", FAIL_INFO "*", SENDER "*", RECIPIENT "*",
		TRANSACTION_ID "*", TEXT "*" },
	    { "un" TYPE " 130133", "un" STATUS " 130132",
		"un" FAIL_INFO " 130132", "un" SENDER " 0410" S16,
		"un" RECIPIENT " 040472727272",
		"un" TRANSACTION_ID " 130461626364", "un" TEXT " 0c026e6f" } },
	{ "no SignerInfo", { .no_signer_info = true },
	    { "signers 1", "signed *", "digest *", "signature algorithm *",
		VERIFIED },
	    { "signers 0", REFUSED } },
	{ "a broken signature", { .break_signature = true }, { VERIFIED },
	    { REFUSED } },
	{ "a signature's OID for the digest",
	    { .digest_oid = LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b") },
	    { "digest 2.16.840.1.101.3.4.2.1" },
	    { "digest 1.2.840.113549.1.1.11" } },
	{ "an OID nobody knows", { .digest_oid = LIT("\x2a\x03\x04") },
	    { "digest 2.16.840.1.101.3.4.2.1", VERIFIED },
	    { "digest 1.2.3.4", REFUSED } },
};

static void
changes_what_was_asked_for_and_nothing_else(void **state)
{
	struct world *w = *state;
	struct scep_reply r = failure(w);
	static struct view honest, odd;

	see(w, &r, "honest", &honest);
	view_needs("honest", &honest, VERIFIED);
	for (size_t i = 0; i < nitems(odd_rows); i++) {
		const struct odd_row *row = &odd_rows[i];

		r.odd = &row->odd;
		see(w, &r, row->title, &odd);
		view_differ(row->title, &honest, &odd, row->gone, row->new);
	}
}

static void
writes_the_same_bytes_without_oddities_and_with_none(void **state)
{
	struct world *w = *state;
	static const struct scep_oddities none;
	struct scep_reply r = failure(w);
	struct buf a, b;

	encode(w, &r, "NULL", &a);
	r.odd = &none;
	encode(w, &r, "zeros", &b);
	expect_span("bytes", buf_bytes(&b), buf_bytes(&a));
	buf_clear(&a);
	buf_clear(&b);
}

static void
signs_the_content_itself_when_no_attribute_is_left(void **state)
{
	struct world *w = *state;
	struct scep_oddities odd = { 0 };
	struct scep_reply r = failure(w);
	static struct view v;

	r.odd = &odd;
	for (int a = 0; a < SCEP_ATTRIBUTES; a++)
		odd.leave_out[a] = true;
	see(w, &r, "none left", &v);
	assert_null(view_line(&v, "signed"));
	view_needs("none left", &v, VERIFIED);
}

static void
lists_more_certificates_beside_the_signers(void **state)
{
	struct world *w = *state;
	struct scep_oddities odd = { .cert_count = 3 };
	struct scep_reply r = failure(w);
	static struct view honest, v;

	for (size_t i = 0; i < odd.cert_count; i++)
		odd.certs[i] = span(&w->f.client.der);
	see(w, &r, "honest", &honest);
	r.odd = &odd;
	see(w, &r, "three", &v);
	view_differ("three", &honest, &v,
	    (const char *[]){ "certificates 0", NULL },
	    (const char *[]){ "certificates 3", "certificate *", NULL });
	r.include_signer = true;
	odd.cert_count = SCEP_CERTS_MAX;
	for (size_t i = 0; i < odd.cert_count; i++)
		odd.certs[i] = span(&w->f.client.der);
	see(w, &r, "all", &v);
	view_needs("all", &v, "certificates 33");
	view_needs("all", &v, VERIFIED);
}

static void
names_each_attribute(void **state)
{
	static const char *const names[SCEP_ATTRIBUTES] = { "messageType",
		"pkiStatus", "failInfo", "contentType", "messageDigest",
		"senderNonce", "recipientNonce", "transactionID",
		"failInfoText" };

	(void)state;
	for (int a = 0; a < SCEP_ATTRIBUTES; a++)
		assert_string_equal(
		    scep_attribute_name((enum scep_attribute)a), names[a]);
	assert_string_equal(scep_attribute_name(SCEP_ATTRIBUTES), "unknown");
	assert_string_equal(
	    scep_attribute_name((enum scep_attribute) - 1), "unknown");
}

static void
needs_no_signer_where_nobody_signs(void **state)
{
	static const struct scep_oddities odd = { .no_signer_info = true };
	struct world *w = *state;
	struct scep_reply r = failure(w);
	static struct view v;

	r.odd = &odd;
	r.signer = NULL;
	r.signer_key = NULL;
	r.include_signer = true;
	see(w, &r, "nobody", &v);
	view_needs("nobody", &v, "signers 0");
	view_needs("nobody", &v, "certificates 0");
}

/* ---- refusals ---- */

typedef void spoil_fn(
    struct world *w, struct scep_reply *r, struct scep_oddities *odd);

static void
no_signer(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)odd;
	r->signer = NULL;
}

static void
no_signer_key(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)odd;
	r->signer_key = NULL;
}

static void
no_recipient(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)odd;
	r->recipient = NULL;
}

static void
no_recipient_key(
    struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)odd;
	r->recipient_key = NULL;
}

static void
small_recipient(
    struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)odd;
	r->recipient_key = w->small_key;
	r->keytrans = PKI_OAEP;
	r->cipher = PKI_AES256_CBC;
	r->content_key = bytes_of(content_key, 32);
}

static void
small_signer(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)odd;
	r->signer_key = w->small_key;
	r->digest = PKI_SHA512;
}

static void
bad_digest(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)odd;
	r->digest = (enum pki_digest)77;
}

static void
bad_cipher(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)odd;
	r->cipher = (enum pki_cipher)77;
}

static void
bad_padding(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)odd;
	r->keytrans = PKI_PSS;
}

static void
bad_content(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)odd;
	r->content = (enum scep_content)99;
}

static void
bad_structure(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)r;
	odd->structure = (enum scep_structure)3;
}

static void
bad_encoding(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)r;
	odd->encoding = (enum scep_encoding) - 1;
}

static void
many_certs(struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)r;
	odd->cert_count = SCEP_CERTS_MAX + 1;
}

static void
many_recipients(
    struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)r;
	odd->more_recipient_count = SCEP_RECIPIENTS_MAX + 1;
}

static void
nobodys_recipient(
    struct world *w, struct scep_reply *r, struct scep_oddities *odd)
{
	(void)w;
	(void)r;
	odd->more_recipient_count = 1;
}

static void
refuses_what_it_cannot_make_and_says_why(void **state)
{
	static spoil_fn *const spoils[] = { no_signer, no_signer_key,
		no_recipient, no_recipient_key, small_recipient, small_signer,
		bad_digest, bad_cipher, bad_padding, bad_content, bad_structure,
		bad_encoding, many_certs, many_recipients, nobodys_recipient };
	struct world *w = *state;

	for (size_t i = 0; i < nitems(spoils); i++) {
		struct scep_oddities odd = { 0 };
		struct scep_reply r = success(w);
		struct err e = { 0 };
		struct buf b;

		r.odd = &odd;
		spoils[i](w, &r, &odd);
		buf_init(&b, OUT_MAX);
		buf_add_str(&b, "before");
		if (scep_reply_encode(&r, w->f.ctx, &b, &e) != -1)
			fail_msg("row %zu was encoded", i);
		assert_true(e.code != ERR_NONE && e.text[0] != '\0');
		assert_string_equal(buf_str(&b), "before");
		buf_clear(&b);
	}
}

/* A full buffer is no reason to leave half a message. */
static void
takes_back_what_did_not_fit(void **state)
{
	struct world *w = *state;

	for (int k = SCEP_DER; k <= SCEP_SHORT_LENGTH; k++) {
		struct scep_oddities odd = { .encoding = (enum scep_encoding)k,
			.nesting = 100 };
		struct scep_reply r = failure(w);
		struct err e = { 0 };
		struct buf b;

		r.odd = &odd;
		buf_init(&b, 200);
		buf_add_str(&b, "before");
		assert_int_equal(scep_reply_encode(&r, w->f.ctx, &b, &e), -1);
		assert_int_equal(e.code, ERR_MEMORY);
		assert_string_equal(buf_str(&b), "before");
		buf_clear(&b);
	}
}

/* ---- without memory ---- */

/* As many oddities at once as go together. */
static struct scep_oddities
everything(struct world *w)
{
	struct scep_oddities odd = { .attributes_unsigned = true,
		.fail_info_text_wrong_oid = true,
		.encoding = SCEP_BER,
		.structure = SCEP_IS_DATA,
		.break_signature = true,
		.digest_oid = BYTES_LIT("\x2a\x03\x04"),
		.certs = { span(&w->f.client.der), span(&w->f.ra.der) },
		.cert_count = 2,
		.recipient_by_ski = true,
		.more_recipients = { &w->f.ra_cert },
		.more_recipient_count = 1,
		.bad_padding = true,
		.odd_ciphertext = true,
		.bad_iv = true };

	for (int a = 0; a < SCEP_ATTRIBUTES; a++) {
		odd.wrong[a] = a % 2 == 0;
		odd.types[a].id = a % 3 == 0 ? ASN1_ID_BMP_STRING : 0;
		odd.second[a] = BYTES_LIT("second");
		odd.second_value[a] = bytes_of(content_key, 64);
	}
	return odd;
}

static void
says_that_memory_ran_out_whichever_allocation_fails(void **state)
{
	struct world *w = *state;
	struct scep_oddities odd = everything(w);
	struct scep_reply r = success(w);
	size_t calls = SIZE_MAX, failed = 0;

	r.odd = &odd;
	r.content_key = bytes_of(content_key, 5);
	r.content_iv = bytes_of(content_iv, 40);
	for (size_t k = 1; k <= calls; k++) {
		struct err e = { 0 };
		struct buf out;

		buf_init(&out, 1 << 16);
		failing_malloc_arm(k);
		int rc = scep_reply_encode(&r, w->f.ctx, &out, &e);
		size_t made = failing_malloc_disarm();

		if (made < k) {
			assert_int_equal(rc, 0);
			assert_true(out.n > 2000);
			calls = made;
		} else {
			if (rc != -1 || e.code == ERR_NONE)
				fail_msg(
				    "allocation %zu: %d, %s", k, rc, e.text);
			assert_int_equal(out.n, 0);
			failed++;
		}
		buf_clear(&out);
	}
	assert_true(failed >= 6);
}

/* ---- the group ---- */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_what_was_asked_for_and_nothing_else),
		cmocka_unit_test(
		    writes_the_same_bytes_without_oddities_and_with_none),
		cmocka_unit_test(
		    signs_the_content_itself_when_no_attribute_is_left),
		cmocka_unit_test(lists_more_certificates_beside_the_signers),
		cmocka_unit_test(names_each_attribute),
		cmocka_unit_test(needs_no_signer_where_nobody_signs),
		cmocka_unit_test(refuses_what_it_cannot_make_and_says_why),
		cmocka_unit_test(takes_back_what_did_not_fit),
		cmocka_unit_test(
		    says_that_memory_ran_out_whichever_allocation_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
