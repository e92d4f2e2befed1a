/* SPDX-License-Identifier: MIT */
/*
 * AES-GCM inside EnvelopedData, as Go's pkcs7 library writes and reads it.
 * libcrypto's CMS_ calls know it in AuthEnvelopedData only, so this is by
 * hand.
 */
#include "support/client_der.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

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

int
client_gcm_envelope(struct client *c, const struct client_message *m,
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

/* ---- and back ---- */

struct gcm_parts {
	struct client_tlv key, cipher, iv, text;
};

static bool
gcm_parts(const unsigned char *p, size_t n, struct gcm_parts *out)
{
	struct client_walk w = { p, n };
	struct client_tlv all, wrap, ed, ris, ri, eci, alg, params;
	return client_tlv_next(&w, &all) && client_tlv_child(&all, 1, &wrap) &&
	    client_tlv_child(&wrap, 0, &ed) && client_tlv_child(&ed, 1, &ris) &&
	    client_tlv_child(&ris, 0, &ri) &&
	    client_tlv_child(&ri, 3, &out->key) &&
	    client_tlv_child(&ed, 2, &eci) && client_tlv_child(&eci, 1, &alg) &&
	    client_tlv_child(&alg, 0, &out->cipher) &&
	    client_tlv_child(&alg, 1, &params) &&
	    client_tlv_child(&params, 0, &out->iv) &&
	    client_tlv_child(&eci, 2, &out->text) && out->iv.n == 12 &&
	    out->text.n > 16;
}

static int
gcm_decrypt(struct client *c, const struct gcm_parts *g,
    const unsigned char *key, size_t key_n, struct client_bytes *out)
{
	int rc = -1, n = 0, last = 0;
	size_t text_n = g->text.n - 16;
	unsigned char *buffer = malloc(text_n + 16), tag[16];
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(
	    c->lib, key_n == 32 ? "AES-256-GCM" : "AES-128-GCM", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	memcpy(tag, g->text.p + text_n, sizeof tag);
	if (buffer && cipher && ctx &&
	    (size_t)EVP_CIPHER_get_key_length(cipher) == key_n &&
	    EVP_DecryptInit_ex2(ctx, cipher, key, g->iv.p, NULL) &&
	    EVP_DecryptUpdate(ctx, buffer, &n, g->text.p, (int)text_n) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) ==
		1 &&
	    EVP_DecryptFinal_ex(ctx, buffer + n, &last) == 1)
		rc = client_bytes_add(out, buffer, (size_t)(n + last));
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	free(buffer);
	return rc;
}

int
client_gcm_open(struct client *c, const unsigned char *p, size_t n,
    EVP_PKEY *key, struct client_bytes *out)
{
	struct gcm_parts g;
	unsigned char content_key[1024];
	size_t key_n = sizeof content_key;
	if (!gcm_parts(p, n, &g))
		return client_fail(c, "not an envelope with AES-GCM");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, key, NULL);
	int rc = -1;
	if (ctx && EVP_PKEY_decrypt_init(ctx) > 0 &&
	    EVP_PKEY_decrypt(ctx, content_key, &key_n, g.key.p, g.key.n) > 0)
		rc = gcm_decrypt(c, &g, content_key, key_n, out);
	EVP_PKEY_CTX_free(ctx);
	return rc ? client_fail(c, "AES-GCM does not decrypt") : 0;
}
