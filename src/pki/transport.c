/* SPDX-License-Identifier: MIT */
/* RSA key transport: content keys under a public key and out again. */
#include "pki/handle.h"

#include <openssl/crypto.h>
#include <openssl/rsa.h>

static int
encrypt(EVP_PKEY_CTX *op, const struct pki_lib *lib, enum pki_padding padding,
    struct bytes secret, uint8_t *room, size_t *n)
{
	if (EVP_PKEY_encrypt_init(op) <= 0)
		return -1;
	if (padding == PKI_PKCS1) {
		if (EVP_PKEY_CTX_set_rsa_padding(op, RSA_PKCS1_PADDING) <= 0)
			return -1;
	} else if (EVP_PKEY_CTX_set_rsa_padding(op, RSA_PKCS1_OAEP_PADDING) <=
		0 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(op, lib->digests[PKI_SHA1]) <= 0) {
		return -1;
	}
	return EVP_PKEY_encrypt(op, room, n, secret.p, secret.n) <= 0 ? -1 : 0;
}

int
pki_wrap(struct pki_ctx *ctx, const struct pki_key *key,
    enum pki_padding padding, struct bytes secret, struct buf *out,
    struct err *e)
{
	uint8_t room[PKI_RSA_BYTES_MAX];
	size_t n = sizeof(room);
	EVP_PKEY_CTX *op = NULL;
	int rc = 0;

	if (!key->is_rsa || (padding != PKI_PKCS1 && padding != PKI_OAEP))
		return err_set(e, ERR_CRYPTO,
		    "key transport needs an RSA key and padding");
	op = EVP_PKEY_CTX_new_from_pkey(ctx->lib->libctx, key->pkey, NULL);
	if (op == NULL || encrypt(op, ctx->lib, padding, secret, room, &n) < 0)
		rc = pki_fail(e, ERR_CRYPTO,
		    "a content key cannot be encrypted to the key");
	EVP_PKEY_CTX_free(op);
	if (rc < 0)
		return -1;
	buf_add(out, bytes_of(room, n));
	if (!buf_ok(out))
		return err_set(e, ERR_MEMORY, "out of memory");
	return 0;
}

/* libcrypto takes the label over, so it gets a copy. */
static bool
set_label(EVP_PKEY_CTX *op, struct bytes label)
{
	void *copy = NULL;

	if (label.n == 0)
		return true;
	if (label.n > PKI_RSA_BYTES_MAX)
		return false;
	copy = OPENSSL_memdup(label.p, label.n);
	if (copy == NULL)
		return false;
	if (EVP_PKEY_CTX_set0_rsa_oaep_label(op, copy, (int)label.n) > 0)
		return true;
	OPENSSL_free(copy);
	return false;
}

static bool
set_padding(
    EVP_PKEY_CTX *op, const struct pki_lib *lib, const struct pki_alg *alg)
{
	const EVP_MD *md = pki_lib_digest(lib, alg->digest);
	const EVP_MD *mgf1 = pki_lib_digest(lib, alg->mgf1);

	if (alg->padding == PKI_PKCS1)
		return EVP_PKEY_CTX_set_rsa_padding(op, RSA_PKCS1_PADDING) > 0;
	if (alg->padding != PKI_OAEP || md == NULL || mgf1 == NULL)
		return false;
	return EVP_PKEY_CTX_set_rsa_padding(op, RSA_PKCS1_OAEP_PADDING) > 0 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(op, md) > 0 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(op, mgf1) > 0 &&
	    set_label(op, alg->label);
}

int
pki_unwrap(struct pki_ctx *ctx, const struct pki_key *key,
    const struct pki_alg *alg, struct bytes wrapped, uint8_t *room, size_t *n,
    struct err *e)
{
	uint8_t secret[PKI_RSA_BYTES_MAX];
	size_t size = sizeof(secret);
	EVP_PKEY_CTX *op = NULL;
	int rc = 0;

	if (!key->is_rsa || wrapped.n == 0)
		return 0;
	op = EVP_PKEY_CTX_new_from_pkey(ctx->lib->libctx, key->pkey, NULL);
	if (op == NULL || EVP_PKEY_decrypt_init(op) <= 0) {
		rc = pki_fail(e, ERR_CRYPTO, "no content key can be decrypted");
	} else {
		rc = set_padding(op, ctx->lib, alg) &&
		    EVP_PKEY_decrypt(op, secret, &size, wrapped.p, wrapped.n) >
			0 &&
		    size <= key->bits / 8;
		pki_refused();
	}
	EVP_PKEY_CTX_free(op);
	if (rc == 1) {
		memcpy(room, secret, size);
		*n = size;
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	return rc;
}
