/* SPDX-License-Identifier: MIT */
/*
 * A CertRep as lines of text, by libcrypto and by a walk over its elements;
 * the codec's decoder has no part in it. Two replies are told apart by the
 * lines that only one of them has. For test programs in this folder.
 */
#ifndef UNIT_SCEP_VIEW_H
#define UNIT_SCEP_VIEW_H

#include "unit/scep_fixture.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <string.h>

#define VIEW_LINES 200
#define VIEW_LINE 640

struct view {
	char line[VIEW_LINES][VIEW_LINE];
	size_t n;
};

static inline void PRINTF_LIKE(2, 3)
    view_add(struct view *v, const char *fmt, ...)
{
	va_list ap;

	if (v->n == VIEW_LINES)
		fail_msg("more than %d lines", VIEW_LINES);
	va_start(ap, fmt);
	vsnprintf(v->line[v->n++], VIEW_LINE, fmt, ap);
	va_end(ap);
}

static inline bool
view_has(const struct view *v, const char *line)
{
	for (size_t i = 0; i < v->n; i++) {
		if (strcmp(v->line[i], line) == 0)
			return true;
	}
	return false;
}

static inline void
view_print(const struct view *v)
{
	for (size_t i = 0; i < v->n; i++)
		print_message("\t%s\n", v->line[i]);
}

static inline void
view_needs(const char *title, const struct view *v, const char *line)
{
	if (view_has(v, line))
		return;
	view_print(v);
	fail_msg("%s: no line \"%s\"", title, line);
}

/* The line that begins so, or NULL. */
static inline const char *
view_line(const struct view *v, const char *start)
{
	for (size_t i = 0; i < v->n; i++) {
		if (strncmp(v->line[i], start, strlen(start)) == 0)
			return v->line[i];
	}
	return NULL;
}

/*
 * Only these lines are new and only these are gone; lists end with NULL. A
 * line listed as "start*" is any that starts so.
 */
static inline bool
view_listed(const char *const *list, const char *line)
{
	for (; list != NULL && *list != NULL; list++) {
		size_t n = strlen(*list);

		if (n > 0 && (*list)[n - 1] == '*'
			? strncmp(*list, line, n - 1) == 0
			: strcmp(*list, line) == 0)
			return true;
	}
	return false;
}

static inline void
view_only(const char *title, const struct view *a, const struct view *b,
    const char *const *list, const char *what)
{
	size_t found = 0, wanted = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (view_has(b, a->line[i]))
			continue;
		if (!view_listed(list, a->line[i]))
			fail_msg("%s: %s is \"%s\"", title, what, a->line[i]);
		found++;
	}
	while (list != NULL && list[wanted] != NULL)
		wanted++;
	if (found >= wanted)
		return;
	view_print(a);
	fail_msg("%s: %zu lines that are %s, wanted %zu", title, found, what,
	    wanted);
}

static inline void
view_differ(const char *title, const struct view *honest,
    const struct view *odd, const char *const *gone, const char *const *new)
{
	view_only(title, odd, honest, new, "new");
	view_only(title, honest, odd, gone, "gone");
}

static inline const char *
view_hex(char *out, size_t cap, const unsigned char *p, long n)
{
	size_t at = 0;

	out[0] = '\0';
	for (long i = 0; i < n && at + 3 < cap; i++)
		at += (size_t)snprintf(out + at, cap - at, "%02x", p[i]);
	return out;
}

/* ---- elements ---- */

struct view_el {
	const unsigned char *p; /* contents */
	long n;
	const unsigned char *whole;
	long whole_n;
	int id; /* identifier octet */
};

/* The element at p, of definite length; false when there is none. */
static inline bool
view_element(const unsigned char *p, long n, struct view_el *out)
{
	const unsigned char *at = p;
	int tag, class;
	long size;

	if (n <= 0)
		return false;
	int rc = ASN1_get_object(&at, &size, &tag, &class, n);

	ERR_clear_error();
	if ((rc & 0x80) != 0 || (rc & 1) != 0)
		return false;
	*out = (struct view_el){ at, size, p, at - p + size, p[0] };
	return true;
}

/* The k-th element in it, from 0. */
static inline bool
view_child(const struct view_el *in, unsigned k, struct view_el *out)
{
	const unsigned char *p = in->p;
	long n = in->n;

	for (;; k--) {
		if (!view_element(p, n, out))
			return false;
		if (k == 0)
			return true;
		p += out->whole_n;
		n -= out->whole_n;
	}
}

/* Down a path of numbers. */
static inline bool
view_path(const struct view_el *in, const char *path, struct view_el *out)
{
	struct view_el at = *in;

	for (; *path != '\0'; path++) {
		if (!view_child(&at, (unsigned)(*path - '0'), out))
			return false;
		at = *out;
	}
	*out = at;
	return true;
}

static inline const char *
view_oid(char *out, size_t cap, const struct view_el *el)
{
	const unsigned char *p = el->whole;
	ASN1_OBJECT *o = d2i_ASN1_OBJECT(NULL, &p, el->whole_n);

	if (o == NULL || OBJ_obj2txt(out, (int)cap, o, 1) <= 0)
		snprintf(out, cap, "?");
	ASN1_OBJECT_free(o);
	ERR_clear_error();
	return out;
}

/* ---- SignedData ---- */

/* "signed 1.2.3 0401ff 0401fe": one line an attribute. */
static inline void
view_attribute(struct view *v, const char *kind, X509_ATTRIBUTE *a)
{
	char oid[80], text[VIEW_LINE] = "";
	size_t at = 0;

	OBJ_obj2txt(oid, sizeof(oid), X509_ATTRIBUTE_get0_object(a), 1);
	for (int i = 0; i < X509_ATTRIBUTE_count(a); i++) {
		unsigned char *der = NULL;
		int n = i2d_ASN1_TYPE(X509_ATTRIBUTE_get0_type(a, i), &der);

		text[at++] = ' ';
		view_hex(text + at, sizeof(text) - at - 100, der, n);
		at += strlen(text + at);
		OPENSSL_free(der);
	}
	view_add(v, "%s %.80s%.500s", kind, oid, text);
}

static inline void
view_signer(struct view *v, CMS_SignerInfo *si)
{
	X509_ALGOR *digest, *signature;
	char oid[80];

	for (int i = 0; i < CMS_signed_get_attr_count(si); i++)
		view_attribute(v, "signed", CMS_signed_get_attr(si, i));
	for (int i = 0; i < CMS_unsigned_get_attr_count(si); i++)
		view_attribute(v, "unsigned", CMS_unsigned_get_attr(si, i));
	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
	OBJ_obj2txt(oid, sizeof(oid), digest->algorithm, 1);
	view_add(v, "digest %s", oid);
	OBJ_obj2txt(oid, sizeof(oid), signature->algorithm, 1);
	view_add(v, "signature algorithm %s", oid);
}

/* Does it hold, by this certificate or (NULL) by one that came along? */
static inline bool
view_verifies(CMS_ContentInfo *cms, X509 *by)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	BIO *out = BIO_new(BIO_s_mem()), *nothing = BIO_new(BIO_s_null());
	ASN1_OCTET_STRING **os = CMS_get0_content(cms);

	if (by != NULL)
		CM_NEED(sk_X509_push(certs, by));
	/* absent content is verified as none */
	int rc = CMS_verify(cms, certs, NULL,
	    os == NULL || *os == NULL ? nothing : NULL, out,
	    CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY |
		(by == NULL ? 0 : CMS_NOINTERN));

	BIO_free(nothing);
	BIO_free(out);
	sk_X509_free(certs);
	ERR_clear_error();
	return rc == 1;
}

static inline CMS_ContentInfo *
view_parse(struct bytes der)
{
	const unsigned char *p = der.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);

	ERR_clear_error();
	if (cms != NULL && p != der.p + der.n) {
		CMS_ContentInfo_free(cms);
		return NULL;
	}
	return cms;
}

/* A SignedData, signed by the certificate; one line "nothing" when libcrypto can't read it. */
static inline void
view_reply(struct view *v, struct bytes der, X509 *by)
{
	CMS_ContentInfo *cms = view_parse(der);
	char text[VIEW_LINE];

	memset(v, 0, sizeof(*v));
	if (cms == NULL) {
		view_add(v, "nothing");
		return;
	}
	OBJ_obj2txt(text, sizeof(text), CMS_get0_type(cms), 1);
	view_add(v, "type %.80s", text);
	ASN1_OCTET_STRING **os = CMS_get0_content(cms);

	if (os == NULL || *os == NULL)
		view_add(v, "content absent");
	else
		view_add(v, "content %d %.500s", ASN1_STRING_length(*os),
		    view_hex(text, 500, ASN1_STRING_get0_data(*os),
			ASN1_STRING_length(*os)));
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	STACK_OF(X509) *certs = CMS_get1_certs(cms);

	view_add(v, "signers %d",
	    signers == NULL ? 0 : sk_CMS_SignerInfo_num(signers));
	for (int i = 0; signers != NULL && i < sk_CMS_SignerInfo_num(signers);
	     i++)
		view_signer(v, sk_CMS_SignerInfo_value(signers, i));
	view_add(v, "certificates %d", certs == NULL ? 0 : sk_X509_num(certs));
	for (int i = 0; certs != NULL && i < sk_X509_num(certs); i++)
		view_add(v, "certificate %08lx",
		    X509_subject_name_hash(sk_X509_value(certs, i)));
	view_add(v, "signature %s", view_verifies(cms, by) ? "holds" : "wrong");
	sk_X509_pop_free(certs, X509_free);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
}

/* ---- EnvelopedData ---- */

/* The octets of eContent, or of the message when that is no SignedData. */
static inline struct cm_bytes
view_content(struct bytes der)
{
	CMS_ContentInfo *cms = view_parse(der);

	CM_NEED(cms != NULL);
	ASN1_OCTET_STRING **os = CMS_get0_content(cms);

	CM_NEED(os != NULL && *os != NULL);
	struct cm_bytes out = cm_copy(
	    ASN1_STRING_get0_data(*os), (size_t)ASN1_STRING_length(*os));

	CMS_ContentInfo_free(cms);
	return out;
}

/* A content key out of a wrapped one; 0 octets: it does not open. */
static inline struct cm_bytes
view_unwrap(EVP_PKEY *key, bool oaep, const struct view_el *wrapped)
{
	unsigned char room[1024];
	size_t n = sizeof(room);
	EVP_PKEY_CTX *x = EVP_PKEY_CTX_new(key, NULL);

	CM_NEED(x != NULL && EVP_PKEY_decrypt_init(x) > 0);
	CM_NEED(EVP_PKEY_CTX_set_rsa_padding(
		    x, oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) > 0);
	if (EVP_PKEY_decrypt(x, room, &n, wrapped->p, (size_t)wrapped->n) <= 0)
		n = 0;
	EVP_PKEY_CTX_free(x);
	ERR_clear_error();
	return cm_copy(room, n);
}

/* What is inside, or p == NULL when it does not decrypt. */
static inline struct cm_bytes
view_decrypt(const EVP_CIPHER *cipher, const struct cm_bytes *key,
    const struct view_el *iv, const struct view_el *text)
{
	bool gcm = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE;
	struct cm_bytes out = { malloc((size_t)text->n + 64), 0 };
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
	long n = gcm ? text->n - 16 : text->n;
	int head = 0, tail = 0;
	bool good = n >= 0 && out.p != NULL && x != NULL &&
	    (long)key->n == EVP_CIPHER_get_key_length(cipher) &&
	    iv->n == EVP_CIPHER_get_iv_length(cipher) &&
	    EVP_DecryptInit_ex2(x, cipher, key->p, iv->p, NULL) == 1 &&
	    EVP_DecryptUpdate(x, out.p, &head, text->p, (int)n) == 1 &&
	    (!gcm ||
		EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, 16,
		    (unsigned char *)(uintptr_t)(text->p + n)) == 1) &&
	    EVP_DecryptFinal_ex(x, out.p + head, &tail) == 1;

	EVP_CIPHER_CTX_free(x);
	ERR_clear_error();
	out.n = (size_t)(head + tail);
	if (!good)
		cm_free(&out);
	return out;
}

struct view_envelope {
	const EVP_CIPHER *cipher;
	struct view_el iv, text;
	EVP_PKEY *key;
};

/* A RecipientInfo: who is meant, how its key is wrapped, what it opens. */
static inline void
view_recipient(struct view *v, const struct view_envelope *env, unsigned k,
    const struct view_el *ri)
{
	struct view_el id, alg, wrapped;
	char hex[600], oid[80];

	CM_NEED(view_child(ri, 1, &id) && view_path(ri, "20", &alg) &&
	    view_child(ri, 3, &wrapped));
	if (id.id == 0x80)
		view_add(v, "recipient %u by key %s", k,
		    view_hex(hex, sizeof(hex), id.p, id.n));
	else
		view_add(v, "recipient %u by issuer %s", k,
		    view_hex(hex, sizeof(hex), id.p, id.n));
	view_oid(oid, sizeof(oid), &alg);
	view_add(v, "recipient %u wrapped %s", k, oid);
	struct cm_bytes key = view_unwrap(
	    env->key, strcmp(oid, "1.2.840.113549.1.1.7") == 0, &wrapped);

	view_add(v, "recipient %u key of %zu", k, key.n);
	if (env->cipher != NULL && key.n > 0) {
		struct cm_bytes inner =
		    view_decrypt(env->cipher, &key, &env->iv, &env->text);

		view_add(v, "recipient %u opens %s", k,
		    inner.p == NULL
			? "nothing"
			: view_hex(hex, sizeof(hex), inner.p, (long)inner.n));
		cm_free(&inner);
	}
	cm_free(&key);
}

/* An EnvelopedData in DER, opened with a key. */
static inline void
view_envelope(
    struct view *v, struct bytes der, EVP_PKEY *key, const EVP_CIPHER *cipher)
{
	struct view_envelope env = { cipher, { 0 }, { 0 }, key };
	struct view_el all, ed, el, ri;
	char text[200];

	memset(v, 0, sizeof(*v));
	if (!view_element(der.p, (long)der.n, &all) ||
	    !view_path(&all, "10", &ed)) {
		view_add(v, "nothing");
		return;
	}
	CM_NEED(view_child(&all, 0, &el));
	view_add(v, "type %s", view_oid(text, sizeof(text), &el));
	CM_NEED(view_child(&ed, 0, &el));
	view_add(v, "version %s", view_hex(text, sizeof(text), el.p, el.n));
	CM_NEED(view_path(&ed, "210", &el));
	view_add(v, "cipher %s", view_oid(text, sizeof(text), &el));
	CM_NEED(view_path(&ed, "211", &env.iv));
	if (env.iv.id == 0x30) {
		struct view_el params = env.iv;

		/* GCM has the nonce first, RC2 its version */
		CM_NEED(view_child(&params, 0, &env.iv));
		if (env.iv.id != 0x04)
			CM_NEED(view_child(&params, 1, &env.iv));
	}
	view_add(v, "iv %s", view_hex(text, sizeof(text), env.iv.p, env.iv.n));
	CM_NEED(view_path(&ed, "22", &env.text));
	view_add(v, "ciphertext %ld", env.text.n);
	CM_NEED(view_child(&ed, 1, &el));
	for (unsigned k = 0; view_child(&el, k, &ri); k++)
		view_recipient(v, &env, k, &ri);
}

#endif
