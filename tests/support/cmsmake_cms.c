/* SPDX-License-Identifier: MIT */
/* Messages by libcrypto's CMS and PKCS#7 functions. */
#include <openssl/cms.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <string.h>

#include "support/cmsmake.h"

static struct cm_bytes
drain(BIO *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(out, &p);
	struct cm_bytes b = cm_copy(p, (size_t)n);

	BIO_free(out);
	return b;
}

static struct cm_bytes
cms_bytes(CMS_ContentInfo *cms, BIO *in, bool stream, unsigned flags)
{
	BIO *out = BIO_new(BIO_s_mem());

	CM_NEED(out != NULL);
	if (stream) {
		CM_NEED(i2d_CMS_bio_stream(
		    out, cms, in, (int)(flags | CMS_STREAM)));
	} else {
		CM_NEED(CMS_final(cms, in, NULL, flags));
		CM_NEED(i2d_CMS_bio(out, cms));
	}
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return drain(out);
}

static void
add_recipient(CMS_ContentInfo *cms, const struct cm_party *to,
    const struct cm_envelope_spec *spec)
{
	unsigned flags = CMS_KEY_PARAM | (spec->ski ? CMS_USE_KEYID : 0);
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, to->cert, flags);
	EVP_PKEY_CTX *pctx;

	CM_NEED(ri != NULL);
	pctx = CMS_RecipientInfo_get0_pkey_ctx(ri);
	if (!spec->oaep)
		return;
	CM_NEED(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_OAEP_PADDING) > 0);
	if (spec->oaep_digest == NULL)
		return;
	const EVP_MD *md = EVP_get_digestbyname(spec->oaep_digest);

	CM_NEED(EVP_PKEY_CTX_set_rsa_oaep_md(pctx, md) > 0);
	CM_NEED(EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, md) > 0);
}

struct cm_bytes
cm_envelope(const struct cm_envelope_spec *spec, const void *inner, size_t n)
{
	const EVP_CIPHER *cipher = EVP_get_cipherbyname(spec->cipher);
	unsigned flags =
	    CMS_BINARY | CMS_PARTIAL | (spec->stream ? CMS_STREAM : 0);
	BIO *in = BIO_new_mem_buf(inner, (int)n);
	CMS_ContentInfo *cms;

	CM_NEED(cipher != NULL && in != NULL);
	cms = CMS_encrypt(NULL, NULL, cipher, flags);
	CM_NEED(cms != NULL);
	for (size_t i = 0; spec->to[i] != NULL; i++)
		add_recipient(cms, spec->to[i], spec);
	return cms_bytes(cms, in, spec->stream, CMS_BINARY);
}

/* ---- SignedData ---- */

static const EVP_MD *
digest_of(const struct cm_signed_spec *spec)
{
	const EVP_MD *md = EVP_get_digestbyname(
	    spec->digest == NULL ? "SHA256" : spec->digest);

	CM_NEED(md != NULL);
	return md;
}

static int
length_of(const struct cm_attr *a)
{
	return (int)(a->n == 0 ? strlen(a->text) : a->n);
}

static void
set_sig_alg(CMS_SignerInfo *si, const EVP_MD *md)
{
	X509_ALGOR *sig = NULL;
	int nid = NID_undef;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, NULL, &sig);
	CM_NEED(OBJ_find_sigid_by_algs(
	    &nid, EVP_MD_get_type(md), NID_rsaEncryption));
	CM_NEED(X509_ALGOR_set0(sig, OBJ_nid2obj(nid), V_ASN1_NULL, NULL));
}

static CMS_SignerInfo *
add_signer(CMS_ContentInfo *cms, const struct cm_signed_spec *spec)
{
	unsigned flags = CMS_BINARY | CMS_NOSMIMECAP |
	    (spec->pss ? CMS_KEY_PARAM : 0) |
	    (spec->no_certs ? CMS_NOCERTS : 0) |
	    (spec->ski ? CMS_USE_KEYID : 0);
	CMS_SignerInfo *si = CMS_add1_signer(
	    cms, spec->signer->cert, spec->signer->key, digest_of(spec), flags);

	CM_NEED(si != NULL);
	if (spec->pss)
		CM_NEED(EVP_PKEY_CTX_set_rsa_padding(
			    CMS_SignerInfo_get0_pkey_ctx(si),
			    RSA_PKCS1_PSS_PADDING) > 0);
	for (const struct cm_attr *a = spec->attrs; a->oid != NULL; a++)
		CM_NEED(CMS_signed_add1_attr_by_txt(
		    si, a->oid, a->type, a->text, length_of(a)));
	return si;
}

struct cm_bytes
cm_signed(const struct cm_signed_spec *spec, const void *content, size_t n)
{
	unsigned flags =
	    CMS_BINARY | CMS_PARTIAL | (spec->stream ? CMS_STREAM : 0);
	BIO *in = BIO_new_mem_buf(content, (int)n);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	CMS_SignerInfo *si;
	struct cm_bytes b;
	BIO *out;

	CM_NEED(in != NULL && cms != NULL);
	si = add_signer(cms, spec);
	for (size_t i = 0; i < 8 && spec->extra[i] != NULL; i++)
		CM_NEED(CMS_add1_cert(cms, spec->extra[i]->cert));
	if (!spec->with_digest)
		return cms_bytes(cms, in, spec->stream, CMS_BINARY);
	CM_NEED(CMS_final(cms, in, NULL, CMS_BINARY));
	set_sig_alg(si, digest_of(spec));
	out = BIO_new(BIO_s_mem());
	CM_NEED(out != NULL && i2d_CMS_bio(out, cms));
	b = drain(out);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return b;
}

static void
add_pkcs7_attr(PKCS7_SIGNER_INFO *si, const struct cm_attr *a)
{
	ASN1_STRING *s = ASN1_STRING_type_new(a->type);
	ASN1_OBJECT *o = OBJ_txt2obj(a->oid, 1);
	X509_ATTRIBUTE *attr;

	CM_NEED(s != NULL && o != NULL);
	CM_NEED(ASN1_STRING_set(s, a->text, length_of(a)));
	attr = X509_ATTRIBUTE_create_by_OBJ(
	    NULL, o, a->type, ASN1_STRING_get0_data(s), ASN1_STRING_length(s));
	CM_NEED(attr != NULL);
	if (si->auth_attr == NULL)
		si->auth_attr = sk_X509_ATTRIBUTE_new_null();
	CM_NEED(sk_X509_ATTRIBUTE_push(si->auth_attr, attr));
	ASN1_STRING_free(s);
	ASN1_OBJECT_free(o);
}

struct cm_bytes
cm_signed_pkcs7(
    const struct cm_signed_spec *spec, const void *content, size_t n)
{
	PKCS7 *p7 = PKCS7_new();
	PKCS7_SIGNER_INFO *si;
	BIO *data, *out = BIO_new(BIO_s_mem());

	CM_NEED(p7 != NULL && out != NULL);
	CM_NEED(PKCS7_set_type(p7, NID_pkcs7_signed));
	CM_NEED(PKCS7_content_new(p7, NID_pkcs7_data));
	CM_NEED(PKCS7_add_certificate(p7, spec->signer->cert));
	si = PKCS7_add_signature(
	    p7, spec->signer->cert, spec->signer->key, digest_of(spec));
	CM_NEED(si != NULL);
	CM_NEED(PKCS7_add_signed_attribute(si, NID_pkcs9_contentType,
	    V_ASN1_OBJECT, OBJ_nid2obj(NID_pkcs7_data)));
	for (const struct cm_attr *a = spec->attrs; a->oid != NULL; a++)
		add_pkcs7_attr(si, a);
	data = PKCS7_dataInit(p7, NULL);
	CM_NEED(data != NULL);
	CM_NEED(BIO_write(data, content, (int)n) == (int)n);
	(void)BIO_flush(data);
	CM_NEED(PKCS7_dataFinal(p7, data));
	BIO_free_all(data);
	CM_NEED(i2d_PKCS7_bio(out, p7));
	PKCS7_free(p7);
	return drain(out);
}

struct cm_bytes
cm_certs_only(X509 *const *certs, size_t n)
{
	PKCS7 *p7 = PKCS7_new();
	BIO *out = BIO_new(BIO_s_mem());

	CM_NEED(p7 != NULL && out != NULL);
	CM_NEED(PKCS7_set_type(p7, NID_pkcs7_signed));
	CM_NEED(PKCS7_content_new(p7, NID_pkcs7_data));
	for (size_t i = 0; i < n; i++)
		CM_NEED(PKCS7_add_certificate(p7, certs[i]));
	CM_NEED(i2d_PKCS7_bio(out, p7));
	PKCS7_free(p7);
	return drain(out);
}
