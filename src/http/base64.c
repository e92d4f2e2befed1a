/* SPDX-License-Identifier: MIT */
/*
 * Base64, lenient in and strict out. One pass over the text: a percent-escape
 * that is still there is undone on the way, so offsets stay those of the text
 * as the caller has it.
 */
#include "http/base64.h"

#include "base/text.h"

static const char ALPHABET[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define NOT_A_DIGIT (-1)
#define A_LINE_BREAK (-2)
#define A_PADDING (-3)

struct reading {
	struct bytes text;
	size_t at; /* behind the character in hand */
	size_t from; /* where it began */
	unsigned liberties;
	uint32_t bits; /* digits of the group in hand */
	unsigned digits; /* in the group, 0 to 3 */
	size_t last_digit_at;
	unsigned padding; /* '=' seen */
	uint8_t *out;
	size_t n;
};

static uint8_t
next_char(struct reading *rd)
{
	const uint8_t *p = rd->text.p + rd->at;
	size_t left = rd->text.n - rd->at;
	int hi, lo;

	rd->from = rd->at;
	if (*p == '%' && left >= 3) {
		hi = text_hex_digit(p[1]);
		lo = text_hex_digit(p[2]);
		if (hi >= 0 && lo >= 0) {
			rd->at += 3;
			rd->liberties |= HTTP_BASE64_ESCAPED_TWICE;
			return (uint8_t)(hi << 4 | lo);
		}
	}
	rd->at++;
	return *p;
}

/* The value of one of the characters that only a lenient reader takes. */
static int
lenient_value(struct reading *rd, uint8_t c)
{
	static const struct {
		uint8_t c;
		int value;
		unsigned liberty;
	} taken[] = {
		{ ' ', 62, HTTP_BASE64_BLANK_FOR_PLUS },
		{ '-', 62, HTTP_BASE64_URL_ALPHABET },
		{ '_', 63, HTTP_BASE64_URL_ALPHABET },
		{ '\r', A_LINE_BREAK, HTTP_BASE64_LINE_BREAKS },
		{ '\n', A_LINE_BREAK, HTTP_BASE64_LINE_BREAKS },
		{ '\t', A_LINE_BREAK, HTTP_BASE64_LINE_BREAKS },
	};
	size_t i;

	for (i = 0; i < nitems(taken); i++)
		if (taken[i].c == c) {
			rd->liberties |= taken[i].liberty;
			return taken[i].value;
		}
	return NOT_A_DIGIT;
}

/* 0 to 63, or one of the three names above. */
static int
value_of(struct reading *rd, uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	if (c == '=')
		return A_PADDING;
	return lenient_value(rd, c);
}

static void
take_digit(struct reading *rd, int value)
{
	rd->last_digit_at = rd->from;
	rd->bits = rd->bits << 6 | (uint32_t)value;
	if (++rd->digits < 4)
		return;
	rd->out[rd->n++] = (uint8_t)(rd->bits >> 16);
	rd->out[rd->n++] = (uint8_t)(rd->bits >> 8);
	rd->out[rd->n++] = (uint8_t)rd->bits;
	rd->bits = 0;
	rd->digits = 0;
}

/* The whole bytes of an unfinished group. */
static void
flush_group(struct reading *rd)
{
	if (rd->digits >= 2)
		rd->out[rd->n++] =
		    (uint8_t)(rd->bits >> (rd->digits == 2 ? 4 : 10));
	if (rd->digits == 3)
		rd->out[rd->n++] = (uint8_t)(rd->bits >> 2);
}

/* Behind the first '=': only '=' and white space may come. NULL when it is so. */
static const char *
take_tail(struct reading *rd)
{
	unsigned wanted = rd->digits == 0 ? 0 : 4 - rd->digits;
	uint8_t c;

	rd->padding = 1;
	if (rd->digits < 2)
		return "'=' where a base64 digit belongs";
	while (rd->at < rd->text.n) {
		c = next_char(rd);
		if (c == '=' && ++rd->padding > wanted)
			return "more '=' than the text needs";
		if (c == '\r' || c == '\n' || c == '\t' || c == ' ')
			rd->liberties |= HTTP_BASE64_LINE_BREAKS;
		else if (c != '=')
			return "text goes on behind '='";
	}
	if (rd->padding < wanted)
		rd->liberties |= HTTP_BASE64_NO_PADDING;
	return NULL;
}

/* Reads to the end or to the first fault, whose sentence it returns; rd->from is then its offset. */
static const char *
read_text(struct reading *rd)
{
	int v;

	while (rd->at < rd->text.n) {
		v = value_of(rd, next_char(rd));
		if (v == A_PADDING)
			return take_tail(rd);
		if (v == NOT_A_DIGIT)
			return "a character that is not base64";
		if (v != A_LINE_BREAK)
			take_digit(rd, v);
	}
	if (rd->digits == 1) {
		rd->from = rd->last_digit_at;
		return "a single base64 digit is left over at the end";
	}
	if (rd->digits > 1)
		rd->liberties |= HTTP_BASE64_NO_PADDING;
	return NULL;
}

int
http_base64_decode(
    struct http_base64_result *r, struct arena *a, struct bytes text)
{
	struct reading rd = { .text = text };
	const char *why;

	rd.out = arena_alloc(a, text.n / 4 * 3 + 4);
	if (rd.out == NULL)
		return -1;
	why = read_text(&rd);
	flush_group(&rd);
	*r = (struct http_base64_result){
		.data = bytes_of(rd.out, rd.n),
		.liberties = rd.liberties,
		.sound = why == NULL,
		.fault_at = why == NULL ? 0 : rd.from,
		.why = why,
	};
	return 0;
}

void
http_base64_encode(struct buf *out, struct bytes s)
{
	size_t groups = s.n / 3 + (s.n % 3 != 0);
	uint8_t *p;
	uint32_t bits;
	size_t i, left;

	if (groups == 0)
		return;
	p = buf_grow(out, groups * 4);
	if (p == NULL)
		return;
	for (i = 0; i < s.n; i += 3, p += 4) {
		left = s.n - i;
		bits = (uint32_t)s.p[i] << 16;
		bits |= left > 1 ? (uint32_t)s.p[i + 1] << 8 : 0;
		bits |= left > 2 ? (uint32_t)s.p[i + 2] : 0;
		p[0] = (uint8_t)ALPHABET[bits >> 18];
		p[1] = (uint8_t)ALPHABET[bits >> 12 & 63];
		p[2] = (uint8_t)(left > 1 ? ALPHABET[bits >> 6 & 63] : '=');
		p[3] = (uint8_t)(left > 2 ? ALPHABET[bits & 63] : '=');
	}
}
