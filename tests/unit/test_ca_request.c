/* SPDX-License-Identifier: MIT */
/* What of a request the CA grants, withholds and refuses; requests by libcrypto. */
#include "test_ca_support.h"

#define UPN "1.3.6.1.4.1.311.20.2.3"

/* ---- subjects ---- */

static void
odd_subject(X509_NAME *name)
{
	static const unsigned char cn[] = "G\xc3\xbcnther";
	static const unsigned char bmp[] = "\0O\0n\0e";
	static const unsigned char serial[] = "FTX1234";

	/* out of order, several CNs, several string types, a multi-valued RDN */
	X509_NAME_add_entry_by_txt(
	    name, "CN", V_ASN1_UTF8STRING, cn, -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "OU", V_ASN1_BMPSTRING, bmp, 6, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_T61STRING,
	    (const unsigned char *)"two", -1, -1, 0);
	X509_NAME_add_entry_by_txt(
	    name, "serialNumber", V_ASN1_PRINTABLESTRING, serial, -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "unstructuredName", V_ASN1_IA5STRING,
	    (const unsigned char *)"router.example", -1, -1, 1);
	X509_NAME_add_entry_by_txt(name, "DC", V_ASN1_IA5STRING,
	    (const unsigned char *)"example", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "1.2.3.4", V_ASN1_UTF8STRING,
	    (const unsigned char *)"unknown type", -1, -1, 0);
}

static void
the_subject_is_copied_byte_for_byte(void **state)
{
	struct world *w = *state;
	X509_REQ *req = X509_REQ_new();
	struct ca_answer answer;
	struct csr c;
	struct pki_cert cert;
	struct asn1_fault fault = { 0 };
	const unsigned char *want = NULL;
	const unsigned char *got = NULL;
	size_t want_n = 0;
	size_t got_n = 0;

	odd_subject(X509_REQ_get_subject_name(req));
	X509_NAME_get0_der(X509_REQ_get_subject_name(req), &want, &want_n);
	unsigned char *copy = OPENSSL_memdup(want, want_n);
	csr_finish(&c, req, NULL, w->key);
	X509 *x = issued(w, &c, &answer);
	X509_NAME_get0_der(X509_get_subject_name(x), &got, &got_n);
	assert_int_equal(got_n, want_n);
	assert_memory_equal(got, copy, want_n);
	/* and as the bytes stand, without libcrypto's re-encoding between */
	assert_true(pki_cert_parse(&cert, buf_bytes(&answer.der), &fault));
	assert_int_equal(cert.subject.n, want_n);
	assert_memory_equal(cert.subject.p, copy, want_n);
	assert_true(bytes_eq(cert.spki, c.csr.spki));
	OPENSSL_free(copy);
	done(&c, &answer, x);
}

static void
an_empty_subject_makes_the_san_critical(void **state)
{
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;
	char list[512];

	csr_make(&c, w, NULL,
	    list_of(
		conf_extension(NID_subject_alt_name, "DNS:a.example"), NULL));
	X509 *x = issued(w, &c, &answer);
	extension_list(x, list, sizeof(list));
	assert_string_equal(list, "2.5.29.15! 2.5.29.37 2.5.29.17! " OWN);
	done(&c, &answer, x);
}

/* ---- requested extensions ---- */

static void
names_are_taken_over_with_upn_and_uri(void **state)
{
	static const char value[] =
	    "otherName:" UPN ";UTF8:user@corp.example,"
	    "URI:IntuneDeviceId://1b2c,DNS:dev.example,IP:192.0.2.1,"
	    "email:user@corp.example,RID:1.2.3";
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;
	char want[1024];
	X509_EXTENSION *san = conf_extension(NID_subject_alt_name, value);
	X509 *mould = X509_new();

	X509_add_ext(mould, san, -1);
	extension_hex(mould, "2.5.29.17", want, sizeof(want));
	X509_free(mould);
	csr_make(&c, w, "probe", list_of(san, NULL));
	X509 *x = issued(w, &c, &answer);
	assert_extension(x, "2.5.29.17", want);
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	assert_int_equal(sk_GENERAL_NAME_num(names), 6);
	const GENERAL_NAME *upn = sk_GENERAL_NAME_value(names, 0);
	assert_int_equal(upn->type, GEN_OTHERNAME);
	assert_string_equal((const char *)ASN1_STRING_get0_data(
				upn->d.otherName->value->value.utf8string),
	    "user@corp.example");
	GENERAL_NAMES_free(names);
	done(&c, &answer, x);
}

struct honour_row {
	const char *sentence;
	const char *oid;
	bool critical;
	const char *value;
	size_t n;
	const char *extensions; /* of the certificate */
	const char *hex; /* of this one; "" absent */
};

#define ROW(v) (v), sizeof(v) - 1

static const struct honour_row honoured[] = {
	{ "a key usage as asked for, critical", "2.5.29.15", false,
	    ROW("\x03\x02\x07\x80"), "2.5.29.37 2.5.29.15! " OWN, "03020780" },
	{ "a key usage of two octets", "2.5.29.15", true,
	    ROW("\x03\x03\x07\x88\x80"), "2.5.29.37 2.5.29.15! " OWN,
	    "0303078880" },
	{ "no CA's key usage: the template's", "2.5.29.15", true,
	    ROW("\x03\x02\x01\x86"), "2.5.29.15! 2.5.29.37 " OWN, "030205a0" },
	{ "an EKU as asked for", "2.5.29.37", false,
	    ROW("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"),
	    "2.5.29.15! 2.5.29.37 " OWN, "300a06082b06010505070302" },
	{ "the NTDS security extension", "1.3.6.1.4.1.311.25.2", false,
	    ROW("\x30\x04\x04\x02\x41\x42"),
	    "2.5.29.15! 2.5.29.37 1.3.6.1.4.1.311.25.2 " OWN, "300404024142" },
	{ "application policies", "1.3.6.1.4.1.311.21.10", false,
	    ROW("\x30\x00"), "2.5.29.15! 2.5.29.37 1.3.6.1.4.1.311.21.10 " OWN,
	    "3000" },
	{ "one that nobody knows", "1.2.3.4.5", false, ROW("\x05\x00"),
	    "2.5.29.15! 2.5.29.37 1.2.3.4.5 " OWN, "0500" },
	{ "not being a CA", "2.5.29.19", true, ROW("\x30\x00"),
	    "2.5.29.15! 2.5.29.37 2.5.29.19! " OWN, "3000" },
	{ "never being a CA", "2.5.29.19", true, ROW("\x30\x03\x01\x01\xff"),
	    "2.5.29.15! 2.5.29.37 " OWN, "" },
	{ "never being a CA, however it is said", "2.5.29.19", true,
	    ROW("\x30\x80\x01\x01\x01\x00\x00"), "2.5.29.15! 2.5.29.37 " OWN,
	    "" },
	{ "another template's name is the CA's to give", "1.3.6.1.4.1.311.20.2",
	    false,
	    ROW("\x1e\x04\x00"
		"C\x00"
		"A"),
	    "2.5.29.15! 2.5.29.37 " OWN,
	    "1e300049005000530045004300"
	    "49006e007400650072006d00650064006900610074006500"
	    "4f00660066006c0069006e0065" },
	{ "no version 2 template", "1.3.6.1.4.1.311.21.7", false,
	    ROW("\x30\x04\x06\x02\x2a\x03"), "2.5.29.15! 2.5.29.37 " OWN, "" },
	{ "no CRL of its own", "2.5.29.31", false, ROW("\x30\x00"),
	    "2.5.29.15! 2.5.29.37 " OWN, NULL },
	{ "no authority of its own", "2.5.29.35", false, ROW("\x30\x00"),
	    "2.5.29.15! 2.5.29.37 " OWN, NULL },
	{ "no key identifier of its own", "2.5.29.14", false,
	    ROW("\x04\x01\x41"), "2.5.29.15! 2.5.29.37 " OWN, NULL },
	{ "no issuer URL of its own", "1.3.6.1.5.5.7.1.1", false,
	    ROW("\x30\x00"), "2.5.29.15! 2.5.29.37 " OWN, NULL },
};

static void
honours_what_is_asked_but_for_what_the_ca_decides(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < nitems(honoured); i++) {
		const struct honour_row *row = &honoured[i];
		struct ca_answer answer;
		struct csr c;
		char list[512];

		print_message("%s\n", row->sentence);
		csr_make(&c, w, "probe",
		    list_of(raw_extension(
				row->oid, row->critical, row->value, row->n),
			NULL));
		X509 *x = issued(w, &c, &answer);
		extension_list(x, list, sizeof(list));
		assert_string_equal(list, row->extensions);
		if (row->hex != NULL)
			assert_extension(x, row->oid, row->hex);
		done(&c, &answer, x);
	}
}

static void
of_two_the_first_holds(void **state)
{
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;
	char list[512];

	csr_make(&c, w, "probe",
	    list_of(raw_extension("1.2.3.4.5", false, "\x02\x01\x01", 3),
		raw_extension("1.2.3.4.5", true, "\x02\x01\x02", 3)));
	X509 *x = issued(w, &c, &answer);
	extension_list(x, list, sizeof(list));
	assert_string_equal(list, "2.5.29.15! 2.5.29.37 1.2.3.4.5 " OWN);
	assert_extension(x, "1.2.3.4.5", "020101");
	done(&c, &answer, x);
}

/* PKCS#9 and Microsoft's attribute, as Windows sends both. */
static void
lists_of_both_kinds_are_joined(void **state)
{
	struct world *w = *state;
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *microsoft =
	    list_of(conf_extension(NID_subject_alt_name, "DNS:second.example"),
		raw_extension("1.3.6.1.4.1.311.25.2", false, "\x30\x00", 2));
	struct ca_answer answer;
	struct csr c;
	char list[512];

	X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN",
	    MBSTRING_UTF8, (const unsigned char *)"probe", -1, -1, 0);
	assert_int_equal(
	    X509_REQ_add_extensions_nid(req, microsoft, NID_ms_ext_req), 1);
	sk_X509_EXTENSION_pop_free(microsoft, X509_EXTENSION_free);
	csr_finish(&c, req,
	    list_of(conf_extension(NID_subject_alt_name, "DNS:first.example"),
		NULL),
	    w->key);
	X509 *x = issued(w, &c, &answer);
	extension_list(x, list, sizeof(list));
	assert_string_equal(
	    list, "2.5.29.15! 2.5.29.37 2.5.29.17 1.3.6.1.4.1.311.25.2 " OWN);
	assert_int_equal(X509_check_host(x, "first.example", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(x, "second.example", 0, 0, NULL), 0);
	done(&c, &answer, x);
}

static void
an_elliptic_key_is_as_good(void **state)
{
	struct world *w = *state;
	EVP_PKEY *rsa = w->key;
	EVP_PKEY *ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	struct ca_answer answer;
	struct csr c;

	assert_non_null(ec);
	w->key = ec;
	csr_make(&c, w, "probe", NULL);
	X509 *x = issued(w, &c, &answer);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), ec), 1);
	w->key = rsa;
	EVP_PKEY_free(ec);
	done(&c, &answer, x);
}

/* ---- refusals ---- */

struct refusal_row {
	const char *sentence;
	const char *cn;
	const char *oid; /* NULL: no extension */
	const char *value;
	size_t n;
	uint32_t hresult;
	const char *reason;
};

#define BAD_SAN \
	0x80094001, "the requested subject alternative name is malformed"
#define BAD_EKU 0x80070057, "the requested extended key usage is malformed"
#define BAD_KU 0x80070057, "the requested key usage is malformed"

static const struct refusal_row refusals[] = {
	{ "neither subject nor names", NULL, NULL, NULL, 0, 0x80094001,
	    "the request has neither a subject nor a subject alternative "
	    "name" },
	{ "a SAN without names", "probe", "2.5.29.17", ROW("\x30\x00"),
	    BAD_SAN },
	{ "an empty SAN for an empty subject", NULL, "2.5.29.17",
	    ROW("\x30\x00"), BAD_SAN },
	{ "a SAN that is no sequence", "probe", "2.5.29.17",
	    ROW("\x04\x03\x82\x01\x61"), BAD_SAN },
	{ "bytes behind the SAN", "probe", "2.5.29.17",
	    ROW("\x30\x03\x82\x01\x61\x00"), BAD_SAN },
	{ "a name longer than the SAN", "probe", "2.5.29.17",
	    ROW("\x30\x03\x82\x02\x61"), BAD_SAN },
	{ "an IP address of five octets", "probe", "2.5.29.17",
	    ROW("\x30\x07\x87\x05\x01\x02\x03\x04\x05"), BAD_SAN },
	{ "a kind of name that does not exist", "probe", "2.5.29.17",
	    ROW("\x30\x03\x89\x01\x61"), BAD_SAN },
	{ "a plain string for a name", "probe", "2.5.29.17",
	    ROW("\x30\x03\x0c\x01\x61"), BAD_SAN },
	{ "an otherName without its value", "probe", "2.5.29.17",
	    ROW("\x30\x06\xa0\x04\x06\x02\x2a\x03"), BAD_SAN },
	{ "a user name that is no UTF-8", "probe", "2.5.29.17",
	    ROW("\x30\x0b\xa0\x09\x06\x02\x2a\x03\xa0\x03\x0c\x01\xff"),
	    BAD_SAN },
	{ "an EKU without usages", "probe", "2.5.29.37", ROW("\x30\x00"),
	    BAD_EKU },
	{ "an EKU with a number in it", "probe", "2.5.29.37",
	    ROW("\x30\x03\x02\x01\x01"), BAD_EKU },
	{ "a key usage that is no bit string", "probe", "2.5.29.15",
	    ROW("\x02\x01\x01"), BAD_KU },
};

static void
refuses_with_ad_cs_code_and_a_sentence(void **state)
{
	struct world *w = *state;
	uint64_t certs = 77;
	uint64_t revision = 77;

	for (size_t i = 0; i < nitems(refusals); i++) {
		const struct refusal_row *row = &refusals[i];
		STACK_OF(X509_EXTENSION) *list = row->oid == NULL
		    ? NULL
		    : list_of(
			  raw_extension(row->oid, false, row->value, row->n),
			  NULL);
		struct ca_answer answer;
		struct csr c;

		print_message("%s\n", row->sentence);
		csr_make(&c, w, row->cn, list);
		struct ca_request rq = request_of(&c);
		assert_int_equal(
		    ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
		assert_false(answer.issued);
		assert_int_equal(answer.hresult, row->hresult);
		assert_string_equal(answer.reason, row->reason);
		assert_null(answer.der.p);
		csr_free(&c);
	}
	assert_int_equal(store_counts(w->store, &certs, &revision, &w->e), 0);
	assert_int_equal(certs, 0);
}

static void
takes_64_extensions_and_refuses_65(void **state)
{
	struct world *w = *state;

	for (int n = 64; n <= 65; n++) {
		STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
		struct ca_answer answer;
		struct csr c;

		for (int i = 0; i < n; i++) {
			char oid[32];

			snprintf(oid, sizeof(oid), "1.2.3.%d", i);
			sk_X509_EXTENSION_push(
			    list, raw_extension(oid, true, "\x05\x00", 2));
		}
		csr_make(&c, w, "probe", list);
		struct ca_request rq = request_of(&c);
		assert_int_equal(
		    ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
		assert_int_equal(answer.issued, n == 64);
		if (answer.issued) {
			X509 *x = x509_of(buf_bytes(&answer.der));
			assert_int_equal(X509_get_ext_count(x), 64 + 7);
			X509_free(x);
			buf_clear(&answer.der);
		} else {
			assert_int_equal(answer.hresult, 0x80070057);
			assert_string_equal(answer.reason,
			    "the request asks for more than 64 extensions");
		}
		csr_free(&c);
	}
}

struct part_row {
	const char *sentence;
	const char *bytes;
	size_t n;
	bool sound;
};

static const struct part_row subjects[] = {
	{ "a name in UTF-8",
	    ROW("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02\xc3\xbc"),
	    true },
	{ "the last character there is",
	    ROW("\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04\xf4\x8f"
		"\xbf\xbf"),
	    true },
	{ "one character more",
	    ROW("\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04\xf4\x90"
		"\x80\x80"),
	    false },
	{ "half of a surrogate pair",
	    ROW("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03\xed\xa0"
		"\x80"),
	    false },
	{ "a character that is cut",
	    ROW("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\xc3"),
	    false },
	{ "Latin-1 that says it is UTF-8",
	    ROW("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02\xfc\x61"),
	    false },
	{ "half a BMP character",
	    ROW("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x1e\x03\x00\x61"
		"\x00"),
	    false },
	{ "a type that is no object identifier",
	    ROW("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x83\x0c\x01\x61"),
	    false },
	{ "a type with padding",
	    ROW("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x80\x03\x0c\x01\x61"),
	    false },
	{ "an RDN without a name", ROW("\x30\x02\x31\x00"), false },
	{ "a type without a value",
	    ROW("\x30\x09\x31\x07\x30\x05\x06\x03\x55\x04\x03"), false },
	{ "a value under a context tag",
	    ROW("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x80\x01\x61"),
	    false },
	{ "indefinite length",
	    ROW("\x30\x80\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\x61\x00"
		"\x00"),
	    false },
	{ "no sequence", ROW("\x31\x00"), false },
	{ "nothing", "", 0, false },
};

static const struct part_row keys[] = {
	{ "an algorithm nobody knows",
	    ROW("\x30\x0a\x30\x04\x06\x02\x2a\x03"
		"\x03\x02\x00\x41"),
	    true },
	{ "bits that are no octets",
	    ROW("\x30\x0a\x30\x04\x06\x02\x2a\x03"
		"\x03\x02\x01\x40"),
	    false },
	{ "no bits",
	    ROW("\x30\x09\x30\x04\x06\x02\x2a\x03"
		"\x03\x01\x00"),
	    false },
	{ "no algorithm", ROW("\x30\x06\x30\x00\x03\x02\x00\x41"), false },
	{ "two parameters",
	    ROW("\x30\x0e\x30\x08\x06\x02\x2a\x03\x05\x00\x05"
		"\x00\x03\x02\x00\x41"),
	    false },
	{ "nothing", "", 0, false },
};

static void
issue_part(struct world *w, const struct csr *c, const struct part_row *row,
    const char *reason, uint32_t hresult)
{
	struct ca_request rq = request_of(c);
	struct ca_answer answer;

	print_message("%s\n", row->sentence);
	assert_int_equal(ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
	assert_int_equal(answer.issued, row->sound);
	if (answer.issued) {
		X509_free(x509_of(buf_bytes(&answer.der)));
		buf_clear(&answer.der);
		return;
	}
	assert_int_equal(answer.hresult, hresult);
	assert_string_equal(answer.reason, reason);
}

static void
a_subject_that_no_client_could_read_is_refused(void **state)
{
	struct world *w = *state;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (size_t i = 0; i < nitems(subjects); i++) {
		c.csr.subject = bytes_of(subjects[i].bytes, subjects[i].n);
		issue_part(w, &c, &subjects[i],
		    "the subject of the request is malformed", 0x80094001);
	}
	csr_free(&c);
}

static void
a_key_that_is_none_is_refused(void **state)
{
	struct world *w = *state;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (size_t i = 0; i < nitems(keys); i++) {
		c.csr.spki = bytes_of(keys[i].bytes, keys[i].n);
		issue_part(w, &c, &keys[i],
		    "the public key of the request is malformed", 0x80070057);
	}
	csr_free(&c);
}

/* ---- damaged requests ---- */

/* Parse, and issue if it parses; what comes out must be a certificate whatever went in. */
static void
issue_damaged(struct world *w, struct bytes der)
{
	struct asn1_fault fault = { 0 };
	struct csr c = { 0 };

	if (!pki_csr_parse(&c.csr, der, &fault))
		return;
	struct ca_request rq = request_of(&c);
	struct ca_answer answer;
	assert_int_equal(ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
	if (!answer.issued) {
		assert_int_not_equal(answer.hresult, 0);
		assert_non_null(answer.reason);
		return;
	}
	X509_free(x509_of(buf_bytes(&answer.der)));
	buf_clear(&answer.der);
}

static void
no_damage_to_a_request_yields_a_broken_certificate(void **state)
{
	static const uint8_t masks[] = { 0x01, 0x20, 0x80 };
	struct world *w = *state;
	struct csr c;

	csr_make(&c, w, "probe",
	    list_of(conf_extension(NID_subject_alt_name,
			"otherName:" UPN ";UTF8:u@corp.example,IP:192.0.2.1"),
		conf_extension(NID_ext_key_usage, "clientAuth")));
	size_t n = c.csr.info.n + 4;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < nitems(masks); k++) {
			c.der[i] ^= masks[k];
			issue_damaged(w, bytes_of(c.der, c.csr.der.n));
			c.der[i] ^= masks[k];
		}
	}
	csr_free(&c);
}

#define IN_WORLD(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(the_subject_is_copied_byte_for_byte),
		IN_WORLD(an_empty_subject_makes_the_san_critical),
		IN_WORLD(names_are_taken_over_with_upn_and_uri),
		IN_WORLD(honours_what_is_asked_but_for_what_the_ca_decides),
		IN_WORLD(of_two_the_first_holds),
		IN_WORLD(lists_of_both_kinds_are_joined),
		IN_WORLD(an_elliptic_key_is_as_good),
		IN_WORLD(refuses_with_ad_cs_code_and_a_sentence),
		IN_WORLD(takes_64_extensions_and_refuses_65),
		IN_WORLD(a_subject_that_no_client_could_read_is_refused),
		IN_WORLD(a_key_that_is_none_is_refused),
		IN_WORLD(no_damage_to_a_request_yields_a_broken_certificate),
	};

	return cmocka_run_group_tests_name("ca_request", tests, NULL, NULL);
}
