/* SPDX-License-Identifier: MIT */
/*
 * Walking elements: headers, where an element ends, levels, faults. What the
 * contents mean is in value.c.
 *
 * The end of an indefinite length element is found by a scan that counts open
 * indefinite lengths instead of recursing; definite lengths inside are jumped
 * over. Each level scans again, so the whole is at worst depth times size.
 */
#include "asn1/reader.h"

#define LONG_FORM 0x80
#define LENGTH_OCTETS_MAX 8
#define TAG_NUMBER_BITS 0x1f

static const char cut_header[] = "the input ends inside an element's header";
static const char cut_body[] = "an element runs past the end of the input";
static const char cut_indefinite[] =
    "the input ends before the end-of-contents octets";
static const char too_deep[] = "elements are nested too deep";

struct header {
	uint8_t id;
	bool indefinite;
	size_t size; /* octets of the header itself */
	uint64_t length; /* of the contents, when definite */
};

struct expectation {
	uint8_t id;
	const char *why;
};

static const struct expectation expectations[] = {
	{ ASN1_ID_BOOLEAN, "expected a BOOLEAN" },
	{ ASN1_ID_INTEGER, "expected an INTEGER" },
	{ ASN1_ID_BIT_STRING, "expected a BIT STRING" },
	{ ASN1_ID_OCTET_STRING, "expected an OCTET STRING" },
	{ ASN1_ID_NULL, "expected a NULL" },
	{ ASN1_ID_OID, "expected an OBJECT IDENTIFIER" },
	{ ASN1_ID_ENUMERATED, "expected an ENUMERATED" },
	{ ASN1_ID_UTF8_STRING, "expected a UTF8String" },
	{ ASN1_ID_PRINTABLE_STRING, "expected a PrintableString" },
	{ ASN1_ID_T61_STRING, "expected a TeletexString" },
	{ ASN1_ID_IA5_STRING, "expected an IA5String" },
	{ ASN1_ID_UTC_TIME, "expected a UTCTime" },
	{ ASN1_ID_GENERALIZED_TIME, "expected a GeneralizedTime" },
	{ ASN1_ID_BMP_STRING, "expected a BMPString" },
	{ ASN1_ID_SEQUENCE, "expected a SEQUENCE" },
	{ ASN1_ID_SET, "expected a SET" },
	{ 0x80, "expected a primitive [0]" },
	{ 0x81, "expected a primitive [1]" },
	{ 0x82, "expected a primitive [2]" },
	{ 0x83, "expected a primitive [3]" },
	{ 0xa0, "expected [0]" },
	{ 0xa1, "expected [1]" },
	{ 0xa2, "expected [2]" },
	{ 0xa3, "expected [3]" },
};

static const char *
expected(uint8_t id)
{
	for (size_t i = 0; i < nitems(expectations); i++) {
		if (expectations[i].id == id)
			return expectations[i].why;
	}
	return "expected another element";
}

/* Types that BER lets a sender cut into pieces, as far as anybody does. */
static bool
may_be_constructed(uint8_t id)
{
	return id == ASN1_ID_OCTET_STRING || id == ASN1_ID_UTF8_STRING ||
	    id == ASN1_ID_PRINTABLE_STRING || id == ASN1_ID_T61_STRING ||
	    id == ASN1_ID_IA5_STRING || id == ASN1_ID_BMP_STRING;
}

static bool
is_wanted(uint8_t found, uint8_t wanted)
{
	if (found == wanted)
		return true;
	return may_be_constructed(wanted) &&
	    found == (wanted | ASN1_ID_CONSTRUCTED);
}

static const uint8_t *
end_of(struct bytes s)
{
	return s.p == NULL ? NULL : s.p + s.n;
}

bool
asn1_refuse(struct asn1_reader *r, const uint8_t *where, const char *why)
{
	if (r->fault->why != NULL)
		return false;
	r->fault->why = why;
	r->fault->at = where == NULL ? 0 : (size_t)(where - r->origin);
	return false;
}

/* The long form's octets. False when they are cut off; *bad says what else is wrong. */
static bool
read_long_length(struct bytes in, struct header *h, const char **bad)
{
	size_t octets = in.p[1] & 0x7fU;

	if (octets > LENGTH_OCTETS_MAX) {
		*bad = "a length of more than 8 octets";
		return false;
	}
	if (in.n < 2 + octets) {
		*bad = cut_header;
		return false;
	}
	h->length = 0;
	for (size_t i = 0; i < octets; i++)
		h->length = h->length << 8 | in.p[2 + i];
	h->size = 2 + octets;
	return true;
}

/* in is not empty. False: *bad says why. */
static bool
read_header(struct bytes in, struct header *h, const char **bad)
{
	*h = (struct header){ .id = in.p[0], .size = 2 };
	if ((h->id & TAG_NUMBER_BITS) == TAG_NUMBER_BITS) {
		*bad = "a tag number above 30";
		return false;
	}
	if (in.n < 2) {
		*bad = cut_header;
		return false;
	}
	if (in.p[1] < LONG_FORM) {
		h->length = in.p[1];
		return true;
	}
	if (in.p[1] != LONG_FORM)
		return read_long_length(in, h, bad);
	h->indefinite = true;
	if ((h->id & ASN1_ID_CONSTRUCTED) != 0)
		return true;
	*bad = "a primitive element of indefinite length";
	return false;
}

/* A header fault is where the header starts, or where the input ended inside it. */
static bool
refuse_header(struct asn1_reader *r, struct bytes at, const char *bad)
{
	return asn1_refuse(r, bad == cut_header ? end_of(at) : at.p, bad);
}

static bool
is_end_of_contents(struct bytes s)
{
	return s.n >= 2 && s.p[0] == 0 && s.p[1] == 0;
}

/*
 * Move *in, which starts behind an indefinite length header, to the
 * end-of-contents octets that belong to it. False: not found, fault recorded.
 */
static bool
skip_to_end_of_contents(struct asn1_reader *r, struct bytes *in)
{
	unsigned open = 0;
	struct header h;
	const char *bad = NULL;

	while (in->n > 0) {
		if (is_end_of_contents(*in)) {
			if (open == 0)
				return true;
			open--;
			*in = bytes_from(*in, 2);
			continue;
		}
		if (!read_header(*in, &h, &bad))
			return refuse_header(r, *in, bad);
		if (h.indefinite) {
			open++;
			if (r->depth + open > ASN1_DEPTH_MAX)
				return asn1_refuse(r, in->p, too_deep);
		} else if (h.length > in->n - h.size) {
			return asn1_refuse(r, end_of(*in), cut_body);
		}
		*in = bytes_from(*in, h.size + (size_t)h.length);
	}
	return asn1_refuse(r, end_of(*in), cut_indefinite);
}

static void
find_indefinite_end(struct asn1_reader *r, struct asn1_item *item)
{
	struct bytes at = item->body;

	item->indefinite = true;
	if (!skip_to_end_of_contents(r, &at)) {
		item->truncated = true;
		return;
	}
	item->body.n = (size_t)(at.p - item->body.p);
	item->whole.n = (size_t)(at.p - item->whole.p) + 2;
}

static void
find_definite_end(
    struct asn1_reader *r, struct asn1_item *item, uint64_t length)
{
	if (length > item->body.n) {
		item->truncated = true;
		asn1_refuse(r, end_of(item->body), cut_body);
		return;
	}
	item->body.n = (size_t)length;
	item->whole.n = (size_t)(item->body.p - item->whole.p) + item->body.n;
}

void
asn1_open(struct asn1_reader *r, struct bytes in, struct asn1_fault *fault)
{
	*r = (struct asn1_reader){ .origin = in.p, .rest = in, .fault = fault };
}

bool
asn1_next(struct asn1_reader *r, struct asn1_item *item)
{
	struct asn1_item it = { .depth = r->depth, .whole = r->rest };
	struct header h;
	const char *bad = NULL;

	if (r->rest.n == 0)
		return false;
	if (!read_header(r->rest, &h, &bad))
		return refuse_header(r, r->rest, bad);
	if (h.id == 0)
		return asn1_refuse(r, r->rest.p,
		    "end-of-contents octets where no indefinite length is open");
	it.id = h.id;
	it.body = bytes_from(r->rest, h.size);
	if (h.indefinite)
		find_indefinite_end(r, &it);
	else
		find_definite_end(r, &it, h.length);
	r->rest = bytes_from(r->rest, it.whole.n);
	*item = it;
	return true;
}

bool
asn1_peek(const struct asn1_reader *r, struct asn1_item *item)
{
	struct asn1_fault unheard = { 0 };
	struct asn1_reader copy = *r;

	copy.fault = &unheard;
	return asn1_next(&copy, item);
}

/* Does the next element have this identifier? Only its first octet counts. */
static bool
comes(const struct asn1_reader *r, uint8_t id)
{
	return r->rest.n > 0 && is_wanted(r->rest.p[0], id);
}

bool
asn1_take(struct asn1_reader *r, uint8_t id, struct asn1_item *item)
{
	if (comes(r, id))
		return asn1_next(r, item);
	return asn1_refuse(r, r->rest.p, expected(id));
}

bool
asn1_take_optional(struct asn1_reader *r, uint8_t id, struct asn1_item *item)
{
	return comes(r, id) && asn1_next(r, item);
}

void
asn1_enter(struct asn1_reader *child, const struct asn1_reader *parent,
    const struct asn1_item *item)
{
	*child = (struct asn1_reader){ .origin = parent->origin,
		.rest = item->body,
		.depth = item->depth + 1,
		.fault = parent->fault };
	if (child->depth <= ASN1_DEPTH_MAX)
		return;
	asn1_refuse(child, item->whole.p, too_deep);
	child->rest = bytes_of(item->body.p, 0);
}

bool
asn1_take_enter(struct asn1_reader *r, uint8_t id, struct asn1_reader *child)
{
	struct asn1_item item;

	if (!asn1_take(r, id, &item))
		return false;
	asn1_enter(child, r, &item);
	return true;
}

bool
asn1_end(struct asn1_reader *r)
{
	if (r->rest.n == 0)
		return true;
	return asn1_refuse(r, r->rest.p, "unexpected bytes");
}
