/* SPDX-License-Identifier: MIT */
/*
 * Odd replies: of each oddity, that what was asked for is different and
 * nothing else, as libcrypto and a walk over the elements see it; that BER is
 * legal; that nonsense is refused with a sentence; and what happens without
 * memory.
 */
#include "unit/scep_fixture.h"

#include "unit/scep_view.h"

#include "support/failing_malloc.h"

#define OUT_MAX ((size_t)4 << 20)
#define VERIFIED "signature holds"
#define REFUSED "signature wrong"

#define TYPE "signed " CM_TYPE
#define STATUS "signed " CM_STATUS
#define FAIL_INFO "signed " CM_FAILINFO
#define SENDER "signed " CM_SENDER_NONCE
#define RECIPIENT "signed " CM_RECIPIENT_NONCE
#define TRANSACTION_ID "signed " CM_TRANSACTION
#define CONTENT_TYPE "signed " CM_CONTENT_TYPE
#define DIGEST "signed " CM_MESSAGE_DIGEST
#define TEXT "signed 1.3.6.1.5.5.7.24.1"
#define WRONG_TEXT "signed 1.3.6.1.5.5.7.24.2"
/* For rows, where a compound literal is no constant. */
#define LIT(s)                                      \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}
#define S16 "73737373737373737373737373737373"

static const uint8_t content_key[64] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
static const uint8_t content_iv[64] =
    "fedcba9876543210fedcba9876543210fedcba9876543210fedcba987654321";

struct world {
	struct fixture f;
	struct pki_cert client_cert;
	struct pki_key *client_key;
	EVP_PKEY *small; /* RSA-512 */
	struct pki_key *small_key;
};

/* Every attribute is there; no envelope, so that its bytes are the same each time. */
static struct scep_reply
failure(struct world *w)
{
	return (struct scep_reply){ .type = SCEP_CERTREP,
		.has_status = true,
		.status = SCEP_FAILURE,
		.has_fail_info = true,
		.fail_info = SCEP_BAD_REQUEST,
		.transaction_id = BYTES_LIT("abcd"),
		.sender_nonce = BYTES_LIT("ssssssssssssssss"),
		.recipient_nonce = BYTES_LIT("rrrr"),
		.fail_info_text = BYTES_LIT("no"),
		.signer = &w->f.ra_cert,
		.signer_key = w->f.ra_key,
		.digest = PKI_SHA256,
		.content = SCEP_CONTENT_ZERO_BYTE };
}

static struct scep_reply
success(struct world *w)
{
	struct scep_reply r = failure(w);

	r.status = SCEP_SUCCESS;
	r.has_fail_info = false;
	r.fail_info_text = bytes_of(NULL, 0);
	r.content = SCEP_CONTENT_ENVELOPE;
	r.inner = BYTES_LIT("inner message");
	r.recipient = &w->client_cert;
	r.recipient_key = w->client_key;
	r.cipher = PKI_AES128_CBC;
	r.keytrans = PKI_PKCS1;
	r.content_key = bytes_of(content_key, 16);
	r.content_iv = bytes_of(content_iv, 16);
	return r;
}

static void
encode(struct world *w, const struct scep_reply *r, const char *title,
    struct buf *out)
{
	struct err e = { 0 };

	buf_init(out, OUT_MAX);
	if (scep_reply_encode(r, w->f.ctx, out, &e) == -1)
		fail_msg("%s: %s", title, e.text);
}

static void
see(struct world *w, const struct scep_reply *r, const char *title,
    struct view *v)
{
	struct buf b;

	encode(w, r, title, &b);
	view_reply(v, buf_bytes(&b), w->f.ra.cert);
	buf_clear(&b);
}

/* ---- attributes, signer, structure of SignedData ---- */

struct odd_row {
	const char *title;
	struct scep_oddities odd;
	const char *gone[10], *new[10];
};

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

/* ---- envelopes ---- */

static void
see_envelope(struct world *w, const struct scep_reply *r, const char *title,
    struct view *v)
{
	const struct pki_cipher_row *row = pki_cipher_row(r->cipher);
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, row->name, NULL);
	struct buf b;

	CM_NEED(cipher != NULL);
	encode(w, r, title, &b);
	struct cm_bytes env = view_content(buf_bytes(&b));

	view_envelope(v, span(&env), w->f.client.key, cipher);
	cm_free(&env);
	buf_clear(&b);
	EVP_CIPHER_free(cipher);
}

#define OPENS "recipient 0 opens 696e6e6572206d657373616765" /* inner message */

static const struct odd_row envelope_rows[] = {
	/* one block: its padding hangs on the IV */
	{ "bad padding", { .bad_padding = true }, { OPENS, "iv *" },
	    { "recipient 0 opens nothing", "iv *" } },
	{ "no ciphertext", { .empty_ciphertext = true },
	    { OPENS, "ciphertext 16" },
	    { "recipient 0 opens nothing", "ciphertext 0" } },
	{ "odd ciphertext", { .odd_ciphertext = true },
	    { OPENS, "ciphertext 16" },
	    { "recipient 0 opens nothing", "ciphertext 17" } },
	{ "a short IV", { .bad_iv = true },
	    { OPENS, "iv 66656463626139383736353433323130" },
	    { "recipient 0 opens nothing",
		"iv 666564636261393837363534333231" } },
	{ "by key identifier", { .recipient_by_ski = true },
	    { "version 00", "recipient 0 by issuer *" },
	    { "version 02", "recipient 0 by key *" } },
};

static void
spoils_of_an_envelope_what_was_asked_for(void **state)
{
	struct world *w = *state;
	struct scep_reply r = success(w);
	static struct view honest, odd;

	see_envelope(w, &r, "honest", &honest);
	view_needs("honest", &honest, OPENS);
	for (size_t i = 0; i < nitems(envelope_rows); i++) {
		const struct odd_row *row = &envelope_rows[i];

		r.odd = &row->odd;
		see_envelope(w, &r, row->title, &odd);
		view_differ(row->title, &honest, &odd, row->gone, row->new);
	}
}

static void
spoils_padding_of_longer_contents_in_the_ciphertext(void **state)
{
	static const struct scep_oddities bad = { .bad_padding = true };
	struct world *w = *state;
	struct scep_reply r = success(w);
	static struct view honest, odd;

	r.inner = bytes_of(content_key, sizeof(content_key));
	see_envelope(w, &r, "honest", &honest);
	r.odd = &bad;
	see_envelope(w, &r, "bad", &odd);
	view_differ("bad", &honest, &odd,
	    (const char *[]){ "recipient 0 opens 3031*", NULL },
	    (const char *[]){ "recipient 0 opens nothing", NULL });
}

static void
makes_recipients_that_open_nothing_before_the_right_one(void **state)
{
	struct world *w = *state;
	struct scep_oddities odd = { .more_recipient_count = 2,
		.more_recipients = { &w->f.ra_cert, &w->client_cert } };
	struct scep_reply r = success(w);
	static struct view v;

	r.odd = &odd;
	see_envelope(w, &r, "two more", &v);
	view_needs("last", &v, "recipient 2 opens 696e6e6572206d657373616765");
	assert_false(view_has(&v, OPENS));
	assert_false(
	    view_has(&v, "recipient 1 opens 696e6e6572206d657373616765"));
	assert_string_not_equal(view_line(&v, "recipient 0 by") + 11,
	    view_line(&v, "recipient 1 by") + 11);
	assert_string_equal(view_line(&v, "recipient 1 by") + 11,
	    view_line(&v, "recipient 2 by") + 11);
	odd.more_recipient_count = SCEP_RECIPIENTS_MAX;
	for (size_t i = 0; i < SCEP_RECIPIENTS_MAX; i++)
		odd.more_recipients[i] = &w->f.ra_cert;
	see_envelope(w, &r, "all", &v);
	view_needs("all", &v, "recipient 32 opens 696e6e6572206d657373616765");
}

/* A certificate that states no key identifier is named by what it would be. */
static void
makes_up_a_key_identifier_as_rfc_5280_does(void **state)
{
	static const struct scep_oddities by_ski = { .recipient_by_ski = true };
	struct world *w = *state;
	struct pki_cert without = w->client_cert;
	struct scep_reply r = success(w);
	static struct view stated, made;

	r.odd = &by_ski;
	see_envelope(w, &r, "stated", &stated);
	without.ski = bytes_of(NULL, 0);
	r.recipient = &without;
	see_envelope(w, &r, "made up", &made);
	view_differ("made up", &stated, &made, NULL, NULL);
}

static void
opens_by_every_cipher_there_is(void **state)
{
	struct world *w = *state;

	for (int c = PKI_CIPHER_UNKNOWN + 1; c < PKI_CIPHERS; c++) {
		const struct pki_cipher_row *row =
		    pki_cipher_row((enum pki_cipher)c);
		struct scep_reply r = success(w);
		static struct view v;

		r.cipher = (enum pki_cipher)c;
		r.keytrans = c % 2 == 0 ? PKI_OAEP : PKI_PKCS1;
		r.content_key = bytes_of(content_key, row->key_size);
		r.content_iv = bytes_of(content_iv, row->iv_size);
		see_envelope(w, &r, row->name, &v);
		view_needs(row->name, &v, OPENS);
	}
}

struct length_row {
	size_t key, iv;
	const char *key_line;
};

static void
sends_keys_and_ivs_of_any_length(void **state)
{
	static const struct length_row rows[] = {
		{ 1, 16, "recipient 0 key of 1" },
		{ 5, 0, "recipient 0 key of 5" },
		{ 16, 64, "recipient 0 key of 16" },
		{ 64, 1, "recipient 0 key of 64" },
		{ 0, 16, "recipient 0 key of 0" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < nitems(rows); i++) {
		struct scep_reply r = success(w);
		static struct view v;
		char iv[200];

		r.content_key = bytes_of(content_key, rows[i].key);
		r.content_iv = bytes_of(content_iv, rows[i].iv);
		see_envelope(w, &r, "lengths", &v);
		view_needs("lengths", &v, rows[i].key_line);
		memcpy(iv, "iv ", 4);
		view_hex(iv + 3, sizeof(iv) - 3, content_iv, (long)rows[i].iv);
		view_needs("lengths", &v, iv);
		view_needs("lengths", &v, "ciphertext 16");
	}
}

/* ---- BER ---- */

/* What libcrypto reads out of an envelope, by its own functions alone. */
static struct cm_bytes
decrypted(struct world *w, const struct cm_bytes *envelope)
{
	CMS_ContentInfo *cms = view_parse(span(envelope));
	BIO *out = BIO_new(BIO_s_mem());
	char *p = NULL;

	CM_NEED(cms != NULL);
	CM_NEED(CMS_decrypt(cms, w->f.client.key, w->f.client.cert, NULL, out,
		    CMS_BINARY) == 1);
	long n = BIO_get_mem_data(out, &p);
	struct cm_bytes inner = cm_copy(p, (size_t)n);

	BIO_free(out);
	CMS_ContentInfo_free(cms);
	return inner;
}

static bool
verified(struct world *w, struct bytes der)
{
	CMS_ContentInfo *cms = view_parse(der);

	CM_NEED(cms != NULL);
	bool holds = view_verifies(cms, w->f.ra.cert);

	CMS_ContentInfo_free(cms);
	return holds;
}

/*
 * How many elements of indefinite length and this kind are in it, by a walk
 * over the elements: contents are never looked into, for they may hold any
 * octets. Leaves *n bytes behind *p.
 */
static size_t
count_elements(const uint8_t **p, size_t *n, uint8_t id)
{
	size_t found = 0;

	while (*n > 0 && **p != 0) {
		const unsigned char *body = *p;
		uint8_t begins = **p;
		long size;
		int tag, class;
		int rc = ASN1_get_object(&body, &size, &tag, &class, (long)*n);
		bool endless = (rc & 1) != 0;

		CM_NEED((rc & 0x80) == 0);
		*n -= (size_t)(body - *p);
		*p = body;
		found += endless && begins == id;
		size_t inside = endless ? *n : (size_t)size;

		if ((rc & V_ASN1_CONSTRUCTED) != 0) {
			size_t left = inside;

			found += count_elements(p, &left, id);
			CM_NEED(endless || left == 0);
			*n -= inside - left;
		} else {
			*p += inside;
			*n -= inside;
		}
		if (endless) {
			CM_NEED(*n >= 2 && (*p)[0] == 0 && (*p)[1] == 0);
			*p += 2;
			*n -= 2;
		}
	}
	return found;
}

static size_t
count_begins(struct bytes b, uint8_t id)
{
	size_t found = count_elements(&b.p, &b.n, id);

	CM_NEED(b.n == 0);
	return found;
}

static void
expect_ber_envelope(
    struct world *w, const struct scep_reply *r, const struct cm_bytes *env)
{
	struct cm_bytes inner = decrypted(w, env);

	assert_int_equal(env->p[0], 0x30);
	assert_int_equal(env->p[1], 0x80);
	expect_span("inner", span(&inner), r->inner);
	cm_free(&inner);
}

static void
writes_ber_that_libcrypto_verifies_and_opens(void **state)
{
	static const struct scep_oddities ber = { .encoding = SCEP_BER };
	struct world *w = *state;
	struct scep_reply r = success(w);
	uint8_t inner[3000];
	struct buf b, der;

	memset(inner, 0x55, sizeof(inner));
	r.inner = bytes_of(inner, sizeof(inner));
	encode(w, &r, "DER", &der);
	r.odd = &ber;
	encode(w, &r, "BER", &b);
	assert_memory_equal(b.p, "\x30\x80\x06\x09", 4);
	/* eContent's string, and nothing of the signed attributes */
	assert_int_equal(count_begins(buf_bytes(&b), 0x24), 1);
	assert_true(b.n > der.n);
	assert_true(verified(w, buf_bytes(&b)));
	struct cm_bytes env = view_content(buf_bytes(&b));

	expect_ber_envelope(w, &r, &env);
	cm_free(&env);
	buf_clear(&b);
	buf_clear(&der);
}

static void
writes_ber_of_every_content(void **state)
{
	static const struct scep_oddities ber = { .encoding = SCEP_BER };
	struct world *w = *state;

	for (int k = SCEP_CONTENT_ABSENT; k <= SCEP_CONTENT_RAW; k++) {
		struct scep_reply r = success(w);
		static struct view honest, v;

		if (k == SCEP_CONTENT_ENVELOPE)
			continue;
		r.content = (enum scep_content)k;
		see(w, &r, "DER", &honest);
		r.odd = &ber;
		see(w, &r, "BER", &v);
		view_differ("BER", &honest, &v, NULL, NULL);
		view_needs("BER", &v, VERIFIED);
	}
}

/* ---- depth ---- */

/* The octets at the bottom, and how many strings are around them. */
static size_t
depth_of(struct bytes b, struct bytes *octets)
{
	size_t depth = 0;

	for (size_t i = 0; i + 3 < b.n; i++) {
		if (b.p[i] != 0xa0 || b.p[i + 1] != 0x80)
			continue;
		i += 2;
		size_t from = i;

		for (; i + 1 < b.n && b.p[i] == 0x24 && b.p[i + 1] == 0x80;
		     i += 2)
			depth++;
		if (i == from && b.p[i] != 0x04)
			continue;
		assert_int_equal(b.p[i], 0x04);
		*octets = bytes_of(b.p + i + 2, b.p[i + 1]);
		return depth;
	}
	return 0;
}

static void
nests_the_content_as_deep_as_asked_for_and_no_deeper(void **state)
{
	static const struct {
		unsigned asked, made;
	} rows[] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 3000, 3000 },
		{ 100000, 100000 }, { 100001, 100000 }, { ~0u, 100000 } };
	struct world *w = *state;

	for (size_t i = 0; i < nitems(rows); i++) {
		struct scep_oddities deep = { .encoding = SCEP_DEEP,
			.nesting = rows[i].asked };
		struct scep_reply r = failure(w);
		struct bytes octets = { NULL, 0 };
		struct buf b;

		r.odd = &deep;
		encode(w, &r, "deep", &b);
		assert_int_equal(
		    depth_of(buf_bytes(&b), &octets), rows[i].made);
		expect_span("content", octets, BYTES_LIT("\0"));
		/* its parser has a limit of its own */
		if (rows[i].made <= 2)
			assert_true(verified(w, buf_bytes(&b)));
		else
			assert_null(view_parse(buf_bytes(&b)));
		buf_clear(&b);
	}
}

/* ---- lengths and structures ---- */

static void
lies_about_the_outermost_length_alone(void **state)
{
	struct world *w = *state;
	struct scep_oddities odd = { .encoding = SCEP_OVERFLOW };
	struct scep_reply r = failure(w);
	struct view_el el;
	struct buf der, b;

	encode(w, &r, "DER", &der);
	CM_NEED(view_element(der.p, (long)der.n, &el));
	r.odd = &odd;
	encode(w, &r, "overflow", &b);
	assert_int_equal(b.n, 10 + el.n);
	assert_memory_equal(
	    b.p, "\x30\x88\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
	assert_memory_equal(b.p + 10, el.p, (size_t)el.n);
	assert_null(view_parse(buf_bytes(&b)));
	buf_clear(&b);
	odd.encoding = SCEP_SHORT_LENGTH;
	encode(w, &r, "short", &b);
	assert_int_equal(b.n, der.n);
	assert_memory_equal(b.p + 4, el.p, (size_t)el.n);
	assert_int_equal(b.p[2] << 8 | b.p[3], el.n - 1);
	assert_null(view_parse(buf_bytes(&b)));
	buf_clear(&b);
	buf_clear(&der);
}

static void
sends_the_envelope_alone(void **state)
{
	static const enum scep_encoding encodings[] = { SCEP_DER, SCEP_BER,
		SCEP_DEEP };
	struct world *w = *state;

	for (size_t i = 0; i < nitems(encodings); i++) {
		struct scep_oddities odd = { .structure =
						 SCEP_IS_ENVELOPED_DATA,
			.encoding = encodings[i],
			.nesting = 2 };
		struct scep_reply r = success(w);
		struct buf b;

		/* nobody signs it */
		r.signer = NULL;
		r.signer_key = NULL;
		r.digest = PKI_DIGEST_UNKNOWN;
		r.odd = &odd;
		encode(w, &r, "envelope", &b);
		struct cm_bytes env = cm_copy(b.p, b.n);
		struct cm_bytes inner = decrypted(w, &env);

		expect_span("inner", span(&inner), r.inner);
		assert_int_equal(env.p[1] == 0x80, i > 0);
		assert_int_equal(count_begins(span(&env), 0x24), i == 2);
		cm_free(&inner);
		cm_free(&env);
		buf_clear(&b);
	}
}

static void
puts_the_message_into_data(void **state)
{
	static const enum scep_encoding encodings[] = { SCEP_DER, SCEP_BER,
		SCEP_DEEP };
	struct world *w = *state;

	for (size_t i = 0; i < nitems(encodings); i++) {
		struct scep_oddities odd = { .structure = SCEP_IS_DATA,
			.encoding = encodings[i],
			.nesting = 2 };
		struct scep_reply r = failure(w);
		struct buf b;

		r.odd = &odd;
		encode(w, &r, "data", &b);
		CMS_ContentInfo *cms = view_parse(buf_bytes(&b));

		CM_NEED(cms != NULL);
		assert_int_equal(
		    OBJ_obj2nid(CMS_get0_type(cms)), NID_pkcs7_data);
		CMS_ContentInfo_free(cms);
		struct cm_bytes inside = view_content(buf_bytes(&b));

		assert_true(verified(w, span(&inside)));
		assert_int_equal(inside.p[1] == 0x80, encodings[i] == SCEP_BER);
		assert_int_equal(b.p[1] == 0x80, encodings[i] != SCEP_DER);
		cm_free(&inside);
		buf_clear(&b);
	}
}

/* What is no element has no length to lie about. */
static void
leaves_bytes_alone_that_are_no_element(void **state)
{
	struct world *w = *state;
	struct scep_oddities odd = { .structure = SCEP_IS_ENVELOPED_DATA };
	struct scep_reply r = failure(w);

	r.odd = &odd;
	for (int k = SCEP_DER; k <= SCEP_SHORT_LENGTH; k++) {
		struct buf b;

		odd.encoding = (enum scep_encoding)k;
		r.content = SCEP_CONTENT_RAW;
		r.inner = BYTES_LIT("\x30");
		encode(w, &r, "one octet", &b);
		expect_span("one octet", buf_bytes(&b), r.inner);
		buf_clear(&b);
		r.content = SCEP_CONTENT_ABSENT;
		encode(w, &r, "nothing", &b);
		assert_int_equal(b.n, 0);
		buf_clear(&b);
	}
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

static int
setup(void **state)
{
	static struct world w;

	fixture_make(&w.f, 0);
	cert_of(&w.client_cert, &w.f.client);
	w.client_key = key_of(&w.f, w.f.client.key);
	w.small = EVP_RSA_gen(512);
	CM_NEED(w.small != NULL);
	w.small_key = key_of(&w.f, w.small);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	pki_key_free(w->small_key);
	EVP_PKEY_free(w->small);
	pki_key_free(w->client_key);
	fixture_free(&w->f);
	return 0;
}

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
		cmocka_unit_test(spoils_of_an_envelope_what_was_asked_for),
		cmocka_unit_test(
		    spoils_padding_of_longer_contents_in_the_ciphertext),
		cmocka_unit_test(
		    makes_recipients_that_open_nothing_before_the_right_one),
		cmocka_unit_test(makes_up_a_key_identifier_as_rfc_5280_does),
		cmocka_unit_test(opens_by_every_cipher_there_is),
		cmocka_unit_test(sends_keys_and_ivs_of_any_length),
		cmocka_unit_test(writes_ber_that_libcrypto_verifies_and_opens),
		cmocka_unit_test(writes_ber_of_every_content),
		cmocka_unit_test(
		    nests_the_content_as_deep_as_asked_for_and_no_deeper),
		cmocka_unit_test(lies_about_the_outermost_length_alone),
		cmocka_unit_test(sends_the_envelope_alone),
		cmocka_unit_test(puts_the_message_into_data),
		cmocka_unit_test(leaves_bytes_alone_that_are_no_element),
		cmocka_unit_test(needs_no_signer_where_nobody_signs),
		cmocka_unit_test(refuses_what_it_cannot_make_and_says_why),
		cmocka_unit_test(takes_back_what_did_not_fit),
		cmocka_unit_test(
		    says_that_memory_ran_out_whichever_allocation_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
