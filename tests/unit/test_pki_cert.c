/* SPDX-License-Identifier: MIT */
/* Certificates and CRLs: libcrypto's read by us, ours read and verified by libcrypto. */
#include "test_pki_support.h"

#include "support/sweep.h"

#define NOT_BEFORE 1700000000
#define NOT_AFTER 2600000000 /* a GeneralizedTime */

/* ---- made by libcrypto ---- */

static void
add_ext(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);

	assert_non_null(ext);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static X509 *
oracle_cert(struct fixture *f, bool v1)
{
	X509 *x = X509_new_ex(f->oracle, NULL);
	X509_NAME *name = X509_get_subject_name(x);
	BIGNUM *serial = NULL;

	BN_hex2bn(&serial, "3031323334353637383930616263646566303132333435");
	BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x));
	BN_free(serial);
	assert_int_equal(X509_set_version(x, v1 ? 0 : 2), 1);
	X509_NAME_add_entry_by_txt(
	    name, "C", MBSTRING_ASC, (const unsigned char *)"US", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)"device", -1, -1, 0);
	X509_set_issuer_name(x, name);
	ASN1_TIME_set(X509_getm_notBefore(x), NOT_BEFORE);
	ASN1_TIME_set(X509_getm_notAfter(x), NOT_AFTER);
	X509_set_pubkey(x, f->rsa);
	if (!v1) {
		add_ext(x, NID_basic_constraints, "critical,CA:TRUE");
		add_ext(x, NID_key_usage, "digitalSignature,keyCertSign");
		add_ext(x, NID_subject_key_identifier, "hash");
		add_ext(x, NID_authority_key_identifier, "keyid");
		add_ext(x, NID_subject_alt_name, "DNS:device.example");
	}
	EVP_MD *md = EVP_MD_fetch(f->oracle, "SHA256", NULL);

	assert_true(X509_sign(x, f->rsa, md) > 0);
	EVP_MD_free(md);
	return x;
}

static struct bytes
der_of(X509 *x, unsigned char **der)
{
	int n = i2d_X509(x, der);

	assert_true(n > 0);
	return bytes_of(*der, (size_t)n);
}

static void
assert_name(struct bytes got, const X509_NAME *want)
{
	const unsigned char *p = NULL;
	size_t n = 0;

	assert_int_equal(X509_NAME_get0_der(want, &p, &n), 1);
	assert_int_equal(got.n, n);
	assert_memory_equal(got.p, p, n);
}

static void
assert_same(struct bytes got, const ASN1_OCTET_STRING *want)
{
	assert_non_null(want);
	assert_int_equal(got.n, ASN1_STRING_length(want));
	assert_memory_equal(got.p, ASN1_STRING_get0_data(want), got.n);
}

static void
reads_the_fields_of_a_certificate(void **state)
{
	struct fixture *f = *state;
	X509 *x = oracle_cert(f, false);
	unsigned char *der = NULL, *spki = NULL;
	struct asn1_fault fault = { 0 };
	struct pki_cert c;
	const ASN1_BIT_STRING *sig = NULL;
	const X509_ALGOR *alg = NULL;
	struct pki_ext ext;
	struct bytes in = der_of(x, &der);

	assert_true(pki_cert_parse(&c, in, &fault));
	assert_null(fault.why);
	assert_true(bytes_eq(c.der, in));
	assert_int_equal(c.version, 3);
	assert_same(c.serial, X509_get_serialNumber(x));
	assert_name(c.subject, X509_get_subject_name(x));
	assert_name(c.issuer, X509_get_issuer_name(x));
	assert_int_equal(c.not_before, NOT_BEFORE);
	assert_int_equal(c.not_after, NOT_AFTER);
	assert_int_equal(i2d_PUBKEY(f->rsa, &spki), c.spki.n);
	assert_memory_equal(c.spki.p, spki, c.spki.n);
	X509_get0_signature(&sig, &alg, x);
	assert_same(c.signature, sig);
	assert_int_equal(c.sigalg.padding, PKI_PKCS1);
	assert_int_equal(c.sigalg.digest, PKI_SHA256);
	assert_same(c.ski, X509_get0_subject_key_id(x));
	assert_true(c.has_key_usage);
	assert_int_equal(
	    c.key_usage, PKI_KU_DIGITAL_SIGNATURE | PKI_KU_KEY_CERT_SIGN);
	assert_true(c.is_ca);
	assert_true(
	    pki_ext_find(c.extensions, pki_oid_basic_constraints, &ext));
	assert_true(ext.critical);
	assert_true(pki_ext_find(c.extensions, pki_oid_subject_alt_name, &ext));
	assert_false(ext.critical);
	assert_true(bytes_eq(ext.value,
	    BYTES_LIT("\x30\x10\x82\x0e"
		      "device.example")));
	assert_false(pki_ext_find(c.extensions, pki_oid_crl_number, &ext));
	OPENSSL_free(der);
	OPENSSL_free(spki);
	X509_free(x);
}

static void
reads_a_version_1_certificate(void **state)
{
	struct fixture *f = *state;
	X509 *x = oracle_cert(f, true);
	unsigned char *der = NULL;
	struct asn1_fault fault = { 0 };
	struct pki_cert c;

	assert_true(pki_cert_parse(&c, der_of(x, &der), &fault));
	assert_int_equal(c.version, 1);
	assert_int_equal(c.extensions.n, 0);
	assert_int_equal(c.ski.n, 0);
	assert_int_equal(c.aki.n, 0);
	assert_false(c.has_key_usage);
	assert_false(c.is_ca);
	OPENSSL_free(der);
	X509_free(x);
}

static void
verifies_a_certificate_by_its_issuers_key(void **state)
{
	struct fixture *f = *state;
	X509 *x = oracle_cert(f, false);
	unsigned char *der = NULL;
	struct asn1_fault fault = { 0 };
	struct pki_cert c;
	struct pki_key *other = NULL;
	struct bytes in = der_of(x, &der);

	assert_true(pki_cert_parse(&c, in, &fault));
	assert_int_equal(pki_cert_verify(f->ctx, &c, f->key, &f->e), 1);
	assert_int_equal(pki_key_generate(&other, f->lib, 1024, &f->e), 0);
	assert_int_equal(pki_cert_verify(f->ctx, &c, other, &f->e), 0);
	/* one bit of the validity */
	der[(size_t)(c.issuer.p + c.issuer.n - der) + 5] ^= 1;
	assert_int_equal(pki_cert_verify(f->ctx, &c, f->key, &f->e), 0);
	pki_key_free(other);
	OPENSSL_free(der);
	X509_free(x);
}

static void
keeps_a_fault_of_another_part_of_the_message(void **state)
{
	struct fixture *f = *state;
	X509 *x = oracle_cert(f, true);
	unsigned char *der = NULL;
	struct asn1_fault fault = { .why = "something else", .at = 7 };
	struct asn1_reader r;
	struct pki_cert c;

	asn1_open(&r, der_of(x, &der), &fault);
	assert_true(pki_cert_read(&c, &r));
	assert_int_equal(r.rest.n, 0);
	asn1_open(&r, BYTES_LIT("\x30\0"), &fault);
	assert_false(pki_cert_read(&c, &r));
	assert_string_equal(fault.why, "something else");
	OPENSSL_free(der);
	X509_free(x);
}

/* ---- sweeps ---- */

struct swept {
	struct fixture *f;
	size_t parsed;
};

static void
parse_truncated(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct asn1_fault fault = { 0 };
	struct pki_cert c;

	(void)arg;
	assert_false(pki_cert_parse(&c, bytes_of(p, n), &fault));
	assert_non_null(fault.why);
	assert_int_equal(which, n);
	assert_int_equal(fault.at, n);
}

static void
parse_flipped(void *arg, const uint8_t *p, size_t n, size_t which)
{
	struct swept *s = arg;
	struct asn1_fault fault = { 0 };
	struct pki_cert c;
	struct buf text;
	struct pki_key *key = NULL;
	const char *why = NULL;

	(void)which;
	buf_init(&text, 1 << 16);
	if (pki_cert_parse(&c, bytes_of(p, n), &fault)) {
		s->parsed++;
		assert_null(fault.why);
	} else {
		assert_non_null(fault.why);
		assert_in_range(fault.at, 0, n);
	}
	pki_name_text(&text, c.subject);
	if (c.spki.n > 0)
		assert_true(pki_key_from_spki(
				&key, s->f->ctx, c.spki, &why, &s->f->e) >= 0);
	pki_key_free(key);
	buf_clear(&text);
}

static void
refuses_every_truncation_where_it_ends(void **state)
{
	struct fixture *f = *state;
	X509 *x = oracle_cert(f, false);
	unsigned char *der = NULL;
	struct bytes in = der_of(x, &der);

	sweep_truncations(in.p, in.n, parse_truncated, NULL);
	OPENSSL_free(der);
	X509_free(x);
}

static void
survives_every_flipped_bit(void **state)
{
	struct fixture *f = *state;
	X509 *x = oracle_cert(f, false);
	unsigned char *der = NULL;
	struct swept s = { .f = f };
	struct bytes in = der_of(x, &der);

	sweep_bit_flips(in.p, in.n, 1, parse_flipped, &s);
	assert_true(s.parsed > in.n);
	OPENSSL_free(der);
	X509_free(x);
}

/* ---- made by us ---- */

static struct bytes
name_der(uint8_t *room, size_t cap)
{
	const struct pki_rdn rdns[] = {
		{ pki_oid_domain_component, "example" },
		{ pki_oid_country, "US" },
		{ pki_oid_organization, "Gro\xc3\x9f & Co" },
		{ pki_oid_common_name, "Issuing CA" },
	};
	struct asn1_writer w;

	asn1_write_into(&w, room, cap);
	pki_put_name(&w, rdns, nitems(rdns));
	assert_false(w.overflow);
	return asn1_written(&w);
}

static void
writes_names_in_the_strings_they_need(void **state)
{
	static const int types[] = { V_ASN1_IA5STRING, V_ASN1_PRINTABLESTRING,
		V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING };
	static const char *const values[] = { "example", "US",
		"Gro\xc3\x9f & Co", "Issuing CA" };
	uint8_t room[256];
	struct bytes der = name_der(room, sizeof(room));
	const unsigned char *p = der.p;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.n);

	(void)state;
	assert_non_null(name);
	assert_ptr_equal(p, der.p + der.n);
	assert_int_equal(X509_NAME_entry_count(name), 4);
	for (int i = 0; i < 4; i++) {
		const ASN1_STRING *s =
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));

		assert_int_equal(ASN1_STRING_type(s), types[i]);
		assert_int_equal(ASN1_STRING_length(s), strlen(values[i]));
		assert_memory_equal(
		    ASN1_STRING_get0_data(s), values[i], strlen(values[i]));
	}
	X509_NAME_free(name);
}

static void
makes_certificates_that_libcrypto_verifies(void **state)
{
	struct fixture *f = *state;
	uint8_t room[256], ext_room[128];
	struct bytes name = name_der(room, sizeof(room));
	struct asn1_writer w;
	struct buf out;

	asn1_write_into(&w, ext_room, sizeof(ext_room));
	pki_put_extension(
	    &w, pki_oid_key_usage, true, BYTES_LIT("\x03\x02\x05\xa0"));
	pki_put_extension(
	    &w, pki_oid_subject_key_id, false, BYTES_LIT("\x04\x02id"));
	for (int v3 = 0; v3 < 2; v3++) {
		const struct pki_cert_spec spec = {
			.serial = BYTES_LIT("\0\xff\x01"),
			.issuer = name,
			.subject = name,
			.spki = pki_key_spki(f->key),
			.not_before = NOT_BEFORE,
			.not_after = NOT_AFTER,
			.extensions = v3 ? asn1_written(&w) : bytes_of(NULL, 0),
			.digest = PKI_SHA384,
		};

		buf_init(&out, 1 << 16);
		buf_add_str(&out, "x");
		assert_int_equal(
		    pki_cert_make(f->ctx, &spec, f->key, &out, &f->e), 0);
		const unsigned char *p = out.p + 1;
		X509 *x = d2i_X509(NULL, &p, (long)out.n - 1);

		assert_non_null(x);
		assert_ptr_equal(p, out.p + out.n);
		assert_int_equal(X509_verify(x, f->rsa), 1);
		assert_int_equal(X509_get_version(x), v3 ? 2 : 0);
		assert_int_equal(
		    X509_get_signature_nid(x), NID_sha384WithRSAEncryption);
		assert_int_equal(
		    ASN1_INTEGER_get(X509_get_serialNumber(x)), 0xff01);
		assert_name(name, X509_get_subject_name(x));
		assert_name(name, X509_get_issuer_name(x));
		assert_int_equal(
		    ASN1_TIME_cmp_time_t(X509_get0_notBefore(x), NOT_BEFORE),
		    0);
		assert_int_equal(
		    ASN1_TIME_cmp_time_t(X509_get0_notAfter(x), NOT_AFTER), 0);
		assert_int_equal(X509_get_ext_count(x), v3 ? 2 : 0);
		if (v3) {
			assert_int_equal(X509_get_key_usage(x),
			    KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
			assert_int_equal(
			    X509_EXTENSION_get_critical(X509_get_ext(x, 1)), 1);
		}
		X509_free(x);
		buf_clear(&out);
	}
}

static void
leaves_the_output_alone_when_it_cannot_sign(void **state)
{
	struct fixture *f = *state;
	struct pki_key *public = public_of(f, f->rsa);
	uint8_t room[256];
	struct bytes name = name_der(room, sizeof(room));
	const struct pki_cert_spec spec = { .serial = BYTES_LIT("\x01"),
		.issuer = name,
		.subject = name,
		.spki = pki_key_spki(f->key),
		.digest = PKI_SHA256 };
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, 1 << 16);
	buf_add_str(&out, "before");
	assert_int_equal(pki_cert_make(f->ctx, &spec, public, &out, &e), -1);
	assert_int_equal(e.code, ERR_CRYPTO);
	assert_string_equal(buf_str(&out), "before");
	buf_clear(&out);
	pki_key_free(public);
}

static X509_CRL *
make_crl(struct fixture *f, const struct pki_crl_entry *entries, size_t n)
{
	uint8_t room[256];
	const struct pki_crl_spec spec = {
		.issuer = name_der(room, sizeof(room)),
		.aki = BYTES_LIT("keyid"),
		.this_update = NOT_BEFORE,
		.next_update = NOT_AFTER,
		.number = 0x80,
		.entries = entries,
		.entry_count = n,
		.digest = PKI_SHA256,
	};
	struct buf out;

	buf_init(&out, 1 << 20);
	assert_int_equal(pki_crl_make(f->ctx, &spec, f->key, &out, &f->e), 0);
	const unsigned char *p = out.p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)out.n);

	assert_non_null(crl);
	assert_ptr_equal(p, out.p + out.n);
	buf_clear(&out);
	assert_int_equal(X509_CRL_verify(crl, f->rsa), 1);
	assert_int_equal(X509_CRL_get_version(crl), 1);
	assert_int_equal(
	    ASN1_TIME_cmp_time_t(X509_CRL_get0_lastUpdate(crl), NOT_BEFORE), 0);
	assert_int_equal(
	    ASN1_TIME_cmp_time_t(X509_CRL_get0_nextUpdate(crl), NOT_AFTER), 0);
	return crl;
}

static void
makes_crls_that_libcrypto_verifies(void **state)
{
	struct fixture *f = *state;
	const struct pki_crl_entry entries[] = {
		{ BYTES_LIT("\x05"), NOT_BEFORE, 0 },
		{ BYTES_LIT("\0\x80"), NOT_AFTER, 1 },
	};
	X509_CRL *crl = make_crl(f, entries, 2);
	STACK_OF(X509_REVOKED) *rows = X509_CRL_get_REVOKED(crl);

	assert_int_equal(sk_X509_REVOKED_num(rows), 2);
	X509_REVOKED *first = sk_X509_REVOKED_value(rows, 0);
	X509_REVOKED *second = sk_X509_REVOKED_value(rows, 1);
	int critical = 0;
	ASN1_ENUMERATED *reason =
	    X509_REVOKED_get_ext_d2i(second, NID_crl_reason, &critical, NULL);

	assert_int_equal(
	    ASN1_INTEGER_get(X509_REVOKED_get0_serialNumber(first)), 5);
	assert_null(X509_REVOKED_get0_extensions(first));
	assert_int_equal(
	    ASN1_INTEGER_get(X509_REVOKED_get0_serialNumber(second)), 0x80);
	assert_int_equal(
	    ASN1_TIME_cmp_time_t(
		X509_REVOKED_get0_revocationDate(second), NOT_AFTER),
	    0);
	assert_int_equal(ASN1_ENUMERATED_get(reason), 1);
	ASN1_ENUMERATED_free(reason);
	ASN1_INTEGER *number =
	    X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	AUTHORITY_KEYID *aki =
	    X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);

	assert_int_equal(ASN1_INTEGER_get(number), 0x80);
	assert_int_equal(ASN1_STRING_length(aki->keyid), 5);
	ASN1_INTEGER_free(number);
	AUTHORITY_KEYID_free(aki);
	X509_CRL_free(crl);
	crl = make_crl(f, NULL, 0);
	assert_null(X509_CRL_get_REVOKED(crl));
	X509_CRL_free(crl);
}

/* ---- PEM and key identifiers ---- */

static void
writes_pem_that_libcrypto_reads_and_the_reverse(void **state)
{
	static const size_t sizes[] = { 1, 47, 48, 49, 96, 1000 };
	uint8_t data[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < nitems(sizes); i++) {
		struct buf pem, der;
		char *name = NULL, *header = NULL;
		unsigned char *got = NULL;
		struct err e = { 0 };
		long n = 0;

		buf_init(&pem, 1 << 16);
		buf_init(&der, 1 << 16);
		pki_pem(&pem, "OTHER", BYTES_LIT("other"));
		pki_pem(&pem, "X509 CRL", bytes_of(data, sizes[i]));
		assert_int_equal(
		    pki_pem_der(&der, "X509 CRL", buf_bytes(&pem), &e), 0);
		assert_true(
		    bytes_eq(buf_bytes(&der), bytes_of(data, sizes[i])));
		BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);

		assert_int_equal(PEM_read_bio(b, &name, &header, &got, &n), 1);
		assert_string_equal(name, "OTHER");
		assert_int_equal(n, 5);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(got);
		assert_int_equal(PEM_read_bio(b, &name, &header, &got, &n), 1);
		assert_int_equal(n, sizes[i]);
		assert_memory_equal(got, data, sizes[i]);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(got);
		BIO_free(b);
		assert_int_equal(
		    pki_pem_der(&der, "CERTIFICATE", buf_bytes(&pem), &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
		assert_string_equal(e.text, "no PEM block CERTIFICATE");
		assert_int_equal(der.n, sizes[i]);
		buf_clear(&pem);
		buf_clear(&der);
	}
}

static void
identifies_a_key_as_libcrypto_does(void **state)
{
	struct fixture *f = *state;
	X509 *x = oracle_cert(f, false);
	struct err e = { 0 };
	uint8_t id[20];

	assert_int_equal(
	    pki_key_id(f->ctx, pki_key_spki(f->key), id, &f->e), 0);
	assert_same(bytes_of(id, 20), X509_get0_subject_key_id(x));
	assert_int_equal(pki_key_id(f->ctx, BYTES_LIT("\x30\0"), id, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	X509_free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_fields_of_a_certificate),
		cmocka_unit_test(reads_a_version_1_certificate),
		cmocka_unit_test(verifies_a_certificate_by_its_issuers_key),
		cmocka_unit_test(keeps_a_fault_of_another_part_of_the_message),
		cmocka_unit_test(refuses_every_truncation_where_it_ends),
		cmocka_unit_test(survives_every_flipped_bit),
		cmocka_unit_test(writes_names_in_the_strings_they_need),
		cmocka_unit_test(makes_certificates_that_libcrypto_verifies),
		cmocka_unit_test(leaves_the_output_alone_when_it_cannot_sign),
		cmocka_unit_test(makes_crls_that_libcrypto_verifies),
		cmocka_unit_test(
		    writes_pem_that_libcrypto_reads_and_the_reverse),
		cmocka_unit_test(identifies_a_key_as_libcrypto_does),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_free);
}
