/* SPDX-License-Identifier: MIT */
/* The tables of object identifiers and algorithms against libcrypto's, and AlgorithmIdentifiers both ways. */
#include "test_pki_support.h"

static void
assert_octets_of(struct bytes oid, const char *dotted)
{
	ASN1_OBJECT *want = OBJ_txt2obj(dotted, 1);

	assert_non_null(want);
	assert_int_equal(oid.n, OBJ_length(want));
	assert_memory_equal(oid.p, OBJ_get0_data(want), oid.n);
	ASN1_OBJECT_free(want);
}

static void
holds_the_octets_of_every_identifier(void **state)
{
	size_t n = 0;
	const struct pki_oid_row *rows = pki_oid_table(&n);

	(void)state;
	assert_true(n > 40);
	for (size_t i = 0; i < n; i++) {
		print_message("  %s\n", rows[i].name);
		assert_octets_of(rows[i].oid, rows[i].dotted);
		for (size_t j = 0; j < i; j++)
			assert_false(bytes_eq(rows[i].oid, rows[j].oid));
	}
	assert_octets_of(pki_oid_challenge_password, "1.2.840.113549.1.9.7");
}

static void
knows_digests_by_their_identifiers(void **state)
{
	static const struct {
		enum pki_digest d;
		int nid, rsa_nid;
	} rows[] = {
		{ PKI_MD5, NID_md5, NID_md5WithRSAEncryption },
		{ PKI_SHA1, NID_sha1, NID_sha1WithRSAEncryption },
		{ PKI_SHA224, NID_sha224, NID_sha224WithRSAEncryption },
		{ PKI_SHA256, NID_sha256, NID_sha256WithRSAEncryption },
		{ PKI_SHA384, NID_sha384, NID_sha384WithRSAEncryption },
		{ PKI_SHA512, NID_sha512, NID_sha512WithRSAEncryption },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct pki_digest_row *row = pki_digest_row(rows[i].d);
		const ASN1_OBJECT *oid = OBJ_nid2obj(rows[i].nid);
		const ASN1_OBJECT *rsa = OBJ_nid2obj(rows[i].rsa_nid);

		assert_int_equal(row->oid.n, OBJ_length(oid));
		assert_memory_equal(row->oid.p, OBJ_get0_data(oid), row->oid.n);
		assert_int_equal(row->rsa_oid.n, OBJ_length(rsa));
		assert_memory_equal(
		    row->rsa_oid.p, OBJ_get0_data(rsa), row->rsa_oid.n);
		assert_int_equal(pki_digest_by_oid(row->oid), rows[i].d);
		assert_int_equal(row->size,
		    EVP_MD_get_size(EVP_get_digestbynid(rows[i].nid)));
	}
	assert_int_equal(pki_digest_by_oid(pki_oid_mgf1), PKI_DIGEST_UNKNOWN);
	assert_int_equal(
	    pki_digest_by_oid(bytes_of(NULL, 0)), PKI_DIGEST_UNKNOWN);
	assert_string_equal(
	    pki_digest_row((enum pki_digest)99)->name, "unknown");
}

static void
knows_ciphers_by_their_identifiers(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum pki_cipher c;
		int nid;
	} rows[] = {
		{ PKI_DES_CBC, NID_des_cbc },
		{ PKI_DES3_CBC, NID_des_ede3_cbc },
		{ PKI_AES128_CBC, NID_aes_128_cbc },
		{ PKI_AES192_CBC, NID_aes_192_cbc },
		{ PKI_AES256_CBC, NID_aes_256_cbc },
		{ PKI_AES128_GCM, NID_aes_128_gcm },
		{ PKI_AES192_GCM, NID_aes_192_gcm },
		{ PKI_AES256_GCM, NID_aes_256_gcm },
		{ PKI_BLOWFISH_CBC, NID_bf_cbc },
		{ PKI_RC2_CBC, NID_rc2_cbc },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		const struct pki_cipher_row *row = pki_cipher_row(rows[i].c);
		const ASN1_OBJECT *oid = OBJ_nid2obj(rows[i].nid);
		EVP_CIPHER *oracle =
		    EVP_CIPHER_fetch(f->oracle, row->name, NULL);

		print_message("  %s\n", row->name);
		assert_non_null(oracle);
		assert_int_equal(row->oid.n, OBJ_length(oid));
		assert_memory_equal(row->oid.p, OBJ_get0_data(oid), row->oid.n);
		assert_int_equal(pki_cipher_by_oid(row->oid), rows[i].c);
		assert_int_equal(
		    row->key_size, EVP_CIPHER_get_key_length(oracle));
		assert_int_equal(
		    row->iv_size, EVP_CIPHER_get_iv_length(oracle));
		assert_int_equal(
		    row->block_size, EVP_CIPHER_get_block_size(oracle));
		EVP_CIPHER_free(oracle);
	}
	assert_int_equal(pki_cipher_by_oid(pki_oid_mgf1), PKI_CIPHER_UNKNOWN);
	assert_string_equal(
	    pki_cipher_row((enum pki_cipher)99)->name, "unknown");
}

/* ---- AlgorithmIdentifiers ---- */

#define SHA256_ALG "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define SHA384_ALG "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02"
#define MGF1_SHA384 \
	"\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08" SHA384_ALG
#define PKCS1_OID "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"

static const struct {
	const char *sentence;
	struct bytes in;
	enum pki_padding padding;
	enum pki_digest digest, mgf1;
	int salt_len;
	const char *label;
	bool params;
	const char *why;
} algs[] = {
	{ "rsaEncryption with NULL", LIT("\x30\x0d" PKCS1_OID "\x01\x05\0"),
	    PKI_PKCS1, PKI_DIGEST_UNKNOWN, PKI_DIGEST_UNKNOWN, -1, "", true,
	    NULL },
	{ "rsaEncryption alone", LIT("\x30\x0b" PKCS1_OID "\x01"), PKI_PKCS1,
	    PKI_DIGEST_UNKNOWN, PKI_DIGEST_UNKNOWN, -1, "", false, NULL },
	{ "sha256WithRSAEncryption", LIT("\x30\x0d" PKCS1_OID "\x0b\x05\0"),
	    PKI_PKCS1, PKI_SHA256, PKI_DIGEST_UNKNOWN, -1, "", true, NULL },
	{ "md5WithRSAEncryption", LIT("\x30\x0d" PKCS1_OID "\x04\x05\0"),
	    PKI_PKCS1, PKI_MD5, PKI_DIGEST_UNKNOWN, -1, "", true, NULL },
	{ "sha1WithRSA of the OIW",
	    LIT("\x30\x09\x06\x05\x2b\x0e\x03\x02\x1d\x05\0"), PKI_PKCS1,
	    PKI_SHA1, PKI_DIGEST_UNKNOWN, -1, "", true, NULL },
	{ "ecdsa-with-SHA384",
	    LIT("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"), PKI_ECDSA,
	    PKI_SHA384, PKI_DIGEST_UNKNOWN, -1, "", false, NULL },
	{ "PSS without parameters", LIT("\x30\x0b" PKCS1_OID "\x0a"), PKI_PSS,
	    PKI_SHA1, PKI_SHA1, 20, "", false, NULL },
	{ "PSS with empty parameters", LIT("\x30\x0d" PKCS1_OID "\x0a\x30\0"),
	    PKI_PSS, PKI_SHA1, PKI_SHA1, 20, "", true, NULL },
	{ "PSS with a digest, a mask and a salt",
	    LIT("\x30\x3d" PKCS1_OID "\x0a\x30\x30\xa0\x0d" SHA256_ALG
		"\xa1\x1a" MGF1_SHA384 "\xa2\x03\x02\x01\x30"),
	    PKI_PSS, PKI_SHA256, PKI_SHA384, 48, "", true, NULL },
	{ "PSS with another trailer",
	    LIT("\x30\x12" PKCS1_OID "\x0a\x30\x05\xa3\x03\x02\x01\x02"),
	    PKI_PADDING_UNKNOWN, PKI_SHA1, PKI_SHA1, 20, "", true, NULL },
	{ "PSS with a negative salt",
	    LIT("\x30\x12" PKCS1_OID "\x0a\x30\x05\xa2\x03\x02\x01\xff"),
	    PKI_PADDING_UNKNOWN, PKI_SHA1, PKI_SHA1, -1, "", true, NULL },
	{ "OAEP with empty parameters", LIT("\x30\x0d" PKCS1_OID "\x07\x30\0"),
	    PKI_OAEP, PKI_SHA1, PKI_SHA1, -1, "", true, NULL },
	{ "OAEP with a digest and a label",
	    LIT("\x30\x2e" PKCS1_OID "\x07\x30\x21\xa0\x0d" SHA256_ALG
		"\xa2\x10\x30\x0e" PKCS1_OID "\x09\x04\x01x"),
	    PKI_OAEP, PKI_SHA256, PKI_SHA1, -1, "x", true, NULL },
	{ "an unknown algorithm", LIT("\x30\x05\x06\x03\x55\x04\x03"),
	    PKI_PADDING_UNKNOWN, PKI_DIGEST_UNKNOWN, PKI_DIGEST_UNKNOWN, -1, "",
	    false, NULL },
	{ "something behind the parameters",
	    LIT("\x30\x0f" PKCS1_OID "\x01\x05\0\x05\0"), PKI_PKCS1,
	    PKI_DIGEST_UNKNOWN, PKI_DIGEST_UNKNOWN, -1, "", true,
	    "unexpected bytes" },
};

static void
reads_signature_and_transport_algorithms(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(algs); i++) {
		struct asn1_fault fault = { 0 };
		struct asn1_reader r;
		struct pki_alg alg;

		print_message("  %s\n", algs[i].sentence);
		asn1_open(&r, algs[i].in, &fault);
		assert_true(pki_alg_read(&r, &alg));
		assert_int_equal(alg.padding, algs[i].padding);
		assert_int_equal(alg.digest, algs[i].digest);
		assert_int_equal(alg.mgf1, algs[i].mgf1);
		assert_int_equal(alg.salt_len, algs[i].salt_len);
		assert_true(bytes_eq(alg.label, bytes_str(algs[i].label)));
		assert_int_equal(alg.params.p != NULL, algs[i].params);
		assert_true(bytes_eq(alg.whole, algs[i].in));
		if (algs[i].why == NULL)
			assert_null(fault.why);
		else
			assert_string_equal(fault.why, algs[i].why);
	}
}

static void
refuses_what_is_no_algorithm_identifier(void **state)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct pki_alg alg;

	(void)state;
	asn1_open(&r, BYTES_LIT("\x30\x02\x05\0"), &fault);
	assert_false(pki_alg_read(&r, &alg));
	assert_string_equal(fault.why, "expected an OBJECT IDENTIFIER");
	assert_int_equal(fault.at, 2);
}

/* Our own writers, read by libcrypto. */
static void
assert_alg(struct asn1_writer *w, int nid, int param_type)
{
	struct bytes der = asn1_written(w);
	const unsigned char *p = der.p;
	X509_ALGOR *got = d2i_X509_ALGOR(NULL, &p, (long)der.n);
	const ASN1_OBJECT *oid = NULL;
	const void *value = NULL;
	int type = 0;

	assert_non_null(got);
	assert_ptr_equal(p, der.p + der.n);
	X509_ALGOR_get0(&oid, &type, &value, got);
	assert_int_equal(OBJ_obj2nid(oid), nid);
	assert_int_equal(type, param_type);
	X509_ALGOR_free(got);
}

static void
writes_algorithms_that_libcrypto_reads(void **state)
{
	static const uint8_t iv[16] = { 1, 2, 3 };
	uint8_t room[64];
	struct asn1_writer w;

	(void)state;
	asn1_write_into(&w, room, sizeof(room));
	pki_put_digest_alg(&w, PKI_SHA384);
	assert_alg(&w, NID_sha384, V_ASN1_NULL);
	asn1_write_into(&w, room, sizeof(room));
	pki_put_rsa_sign_alg(&w, PKI_SHA1);
	assert_alg(&w, NID_sha1WithRSAEncryption, V_ASN1_NULL);
	asn1_write_into(&w, room, sizeof(room));
	pki_put_rsa_alg(&w);
	assert_alg(&w, NID_rsaEncryption, V_ASN1_NULL);
	asn1_write_into(&w, room, sizeof(room));
	pki_put_oaep_alg(&w);
	assert_alg(&w, NID_rsaesOaep, V_ASN1_SEQUENCE);
	asn1_write_into(&w, room, sizeof(room));
	pki_put_cipher_alg(&w, PKI_AES256_CBC, bytes_of(iv, 16));
	assert_alg(&w, NID_aes_256_cbc, V_ASN1_OCTET_STRING);
	asn1_write_into(&w, room, sizeof(room));
	pki_put_cipher_alg(&w, PKI_AES128_GCM, bytes_of(iv, 12));
	assert_alg(&w, NID_aes_128_gcm, V_ASN1_SEQUENCE);
}

#define RC2_OID "\x06\x08\x2a\x86\x48\x86\xf7\x0d\x03\x02"
#define GCM_OID "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x06"

static void
reads_content_ciphers_with_their_parameters(void **state)
{
	static const struct {
		const char *sentence;
		struct bytes in;
		enum pki_cipher cipher;
		const char *iv;
		size_t tag_len;
		int rc2_bits;
	} rows[] = {
		{ "DES with its vector",
		    LIT("\x30\x11\x06\x05\x2b\x0e\x03\x02\x07\x04\x08"
			"abcdefgh"),
		    PKI_DES_CBC, "abcdefgh", 0, 0 },
		{ "RC2 with 128 bits",
		    LIT("\x30\x19" RC2_OID "\x30\x0d\x02\x01\x3a\x04\x08"
			"abcdefgh"),
		    PKI_RC2_CBC, "abcdefgh", 0, 128 },
		{ "RC2 with 40 bits",
		    LIT("\x30\x1a" RC2_OID "\x30\x0e\x02\x02\0\xa0\x04\x08"
			"abcdefgh"),
		    PKI_RC2_CBC, "abcdefgh", 0, 40 },
		{ "RC2 without a version",
		    LIT("\x30\x14" RC2_OID "\x04\x08"
			"abcdefgh"),
		    PKI_RC2_CBC, "abcdefgh", 0, 32 },
		{ "RC2 with an unknown version",
		    LIT("\x30\x19" RC2_OID "\x30\x0d\x02\x01\x07\x04\x08"
			"abcdefgh"),
		    PKI_RC2_CBC, "abcdefgh", 0, 0 },
		{ "GCM with the default tag",
		    LIT("\x30\x1b" GCM_OID "\x30\x0e\x04\x0c"
			"abcdefghijkl"),
		    PKI_AES128_GCM, "abcdefghijkl", 12, 0 },
		{ "GCM with a tag of 16",
		    LIT("\x30\x1e" GCM_OID "\x30\x11\x04\x0c"
			"abcdefghijkl"
			"\x02\x01\x10"),
		    PKI_AES128_GCM, "abcdefghijkl", 16, 0 },
		{ "an unknown cipher", LIT("\x30\x05\x06\x03\x55\x04\x03"),
		    PKI_CIPHER_UNKNOWN, "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct asn1_fault fault = { 0 };
		struct asn1_reader r;
		struct pki_cipher_alg alg;

		print_message("  %s\n", rows[i].sentence);
		asn1_open(&r, rows[i].in, &fault);
		assert_true(pki_cipher_alg_read(&r, &alg));
		assert_null(fault.why);
		assert_int_equal(alg.cipher, rows[i].cipher);
		assert_true(bytes_eq(alg.iv, bytes_str(rows[i].iv)));
		assert_int_equal(alg.tag_len, rows[i].tag_len);
		assert_int_equal(alg.rc2_bits, rows[i].rc2_bits);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_the_octets_of_every_identifier),
		cmocka_unit_test(knows_digests_by_their_identifiers),
		cmocka_unit_test(knows_ciphers_by_their_identifiers),
		cmocka_unit_test(reads_signature_and_transport_algorithms),
		cmocka_unit_test(refuses_what_is_no_algorithm_identifier),
		cmocka_unit_test(writes_algorithms_that_libcrypto_reads),
		cmocka_unit_test(reads_content_ciphers_with_their_parameters),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_free);
}
