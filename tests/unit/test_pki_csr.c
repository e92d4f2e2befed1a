/* SPDX-License-Identifier: MIT */
/* PKCS#10 requests that libcrypto signs and accepts, in the forms devices send, and Names as text. */
#include "test_pki_support.h"

#include "support/sweep.h"

#define PKCS9_REQUEST "1.2.840.113549.1.9.14"
#define MICROSOFT_REQUEST "1.3.6.1.4.1.311.2.1.14"
#define VERISIGN_REQUEST "2.16.840.1.113733.1.9.8"
#define CHALLENGE "1.2.840.113549.1.9.7"

/* Lists of one extension: keyUsage digitalSignature; keyUsage keyEncipherment; template name "T". */
#define KU_A "\x30\x0d\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x07\x80"
#define KU_B "\x30\x0d\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x05\x20"
#define TEMPLATE                                                               \
	"\x30\x13\x30\x11\x06\x09\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x04\x04" \
	"\x1e\x02\0T"

struct attribute {
	const char *oid;
	int type;
	struct bytes value; /* contents, or the whole element of a SEQUENCE */
};

#define ATTRIBUTES_MAX 7

struct request_row {
	const char *sentence;
	struct attribute
	    attributes[ATTRIBUTES_MAX]; /* to the first without oid */
	unsigned challenges;
	const char *challenge; /* of the first one; NULL: none */
	size_t lists;
	int key_usage; /* of the first list that has one; -1: none */
	const char *why; /* NULL: sound */
};

static const struct request_row requests[] = {
	{ "no attributes", { { NULL, 0, { NULL, 0 } } }, 0, NULL, 0, -1, NULL },
	{ "a PrintableString challenge",
	    { { CHALLENGE, V_ASN1_PRINTABLESTRING, LIT("secret") } }, 1,
	    "secret", 0, -1, NULL },
	{ "a UTF8String challenge",
	    { { CHALLENGE, V_ASN1_UTF8STRING, LIT("s\xc3\xa9") } }, 1,
	    "s\xc3\xa9", 0, -1, NULL },
	{ "a BMPString challenge",
	    { { CHALLENGE, V_ASN1_BMPSTRING, LIT("\0s\0\xe9") } }, 1,
	    "s\xc3\xa9", 0, -1, NULL },
	{ "a TeletexString challenge",
	    { { CHALLENGE, V_ASN1_T61STRING, LIT("s\xe9") } }, 1, "s\xc3\xa9",
	    0, -1, NULL },
	{ "an empty challenge",
	    { { CHALLENGE, V_ASN1_SEQUENCE, LIT("\x0c\0") } }, 1, "", 0, -1,
	    NULL },
	{ "two challenges",
	    { { CHALLENGE, V_ASN1_PRINTABLESTRING, LIT("one") },
		{ CHALLENGE, V_ASN1_PRINTABLESTRING, LIT("two") } },
	    2, "one", 0, -1, NULL },
	{ "a challenge that is a number",
	    { { CHALLENGE, V_ASN1_INTEGER, LIT("\x05") } }, 0, NULL, 0, -1,
	    "a challengePassword that is no string" },
	{ "extensions by PKCS#9",
	    { { PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) } }, 0, NULL, 1, 0x80,
	    NULL },
	{ "extensions by Microsoft",
	    { { MICROSOFT_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) } }, 0, NULL, 1,
	    0x80, NULL },
	{ "extensions by VeriSign",
	    { { VERISIGN_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) } }, 0, NULL, 1,
	    0x80, NULL },
	{ "Microsoft's first, PKCS#9's counts",
	    { { MICROSOFT_REQUEST, V_ASN1_SEQUENCE, LIT(KU_B) },
		{ CHALLENGE, V_ASN1_PRINTABLESTRING, LIT("x") },
		{ PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) } },
	    1, "x", 2, 0x80, NULL },
	{ "VeriSign's first, Microsoft's counts",
	    { { VERISIGN_REQUEST, V_ASN1_SEQUENCE, LIT(KU_B) },
		{ MICROSOFT_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) } },
	    0, NULL, 2, 0x80, NULL },
	{ "the usage in the second list",
	    { { PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(TEMPLATE) },
		{ PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_B) } },
	    0, NULL, 2, 0x20, NULL },
	{ "an empty list",
	    { { PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT("\x30\0") } }, 0, NULL, 1,
	    -1, NULL },
	{ "four lists",
	    { { PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) },
		{ PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_B) },
		{ MICROSOFT_REQUEST, V_ASN1_SEQUENCE, LIT(KU_B) },
		{ VERISIGN_REQUEST, V_ASN1_SEQUENCE, LIT(KU_B) } },
	    0, NULL, 4, 0x80, NULL },
	{ "five lists",
	    { { PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) },
		{ PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) },
		{ PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) },
		{ PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) },
		{ PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) } },
	    0, NULL, 4, 0x80, "more than 4 lists of extensions" },
	{ "a PKCS#9 list that holds a NULL",
	    { { PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT("\x30\x02\x05\0") } }, 0,
	    NULL, 0, -1, "expected a SEQUENCE" },
	{ "a Microsoft list without values",
	    { { MICROSOFT_REQUEST, V_ASN1_SEQUENCE,
		LIT("\x30\x07\x30\x05\x06\x03\x55\x1d\x0f") } },
	    0, NULL, 0, -1, "expected an OCTET STRING" },
	{ "a Microsoft list that is a string",
	    { { MICROSOFT_REQUEST, V_ASN1_UTF8STRING, LIT("x") } }, 0, NULL, 0,
	    -1, "an extension request that is no list" },
	{ "VeriSign lists broken and sound",
	    { { VERISIGN_REQUEST, V_ASN1_SEQUENCE, LIT("\x30\x02\x05\0") },
		{ VERISIGN_REQUEST, V_ASN1_UTF8STRING, LIT("x") },
		{ VERISIGN_REQUEST, V_ASN1_SEQUENCE, LIT(KU_B) } },
	    0, NULL, 1, 0x20, NULL },
	{ "attributes that Windows adds",
	    { { "1.3.6.1.4.1.311.13.2.3", V_ASN1_IA5STRING,
		  LIT("10.0.19045.2") },
		{ "1.3.6.1.4.1.311.21.20", V_ASN1_SEQUENCE,
		    LIT("\x30\x03\x02\x01\x05") },
		{ CHALLENGE, V_ASN1_PRINTABLESTRING, LIT("x") } },
	    1, "x", 0, -1, NULL },
};

/* libcrypto adds no attribute twice, so these are put together here; the order is as sent. */
static void
put_attribute(struct asn1_writer *w, const struct attribute *attribute)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(attribute->oid, 1);
	size_t m = asn1_mark(w);

	assert_non_null(oid);
	if (attribute->type == V_ASN1_SEQUENCE)
		asn1_put_raw(w, attribute->value);
	else
		asn1_put(w, (uint8_t)attribute->type, attribute->value);
	asn1_put_header(w, ASN1_ID_SET, m);
	asn1_put_oid(w, bytes_of(OBJ_get0_data(oid), OBJ_length(oid)));
	asn1_put_header(w, ASN1_ID_SEQUENCE, m);
	ASN1_OBJECT_free(oid);
}

static void
put_info(struct asn1_writer *w, struct fixture *f,
    const struct attribute *attributes, const char *cn)
{
	const struct pki_rdn rdn = { pki_oid_common_name, cn };
	size_t n = 0;

	while (n < ATTRIBUTES_MAX && attributes[n].oid != NULL)
		n++;
	while (n > 0)
		put_attribute(w, &attributes[--n]);
	asn1_put_header(w, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED, 0);
	asn1_put_raw(w, pki_key_spki(f->key));
	pki_put_name(w, &rdn, cn == NULL ? 0 : 1);
	asn1_put_int(w, 0);
	asn1_put_header(w, ASN1_ID_SEQUENCE, 0);
}

/* Signed by libcrypto, which must then find it sound. */
static struct bytes
request_der(struct fixture *f, const struct attribute *attributes,
    const char *cn, unsigned char **der)
{
	uint8_t info_room[2048], room[4096], sig[256];
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	size_t sig_size = sizeof(sig);
	struct asn1_writer w;

	asn1_write_into(&w, info_room, sizeof(info_room));
	put_info(&w, f, attributes, cn);
	struct bytes info = asn1_written(&w);

	assert_int_equal(EVP_DigestSignInit_ex(
			     x, NULL, "SHA256", f->oracle, NULL, f->rsa, NULL),
	    1);
	assert_int_equal(EVP_DigestSign(x, sig, &sig_size, info.p, info.n), 1);
	EVP_MD_CTX_free(x);
	asn1_write_into(&w, room, sizeof(room));
	asn1_put_bits(&w, bytes_of(sig, sig_size));
	pki_put_rsa_sign_alg(&w, PKI_SHA256);
	asn1_put_raw(&w, info);
	asn1_put_header(&w, ASN1_ID_SEQUENCE, 0);
	struct bytes all = asn1_written(&w);
	const unsigned char *p = all.p;
	X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)all.n);

	assert_non_null(req);
	assert_int_equal(X509_REQ_verify(req, f->rsa), 1);
	X509_REQ_free(req);
	*der = OPENSSL_memdup(all.p, all.n);
	assert_non_null(*der);
	return bytes_of(*der, all.n);
}

static void
assert_challenge(const struct pki_csr *csr, const char *want)
{
	struct buf text;

	assert_int_equal(csr->has_challenge, want != NULL);
	if (want == NULL)
		return;
	buf_init(&text, 4096);
	pki_string_utf8(&text, &csr->challenge);
	assert_string_equal(buf_str(&text), want);
	buf_clear(&text);
}

static void
reads_requests_in_the_forms_devices_send(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < nitems(requests); i++) {
		const struct request_row *row = &requests[i];
		unsigned char *der = NULL;
		struct asn1_fault fault = { 0 };
		struct pki_csr csr;
		struct pki_ext ext;
		struct bytes in =
		    request_der(f, row->attributes, "device", &der);

		print_message("  %s\n", row->sentence);
		assert_int_equal(
		    pki_csr_parse(&csr, in, &fault), row->why == NULL);
		if (row->why != NULL) {
			assert_non_null(fault.why);
			assert_string_equal(fault.why, row->why);
		} else {
			assert_null(fault.why);
			assert_int_equal(
			    pki_csr_verify(f->ctx, &csr, f->key, &f->e), 1);
			assert_true(bytes_eq(csr.spki, pki_key_spki(f->key)));
		}
		assert_int_equal(csr.challenge_count, row->challenges);
		assert_challenge(&csr, row->challenge);
		assert_int_equal(csr.extension_lists, row->lists);
		bool found = pki_csr_extension(&csr, pki_oid_key_usage, &ext);

		assert_int_equal(
		    found ? pki_key_usage_read(ext.value) : -1, row->key_usage);
		OPENSSL_free(der);
	}
}

static void
finds_the_microsoft_template_name(void **state)
{
	struct fixture *f = *state;
	const struct attribute attributes[ATTRIBUTES_MAX] = {
		{ MICROSOFT_REQUEST, V_ASN1_SEQUENCE, LIT(TEMPLATE) },
		{ PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) },
	};
	unsigned char *der = NULL;
	struct asn1_fault fault = { 0 };
	struct pki_csr csr;
	struct pki_ext ext;

	assert_true(
	    pki_csr_parse(&csr, request_der(f, attributes, "x", &der), &fault));
	assert_true(pki_csr_extension(&csr, pki_oid_ms_template_name, &ext));
	assert_true(bytes_eq(ext.value, BYTES_LIT("\x1e\x02\0T")));
	OPENSSL_free(der);
}

static void
takes_an_empty_subject(void **state)
{
	struct fixture *f = *state;
	const struct attribute none[ATTRIBUTES_MAX] = { 0 };
	unsigned char *der = NULL;
	struct asn1_fault fault = { 0 };
	struct pki_csr csr;

	assert_true(
	    pki_csr_parse(&csr, request_der(f, none, NULL, &der), &fault));
	assert_true(bytes_eq(csr.subject, BYTES_LIT("\x30\0")));
	OPENSSL_free(der);
}

static void
takes_a_request_without_the_attributes_field(void **state)
{
	struct fixture *f = *state;
	uint8_t room[1024];
	struct bytes spki = pki_key_spki(f->key);
	struct asn1_fault fault = { 0 };
	struct asn1_writer w;
	struct pki_csr csr;

	asn1_write_into(&w, room, sizeof(room));
	asn1_put_bits(&w, BYTES_LIT("sig"));
	pki_put_rsa_sign_alg(&w, PKI_SHA256);
	size_t m = asn1_mark(&w);

	asn1_put_raw(&w, spki);
	asn1_put(&w, ASN1_ID_SEQUENCE, bytes_of(NULL, 0));
	asn1_put_int(&w, 0);
	asn1_put_header(&w, ASN1_ID_SEQUENCE, m);
	asn1_put_header(&w, ASN1_ID_SEQUENCE, 0);
	assert_true(pki_csr_parse(&csr, asn1_written(&w), &fault));
	assert_int_equal(csr.attributes.n, 0);
	assert_true(bytes_eq(csr.spki, spki));
	assert_int_equal(pki_csr_verify(f->ctx, &csr, f->key, &f->e), 0);
}

/* ---- sweeps ---- */

static const struct attribute many[ATTRIBUTES_MAX] = {
	{ MICROSOFT_REQUEST, V_ASN1_SEQUENCE, LIT(TEMPLATE) },
	{ CHALLENGE, V_ASN1_PRINTABLESTRING, LIT("secret") },
	{ PKCS9_REQUEST, V_ASN1_SEQUENCE, LIT(KU_A) },
};

static void
parse_truncated(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct asn1_fault fault = { 0 };
	struct pki_csr csr;

	(void)arg;
	(void)which;
	assert_false(pki_csr_parse(&csr, bytes_of(p, n), &fault));
	assert_non_null(fault.why);
	assert_int_equal(fault.at, n);
}

static void
parse_flipped(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct asn1_fault fault = { 0 };
	struct pki_csr csr;
	struct buf text;
	size_t *parsed = arg;

	(void)which;
	buf_init(&text, 1 << 16);
	if (pki_csr_parse(&csr, bytes_of(p, n), &fault))
		++*parsed;
	else
		assert_non_null(fault.why);
	pki_name_text(&text, csr.subject);
	if (csr.has_challenge)
		pki_string_utf8(&text, &csr.challenge);
	assert_true(buf_ok(&text));
	buf_clear(&text);
}

static void
refuses_truncations_and_survives_flipped_bits(void **state)
{
	struct fixture *f = *state;
	unsigned char *der = NULL;
	size_t parsed = 0;
	struct bytes in = request_der(f, many, "device", &der);

	sweep_truncations(in.p, in.n, parse_truncated, NULL);
	sweep_bit_flips(in.p, in.n, 1, parse_flipped, &parsed);
	assert_true(parsed > in.n);
	OPENSSL_free(der);
}

/* ---- text ---- */

#define CN "\x06\x03\x55\x04\x03"

static void
prints_names_on_one_line(void **state)
{
	static const struct {
		struct bytes name;
		const char *want;
	} rows[] = {
		{ LIT("\x30\0"), "" },
		{ LIT(""), "" },
		{ LIT("\x05\0"), "" },
		{ LIT("\x30\x0c\x31\x0a\x30\x08" CN "\x0c\x01x"), "CN=x" },
		{ LIT("\x30\x18\x31\x0a\x30\x08\x06\x03\x55\x04\x06\x13\x01U"
		      "\x31\x0a\x30\x08" CN "\x0c\x01x"),
		    "C=U, CN=x" },
		{ LIT("\x30\x16\x31\x14\x30\x08\x06\x03\x55\x04\x05\x13\x01"
		      "1\x30\x08" CN "\x0c\x01x"),
		    "serialNumber=1 + CN=x" },
		{ LIT("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x63\x0c\x01x"),
		    "2.5.4.99=x" },
		{ LIT("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x80\x0c\x01x"),
		    "?=x" },
		{ LIT("\x30\x11\x31\x0f\x30\x0d" CN "\x0c\x06"
		      "a,\\+\x0a\0"),
		    "CN=a\\,\\\\\\+\\x0A\\x00" },
		{ LIT("\x30\x0e\x31\x0c\x30\x0a" CN "\x0c\x03\xe2\x80\xae"),
		    "CN=\\xE2\\x80\\xAE" },
		{ LIT("\x30\x0d\x31\x0b\x30\x09" CN "\x0c\x02\xc3\x9f"),
		    "CN=\xc3\x9f" },
		{ LIT("\x30\x0d\x31\x0b\x30\x09" CN "\x1e\x02\x20\xac"),
		    "CN=\xe2\x82\xac" },
		{ LIT("\x30\x0c\x31\x0a\x30\x08" CN "\x0c\x01\xff"),
		    "CN=\xef\xbf\xbd" },
		{ LIT("\x30\x0c\x31\x0a\x30\x08" CN "\x02\x01\x05"),
		    "CN=#020105" },
		{ LIT("\x30\x18\x31\x0a\x30\x08" CN "\x0c\x01x\x05\0"),
		    "CN=x" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf text;

		buf_init(&text, 4096);
		pki_name_text(&text, rows[i].name);
		assert_string_equal(buf_str(&text), rows[i].want);
		buf_clear(&text);
	}
}

static void
turns_strings_into_utf8_whatever_they_hold(void **state)
{
	static const struct {
		struct bytes in;
		const char *want;
	} rows[] = {
		{ LIT("\x13\x02xy"), "xy" },
		{ LIT("\x16\x02\xc3\xa9"), "\xc3\xa9" },
		{ LIT("\x14\x02\xc3\xa9"), "\xc3\x83\xc2\xa9" },
		{ LIT("\x1c\x08\0\0\0x\0\x01\xf6\0"), "x\xf0\x9f\x98\x80" },
		{ LIT("\x1c\x05\0\0\0x\0"), "x\xef\xbf\xbd" },
		{ LIT("\x1c\x04\0\x11\0\0"), "\xef\xbf\xbd" },
		{ LIT("\x1e\x04\xd8\x3d\xde\0"), "\xf0\x9f\x98\x80" },
		{ LIT("\x0c\x02\xc0\x80"), "\xef\xbf\xbd\xef\xbf\xbd" },
		{ LIT("\x0c\x03\xed\xa0\x80"),
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ LIT("\x0c\x04\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80" },
		{ LIT("\x0c\x03\xf0\x9f\x98"),
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ LIT("\x2c\x80\x04\x01\xc3\x04\x01\xa9\0\0"), "\xc3\xa9" },
		{ LIT("\x2c\x03\x02\x01x"), "" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct asn1_fault fault = { 0 };
		struct asn1_reader r;
		struct asn1_item item;
		struct buf text;

		buf_init(&text, 4096);
		asn1_open(&r, rows[i].in, &fault);
		assert_true(asn1_next(&r, &item));
		pki_string_utf8(&text, &item);
		assert_string_equal(buf_str(&text), rows[i].want);
		buf_clear(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_requests_in_the_forms_devices_send),
		cmocka_unit_test(finds_the_microsoft_template_name),
		cmocka_unit_test(takes_an_empty_subject),
		cmocka_unit_test(takes_a_request_without_the_attributes_field),
		cmocka_unit_test(refuses_truncations_and_survives_flipped_bits),
		cmocka_unit_test(prints_names_on_one_line),
		cmocka_unit_test(turns_strings_into_utf8_whatever_they_hold),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_free);
}
