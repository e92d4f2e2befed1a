/* SPDX-License-Identifier: MIT */
/* Texts in single quotes: doubled quotes and folded lines, nothing else. */
#include "scenario/quoted.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool
is_line_end(uint8_t c)
{
	return c == '\n' || c == '\r';
}

/* Past one line end at s.p[at]. */
static size_t
after_line_end(struct bytes s, size_t at)
{
	if (s.p[at] == '\r' && at + 1 < s.n && s.p[at + 1] == '\n')
		return at + 2;
	return at + 1;
}

/* Blanks and line ends from at on: one line end folds to a blank, n to n - 1. */
static size_t
fold(struct bytes s, size_t at, uint8_t *out, size_t *n)
{
	size_t ends = 0;

	while (at < s.n && (is_blank(s.p[at]) || is_line_end(s.p[at]))) {
		if (is_line_end(s.p[at])) {
			at = after_line_end(s, at);
			ends++;
		} else {
			at++;
		}
	}
	if (ends == 1)
		out[(*n)++] = ' ';
	for (; ends > 1; ends--)
		out[(*n)++] = '\n';
	return at;
}

struct bytes
quoted_decode(struct arena *arena, struct bytes raw)
{
	uint8_t *out = arena_alloc(arena, raw.n + 1);
	size_t n = 0;

	if (out == NULL)
		return bytes_of(NULL, 0);
	for (size_t at = 0; at < raw.n;) {
		size_t ahead = at;

		while (ahead < raw.n && is_blank(raw.p[ahead]))
			ahead++;
		if (ahead < raw.n && is_line_end(raw.p[ahead])) {
			at = fold(raw, at, out, &n);
			continue;
		}
		/* blanks within a line stay */
		while (at < ahead)
			out[n++] = raw.p[at++];
		if (at == raw.n)
			break;
		out[n++] = raw.p[at];
		at += raw.p[at] == '\'' ? 2 : 1;
	}
	out[n] = '\0';
	return bytes_of(out, n);
}
