/* SPDX-License-Identifier: MIT */
/* What the CA issues and what it refuses; requests and verdicts by libcrypto. */
#include "test_ca_support.h"

#include <sys/wait.h>

#define UPN "1.3.6.1.4.1.311.20.2.3"

/* Extensions of the usual certificate: key usage, EKU, template, SKI, AKI, CRLs, issuer. */
#define OWN \
	"1.3.6.1.4.1.311.20.2 2.5.29.14 2.5.29.35 2.5.29.31 1.3.6.1.5.5.7.1.1"

static STACK_OF(X509_EXTENSION) * list_of(X509_EXTENSION *a, X509_EXTENSION *b)
{
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

	if (a != NULL)
		sk_X509_EXTENSION_push(list, a);
	if (b != NULL)
		sk_X509_EXTENSION_push(list, b);
	return list;
}

/* Issue for a request and read the certificate; der is the caller's to clear. */
static X509 *
issued(struct world *w, const struct csr *c, struct ca_answer *answer)
{
	issue(w, c, answer);
	assert_chains(w->m, buf_bytes(&answer->der), 0);
	return x509_of(buf_bytes(&answer->der));
}

static void
done(struct csr *c, struct ca_answer *answer, X509 *x)
{
	X509_free(x);
	buf_clear(&answer->der);
	csr_free(c);
}

/* ---- a plain request ---- */

static void
a_plain_request_becomes_a_certificate(void **state)
{
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;
	char list[512];

	csr_make(&c, w, "probe", NULL);
	X509 *x = issued(w, &c, &answer);
	extension_list(x, list, sizeof(list));
	assert_string_equal(list, "2.5.29.15! 2.5.29.37 " OWN);
	assert_extension(x, "2.5.29.15", "030205a0");
	/* IKE intermediate */
	assert_extension(x, "2.5.29.37", "300a06082b06010505080202");
	/* BMPString IPSECIntermediateOffline */
	assert_extension(x, "1.3.6.1.4.1.311.20.2",
	    "1e300049005000530045004300"
	    "49006e007400650072006d00650064006900610074006500"
	    "4f00660066006c0069006e0065");
	assert_int_equal(
	    X509_get_signature_nid(x), NID_sha256WithRSAEncryption);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), w->key), 1);
	assert_int_equal(time_of(X509_get0_notBefore(x)), NOW - 600);
	assert_int_equal(time_of(X509_get0_notAfter(x)), NOW + YEAR);
	X509 *issuing = material_x509(w->m, CA_ISSUING);
	assert_int_equal(X509_check_issued(issuing, x), X509_V_OK);
	X509_free(issuing);
	done(&c, &answer, x);
}

static void
the_key_identifier_is_the_sha1_of_the_key_bits(void **state)
{
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;
	unsigned char want[20];
	unsigned n = 0;

	csr_make(&c, w, "probe", NULL);
	X509 *x = issued(w, &c, &answer);
	assert_int_equal(X509_pubkey_digest(x, EVP_sha1(), want, &n), 1);
	const ASN1_OCTET_STRING *got = X509_get0_subject_key_id(x);
	assert_int_equal(ASN1_STRING_length(got), 20);
	assert_memory_equal(ASN1_STRING_get0_data(got), want, 20);
	done(&c, &answer, x);
}

static void
serials_carry_the_number_twice(void **state)
{
	struct world *w = *state;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (uint8_t i = 1; i <= 3; i++) {
		struct ca_answer answer;
		X509 *x = issued(w, &c, &answer);
		const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
		const uint8_t *p = ASN1_STRING_get0_data(serial);
		const uint8_t head[] = { 0x61, 0, 0, 0, i };
		const uint8_t tail[] = { 0, 0, 0, 0, 0, i };

		assert_int_equal(ASN1_STRING_length(serial), 19);
		assert_memory_equal(p, head, sizeof(head));
		assert_memory_equal(p + 13, tail, sizeof(tail));
		X509_free(x);
		buf_clear(&answer.der);
	}
	csr_free(&c);
}

static void
the_certificate_is_in_the_store(void **state)
{
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;
	struct buf kept;
	bool found = false;
	enum store_cert_state standing = STORE_CERT_UNKNOWN;
	uint64_t certs = 0;
	uint64_t revision = 0;

	csr_make(&c, w, "probe", NULL);
	X509 *x = issued(w, &c, &answer);
	const ASN1_INTEGER *n = X509_get0_serialNumber(x);
	struct bytes serial =
	    bytes_of(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n));
	buf_init(&kept, 10000);
	assert_int_equal(
	    store_cert_get(w->store, serial, &kept, &found, &w->e), 0);
	assert_true(found);
	assert_true(bytes_eq(buf_bytes(&kept), buf_bytes(&answer.der)));
	assert_int_equal(
	    store_cert_state(w->store, serial, &standing, &w->e), 0);
	assert_int_equal(standing, STORE_CERT_GOOD);
	assert_int_equal(store_counts(w->store, &certs, &revision, &w->e), 0);
	assert_int_equal(certs, 1);
	buf_clear(&kept);
	done(&c, &answer, x);
}

/* Run the openssl command on files; its exit code. */
static int
openssl_verify(const char *dir)
{
	char command[512];

	snprintf(command, sizeof(command),
	    "cd %s && openssl verify -x509_strict -attime %lld "
	    "-CAfile root.pem -untrusted issuing.pem leaf.pem >/dev/null 2>&1",
	    dir, (long long)NOW);
	int status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
write_pem(const char *dir, const char *name, struct bytes der)
{
	char path[128];
	X509 *x = x509_of(der);

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, x), 1);
	fclose(file);
	X509_free(x);
}

static void
the_openssl_command_verifies_it(void **state)
{
	static const char *const names[] = { "root.pem", "issuing.pem",
		"leaf.pem" };
	struct world *w = *state;
	char dir[] = "/tmp/mockndes-ca-XXXXXX";
	char path[128];
	struct ca_answer answer;
	struct csr c;

	assert_non_null(mkdtemp(dir));
	csr_make(&c, w, "probe", NULL);
	issue(w, &c, &answer);
	write_pem(dir, names[0], ca_material_cert(w->m, CA_ROOT)->der);
	write_pem(dir, names[1], ca_material_cert(w->m, CA_ISSUING)->der);
	write_pem(dir, names[2], buf_bytes(&answer.der));
	int accepted = openssl_verify(dir);
	/* and it can fail */
	write_pem(dir, names[1], ca_material_cert(w->m, CA_STRANGER)->der);
	int refused = openssl_verify(dir);
	for (size_t i = 0; i < nitems(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	assert_int_equal(accepted, 0);
	assert_int_not_equal(refused, 0);
	buf_clear(&answer.der);
	csr_free(&c);
}

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

/* ---- templates ---- */

struct template_row {
	const char *name;
	const char *eku; /* NULL: refused */
};

static const struct template_row templates[] = {
	{ "IPSECIntermediateOffline", "300a06082b06010505080202" },
	{ "ipsecintermediateoffline", "300a06082b06010505080202" },
	{ "IPSECIntermediateOnline", "300a06082b06010505080202" },
	{ "SCEP", "300a06082b06010505070302" },
	{ "User",
	    "3020060a2b0601040182370a030406082b0601050507030406082b060105050703"
	    "02" },
	{ "Machine", "301406082b0601050507030206082b06010505070301" },
	{ "Workstation", "300a06082b06010505070302" },
	{ "", NULL },
	{ "NoSuchTemplate", NULL },
	{ "IPSECIntermediateOffline2", NULL },
	{ "EnrollmentAgentOffline", NULL },
};

static void
the_template_gives_the_eku_or_is_refused(void **state)
{
	struct world *w = *state;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (size_t i = 0; i < nitems(templates); i++) {
		struct ca_request rq = request_of(&c);
		struct ca_answer answer;

		print_message("template \"%s\"\n", templates[i].name);
		rq.template_name = templates[i].name;
		assert_int_equal(
		    ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
		assert_int_equal(answer.issued, templates[i].eku != NULL);
		if (!answer.issued) {
			assert_int_equal(answer.hresult, 0x80094800);
			assert_string_equal(answer.reason,
			    "the requested certificate template is not "
			    "supported by this CA");
			continue;
		}
		X509 *x = x509_of(buf_bytes(&answer.der));
		assert_extension(x, "2.5.29.37", templates[i].eku);
		X509_free(x);
		buf_clear(&answer.der);
	}
	csr_free(&c);
}

/* ---- dates ---- */

static void
no_certificate_outlives_its_ca(void **state)
{
	struct world *w = *state;
	int64_t end = ca_material_cert(w->m, CA_ISSUING)->not_after;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (int64_t over = 0; over <= 1; over++) {
		struct ca_request rq = request_of(&c);
		struct ca_answer answer;

		rq.valid_s = end - NOW + over;
		assert_int_equal(
		    ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
		assert_true(answer.issued);
		X509 *x = x509_of(buf_bytes(&answer.der));
		assert_int_equal(time_of(X509_get0_notAfter(x)), end);
		X509_free(x);
		buf_clear(&answer.der);
	}
	csr_free(&c);
}

static void
a_ca_past_its_end_issues_nothing(void **state)
{
	struct world *w = *state;
	struct ca_answer answer;
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	struct ca_request rq = request_of(&c);
	w->chance.now_s = ca_material_cert(w->m, CA_ISSUING)->not_after + 1;
	assert_int_equal(ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), 0);
	assert_false(answer.issued);
	assert_int_equal(answer.hresult, 0x800b0101);
	assert_string_equal(answer.reason,
	    "the CA certificate is not within its validity period");
	csr_free(&c);
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

static void
without_chance_nothing_is_issued_or_kept(void **state)
{
	struct world *w = *state;
	struct ca_answer answer = { .hresult = 77 };
	struct csr c;
	uint64_t certs = 77;
	uint64_t revision = 77;

	csr_make(&c, w, "probe", NULL);
	struct ca_request rq = request_of(&c);
	w->chance.dry = true;
	assert_int_equal(
	    ca_issue(w->ca, w->ctx, w->m, &rq, &answer, &w->e), -1);
	assert_int_not_equal(w->e.code, ERR_NONE);
	assert_int_equal(answer.hresult, 77);
	struct err e = { 0 };
	assert_int_equal(store_counts(w->store, &certs, &revision, &e), 0);
	assert_int_equal(certs, 0);
	csr_free(&c);
}

/* ---- many at once ---- */

#define THREADS 4
#define EACH 250

struct client {
	struct world *w;
	const struct csr *csr;
	uint8_t serials[EACH][19];
	int failures;
};

static bool
enrol_once(struct client *cl, struct pki_ctx *ctx, uint8_t serial[19])
{
	struct ca_request rq = request_of(cl->csr);
	struct ca_answer answer;
	struct asn1_fault fault = { 0 };
	struct pki_cert cert;
	struct err e = { 0 };

	if (ca_issue(cl->w->ca, ctx, cl->w->m, &rq, &answer, &e) != 0 ||
	    !answer.issued)
		return false;
	bool sound = pki_cert_parse(&cert, buf_bytes(&answer.der), &fault) &&
	    cert.serial.n == 19;
	if (sound)
		memcpy(serial, cert.serial.p, 19);
	buf_clear(&answer.der);
	return sound;
}

static void *
enrol_many(void *arg)
{
	struct client *cl = arg;
	struct err e = { 0 };
	struct pki_ctx *ctx = pki_ctx_new(cl->w->lib, &e);

	for (size_t i = 0; i < EACH; i++)
		cl->failures +=
		    ctx == NULL || !enrol_once(cl, ctx, cl->serials[i]);
	pki_ctx_free(ctx);
	return NULL;
}

static int
compare_serials(const void *a, const void *b)
{
	return memcmp(a, b, 19);
}

static void
a_thousand_on_four_threads_have_serials_of_their_own(void **state)
{
	struct world *w = *state;
	struct client *clients = calloc(THREADS, sizeof(*clients));
	uint8_t(*all)[19] = calloc((size_t)THREADS * EACH, 19);
	pthread_t threads[THREADS];
	struct csr c;

	csr_make(&c, w, "probe", NULL);
	for (size_t i = 0; i < THREADS; i++) {
		clients[i].w = w;
		clients[i].csr = &c;
		assert_int_equal(
		    pthread_create(&threads[i], NULL, enrol_many, &clients[i]),
		    0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(clients[i].failures, 0);
		memcpy(all[i * EACH], clients[i].serials,
		    sizeof(clients[i].serials));
	}
	qsort(all, (size_t)THREADS * EACH, 19, compare_serials);
	for (size_t i = 1; i < (size_t)THREADS * EACH; i++)
		assert_memory_not_equal(all[i - 1], all[i], 19);
	free(all);
	free(clients);
	csr_free(&c);
}

#define IN_WORLD(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_plain_request_becomes_a_certificate),
		IN_WORLD(the_key_identifier_is_the_sha1_of_the_key_bits),
		IN_WORLD(serials_carry_the_number_twice),
		IN_WORLD(the_certificate_is_in_the_store),
		IN_WORLD(the_openssl_command_verifies_it),
		IN_WORLD(the_subject_is_copied_byte_for_byte),
		IN_WORLD(an_empty_subject_makes_the_san_critical),
		IN_WORLD(names_are_taken_over_with_upn_and_uri),
		IN_WORLD(honours_what_is_asked_but_for_what_the_ca_decides),
		IN_WORLD(of_two_the_first_holds),
		IN_WORLD(lists_of_both_kinds_are_joined),
		IN_WORLD(an_elliptic_key_is_as_good),
		IN_WORLD(the_template_gives_the_eku_or_is_refused),
		IN_WORLD(no_certificate_outlives_its_ca),
		IN_WORLD(a_ca_past_its_end_issues_nothing),
		IN_WORLD(refuses_with_ad_cs_code_and_a_sentence),
		IN_WORLD(takes_64_extensions_and_refuses_65),
		IN_WORLD(without_chance_nothing_is_issued_or_kept),
		IN_WORLD(a_thousand_on_four_threads_have_serials_of_their_own),
	};

	return cmocka_run_group_tests_name("ca_issue", tests, NULL, NULL);
}
