/* SPDX-License-Identifier: MIT */
/* Content ciphers both ways against libcrypto, and what a bad message gets told. */
#include "test_pki_support.h"

static const char *const names[PKI_CIPHERS] = {
	[PKI_DES_CBC] = "DES-CBC",
	[PKI_DES3_CBC] = "DES-EDE3-CBC",
	[PKI_AES128_CBC] = "AES-128-CBC",
	[PKI_AES192_CBC] = "AES-192-CBC",
	[PKI_AES256_CBC] = "AES-256-CBC",
	[PKI_AES128_GCM] = "AES-128-GCM",
	[PKI_AES192_GCM] = "AES-192-GCM",
	[PKI_AES256_GCM] = "AES-256-GCM",
	[PKI_BLOWFISH_CBC] = "BF-CBC",
	[PKI_RC2_CBC] = "RC2-CBC",
};

static const uint8_t key_bytes[56] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const uint8_t iv_bytes[16] = "ABCDEFGHIJKLMNO";
static const uint8_t plain_bytes[64] = "the quick brown fox jumps over it";

static bool
is_gcm(enum pki_cipher c)
{
	return pki_cipher_row(c)->block_size == 1;
}

/* By libcrypto, with the key length and RC2 bits that are asked for. */
static size_t
oracle_encrypt(struct fixture *f, enum pki_cipher c, size_t key_size,
    int rc2_bits, size_t n, uint8_t *room)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(f->oracle, names[c], NULL);
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
	int head = 0, tail = 0;

	assert_int_equal(EVP_EncryptInit_ex2(x, cipher, NULL, NULL, NULL), 1);
	if (c == PKI_BLOWFISH_CBC || c == PKI_RC2_CBC)
		assert_int_equal(
		    EVP_CIPHER_CTX_set_key_length(x, (int)key_size), 1);
	if (rc2_bits != 0)
		assert_int_equal(EVP_CIPHER_CTX_ctrl(x,
				     EVP_CTRL_SET_RC2_KEY_BITS, rc2_bits, NULL),
		    1);
	assert_int_equal(
	    EVP_EncryptInit_ex2(x, NULL, key_bytes, iv_bytes, NULL), 1);
	assert_int_equal(
	    EVP_EncryptUpdate(x, room, &head, plain_bytes, (int)n), 1);
	assert_int_equal(EVP_EncryptFinal_ex(x, room + head, &tail), 1);
	size_t total = (size_t)(head + tail);

	if (is_gcm(c)) {
		assert_int_equal(EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_GET_TAG,
				     16, room + total),
		    1);
		total += 16;
	}
	EVP_CIPHER_CTX_free(x);
	EVP_CIPHER_free(cipher);
	return total;
}

static struct pki_cipher_alg
alg_of(enum pki_cipher c)
{
	return (struct pki_cipher_alg){ .cipher = c,
		.iv = bytes_of(iv_bytes, pki_cipher_row(c)->iv_size),
		.tag_len = is_gcm(c) ? 16 : 0,
		.rc2_bits = c == PKI_RC2_CBC ? 128 : 0 };
}

static int
decrypt(struct fixture *f, const struct pki_cipher_alg *alg, size_t key_size,
    struct bytes cipher, uint8_t *room, size_t *n, const char **why)
{
	int rc = pki_decrypt(f->ctx, alg, bytes_of(key_bytes, key_size), cipher,
	    room, n, why, &f->e);

	assert_int_equal(ERR_peek_error(), 0);
	assert_int_equal(f->e.code, ERR_NONE);
	return rc;
}

static void
decrypts_what_libcrypto_encrypted(void **state)
{
	struct fixture *f = *state;
	static const size_t sizes[] = { 0, 1, 7, 8, 15, 16, 17, 64 };

	for (unsigned i = PKI_DES_CBC; i < PKI_CIPHERS; i++) {
		enum pki_cipher c = (enum pki_cipher)i;
		struct pki_cipher_alg alg = alg_of(c);

		print_message("  %s\n", names[c]);
		for (size_t s = 0; s < nitems(sizes); s++) {
			uint8_t sealed[128], room[160];
			const char *why = NULL;
			size_t got = 4711;
			size_t key = pki_cipher_row(c)->key_size;
			size_t n =
			    oracle_encrypt(f, c, key, 0, sizes[s], sealed);

			assert_int_equal(
			    decrypt(f, &alg, key, bytes_of(sealed, n), room,
				&got, &why),
			    1);
			assert_int_equal(got, sizes[s]);
			assert_memory_equal(room, plain_bytes, got);
		}
	}
}

static void
encrypts_as_libcrypto_does(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = PKI_DES_CBC; i < PKI_CIPHERS; i++) {
		enum pki_cipher c = (enum pki_cipher)i;
		const struct pki_cipher_row *row = pki_cipher_row(c);
		uint8_t want[128];
		struct buf out;

		buf_init(&out, 4096);
		buf_add_str(&out, "x");
		assert_int_equal(
		    pki_encrypt(f->ctx, c, bytes_of(key_bytes, row->key_size),
			bytes_of(iv_bytes, row->iv_size),
			bytes_of(plain_bytes, 33), &out, &f->e),
		    0);
		size_t n = oracle_encrypt(f, c, row->key_size, 0, 33, want);

		assert_int_equal(out.n, 1 + n);
		assert_memory_equal(out.p + 1, want, n);
		buf_clear(&out);
	}
}

static void
refuses_to_encrypt_with_what_does_not_fit(void **state)
{
	struct fixture *f = *state;
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, 4096);
	assert_int_equal(
	    pki_encrypt(f->ctx, PKI_AES128_CBC, bytes_of(key_bytes, 15),
		bytes_of(iv_bytes, 16), bytes_of(plain_bytes, 1), &out, &e),
	    -1);
	err_clear(&e);
	assert_int_equal(
	    pki_encrypt(f->ctx, PKI_AES128_CBC, bytes_of(key_bytes, 16),
		bytes_of(iv_bytes, 8), bytes_of(plain_bytes, 1), &out, &e),
	    -1);
	assert_int_equal(e.code, ERR_CRYPTO);
	assert_int_equal(out.n, 0);
	buf_clear(&out);
}

static void
takes_other_key_lengths_where_the_cipher_does(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum pki_cipher c;
		size_t key;
		int rc2_bits;
	} rows[] = { { PKI_BLOWFISH_CBC, 5, 0 }, { PKI_BLOWFISH_CBC, 56, 0 },
		{ PKI_RC2_CBC, 5, 40 }, { PKI_RC2_CBC, 16, 40 },
		{ PKI_RC2_CBC, 8, 64 } };

	for (size_t i = 0; i < nitems(rows); i++) {
		struct pki_cipher_alg alg = alg_of(rows[i].c);
		uint8_t sealed[128], room[160];
		const char *why = NULL;
		size_t got = 0;
		size_t n = oracle_encrypt(
		    f, rows[i].c, rows[i].key, rows[i].rc2_bits, 20, sealed);

		alg.rc2_bits = rows[i].rc2_bits;
		assert_int_equal(decrypt(f, &alg, rows[i].key,
				     bytes_of(sealed, n), room, &got, &why),
		    1);
		assert_int_equal(got, 20);
		assert_memory_equal(room, plain_bytes, 20);
	}
}

static void
takes_a_shorter_tag(void **state)
{
	struct fixture *f = *state;
	struct pki_cipher_alg alg = alg_of(PKI_AES128_GCM);
	uint8_t sealed[128], room[160];
	const char *why = NULL;
	size_t got = 0;
	size_t n = oracle_encrypt(f, PKI_AES128_GCM, 16, 0, 20, sealed);

	alg.tag_len = 12;
	assert_int_equal(
	    decrypt(f, &alg, 16, bytes_of(sealed, n - 4), room, &got, &why), 1);
	assert_int_equal(got, 20);
}

static void
says_why_content_cannot_be_decrypted(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *why;
		enum pki_cipher c;
		size_t key, iv, tag;
		int rc2_bits;
		size_t n; /* of ciphertext that is all zeros */
	} rows[] = {
		{ "a content cipher that is not known", PKI_CIPHER_UNKNOWN, 16,
		    16, 0, 0, 16 },
		{ "a content key of the wrong length", PKI_AES128_CBC, 15, 16,
		    0, 0, 16 },
		{ "a content key of the wrong length", PKI_DES3_CBC, 16, 8, 0,
		    0, 16 },
		{ "a content key of the wrong length", PKI_BLOWFISH_CBC, 3, 8,
		    0, 0, 16 },
		{ "a content key of the wrong length", PKI_RC2_CBC, 0, 8, 0,
		    128, 16 },
		{ "an initialisation vector of the wrong length",
		    PKI_AES128_CBC, 16, 15, 0, 0, 16 },
		{ "encrypted content that is not whole blocks", PKI_AES128_CBC,
		    16, 16, 0, 0, 0 },
		{ "encrypted content that is not whole blocks", PKI_AES128_CBC,
		    16, 16, 0, 0, 17 },
		{ "the padding of the decrypted content is wrong",
		    PKI_AES128_CBC, 16, 16, 0, 0, 16 },
		{ "an RC2 version that is not known", PKI_RC2_CBC, 16, 8, 0, 0,
		    16 },
		{ "an authentication tag of impossible length", PKI_AES128_GCM,
		    16, 12, 17, 0, 32 },
		{ "an authentication tag of impossible length", PKI_AES128_GCM,
		    16, 12, 3, 0, 32 },
		{ "a nonce of impossible length", PKI_AES128_GCM, 16, 0, 16, 0,
		    32 },
		{ "encrypted content shorter than its tag", PKI_AES128_GCM, 16,
		    12, 16, 0, 15 },
		{ "the authentication tag does not hold", PKI_AES128_GCM, 16,
		    12, 16, 0, 16 },
	};
	static const uint8_t zeros[64];

	for (size_t i = 0; i < nitems(rows); i++) {
		struct pki_cipher_alg alg = { .cipher = rows[i].c,
			.iv = bytes_of(iv_bytes, rows[i].iv),
			.tag_len = rows[i].tag,
			.rc2_bits = rows[i].rc2_bits };
		uint8_t room[160];
		const char *why = NULL;
		size_t got = 4711;

		print_message("  %s\n", rows[i].why);
		assert_int_equal(
		    decrypt(f, &alg, rows[i].key, bytes_of(zeros, rows[i].n),
			room, &got, &why),
		    0);
		assert_string_equal(why, rows[i].why);
		assert_int_equal(got, 4711);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decrypts_what_libcrypto_encrypted),
		cmocka_unit_test(encrypts_as_libcrypto_does),
		cmocka_unit_test(refuses_to_encrypt_with_what_does_not_fit),
		cmocka_unit_test(takes_other_key_lengths_where_the_cipher_does),
		cmocka_unit_test(takes_a_shorter_tag),
		cmocka_unit_test(says_why_content_cannot_be_decrypted),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_free);
}
