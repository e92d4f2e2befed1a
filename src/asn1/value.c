/* SPDX-License-Identifier: MIT */
/*
 * What the contents octets of an element mean: strings in pieces, numbers,
 * times, object identifiers. How elements are found is in reader.c.
 */
#include "asn1/reader.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/civil.h"

#define UNIVERSAL_BITS 0xc0

/* ---- strings ---- */

struct pieces {
	uint8_t type; /* primitive identifier octet of the string itself */
	uint8_t *room;
	size_t cap;
	size_t n;
};

size_t
asn1_octets_size(const struct asn1_item *item)
{
	return (item->id & ASN1_ID_CONSTRUCTED) != 0 ? item->body.n : 0;
}

/* X.690 8.23.6: pieces are OCTET STRINGs; some senders repeat the string's own type. */
static bool
is_piece(const struct pieces *out, uint8_t id)
{
	uint8_t primitive = (uint8_t)(id & ~ASN1_ID_CONSTRUCTED);

	return primitive == ASN1_ID_OCTET_STRING || primitive == out->type;
}

static bool
add_piece(struct asn1_reader *r, struct pieces *out, struct bytes piece)
{
	if (piece.n > out->cap - out->n)
		return asn1_refuse(r, piece.p, "a string that is too long");
	if (piece.n > 0)
		memcpy(out->room + out->n, piece.p, piece.n);
	out->n += piece.n;
	return true;
}

/* Recursion is bounded by ASN1_DEPTH_MAX: asn1_enter hands out nothing below that. */
static bool
collect(struct asn1_reader *r, const struct asn1_item *item, struct pieces *out)
{
	struct asn1_reader in;
	struct asn1_item piece;

	if (item->depth >= ASN1_DEPTH_MAX)
		return asn1_refuse(
		    r, item->whole.p, "elements are nested too deep");
	asn1_enter(&in, r, item);
	while (asn1_next(&in, &piece)) {
		if (!is_piece(out, piece.id))
			return asn1_refuse(r, piece.whole.p,
			    "a piece of a string that is no string");
		if ((piece.id & ASN1_ID_CONSTRUCTED) != 0) {
			if (!collect(&in, &piece, out))
				return false;
		} else if (!add_piece(r, out, piece.body)) {
			return false;
		}
	}
	return in.rest.n == 0 || item->truncated;
}

bool
asn1_octets(struct asn1_reader *r, const struct asn1_item *item, uint8_t *room,
    size_t cap, struct bytes *out)
{
	struct pieces got = { .room = room, .cap = cap };

	if ((item->id & ASN1_ID_CONSTRUCTED) == 0) {
		*out = item->body;
		return true;
	}
	/* an implicitly tagged string does not tell its type: octets */
	got.type = (item->id & UNIVERSAL_BITS) != 0
	    ? ASN1_ID_OCTET_STRING
	    : (uint8_t)(item->id & ~ASN1_ID_CONSTRUCTED);
	if (!collect(r, item, &got))
		return false;
	*out = bytes_of(room, got.n);
	return true;
}

/* ---- numbers ---- */

bool
asn1_uint(const struct asn1_item *item, uint64_t *out)
{
	struct bytes b = item->body;
	uint64_t v = 0;

	if (b.n == 0 || item->truncated || (b.p[0] & 0x80) != 0)
		return false;
	while (b.n > 0 && b.p[0] == 0)
		b = bytes_from(b, 1);
	if (b.n > sizeof(v))
		return false;
	for (size_t i = 0; i < b.n; i++)
		v = v << 8 | b.p[i];
	*out = v;
	return true;
}

/* ---- times ---- */

/* Digits from *at on, as a number in [lo, hi]; moves *at. */
static bool
digits(struct bytes *at, size_t count, int lo, int hi, int *out)
{
	int v = 0;

	if (at->n < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (at->p[i] < '0' || at->p[i] > '9')
			return false;
		v = v * 10 + (at->p[i] - '0');
	}
	if (v < lo || v > hi)
		return false;
	*at = bytes_from(*at, count);
	*out = v;
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool
read_year(const struct asn1_item *item, struct bytes *at, int *year)
{
	if (item->id == ASN1_ID_GENERALIZED_TIME)
		return digits(at, 4, 0, 9999, year);
	if (item->id != ASN1_ID_UTC_TIME || !digits(at, 2, 0, 99, year))
		return false;
	*year += *year >= 50 ? 1900 : 2000;
	return true;
}

bool
asn1_time(const struct asn1_item *item, int64_t *out)
{
	struct bytes at = item->body;
	struct civil c = { 0 };

	if (item->truncated || !read_year(item, &at, &c.year) ||
	    !digits(&at, 2, 1, 12, &c.month) ||
	    !digits(&at, 2, 1, days_in_month(c.year, c.month), &c.day) ||
	    !digits(&at, 2, 0, 23, &c.hour) ||
	    !digits(&at, 2, 0, 59, &c.minute))
		return false;
	if (at.n != 1 && !digits(&at, 2, 0, 59, &c.second))
		return false;
	if (at.n != 1 || at.p[0] != 'Z')
		return false;
	*out = civil_to_unix(&c);
	return true;
}

/* ---- object identifiers ---- */

/* One base-128 number; false when it is cut off, not minimal or above 64 bits. */
static bool
read_arc(struct bytes *at, uint64_t *arc)
{
	uint64_t v = 0;

	if (at->n == 0 || at->p[0] == 0x80)
		return false;
	for (size_t i = 0; i < at->n; i++) {
		if (v > UINT64_MAX >> 7)
			return false;
		v = v << 7 | (at->p[i] & 0x7fU);
		if ((at->p[i] & 0x80) == 0) {
			*at = bytes_from(*at, i + 1);
			*arc = v;
			return true;
		}
	}
	return false;
}

static bool
add_arc(char *out, size_t cap, size_t *n, uint64_t arc)
{
	int len =
	    snprintf(out + *n, cap - *n, "%s%" PRIu64, *n == 0 ? "" : ".", arc);

	if (len < 0 || (size_t)len >= cap - *n)
		return false;
	*n += (size_t)len;
	return true;
}

static bool
oid_text(struct bytes at, char *out, size_t cap)
{
	uint64_t arc = 0;
	size_t n = 0;

	if (!read_arc(&at, &arc))
		return false;
	uint64_t first = arc >= 80 ? 2 : arc / 40;

	if (!add_arc(out, cap, &n, first) ||
	    !add_arc(out, cap, &n, arc - first * 40))
		return false;
	while (at.n > 0) {
		if (!read_arc(&at, &arc) || !add_arc(out, cap, &n, arc))
			return false;
	}
	return true;
}

bool
asn1_oid_text(struct bytes oid, char *out, size_t cap)
{
	if (cap == 0)
		return false;
	if (oid_text(oid, out, cap))
		return true;
	out[0] = '\0';
	return false;
}
