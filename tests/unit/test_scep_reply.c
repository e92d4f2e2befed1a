/* SPDX-License-Identifier: MIT */
/* Encoded replies: what libcrypto makes of them, and that their layout is the one NDES sends. */
#include "unit/scep_fixture.h"

#include <openssl/cms.h>
#include <openssl/pkcs7.h>

#include "pki/oid.h"

#define OUT_MAX ((size_t)4 << 20)

static const uint8_t content_key[32] = "0123456789abcdef0123456789abcde";
static const uint8_t content_iv[16] = "fedcba987654321";

/* A fixture and what a reply needs beside it. */
struct world {
	struct fixture f;
	struct pki_cert client_cert;
	struct pki_key *client_key;
};

/* SUCCESS with an envelope for the client. */
static struct scep_reply
success(struct world *w)
{
	return (struct scep_reply){ .type = SCEP_CERTREP,
		.has_status = true,
		.status = SCEP_SUCCESS,
		.transaction_id = BYTES_LIT(TRANSACTION),
		.sender_nonce = BYTES_LIT("ssssssssssssssss"),
		.recipient_nonce = BYTES_LIT(NONCE),
		.ms_server_message = BYTES_LIT("Issued"),
		.signer = &w->f.ra_cert,
		.signer_key = w->f.ra_key,
		.digest = PKI_SHA256,
		.content = SCEP_CONTENT_ENVELOPE,
		.inner = BYTES_LIT("inner message"),
		.recipient = &w->client_cert,
		.recipient_key = w->client_key,
		.cipher = PKI_AES128_CBC,
		.keytrans = PKI_PKCS1,
		.content_key = bytes_of(content_key, 16),
		.content_iv = bytes_of(content_iv, 16) };
}

/* FAILURE as NDES sends it. */
static struct scep_reply
failure(struct world *w)
{
	struct scep_reply r = success(w);

	r.status = SCEP_FAILURE;
	r.has_fail_info = true;
	r.fail_info = SCEP_BAD_REQUEST;
	r.ms_server_message = bytes_of(NULL, 0);
	r.ms_error = BYTES_LIT("-2147024809");
	r.content = SCEP_CONTENT_ZERO_BYTE;
	return r;
}

static void
encode(struct world *w, const struct scep_reply *r, struct buf *out)
{
	struct err e = { 0 };

	buf_init(out, OUT_MAX);
	if (scep_reply_encode(r, w->f.ctx, out, &e) == -1)
		fail_msg("%s", e.text);
	assert_int_equal(e.code, ERR_NONE);
}

static CMS_ContentInfo *
parse(const struct buf *b)
{
	const unsigned char *p = b->p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)b->n);

	CM_NEED(cms != NULL);
	assert_ptr_equal(p, b->p + b->n);
	return cms;
}

/* The content behind a good signature of the RA, by libcrypto's judgement. */
static struct cm_bytes
verified_content(struct world *w, const struct buf *b)
{
	CMS_ContentInfo *cms = parse(b);
	BIO *out = BIO_new(BIO_s_mem());
	STACK_OF(X509) *certs = sk_X509_new_null();
	char *p = NULL;

	CM_NEED(out != NULL && certs != NULL);
	CM_NEED(sk_X509_push(certs, w->f.ra.cert));
	CM_NEED(CMS_verify(cms, certs, NULL, NULL, out,
		    CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1);
	long n = BIO_get_mem_data(out, &p);
	struct cm_bytes content = cm_copy(p, (size_t)n);

	BIO_free(out);
	sk_X509_free(certs);
	CMS_ContentInfo_free(cms);
	return content;
}

static struct cm_bytes
opened(struct world *w, const struct cm_bytes *envelope)
{
	const unsigned char *at = envelope->p;
	CMS_ContentInfo *cms =
	    d2i_CMS_ContentInfo(NULL, &at, (long)envelope->n);
	BIO *out = BIO_new(BIO_s_mem());
	char *p = NULL;

	CM_NEED(cms != NULL && out != NULL);
	CM_NEED(CMS_decrypt(cms, w->f.client.key, w->f.client.cert, NULL, out,
		    CMS_BINARY) == 1);
	long n = BIO_get_mem_data(out, &p);
	struct cm_bytes inner = cm_copy(p, (size_t)n);

	BIO_free(out);
	CMS_ContentInfo_free(cms);
	return inner;
}

/* ---- ciphers and digests ---- */

struct cipher_row {
	enum pki_cipher cipher;
	size_t key, iv;
	enum pki_padding keytrans;
	enum pki_digest digest;
};

static const struct cipher_row cipher_rows[] = {
	{ PKI_DES_CBC, 8, 8, PKI_PKCS1, PKI_SHA1 },
	{ PKI_DES3_CBC, 24, 8, PKI_PKCS1, PKI_SHA1 },
	{ PKI_DES3_CBC, 24, 8, PKI_OAEP, PKI_SHA512 },
	{ PKI_AES128_CBC, 16, 16, PKI_PKCS1, PKI_SHA256 },
	{ PKI_AES128_CBC, 16, 16, PKI_OAEP, PKI_SHA256 },
	{ PKI_AES192_CBC, 24, 16, PKI_PKCS1, PKI_SHA384 },
	{ PKI_AES256_CBC, 32, 16, PKI_PKCS1, PKI_SHA512 },
	{ PKI_AES256_CBC, 32, 16, PKI_OAEP, PKI_SHA224 },
	{ PKI_BLOWFISH_CBC, 16, 8, PKI_PKCS1, PKI_MD5 },
	{ PKI_RC2_CBC, 16, 8, PKI_PKCS1, PKI_MD5 },
};

static void
libcrypto_verifies_and_opens_every_reply(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < nitems(cipher_rows); i++) {
		const struct cipher_row *row = &cipher_rows[i];
		struct scep_reply r = success(w);
		struct buf b;

		r.cipher = row->cipher;
		r.keytrans = row->keytrans;
		r.digest = row->digest;
		r.content_key = bytes_of(content_key, row->key);
		r.content_iv = bytes_of(content_iv, row->iv);
		r.signature_alg_with_digest = i % 2 == 1;
		encode(w, &r, &b);
		struct cm_bytes env = verified_content(w, &b);
		struct cm_bytes inner = opened(w, &env);

		expect_span("inner", span(&inner), r.inner);
		cm_free(&env);
		cm_free(&inner);
		buf_clear(&b);
	}
}

static void
our_decoder_reads_gcm_replies_too(void **state)
{
	struct world *w = *state;
	struct scep_reply r = success(w);
	struct scep_identity me = { &w->client_cert, w->client_key };
	X509 *one[] = { w->f.client.cert };
	struct cm_bytes inner = cm_certs_only(one, 1);
	struct decoded d;
	struct buf b;

	r.cipher = PKI_AES256_GCM;
	r.content_key = bytes_of(content_key, 32);
	r.content_iv = bytes_of(content_iv, 12);
	r.inner = span(&inner);
	encode(w, &r, &b);
	decode_with(&w->f, &d, buf_bytes(&b), &me, 1, &w->f.ra_cert, 1);
	expect_verdict("GCM", &d.m, SCEP_SOUND, SCEP_AT_INNER);
	assert_int_equal(d.m.inner_cert_count, 1);
	expect_span("certificate", d.m.inner_certs[0], span(&w->f.client.der));
	decoded_clear(&d);
	buf_clear(&b);
	cm_free(&inner);
}

/* ---- content ---- */

struct content_row {
	const char *title;
	enum scep_content content;
	const char *octets; /* NULL: no eContent at all */
	size_t n;
};

static const struct content_row content_rows[] = {
	{ "absent", SCEP_CONTENT_ABSENT, NULL, 0 },
	{ "empty", SCEP_CONTENT_EMPTY, "", 0 },
	{ "one zero byte", SCEP_CONTENT_ZERO_BYTE, "\0", 1 },
	{ "raw", SCEP_CONTENT_RAW, "inner message", 13 },
};

static void
writes_every_kind_of_content(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < nitems(content_rows); i++) {
		const struct content_row *row = &content_rows[i];
		struct scep_reply r = failure(w);
		struct buf b;

		r.content = row->content;
		encode(w, &r, &b);
		CMS_ContentInfo *cms = parse(&b);
		ASN1_OCTET_STRING **os = CMS_get0_content(cms);

		if ((*os == NULL) != (row->octets == NULL))
			fail_msg("%s: there or not", row->title);
		CMS_ContentInfo_free(cms);
		if (row->octets != NULL) {
			struct cm_bytes c = verified_content(w, &b);

			expect_span(row->title, span(&c),
			    bytes_of(row->octets, row->n));
			cm_free(&c);
		}
		struct decoded d;

		decode_with(
		    &w->f, &d, buf_bytes(&b), NULL, 0, &w->f.ra_cert, 1);
		expect_verdict(row->title, &d.m, SCEP_SOUND, SCEP_AT_SIGNATURE);
		decoded_clear(&d);
		buf_clear(&b);
	}
}

/* ---- signed attributes ---- */

static const char *const failure_order[] = {
	"2.16.840.1.113733.1.9.2", /* messageType */
	"2.16.840.1.113733.1.9.3", /* pkiStatus */
	"2.16.840.1.113733.1.9.4", /* failInfo */
	"1.2.840.113549.1.9.3", /* contentType */
	"1.3.6.1.4.1.311.21.33", /* error */
	"2.16.840.1.113733.1.9.5", /* senderNonce */
	"2.16.840.1.113733.1.9.6", /* recipientNonce */
	"1.2.840.113549.1.9.4", /* messageDigest */
	"2.16.840.1.113733.1.9.7", /* transactionID */
};

static const char *const success_order[] = {
	"2.16.840.1.113733.1.9.2",
	"2.16.840.1.113733.1.9.3",
	"1.3.6.1.4.1.311.21.38", /* server message */
	"1.2.840.113549.1.9.3",
	"2.16.840.1.113733.1.9.5",
	"2.16.840.1.113733.1.9.6",
	"1.2.840.113549.1.9.4",
	"2.16.840.1.113733.1.9.7",
};

static CMS_SignerInfo *
only_signer(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);

	assert_int_equal(sk_CMS_SignerInfo_num(infos), 1);
	return sk_CMS_SignerInfo_value(infos, 0);
}

static void
expect_order(
    CMS_SignerInfo *si, const char *const *order, size_t n, const char *title)
{
	assert_int_equal(CMS_signed_get_attr_count(si), n);
	for (size_t i = 0; i < n; i++) {
		X509_ATTRIBUTE *a = CMS_signed_get_attr(si, (int)i);
		char text[80];

		OBJ_obj2txt(
		    text, sizeof(text), X509_ATTRIBUTE_get0_object(a), 1);
		if (strcmp(text, order[i]) != 0)
			fail_msg("%s: attribute %zu is %s, wanted %s", title, i,
			    text, order[i]);
		assert_int_equal(X509_ATTRIBUTE_count(a), 1);
	}
}

static void
orders_attributes_as_ndes_does(void **state)
{
	struct world *w = *state;
	struct scep_reply r = failure(w);
	struct buf b;

	encode(w, &r, &b);
	CMS_ContentInfo *cms = parse(&b);

	expect_order(
	    only_signer(cms), failure_order, nitems(failure_order), "FAILURE");
	CMS_ContentInfo_free(cms);
	buf_clear(&b);
	r = success(w);
	encode(w, &r, &b);
	cms = parse(&b);
	expect_order(
	    only_signer(cms), success_order, nitems(success_order), "SUCCESS");
	CMS_ContentInfo_free(cms);
	buf_clear(&b);
}

struct value_row {
	const char *oid;
	int type;
	const char *value;
};

static const struct value_row values[] = {
	{ CM_TYPE, V_ASN1_PRINTABLESTRING, "3" },
	{ CM_STATUS, V_ASN1_PRINTABLESTRING, "2" },
	{ CM_FAILINFO, V_ASN1_PRINTABLESTRING, "2" },
	{ CM_TRANSACTION, V_ASN1_PRINTABLESTRING, TRANSACTION },
	{ CM_SENDER_NONCE, V_ASN1_OCTET_STRING, "ssssssssssssssss" },
	{ CM_RECIPIENT_NONCE, V_ASN1_OCTET_STRING, NONCE },
	{ "1.3.6.1.4.1.311.21.33", V_ASN1_PRINTABLESTRING, "-2147024809" },
	{ "1.3.6.1.4.1.311.21.38", V_ASN1_UTF8STRING, "gr\xc3\xbc\xc3\x9f" },
	{ "1.3.6.1.5.5.7.24.1", V_ASN1_UTF8STRING, "no" },
};

static void
writes_attributes_with_the_types_of_ndes(void **state)
{
	struct world *w = *state;
	struct scep_reply r = failure(w);
	struct buf b;

	r.ms_server_message = BYTES_LIT("gr\xc3\xbc\xc3\x9f");
	r.fail_info_text = BYTES_LIT("no");
	r.has_signing_time = true;
	r.signing_time = 1700000000;
	encode(w, &r, &b);
	CMS_ContentInfo *cms = parse(&b);
	CMS_SignerInfo *si = only_signer(cms);

	assert_int_equal(CMS_signed_get_attr_count(si), 12);
	for (size_t i = 0; i < nitems(values); i++) {
		ASN1_OBJECT *o = OBJ_txt2obj(values[i].oid, 1);
		ASN1_STRING *s =
		    CMS_signed_get0_data_by_OBJ(si, o, -3, values[i].type);

		if (s == NULL)
			fail_msg("%s: not there in that type", values[i].oid);
		expect_span(values[i].oid,
		    bytes_of(ASN1_STRING_get0_data(s),
			(size_t)ASN1_STRING_length(s)),
		    bytes_str(values[i].value));
		ASN1_OBJECT_free(o);
	}
	CMS_ContentInfo_free(cms);
	struct decoded d;

	decode_with(&w->f, &d, buf_bytes(&b), NULL, 0, &w->f.ra_cert, 1);
	assert_true(d.m.has_signing_time);
	assert_int_equal(d.m.signing_time, 1700000000);
	decoded_clear(&d);
	buf_clear(&b);
}

static void
leaves_out_what_the_reply_does_not_have(void **state)
{
	struct world *w = *state;
	struct scep_reply r = failure(w);
	struct buf b;

	r.has_status = r.has_fail_info = false;
	r.transaction_id = r.sender_nonce = r.recipient_nonce = r.ms_error =
	    bytes_of(NULL, 0);
	encode(w, &r, &b);
	CMS_ContentInfo *cms = parse(&b);

	assert_int_equal(CMS_signed_get_attr_count(only_signer(cms)), 3);
	CMS_ContentInfo_free(cms);
	buf_clear(&b);
}

/* ---- the rest of the layout ---- */

struct signer_row {
	bool with_digest, include;
	int sig_nid;
};

static const struct signer_row signer_rows[] = {
	{ false, false, NID_rsaEncryption },
	{ true, true, NID_sha256WithRSAEncryption },
};

static void
states_signature_algorithm_and_certificates_as_told(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < nitems(signer_rows); i++) {
		struct scep_reply r = failure(w);
		X509_ALGOR *digest = NULL, *sig = NULL;
		struct buf b;

		r.signature_alg_with_digest = signer_rows[i].with_digest;
		r.include_signer = signer_rows[i].include;
		encode(w, &r, &b);
		CMS_ContentInfo *cms = parse(&b);
		STACK_OF(X509) *certs = CMS_get1_certs(cms);

		CMS_SignerInfo_get0_algs(
		    only_signer(cms), NULL, NULL, &digest, &sig);
		assert_int_equal(
		    OBJ_obj2nid(sig->algorithm), signer_rows[i].sig_nid);
		assert_int_equal(OBJ_obj2nid(digest->algorithm), NID_sha256);
		assert_int_equal(
		    sk_X509_num(certs) > 0, signer_rows[i].include);
		sk_X509_pop_free(certs, X509_free);
		CMS_ContentInfo_free(cms);
		buf_clear(&b);
	}
}

static void
appends_and_leaves_a_full_buffer_alone(void **state)
{
	struct world *w = *state;
	struct scep_reply r = failure(w);
	struct err e = { 0 };
	struct buf b, whole;

	encode(w, &r, &whole);
	buf_init(&b, 3 + whole.n);
	buf_add_str(&b, "abc");
	assert_int_equal(scep_reply_encode(&r, w->f.ctx, &b, &e), 0);
	assert_int_equal(b.n, 3 + whole.n);
	assert_memory_equal(b.p, "abc", 3);
	buf_clear(&b);
	buf_init(&b, whole.n - 1);
	assert_int_equal(scep_reply_encode(&r, w->f.ctx, &b, &e), -1);
	assert_int_equal(e.code, ERR_MEMORY);
	assert_int_equal(b.n, 0);
	buf_clear(&b);
	buf_clear(&whole);
}

/* ---- certificates only ---- */

static void
lists_certificates_in_the_order_given(void **state)
{
	struct world *w = *state;
	struct bytes certs[] = { span(&w->f.ra.der), span(&w->f.client.der) };
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, OUT_MAX);
	assert_int_equal(
	    scep_certs_only(certs, 2, bytes_of(NULL, 0), &b, &e), 0);
	const unsigned char *p = b.p;
	PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)b.n);

	assert_non_null(p7);
	assert_ptr_equal(p, b.p + b.n);
	assert_true(PKCS7_type_is_signed(p7));
	assert_int_equal(sk_X509_num(p7->d.sign->cert), 2);
	assert_int_equal(
	    X509_cmp(sk_X509_value(p7->d.sign->cert, 0), w->f.ra.cert), 0);
	assert_int_equal(
	    X509_cmp(sk_X509_value(p7->d.sign->cert, 1), w->f.client.cert), 0);
	assert_null(p7->d.sign->crl);
	assert_int_equal(sk_PKCS7_SIGNER_INFO_num(p7->d.sign->signer_info), 0);
	PKCS7_free(p7);
	buf_clear(&b);
}

static void
carries_a_crl_without_certificates(void **state)
{
	struct world *w = *state;
	X509_CRL *crl = X509_CRL_new();
	unsigned char *der = NULL;
	struct err e = { 0 };
	struct buf b;

	CM_NEED(X509_CRL_set_version(crl, 1));
	CM_NEED(
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(w->f.ra.cert)));
	ASN1_TIME *now = ASN1_TIME_set(NULL, 1700000000);

	CM_NEED(X509_CRL_set1_lastUpdate(crl, now));
	CM_NEED(X509_CRL_sign(crl, w->f.ra.key, EVP_sha256()));
	int n = i2d_X509_CRL(crl, &der);

	CM_NEED(n > 0);
	buf_init(&b, OUT_MAX);
	assert_int_equal(
	    scep_certs_only(NULL, 0, bytes_of(der, (size_t)n), &b, &e), 0);
	const unsigned char *p = b.p;
	PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)b.n);

	assert_non_null(p7);
	assert_int_equal(sk_X509_CRL_num(p7->d.sign->crl), 1);
	assert_true(sk_X509_num(p7->d.sign->cert) <= 0);
	PKCS7_free(p7);
	buf_clear(&b);
	ASN1_TIME_free(now);
	OPENSSL_free(der);
	X509_CRL_free(crl);
}

static int
setup(void **state)
{
	static struct world w;

	fixture_make(&w.f, 0);
	cert_of(&w.client_cert, &w.f.client);
	w.client_key = key_of(&w.f, w.f.client.key);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	pki_key_free(w->client_key);
	fixture_free(&w->f);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libcrypto_verifies_and_opens_every_reply),
		cmocka_unit_test(our_decoder_reads_gcm_replies_too),
		cmocka_unit_test(writes_every_kind_of_content),
		cmocka_unit_test(orders_attributes_as_ndes_does),
		cmocka_unit_test(writes_attributes_with_the_types_of_ndes),
		cmocka_unit_test(leaves_out_what_the_reply_does_not_have),
		cmocka_unit_test(
		    states_signature_algorithm_and_certificates_as_told),
		cmocka_unit_test(appends_and_leaves_a_full_buffer_alone),
		cmocka_unit_test(lists_certificates_in_the_order_given),
		cmocka_unit_test(carries_a_crl_without_certificates),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
