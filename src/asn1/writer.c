/* SPDX-License-Identifier: MIT */
/*
 * The backward writer. Everything goes through one function that takes the
 * next bytes in front of those already there, or only counts them.
 */
#include "asn1/writer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"

void
asn1_write_into(struct asn1_writer *w, uint8_t *room, size_t cap)
{
	*w = (struct asn1_writer){ .base = room, .cap = cap };
}

struct bytes
asn1_written(const struct asn1_writer *w)
{
	if (w->overflow || w->base == NULL)
		return bytes_of(NULL, 0);
	return bytes_of(w->base + (w->cap - w->need), w->need);
}

void
asn1_put_raw(struct asn1_writer *w, struct bytes s)
{
	if (w->overflow || s.n > w->cap - w->need) {
		w->overflow = true;
		w->need += s.n;
		return;
	}
	w->need += s.n;
	if (s.n > 0)
		memcpy(w->base + (w->cap - w->need), s.p, s.n);
}

static void
put_byte(struct asn1_writer *w, uint8_t c)
{
	asn1_put_raw(w, bytes_of(&c, 1));
}

void
asn1_put_header(struct asn1_writer *w, uint8_t id, size_t mark)
{
	size_t length = w->need - mark;
	uint8_t octets = 0;

	if (length < 0x80) {
		put_byte(w, (uint8_t)length);
	} else {
		for (; length > 0; length >>= 8, octets++)
			put_byte(w, (uint8_t)(length & 0xff));
		put_byte(w, (uint8_t)(0x80 | octets));
	}
	put_byte(w, id);
}

void
asn1_put(struct asn1_writer *w, uint8_t id, struct bytes body)
{
	size_t m = asn1_mark(w);

	asn1_put_raw(w, body);
	asn1_put_header(w, id, m);
}

void
asn1_put_null(struct asn1_writer *w)
{
	asn1_put(w, ASN1_ID_NULL, bytes_of(NULL, 0));
}

void
asn1_put_bool(struct asn1_writer *w, bool v)
{
	uint8_t octet = v ? 0xff : 0;

	asn1_put(w, ASN1_ID_BOOLEAN, bytes_of(&octet, 1));
}

void
asn1_put_int(struct asn1_writer *w, int64_t v)
{
	uint64_t bits = (uint64_t)v;
	uint8_t be[8];
	size_t skip = 0;

	for (size_t i = 0; i < sizeof(be); i++)
		be[i] = (uint8_t)(bits >> (56 - 8 * i));
	uint8_t sign = v < 0 ? 0xff : 0;

	/* a leading octet says nothing when the next one has the same sign */
	while (skip < sizeof(be) - 1 && be[skip] == sign &&
	    ((be[skip + 1] ^ sign) & 0x80) == 0)
		skip++;
	asn1_put(w, ASN1_ID_INTEGER, bytes_of(be + skip, sizeof(be) - skip));
}

void
asn1_put_uint_bytes(struct asn1_writer *w, struct bytes big_endian)
{
	size_t m = asn1_mark(w);

	while (big_endian.n > 0 && big_endian.p[0] == 0)
		big_endian = bytes_from(big_endian, 1);
	asn1_put_raw(w, big_endian);
	if (big_endian.n == 0 || (big_endian.p[0] & 0x80) != 0)
		put_byte(w, 0);
	asn1_put_header(w, ASN1_ID_INTEGER, m);
}

void
asn1_put_oid(struct asn1_writer *w, struct bytes oid)
{
	asn1_put(w, ASN1_ID_OID, oid);
}

void
asn1_put_bits(struct asn1_writer *w, struct bytes s)
{
	size_t m = asn1_mark(w);

	asn1_put_raw(w, s);
	put_byte(w, 0);
	asn1_put_header(w, ASN1_ID_BIT_STRING, m);
}

void
asn1_put_time(struct asn1_writer *w, int64_t unix_seconds)
{
	struct civil c = civil_from_unix(unix_seconds);
	bool utc = c.year >= 1950 && c.year <= 2049;
	char text[80];

	int n = snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ",
	    c.year, c.month, c.day, c.hour, c.minute, c.second);
	struct bytes all = bytes_of(text, n < 0 ? 0 : (size_t)n);

	if (utc)
		asn1_put(w, ASN1_ID_UTC_TIME, bytes_from(all, 2));
	else
		asn1_put(w, ASN1_ID_GENERALIZED_TIME, all);
}

/* X.690 11.6: by octets, the shorter one as if padded with zeros. */
static int
compare_elements(const void *left, const void *right)
{
	const struct bytes *a = left;
	const struct bytes *b = right;
	size_t n = a->n < b->n ? a->n : b->n;

	int c = n == 0 ? 0 : memcmp(a->p, b->p, n);

	if (c != 0)
		return c;
	return a->n < b->n ? -1 : a->n > b->n;
}

void
asn1_put_sorted(struct asn1_writer *w, struct bytes *elements, size_t n)
{
	if (n > 1)
		qsort(elements, n, sizeof(elements[0]), compare_elements);
	while (n > 0)
		asn1_put_raw(w, elements[--n]);
}
