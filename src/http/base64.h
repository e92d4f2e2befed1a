/* SPDX-License-Identifier: MIT */
/*
 * Base64. The decoder is the lenient one of interop B.2: it takes what every
 * known SCEP client sends in a GET and notes which liberty was used.
 */
#ifndef HTTP_BASE64_H
#define HTTP_BASE64_H

#include "base/arena.h"
#include "base/buf.h"

enum http_base64_liberty {
	HTTP_BASE64_BLANK_FOR_PLUS = 1 << 0, /* a blank was read as '+' */
	HTTP_BASE64_URL_ALPHABET = 1 << 1, /* '-' or '_' */
	HTTP_BASE64_LINE_BREAKS = 1 << 2, /* CR, LF or TAB dropped */
	HTTP_BASE64_NO_PADDING = 1 << 3,
	HTTP_BASE64_ESCAPED_TWICE = 1
	    << 4, /* a second percent-decoding was needed */
};

struct http_base64_result {
	struct bytes
	    data; /* in the arena: all that could be read, also after a fault */
	unsigned liberties;
	bool sound; /* false: see fault_at and why */
	size_t fault_at; /* offset in the text */
	const char *why; /* a constant sentence; NULL when sound */
};

/* Returns 0, or -1 when the arena had no room. Bits behind the last whole byte are ignored. */
MUST_USE int http_base64_decode(
    struct http_base64_result *r, struct arena *a, struct bytes text);

/* RFC 4648 section 4, one line, padded. */
void http_base64_encode(struct buf *out, struct bytes s);

#endif
