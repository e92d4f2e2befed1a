/* SPDX-License-Identifier: MIT */
/*
 * What a correct client reads before its message: the password page, the
 * capabilities and the bundle of GetCACert.
 */
#include "support/wary.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#define CAPS_MAX 65536
#define BUNDLE_MAX 200

/* ---- capabilities ---- */

static void
take_token(const char *p, size_t n, struct wary_caps *out)
{
	const struct {
		const char *name;
		bool *has;
	} known[] = {
		{ "POSTPKIOperation", &out->post },
		{ "AES", &out->aes },
		{ "SHA-256", &out->sha256 },
		{ "SHA-512", &out->sha512 },
		{ "Renewal", &out->renewal },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (n == strlen(known[i].name) &&
		    strncasecmp(p, known[i].name, n) == 0)
			*known[i].has = true;
	if (n == 12 && strncasecmp(p, "SCEPStandard", n) == 0)
		out->post = out->aes = out->sha256 = true;
}

void
wary_caps_read(const struct client_bytes *body, struct wary_caps *out)
{
	const char *p = (const char *)body->p;
	size_t left = body->n < CAPS_MAX ? body->n : CAPS_MAX;

	memset(out, 0, sizeof(*out));
	while (left > 0) {
		size_t n = 0, from = 0, to;

		while (n < left && p[n] != '\r' && p[n] != '\n')
			n++;
		for (to = n; to > 0 && (p[to - 1] == ' ' || p[to - 1] == '\t');)
			to--;
		while (from < to &&
		    (p[from] == ' ' || p[from] == '\t' || p[from] == '\0'))
			from++;
		take_token(p + from, to - from, out);
		n += n < left;
		p += n;
		left -= n;
	}
}

/* ---- the page of mscep_admin ---- */

/* Everything of it is in ASCII, whatever the coding: the rest becomes a blank. */
static size_t
to_ascii(const struct client_bytes *body, char *out, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < body->n && n + 1 < room; i++)
		if (body->p[i] != 0)
			out[n++] = (char)(body->p[i] < 0x80 ? body->p[i] : ' ');
	out[n] = '\0';
	return n;
}

/* The next <B> with nothing but so many hex digits, and blanks, in it. */
static const char *
bold_hex(const char *p, size_t digits, char *out)
{
	while ((p = strstr(p, "<B>")) != NULL) {
		size_t n = 0;

		p += 3;
		for (; *p != '\0' && *p != '<'; p++) {
			if (isspace((unsigned char)*p) ||
			    strncmp(p, "&nbsp;", 6) == 0) {
				p += *p == '&' ? 5 : 0;
				continue;
			}
			if (!isxdigit((unsigned char)*p) || n == digits)
				break;
			out[n++] = (char)toupper((unsigned char)*p);
		}
		out[n] = '\0';
		if (n == digits && *p == '<')
			return p;
	}
	return NULL;
}

int
wary_page_read(
    struct client *c, const struct client_bytes *body, struct wary_page *out)
{
	char text[32768];

	memset(out, 0, sizeof(*out));
	(void)to_ascii(body, text, sizeof(text));
	if (bold_hex(text, 32, out->thumbprint) == NULL ||
	    bold_hex(text, 16, out->password) == NULL)
		return client_fail(c, "no password on the page");
	return 0;
}

/* ---- GetCACert ---- */

static STACK_OF(X509) *
    certificates(struct client *c, const struct client_bytes *body)
{
	const unsigned char *p = body->p, *q = body->p;
	STACK_OF(X509) *all = NULL;
	CMS_ContentInfo *cms;
	X509 *one;

	if (body->n == 0) {
		client_fail(c, "GetCACert brings nothing");
		return NULL;
	}
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)body->n);
	if (cms != NULL) {
		all = CMS_get1_certs(cms);
		CMS_ContentInfo_free(cms);
		if (all == NULL)
			client_fail(c, "GetCACert brings no certificate");
		return all;
	}
	one = d2i_X509(NULL, &q, (long)body->n);
	if (one != NULL && (all = sk_X509_new_null()) != NULL)
		sk_X509_push(all, one);
	else
		client_fail(c,
		    memmem(body->p, body->n, "-----BEGIN", 10) != NULL
			? "GetCACert is PEM"
			: "GetCACert is no certificate");
	return all;
}

static bool
has_rsa(X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);

	return key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
}

/* A policy for digests and keys: no MD5, no SHA-1, no RSA below 2048 bits. */
static int
strong(struct client *c, const char *what, X509 *x)
{
	int digest = NID_undef, bits = 0;

	if (X509_get_signature_info(x, &digest, NULL, &bits, NULL) != 1 ||
	    digest == NID_md5 || digest == NID_sha1)
		return client_fail(c, "%s is signed with a weak digest", what);
	if (has_rsa(x) && EVP_PKEY_get_bits(X509_get0_pubkey(x)) < 2048)
		return client_fail(c, "%s has a key that is too small", what);
	return 0;
}

static int
in_time(struct client *c, const char *what, X509 *x)
{
	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
		return client_fail(c, "%s has expired", what);
	if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0)
		return client_fail(c, "%s does not hold yet", what);
	return 0;
}

static bool
signed_by(X509 *x, X509 *issuer)
{
	return X509_NAME_cmp(X509_get_issuer_name(x),
		   X509_get_subject_name(issuer)) == 0 &&
	    X509_verify(x, X509_get0_pubkey(issuer)) == 1;
}

/* Who of the bundle signed it, and is not it. */
static X509 *
issuer_in(const struct wary_bundle *b, X509 *x)
{
	for (int i = 0; i < sk_X509_num(b->all); i++) {
		X509 *by = sk_X509_value(b->all, i);

		if (X509_cmp(by, x) != 0 && signed_by(x, by))
			return by;
	}
	return NULL;
}

static bool
is_ra(const struct wary_bundle *b, X509 *x)
{
	return X509_check_ca(x) == 0 && issuer_in(b, x) != NULL;
}

/* How well it may be encrypted to: 2 by its key usage, 1 without one that says so, 0 not. */
static int
fitness(const struct wary_bundle *b, X509 *x)
{
	if (!is_ra(b, x) || (b->issuing != NULL && !signed_by(x, b->issuing)))
		return 0;
	return X509_get_key_usage(x) & KU_KEY_ENCIPHERMENT ? 2 : 1;
}

static bool
has_thumbprint(X509 *x, const char *thumbprint)
{
	unsigned char md5[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned n = 0;

	if (X509_digest(x, EVP_md5(), md5, &n) != 1)
		return false;
	for (unsigned i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02X", md5[i]);
	return strcmp(hex, thumbprint) == 0;
}

/* The CA that one was told of, if it is there. */
static int
find_issuing(struct client *c, const char *thumbprint, struct wary_bundle *b)
{
	for (int i = 0; thumbprint != NULL && i < sk_X509_num(b->all); i++)
		if (has_thumbprint(sk_X509_value(b->all, i), thumbprint))
			b->issuing = sk_X509_value(b->all, i);
	if (thumbprint != NULL && b->issuing == NULL)
		return client_fail(c,
		    "no certificate has the page's "
		    "thumbprint");
	return 0;
}

static int
choose(struct client *c, struct wary_bundle *b)
{
	int best = 0;

	for (int i = 0; i < sk_X509_num(b->all); i++) {
		X509 *x = sk_X509_value(b->all, i);
		int fit = fitness(b, x);

		if (fit > best) {
			best = fit;
			b->encrypt = x;
		}
	}
	if (b->encrypt == NULL)
		return client_fail(c, "no RA certificate by a CA of GetCACert");
	if (!has_rsa(b->encrypt))
		return client_fail(c, "the RA certificate has no RSA key");
	if (b->issuing == NULL)
		b->issuing = issuer_in(b, b->encrypt);
	for (int i = 0; i < sk_X509_num(b->all); i++) {
		X509 *x = sk_X509_value(b->all, i);

		if (x == b->issuing ||
		    (X509_check_ca(x) == 0 && signed_by(x, b->issuing)))
			sk_X509_push(b->signers, x);
	}
	return 0;
}

static int
judge(struct client *c, const struct wary_bundle *b)
{
	if (X509_check_ca(b->issuing) != 1)
		return client_fail(
		    c, "the issuing CA's certificate is no CA's");
	if (in_time(c, "the issuing CA's certificate", b->issuing) == -1 ||
	    strong(c, "the issuing CA's certificate", b->issuing) == -1)
		return -1;
	for (int i = 0; i < sk_X509_num(b->signers); i++) {
		X509 *x = sk_X509_value(b->signers, i);

		if (in_time(c, "an RA certificate", x) == -1 ||
		    strong(c, "an RA certificate", x) == -1)
			return -1;
	}
	return 0;
}

int
wary_bundle_read(struct client *c, const struct client_bytes *body,
    const char *thumbprint, struct wary_bundle *out)
{
	memset(out, 0, sizeof(*out));
	out->all = certificates(c, body);
	out->signers = sk_X509_new_null();
	if (out->all == NULL || out->signers == NULL)
		goto bad;
	if (sk_X509_num(out->all) > BUNDLE_MAX) {
		client_fail(c, "GetCACert brings too many certificates");
		goto bad;
	}
	if (find_issuing(c, thumbprint, out) == 0 && choose(c, out) == 0 &&
	    judge(c, out) == 0)
		return 0;
bad:
	wary_bundle_clear(out);
	return -1;
}

void
wary_bundle_clear(struct wary_bundle *b)
{
	sk_X509_pop_free(b->all, X509_free);
	sk_X509_free(b->signers);
	memset(b, 0, sizeof(*b));
}
