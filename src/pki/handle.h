/* SPDX-License-Identifier: MIT */
/*
 * What the opaque structs of pki/key.h hold, for the files of this room that
 * call libcrypto, and the one way its errors become ours.
 */
#ifndef PKI_HANDLE_H
#define PKI_HANDLE_H

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "pki/key.h"

#define PKI_RSA_BITS_MIN 512
#define PKI_RSA_BITS_MAX 16384
#define PKI_RSA_BYTES_MAX (PKI_RSA_BITS_MAX / 8)
#define PKI_RSA_EXPONENT_BYTES_MAX 8

#define PKI_GCM_TAG_MAX 16

struct pki_lib {
	OSSL_LIB_CTX *libctx;
	OSSL_PROVIDER *base; /* "default" */
	OSSL_PROVIDER *legacy;
	EVP_MD *digests[PKI_DIGESTS]; /* NULL at UNKNOWN */
	EVP_CIPHER *ciphers[PKI_CIPHERS];
};

struct pki_ctx {
	const struct pki_lib *lib; /* borrowed */
	EVP_MD_CTX *digest;
	EVP_CIPHER_CTX *cipher;
	EVP_PKEY_CTX *rsa_import; /* EVP_PKEY_fromdata_init done */
};

struct pki_key {
	EVP_PKEY *pkey;
	bool is_rsa;
	unsigned bits;
	uint8_t *spki; /* owned */
	size_t spki_size;
};

/*
 * Record what failed, with libcrypto's newest reason behind, and empty its
 * error queue. Returns -1.
 */
int pki_fail(struct err *e, enum err_code code, const char *what);

/* The other side's data was bad: nothing to say here. Empties the error queue; returns 0. */
int pki_refused(void);

/* The EVP_MD of a digest, or NULL when it is unknown. */
const EVP_MD *pki_lib_digest(const struct pki_lib *lib, enum pki_digest d);

/*
 * A key around pkey, which it owns from then on (freed when this fails), with
 * a copy of the SubjectPublicKeyInfo.
 */
MUST_USE int pki_key_wrap(
    struct pki_key **out, EVP_PKEY *pkey, struct bytes spki, struct err *e);

/* The two numbers of an RSA public key, big-endian, without leading zeros. */
struct pki_rsa_numbers {
	struct bytes n;
	struct bytes e;
};

/* subjectPublicKey's octets and algorithm OID of a SubjectPublicKeyInfo; NULL, or why not. */
const char *pki_spki_split(
    struct bytes spki, struct bytes *oid, struct bytes *bits);

#endif
