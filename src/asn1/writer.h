/* SPDX-License-Identifier: MIT */
/*
 * One DER writer that works backwards: write the last element first, and each
 * length is known when its header is due. Writes into room that the caller
 * gives; allocates nothing. When the room is too small, the writer is marked
 * overflowed, further calls do nothing, and `need` goes on counting, so that
 * the caller can try again with enough.
 *
 *	size_t m = asn1_mark(w);
 *	asn1_put_int(w, 5);             last element of the sequence
 *	asn1_put_oid(w, oid);           first element
 *	asn1_put_header(w, ASN1_ID_SEQUENCE, m);
 */
#ifndef ASN1_WRITER_H
#define ASN1_WRITER_H

#include "asn1/reader.h"

struct asn1_writer {
	uint8_t *base;
	size_t cap;
	size_t need; /* bytes written so far, or that would have been */
	bool overflow;
};

void asn1_write_into(struct asn1_writer *w, uint8_t *room, size_t cap);

/* What is written so far: the tail of the room. Empty after an overflow. */
struct bytes asn1_written(const struct asn1_writer *w);

/* Remember a place; asn1_put_header(w, id, mark) wraps all that was written since. */
static inline size_t
asn1_mark(const struct asn1_writer *w)
{
	return w->need;
}

/* Identifier and length in front of what was written since mark. */
void asn1_put_header(struct asn1_writer *w, uint8_t id, size_t mark);

/* Bytes as they are (a pre-encoded element, or contents). */
void asn1_put_raw(struct asn1_writer *w, struct bytes s);

/* A whole element: identifier, length, contents. */
void asn1_put(struct asn1_writer *w, uint8_t id, struct bytes body);

void asn1_put_null(struct asn1_writer *w);
void asn1_put_bool(struct asn1_writer *w, bool v);
void asn1_put_int(struct asn1_writer *w, int64_t v);

/* An INTEGER from big-endian unsigned bytes; leading zeros are normalised. */
void asn1_put_uint_bytes(struct asn1_writer *w, struct bytes big_endian);

/* Contents octets of an OID, as the OID tables hold them. */
void asn1_put_oid(struct asn1_writer *w, struct bytes oid);

/* BIT STRING of whole bytes. */
void asn1_put_bits(struct asn1_writer *w, struct bytes s);

/* UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). */
void asn1_put_time(struct asn1_writer *w, int64_t unix_seconds);

/*
 * Put elements in DER SET OF order: n encoded elements, sorted here by their
 * bytes (X.690 11.6), then written. The array is reordered.
 */
void asn1_put_sorted(struct asn1_writer *w, struct bytes *elements, size_t n);

#endif
