/* SPDX-License-Identifier: MIT */
/* Messages element by element, for forms that libcrypto reads or meets but never writes. */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmsmake.h"

#define OID_DATA "1.2.840.113549.1.7.1"
#define OID_SIGNED_DATA "1.2.840.113549.1.7.2"
#define OID_ENVELOPED_DATA "1.2.840.113549.1.7.3"
#define OID_RSA "1.2.840.113549.1.1.1"
#define OID_MD5 "1.2.840.113549.2.5"
#define OID_SHA1 "1.3.14.3.2.26"
#define OID_SHA256 "2.16.840.1.101.3.4.2.1"
#define GCM_TAG 16

static const char *
text_or(const char *text, const char *otherwise)
{
	return text == NULL ? otherwise : text;
}

static struct cm_bytes
alg(const char *oid)
{
	return CM_TLV(0x30, cm_oid(oid), cm_element(0x05, NULL, 0));
}

/* ---- envelopes ---- */

struct secret {
	unsigned char key[32], iv[16];
	size_t key_n, iv_n;
	bool gcm;
};

static struct cm_bytes
encrypt(const struct cm_hand_envelope *spec, struct secret *s,
    const void *inner, size_t n)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, spec->cipher, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct cm_bytes out = { calloc(1, n + 64), 0 };
	int len = 0;

	CM_NEED(cipher != NULL && ctx != NULL && out.p != NULL);
	s->key_n = (size_t)EVP_CIPHER_get_key_length(cipher);
	s->iv_n = (size_t)EVP_CIPHER_get_iv_length(cipher);
	s->gcm = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE;
	CM_NEED(RAND_bytes(s->key, sizeof(s->key)) == 1);
	CM_NEED(RAND_bytes(s->iv, sizeof(s->iv)) == 1);
	CM_NEED(EVP_EncryptInit_ex2(ctx, cipher, s->key, s->iv, NULL));
	CM_NEED(EVP_EncryptUpdate(ctx, out.p, &len, inner, (int)n));
	out.n = (size_t)len;
	CM_NEED(EVP_EncryptFinal_ex(ctx, out.p + out.n, &len));
	out.n += (size_t)len;
	if (s->gcm) {
		CM_NEED(EVP_CIPHER_CTX_ctrl(
		    ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, out.p + out.n));
		out.n += GCM_TAG;
	}
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	if (spec->damage_padding)
		out.p[out.n - 1] ^= 0x55;
	return out;
}

static struct cm_bytes
wrap(EVP_PKEY *key, const unsigned char *secret, size_t n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	unsigned char out[1024];
	size_t len = sizeof(out);

	CM_NEED(ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1);
	CM_NEED(EVP_PKEY_encrypt(ctx, out, &len, secret, n) == 1);
	EVP_PKEY_CTX_free(ctx);
	return cm_copy(out, len);
}

static struct cm_bytes
recipient_id(const struct cm_hand_envelope *spec)
{
	const ASN1_OCTET_STRING *ski;

	if (!spec->ski)
		return cm_issuer_serial(spec->to->cert, spec->reversed);
	ski = X509_get0_subject_key_id(spec->to->cert);
	CM_NEED(ski != NULL);
	return cm_element(
	    0x80, ASN1_STRING_get0_data(ski), (size_t)ASN1_STRING_length(ski));
}

static struct cm_bytes
recipient_infos(const struct cm_hand_envelope *spec, const struct secret *s)
{
	struct cm_bytes all = cm_empty();
	struct cm_bytes key = wrap(spec->to->key, s->key, s->key_n);

	for (unsigned i = 0; i < spec->strangers; i++) {
		struct cm_bytes name = CM_TLV(0x30, cm_empty());

		all = CM_JOIN(all,
		    CM_TLV(0x30, cm_int(0), CM_TLV(0x30, name, cm_int(77)),
			alg(OID_RSA), cm_string(0x04, "not for you")));
	}
	if (spec->damage_key)
		key.p[key.n / 2] ^= 1;
	key = CM_TLV(0x04, key);
	return CM_JOIN(all,
	    CM_TLV(0x30, cm_int(spec->ski ? 2 : 0), recipient_id(spec),
		alg(text_or(spec->keytrans_oid, OID_RSA)), key));
}

static struct cm_bytes
cipher_alg(const struct cm_hand_envelope *spec, const struct secret *s)
{
	struct cm_bytes iv = cm_element(0x04, s->iv, s->iv_n);

	if (s->gcm)
		iv = CM_TLV(0x30, iv, cm_int(GCM_TAG));
	return CM_TLV(0x30, cm_oid(spec->cipher_oid), iv);
}

struct cm_bytes
cm_envelope_by_hand(
    const struct cm_hand_envelope *spec, const void *inner, size_t n)
{
	struct secret s = { 0 };
	struct cm_bytes cipher = encrypt(spec, &s, inner, n), content, info;
	int indefinite = spec->piece > 0 ? CM_INDEFINITE : 0;

	if (spec->no_content)
		content = cm_empty();
	else if (spec->piece > 0)
		content = cm_pieces(0x80, cipher.p, cipher.n, spec->piece);
	else
		content = cm_element(0x80, cipher.p, cipher.n);
	cm_free(&cipher);
	info = CM_TLV(
	    0x30 | indefinite, cm_oid(OID_DATA), cipher_alg(spec, &s), content);
	info = CM_TLV(0x30 | indefinite, cm_int(spec->ski ? 2 : 0),
	    CM_TLV(0x31, recipient_infos(spec, &s)), info);
	return CM_TLV(0x30 | indefinite,
	    cm_oid(text_or(spec->outer_oid, OID_ENVELOPED_DATA)),
	    CM_TLV(0xa0 | indefinite, info));
}

/* ---- SignedData ---- */

static const char *
digest_oid(const struct cm_hand_signed *spec)
{
	const char *name = text_or(spec->digest, "SHA256");

	if (spec->digest_oid != NULL)
		return spec->digest_oid;
	if (strcmp(name, "SHA1") == 0)
		return OID_SHA1;
	return strcmp(name, "MD5") == 0 ? OID_MD5 : OID_SHA256;
}

static const EVP_MD *
digest_of(const struct cm_hand_signed *spec)
{
	return EVP_get_digestbyname(text_or(spec->digest, "SHA256"));
}

static struct cm_bytes
one_attribute(const struct cm_attr *a, bool ber)
{
	size_t n = a->n == 0 && a->text != NULL ? strlen(a->text) : a->n;
	struct cm_bytes values = cm_empty();
	unsigned count = a->values == 0 ? 1 : a->values;
	int indefinite = ber ? CM_INDEFINITE : 0;

	for (unsigned i = 0; i < count && a->text != NULL; i++) {
		struct cm_bytes v = ber && a->type == 0x04
		    ? cm_pieces(a->type, a->text, n, 5)
		    : cm_element(a->type, a->text, n);

		values = CM_JOIN(values, v);
	}
	return CM_TLV(0x30 | indefinite, cm_oid(a->oid),
	    CM_TLV(0x31 | indefinite, values));
}

struct attributes {
	struct cm_bytes one[CM_ATTRS_MAX];
	size_t n;
};

static int
by_octets(const void *left, const void *right)
{
	const struct cm_bytes *a = left, *b = right;
	size_t n = a->n < b->n ? a->n : b->n;
	int c = memcmp(a->p, b->p, n);

	return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

static struct cm_bytes
set_of(const struct attributes *a, bool reversed)
{
	struct cm_bytes all = cm_empty();

	for (size_t i = 0; i < a->n; i++) {
		const struct cm_bytes *one =
		    &a->one[reversed ? a->n - 1 - i : i];

		all = CM_JOIN(all, cm_copy(one->p, one->n));
	}
	return all;
}

/* All attributes, sorted as DER wants them. */
static struct cm_bytes
attributes(const struct cm_hand_signed *spec, const unsigned char *content,
    size_t n, bool ber, bool reversed)
{
	struct attributes a = { 0 };
	struct cm_bytes oid = cm_oid(text_or(spec->content_oid, OID_DATA)), all;
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct cm_attr type = { CM_CONTENT_TYPE, 0x06, (char *)oid.p + 2,
		oid.n - 2, 1 };
	struct cm_attr digest = { CM_MESSAGE_DIGEST, 0x04, (char *)md, 0, 1 };

	CM_NEED(EVP_Digest(content, n, md, &len, digest_of(spec), NULL));
	md[0] ^= spec->damage_digest ? 1 : 0;
	digest.n = len;
	if (!spec->no_content_type)
		a.one[a.n++] = one_attribute(&type, ber);
	if (!spec->no_digest)
		a.one[a.n++] = one_attribute(&digest, ber);
	for (const struct cm_attr *s = spec->attrs; s->oid != NULL; s++) {
		CM_NEED(a.n < CM_ATTRS_MAX);
		a.one[a.n++] = one_attribute(s, ber);
	}
	qsort(a.one, a.n, sizeof(a.one[0]), by_octets);
	all = set_of(&a, reversed);
	while (a.n > 0)
		cm_free(&a.one[--a.n]);
	cm_free(&oid);
	return all;
}

static struct cm_bytes
sign(const struct cm_hand_signed *spec, const struct cm_bytes *data)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[1024];
	size_t n = sizeof(sig);

	CM_NEED(ctx != NULL);
	CM_NEED(EVP_DigestSignInit(
		    ctx, NULL, digest_of(spec), NULL, spec->signer->key) == 1);
	CM_NEED(EVP_DigestSign(ctx, sig, &n, data->p, data->n) == 1);
	EVP_MD_CTX_free(ctx);
	sig[n / 2] ^= spec->damage_signature ? 1 : 0;
	return cm_element(0x04, sig, n);
}

static struct cm_bytes
signer_info(
    const struct cm_hand_signed *spec, const unsigned char *content, size_t n)
{
	bool reversed = spec->order != CM_SORTED;
	bool ber = spec->attributes_ber;
	struct cm_bytes signed_form = CM_TLV(0x31,
	    attributes(
		spec, content, n, false, spec->order == CM_REVERSED_AS_SENT));
	struct cm_bytes sent = CM_TLV(0xa0 | (ber ? CM_INDEFINITE : 0),
	    attributes(spec, content, n, ber, reversed));
	struct cm_bytes sig;

	if (spec->no_attributes) {
		struct cm_bytes plain = cm_copy(content, n);

		cm_free(&sent);
		sent = cm_empty();
		sig = sign(spec, &plain);
		cm_free(&plain);
	} else {
		sig = sign(spec, &signed_form);
	}
	cm_free(&signed_form);
	return CM_TLV(0x30, cm_int(1),
	    cm_issuer_serial(spec->signer->cert, false), alg(digest_oid(spec)),
	    sent, alg(text_or(spec->sig_oid, OID_RSA)), sig);
}

static struct cm_bytes
encapsulated(
    const struct cm_hand_signed *spec, const unsigned char *content, size_t n)
{
	int indefinite = spec->piece > 0 ? CM_INDEFINITE : 0;
	struct cm_bytes oid = cm_oid(text_or(spec->content_oid, OID_DATA));
	struct cm_bytes octets;

	if (spec->no_content)
		return CM_TLV(0x30, oid);
	if (spec->piece > 0)
		octets = cm_pieces(0x04, content, n, spec->piece);
	else if (spec->pkcs7_content)
		octets = cm_copy(content, n);
	else
		octets = cm_element(0x04, content, n);
	return CM_TLV(
	    0x30 | indefinite, oid, CM_TLV(0xa0 | indefinite, octets));
}

/* Where the contents of one definite-length element start. */
static size_t
header_size(const unsigned char *p)
{
	return p[1] < 0x80 ? 2 : 2 + (size_t)(p[1] & 0x7f);
}

struct cm_bytes
cm_signed_by_hand(
    const struct cm_hand_signed *spec, const void *content, size_t n)
{
	const unsigned char *c = content;
	int indefinite = spec->piece > 0 ? CM_INDEFINITE : 0;
	/* PKCS#7 digests the contents of whatever element it is */
	size_t skip = spec->pkcs7_content ? header_size(c) : 0;
	struct cm_bytes certs = cm_empty(), infos = cm_empty(), sd;

	for (unsigned i = 0; i < spec->certs; i++)
		certs = CM_JOIN(
		    certs, cm_copy(spec->signer->der.p, spec->signer->der.n));
	if (spec->certs > 0)
		certs = CM_TLV(0xa0, certs);
	if (!spec->no_signer_info)
		infos = CM_JOIN(infos, signer_info(spec, c + skip, n - skip));
	sd = CM_TLV(0x30 | indefinite, cm_int(1),
	    CM_TLV(0x31, alg(digest_oid(spec))), encapsulated(spec, c, n),
	    certs, CM_TLV(0x31, infos));
	return CM_TLV(0x30 | indefinite,
	    cm_oid(text_or(spec->outer_oid, OID_SIGNED_DATA)),
	    CM_TLV(0xa0 | indefinite, sd));
}
