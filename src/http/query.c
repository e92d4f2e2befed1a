/* SPDX-License-Identifier: MIT */
/*
 * Finding a parameter in a query and undoing percent-escapes, once. Nothing
 * here turns '+' into a blank: base64 in a query is full of them.
 */
#include "http/query.h"

#include "base/text.h"

/* The byte at *at, its escape undone; moves *at behind it. */
static uint8_t
next_byte(struct bytes s, size_t *at)
{
	int hi, lo;

	if (s.p[*at] == '%' && s.n - *at >= 3) {
		hi = text_hex_digit(s.p[*at + 1]);
		lo = text_hex_digit(s.p[*at + 2]);
		if (hi >= 0 && lo >= 0) {
			*at += 3;
			return (uint8_t)(hi << 4 | lo);
		}
	}
	return s.p[(*at)++];
}

/* Is the escaped text the name, but for letter case? */
static bool
is_name(struct bytes escaped, struct bytes name)
{
	size_t at = 0, i = 0;

	while (at < escaped.n && i < name.n) {
		if (ascii_lower(next_byte(escaped, &at)) !=
		    ascii_lower(name.p[i]))
			return false;
		i++;
	}
	return at == escaped.n && i == name.n;
}

/* The length of s up to the first c, or of all of it. */
static size_t
span_to(struct bytes s, int c)
{
	const uint8_t *end = s.n == 0 ? NULL : memchr(s.p, c, s.n);

	return end == NULL ? s.n : (size_t)(end - s.p);
}

bool
http_query_find(struct bytes query, const char *name, struct bytes *value)
{
	struct bytes wanted = bytes_str(name);
	struct bytes rest = query;
	struct bytes parameter;
	size_t n;

	while (rest.n > 0) {
		parameter = bytes_of(rest.p, span_to(rest, '&'));
		n = span_to(parameter, '=');
		if (n > 0 && is_name(bytes_of(parameter.p, n), wanted)) {
			*value = bytes_from(parameter, n + 1);
			return true;
		}
		rest = bytes_from(rest, parameter.n + 1);
	}
	return false;
}

struct bytes
http_percent_decode(struct arena *a, struct bytes s)
{
	size_t at = 0, n = 0;
	uint8_t *p = arena_alloc(a, s.n + 1);

	if (p == NULL)
		return bytes_of(NULL, 0);
	while (at < s.n)
		p[n++] = next_byte(s, &at);
	return bytes_of(p, n);
}
