/* SPDX-License-Identifier: MIT */
/* RSA key transport with libcrypto on the other side. */
#include "test_pki_support.h"

static const struct bytes text = LIT("the quick brown fox jumps over it");

struct transport_row {
	const char *sentence;
	int padding;
	const char *md, *mgf1, *label;
	struct pki_alg alg;
	int want;
};

static size_t
oracle_wrap(struct fixture *f, const struct transport_row *row,
    struct bytes secret, uint8_t *room, size_t cap)
{
	EVP_PKEY_CTX *x = EVP_PKEY_CTX_new_from_pkey(f->oracle, f->rsa, NULL);
	size_t n = cap;

	assert_true(EVP_PKEY_encrypt_init(x) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(x, row->padding) > 0);
	if (row->md != NULL)
		assert_true(
		    EVP_PKEY_CTX_set_rsa_oaep_md_name(x, row->md, NULL) > 0);
	if (row->mgf1 != NULL)
		assert_true(
		    EVP_PKEY_CTX_set_rsa_mgf1_md_name(x, row->mgf1, NULL) > 0);
	if (row->label != NULL)
		assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(x,
				OPENSSL_strdup(row->label),
				(int)strlen(row->label)) > 0);
	assert_true(EVP_PKEY_encrypt(x, room, &n, secret.p, secret.n) > 0);
	EVP_PKEY_CTX_free(x);
	return n;
}

static void
opens_what_libcrypto_wrapped(void **state)
{
	struct fixture *f = *state;
	const struct transport_row rows[] = {
		{ "PKCS#1 v1.5", RSA_PKCS1_PADDING, NULL, NULL, NULL,
		    { .padding = PKI_PKCS1 }, 1 },
		{ "OAEP with SHA-1", RSA_PKCS1_OAEP_PADDING, "SHA1", "SHA1",
		    NULL,
		    { .padding = PKI_OAEP,
			.digest = PKI_SHA1,
			.mgf1 = PKI_SHA1 },
		    1 },
		{ "OAEP with two digests and a label", RSA_PKCS1_OAEP_PADDING,
		    "SHA256", "SHA1", "label",
		    { .padding = PKI_OAEP,
			.digest = PKI_SHA256,
			.mgf1 = PKI_SHA1,
			.label = BYTES_LIT("label") },
		    1 },
		{ "OAEP with another label", RSA_PKCS1_OAEP_PADDING, "SHA256",
		    "SHA256", "label",
		    { .padding = PKI_OAEP,
			.digest = PKI_SHA256,
			.mgf1 = PKI_SHA256,
			.label = BYTES_LIT("Label") },
		    0 },
		{ "OAEP with another digest", RSA_PKCS1_OAEP_PADDING, "SHA1",
		    "SHA1", NULL,
		    { .padding = PKI_OAEP,
			.digest = PKI_SHA256,
			.mgf1 = PKI_SHA256 },
		    0 },
		{ "an algorithm we do not know", RSA_PKCS1_PADDING, NULL, NULL,
		    NULL, { .padding = PKI_PADDING_UNKNOWN }, 0 },
	};
	static const uint8_t secret[32] = { 9, 8, 7 };

	for (size_t i = 0; i < nitems(rows); i++) {
		uint8_t wrapped[512], room[256] = { 0x55 };
		size_t n = 4711;
		size_t size = oracle_wrap(f, &rows[i], bytes_of(secret, 32),
		    wrapped, sizeof(wrapped));

		print_message("  %s\n", rows[i].sentence);
		assert_int_equal(pki_unwrap(f->ctx, f->key, &rows[i].alg,
				     bytes_of(wrapped, size), room, &n, &f->e),
		    rows[i].want);
		assert_int_equal(ERR_peek_error(), 0);
		assert_int_equal(n, rows[i].want == 1 ? 32 : 4711);
		assert_memory_equal(room,
		    rows[i].want == 1 ? secret : (uint8_t[]){ 0x55 },
		    rows[i].want == 1 ? 32 : 1);
	}
}

static void
does_not_open_what_was_cut_or_is_too_long(void **state)
{
	struct fixture *f = *state;
	uint8_t wrapped[600], room[256];
	struct pki_alg alg = {
		.padding = PKI_OAEP, .digest = PKI_SHA1, .mgf1 = PKI_SHA1
	};
	static const size_t sizes[] = { 0, 1, 255, 256, 257, 600 };
	size_t n = 0;

	memset(wrapped, 0xff, sizeof(wrapped));
	for (size_t i = 0; i < nitems(sizes); i++)
		assert_int_equal(
		    pki_unwrap(f->ctx, f->key, &alg,
			bytes_of(wrapped, sizes[i]), room, &n, &f->e),
		    0);
	assert_int_equal(f->e.code, ERR_NONE);
}

static void
wraps_what_libcrypto_opens(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum pki_padding ours;
		int theirs;
	} rows[] = { { PKI_PKCS1, RSA_PKCS1_PADDING },
		{ PKI_OAEP, RSA_PKCS1_OAEP_PADDING } };

	for (size_t i = 0; i < nitems(rows); i++) {
		EVP_PKEY_CTX *x =
		    EVP_PKEY_CTX_new_from_pkey(f->oracle, f->rsa, NULL);
		uint8_t room[256];
		size_t n = sizeof(room);
		struct buf out;

		buf_init(&out, 4096);
		assert_int_equal(pki_wrap(f->ctx, f->key, rows[i].ours,
				     bytes_of(text.p, 24), &out, &f->e),
		    0);
		assert_true(EVP_PKEY_decrypt_init(x) > 0);
		assert_true(
		    EVP_PKEY_CTX_set_rsa_padding(x, rows[i].theirs) > 0);
		assert_true(EVP_PKEY_decrypt(x, room, &n, out.p, out.n) > 0);
		assert_int_equal(n, 24);
		assert_memory_equal(room, text.p, 24);
		EVP_PKEY_CTX_free(x);
		buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_libcrypto_wrapped),
		cmocka_unit_test(does_not_open_what_was_cut_or_is_too_long),
		cmocka_unit_test(wraps_what_libcrypto_opens),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_free);
}
