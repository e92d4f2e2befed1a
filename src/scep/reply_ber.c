/* SPDX-License-Identifier: MIT */
/*
 * A reply in another encoding than DER. BER is written forward, from parts
 * that stay DER where a signature or a length hangs on them.
 */
#include "scep/encoding.h"

#include "pki/oid.h"

#define PIECE 1000
#define INDEFINITE 0x80
#define CONSTRUCTED_STRING (ASN1_ID_OCTET_STRING | ASN1_ID_CONSTRUCTED)
#define EXPLICIT_0 (ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED)

static void
begin(struct buf *out, uint8_t id)
{
	buf_add_byte(out, id);
	buf_add_byte(out, INDEFINITE);
}

static void
end(struct buf *out)
{
	buf_add_byte(out, 0);
	buf_add_byte(out, 0);
}

static void
put_length(struct buf *out, size_t n)
{
	uint8_t octets[8];
	unsigned count = 0;

	if (n < 0x80) {
		buf_add_byte(out, (uint8_t)n);
		return;
	}
	for (; n > 0; n >>= 8)
		octets[count++] = (uint8_t)n;
	buf_add_byte(out, (uint8_t)(INDEFINITE | count));
	while (count > 0)
		buf_add_byte(out, octets[--count]);
}

static void
put_element(struct buf *out, uint8_t id, struct bytes body)
{
	buf_add_byte(out, id);
	put_length(out, body.n);
	buf_add(out, body);
}

/* The content, in pieces, below so many strings of strings. */
static void
put_content(struct buf *out, struct bytes content, unsigned nesting)
{
	begin(out, EXPLICIT_0);
	for (unsigned i = 0; i < nesting; i++)
		begin(out, CONSTRUCTED_STRING);
	do {
		struct bytes piece = content;

		if (piece.n > PIECE)
			piece.n = PIECE;
		put_element(out, ASN1_ID_OCTET_STRING, piece);
		content = bytes_from(content, piece.n);
	} while (content.n > 0);
	for (unsigned i = 0; i < nesting; i++)
		end(out);
	end(out);
}

int
encoding_write_ber(
    struct encoding *c, unsigned nesting, struct buf *out, struct err *e)
{
	struct bytes digests, certs, signers;

	if (encoding_build(c, encoding_put_digest_algs, &digests, e) == -1 ||
	    encoding_build(c, encoding_put_certificates, &certs, e) == -1 ||
	    encoding_build(c, encoding_put_signer_infos, &signers, e) == -1)
		return -1;
	begin(out, ASN1_ID_SEQUENCE);
	put_element(out, ASN1_ID_OID, pki_oid_cms_signed_data);
	begin(out, EXPLICIT_0);
	begin(out, ASN1_ID_SEQUENCE);
	put_element(out, ASN1_ID_INTEGER, BYTES_LIT("\x01"));
	buf_add(out, digests);
	begin(out, ASN1_ID_SEQUENCE);
	put_element(out, ASN1_ID_OID, pki_oid_cms_data);
	if (c->reply->content != SCEP_CONTENT_ABSENT)
		put_content(out, c->content, nesting);
	end(out);
	buf_add(out, certs);
	buf_add(out, signers);
	end(out);
	end(out);
	end(out);
	return buf_ok(out) ? 0 : err_set(e, ERR_MEMORY, "no room for a reply");
}

int
encoding_write_length(
    struct bytes message, bool overflow, struct buf *out, struct err *e)
{
	struct asn1_reader r;
	struct asn1_fault fault = { 0 };
	struct asn1_item item;

	asn1_open(&r, message, &fault);
	if (!asn1_next(&r, &item))
		return err_set(e, ERR_INPUT, "a reply that is no element");
	buf_add_byte(out, item.id);
	if (overflow)
		buf_add(out, BYTES_LIT("\x88\x7f\xff\xff\xff\xff\xff\xff\xff"));
	else
		put_length(out, item.body.n == 0 ? 0 : item.body.n - 1);
	buf_add(out, item.body);
	return buf_ok(out) ? 0 : err_set(e, ERR_MEMORY, "no room for a reply");
}
