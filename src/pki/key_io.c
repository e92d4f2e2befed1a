/* SPDX-License-Identifier: MIT */
/*
 * Keys coming in and going out: PEM, SubjectPublicKeyInfo, new ones. The RSA
 * public keys of devices are read here by hand and handed to libcrypto as two
 * numbers, because its decoders cost a third of a signature each.
 */
#include "pki/handle.h"

#include <limits.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "pki/oid.h"

#define SPKI_FOREIGN_MAX (16 * 1024) /* what libcrypto's decoder is given */

static const char not_spki[] = "not a SubjectPublicKeyInfo";

void
pki_key_free(struct pki_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key->spki);
	free(key);
}

int
pki_key_wrap(
    struct pki_key **out, EVP_PKEY *pkey, struct bytes spki, struct err *e)
{
	struct pki_key *key = calloc(1, sizeof(*key));
	uint8_t *copy = malloc(spki.n == 0 ? 1 : spki.n);

	if (key == NULL || copy == NULL) {
		free(key);
		free(copy);
		EVP_PKEY_free(pkey);
		return err_set(e, ERR_MEMORY, "out of memory");
	}
	if (spki.n > 0)
		memcpy(copy, spki.p, spki.n);
	key->pkey = pkey;
	key->is_rsa = EVP_PKEY_is_a(pkey, "RSA") == 1;
	key->bits = (unsigned)EVP_PKEY_get_bits(pkey);
	key->spki = copy;
	key->spki_size = spki.n;
	*out = key;
	return 0;
}

struct bytes
pki_key_spki(const struct pki_key *key)
{
	return bytes_of(key->spki, key->spki_size);
}

bool
pki_key_is_rsa(const struct pki_key *key)
{
	return key->is_rsa;
}

unsigned
pki_key_bits(const struct pki_key *key)
{
	return key->bits;
}

/* ---- PEM ---- */

/* libcrypto would ask at the terminal. */
static int
no_password(char *room, int cap, int writing, void *arg)
{
	(void)room, (void)cap, (void)writing, (void)arg;
	return -1;
}

int
pki_key_from_pem(struct pki_key **out, const struct pki_lib *lib,
    struct bytes pem, struct err *e)
{
	unsigned char *spki = NULL;
	EVP_PKEY *pkey = NULL;
	BIO *in = NULL;
	int rc = -1;

	if (pem.n > INT_MAX)
		return err_set(e, ERR_LIMIT, "a key file of %zu bytes", pem.n);
	in = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (in == NULL)
		return pki_fail(e, ERR_MEMORY, "out of memory");
	pkey = PEM_read_bio_PrivateKey_ex(
	    in, NULL, no_password, NULL, lib->libctx, NULL);
	BIO_free(in);
	if (pkey == NULL)
		return pki_fail(
		    e, ERR_INPUT, "no unencrypted private key in PEM");
	if (EVP_PKEY_get_bits(pkey) > PKI_RSA_BITS_MAX) {
		EVP_PKEY_free(pkey);
		return err_set(e, ERR_LIMIT, "a key of more than %d bits",
		    PKI_RSA_BITS_MAX);
	}
	int n = i2d_PUBKEY(pkey, &spki);

	if (n <= 0) {
		EVP_PKEY_free(pkey);
		return pki_fail(
		    e, ERR_INPUT, "the private key has no public part");
	}
	rc = pki_key_wrap(out, pkey, bytes_of(spki, (size_t)n), e);
	OPENSSL_free(spki);
	pki_refused();
	return rc;
}

int
pki_key_to_pem(const struct pki_key *key, struct buf *out, struct err *e)
{
	BIO *to = BIO_new(BIO_s_mem());
	char *text = NULL;
	int rc = 0;

	if (to == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(
		to, key->pkey, NULL, NULL, 0, NULL, NULL) != 1) {
		rc = pki_fail(e, ERR_CRYPTO, "the key cannot be written");
	} else {
		long n = BIO_get_mem_data(to, &text);

		buf_add(out, bytes_of(text, (size_t)n));
		if (!buf_ok(out))
			rc = err_set(e, ERR_MEMORY, "out of memory");
	}
	BIO_free(to);
	return rc;
}

/* ---- SubjectPublicKeyInfo ---- */

const char *
pki_spki_split(struct bytes spki, struct bytes *oid, struct bytes *bits)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r, in, alg;
	struct asn1_item type, key;

	asn1_open(&r, spki, &fault);
	if (!asn1_take_enter(&r, ASN1_ID_SEQUENCE, &in) || !asn1_end(&r) ||
	    !asn1_take_enter(&in, ASN1_ID_SEQUENCE, &alg) ||
	    !asn1_take(&alg, ASN1_ID_OID, &type) ||
	    !asn1_take(&in, ASN1_ID_BIT_STRING, &key) || !asn1_end(&in))
		return fault.why;
	if (fault.why != NULL)
		return fault.why;
	if (key.body.n == 0 || key.body.p[0] != 0)
		return "a public key that is not whole octets";
	*oid = type.body;
	*bits = bytes_from(key.body, 1);
	return NULL;
}

static struct bytes
without_zeros(struct bytes s)
{
	while (s.n > 0 && s.p[0] == 0)
		s = bytes_from(s, 1);
	return s;
}

static bool
is_odd(struct bytes big_endian)
{
	return big_endian.n > 0 && (big_endian.p[big_endian.n - 1] & 1) != 0;
}

static size_t
bit_length(struct bytes big_endian)
{
	size_t bits = big_endian.n * 8;

	for (unsigned top = 0x80;
	     big_endian.n > 0 && (big_endian.p[0] & top) == 0; top >>= 1)
		bits--;
	return bits;
}

static const char *
judge_numbers(const struct pki_rsa_numbers *k)
{
	size_t bits = bit_length(k->n);

	if (bits < PKI_RSA_BITS_MIN)
		return "an RSA modulus of less than 512 bits";
	if (bits > PKI_RSA_BITS_MAX)
		return "an RSA modulus of more than 16384 bits";
	if (!is_odd(k->n))
		return "an RSA modulus that is even";
	if (k->e.n > PKI_RSA_EXPONENT_BYTES_MAX)
		return "an RSA exponent of more than 64 bits";
	if (!is_odd(k->e) || (k->e.n == 1 && k->e.p[0] == 1))
		return "an RSA exponent that is even or 1";
	return NULL;
}

/* RSAPublicKey, RFC 8017 A.1.1. NULL, or why it is none. */
static const char *
read_numbers(struct bytes bits, struct pki_rsa_numbers *k)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r, in;
	struct asn1_item n, exponent;

	asn1_open(&r, bits, &fault);
	if (!asn1_take_enter(&r, ASN1_ID_SEQUENCE, &in) || !asn1_end(&r) ||
	    !asn1_take(&in, ASN1_ID_INTEGER, &n) ||
	    !asn1_take(&in, ASN1_ID_INTEGER, &exponent) || !asn1_end(&in) ||
	    fault.why != NULL)
		return "not an RSAPublicKey";
	if (n.body.n == 0 || exponent.body.n == 0 ||
	    (n.body.p[0] & 0x80) != 0 || (exponent.body.p[0] & 0x80) != 0)
		return "an RSA number that is not positive";
	k->n = without_zeros(n.body);
	k->e = without_zeros(exponent.body);
	return judge_numbers(k);
}

/* OSSL_PARAM numbers stand in the machine's own order. */
static OSSL_PARAM
number_param(const char *name, struct bytes big_endian, uint8_t *room)
{
	const uint16_t one = 1;
	bool little = *(const uint8_t *)&one == 1;

	for (size_t i = 0; i < big_endian.n; i++)
		room[i] = big_endian.p[little ? big_endian.n - 1 - i : i];
	return OSSL_PARAM_construct_BN(name, room, big_endian.n);
}

static int
rsa_from_numbers(struct pki_key **out, struct pki_ctx *ctx,
    const struct pki_rsa_numbers *k, struct bytes spki, struct err *e)
{
	uint8_t n[PKI_RSA_BYTES_MAX], exponent[PKI_RSA_EXPONENT_BYTES_MAX];
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM params[] = {
		number_param(OSSL_PKEY_PARAM_RSA_N, k->n, n),
		number_param(OSSL_PKEY_PARAM_RSA_E, k->e, exponent),
		OSSL_PARAM_construct_end(),
	};

	if (EVP_PKEY_fromdata(
		ctx->rsa_import, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		return pki_fail(e, ERR_CRYPTO, "an RSA public key");
	return pki_key_wrap(out, pkey, spki, e) < 0 ? -1 : 1;
}

static int
foreign_from_spki(struct pki_key **out, struct pki_ctx *ctx, struct bytes spki,
    const char **why, struct err *e)
{
	const unsigned char *p = spki.p;
	EVP_PKEY *pkey = NULL;

	if (spki.n > SPKI_FOREIGN_MAX) {
		*why = "a public key of more than 16 KiB";
		return 0;
	}
	pkey = d2i_PUBKEY_ex(NULL, &p, (long)spki.n, ctx->lib->libctx, NULL);
	pki_refused();
	if (pkey == NULL) {
		*why = "a public key of a kind that libcrypto does not take";
		return 0;
	}
	if (EVP_PKEY_get_bits(pkey) > PKI_RSA_BITS_MAX) {
		EVP_PKEY_free(pkey);
		*why = "a public key of more than 16384 bits";
		return 0;
	}
	return pki_key_wrap(out, pkey, spki, e) < 0 ? -1 : 1;
}

int
pki_key_from_spki(struct pki_key **out, struct pki_ctx *ctx, struct bytes spki,
    const char **why, struct err *e)
{
	struct pki_rsa_numbers numbers;
	struct bytes oid, bits;
	const char *bad = pki_spki_split(spki, &oid, &bits);

	if (bad != NULL) {
		*why = not_spki;
		return 0;
	}
	if (!bytes_eq(oid, pki_oid_rsa_encryption))
		return foreign_from_spki(out, ctx, spki, why, e);
	bad = read_numbers(bits, &numbers);
	if (bad != NULL) {
		*why = bad;
		return 0;
	}
	return rsa_from_numbers(out, ctx, &numbers, spki, e);
}
