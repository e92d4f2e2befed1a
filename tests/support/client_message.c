/* SPDX-License-Identifier: MIT */
/*
 * pkiMessages of the test client: the envelope and the signature by
 * libcrypto's CMS_ calls; AES-GCM inside EnvelopedData, which those do not
 * write, and BER by hand; and the spellings of a message in a query.
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

/* One KeyTransRecipientInfo, PKCS#1 v1.5, appended. */
static int
ktri_by_hand(struct client *c, X509 *to, const unsigned char *key, size_t key_n,
    struct client_bytes *out)
{
	static const unsigned char version0[] = { 2, 1, 0 };
	static const unsigned char rsa[] = { 0x30, 13, 6, 9, 0x2a, 0x86, 0x48,
		0x86, 0xf7, 13, 1, 1, 1, 5, 0 };
	unsigned char wrapped[1024], *name = NULL, *serial = NULL;
	size_t wrapped_n = sizeof wrapped;
	struct client_bytes id = { 0 }, body = { 0 };
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_pkey(c->lib, X509_get0_pubkey(to), NULL);
	int rc = -1;
	int name_n = i2d_X509_NAME(X509_get_issuer_name(to), &name);
	int serial_n = i2d_ASN1_INTEGER(X509_get_serialNumber(to), &serial);
	if (!ctx || name_n < 0 || serial_n < 0 ||
	    EVP_PKEY_encrypt_init(ctx) <= 0 ||
	    EVP_PKEY_encrypt(ctx, wrapped, &wrapped_n, key, key_n) <= 0) {
		client_fail(c, "cannot encrypt the content key");
		goto out;
	}
	if (client_bytes_add(&id, name, (size_t)name_n) ||
	    client_bytes_add(&id, serial, (size_t)serial_n) ||
	    client_bytes_add(&body, version0, sizeof version0) ||
	    client_tlv_write(&body, 0x30, id.p, id.n) ||
	    client_bytes_add(&body, rsa, sizeof rsa) ||
	    client_tlv_write(&body, 0x04, wrapped, wrapped_n) ||
	    client_tlv_write(out, 0x30, body.p, body.n))
		goto out;
	rc = 0;
out:
	client_bytes_clear(&id);
	client_bytes_clear(&body);
	OPENSSL_free(name);
	OPENSSL_free(serial);
	EVP_PKEY_CTX_free(ctx);
	return rc;
}

/* Ciphertext with the tag of 16 octets behind it. */
static int
gcm_encrypt(const EVP_CIPHER *cipher, const unsigned char *key,
    const unsigned char *iv, const struct client_bytes *text,
    struct client_bytes *out)
{
	int rc = -1, n = 0, last = 0;
	unsigned char tag[16], *buffer = malloc(text->n + 16);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	if (buffer && ctx && EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) &&
	    EVP_EncryptUpdate(ctx, buffer, &n, text->p, (int)text->n) &&
	    EVP_EncryptFinal_ex(ctx, buffer + n, &last) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag) ==
		1 &&
	    !client_bytes_add(out, buffer, (size_t)(n + last)) &&
	    !client_bytes_add(out, tag, sizeof tag))
		rc = 0;
	EVP_CIPHER_CTX_free(ctx);
	free(buffer);
	return rc;
}

/* EncryptedContentInfo with AES-GCM, as Go's pkcs7 library writes it; appended. */
static int
gcm_content(const struct client_message *m, const EVP_CIPHER *cipher,
    const unsigned char *key, struct client_bytes *out)
{
	static const unsigned char data[] = { 6, 9, 0x2a, 0x86, 0x48, 0x86,
		0xf7, 13, 1, 7, 1 };
	static const unsigned char tag_length[] = { 2, 1, 16 };
	unsigned char iv[12],
	    oid[] = { 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 6 };
	struct client_bytes params = { 0 }, alg = { 0 }, body = { 0 },
			    text = { 0 };
	if (EVP_CIPHER_get_key_length(cipher) == 32)
		oid[10] = 46;
	RAND_bytes(iv, sizeof iv);
	int rc = -1;
	if (!client_tlv_write(&params, 0x04, iv, sizeof iv) &&
	    !client_bytes_add(&params, tag_length, sizeof tag_length) &&
	    !client_bytes_add(&alg, oid, sizeof oid) &&
	    !client_tlv_write(&alg, 0x30, params.p, params.n) &&
	    !gcm_encrypt(cipher, key, iv, &m->content, &text) &&
	    !client_bytes_add(&body, data, sizeof data) &&
	    !client_tlv_write(&body, 0x30, alg.p, alg.n) &&
	    !client_tlv_write(&body, 0x80, text.p, text.n))
		rc = client_tlv_write(out, 0x30, body.p, body.n);
	client_bytes_clear(&params);
	client_bytes_clear(&alg);
	client_bytes_clear(&body);
	client_bytes_clear(&text);
	return rc;
}

static int
envelope_by_hand(struct client *c, const struct client_message *m,
    const EVP_CIPHER *cipher, struct client_bytes *out)
{
	static const unsigned char enveloped[] = { 6, 9, 0x2a, 0x86, 0x48, 0x86,
		0xf7, 13, 1, 7, 3 };
	static const unsigned char version0[] = { 2, 1, 0 };
	unsigned char key[32];
	size_t key_n = (size_t)EVP_CIPHER_get_key_length(cipher);
	struct client_bytes to = { 0 }, ed = { 0 }, wrap = { 0 }, all = { 0 };
	int rc = -1;
	RAND_bytes(key, sizeof key);
	for (size_t i = 0; i < CLIENT_RECIPIENTS_MAX && m->recipients[i]; i++)
		if (ktri_by_hand(c, m->recipients[i], key, key_n, &to))
			goto out;
	if (!client_bytes_add(&ed, version0, sizeof version0) &&
	    !client_tlv_write(&ed, 0x31, to.p, to.n) &&
	    !gcm_content(m, cipher, key, &ed) &&
	    !client_tlv_write(&wrap, 0x30, ed.p, ed.n) &&
	    !client_bytes_add(&all, enveloped, sizeof enveloped) &&
	    !client_tlv_write(&all, 0xa0, wrap.p, wrap.n))
		rc = client_tlv_write(out, 0x30, all.p, all.n);
out:
	client_bytes_clear(&to);
	client_bytes_clear(&ed);
	client_bytes_clear(&wrap);
	client_bytes_clear(&all);
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
	if (aead ? envelope_by_hand(c, m, cipher, &der)
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
