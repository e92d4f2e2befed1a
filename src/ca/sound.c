/* SPDX-License-Identifier: MIT */
/*
 * What of a request goes into a certificate as it stands has to be sound
 * first: a client whose own certificate does not parse learns nothing.
 */
#include "ca/sound.h"

#define CLASS_MASK 0xc0U

bool
ca_oid_sound(struct bytes oid)
{
	bool start = true;

	for (size_t i = 0; i < oid.n; i++) {
		if (start && oid.p[i] == 0x80)
			return false;
		start = (oid.p[i] & 0x80U) == 0;
	}
	return oid.n > 0 && start;
}

static bool
utf8_tail(struct bytes s, size_t at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (at + i >= s.n || (s.p[at + i] & 0xc0U) != 0x80)
			return false;
	}
	return true;
}

/* RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF. */
static bool
utf8_sound(struct bytes s)
{
	static const struct {
		uint8_t first, last; /* of the lead octet */
		uint8_t low, high; /* of the one behind it */
		uint8_t tail; /* octets behind the lead */
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 0 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 1 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 2 },
		{ 0xe1, 0xec, 0x80, 0xbf, 2 },
		{ 0xed, 0xed, 0x80, 0x9f, 2 },
		{ 0xee, 0xef, 0x80, 0xbf, 2 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 3 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 3 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 3 },
	};
	size_t at = 0;

	while (at < s.n) {
		size_t f = 0;

		while (f < nitems(forms) &&
		    (s.p[at] < forms[f].first || s.p[at] > forms[f].last))
			f++;
		if (f == nitems(forms) ||
		    !utf8_tail(s, at + 1, forms[f].tail) ||
		    (forms[f].tail > 0 &&
			(s.p[at + 1] < forms[f].low ||
			    s.p[at + 1] > forms[f].high)))
			return false;
		at += 1U + forms[f].tail;
	}
	return true;
}

static bool
boolean_sound(struct bytes s)
{
	return s.n == 1;
}

static bool
integer_sound(struct bytes s)
{
	return s.n > 0;
}

static bool
bits_sound(struct bytes s)
{
	return s.n > 0 && s.p[0] <= (s.n > 1 ? 7 : 0);
}

static bool
null_sound(struct bytes s)
{
	return s.n == 0;
}

static bool
bmp_sound(struct bytes s)
{
	return s.n % 2 == 0;
}

static const struct {
	uint8_t id;
	bool (*sound)(struct bytes body);
} primitives[] = {
	{ ASN1_ID_BOOLEAN, boolean_sound },
	{ ASN1_ID_INTEGER, integer_sound },
	{ ASN1_ID_ENUMERATED, integer_sound },
	{ ASN1_ID_BIT_STRING, bits_sound },
	{ ASN1_ID_NULL, null_sound },
	{ ASN1_ID_OID, ca_oid_sound },
	{ ASN1_ID_UTF8_STRING, utf8_sound },
	{ ASN1_ID_BMP_STRING, bmp_sound },
};

static bool
primitive_sound(const struct asn1_item *item)
{
	for (size_t i = 0; i < nitems(primitives); i++) {
		if (primitives[i].id == item->id)
			return primitives[i].sound(item->body);
	}
	return true;
}

/* Everything at this level and below; the reader counts the depth. */
static bool
walk(struct asn1_reader *r)
{
	struct asn1_reader inside;
	struct asn1_item item;

	while (asn1_next(r, &item)) {
		bool constructed = (item.id & ASN1_ID_CONSTRUCTED) != 0;
		bool universal = (item.id & CLASS_MASK) == 0;

		if (item.indefinite || item.truncated)
			return false;
		if (universal &&
		    constructed !=
			(item.id == ASN1_ID_SEQUENCE || item.id == ASN1_ID_SET))
			return false;
		if (!constructed && !primitive_sound(&item))
			return false;
		if (!constructed)
			continue;
		asn1_enter(&inside, r, &item);
		if (!walk(&inside))
			return false;
	}
	return r->fault->why == NULL;
}

bool
ca_der_sound(struct bytes der)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader top;
	struct asn1_item item;

	asn1_open(&top, der, &fault);
	if (!asn1_next(&top, &item) || !asn1_end(&top))
		return false;
	asn1_open(&top, der, &fault);
	return walk(&top);
}

/* AttributeTypeAndValue */
static bool
pair_sound(struct asn1_reader *pair)
{
	struct asn1_item item;

	return asn1_take(pair, ASN1_ID_OID, &item) && asn1_next(pair, &item) &&
	    (item.id & CLASS_MASK) == 0 && asn1_end(pair);
}

bool
ca_name_sound(struct bytes name, bool *empty)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader top;
	struct asn1_reader rdns;
	struct asn1_reader set;
	struct asn1_reader pair;

	asn1_open(&top, name, &fault);
	if (!ca_der_sound(name) ||
	    !asn1_take_enter(&top, ASN1_ID_SEQUENCE, &rdns))
		return false;
	*empty = rdns.rest.n == 0;
	while (rdns.rest.n > 0) {
		if (!asn1_take_enter(&rdns, ASN1_ID_SET, &set))
			return false;
		do {
			if (!asn1_take_enter(&set, ASN1_ID_SEQUENCE, &pair) ||
			    !pair_sound(&pair))
				return false;
		} while (set.rest.n > 0);
	}
	return true;
}

bool
ca_spki_sound(struct bytes spki)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader top;
	struct asn1_reader inside;
	struct asn1_reader algorithm;
	struct asn1_item item;

	asn1_open(&top, spki, &fault);
	if (!ca_der_sound(spki) ||
	    !asn1_take_enter(&top, ASN1_ID_SEQUENCE, &inside) ||
	    !asn1_take_enter(&inside, ASN1_ID_SEQUENCE, &algorithm) ||
	    !asn1_take(&algorithm, ASN1_ID_OID, &item))
		return false;
	asn1_next(&algorithm, &item); /* parameters, if there are any */
	/* whole octets: no key is stated otherwise */
	return asn1_end(&algorithm) &&
	    asn1_take(&inside, ASN1_ID_BIT_STRING, &item) && item.body.n > 1 &&
	    item.body.p[0] == 0 && asn1_end(&inside);
}
