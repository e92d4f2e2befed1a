/* SPDX-License-Identifier: MIT */
/*
 * Keys, names, PKCS#10 requests and certificates of the test client, made by
 * libcrypto's X509_ calls.
 */
#include "support/client.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

EVP_PKEY *
client_key(struct client *c, unsigned bits)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(c->lib, NULL, "RSA", (size_t)bits);
	if (!key)
		client_fail(c, "no RSA key of %u bits", bits);
	return key;
}

/* One "TYPE=value" of a name; *text moves behind it. */
static int
name_entry(X509_NAME *name, const char **text, int type, int set)
{
	char field[64], value[CLIENT_TEXT_MAX];
	size_t n = 0;
	const char *p = *text;
	for (; *p && *p != '='; p++)
		if (n + 1 < sizeof field)
			field[n++] = *p;
	field[n] = 0;
	if (*p++ != '=')
		return -1;
	n = 0;
	for (; *p && *p != '/' && *p != '+'; p++) {
		if (*p == '\\' && p[1])
			p++;
		if (n + 1 < sizeof value)
			value[n++] = *p;
	}
	*text = p;
	/* Country and the like are PrintableString by rule. */
	bool fixed = !strcmp(field, "C") || !strcmp(field, "serialNumber") ||
	    !strcmp(field, "DC");
	return X509_NAME_add_entry_by_txt(name, field,
		   type && !fixed ? type : MBSTRING_UTF8,
		   (const unsigned char *)value, (int)n, -1, set) == 1
	    ? 0
	    : -1;
}

X509_NAME *
client_name(struct client *c, const char *text, int type)
{
	X509_NAME *name = X509_NAME_new();
	const char *p = text;
	while (name && *p) {
		int set = *p == '+' ? -1 : 0;
		if ((*p != '/' && *p != '+') || !p[1]) {
			client_fail(c, "not a name: %s", text);
			goto bad;
		}
		p++;
		if (name_entry(name, &p, type, set)) {
			client_fail(c, "cannot make the name %s", text);
			goto bad;
		}
	}
	return name;
bad:
	X509_NAME_free(name);
	return NULL;
}

/* The extensions of a request or certificate, from texts as in openssl.cnf. */
static STACK_OF(X509_EXTENSION) *
    extensions_make(struct client *c, const char *const *texts, X509V3_CTX *ctx)
{
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	for (size_t i = 0; i < CLIENT_EXTENSIONS_MAX && texts[i]; i++) {
		char name[64];
		const char *eq = strchr(texts[i], '=');
		X509_EXTENSION *x = NULL;
		if (eq && (size_t)(eq - texts[i]) < sizeof name) {
			snprintf(name, sizeof name, "%.*s",
			    (int)(eq - texts[i]), texts[i]);
			x = X509V3_EXT_nconf(NULL, ctx, name, eq + 1);
		}
		if (!x || !sk_X509_EXTENSION_push(exts, x)) {
			X509_EXTENSION_free(x);
			client_fail(
			    c, "cannot make the extension %s", texts[i]);
			sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
			return NULL;
		}
	}
	return exts;
}

static int
add_extensions(struct client *c, X509_REQ *req, const struct client_csr *spec)
{
	if (!spec->extensions[0])
		return 0;
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, NULL, NULL, req, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	STACK_OF(X509_EXTENSION) *exts =
	    extensions_make(c, spec->extensions, &ctx);
	if (!exts)
		return -1;
	int nid = spec->extension_oid == CLIENT_EXT_MICROSOFT ? NID_ms_ext_req
							      : NID_ext_req;
	int ok = X509_REQ_add_extensions_nid(req, exts, nid);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	return ok ? 0 : client_fail(c, "cannot add the extension request");
}

static int
add_challenge(struct client *c, X509_REQ *req, const char *text, int type)
{
	if (!text)
		return 0;
	struct client_bytes value = { 0 };
	int rc = -1;
	for (const char *p = text; type == V_ASN1_BMPSTRING && *p; p++)
		if (client_bytes_add(
			&value, (const char[2]){ 0, *p }, 2)) /* ASCII only */
			goto out;
	if (type != V_ASN1_BMPSTRING &&
	    client_bytes_add(&value, text, strlen(text)))
		goto out;
	if (X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword,
		type ? type : V_ASN1_UTF8STRING, value.p, (int)value.n) == 1)
		rc = 0;
out:
	client_bytes_clear(&value);
	return rc ? client_fail(c, "cannot add the challenge password") : 0;
}

static const EVP_MD *
digest_of(const char *name)
{
	return EVP_get_digestbyname(name ? name : "SHA256");
}

int
client_csr_make(
    struct client *c, const struct client_csr *spec, struct client_bytes *der)
{
	int rc = -1, n;
	unsigned char *p = NULL;
	X509_REQ *req = X509_REQ_new();
	X509_NAME *name = client_name(c, spec->subject, spec->subject_type);
	if (!req || !name)
		goto out;
	if (!X509_REQ_set_version(req, 0) ||
	    !X509_REQ_set_subject_name(req, name) ||
	    !X509_REQ_set_pubkey(req, spec->key)) {
		client_fail(c, "cannot fill the PKCS#10");
		goto out;
	}
	if (add_challenge(c, req, spec->challenge, spec->challenge_type) ||
	    add_extensions(c, req, spec))
		goto out;
	if (!X509_REQ_sign(req, spec->signed_by ? spec->signed_by : spec->key,
		digest_of(spec->digest)) ||
	    (n = i2d_X509_REQ(req, &p)) < 0) {
		client_fail(c, "cannot sign the PKCS#10");
		goto out;
	}
	rc = client_bytes_add(der, p, (size_t)n);
out:
	OPENSSL_free(p);
	X509_NAME_free(name);
	X509_REQ_free(req);
	return rc;
}

/* certmonger numbers its version 1 certificates with 33 octets. */
static int
set_serial(X509 *x, bool long_one)
{
	unsigned char octets[33];
	int n = long_one ? 33 : 16;
	if (RAND_bytes(octets, n) != 1)
		return -1;
	octets[0] = (unsigned char)((octets[0] & 0x3f) | 0x40);
	BIGNUM *number = BN_bin2bn(octets, n, NULL);
	int ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
	BN_free(number);
	return ok ? 0 : -1;
}

static int
cert_extensions(struct client *c, X509 *x, const struct client_cert *spec)
{
	if (spec->version1 || !spec->extensions[0])
		return 0;
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, spec->issuer ? spec->issuer : x, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	STACK_OF(X509_EXTENSION) *exts =
	    extensions_make(c, spec->extensions, &ctx);
	if (!exts)
		return -1;
	for (int i = 0; i < sk_X509_EXTENSION_num(exts); i++)
		X509_add_ext(x, sk_X509_EXTENSION_value(exts, i), -1);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	return 0;
}

static int
cert_fill(struct client *c, X509 *x, const struct client_cert *spec)
{
	X509_NAME *name = client_name(c, spec->subject, 0);
	if (!name)
		return -1;
	const X509_NAME *issuer =
	    spec->issuer ? X509_get_subject_name(spec->issuer) : name;
	bool dated = spec->from_s || spec->until_s;
	int ok = X509_set_version(x, spec->version1 ? 0 : 2) &&
	    !set_serial(x, spec->version1) && X509_set_subject_name(x, name) &&
	    X509_set_issuer_name(x, issuer) &&
	    X509_gmtime_adj(
		X509_getm_notBefore(x), dated ? spec->from_s : -86400L) &&
	    X509_gmtime_adj(
		X509_getm_notAfter(x), dated ? spec->until_s : 31536000L) &&
	    X509_set_pubkey(x, spec->key);
	X509_NAME_free(name);
	return ok ? 0 : client_fail(c, "cannot fill the certificate");
}

X509 *
client_cert_make(struct client *c, const struct client_cert *spec)
{
	X509 *x = X509_new();
	if (!x)
		return NULL;
	if (cert_fill(c, x, spec) || cert_extensions(c, x, spec))
		goto bad;
	if (!X509_sign(x, spec->issuer ? spec->issuer_key : spec->key,
		digest_of(spec->digest))) {
		client_fail(c, "cannot sign the certificate");
		goto bad;
	}
	return x;
bad:
	X509_free(x);
	return NULL;
}
