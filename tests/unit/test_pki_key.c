/* SPDX-License-Identifier: MIT */
/* Keys and signatures against libcrypto doing the other half. */
#include "test_pki_support.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

static const struct bytes text = LIT("the quick brown fox jumps over it");

/* ---- keys ---- */

static void
reads_public_keys_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	const struct {
		EVP_PKEY *pkey;
		bool rsa;
		unsigned bits;
	} rows[] = { { f->rsa, true, 2048 }, { f->ec, false, 256 } };

	for (size_t i = 0; i < nitems(rows); i++) {
		struct pki_key *key = public_of(f, rows[i].pkey);
		unsigned char *der = NULL;
		int n = i2d_PUBKEY(rows[i].pkey, &der);

		assert_int_equal(pki_key_is_rsa(key), rows[i].rsa);
		assert_int_equal(pki_key_bits(key), rows[i].bits);
		assert_int_equal(pki_key_spki(key).n, n);
		assert_memory_equal(pki_key_spki(key).p, der, (size_t)n);
		OPENSSL_free(der);
		pki_key_free(key);
	}
}

/* An RSA SubjectPublicKeyInfo of any two numbers, written by libcrypto. */
static struct bytes
spki_of(const BIGNUM *n, const BIGNUM *e, unsigned char **der)
{
	ASN1_INTEGER *in = BN_to_ASN1_INTEGER(n, NULL);
	ASN1_INTEGER *ie = BN_to_ASN1_INTEGER(e, NULL);
	unsigned char *inner = NULL, *p = NULL;
	int len = i2d_ASN1_INTEGER(in, NULL) + i2d_ASN1_INTEGER(ie, NULL);
	int total = ASN1_object_size(1, len, V_ASN1_SEQUENCE);
	X509_PUBKEY *pub = X509_PUBKEY_new();

	inner = OPENSSL_malloc((size_t)total);
	p = inner;
	ASN1_put_object(&p, 1, len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	i2d_ASN1_INTEGER(in, &p);
	i2d_ASN1_INTEGER(ie, &p);
	assert_int_equal(
	    X509_PUBKEY_set0_param(pub, OBJ_nid2obj(NID_rsaEncryption),
		V_ASN1_NULL, NULL, inner, total),
	    1);
	*der = NULL;
	int n_der = i2d_X509_PUBKEY(pub, der);

	assert_true(n_der > 0);
	X509_PUBKEY_free(pub);
	ASN1_INTEGER_free(in);
	ASN1_INTEGER_free(ie);
	ERR_clear_error();
	return bytes_of(*der, (size_t)n_der);
}

static void
refuses_rsa_numbers_beyond_the_limits(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *why; /* NULL: taken */
		int n_bits, e_bits;
		int n_low, e_low; /* added to the power of two */
		bool negative;
	} rows[] = {
		{ NULL, 512, 17, 1, 1, false },
		{ "an RSA modulus of less than 512 bits", 511, 17, 1, 1,
		    false },
		{ NULL, 16384, 17, 1, 1, false },
		{ "an RSA modulus of more than 16384 bits", 16385, 17, 1, 1,
		    false },
		{ NULL, 1024, 64, 1, 1, false },
		{ "an RSA exponent of more than 64 bits", 1024, 65, 1, 1,
		    false },
		{ NULL, 1024, 2, 1, 1, false },
		{ "an RSA exponent that is even or 1", 1024, 1, 1, 0, false },
		{ "an RSA exponent that is even or 1", 1024, 17, 1, 0, false },
		{ "an RSA modulus that is even", 1024, 17, 0, 1, false },
		{ "an RSA number that is not positive", 1024, 17, 1, 1, true },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		BIGNUM *n = BN_new(), *e = BN_new();
		unsigned char *der = NULL;
		struct pki_key *key = NULL;
		const char *why = NULL;

		BN_set_bit(n, rows[i].n_bits - 1);
		BN_add_word(n, (BN_ULONG)rows[i].n_low);
		BN_set_negative(n, rows[i].negative);
		BN_set_bit(e, rows[i].e_bits - 1);
		BN_add_word(e, (BN_ULONG)rows[i].e_low);
		struct bytes spki = spki_of(n, e, &der);
		int rc = pki_key_from_spki(&key, f->ctx, spki, &why, &f->e);

		print_message("  %d, %d\n", rows[i].n_bits, rows[i].e_bits);
		assert_int_equal(rc, rows[i].why == NULL);
		if (rc == 1) {
			assert_int_equal(pki_key_bits(key), rows[i].n_bits);
		} else {
			assert_null(key);
			assert_string_equal(why, rows[i].why);
		}
		pki_key_free(key);
		OPENSSL_free(der);
		BN_free(n);
		BN_free(e);
	}
}

static void
says_why_a_public_key_cannot_be_used(void **state)
{
	struct fixture *f = *state;
	static const struct {
		struct bytes in;
		const char *why;
	} rows[] = {
		{ LIT(""), "not a SubjectPublicKeyInfo" },
		{ LIT("\x30\x00"), "not a SubjectPublicKeyInfo" },
		{ LIT("\x30\x0b\x30\x05\x06\x03\x55\x04\x03\x03\x02\0x"),
		    "a public key of a kind that libcrypto does not take" },
		{ LIT("\x30\x11\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01"
		      "\x01\x01\x03\x02\0x"),
		    "not an RSAPublicKey" },
		{ LIT("\x30\x11\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01"
		      "\x01\x01\x03\x02\x01x"),
		    "not a SubjectPublicKeyInfo" },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		struct pki_key *key = NULL;
		const char *why = NULL;

		assert_int_equal(
		    pki_key_from_spki(&key, f->ctx, rows[i].in, &why, &f->e),
		    0);
		assert_null(key);
		assert_string_equal(why, rows[i].why);
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static void
generates_keys_that_libcrypto_finds_sound(void **state)
{
	struct fixture *f = *state;
	static const unsigned sizes[] = { 512, 1023, 1024, 2048 };

	for (size_t i = 0; i < nitems(sizes); i++) {
		struct pki_key *key = NULL;
		struct buf pem;

		buf_init(&pem, 1 << 16);
		assert_int_equal(
		    pki_key_generate(&key, f->lib, sizes[i], &f->e), 0);
		assert_int_equal(pki_key_bits(key), sizes[i]);
		assert_int_equal(pki_key_to_pem(key, &pem, &f->e), 0);
		BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
		EVP_PKEY *oracle = PEM_read_bio_PrivateKey_ex(
		    b, NULL, NULL, NULL, f->oracle, NULL);

		assert_non_null(oracle);
		assert_int_equal(EVP_PKEY_get_bits(oracle), sizes[i]);
		EVP_PKEY_CTX *x =
		    EVP_PKEY_CTX_new_from_pkey(f->oracle, oracle, NULL);

		assert_int_equal(EVP_PKEY_pairwise_check(x), 1);
		/* libcrypto's full check wants 2048 bits */
		if (sizes[i] >= 2048)
			assert_int_equal(EVP_PKEY_check(x), 1);
		EVP_PKEY_CTX_free(x);
		EVP_PKEY_free(oracle);
		BIO_free(b);
		buf_clear(&pem);
		pki_key_free(key);
	}
	ERR_clear_error();
}

static void
refuses_to_generate_sizes_out_of_range(void **state)
{
	struct fixture *f = *state;
	struct pki_key *key = NULL;
	struct err e = { 0 };

	assert_int_equal(pki_key_generate(&key, f->lib, 511, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_string_equal(
	    e.text, "an RSA key of 511 bits; 512 to 16384 are possible");
	err_clear(&e);
	assert_int_equal(pki_key_generate(&key, f->lib, 16385, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_null(key);
}

static void
refuses_pem_that_holds_no_plain_private_key(void **state)
{
	struct fixture *f = *state;
	BIO *b = BIO_new(BIO_s_mem());
	struct pki_key *key = NULL;
	struct err e = { 0 };
	char *pem = NULL, secret[] = "secret";

	EVP_CIPHER *aes = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
			     b, f->rsa, aes, secret, 6, NULL, NULL),
	    1);
	long n = BIO_get_mem_data(b, &pem);

	assert_int_equal(
	    pki_key_from_pem(&key, f->lib, bytes_of(pem, (size_t)n), &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_memory_equal(e.text, "no unencrypted private key in PEM", 33);
	err_clear(&e);
	assert_int_equal(
	    pki_key_from_pem(&key, f->lib, BYTES_LIT("nothing"), &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_null(key);
	assert_int_equal(ERR_peek_error(), 0);
	EVP_CIPHER_free(aes);
	BIO_free(b);
}

/* ---- digests and signatures ---- */

static void
digests_as_libcrypto_does(void **state)
{
	struct fixture *f = *state;

	for (unsigned d = PKI_MD5; d < PKI_DIGESTS; d++) {
		uint8_t got[PKI_DIGEST_MAX], want[EVP_MAX_MD_SIZE];
		size_t n = 0, m = 0;

		assert_int_equal(pki_digest(f->ctx, (enum pki_digest)d, text,
				     got, &n, &f->e),
		    0);
		assert_int_equal(EVP_Q_digest(f->oracle,
				     pki_digest_row((enum pki_digest)d)->name,
				     NULL, text.p, text.n, want, &m),
		    1);
		assert_int_equal(n, m);
		assert_memory_equal(got, want, n);
	}
}

/* A signature by libcrypto. */
static size_t
oracle_sign(struct fixture *f, EVP_PKEY *pkey, const char *md, bool pss,
    int salt, uint8_t *room, size_t cap)
{
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p = NULL;
	size_t n = cap;

	assert_int_equal(
	    EVP_DigestSignInit_ex(x, &p, md, f->oracle, NULL, pkey, NULL), 1);
	if (pss) {
		assert_true(
		    EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) > 0);
		assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(p, salt) > 0);
	}
	assert_int_equal(EVP_DigestSign(x, room, &n, text.p, text.n), 1);
	EVP_MD_CTX_free(x);
	return n;
}

static int
verify(struct fixture *f, struct pki_key *key, const struct pki_alg *alg,
    enum pki_digest fallback, struct bytes sig)
{
	int rc = pki_verify(f->ctx, key, alg, fallback, text, sig, &f->e);

	assert_int_equal(ERR_peek_error(), 0);
	return rc;
}

static void
verifies_what_libcrypto_signed(void **state)
{
	struct fixture *f = *state;
	struct pki_key *rsa = public_of(f, f->rsa), *ec = public_of(f, f->ec);
	uint8_t sig[512];

	for (unsigned i = PKI_MD5; i < PKI_DIGESTS; i++) {
		enum pki_digest d = (enum pki_digest)i;
		const char *md = pki_digest_row(d)->name;
		struct pki_alg alg = {
			.padding = PKI_PKCS1, .digest = d, .salt_len = -1
		};

		print_message("  %s\n", md);
		size_t n =
		    oracle_sign(f, f->rsa, md, false, 0, sig, sizeof(sig));

		assert_int_equal(
		    verify(f, rsa, &alg, PKI_DIGEST_UNKNOWN, bytes_of(sig, n)),
		    1);
		/* rsaEncryption names no digest */
		alg.digest = PKI_DIGEST_UNKNOWN;
		assert_int_equal(verify(f, rsa, &alg, d, bytes_of(sig, n)), 1);
		assert_int_equal(
		    verify(f, rsa, &alg, PKI_DIGEST_UNKNOWN, bytes_of(sig, n)),
		    0);
		assert_int_equal(verify(f, ec, &alg, d, bytes_of(sig, n)), 0);
		alg.padding = PKI_ECDSA;
		assert_int_equal(verify(f, rsa, &alg, d, bytes_of(sig, n)), 0);
		n = oracle_sign(f, f->ec, md, false, 0, sig, sizeof(sig));
		assert_int_equal(verify(f, ec, &alg, d, bytes_of(sig, n)), 1);
		sig[n - 1] ^= 1;
		assert_int_equal(verify(f, ec, &alg, d, bytes_of(sig, n)), 0);
	}
	pki_key_free(rsa);
	pki_key_free(ec);
}

static void
verifies_pss_with_the_salt_that_is_stated(void **state)
{
	struct fixture *f = *state;
	uint8_t sig[512];
	struct pki_alg alg = { .padding = PKI_PSS,
		.digest = PKI_SHA256,
		.mgf1 = PKI_SHA256,
		.salt_len = 20 };
	size_t n = oracle_sign(f, f->rsa, "SHA256", true, 20, sig, sizeof(sig));

	assert_int_equal(
	    verify(f, f->key, &alg, PKI_DIGEST_UNKNOWN, bytes_of(sig, n)), 1);
	alg.salt_len = 32;
	assert_int_equal(
	    verify(f, f->key, &alg, PKI_DIGEST_UNKNOWN, bytes_of(sig, n)), 0);
	alg.salt_len = 20;
	alg.mgf1 = PKI_SHA1;
	assert_int_equal(
	    verify(f, f->key, &alg, PKI_DIGEST_UNKNOWN, bytes_of(sig, n)), 0);
	alg.mgf1 = PKI_DIGEST_UNKNOWN;
	assert_int_equal(
	    verify(f, f->key, &alg, PKI_DIGEST_UNKNOWN, bytes_of(sig, n)), 0);
}

static void
verifies_small_keys_with_old_digests(void **state)
{
	struct fixture *f = *state;
	static const struct {
		size_t bits;
		enum pki_digest d;
	} rows[] = { { 512, PKI_MD5 }, { 512, PKI_SHA1 }, { 512, PKI_SHA256 },
		{ 1024, PKI_MD5 }, { 1024, PKI_SHA512 } };

	for (size_t i = 0; i < nitems(rows); i++) {
		EVP_PKEY *pkey =
		    EVP_PKEY_Q_keygen(f->oracle, NULL, "RSA", rows[i].bits);
		struct pki_key *key = public_of(f, pkey);
		uint8_t sig[128];
		struct pki_alg alg = { .padding = PKI_PKCS1,
			.digest = rows[i].d };
		size_t n = oracle_sign(f, pkey, pki_digest_row(rows[i].d)->name,
		    false, 0, sig, sizeof(sig));

		assert_int_equal(
		    verify(f, key, &alg, PKI_DIGEST_UNKNOWN, bytes_of(sig, n)),
		    1);
		pki_key_free(key);
		EVP_PKEY_free(pkey);
	}
}

static void
tells_a_bad_signature_from_our_own_failure(void **state)
{
	struct fixture *f = *state;
	uint8_t sig[600] = { 0 };
	struct pki_alg alg = { .padding = PKI_PKCS1, .digest = PKI_SHA256 };
	static const size_t sizes[] = { 0, 1, 255, 256, 257, 600 };

	for (size_t i = 0; i < nitems(sizes); i++)
		assert_int_equal(verify(f, f->key, &alg, PKI_DIGEST_UNKNOWN,
				     bytes_of(sig, sizes[i])),
		    0);
	alg.padding = PKI_OAEP;
	assert_int_equal(
	    verify(f, f->key, &alg, PKI_SHA256, bytes_of(sig, 256)), 0);
	assert_int_equal(f->e.code, ERR_NONE);
}

static void
signs_what_libcrypto_verifies(void **state)
{
	struct fixture *f = *state;
	static const enum pki_padding paddings[] = { PKI_PKCS1, PKI_PSS };

	for (size_t i = 0; i < nitems(paddings); i++) {
		struct buf sig;
		EVP_MD_CTX *x = EVP_MD_CTX_new();
		EVP_PKEY_CTX *p = NULL;

		buf_init(&sig, 4096);
		buf_add_str(&sig, "before");
		assert_int_equal(pki_sign(f->ctx, f->key, PKI_SHA256,
				     paddings[i], text, &sig, &f->e),
		    0);
		assert_int_equal(sig.n, 6 + 256);
		assert_int_equal(EVP_DigestVerifyInit_ex(x, &p, "SHA256",
				     f->oracle, NULL, f->rsa, NULL),
		    1);
		if (paddings[i] == PKI_PSS) {
			EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING);
			EVP_PKEY_CTX_set_rsa_pss_saltlen(p, 32);
		}
		assert_int_equal(
		    EVP_DigestVerify(x, sig.p + 6, 256, text.p, text.n), 1);
		EVP_MD_CTX_free(x);
		buf_clear(&sig);
	}
}

static void
leaves_the_output_alone_when_signing_fails(void **state)
{
	struct fixture *f = *state;
	struct pki_key *public = public_of(f, f->rsa);
	struct err e = { 0 };
	struct buf sig;

	buf_init(&sig, 4096);
	buf_add_str(&sig, "before");
	assert_int_equal(
	    pki_sign(f->ctx, public, PKI_SHA256, PKI_PKCS1, text, &sig, &e),
	    -1);
	assert_int_equal(e.code, ERR_CRYPTO);
	assert_string_equal(buf_str(&sig), "before");
	assert_int_equal(ERR_peek_error(), 0);
	buf_clear(&sig);
	pki_key_free(public);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_public_keys_byte_for_byte),
		cmocka_unit_test(refuses_rsa_numbers_beyond_the_limits),
		cmocka_unit_test(says_why_a_public_key_cannot_be_used),
		cmocka_unit_test(generates_keys_that_libcrypto_finds_sound),
		cmocka_unit_test(refuses_to_generate_sizes_out_of_range),
		cmocka_unit_test(refuses_pem_that_holds_no_plain_private_key),
		cmocka_unit_test(digests_as_libcrypto_does),
		cmocka_unit_test(verifies_what_libcrypto_signed),
		cmocka_unit_test(verifies_pss_with_the_salt_that_is_stated),
		cmocka_unit_test(verifies_small_keys_with_old_digests),
		cmocka_unit_test(tells_a_bad_signature_from_our_own_failure),
		cmocka_unit_test(signs_what_libcrypto_verifies),
		cmocka_unit_test(leaves_the_output_alone_when_signing_fails),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_free);
}
