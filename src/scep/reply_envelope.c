/* SPDX-License-Identifier: MIT */
/* What a reply's eContent holds: EnvelopedData, as the oddities want it. */
#include "scep/encoding.h"

#include "pki/oid.h"

#define EXPLICIT_0 (ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED)

static void
put_issuer_and_serial(struct asn1_writer *w, const struct pki_cert *cert)
{
	size_t all = asn1_mark(w);

	asn1_put(w, ASN1_ID_INTEGER, cert->serial);
	asn1_put_raw(w, cert->issuer);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

/* skew: for a recipient that is nobody's, so that the key opens nothing. */
static void
put_recipient_info(struct asn1_writer *w, const struct encoding *c,
    const struct pki_cert *cert, bool skew)
{
	size_t all = asn1_mark(w);
	bool by_ski = c->odd->recipient_by_ski && !skew;
	struct bytes key = c->wrapped;

	if (skew && key.n > 1) {
		/* the same octets in another order */
		size_t mark = asn1_mark(w);

		asn1_put_raw(w, bytes_of(key.p, key.n / 2));
		asn1_put_raw(w, bytes_from(key, key.n / 2));
		asn1_put_header(w, ASN1_ID_OCTET_STRING, mark);
	} else {
		asn1_put(w, ASN1_ID_OCTET_STRING, key);
	}
	if (c->reply->keytrans == PKI_OAEP)
		pki_put_oaep_alg(w);
	else
		pki_put_rsa_alg(w);
	if (by_ski)
		asn1_put(w, ASN1_ID_CONTEXT, c->ski);
	else
		put_issuer_and_serial(w, cert);
	asn1_put_int(w, by_ski ? 2 : 0);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

static void
put_envelope(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w), part = all;

	asn1_put(w, ASN1_ID_CONTEXT, c->ciphertext);
	pki_put_cipher_alg(w, c->reply->cipher, c->iv);
	asn1_put_oid(w, pki_oid_cms_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, part);
	part = asn1_mark(w);
	put_recipient_info(w, c, c->reply->recipient, false);
	for (size_t i = c->odd->more_recipient_count; i-- > 0;)
		put_recipient_info(w, c, c->odd->more_recipients[i], true);
	asn1_put_header(w, ASN1_ID_SET, part);
	asn1_put_int(w, c->odd->recipient_by_ski ? 2 : 0);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
	asn1_put_header(w, EXPLICIT_0, all);
	asn1_put_oid(w, pki_oid_cms_enveloped_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

/* Flip what the last octet of the plaintext hangs on: in CBC the last octet of the block before, else the tag's. */
static void
spoil_padding(struct encoding *c, uint8_t *p, size_t n)
{
	size_t block = pki_cipher_row(c->reply->cipher)->block_size;
	uint8_t *iv;

	if (block <= 1) {
		p[n - 1] ^= 0xff;
	} else if (n > block) {
		p[n - block - 1] ^= 0xff;
	} else if (c->iv.n > 0) {
		iv = arena_alloc(&c->arena, c->iv.n);
		if (iv == NULL)
			return;
		memcpy(iv, c->iv.p, c->iv.n);
		iv[c->iv.n - 1] ^= 0xff;
		c->iv = bytes_of(iv, c->iv.n);
	}
}

/* The ciphertext that is sent, of the honest one. */
static int
spoil(struct encoding *c, struct buf *ciphertext, struct err *e)
{
	c->iv = c->reply->content_iv;
	if (c->odd->bad_padding && ciphertext->n > 0)
		spoil_padding(c, ciphertext->p, ciphertext->n);
	if (c->odd->odd_ciphertext)
		buf_add_byte(ciphertext, 0xa5);
	if (c->odd->bad_iv && c->iv.n > 0)
		c->iv.n--;
	c->ciphertext = buf_bytes(ciphertext);
	if (c->odd->empty_ciphertext)
		c->ciphertext.n = 0;
	return buf_ok(ciphertext)
	    ? 0
	    : err_set(e, ERR_MEMORY, "no memory for an envelope");
}

/* The recipient's key identifier: the certificate's, or SHA-1 of the key. */
static int
find_ski(struct encoding *c, struct err *e)
{
	uint8_t *room;
	size_t n = 0;

	c->ski = c->reply->recipient->ski;
	if (!c->odd->recipient_by_ski || c->ski.n > 0)
		return 0;
	room = arena_alloc(&c->arena, PKI_DIGEST_MAX);
	if (room == NULL)
		return err_set(e, ERR_MEMORY, "no memory for an envelope");
	if (pki_digest(
		c->ctx, PKI_SHA1, c->reply->recipient->spki, room, &n, e) == -1)
		return -1;
	c->ski = bytes_of(room, n);
	return 0;
}

static int
make_envelope(struct encoding *c, struct err *e)
{
	const struct scep_reply *r = c->reply;
	struct buf ciphertext, wrapped;
	int rc = -1;

	if (r->recipient == NULL || r->recipient_key == NULL)
		return err_set(e, ERR_INPUT, "an envelope without a recipient");
	buf_init(&ciphertext, r->inner.n + 256);
	buf_init(&wrapped, 16384);
	if (pki_encrypt(c->ctx, r->cipher, r->content_key, r->content_iv,
		r->inner, &ciphertext, e) == -1 ||
	    pki_wrap(c->ctx, r->recipient_key, r->keytrans, r->content_key,
		&wrapped, e) == -1 ||
	    spoil(c, &ciphertext, e) == -1 || find_ski(c, e) == -1)
		goto out;
	c->wrapped = buf_bytes(&wrapped);
	rc = encoding_build(c, put_envelope, &c->content, e);
out:
	buf_clear(&ciphertext);
	buf_clear(&wrapped);
	return rc;
}

int
encoding_content(struct encoding *c, struct err *e)
{
	switch (c->reply->content) {
	case SCEP_CONTENT_ABSENT:
	case SCEP_CONTENT_EMPTY:
		return 0;
	case SCEP_CONTENT_ZERO_BYTE:
		c->content = BYTES_LIT("\0");
		return 0;
	case SCEP_CONTENT_RAW:
		c->content = c->reply->inner;
		return 0;
	case SCEP_CONTENT_ENVELOPE:
		break;
	}
	return make_envelope(c, e);
}
