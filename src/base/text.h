/* SPDX-License-Identifier: MIT */
/* Small text conversions that are not worth a room of their own: ASCII case, hex, numbers, UTF-16. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"
#include "base/err.h"

static inline uint8_t
ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* A copy for the caller to free; NULL for NULL. Where there is no memory, NULL and *ok is false: copy all, then ask once. */
char *text_dup(const char *s, bool *ok);

/* Lower-case or upper-case hexadecimal digits of s. */
void text_hex(struct buf *out, struct bytes s, bool upper);

/* The value of a hex digit, or -1. */
int text_hex_digit(uint8_t c);

/*
 * A decimal number, the whole span, no sign, no blanks. 0 and *out, or -1
 * (out untouched) when it is anything else or exceeds max.
 */
MUST_USE int text_u64(struct bytes s, uint64_t max, uint64_t *out);

/* UTF-8 to UTF-16LE without a byte order mark; bytes that are not UTF-8 become U+FFFD. */
void text_utf16le(struct buf *out, struct bytes utf8);

/* UTF-16BE (as in a BMPString) to UTF-8; a broken surrogate or an odd tail becomes U+FFFD. */
void text_from_utf16be(struct buf *out, struct bytes utf16);

/* As text that is safe to print on one line: control and non-ASCII bytes as \xNN. */
void text_printable(struct buf *out, struct bytes s);

#endif
