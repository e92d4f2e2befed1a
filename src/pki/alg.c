/* SPDX-License-Identifier: MIT */
/*
 * The tables of digests, ciphers and signature algorithms, and their
 * AlgorithmIdentifiers both ways. What is done with an algorithm is in sign.c,
 * transport.c and cipher.c.
 */
#include "pki/alg.h"

#include "pki/oid.h"

/* BYTES_LIT as an initialiser: a compound literal is no constant in C11. */
#define OID(s)                                      \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}

#define PKCS1_ARC "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define NIST_HASH_ARC "\x60\x86\x48\x01\x65\x03\x04\x02"
#define NIST_AES_ARC "\x60\x86\x48\x01\x65\x03\x04\x01"
#define ECDSA_ARC "\x2a\x86\x48\xce\x3d\x04"

#define GCM_TAG_DEFAULT 12 /* RFC 5084 3.2 */
#define GCM_TAG_OURS 16
#define PSS_SALT_DEFAULT 20
#define PSS_SALT_MAX 4096 /* more than any modulus we take holds */
#define RC2_VERSION_128 58 /* RFC 3370 5.2: the parameter for 128 bits */
#define RC2_VERSION_PLAIN 256 /* from here on the version is the bits */
#define RC2_BITS_MAX 1024
#define RC2_BITS_UNSTATED 32 /* RFC 3370 5.2: no version given */

static const struct pki_digest_row digests[PKI_DIGESTS] = {
	[PKI_DIGEST_UNKNOWN] = { "unknown", { NULL, 0 }, { NULL, 0 }, 0 },
	/* 1.2.840.113549.2.5 */
	[PKI_MD5] = { "MD5", OID("\x2a\x86\x48\x86\xf7\x0d\x02\x05"),
	    OID(PKCS1_ARC "\x04"), 16 },
	/* 1.3.14.3.2.26 */
	[PKI_SHA1] = { "SHA-1", OID("\x2b\x0e\x03\x02\x1a"),
	    OID(PKCS1_ARC "\x05"), 20 },
	/* 2.16.840.1.101.3.4.2.x */
	[PKI_SHA224] = { "SHA-224", OID(NIST_HASH_ARC "\x04"),
	    OID(PKCS1_ARC "\x0e"), 28 },
	[PKI_SHA256] = { "SHA-256", OID(NIST_HASH_ARC "\x01"),
	    OID(PKCS1_ARC "\x0b"), 32 },
	[PKI_SHA384] = { "SHA-384", OID(NIST_HASH_ARC "\x02"),
	    OID(PKCS1_ARC "\x0c"), 48 },
	[PKI_SHA512] = { "SHA-512", OID(NIST_HASH_ARC "\x03"),
	    OID(PKCS1_ARC "\x0d"), 64 },
};

static const struct pki_cipher_row ciphers[PKI_CIPHERS] = {
	[PKI_CIPHER_UNKNOWN] = { "unknown", { NULL, 0 }, 0, 0, 0, false },
	/* 1.3.14.3.2.7 */
	[PKI_DES_CBC] = { "DES-CBC", OID("\x2b\x0e\x03\x02\x07"), 8, 8, 8,
	    true },
	/* 1.2.840.113549.3.7 */
	[PKI_DES3_CBC] = { "DES-EDE3-CBC",
	    OID("\x2a\x86\x48\x86\xf7\x0d\x03\x07"), 24, 8, 8, false },
	/* 2.16.840.1.101.3.4.1.x */
	[PKI_AES128_CBC] = { "AES-128-CBC", OID(NIST_AES_ARC "\x02"), 16, 16,
	    16, false },
	[PKI_AES192_CBC] = { "AES-192-CBC", OID(NIST_AES_ARC "\x16"), 24, 16,
	    16, false },
	[PKI_AES256_CBC] = { "AES-256-CBC", OID(NIST_AES_ARC "\x2a"), 32, 16,
	    16, false },
	[PKI_AES128_GCM] = { "AES-128-GCM", OID(NIST_AES_ARC "\x06"), 16, 12, 1,
	    false },
	[PKI_AES192_GCM] = { "AES-192-GCM", OID(NIST_AES_ARC "\x1a"), 24, 12, 1,
	    false },
	[PKI_AES256_GCM] = { "AES-256-GCM", OID(NIST_AES_ARC "\x2e"), 32, 12, 1,
	    false },
	/* 1.3.6.1.4.1.3029.1.2 */
	[PKI_BLOWFISH_CBC] = { "BF-CBC",
	    OID("\x2b\x06\x01\x04\x01\x97\x55\x01\x02"), 16, 8, 8, true },
	/* 1.2.840.113549.3.2 */
	[PKI_RC2_CBC] = { "RC2-CBC", OID("\x2a\x86\x48\x86\xf7\x0d\x03\x02"),
	    16, 8, 8, true },
};

/* Algorithms that are neither in a digest's row nor parametrised. */
static const struct {
	struct bytes oid;
	enum pki_padding padding;
	enum pki_digest digest;
} plain_algs[] = {
	/* 1.2.840.113549.1.1.1, rsaEncryption */
	{ OID(PKCS1_ARC "\x01"), PKI_PKCS1, PKI_DIGEST_UNKNOWN },
	/* 1.3.14.3.2.29, sha1WithRSA of the OIW */
	{ OID("\x2b\x0e\x03\x02\x1d"), PKI_PKCS1, PKI_SHA1 },
	/* 1.2.840.10045.4.1 and .4.3.x */
	{ OID(ECDSA_ARC "\x01"), PKI_ECDSA, PKI_SHA1 },
	{ OID(ECDSA_ARC "\x03\x01"), PKI_ECDSA, PKI_SHA224 },
	{ OID(ECDSA_ARC "\x03\x02"), PKI_ECDSA, PKI_SHA256 },
	{ OID(ECDSA_ARC "\x03\x03"), PKI_ECDSA, PKI_SHA384 },
	{ OID(ECDSA_ARC "\x03\x04"), PKI_ECDSA, PKI_SHA512 },
};

static const struct bytes oid_pss = OID(PKCS1_ARC "\x0a");
static const struct bytes oid_oaep = OID(PKCS1_ARC "\x07");

const struct pki_digest_row *
pki_digest_row(enum pki_digest d)
{
	return &digests[d < PKI_DIGESTS ? d : PKI_DIGEST_UNKNOWN];
}

const struct pki_cipher_row *
pki_cipher_row(enum pki_cipher c)
{
	return &ciphers[c < PKI_CIPHERS ? c : PKI_CIPHER_UNKNOWN];
}

enum pki_digest
pki_digest_by_oid(struct bytes oid)
{
	for (unsigned d = PKI_MD5; d < PKI_DIGESTS; d++) {
		if (bytes_eq(digests[d].oid, oid))
			return (enum pki_digest)d;
	}
	return PKI_DIGEST_UNKNOWN;
}

enum pki_cipher
pki_cipher_by_oid(struct bytes oid)
{
	for (unsigned c = PKI_DES_CBC; c < PKI_CIPHERS; c++) {
		if (bytes_eq(ciphers[c].oid, oid))
			return (enum pki_cipher)c;
	}
	return PKI_CIPHER_UNKNOWN;
}

/* ---- reading ---- */

/* The OID and parameters of an AlgorithmIdentifier; params is left at the parameters. */
static bool
read_frame(struct asn1_reader *r, struct asn1_item *whole,
    struct asn1_item *oid, struct asn1_reader *params)
{
	if (!asn1_take(r, ASN1_ID_SEQUENCE, whole))
		return false;
	asn1_enter(params, r, whole);
	return asn1_take(params, ASN1_ID_OID, oid);
}

static enum pki_digest
read_digest(struct asn1_reader *r)
{
	struct asn1_item whole, oid;
	struct asn1_reader params;

	if (!read_frame(r, &whole, &oid, &params))
		return PKI_DIGEST_UNKNOWN;
	return pki_digest_by_oid(oid.body);
}

/* A mask generation function: MGF1 with a digest, or unknown. */
static enum pki_digest
read_mgf(struct asn1_reader *r)
{
	struct asn1_item whole, oid;
	struct asn1_reader params;

	if (!read_frame(r, &whole, &oid, &params) ||
	    !bytes_eq(oid.body, pki_oid_mgf1))
		return PKI_DIGEST_UNKNOWN;
	return read_digest(&params);
}

/* Enter the explicit [number] when it comes next. */
static bool
enter_context(struct asn1_reader *r, unsigned number, struct asn1_reader *in)
{
	struct asn1_item item;
	uint8_t id = (uint8_t)(ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | number);

	if (!asn1_take_optional(r, id, &item))
		return false;
	asn1_enter(in, r, &item);
	return true;
}

/* RSASSA-PSS-params, RFC 4055 3.1. */
static void
read_pss(struct asn1_reader *params, struct pki_alg *alg)
{
	struct asn1_reader in;
	struct asn1_item number;
	uint64_t salt = PSS_SALT_DEFAULT;

	if (enter_context(params, 0, &in))
		alg->digest = read_digest(&in);
	if (enter_context(params, 1, &in))
		alg->mgf1 = read_mgf(&in);
	if (enter_context(params, 2, &in) &&
	    (!asn1_take(&in, ASN1_ID_INTEGER, &number) ||
		!asn1_uint(&number, &salt) || salt > PSS_SALT_MAX)) {
		alg->padding = PKI_PADDING_UNKNOWN;
		return;
	}
	alg->salt_len = (int)salt;
	if (enter_context(params, 3, &in) &&
	    (!asn1_take(&in, ASN1_ID_INTEGER, &number) ||
		!asn1_uint(&number, &salt) || salt != 1))
		alg->padding = PKI_PADDING_UNKNOWN;
	asn1_end(params);
}

/* RSAES-OAEP-params, RFC 4055 4.1. */
static void
read_oaep(struct asn1_reader *params, struct pki_alg *alg)
{
	struct asn1_reader in, source;
	struct asn1_item whole, oid, label;

	if (enter_context(params, 0, &in))
		alg->digest = read_digest(&in);
	if (enter_context(params, 1, &in))
		alg->mgf1 = read_mgf(&in);
	if (enter_context(params, 2, &in)) {
		if (!read_frame(&in, &whole, &oid, &source) ||
		    !bytes_eq(oid.body, pki_oid_p_specified) ||
		    !asn1_take(&source, ASN1_ID_OCTET_STRING, &label) ||
		    (label.id & ASN1_ID_CONSTRUCTED) != 0)
			alg->padding = PKI_PADDING_UNKNOWN;
		else
			alg->label = label.body;
	}
	asn1_end(params);
}

/* Fill in what the OID alone says. */
static void
classify(struct pki_alg *alg)
{
	for (size_t i = 0; i < nitems(plain_algs); i++) {
		if (bytes_eq(plain_algs[i].oid, alg->oid)) {
			alg->padding = plain_algs[i].padding;
			alg->digest = plain_algs[i].digest;
			return;
		}
	}
	for (unsigned d = PKI_MD5; d < PKI_DIGESTS; d++) {
		if (bytes_eq(digests[d].rsa_oid, alg->oid)) {
			alg->padding = PKI_PKCS1;
			alg->digest = (enum pki_digest)d;
			return;
		}
	}
	if (bytes_eq(alg->oid, oid_pss))
		alg->padding = PKI_PSS;
	else if (bytes_eq(alg->oid, oid_oaep))
		alg->padding = PKI_OAEP;
}

bool
pki_alg_read(struct asn1_reader *r, struct pki_alg *alg)
{
	struct asn1_item whole, oid, item;
	struct asn1_reader params, fields = { 0 };

	*alg = (struct pki_alg){ .salt_len = -1 };
	if (!read_frame(r, &whole, &oid, &params))
		return false;
	alg->whole = whole.whole;
	alg->oid = oid.body;
	classify(alg);
	if (asn1_next(&params, &item)) {
		alg->params = item.whole;
		if (item.id == ASN1_ID_SEQUENCE)
			asn1_enter(&fields, &params, &item);
	}
	asn1_end(&params);
	if (alg->padding != PKI_PSS && alg->padding != PKI_OAEP)
		return true;
	alg->digest = PKI_SHA1;
	alg->mgf1 = PKI_SHA1;
	if (fields.fault == NULL) {
		/* absent or NULL: nothing but defaults */
		fields = params;
		fields.rest = bytes_of(params.rest.p, 0);
	}
	if (alg->padding == PKI_PSS)
		read_pss(&fields, alg);
	else
		read_oaep(&fields, alg);
	return true;
}

/* RFC 3370 5.2 and RFC 2268 6: some sizes have odd numbers. 0: not one we know. */
static int
rc2_bits(uint64_t version)
{
	static const struct {
		uint64_t version;
		int bits;
	} known[] = { { 160, 40 }, { 120, 64 }, { RC2_VERSION_128, 128 } };

	for (size_t i = 0; i < nitems(known); i++) {
		if (known[i].version == version)
			return known[i].bits;
	}
	if (version < RC2_VERSION_PLAIN || version > RC2_BITS_MAX)
		return 0;
	return (int)version;
}

static void
read_iv(struct asn1_reader *r, struct pki_cipher_alg *alg)
{
	struct asn1_item iv;

	if (asn1_take(r, ASN1_ID_OCTET_STRING, &iv) &&
	    (iv.id & ASN1_ID_CONSTRUCTED) == 0)
		alg->iv = iv.body;
}

/* RC2-CBC-Parameter: SEQUENCE { version, iv }, or the iv alone. */
static void
read_rc2(struct asn1_reader *params, struct pki_cipher_alg *alg)
{
	struct asn1_item item;
	struct asn1_reader in;
	uint64_t version = 0;

	alg->rc2_bits = RC2_BITS_UNSTATED;
	if (!asn1_take_optional(params, ASN1_ID_SEQUENCE, &item)) {
		read_iv(params, alg);
		return;
	}
	asn1_enter(&in, params, &item);
	if (asn1_take_optional(&in, ASN1_ID_INTEGER, &item))
		alg->rc2_bits =
		    asn1_uint(&item, &version) ? rc2_bits(version) : 0;
	read_iv(&in, alg);
}

/* GCMParameters, RFC 5084 3.2. */
static void
read_gcm(struct asn1_reader *params, struct pki_cipher_alg *alg)
{
	struct asn1_item item;
	struct asn1_reader in;
	uint64_t length = GCM_TAG_DEFAULT;

	if (!asn1_take_enter(params, ASN1_ID_SEQUENCE, &in))
		return;
	read_iv(&in, alg);
	if (asn1_take_optional(&in, ASN1_ID_INTEGER, &item) &&
	    (!asn1_uint(&item, &length) || length > SIZE_MAX))
		length = 0;
	alg->tag_len = (size_t)length;
}

bool
pki_cipher_alg_read(struct asn1_reader *r, struct pki_cipher_alg *alg)
{
	struct asn1_item whole, oid;
	struct asn1_reader params;

	*alg = (struct pki_cipher_alg){ 0 };
	if (!read_frame(r, &whole, &oid, &params))
		return false;
	alg->oid = oid.body;
	alg->cipher = pki_cipher_by_oid(oid.body);
	if (alg->cipher == PKI_CIPHER_UNKNOWN)
		return true;
	if (alg->cipher == PKI_RC2_CBC)
		read_rc2(&params, alg);
	else if (pki_cipher_row(alg->cipher)->block_size == 1)
		read_gcm(&params, alg);
	else
		read_iv(&params, alg);
	return true;
}

/* ---- writing ---- */

static void
put_alg_null(struct asn1_writer *w, struct bytes oid)
{
	size_t m = asn1_mark(w);

	asn1_put_null(w);
	asn1_put_oid(w, oid);
	asn1_put_header(w, ASN1_ID_SEQUENCE, m);
}

void
pki_put_digest_alg(struct asn1_writer *w, enum pki_digest d)
{
	put_alg_null(w, pki_digest_row(d)->oid);
}

void
pki_put_rsa_sign_alg(struct asn1_writer *w, enum pki_digest d)
{
	put_alg_null(w, pki_digest_row(d)->rsa_oid);
}

void
pki_put_rsa_alg(struct asn1_writer *w)
{
	put_alg_null(w, pki_oid_rsa_encryption);
}

void
pki_put_oaep_alg(struct asn1_writer *w)
{
	size_t m = asn1_mark(w);

	asn1_put(w, ASN1_ID_SEQUENCE, bytes_of(NULL, 0));
	asn1_put_oid(w, oid_oaep);
	asn1_put_header(w, ASN1_ID_SEQUENCE, m);
}

void
pki_put_cipher_alg(struct asn1_writer *w, enum pki_cipher c, struct bytes iv)
{
	size_t whole = asn1_mark(w);
	size_t params = asn1_mark(w);

	if (pki_cipher_row(c)->block_size == 1) {
		asn1_put_int(w, GCM_TAG_OURS);
		asn1_put(w, ASN1_ID_OCTET_STRING, iv);
		asn1_put_header(w, ASN1_ID_SEQUENCE, params);
	} else if (c == PKI_RC2_CBC) {
		asn1_put(w, ASN1_ID_OCTET_STRING, iv);
		asn1_put_int(w, RC2_VERSION_128);
		asn1_put_header(w, ASN1_ID_SEQUENCE, params);
	} else {
		asn1_put(w, ASN1_ID_OCTET_STRING, iv);
	}
	asn1_put_oid(w, pki_cipher_row(c)->oid);
	asn1_put_header(w, ASN1_ID_SEQUENCE, whole);
}
