/* SPDX-License-Identifier: MIT */
/*
 * New RSA keys: two primes, the numbers that follow from them, and one import.
 * No state is shared, so several threads can make several keys.
 */
#include "pki/handle.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#define EXPONENT 65537

struct rsa_numbers {
	BIGNUM *p, *q, *n, *e, *d, *dp, *dq, *qinv;
};

static void
numbers_free(struct rsa_numbers *k)
{
	BN_clear_free(k->p);
	BN_clear_free(k->q);
	BN_clear_free(k->n);
	BN_clear_free(k->e);
	BN_clear_free(k->d);
	BN_clear_free(k->dp);
	BN_clear_free(k->dq);
	BN_clear_free(k->qinv);
}

static bool
numbers_new(struct rsa_numbers *k)
{
	k->p = BN_new();
	k->q = BN_new();
	k->n = BN_new();
	k->e = BN_new();
	k->d = BN_new();
	k->dp = BN_new();
	k->dq = BN_new();
	k->qinv = BN_new();
	return k->p != NULL && k->q != NULL && k->n != NULL && k->e != NULL &&
	    k->d != NULL && k->dp != NULL && k->dq != NULL && k->qinv != NULL;
}

/* A prime whose predecessor the exponent does not divide; its two top bits are set. */
static bool
make_prime(BIGNUM *p, unsigned bits, BN_CTX *bn)
{
	do {
		if (!BN_generate_prime_ex2(
			p, (int)bits, 0, NULL, NULL, NULL, bn))
			return false;
	} while (BN_mod_word(p, EXPONENT) == 1);
	return true;
}

static bool
make_primes(struct rsa_numbers *k, unsigned bits, BN_CTX *bn)
{
	if (!make_prime(k->p, bits - bits / 2, bn))
		return false;
	do {
		if (!make_prime(k->q, bits / 2, bn))
			return false;
	} while (BN_cmp(k->p, k->q) == 0);
	if (BN_cmp(k->p, k->q) < 0)
		BN_swap(k->p, k->q);
	return true;
}

/* n, d and the CRT numbers (RFC 8017 3.2) out of p and q. */
static bool
derive(struct rsa_numbers *k, BN_CTX *bn)
{
	BIGNUM *p1 = BN_dup(k->p), *q1 = BN_dup(k->q);
	BIGNUM *phi = BN_new();
	bool ok = p1 != NULL && q1 != NULL && phi != NULL &&
	    BN_sub_word(p1, 1) && BN_sub_word(q1, 1) &&
	    BN_mul(phi, p1, q1, bn) && BN_set_word(k->e, EXPONENT);

	if (ok) {
		BN_set_flags(phi, BN_FLG_CONSTTIME);
		BN_set_flags(k->p, BN_FLG_CONSTTIME);
		ok = BN_mul(k->n, k->p, k->q, bn) &&
		    BN_mod_inverse(k->d, k->e, phi, bn) != NULL &&
		    BN_mod(k->dp, k->d, p1, bn) &&
		    BN_mod(k->dq, k->d, q1, bn) &&
		    BN_mod_inverse(k->qinv, k->q, k->p, bn) != NULL;
	}
	BN_clear_free(p1);
	BN_clear_free(q1);
	BN_clear_free(phi);
	return ok;
}

static OSSL_PARAM *
params_of(const struct rsa_numbers *k)
{
	const struct {
		const char *name;
		const BIGNUM *number;
	} rows[] = {
		{ OSSL_PKEY_PARAM_RSA_N, k->n },
		{ OSSL_PKEY_PARAM_RSA_E, k->e },
		{ OSSL_PKEY_PARAM_RSA_D, k->d },
		{ OSSL_PKEY_PARAM_RSA_FACTOR1, k->p },
		{ OSSL_PKEY_PARAM_RSA_FACTOR2, k->q },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT1, k->dp },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT2, k->dq },
		{ OSSL_PKEY_PARAM_RSA_COEFFICIENT1, k->qinv },
	};
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	bool ok = bld != NULL;

	for (size_t i = 0; ok && i < nitems(rows); i++)
		ok = OSSL_PARAM_BLD_push_BN(bld, rows[i].name, rows[i].number);
	if (ok)
		params = OSSL_PARAM_BLD_to_param(bld);
	OSSL_PARAM_BLD_free(bld);
	return params;
}

static EVP_PKEY *
import(const struct pki_lib *lib, const struct rsa_numbers *k)
{
	EVP_PKEY_CTX *to = EVP_PKEY_CTX_new_from_name(lib->libctx, "RSA", NULL);
	OSSL_PARAM *params = params_of(k);
	EVP_PKEY *pkey = NULL;

	if (to == NULL || params == NULL || EVP_PKEY_fromdata_init(to) <= 0 ||
	    EVP_PKEY_fromdata(to, &pkey, EVP_PKEY_KEYPAIR, params) <= 0)
		pkey = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(to);
	return pkey;
}

static EVP_PKEY *
generate(const struct pki_lib *lib, unsigned bits)
{
	struct rsa_numbers k = { 0 };
	BN_CTX *bn = BN_CTX_new_ex(lib->libctx);
	EVP_PKEY *pkey = NULL;

	if (bn != NULL && numbers_new(&k) && make_primes(&k, bits, bn) &&
	    derive(&k, bn))
		pkey = import(lib, &k);
	numbers_free(&k);
	BN_CTX_free(bn);
	return pkey;
}

int
pki_key_generate(struct pki_key **out, const struct pki_lib *lib, unsigned bits,
    struct err *e)
{
	unsigned char *spki = NULL;
	EVP_PKEY *pkey = NULL;

	if (bits < PKI_RSA_BITS_MIN || bits > PKI_RSA_BITS_MAX)
		return err_set(e, ERR_LIMIT,
		    "an RSA key of %u bits; %d to %d are possible", bits,
		    PKI_RSA_BITS_MIN, PKI_RSA_BITS_MAX);
	pkey = generate(lib, bits);
	if (pkey == NULL)
		return pki_fail(e, ERR_CRYPTO, "no RSA key could be made");
	int n = i2d_PUBKEY(pkey, &spki);

	if (n <= 0) {
		EVP_PKEY_free(pkey);
		return pki_fail(e, ERR_CRYPTO, "a new key cannot be encoded");
	}
	int rc = pki_key_wrap(out, pkey, bytes_of(spki, (size_t)n), e);

	OPENSSL_free(spki);
	pki_refused();
	return rc;
}
