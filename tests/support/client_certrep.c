/* SPDX-License-Identifier: MIT */
/*
 * Reading a CertRep as a strict client: libcrypto's CMS_ calls decide whether
 * it is sound, and whatever NDES would not send is refused with a sentence;
 * or, when it is asked to, only what RFC 8894 and CMS do not leave open.
 */
#include "support/client.h"
#include "support/client_der.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OID_TYPE "2.16.840.1.113733.1.9.2"
#define OID_STATUS "2.16.840.1.113733.1.9.3"
#define OID_FAIL_INFO "2.16.840.1.113733.1.9.4"
#define OID_SENDER_NONCE "2.16.840.1.113733.1.9.5"
#define OID_RECIPIENT_NONCE "2.16.840.1.113733.1.9.6"
#define OID_TRANSACTION "2.16.840.1.113733.1.9.7"
#define OID_SCEP_ERROR "1.3.6.1.4.1.311.21.33"
#define OID_SERVER_MESSAGE "1.3.6.1.4.1.311.21.38"
#define OID_CONTENT_TYPE "1.2.840.113549.1.9.3"
#define OID_DIGEST "1.2.840.113549.1.9.4"
#define OID_FAIL_INFO_TEXT "1.3.6.1.5.5.7.24.1"

void
client_certrep_clear(struct client_certrep *r)
{
	X509_free(r->certificate);
	memset(r, 0, sizeof *r);
}

/* Decode; unless BER will do, with nothing behind, and the same octets when encoded again. */
static CMS_ContentInfo *
read_cms(struct client *c, const char *what, const unsigned char *p, size_t n,
    bool ber)
{
	const unsigned char *end = p;
	unsigned char *again = NULL;
	CMS_ContentInfo *cms = CMS_ContentInfo_new_ex(c->lib, NULL);
	if (!d2i_CMS_ContentInfo(&cms, &end, (long)n)) {
		client_fail(c, "%s is not a CMS ContentInfo", what);
		return NULL;
	}
	if (ber)
		return cms;
	if (end != p + n) {
		client_fail(
		    c, "%zu octets behind %s", (size_t)(p + n - end), what);
		goto bad;
	}
	int again_n = i2d_CMS_ContentInfo(cms, &again);
	if (again_n < 0 || (size_t)again_n != n || memcmp(again, p, n) != 0) {
		client_fail(c, "%s is not DER", what);
		goto bad;
	}
	OPENSSL_free(again);
	return cms;
bad:
	OPENSSL_free(again);
	CMS_ContentInfo_free(cms);
	return NULL;
}

/* ---- signed attributes ---- */

/* The attribute's one value, which must be of this ASN.1 type; *found NULL when it is absent. */
static int
attribute(struct client *c, CMS_SignerInfo *si, const char *oid, int type,
    ASN1_STRING **found)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	int rc = -1, at = CMS_signed_get_attr_by_OBJ(si, obj, -1);
	*found = NULL;
	if (at < 0) {
		rc = 0;
		goto out;
	}
	X509_ATTRIBUTE *attr = CMS_signed_get_attr(si, at);
	if (CMS_signed_get_attr_by_OBJ(si, obj, at) >= 0 ||
	    X509_ATTRIBUTE_count(attr) != 1) {
		client_fail(c, "attribute %s is there more than once", oid);
		goto out;
	}
	*found = X509_ATTRIBUTE_get0_data(attr, 0, type, NULL);
	if (!*found) {
		client_fail(c, "attribute %s is of ASN.1 type %d, not %d", oid,
		    ASN1_TYPE_get(X509_ATTRIBUTE_get0_type(attr, 0)), type);
		goto out;
	}
	rc = 0;
out:
	ASN1_OBJECT_free(obj);
	return rc;
}

static int
attribute_text(struct client *c, CMS_SignerInfo *si, const char *oid, int type,
    char out[CLIENT_TEXT_MAX], bool *present)
{
	ASN1_STRING *s;
	if (attribute(c, si, oid, type, &s))
		return -1;
	*present = s != NULL;
	snprintf(out, CLIENT_TEXT_MAX, "%.*s", s ? ASN1_STRING_length(s) : 0,
	    s ? (const char *)ASN1_STRING_get0_data(s) : "");
	return 0;
}

/* DER wants the members of a SET OF in the order of their encodings. */
static int
attributes_in_order(struct client *c, CMS_SignerInfo *si)
{
	unsigned char *last = NULL, *next = NULL;
	int last_n = 0, rc = 0;
	for (int i = 0; !rc && i < CMS_signed_get_attr_count(si); i++) {
		int n = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(si, i), &next);
		int shorter = n < last_n ? n : last_n;
		if (last && memcmp(last, next, (size_t)shorter) > 0)
			rc = client_fail(
			    c, "signed attribute %d is out of order", i);
		OPENSSL_free(last);
		last = next;
		last_n = n;
		next = NULL;
	}
	OPENSSL_free(last);
	return rc;
}

/* Nothing beside what NDES sends, signingTime least of all. */
static int
attributes_known(struct client *c, CMS_SignerInfo *si)
{
	static const char *const known[] = { OID_TYPE, OID_STATUS,
		OID_FAIL_INFO, OID_SENDER_NONCE, OID_RECIPIENT_NONCE,
		OID_TRANSACTION, OID_SCEP_ERROR, OID_SERVER_MESSAGE,
		OID_CONTENT_TYPE, OID_DIGEST, OID_FAIL_INFO_TEXT };
	for (int i = 0; i < CMS_signed_get_attr_count(si); i++) {
		char oid[80];
		bool ok = false;
		OBJ_obj2txt(oid, sizeof oid,
		    X509_ATTRIBUTE_get0_object(CMS_signed_get_attr(si, i)), 1);
		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			ok = ok || !strcmp(oid, known[k]);
		if (!ok)
			return client_fail(
			    c, "NDES sends no signed attribute %s", oid);
	}
	return 0;
}

/* senderNonce, which nobody needs (RFC 8894 3.2.1.5), is there as NDES has it. */
static int
check_sender_nonce(
    struct client *c, const struct client_message *m, ASN1_STRING *theirs)
{
	if (!theirs || ASN1_STRING_length(theirs) != CLIENT_NONCE_LEN)
		return client_fail(c, "no senderNonce of 16 octets");
	if (!m->no_nonce &&
	    (m->nonce_len == 0 || m->nonce_len == CLIENT_NONCE_LEN) &&
	    !memcmp(ASN1_STRING_get0_data(theirs), m->nonce, CLIENT_NONCE_LEN))
		return client_fail(c, "senderNonce is ours sent back");
	return 0;
}

static int
check_nonces(
    struct client *c, CMS_SignerInfo *si, const struct client_expect *x)
{
	const struct client_message *m = x->message;
	ASN1_STRING *ours, *theirs;
	size_t n = m->nonce_len ? m->nonce_len : CLIENT_NONCE_LEN;
	if (attribute(c, si, OID_RECIPIENT_NONCE, V_ASN1_OCTET_STRING, &ours) ||
	    attribute(c, si, OID_SENDER_NONCE, V_ASN1_OCTET_STRING, &theirs))
		return -1;
	if (x->signers == NULL && check_sender_nonce(c, m, theirs) == -1)
		return -1;
	if (m->no_nonce)
		return 0;
	if (!ours || (size_t)ASN1_STRING_length(ours) != n ||
	    memcmp(ASN1_STRING_get0_data(ours), m->nonce, n) != 0)
		return client_fail(c, "recipientNonce is not what we sent");
	return 0;
}

static int
number(struct client *c, const char *what, const char *text, int *out)
{
	if (strlen(text) != 1 || text[0] < '0' || text[0] > '9')
		return client_fail(c, "%s is \"%s\"", what, text);
	*out = text[0] - '0';
	return 0;
}

/* OpenSSL takes the name of a signature algorithm for that of its digest. */
static int
check_digest_algorithm(struct client *c, CMS_SignerInfo *si)
{
	static const int digests[] = { NID_md5, NID_sha1, NID_sha224,
		NID_sha256, NID_sha384, NID_sha512 };
	const ASN1_OBJECT *oid;
	X509_ALGOR *alg;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &alg, NULL);
	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (OBJ_obj2nid(oid) == digests[i])
			return 0;
	return client_fail(c, "the digestAlgorithm is no digest");
}

/* OpenSSL compares the digest and leaves the contentType alone (RFC 5652 5.3). */
static int
check_content_type(struct client *c, CMS_SignerInfo *si)
{
	int at = CMS_signed_get_attr_by_NID(si, NID_pkcs9_contentType, -1);
	X509_ATTRIBUTE *attr = at < 0 ? NULL : CMS_signed_get_attr(si, at);
	ASN1_OBJECT *type = attr == NULL
	    ? NULL
	    : X509_ATTRIBUTE_get0_data(attr, 0, V_ASN1_OBJECT, NULL);

	if (type == NULL || OBJ_obj2nid(type) != NID_pkcs7_data)
		return client_fail(c, "the contentType attribute is not data");
	return 0;
}

static int
check_attributes(struct client *c, CMS_SignerInfo *si,
    const struct client_expect *x, struct client_certrep *out)
{
	char type[CLIENT_TEXT_MAX], status[CLIENT_TEXT_MAX],
	    fail[CLIENT_TEXT_MAX], id[CLIENT_TEXT_MAX];
	bool there, has_id, has_fail;
	if (attribute_text(
		c, si, OID_TYPE, V_ASN1_PRINTABLESTRING, type, &there) ||
	    attribute_text(
		c, si, OID_STATUS, V_ASN1_PRINTABLESTRING, status, &there) ||
	    attribute_text(c, si, OID_FAIL_INFO, V_ASN1_PRINTABLESTRING, fail,
		&has_fail) ||
	    attribute_text(
		c, si, OID_TRANSACTION, V_ASN1_PRINTABLESTRING, id, &has_id) ||
	    attribute_text(c, si, OID_SCEP_ERROR, V_ASN1_PRINTABLESTRING,
		out->scep_error, &there) ||
	    attribute_text(c, si, OID_SERVER_MESSAGE, V_ASN1_UTF8STRING,
		out->server_message, &there) ||
	    check_digest_algorithm(c, si) || check_content_type(c, si) ||
	    check_nonces(c, si, x) ||
	    (x->signers == NULL &&
		(attributes_in_order(c, si) || attributes_known(c, si))))
		return -1;
	if (strcmp(type, "3") != 0)
		return client_fail(c, "messageType is \"%s\", not 3", type);
	if (number(c, "pkiStatus", status, &out->status))
		return -1;
	if (x->message->transaction &&
	    (!has_id || strcmp(id, x->message->transaction) != 0))
		return client_fail(c, "transactionID is \"%s\", not \"%s\"", id,
		    x->message->transaction);
	out->fail_info = -1;
	if (has_fail != (out->status == 2))
		return client_fail(c, "failInfo %s with pkiStatus %d",
		    has_fail ? "came" : "is missing", out->status);
	return has_fail ? number(c, "failInfo", fail, &out->fail_info) : 0;
}

/* ---- the signature ---- */

static int
check_algorithms(struct client *c, CMS_SignerInfo *si, bool legal,
    struct client_certrep *out)
{
	X509_ALGOR *digest, *signature;
	const ASN1_OBJECT *oid;
	int parameters;
	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
	X509_ALGOR_get0(&oid, &parameters, NULL, digest);
	if (parameters != V_ASN1_NULL && !legal)
		return client_fail(c, "digestAlgorithm without NULL");
	snprintf(out->digest, sizeof out->digest, "%s",
	    OBJ_nid2sn(OBJ_obj2nid(oid)));
	X509_ALGOR_get0(&oid, &parameters, NULL, signature);
	if (OBJ_obj2nid(oid) != NID_rsaEncryption && !legal)
		return client_fail(c, "signatureAlgorithm is %s",
		    OBJ_nid2sn(OBJ_obj2nid(oid)));
	return 0;
}

/* Whoever of them signed; a certificate of the message that has his name must be his. */
static X509 *
signer_of(struct client *c, CMS_SignerInfo *si, STACK_OF(X509) * signers,
    STACK_OF(X509) * included)
{
	X509 *signer = NULL;

	for (int i = 0; signer == NULL && i < sk_X509_num(signers); i++)
		if (CMS_SignerInfo_cert_cmp(si, sk_X509_value(signers, i)) == 0)
			signer = sk_X509_value(signers, i);
	if (signer == NULL) {
		client_fail(c, "not signed by a certificate of GetCACert");
		return NULL;
	}
	for (int i = 0; i < sk_X509_num(included); i++) {
		X509 *x = sk_X509_value(included, i);

		if (CMS_SignerInfo_cert_cmp(si, x) == 0 &&
		    X509_cmp(x, signer) != 0) {
			client_fail(c,
			    "another certificate has the signer's "
			    "name and number");
			return NULL;
		}
	}
	return signer;
}

/* One SignerInfo, by who may have signed; content: what is signed. NDES includes no certificate. */
static int
check_signature(struct client *c, CMS_ContentInfo *cms,
    const struct client_expect *x, struct client_certrep *out, BIO *content)
{
	bool legal = x->signers != NULL;
	int rc = -1;
	ASN1_OCTET_STRING **inside = CMS_get0_content(cms);
	STACK_OF(CMS_SignerInfo) *sis = CMS_get0_SignerInfos(cms);
	STACK_OF(X509) *certs = CMS_get1_certs(cms);
	STACK_OF(X509_CRL) *crls = CMS_get1_crls(cms);
	STACK_OF(X509) *may = sk_X509_new_null(), *is = sk_X509_new_null();
	BIO *none = BIO_new_mem_buf("", 0);
	CMS_SignerInfo *si;
	X509 *signer;

	if (!legal)
		sk_X509_push(may, x->ca->ra_sign);
	if (sk_CMS_SignerInfo_num(sis) != 1) {
		client_fail(c, "not one SignerInfo");
		goto out;
	}
	if ((certs || crls) && !legal) {
		client_fail(c, "certificates or CRLs come along");
		goto out;
	}
	si = sk_CMS_SignerInfo_value(sis, 0);
	signer = signer_of(c, si, legal ? x->signers : may, certs);
	if (signer == NULL)
		goto out;
	sk_X509_push(is, signer);
	if (CMS_verify(cms, is, NULL,
		legal && (inside == NULL || *inside == NULL) ? none : NULL,
		content,
		CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY | CMS_NOINTERN) != 1) {
		client_fail(c, "the signature does not verify");
		goto out;
	}
	rc = check_algorithms(c, si, legal, out);
out:
	BIO_free(none);
	sk_X509_free(may);
	sk_X509_free(is);
	sk_X509_pop_free(certs, X509_free);
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	return rc;
}

/* ---- the envelope ---- */

/* Which cipher: libcrypto does not tell, so it is read from the DER. */
static void
cipher_name(const unsigned char *p, size_t n, char out[32])
{
	struct client_walk w = { p, n };
	struct client_tlv all, wrap, ed, eci, alg, oid;
	if (!client_tlv_next(&w, &all) || !client_tlv_child(&all, 1, &wrap) ||
	    !client_tlv_child(&wrap, 0, &ed) ||
	    !client_tlv_child(&ed, 2, &eci) ||
	    !client_tlv_child(&eci, 1, &alg) ||
	    !client_tlv_child(&alg, 0, &oid))
		return;
	const unsigned char *at = oid.whole;
	ASN1_OBJECT *obj = d2i_ASN1_OBJECT(NULL, &at, (long)oid.whole_n);
	snprintf(out, 32, "%s", OBJ_nid2sn(OBJ_obj2nid(obj)));
	ASN1_OBJECT_free(obj);
}

static int
check_recipient(struct client *c, CMS_ContentInfo *cms, X509 *to, bool *oaep)
{
	STACK_OF(CMS_RecipientInfo) *all = CMS_get0_RecipientInfos(cms);
	X509_ALGOR *alg;
	const ASN1_OBJECT *oid;
	ASN1_OCTET_STRING *keyid = NULL;
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *serial = NULL;
	if (sk_CMS_RecipientInfo_num(all) != 1)
		return client_fail(
		    c, "%d RecipientInfos", sk_CMS_RecipientInfo_num(all));
	CMS_RecipientInfo *ri = sk_CMS_RecipientInfo_value(all, 0);
	if (CMS_RecipientInfo_type(ri) != CMS_RECIPINFO_TRANS)
		return client_fail(c, "not a KeyTransRecipientInfo");
	if (!CMS_RecipientInfo_ktri_get0_signer_id(
		ri, &keyid, &issuer, &serial) ||
	    keyid)
		return client_fail(c, "recipient not by issuer and serial");
	if (CMS_RecipientInfo_ktri_cert_cmp(ri, to) != 0)
		return client_fail(
		    c, "the recipient is not the request's signer");
	CMS_RecipientInfo_ktri_get0_algs(ri, NULL, NULL, &alg);
	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	*oaep = OBJ_obj2nid(oid) == NID_rsaesOaep;
	return 0;
}

/* The one for our key; NDES sends no other. */
static X509 *
pick(struct client *c, STACK_OF(X509) * certs, EVP_PKEY *key, bool legal)
{
	int n = sk_X509_num(certs);

	if (n != 1 && !legal) {
		client_fail(c, "inside: %d certificates", n);
		return NULL;
	}
	for (int i = 0; i < n; i++) {
		X509 *x = sk_X509_value(certs, i);

		if (!key || EVP_PKEY_eq(X509_get0_pubkey(x), key) == 1)
			return x;
	}
	client_fail(
	    c, "no certificate for our key among the %d inside", n < 0 ? 0 : n);
	return NULL;
}

/* The degenerate SignedData inside, with the certificate for our key. */
static int
check_inner(struct client *c, const unsigned char *p, size_t n, EVP_PKEY *key,
    bool legal, X509 **certificate)
{
	int rc = -1;
	STACK_OF(X509) *certs = NULL;
	ASN1_OCTET_STRING **content;
	X509 *x;
	CMS_ContentInfo *cms =
	    read_cms(c, "the envelope's content", p, n, legal);
	if (!cms)
		return -1;
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
		client_fail(c, "inside the envelope is no SignedData");
		goto out;
	}
	if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) > 0) {
		client_fail(c, "the inner SignedData has signers");
		goto out;
	}
	content = CMS_get0_content(cms);
	if (content && *content) {
		client_fail(c, "the inner SignedData has content");
		goto out;
	}
	certs = CMS_get1_certs(cms);
	x = pick(c, certs, key, legal);
	if (x == NULL)
		goto out;
	X509_up_ref(x);
	*certificate = x;
	rc = 0;
out:
	sk_X509_pop_free(certs, X509_free);
	CMS_ContentInfo_free(cms);
	return rc;
}

static int
decrypt(struct client *c, const struct client_message *m, CMS_ContentInfo *cms,
    bool legal, struct client_bytes *out)
{
	char *text;
	BIO *plain = BIO_new(BIO_s_mem());
	int rc = -1;
	/* whichever recipient it is, however it is named */
	if (CMS_decrypt(cms, m->signer_key, legal ? NULL : m->signer, NULL,
		plain, CMS_BINARY | (legal ? 0 : CMS_DEBUG_DECRYPT)) == 1) {
		long n = BIO_get_mem_data(plain, &text);
		rc = client_bytes_add(out, text, (size_t)n);
	}
	BIO_free(plain);
	return rc ? client_fail(c, "the envelope does not decrypt") : 0;
}

static int
open_envelope(struct client *c, const struct client_expect *x,
    const unsigned char *p, size_t n, struct client_certrep *out)
{
	int rc = -1;
	struct client_bytes plain = { 0 };
	bool legal = x->signers != NULL;
	CMS_ContentInfo *cms = read_cms(c, "the envelope", p, n, legal);
	if (!cms)
		goto out;
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_enveloped) {
		client_fail(c, "the content is no EnvelopedData");
		goto out;
	}
	if (!legal && check_recipient(c, cms, x->message->signer, &out->oaep))
		goto out;
	cipher_name(p, n, out->cipher);
	if (strstr(out->cipher, "GCM")
		? client_gcm_open(c, p, n, x->message->signer_key, &plain)
		: decrypt(c, x->message, cms, legal, &plain))
		goto out;
	rc = check_inner(
	    c, plain.p, plain.n, x->csr_key, legal, &out->certificate);
out:
	CMS_ContentInfo_free(cms);
	client_bytes_clear(&plain);
	return rc;
}

static int
check_content(struct client *c, const struct client_expect *x,
    const unsigned char *p, size_t n, struct client_certrep *out)
{
	if (out->status == 0)
		return open_envelope(c, x, p, n, out);
	if (out->status != 2 && out->status != 3)
		return client_fail(c, "pkiStatus is %d", out->status);
	if (x->signers == NULL && (n != 1 || p[0] != 0))
		return client_fail(
		    c, "content of %zu octets where one zero belongs", n);
	return 0;
}

int
client_certrep_read(struct client *c, const struct client_expect *expect,
    const struct client_bytes *body, struct client_certrep *out)
{
	struct client_certrep r = { .fail_info = -1 };
	int rc = -1;
	char *text;
	BIO *content = BIO_new(BIO_s_mem());
	CMS_ContentInfo *cms = read_cms(
	    c, "the CertRep", body->p, body->n, expect->signers != NULL);
	if (!cms)
		goto out;
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
	    OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data) {
		client_fail(c, "the CertRep is no SignedData of id-data");
		goto out;
	}
	if (check_signature(c, cms, expect, &r, content))
		goto out;
	CMS_SignerInfo *si =
	    sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	long n = BIO_get_mem_data(content, &text);
	if (check_attributes(c, si, expect, &r) ||
	    check_content(c, expect, (unsigned char *)text, (size_t)n, &r))
		goto out;
	*out = r;
	memset(&r, 0, sizeof r);
	rc = 0;
out:
	client_certrep_clear(&r);
	CMS_ContentInfo_free(cms);
	BIO_free(content);
	return rc;
}
