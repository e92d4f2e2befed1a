/* SPDX-License-Identifier: MIT */
/* Elements, parties and PKCS#10 requests for tests of the codec; messages are in cmsmake_cms.c and cmsmake_hand.c. */
#include "support/cmsmake.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YEAR (365L * 24 * 3600)

void
cm_need(int ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	fprintf(stderr, "%s:%d: needed: %s\n", file, line, what);
	ERR_print_errors_fp(stderr);
	abort();
}

void
cm_providers(OSSL_PROVIDER *out[2])
{
	out[0] = OSSL_PROVIDER_load(NULL, "default");
	out[1] = OSSL_PROVIDER_load(NULL, "legacy");
	CM_NEED(out[0] != NULL && out[1] != NULL);
}

void
cm_providers_free(OSSL_PROVIDER *providers[2])
{
	CM_NEED(OSSL_PROVIDER_unload(providers[1]));
	CM_NEED(OSSL_PROVIDER_unload(providers[0]));
}

/* ---- bytes and elements ---- */

void
cm_free(struct cm_bytes *b)
{
	free(b->p);
	b->p = NULL;
	b->n = 0;
}

struct cm_bytes
cm_copy(const void *p, size_t n)
{
	struct cm_bytes b = { malloc(n + 1), n };

	CM_NEED(b.p != NULL);
	if (n > 0)
		memcpy(b.p, p, n);
	return b;
}

struct cm_bytes
cm_empty(void)
{
	return cm_copy(NULL, 0);
}

struct cm_bytes
cm_join(const struct cm_bytes *parts)
{
	struct cm_bytes all = cm_empty();

	for (; parts->p != NULL; parts++) {
		all.p = realloc(all.p, all.n + parts->n + 1);
		CM_NEED(all.p != NULL);
		memcpy(all.p + all.n, parts->p, parts->n);
		all.n += parts->n;
		free(parts->p);
	}
	return all;
}

static struct cm_bytes
header(int id, size_t n)
{
	unsigned char h[6] = { (unsigned char)(id & 0xff), 0x80 };

	if ((id & CM_INDEFINITE) != 0)
		return cm_copy(h, 2);
	if (n < 0x80) {
		h[1] = (unsigned char)n;
		return cm_copy(h, 2);
	}
	if (n < 0x10000) {
		h[1] = 0x82;
		h[2] = (unsigned char)(n >> 8);
		h[3] = (unsigned char)(n & 0xff);
		return cm_copy(h, 4);
	}
	h[1] = 0x83;
	h[2] = (unsigned char)(n >> 16);
	h[3] = (unsigned char)(n >> 8 & 0xff);
	h[4] = (unsigned char)(n & 0xff);
	return cm_copy(h, 5);
}

/* DER's own length form below 256. */
static struct cm_bytes
der_header(int id, size_t n)
{
	unsigned char h[3] = { (unsigned char)id, 0x81, (unsigned char)n };

	if (n >= 0x80 && n < 0x100 && (id & CM_INDEFINITE) == 0)
		return cm_copy(h, 3);
	return header(id, n);
}

struct cm_bytes
cm_tlv(int id, const struct cm_bytes *parts)
{
	struct cm_bytes body = cm_join(parts);
	struct cm_bytes head = der_header(id, body.n);

	if ((id & CM_INDEFINITE) != 0)
		return CM_JOIN(head, body, cm_copy("\0\0", 2));
	return CM_JOIN(head, body);
}

struct cm_bytes
cm_element(int id, const void *p, size_t n)
{
	return CM_TLV(id, cm_copy(p, n));
}

struct cm_bytes
cm_string(int id, const char *text)
{
	return cm_element(id, text, strlen(text));
}

struct cm_bytes
cm_oid(const char *dotted)
{
	ASN1_OBJECT *o = OBJ_txt2obj(dotted, 1);
	struct cm_bytes b;

	CM_NEED(o != NULL);
	b = cm_element(0x06, OBJ_get0_data(o), OBJ_length(o));
	ASN1_OBJECT_free(o);
	return b;
}

struct cm_bytes
cm_int(long v)
{
	unsigned char c = (unsigned char)v;

	CM_NEED(v >= 0 && v < 128);
	return cm_element(0x02, &c, 1);
}

struct cm_bytes
cm_pieces(int id, const void *p, size_t n, size_t piece)
{
	const unsigned char *at = p;
	struct cm_bytes all = cm_empty();

	for (size_t done = 0; done < n; done += piece) {
		size_t now = n - done < piece ? n - done : piece;

		all = CM_JOIN(all, cm_element(0x04, at + done, now));
	}
	return CM_TLV((id | 0x20) | CM_INDEFINITE, all);
}

/* ---- parties ---- */

static EVP_PKEY *
load_key(const char *path)
{
	BIO *in = BIO_new_file(path, "r");
	EVP_PKEY *key;

	CM_NEED(in != NULL);
	key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	CM_NEED(key != NULL);
	BIO_free(in);
	return key;
}

static void
add_ski(X509 *cert)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	ext =
	    X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_key_identifier, "hash");
	CM_NEED(ext != NULL && X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
}

static void
add_name(X509_NAME *name, const char *type, const char *text)
{
	CM_NEED(X509_NAME_add_entry_by_txt(
	    name, type, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0));
}

static void
fill_cert(X509 *cert, EVP_PKEY *key, const struct cm_party_spec *spec)
{
	BIGNUM *serial = NULL;

	CM_NEED(BN_hex2bn(
	    &serial, spec->serial_hex == NULL ? "01" : spec->serial_hex));
	CM_NEED(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)));
	BN_free(serial);
	CM_NEED(X509_set_version(cert, spec->v1 ? 0 : 2));
	CM_NEED(X509_gmtime_adj(X509_getm_notBefore(cert), -3600));
	CM_NEED(X509_gmtime_adj(X509_getm_notAfter(cert), YEAR));
	if (spec->o != NULL)
		add_name(X509_get_subject_name(cert), "O", spec->o);
	add_name(X509_get_subject_name(cert), "CN", spec->cn);
	CM_NEED(X509_set_issuer_name(cert,
	    spec->issuer == NULL ? X509_get_subject_name(cert)
				 : X509_get_subject_name(spec->issuer->cert)));
	CM_NEED(X509_set_pubkey(cert, key));
	if (spec->ski)
		add_ski(cert);
}

void
cm_party_make(struct cm_party *p, const struct cm_party_spec *spec)
{
	int n;

	if (spec->ec)
		p->key = EVP_EC_gen("P-256");
	else if (spec->key_file != NULL)
		p->key = load_key(spec->key_file);
	else
		p->key = EVP_RSA_gen(spec->bits);
	p->cert = X509_new();
	CM_NEED(p->key != NULL && p->cert != NULL);
	fill_cert(p->cert, p->key, spec);
	CM_NEED(X509_sign(p->cert,
	    spec->issuer == NULL ? p->key : spec->issuer->key, EVP_sha256()));
	p->der = (struct cm_bytes){ 0 };
	n = i2d_X509(p->cert, &p->der.p);
	CM_NEED(n > 0);
	p->der.n = (size_t)n;
}

void
cm_party_free(struct cm_party *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
	OPENSSL_free(p->der.p);
	memset(p, 0, sizeof(*p));
}

static struct cm_bytes
name_der(const X509_NAME *name)
{
	unsigned char *p = NULL;
	int n = i2d_X509_NAME(name, &p);
	struct cm_bytes b;

	CM_NEED(n > 0);
	b = cm_copy(p, (size_t)n);
	OPENSSL_free(p);
	return b;
}

static X509_NAME *
reversed_name(const X509_NAME *name)
{
	X509_NAME *out = X509_NAME_new();

	CM_NEED(out != NULL);
	for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--)
		CM_NEED(X509_NAME_add_entry(
		    out, X509_NAME_get_entry(name, i), -1, 0));
	return out;
}

struct cm_bytes
cm_issuer_serial(X509 *cert, bool reversed)
{
	X509_NAME *name = reversed ? reversed_name(X509_get_issuer_name(cert))
				   : X509_NAME_dup(X509_get_issuer_name(cert));
	unsigned char *p = NULL;
	int n = i2d_ASN1_INTEGER(X509_get_serialNumber(cert), &p);
	struct cm_bytes b;

	CM_NEED(name != NULL && n > 0);
	b = CM_TLV(0x30, name_der(name), cm_copy(p, (size_t)n));
	OPENSSL_free(p);
	X509_NAME_free(name);
	return b;
}

/* ---- PKCS#10 ---- */

static void
sign_csr(X509_REQ *req, const struct cm_csr_spec *spec)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	const EVP_MD *md = EVP_get_digestbyname(
	    spec->digest == NULL ? "SHA256" : spec->digest);

	CM_NEED(ctx != NULL && md != NULL);
	CM_NEED(EVP_DigestSignInit(ctx, &pctx, md, NULL,
		    spec->signer == NULL ? spec->key : spec->signer) == 1);
	if (spec->pss)
		CM_NEED(EVP_PKEY_CTX_set_rsa_padding(
			    pctx, RSA_PKCS1_PSS_PADDING) > 0);
	CM_NEED(X509_REQ_sign_ctx(req, ctx) > 0);
	EVP_MD_CTX_free(ctx);
}

static void
add_challenge(X509_REQ *req, const char *text, int type)
{
	struct cm_bytes value = cm_copy(text, strlen(text));

	if (type == V_ASN1_BMPSTRING) {
		cm_free(&value);
		value = cm_empty();
		for (; *text != '\0'; text++) {
			char pair[2] = { 0, *text };

			value = CM_JOIN(value, cm_copy(pair, 2));
		}
	}
	CM_NEED(X509_REQ_add1_attr_by_NID(
	    req, NID_pkcs9_challengePassword, type, value.p, (int)value.n));
	cm_free(&value);
}

struct cm_bytes
cm_csr(const struct cm_csr_spec *spec)
{
	X509_REQ *req = X509_REQ_new();
	unsigned char *p = NULL;
	int type = spec->challenge_type == 0 ? V_ASN1_PRINTABLESTRING
					     : spec->challenge_type;
	struct cm_bytes b;
	int n;

	CM_NEED(req != NULL && X509_REQ_set_version(req, 0));
	add_name(X509_REQ_get_subject_name(req), "CN", spec->cn);
	CM_NEED(X509_REQ_set_pubkey(req, spec->key));
	if (spec->challenge != NULL)
		add_challenge(req, spec->challenge, type);
	sign_csr(req, spec);
	n = i2d_X509_REQ(req, &p);
	CM_NEED(n > 0);
	b = cm_copy(p, (size_t)n);
	OPENSSL_free(p);
	X509_REQ_free(req);
	return b;
}
