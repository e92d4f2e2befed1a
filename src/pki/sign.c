/* SPDX-License-Identifier: MIT */
/* Digests and signatures. Which algorithm is meant is read in alg.c. */
#include "pki/handle.h"

#include <openssl/rsa.h>

int
pki_digest(struct pki_ctx *ctx, enum pki_digest d, struct bytes data,
    uint8_t out[PKI_DIGEST_MAX], size_t *n, struct err *e)
{
	const EVP_MD *md = pki_lib_digest(ctx->lib, d);
	unsigned size = 0;

	if (md == NULL)
		return err_set(e, ERR_CRYPTO, "no such digest");
	if (EVP_DigestInit_ex2(ctx->digest, md, NULL) != 1 ||
	    EVP_DigestUpdate(ctx->digest, data.p, data.n) != 1 ||
	    EVP_DigestFinal_ex(ctx->digest, out, &size) != 1)
		return pki_fail(e, ERR_CRYPTO, "no digest could be made");
	*n = size;
	return 0;
}

static bool
set_rsa_padding(
    EVP_PKEY_CTX *op, enum pki_padding padding, const EVP_MD *mgf1, int salt)
{
	if (padding == PKI_PKCS1)
		return EVP_PKEY_CTX_set_rsa_padding(op, RSA_PKCS1_PADDING) > 0;
	return EVP_PKEY_CTX_set_rsa_padding(op, RSA_PKCS1_PSS_PADDING) > 0 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(op, mgf1) > 0 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(op, salt) > 0;
}

/* Sign the digest of data into room of the key's size. */
static int
sign_digest(EVP_PKEY_CTX *op, const EVP_MD *md, enum pki_padding padding,
    struct bytes digest, uint8_t *room, size_t *n)
{
	if (EVP_PKEY_sign_init(op) <= 0 ||
	    EVP_PKEY_CTX_set_signature_md(op, md) <= 0 ||
	    !set_rsa_padding(op, padding, md, RSA_PSS_SALTLEN_DIGEST) ||
	    EVP_PKEY_sign(op, room, n, digest.p, digest.n) <= 0)
		return -1;
	return 0;
}

int
pki_sign(struct pki_ctx *ctx, const struct pki_key *key, enum pki_digest d,
    enum pki_padding padding, struct bytes data, struct buf *out, struct err *e)
{
	uint8_t digest[PKI_DIGEST_MAX], signature[PKI_RSA_BYTES_MAX];
	size_t digest_size = 0, n = sizeof(signature);
	EVP_PKEY_CTX *op = NULL;
	int rc = 0;

	if (!key->is_rsa || (padding != PKI_PKCS1 && padding != PKI_PSS))
		return err_set(
		    e, ERR_CRYPTO, "signing needs an RSA key and padding");
	if (pki_digest(ctx, d, data, digest, &digest_size, e) < 0)
		return -1;
	op = EVP_PKEY_CTX_new_from_pkey(ctx->lib->libctx, key->pkey, NULL);
	if (op == NULL ||
	    sign_digest(op, pki_lib_digest(ctx->lib, d), padding,
		bytes_of(digest, digest_size), signature, &n) < 0)
		rc = pki_fail(e, ERR_CRYPTO, "no signature could be made");
	EVP_PKEY_CTX_free(op);
	if (rc < 0)
		return -1;
	buf_add(out, bytes_of(signature, n));
	if (!buf_ok(out))
		return err_set(e, ERR_MEMORY, "out of memory");
	return 0;
}

/* Can this key have made a signature of this kind? */
static bool
key_fits(const struct pki_key *key, enum pki_padding padding)
{
	switch (padding) {
	case PKI_PKCS1:
		return key->is_rsa;
	case PKI_PSS:
		return key->is_rsa || EVP_PKEY_is_a(key->pkey, "RSA-PSS") == 1;
	case PKI_ECDSA:
		return EVP_PKEY_is_a(key->pkey, "EC") == 1;
	case PKI_PADDING_UNKNOWN:
	case PKI_OAEP:
	case PKI_PADDINGS:
		break;
	}
	return false;
}

/* 1 or 0: everything that goes wrong from here on is the signature's fault. */
static int
verify_digest(EVP_PKEY_CTX *op, const EVP_MD *md, const EVP_MD *mgf1,
    const struct pki_alg *alg, struct bytes digest, struct bytes signature)
{
	if (EVP_PKEY_CTX_set_signature_md(op, md) <= 0)
		return 0;
	if (alg->padding != PKI_ECDSA &&
	    !set_rsa_padding(op, alg->padding, mgf1, alg->salt_len))
		return 0;
	return EVP_PKEY_verify(
		   op, signature.p, signature.n, digest.p, digest.n) == 1;
}

int
pki_verify(struct pki_ctx *ctx, const struct pki_key *key,
    const struct pki_alg *alg, enum pki_digest fallback, struct bytes data,
    struct bytes signature, struct err *e)
{
	enum pki_digest d =
	    alg->digest == PKI_DIGEST_UNKNOWN ? fallback : alg->digest;
	const EVP_MD *md = pki_lib_digest(ctx->lib, d);
	const EVP_MD *mgf1 = pki_lib_digest(ctx->lib, alg->mgf1);
	uint8_t digest[PKI_DIGEST_MAX];
	size_t digest_size = 0;
	EVP_PKEY_CTX *op = NULL;
	int rc;

	if (md == NULL || !key_fits(key, alg->padding) || signature.n == 0)
		return 0;
	if (alg->padding == PKI_PSS &&
	    (mgf1 == NULL || alg->digest == PKI_DIGEST_UNKNOWN))
		return 0;
	if (pki_digest(ctx, d, data, digest, &digest_size, e) < 0)
		return -1;
	op = EVP_PKEY_CTX_new_from_pkey(ctx->lib->libctx, key->pkey, NULL);
	if (op == NULL || EVP_PKEY_verify_init(op) <= 0) {
		rc = pki_fail(e, ERR_CRYPTO, "no signature can be verified");
	} else {
		rc = verify_digest(op, md, mgf1, alg,
		    bytes_of(digest, digest_size), signature);
		pki_refused();
	}
	EVP_PKEY_CTX_free(op);
	return rc;
}
