/* SPDX-License-Identifier: MIT */
/*
 * Owned wrappers over libcrypto: providers and fetched algorithms (struct
 * pki_lib), kept per-thread contexts (struct pki_ctx), keys, signing,
 * verifying, key transport, content ciphers. libcrypto's error queue is
 * drained into struct err here and always left empty.
 *
 * Three results where the other side can be at fault: 1 good, 0 the client's
 * data is bad (nothing in err), -1 we failed (err filled).
 */
#ifndef PKI_KEY_H
#define PKI_KEY_H

#include "base/buf.h"
#include "base/err.h"
#include "pki/alg.h"

/*
 * A library context of its own (OSSL_LIB_CTX) with the default and the legacy
 * provider, digests and ciphers fetched once. Immutable after new: any thread.
 * Two in one process know nothing of each other.
 */
struct pki_lib;
struct pki_lib *pki_lib_new(struct err *e); /* NULL on failure */
void pki_lib_free(struct pki_lib *lib);

/* Contexts kept between calls; one thread at a time. lib is borrowed and must outlive it. */
struct pki_ctx;
struct pki_ctx *pki_ctx_new(const struct pki_lib *lib, struct err *e);
void pki_ctx_free(struct pki_ctx *ctx);

/* A public or private key. Immutable; any thread. */
struct pki_key;
void pki_key_free(struct pki_key *key);

/* PEM (PKCS#8 or PKCS#1, not encrypted). */
MUST_USE int pki_key_from_pem(struct pki_key **out, const struct pki_lib *lib,
    struct bytes pem, struct err *e);

/* PKCS#8 PEM of a private key; for TLS and for --fresh-keys. */
MUST_USE int pki_key_to_pem(
    const struct pki_key *key, struct buf *out, struct err *e);

/*
 * A new RSA key with exponent 65537, from BN_generate_prime_ex primes (four
 * times faster than OpenSSL 3.0's own generator). Call from several threads to
 * make several at once.
 */
MUST_USE int pki_key_generate(struct pki_key **out, const struct pki_lib *lib,
    unsigned bits, struct err *e);

/*
 * The public key of a SubjectPublicKeyInfo (whole element). RSA by our own
 * reader and EVP_PKEY_fromdata with the kept context; any other kind by
 * libcrypto's decoder. 1, 0 (not a key we can use, *why a constant
 * sentence), -1.
 */
MUST_USE int pki_key_from_spki(struct pki_key **out, struct pki_ctx *ctx,
    struct bytes spki, const char **why, struct err *e);

/* SubjectPublicKeyInfo, whole element, lent by the key. */
struct bytes pki_key_spki(const struct pki_key *key);

bool pki_key_is_rsa(const struct pki_key *key);
unsigned pki_key_bits(
    const struct pki_key *key); /* of the modulus, or of the curve */

/* ---- digests ---- */

MUST_USE int pki_digest(struct pki_ctx *ctx, enum pki_digest d,
    struct bytes data, uint8_t out[PKI_DIGEST_MAX], size_t *n, struct err *e);

/* ---- signatures ---- */

/* Appends the signature to out. padding is PKI_PKCS1 or PKI_PSS (salt = digest length). */
MUST_USE int pki_sign(struct pki_ctx *ctx, const struct pki_key *key,
    enum pki_digest d, enum pki_padding padding, struct bytes data,
    struct buf *out, struct err *e);

/*
 * 1 the signature holds, 0 it does not, -1 we failed. The digest is alg's,
 * or `fallback` where alg names none (rsaEncryption in a SignerInfo).
 */
MUST_USE int pki_verify(struct pki_ctx *ctx, const struct pki_key *key,
    const struct pki_alg *alg, enum pki_digest fallback, struct bytes data,
    struct bytes signature, struct err *e);

/* ---- key transport ---- */

/* Encrypt a content key to an RSA key; padding PKI_PKCS1 or PKI_OAEP (SHA-1). Appends. */
MUST_USE int pki_wrap(struct pki_ctx *ctx, const struct pki_key *key,
    enum pki_padding padding, struct bytes secret, struct buf *out,
    struct err *e);

/*
 * The reverse, with the private key; alg says how (PKCS#1 v1.5, or OAEP with
 * its digests and label). 1, 0 it does not open, -1. The secret is at most
 * the modulus long; room must hold pki_key_bits(key) / 8 bytes.
 */
MUST_USE int pki_unwrap(struct pki_ctx *ctx, const struct pki_key *key,
    const struct pki_alg *alg, struct bytes wrapped, uint8_t *room, size_t *n,
    struct err *e);

/* ---- content ciphers ---- */

/* Appends ciphertext (and for GCM the tag). key and iv lengths must be the cipher's. */
MUST_USE int pki_encrypt(struct pki_ctx *ctx, enum pki_cipher c,
    struct bytes key, struct bytes iv, struct bytes plain, struct buf *out,
    struct err *e);

/*
 * Decrypt in place of a copy: room must hold cipher text length + 32 bytes.
 * 1, 0 with *why (bad length, padding, tag, key length), -1.
 */
MUST_USE int pki_decrypt(struct pki_ctx *ctx, const struct pki_cipher_alg *alg,
    struct bytes key, struct bytes cipher, uint8_t *room, size_t *n,
    const char **why, struct err *e);

#endif
