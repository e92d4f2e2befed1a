/* SPDX-License-Identifier: MIT */
/*
 * Strings and Names as text, and Names as DER. What comes out of here is
 * UTF-8 whatever went in, because logs, pages and the journal print it.
 */
#include "pki/cert.h"

#include <stdlib.h>

#include "base/text.h"
#include "pki/oid.h"

#define OID(s)                                      \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}
#define OID_TEXT_MAX 256

#define NUMERIC_STRING 0x12
#define UNIVERSAL_STRING 0x1c
#define REPLACEMENT 0xfffdU

/* The attribute types people expect to see by name. */
static const struct {
	struct bytes oid;
	const char *name;
} types[] = {
	{ OID("\x55\x04\x03"), "CN" },
	{ OID("\x55\x04\x04"), "SN" },
	{ OID("\x55\x04\x05"), "serialNumber" },
	{ OID("\x55\x04\x06"), "C" },
	{ OID("\x55\x04\x07"), "L" },
	{ OID("\x55\x04\x08"), "ST" },
	{ OID("\x55\x04\x09"), "street" },
	{ OID("\x55\x04\x0a"), "O" },
	{ OID("\x55\x04\x0b"), "OU" },
	{ OID("\x55\x04\x0c"), "title" },
	{ OID("\x55\x04\x2a"), "GN" },
	{ OID("\x55\x04\x2b"), "initials" },
	/* 0.9.2342.19200300.100.1.25 and .1 */
	{ OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), "DC" },
	{ OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), "UID" },
	/* 1.2.840.113549.1.9.1, .2 and .8 */
	{ OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), "emailAddress" },
	{ OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02"), "unstructuredName" },
	{ OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x08"), "unstructuredAddress" },
};

/* ---- characters ---- */

static void
add_utf8(struct buf *out, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = REPLACEMENT;
	if (c < 0x80) {
		buf_add_byte(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_add_byte(out, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_add_byte(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_add_byte(out, (uint8_t)(0xf0 | c >> 18));
			buf_add_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
}

/* The next character of s, which is not empty, and how many bytes it took. */
static uint32_t
next_utf8(struct bytes s, size_t *took)
{
	static const struct {
		uint8_t mask, lead;
		size_t size;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 1, 0 },
		{ 0xe0, 0xc0, 2, 0x80 },
		{ 0xf0, 0xe0, 3, 0x800 },
		{ 0xf8, 0xf0, 4, 0x10000 },
	};

	*took = 1;
	for (size_t f = 0; f < nitems(forms); f++) {
		if ((s.p[0] & forms[f].mask) != forms[f].lead)
			continue;
		uint32_t c = s.p[0] & (uint32_t)(uint8_t)~forms[f].mask;

		if (s.n < forms[f].size)
			return REPLACEMENT;
		for (size_t i = 1; i < forms[f].size; i++) {
			if ((s.p[i] & 0xc0) != 0x80)
				return REPLACEMENT;
			c = c << 6 | (s.p[i] & 0x3fU);
		}
		if (c < forms[f].least || c > 0x10ffff ||
		    (c >= 0xd800 && c <= 0xdfff))
			return REPLACEMENT;
		*took = forms[f].size;
		return c;
	}
	return REPLACEMENT;
}

/* Devices put UTF-8 into IA5String and PrintableString too, so all go this way. */
static void
add_as_utf8(struct buf *out, struct bytes s)
{
	size_t took = 0;

	for (; s.n > 0; s = bytes_from(s, took))
		add_utf8(out, next_utf8(s, &took));
}

static void
add_latin1(struct buf *out, struct bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		add_utf8(out, s.p[i]);
}

static void
add_utf32be(struct buf *out, struct bytes s)
{
	for (; s.n >= 4; s = bytes_from(s, 4))
		add_utf8(out,
		    (uint32_t)s.p[0] << 24 | (uint32_t)s.p[1] << 16 |
			(uint32_t)s.p[2] << 8 | s.p[3]);
	if (s.n > 0)
		add_utf8(out, REPLACEMENT);
}

static void
add_string(struct buf *out, uint8_t type, struct bytes s)
{
	switch (type) {
	case ASN1_ID_BMP_STRING:
		text_from_utf16be(out, s);
		break;
	case ASN1_ID_T61_STRING:
		add_latin1(out, s);
		break;
	case UNIVERSAL_STRING:
		add_utf32be(out, s);
		break;
	default:
		add_as_utf8(out, s);
		break;
	}
}

void
pki_string_utf8(struct buf *out, const struct asn1_item *item)
{
	uint8_t type = (uint8_t)(item->id & ~ASN1_ID_CONSTRUCTED);
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct bytes octets;
	size_t size = asn1_octets_size(item);
	uint8_t *room = NULL;

	if (size > 0) {
		room = malloc(size);
		if (room == NULL) {
			out->failed = true;
			return;
		}
	}
	asn1_open(&r, item->whole, &fault);
	if (asn1_octets(&r, item, room, size, &octets))
		add_string(out, type, octets);
	free(room);
}

/* ---- names as text ---- */

static void
add_type(struct buf *out, struct bytes oid)
{
	char dotted[OID_TEXT_MAX];

	for (size_t i = 0; i < nitems(types); i++) {
		if (bytes_eq(types[i].oid, oid)) {
			buf_add_str(out, types[i].name);
			return;
		}
	}
	if (asn1_oid_text(oid, dotted, sizeof(dotted)))
		buf_add_str(out, dotted);
	else
		buf_add_str(out, "?");
}

/* Controls, separators and what turns the direction of text around. */
static bool
is_unprintable(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static void
add_escaped(struct buf *out, struct bytes utf8)
{
	size_t took = 0;

	for (; utf8.n > 0; utf8 = bytes_from(utf8, took)) {
		uint32_t c = next_utf8(utf8, &took);

		if (c == ',' || c == '+' || c == '\\') {
			buf_add_byte(out, '\\');
			buf_add_byte(out, (uint8_t)c);
		} else if (!is_unprintable(c)) {
			buf_add(out, bytes_of(utf8.p, took));
		} else {
			for (size_t i = 0; i < took; i++)
				buf_addf(out, "\\x%02X", utf8.p[i]);
		}
	}
}

static bool
is_text(const struct asn1_item *item)
{
	switch (item->id & ~ASN1_ID_CONSTRUCTED) {
	case ASN1_ID_UTF8_STRING:
	case ASN1_ID_PRINTABLE_STRING:
	case ASN1_ID_T61_STRING:
	case ASN1_ID_IA5_STRING:
	case ASN1_ID_BMP_STRING:
	case NUMERIC_STRING:
	case UNIVERSAL_STRING:
		return true;
	default:
		return false;
	}
}

static void
add_value(struct buf *out, const struct asn1_item *item)
{
	struct buf text;

	if (!is_text(item)) {
		buf_add_str(out, "#");
		text_hex(out, item->whole, true);
		return;
	}
	buf_init(&text, out->max);
	pki_string_utf8(&text, item);
	if (buf_ok(&text))
		add_escaped(out, buf_bytes(&text));
	else
		out->failed = true;
	buf_clear(&text);
}

static void
add_rdn(struct buf *out, const struct asn1_reader *names,
    const struct asn1_item *rdn)
{
	struct asn1_reader set, pair;
	struct asn1_item type, value;
	bool first = true;

	asn1_enter(&set, names, rdn);
	while (asn1_take_enter(&set, ASN1_ID_SEQUENCE, &pair) &&
	    asn1_take(&pair, ASN1_ID_OID, &type) && asn1_next(&pair, &value)) {
		if (!first)
			buf_add_str(out, " + ");
		first = false;
		add_type(out, type.body);
		buf_add_str(out, "=");
		add_value(out, &value);
	}
}

void
pki_name_text(struct buf *out, struct bytes name)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r, names;
	struct asn1_item rdn;
	bool first = true;

	asn1_open(&r, name, &fault);
	if (!asn1_take_enter(&r, ASN1_ID_SEQUENCE, &names))
		return;
	while (asn1_take(&names, ASN1_ID_SET, &rdn)) {
		if (!first)
			buf_add_str(out, ", ");
		first = false;
		add_rdn(out, &names, &rdn);
	}
}

/* ---- names as DER ---- */

static bool
fits_printable(const char *value)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789 '()+,-./:=?";

	return value[strspn(value, allowed)] == '\0';
}

static uint8_t
string_type(const struct pki_rdn *rdn)
{
	if (bytes_eq(rdn->oid, pki_oid_domain_component) ||
	    bytes_eq(rdn->oid, pki_oid_email_address))
		return ASN1_ID_IA5_STRING;
	if (bytes_eq(rdn->oid, pki_oid_country) || fits_printable(rdn->value))
		return ASN1_ID_PRINTABLE_STRING;
	return ASN1_ID_UTF8_STRING;
}

void
pki_put_name(struct asn1_writer *w, const struct pki_rdn *rdns, size_t n)
{
	size_t whole = asn1_mark(w);

	while (n > 0) {
		const struct pki_rdn *rdn = &rdns[--n];
		size_t m = asn1_mark(w);

		asn1_put(w, string_type(rdn), bytes_str(rdn->value));
		asn1_put_oid(w, rdn->oid);
		asn1_put_header(w, ASN1_ID_SEQUENCE, m);
		asn1_put_header(w, ASN1_ID_SET, m);
	}
	asn1_put_header(w, ASN1_ID_SEQUENCE, whole);
}
