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

void
encoding_put_recipient_infos(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w);

	put_recipient_info(w, c, c->reply->recipient, false);
	for (size_t i = c->odd->more_recipient_count; i-- > 0;)
		put_recipient_info(w, c, c->odd->more_recipients[i], true);
	asn1_put_header(w, ASN1_ID_SET, all);
	asn1_put_int(w, c->odd->recipient_by_ski ? 2 : 0);
}

void
encoding_put_cipher(struct asn1_writer *w, const struct encoding *c)
{
	pki_put_cipher_alg(w, c->reply->cipher, c->iv);
	asn1_put_oid(w, pki_oid_cms_data);
}

static void
put_envelope(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w);

	asn1_put(w, ASN1_ID_CONTEXT, c->ciphertext);
	encoding_put_cipher(w, c);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
	encoding_put_recipient_infos(w, c);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
	asn1_put_header(w, EXPLICIT_0, all);
	asn1_put_oid(w, pki_oid_cms_enveloped_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

/* ---- what is encrypted, and how it is spoilt ---- */

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for an envelope");
}

/* A key or an IV as long as the cipher has it: cut, or filled with zeros. */
static int
fit(struct encoding *c, struct bytes given, size_t size, struct bytes *out,
    struct err *e)
{
	uint8_t *room;

	*out = given;
	if (given.n == size)
		return 0;
	room = arena_zalloc(&c->arena, size == 0 ? 1 : size);
	if (room == NULL)
		return no_memory(e);
	if (given.n > 0)
		memcpy(room, given.p, given.n < size ? given.n : size);
	*out = bytes_of(room, size);
	return 0;
}

static int
encrypt(struct encoding *c, struct buf *ciphertext, struct err *e)
{
	const struct scep_reply *r = c->reply;
	const struct pki_cipher_row *row = pki_cipher_row(r->cipher);
	struct bytes key, iv;

	if (fit(c, r->content_key, row->key_size, &key, e) == -1 ||
	    fit(c, r->content_iv, row->iv_size, &iv, e) == -1)
		return -1;
	return pki_encrypt(c->ctx, r->cipher, key, iv, r->inner, ciphertext, e);
}

/* Flip what the last octet of the plaintext hangs on: in CBC the last octet of the block before, else the tag's. */
static int
spoil_padding(struct encoding *c, uint8_t *p, size_t n, struct err *e)
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
			return no_memory(e);
		memcpy(iv, c->iv.p, c->iv.n);
		iv[c->iv.n - 1] ^= 0xff;
		c->iv.p = iv;
	}
	return 0;
}

/* The ciphertext that is sent, of the honest one. */
static int
spoil(struct encoding *c, struct buf *ciphertext, struct err *e)
{
	c->iv = c->reply->content_iv;
	if (c->odd->bad_padding && ciphertext->n > 0 &&
	    spoil_padding(c, ciphertext->p, ciphertext->n, e) == -1)
		return -1;
	if (c->odd->odd_ciphertext)
		buf_add_byte(ciphertext, 0xa5);
	if (c->odd->bad_iv && c->iv.n > 0)
		c->iv.n--;
	c->ciphertext = buf_bytes(ciphertext);
	if (c->odd->empty_ciphertext)
		c->ciphertext.n = 0;
	return buf_ok(ciphertext) ? 0 : no_memory(e);
}

/* The recipient's key identifier: the certificate's, or what it would be. */
static int
find_ski(struct encoding *c, struct err *e)
{
	uint8_t *room;

	c->ski = c->reply->recipient->ski;
	if (!c->odd->recipient_by_ski || c->ski.n > 0)
		return 0;
	room = arena_alloc(&c->arena, 20);
	if (room == NULL)
		return no_memory(e);
	if (pki_key_id(c->ctx, c->reply->recipient->spki, room, e) == -1)
		return -1;
	c->ski = bytes_of(room, 20);
	return 0;
}

/* The envelope out of its parts. */
static int
write_envelope(struct encoding *c, unsigned nesting, struct err *e)
{
	struct buf ber;
	int rc;

	if (c->odd->encoding != SCEP_BER &&
	    (c->odd->encoding != SCEP_DEEP ||
		c->odd->structure != SCEP_IS_ENVELOPED_DATA))
		return encoding_build(c, put_envelope, &c->content, e);
	buf_init(&ber, SIZE_MAX);
	rc = encoding_write_ber_envelope(c, nesting, &ber, e);
	if (rc == 0) {
		c->content = arena_copy(&c->arena, buf_bytes(&ber));
		if (c->content.p == NULL)
			rc = no_memory(e);
	}
	buf_clear(&ber);
	return rc;
}

static int
make_envelope(struct encoding *c, unsigned nesting, struct err *e)
{
	const struct scep_reply *r = c->reply;
	struct buf ciphertext, wrapped;
	int rc = -1;

	if (r->recipient == NULL || r->recipient_key == NULL)
		return err_set(e, ERR_INPUT, "an envelope without a recipient");
	buf_init(&ciphertext, r->inner.n + 256);
	buf_init(&wrapped, 16384);
	if (encrypt(c, &ciphertext, e) == -1 ||
	    pki_wrap(c->ctx, r->recipient_key, r->keytrans, r->content_key,
		&wrapped, e) == -1 ||
	    spoil(c, &ciphertext, e) == -1 || find_ski(c, e) == -1)
		goto out;
	c->wrapped = buf_bytes(&wrapped);
	rc = write_envelope(c, nesting, e);
out:
	buf_clear(&ciphertext);
	buf_clear(&wrapped);
	return rc;
}

int
encoding_content(struct encoding *c, unsigned nesting, struct err *e)
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
	return make_envelope(c, nesting, e);
}
