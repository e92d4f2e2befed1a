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

/* Octets in strings of at most so many, below so many strings of strings. */
static void
put_pieces(struct buf *out, struct bytes octets, size_t most, unsigned nesting)
{
	for (unsigned i = 0; i < nesting; i++)
		begin(out, CONSTRUCTED_STRING);
	do {
		struct bytes piece = octets;

		if (piece.n > most)
			piece.n = most;
		put_element(out, ASN1_ID_OCTET_STRING, piece);
		octets = bytes_from(octets, piece.n);
	} while (octets.n > 0);
	for (unsigned i = 0; i < nesting; i++)
		end(out);
}

/* A string: whole, or nested and in pieces. */
static void
put_string(struct buf *out, struct bytes octets, unsigned nesting)
{
	put_pieces(out, octets, nesting == 0 ? SIZE_MAX : PIECE, nesting);
}

static int
done(const struct buf *out, struct err *e)
{
	return buf_ok(out) ? 0 : err_set(e, ERR_MEMORY, "no room for a reply");
}

/* A ContentInfo up to what is in its [0]; ended by end_content_info(). */
static void
begin_content_info(struct buf *out, struct bytes oid)
{
	begin(out, ASN1_ID_SEQUENCE);
	put_element(out, ASN1_ID_OID, oid);
	begin(out, EXPLICIT_0);
}

static void
end_content_info(struct buf *out)
{
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
	begin_content_info(out, pki_oid_cms_signed_data);
	begin(out, ASN1_ID_SEQUENCE);
	put_element(out, ASN1_ID_INTEGER, BYTES_LIT("\x01"));
	buf_add(out, digests);
	begin(out, ASN1_ID_SEQUENCE);
	put_element(out, ASN1_ID_OID, pki_oid_cms_data);
	if (c->reply->content != SCEP_CONTENT_ABSENT) {
		begin(out, EXPLICIT_0);
		put_string(out, c->content, nesting);
		end(out);
	}
	end(out);
	buf_add(out, certs);
	buf_add(out, signers);
	end(out);
	end_content_info(out);
	return done(out, e);
}

int
encoding_write_ber_envelope(
    struct encoding *c, unsigned nesting, struct buf *out, struct err *e)
{
	struct bytes recipients, cipher;

	if (encoding_build(c, encoding_put_recipient_infos, &recipients, e) ==
		-1 ||
	    encoding_build(c, encoding_put_cipher, &cipher, e) == -1)
		return -1;
	begin_content_info(out, pki_oid_cms_enveloped_data);
	begin(out, ASN1_ID_SEQUENCE);
	buf_add(out, recipients);
	begin(out, ASN1_ID_SEQUENCE);
	buf_add(out, cipher);
	/* [0] IMPLICIT is the outermost of the strings */
	begin(out, EXPLICIT_0);
	put_pieces(out, c->ciphertext, PIECE, nesting > 0 ? nesting - 1 : 0);
	end(out);
	end(out);
	end(out);
	end_content_info(out);
	return done(out, e);
}

int
encoding_write_ber_data(
    struct bytes message, unsigned nesting, struct buf *out, struct err *e)
{
	begin_content_info(out, pki_oid_cms_data);
	put_string(out, message, nesting);
	end_content_info(out);
	return done(out, e);
}

int
encoding_write_length(
    struct bytes message, bool overflow, struct buf *out, struct err *e)
{
	struct asn1_reader r;
	struct asn1_fault fault = { 0 };
	struct asn1_item item;

	asn1_open(&r, message, &fault);
	if (!asn1_next(&r, &item)) {
		buf_add(out, message);
		return done(out, e);
	}
	buf_add_byte(out, item.id);
	if (overflow)
		buf_add(out, BYTES_LIT("\x88\x7f\xff\xff\xff\xff\xff\xff\xff"));
	else
		put_length(out, item.body.n == 0 ? 0 : item.body.n - 1);
	buf_add(out, item.body);
	return done(out, e);
}
