/* SPDX-License-Identifier: MIT */
/*
 * pkiMessages of the test client: the envelope and the signature by
 * libcrypto's CMS_ calls, BER by hand; and the spellings of a message in a query.
 */
#include "support/client.h"
#include "support/client_der.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>
#include <openssl/rsa.h>

void
client_message_freshen(
    struct client_message *m, char transaction[CLIENT_TEXT_MAX])
{
	unsigned char id[20];
	RAND_bytes(m->nonce, sizeof m->nonce);
	RAND_bytes(id, sizeof id);
	for (size_t i = 0; i < sizeof id; i++)
		snprintf(transaction + 2 * i, 3, "%02X", id[i]);
	m->transaction = transaction;
}

/* ---- the envelope ---- */

static int
add_recipients(
    struct client *c, CMS_ContentInfo *cms, const struct client_message *m)
{
	unsigned flags = m->recipient_by_ski ? CMS_USE_KEYID : 0;
	for (size_t i = 0; i < CLIENT_RECIPIENTS_MAX && m->recipients[i]; i++) {
		CMS_RecipientInfo *ri = CMS_add1_recipient_cert(
		    cms, m->recipients[i], flags | CMS_KEY_PARAM);
		EVP_PKEY_CTX *pctx =
		    ri ? CMS_RecipientInfo_get0_pkey_ctx(ri) : NULL;
		if (!pctx)
			return client_fail(c, "cannot add a recipient");
		if (m->oaep &&
		    EVP_PKEY_CTX_set_rsa_padding(
			pctx, RSA_PKCS1_OAEP_PADDING) <= 0)
			return client_fail(c, "no OAEP");
	}
	return 0;
}

static int
envelope_by_cms(struct client *c, const struct client_message *m,
    const EVP_CIPHER *cipher, struct client_bytes *out)
{
	int rc = -1, n;
	unsigned char *der = NULL;
	BIO *in = BIO_new_mem_buf(m->content.p, (int)m->content.n);
	CMS_ContentInfo *cms = CMS_encrypt_ex(
	    NULL, NULL, cipher, CMS_PARTIAL | CMS_BINARY, c->lib, NULL);
	if (!in || !cms) {
		client_fail(c, "no EnvelopedData with %s", m->cipher);
		goto out;
	}
	if (add_recipients(c, cms, m))
		goto out;
	if (CMS_final(cms, in, NULL, CMS_BINARY) != 1 ||
	    (n = i2d_CMS_ContentInfo(cms, &der)) < 0) {
		client_fail(c, "cannot encrypt with %s", m->cipher);
		goto out;
	}
	rc = client_bytes_add(out, der, (size_t)n);
out:
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return rc;
}

static size_t
piece_of(enum client_encoding encoding)
{
	return encoding == CLIENT_BER_PIECES ? 1000 : (size_t)1 << 30;
}

static int
envelope_make(
    struct client *c, const struct client_message *m, struct client_bytes *out)
{
	int rc = -1;
	struct client_bytes der = { 0 };
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(c->lib, m->cipher, NULL);
	if (!cipher) {
		client_fail(c, "no cipher %s", m->cipher);
		goto out;
	}
	bool aead = EVP_CIPHER_get_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER;
	if (aead ? client_gcm_envelope(c, m, cipher, &der)
		 : envelope_by_cms(c, m, cipher, &der))
		goto out;
	if (m->encoding == CLIENT_DER)
		rc = client_bytes_add(out, der.p, der.n);
	else
		rc = client_ber_enveloped(&der, piece_of(m->encoding), out);
out:
	EVP_CIPHER_free(cipher);
	client_bytes_clear(&der);
	return rc;
}

/* ---- the signature ---- */

static int
add_attribute(
    CMS_SignerInfo *si, const char *oid, int type, const void *p, size_t n)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	int ok = obj && CMS_signed_add1_attr_by_OBJ(si, obj, type, p, (int)n);
	ASN1_OBJECT_free(obj);
	return ok ? 0 : -1;
}

static int
add_attributes(
    struct client *c, CMS_SignerInfo *si, const struct client_message *m)
{
	char type[16];
	size_t n = (size_t)snprintf(type, sizeof type, "%d", m->type);
	if (add_attribute(si, "2.16.840.1.113733.1.9.2", V_ASN1_PRINTABLESTRING,
		type, n) ||
	    (m->transaction &&
		add_attribute(si, "2.16.840.1.113733.1.9.7",
		    V_ASN1_PRINTABLESTRING, m->transaction,
		    strlen(m->transaction))) ||
	    (!m->no_nonce &&
		add_attribute(si, "2.16.840.1.113733.1.9.5",
		    V_ASN1_OCTET_STRING, m->nonce,
		    m->nonce_len ? m->nonce_len : CLIENT_NONCE_LEN)))
		return client_fail(c, "cannot add SCEP's attributes");
	return 0;
}

static int
sign_signer(
    struct client *c, CMS_ContentInfo *cms, const struct client_message *m)
{
	unsigned flags = CMS_BINARY | CMS_NOSMIMECAP | CMS_KEY_PARAM |
	    (m->no_certificates ? CMS_NOCERTS : 0);
	CMS_SignerInfo *si = CMS_add1_signer(cms, m->signer, m->signer_key,
	    EVP_get_digestbyname(m->digest), flags | CMS_PARTIAL);
	if (!si)
		return client_fail(c, "cannot add the signer");
	if (m->pss &&
	    EVP_PKEY_CTX_set_rsa_padding(
		CMS_SignerInfo_get0_pkey_ctx(si), RSA_PKCS1_PSS_PADDING) <= 0)
		return client_fail(c, "no PSS");
	for (size_t i = 0; i < CLIENT_RECIPIENTS_MAX && m->extra[i]; i++)
		if (CMS_add1_cert(cms, m->extra[i]) != 1)
			return client_fail(c, "cannot add a certificate");
	return add_attributes(c, si, m);
}

/* signatureAlgorithm as shaNNNWithRSAEncryption; it is not signed, so it can be set behind. */
static void
name_sigalg(CMS_ContentInfo *cms, const char *digest)
{
	X509_ALGOR *alg = NULL;
	int nid = NID_undef;
	CMS_SignerInfo *si =
	    sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	CMS_SignerInfo_get0_algs(si, NULL, NULL, NULL, &alg);
	OBJ_find_sigid_by_algs(&nid,
	    EVP_MD_get_type(EVP_get_digestbyname(digest)), NID_rsaEncryption);
	X509_ALGOR_set0(alg, OBJ_nid2obj(nid), V_ASN1_NULL, NULL);
}

static int
sign_content(struct client *c, const struct client_message *m,
    const struct client_bytes *content, struct client_bytes *out)
{
	int rc = -1, n;
	unsigned char *der = NULL;
	BIO *in = BIO_new_mem_buf(content->p, (int)content->n);
	CMS_ContentInfo *cms = CMS_sign_ex(
	    NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_BINARY, c->lib, NULL);
	if (!in || !cms) {
		client_fail(c, "no SignedData");
		goto out;
	}
	if (sign_signer(c, cms, m))
		goto out;
	if (CMS_final(cms, in, NULL, CMS_BINARY) != 1) {
		client_fail(c, "cannot sign with %s", m->digest);
		goto out;
	}
	if (m->sigalg_with_digest && !m->pss)
		name_sigalg(cms, m->digest);
	if ((n = i2d_CMS_ContentInfo(cms, &der)) < 0) {
		client_fail(c, "cannot encode SignedData");
		goto out;
	}
	rc = client_bytes_add(out, der, (size_t)n);
out:
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return rc;
}

int
client_message_make(struct client *c, const struct client_message *spec,
    struct client_bytes *out)
{
	int rc = -1;
	struct client_bytes envelope = { 0 }, der = { 0 };
	if (envelope_make(c, spec, &envelope) ||
	    sign_content(c, spec, &envelope, &der))
		goto out;
	if (spec->encoding == CLIENT_DER)
		rc = client_bytes_add(out, der.p, der.n);
	else
		rc = client_ber_signed(&der, piece_of(spec->encoding), out);
	if (rc)
		client_fail(c, "cannot write the message in BER");
out:
	client_bytes_clear(&envelope);
	client_bytes_clear(&der);
	return rc;
}

/* ---- spellings ---- */

struct spelling {
	const char *name;
	const char *plus, *slash, *pad; /* what stands for + / and = */
	const char *line_end; /* after each 64 and at the end; NULL: none */
	bool message_first;
};

static const struct spelling spellings[CLIENT_SPELLINGS] = {
	[CLIENT_ESCAPED] = { "escaped", "%2B", "%2F", "%3D", NULL, false },
	[CLIENT_RAW] = { "raw + / and =", "+", "/", "=", NULL, false },
	[CLIENT_RAW_ESCAPED_PAD] = { "raw + and /", "+", "/", "%3D", NULL,
	    false },
	[CLIENT_LINES] = { "lines of 64", "%2B", "/", "%3D", "%0A", false },
	[CLIENT_BASE64URL] = { "base64url", "-", "_", "=", NULL, false },
	[CLIENT_NO_PADDING] = { "no padding", "%2B", "%2F", "", NULL, false },
	[CLIENT_TWICE_ESCAPED] = { "escaped twice", "%252B", "%252F", "%253D",
	    NULL, false },
	[CLIENT_MESSAGE_FIRST] = { "message before operation", "%2B", "%2F",
	    "%3D", NULL, true },
	[CLIENT_BLANKS] = { "blanks instead of +", "%20", "/", "%3D", NULL,
	    false },
};

const char *
client_spelling_name(enum client_spelling s)
{
	return spellings[s].name;
}

static int
spell(const struct spelling *s, const char *base64, struct client_bytes *out)
{
	size_t column = 0;
	for (const char *p = base64; *p; p++) {
		const char *text = *p == '+' ? s->plus
		    : *p == '/'              ? s->slash
		    : *p == '='              ? s->pad
					     : NULL;
		if (client_bytes_add(
			out, text ? text : p, text ? strlen(text) : 1))
			return -1;
		if (s->line_end && (++column % 64 == 0 || !p[1]) &&
		    client_bytes_add(out, s->line_end, strlen(s->line_end)))
			return -1;
	}
	return 0;
}

int
client_query(struct client *c, const struct client_bytes *message,
    enum client_spelling spelling, struct client_bytes *out)
{
	static const char first[] = "?operation=PKIOperation&message=";
	static const char second[] = "?message=";
	static const char tail[] = "&operation=PKIOperation";
	const struct spelling *s = &spellings[spelling];
	const char *head = s->message_first ? second : first;
	int rc = -1;
	unsigned char *text = malloc(message->n / 3 * 4 + 8);
	if (!text)
		return client_fail(c, "out of memory");
	EVP_EncodeBlock(text, message->p, (int)message->n);
	if (!client_bytes_add(out, head, strlen(head)) &&
	    !spell(s, (const char *)text, out) &&
	    (!s->message_first ||
		!client_bytes_add(out, tail, sizeof tail - 1)))
		rc = 0;
	free(text);
	return rc;
}
