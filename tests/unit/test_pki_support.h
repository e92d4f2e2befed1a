/* SPDX-License-Identifier: MIT */
/* What the tests of pki/ share: libcrypto as the oracle, with a library context of its own, and our library beside it. */
#ifndef TEST_PKI_SUPPORT_H
#define TEST_PKI_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "pki/cert.h"
#include "pki/oid.h"

#define LIT(s)                                      \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}

struct fixture {
	OSSL_LIB_CTX *oracle;
	OSSL_PROVIDER *base, *legacy;
	EVP_PKEY *rsa; /* the oracle's, 2048 bits */
	EVP_PKEY *ec; /* the oracle's, P-256 */
	struct pki_lib *lib;
	struct pki_ctx *ctx;
	struct pki_key *key; /* our reading of rsa, private */
	struct err e;
};

static inline struct pki_key *
key_of(struct fixture *f, EVP_PKEY *pkey)
{
	BIO *b = BIO_new(BIO_s_mem());
	struct pki_key *key = NULL;
	char *text = NULL;

	assert_int_equal(
	    PEM_write_bio_PrivateKey(b, pkey, NULL, NULL, 0, NULL, NULL), 1);
	long n = BIO_get_mem_data(b, &text);

	assert_int_equal(
	    pki_key_from_pem(&key, f->lib, bytes_of(text, (size_t)n), &f->e),
	    0);
	BIO_free(b);
	return key;
}

/* The public half, through our SubjectPublicKeyInfo reader. */
static inline struct pki_key *
public_of(struct fixture *f, EVP_PKEY *pkey)
{
	struct pki_key *key = NULL;
	const char *why = NULL;
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	assert_true(n > 0);
	assert_int_equal(pki_key_from_spki(&key, f->ctx,
			     bytes_of(der, (size_t)n), &why, &f->e),
	    1);
	OPENSSL_free(der);
	return key;
}

static inline int
fixture_make(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->oracle = OSSL_LIB_CTX_new();
	f->base = OSSL_PROVIDER_load(f->oracle, "default");
	f->legacy = OSSL_PROVIDER_load(f->oracle, "legacy");
	assert_non_null(f->legacy);
	f->rsa = EVP_PKEY_Q_keygen(f->oracle, NULL, "RSA", (size_t)2048);
	f->ec = EVP_PKEY_Q_keygen(f->oracle, NULL, "EC", "P-256");
	assert_non_null(f->rsa);
	assert_non_null(f->ec);
	f->lib = pki_lib_new(&f->e);
	assert_non_null(f->lib);
	f->ctx = pki_ctx_new(f->lib, &f->e);
	assert_non_null(f->ctx);
	f->key = key_of(f, f->rsa);
	*state = f;
	return 0;
}

static inline int
fixture_free(void **state)
{
	struct fixture *f = *state;

	pki_key_free(f->key);
	pki_ctx_free(f->ctx);
	pki_lib_free(f->lib);
	EVP_PKEY_free(f->rsa);
	EVP_PKEY_free(f->ec);
	OSSL_PROVIDER_unload(f->legacy);
	OSSL_PROVIDER_unload(f->base);
	OSSL_LIB_CTX_free(f->oracle);
	free(f);
	return 0;
}

#endif
