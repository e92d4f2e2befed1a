/* SPDX-License-Identifier: MIT */
/* Hex, numbers, and UTF-8 to and from the UTF-16 that Windows pages and BMPStrings use. */
#include "base/text.h"

#include <string.h>

#define REPLACEMENT 0xfffdu

char *
text_dup(const char *s, bool *ok)
{
	char *copy = s == NULL ? NULL : strdup(s);

	if (s != NULL && copy == NULL)
		*ok = false;
	return copy;
}

void
text_hex(struct buf *out, struct bytes s, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	uint8_t *at;

	if (s.n > SIZE_MAX / 2) {
		out->failed = true;
		return;
	}
	at = buf_grow(out, s.n * 2);
	if (at == NULL)
		return;
	for (size_t i = 0; i < s.n; i++) {
		*at++ = (uint8_t)digits[s.p[i] >> 4];
		*at++ = (uint8_t)digits[s.p[i] & 15];
	}
}

int
text_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
text_u64(struct bytes s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t d;

		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		d = (uint64_t)(s.p[i] - '0');
		if (v > (UINT64_MAX - d) / 10)
			return -1;
		v = v * 10 + d;
	}
	if (v > max)
		return -1;
	*out = v;
	return 0;
}

/* One code point of UTF-8 from *at on; moves *at by at least one byte. */
static uint32_t
utf8_next(struct bytes s, size_t *at)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t c = s.p[(*at)++];
	unsigned more;
	uint32_t v;

	if (c < 0x80)
		return c;
	more = c >= 0xf0 && c < 0xf8 ? 3 : c >= 0xe0 ? 2 : 1;
	if (c < 0xc0 || c >= 0xf8)
		return REPLACEMENT;
	v = c & (0x3fu >> more);
	for (unsigned i = 0; i < more; i++) {
		if (*at >= s.n || (s.p[*at] & 0xc0) != 0x80)
			return REPLACEMENT;
		v = v << 6 | (s.p[(*at)++] & 0x3f);
	}
	if (v < least[more + 1] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return REPLACEMENT;
	return v;
}

static void
add_utf16le(struct buf *out, uint32_t unit)
{
	buf_add_byte(out, (uint8_t)(unit & 0xff));
	buf_add_byte(out, (uint8_t)(unit >> 8));
}

void
text_utf16le(struct buf *out, struct bytes utf8)
{
	size_t at = 0;

	while (at < utf8.n) {
		uint32_t v = utf8_next(utf8, &at);

		if (v >= 0x10000) {
			add_utf16le(out, 0xd800 | ((v - 0x10000) >> 10));
			add_utf16le(out, 0xdc00 | ((v - 0x10000) & 0x3ff));
		} else {
			add_utf16le(out, v);
		}
	}
}

static void
add_utf8(struct buf *out, uint32_t v)
{
	if (v < 0x80) {
		buf_add_byte(out, (uint8_t)v);
		return;
	}
	if (v < 0x800) {
		buf_add_byte(out, (uint8_t)(0xc0 | v >> 6));
	} else {
		if (v < 0x10000) {
			buf_add_byte(out, (uint8_t)(0xe0 | v >> 12));
		} else {
			buf_add_byte(out, (uint8_t)(0xf0 | v >> 18));
			buf_add_byte(out, (uint8_t)(0x80 | (v >> 12 & 0x3f)));
		}
		buf_add_byte(out, (uint8_t)(0x80 | (v >> 6 & 0x3f)));
	}
	buf_add_byte(out, (uint8_t)(0x80 | (v & 0x3f)));
}

void
text_from_utf16be(struct buf *out, struct bytes s)
{
	size_t at = 0;

	while (at + 1 < s.n) {
		uint32_t v = (uint32_t)(s.p[at] << 8 | s.p[at + 1]);
		uint32_t low = 0;

		at += 2;
		if (v >= 0xd800 && v < 0xdc00 && at + 1 < s.n)
			low = (uint32_t)(s.p[at] << 8 | s.p[at + 1]);
		if (low >= 0xdc00 && low < 0xe000) {
			v = 0x10000 + ((v & 0x3ff) << 10 | (low & 0x3ff));
			at += 2;
		} else if (v >= 0xd800 && v < 0xe000) {
			v = REPLACEMENT;
		}
		add_utf8(out, v);
	}
	if (at < s.n)
		add_utf8(out, REPLACEMENT);
}

void
text_printable(struct buf *out, struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= 0x20 && s.p[i] < 0x7f && s.p[i] != '\\')
			buf_add_byte(out, s.p[i]);
		else
			buf_addf(out, "\\x%02X", s.p[i]);
	}
}
