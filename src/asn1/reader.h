/* SPDX-License-Identifier: MIT */
/*
 * One bounded reader of BER and DER over spans: definite and indefinite
 * lengths alike. Allocates nothing, copies nothing, and keeps what it could
 * read: an element that runs past the end of the input is still handed out,
 * marked truncated, with the part of its contents that is there.
 *
 * The first thing that is wrong is recorded in the struct asn1_fault that all
 * readers of one message share; where is the offset from the start of the
 * outermost span. Callers who want sound input look at fault->why at the end;
 * callers who explain broken input go on as long as items come.
 */
#ifndef ASN1_READER_H
#define ASN1_READER_H

#include "base/span.h"

/*
 * Identifier octets as they stand on the wire (X.690 8.1.2), tag numbers up
 * to 30. Not the bare names: libcrypto has types called ASN1_INTEGER and so on.
 */
enum {
	ASN1_ID_BOOLEAN = 0x01,
	ASN1_ID_INTEGER = 0x02,
	ASN1_ID_BIT_STRING = 0x03,
	ASN1_ID_OCTET_STRING = 0x04,
	ASN1_ID_NULL = 0x05,
	ASN1_ID_OID = 0x06,
	ASN1_ID_ENUMERATED = 0x0a,
	ASN1_ID_UTF8_STRING = 0x0c,
	ASN1_ID_PRINTABLE_STRING = 0x13,
	ASN1_ID_T61_STRING = 0x14,
	ASN1_ID_IA5_STRING = 0x16,
	ASN1_ID_UTC_TIME = 0x17,
	ASN1_ID_GENERALIZED_TIME = 0x18,
	ASN1_ID_BMP_STRING = 0x1e,
	ASN1_ID_SEQUENCE = 0x30,
	ASN1_ID_SET = 0x31,
	ASN1_ID_CONSTRUCTED = 0x20,
	ASN1_ID_CONTEXT = 0x80, /* | constructed where it is, | number */
};

/* Nesting deeper than this is refused. A SCEP message needs about 16, its inner CMS 12 more. */
#define ASN1_DEPTH_MAX 40

struct asn1_fault {
	const char *
	    why; /* a constant sentence without full stop; NULL: nothing wrong */
	size_t at; /* offset from the start of the outermost span */
};

struct asn1_reader {
	const uint8_t *origin; /* start of the outermost span, for offsets */
	struct bytes rest; /* not yet read */
	unsigned depth;
	struct asn1_fault
	    *fault; /* borrowed, shared by all readers of the message */
};

struct asn1_item {
	uint8_t id; /* first identifier octet; high tag numbers are refused */
	bool indefinite;
	bool
	    truncated; /* body ends where the input ended, not where the element does */
	struct bytes
	    whole; /* identifier to last octet, end-of-contents octets included */
	struct bytes
	    body; /* contents octets, end-of-contents octets left out */
	unsigned depth;
};

/* Read from the start of `in`. fault is borrowed and must be zeroed by the caller first. */
void asn1_open(
    struct asn1_reader *r, struct bytes in, struct asn1_fault *fault);

/*
 * The next element at this level. True with *item filled; false at the end
 * of the span or where nothing more can be read (then fault->why is set).
 */
bool asn1_next(struct asn1_reader *r, struct asn1_item *item);

/* As asn1_next, but without moving on. Records no fault. */
bool asn1_peek(const struct asn1_reader *r, struct asn1_item *item);

/*
 * The next element, which must have this identifier octet; for string types
 * the constructed form is taken too (not for BIT STRING). False (fault set:
 * "expected X") and the reader not moved when it is something else or nothing is there.
 */
bool asn1_take(struct asn1_reader *r, uint8_t id, struct asn1_item *item);

/* As asn1_take, but an element that is absent or other is no fault. */
bool asn1_take_optional(
    struct asn1_reader *r, uint8_t id, struct asn1_item *item);

/* Read the contents of an element. Too deep: a fault, and the child is empty. */
void asn1_enter(struct asn1_reader *child, const struct asn1_reader *parent,
    const struct asn1_item *item);

/* asn1_take and asn1_enter in one. */
bool asn1_take_enter(
    struct asn1_reader *r, uint8_t id, struct asn1_reader *child);

/* Is everything at this level read? Otherwise the fault "unexpected bytes" is recorded. */
bool asn1_end(struct asn1_reader *r);

/* Record a fault at a place inside the message; the first one stays. Returns false. */
bool asn1_refuse(struct asn1_reader *r, const uint8_t *where, const char *why);

/* ---- values ---- */

/*
 * The octets of a string type in either form. For the primitive form *out
 * lends the body. For the constructed form the pieces are put together into
 * room (cap bytes; asn1_octets_size tells how many are needed), which *out
 * then lends. False when a piece is not a string of that type, when it nests
 * too deep, or when cap is too small. A truncated item gives what is there.
 */
bool asn1_octets(struct asn1_reader *r, const struct asn1_item *item,
    uint8_t *room, size_t cap, struct bytes *out);

/* Bytes that asn1_octets needs for the constructed form (an upper bound); 0 for the primitive one. */
size_t asn1_octets_size(const struct asn1_item *item);

/* A non-negative INTEGER that fits; false otherwise (no fault recorded). */
bool asn1_uint(const struct asn1_item *item, uint64_t *out);

/* UTCTime or GeneralizedTime in seconds since 1970-01-01 UTC; RFC 5280 4.1.2.5 forms, and without seconds. */
bool asn1_time(const struct asn1_item *item, int64_t *out);

/* Dotted text of an OBJECT IDENTIFIER body into out; false and "" when it is malformed or does not fit. */
bool asn1_oid_text(struct bytes oid, char *out, size_t cap);

#endif
