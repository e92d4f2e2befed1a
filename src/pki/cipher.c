/* SPDX-License-Identifier: MIT */
/* Content encryption: CBC with PKCS#7 padding, and GCM with the tag behind the text. */
#include "pki/handle.h"

#include <limits.h>

#define ROOM_BEYOND 32 /* what the caller of pki_decrypt gives on top */
#define BLOWFISH_KEY_MIN 4
#define BLOWFISH_KEY_MAX 56
#define RC2_KEY_MAX 128
#define GCM_TAG_MIN 4
#define GCM_NONCE_MAX 128 /* libcrypto's own limit */

static const char bad_key[] = "a content key of the wrong length";

static bool
is_gcm(const struct pki_cipher_row *row)
{
	return row->block_size == 1;
}

static const EVP_CIPHER *
cipher_of(const struct pki_lib *lib, enum pki_cipher c)
{
	return c < PKI_CIPHERS ? lib->ciphers[c] : NULL;
}

static int
encrypt(EVP_CIPHER_CTX *x, const struct pki_cipher_row *row, struct bytes plain,
    uint8_t *room, size_t *n)
{
	int head = 0, tail = 0;

	if (EVP_EncryptUpdate(x, room, &head, plain.p, (int)plain.n) != 1 ||
	    EVP_EncryptFinal_ex(x, room + head, &tail) != 1)
		return -1;
	*n = (size_t)(head + tail);
	if (!is_gcm(row))
		return 0;
	if (EVP_CIPHER_CTX_ctrl(
		x, EVP_CTRL_AEAD_GET_TAG, PKI_GCM_TAG_MAX, room + *n) != 1)
		return -1;
	*n += PKI_GCM_TAG_MAX;
	return 0;
}

int
pki_encrypt(struct pki_ctx *ctx, enum pki_cipher c, struct bytes key,
    struct bytes iv, struct bytes plain, struct buf *out, struct err *e)
{
	const struct pki_cipher_row *row = pki_cipher_row(c);
	const EVP_CIPHER *cipher = cipher_of(ctx->lib, c);
	EVP_CIPHER_CTX *x = ctx->cipher;
	size_t before = out->n, n = 0;
	uint8_t *room = NULL;

	if (cipher == NULL || key.n != row->key_size || iv.n != row->iv_size)
		return err_set(
		    e, ERR_CRYPTO, "a cipher, key or IV that does not fit");
	if (plain.n > INT_MAX - ROOM_BEYOND)
		return err_set(
		    e, ERR_LIMIT, "%zu bytes are too long to encrypt", plain.n);
	room = buf_grow(out, plain.n + ROOM_BEYOND);
	if (room == NULL)
		return err_set(e, ERR_MEMORY, "out of memory");
	int rc = EVP_CIPHER_CTX_reset(x) == 1 &&
		EVP_EncryptInit_ex2(x, cipher, key.p, iv.p, NULL) == 1
	    ? encrypt(x, row, plain, room, &n)
	    : -1;

	out->n = rc < 0 ? before : before + n;
	out->p[out->n] = 0;
	if (rc < 0)
		return pki_fail(e, ERR_CRYPTO, "content cannot be encrypted");
	return 0;
}

static bool
key_fits(enum pki_cipher c, size_t n)
{
	if (c == PKI_BLOWFISH_CBC)
		return n >= BLOWFISH_KEY_MIN && n <= BLOWFISH_KEY_MAX;
	if (c == PKI_RC2_CBC)
		return n >= 1 && n <= RC2_KEY_MAX;
	return n == pki_cipher_row(c)->key_size;
}

/* NULL, or what about the message's lengths cannot be. */
static const char *
judge(const struct pki_cipher_alg *alg, struct bytes key, struct bytes cipher)
{
	const struct pki_cipher_row *row = pki_cipher_row(alg->cipher);

	if (alg->cipher == PKI_CIPHER_UNKNOWN || alg->cipher >= PKI_CIPHERS)
		return "a content cipher that is not known";
	if (!key_fits(alg->cipher, key.n))
		return bad_key;
	if (cipher.n > INT_MAX - ROOM_BEYOND)
		return "encrypted content that is too long";
	if (alg->cipher == PKI_RC2_CBC && alg->rc2_bits == 0)
		return "an RC2 version that is not known";
	if (is_gcm(row)) {
		if (alg->tag_len < GCM_TAG_MIN ||
		    alg->tag_len > PKI_GCM_TAG_MAX)
			return "an authentication tag of impossible length";
		if (alg->iv.n == 0 || alg->iv.n > GCM_NONCE_MAX)
			return "a nonce of impossible length";
		return cipher.n < alg->tag_len
		    ? "encrypted content shorter than its tag"
		    : NULL;
	}
	if (alg->iv.n != row->iv_size)
		return "an initialisation vector of the wrong length";
	if (cipher.n == 0 || cipher.n % row->block_size != 0)
		return "encrypted content that is not whole blocks";
	return NULL;
}

/* Lengths first, then key and IV. */
static bool
set_up(EVP_CIPHER_CTX *x, const EVP_CIPHER *cipher,
    const struct pki_cipher_alg *alg, struct bytes key)
{
	if (EVP_CIPHER_CTX_reset(x) != 1 ||
	    EVP_DecryptInit_ex2(x, cipher, NULL, NULL, NULL) != 1)
		return false;
	if (EVP_CIPHER_CTX_get_key_length(x) != (int)key.n &&
	    EVP_CIPHER_CTX_set_key_length(x, (int)key.n) != 1)
		return false;
	if (alg->cipher == PKI_RC2_CBC &&
	    EVP_CIPHER_CTX_ctrl(
		x, EVP_CTRL_SET_RC2_KEY_BITS, alg->rc2_bits, NULL) != 1)
		return false;
	if (is_gcm(pki_cipher_row(alg->cipher)) &&
	    EVP_CIPHER_CTX_ctrl(
		x, EVP_CTRL_AEAD_SET_IVLEN, (int)alg->iv.n, NULL) != 1)
		return false;
	return EVP_DecryptInit_ex2(x, NULL, key.p, alg->iv.p, NULL) == 1;
}

/* 1 or 0: what fails here is padding or tag. */
static int
decrypt(EVP_CIPHER_CTX *x, struct bytes cipher, size_t tag_len, uint8_t *room,
    size_t *n)
{
	uint8_t tag[PKI_GCM_TAG_MAX];
	int head = 0, tail = 0;

	if (tag_len > 0) {
		cipher.n -= tag_len;
		memcpy(tag, cipher.p + cipher.n, tag_len);
		if (EVP_CIPHER_CTX_ctrl(
			x, EVP_CTRL_AEAD_SET_TAG, (int)tag_len, tag) != 1)
			return 0;
	}
	if (EVP_DecryptUpdate(x, room, &head, cipher.p, (int)cipher.n) != 1 ||
	    EVP_DecryptFinal_ex(x, room + head, &tail) != 1)
		return 0;
	*n = (size_t)(head + tail);
	return 1;
}

int
pki_decrypt(struct pki_ctx *ctx, const struct pki_cipher_alg *alg,
    struct bytes key, struct bytes cipher, uint8_t *room, size_t *n,
    const char **why, struct err *e)
{
	const char *bad = judge(alg, key, cipher);
	size_t tag_len = 0, got = 0;

	if (bad != NULL) {
		*why = bad;
		return 0;
	}
	if (!set_up(ctx->cipher, cipher_of(ctx->lib, alg->cipher), alg, key))
		return pki_fail(e, ERR_CRYPTO, "content cannot be decrypted");
	if (is_gcm(pki_cipher_row(alg->cipher)))
		tag_len = alg->tag_len;
	int rc = decrypt(ctx->cipher, cipher, tag_len, room, &got);

	pki_refused();
	if (rc == 0)
		*why = tag_len > 0
		    ? "the authentication tag does not hold"
		    : "the padding of the decrypted content is wrong";
	else
		*n = got;
	return rc;
}
