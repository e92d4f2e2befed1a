/* SPDX-License-Identifier: MIT */
/*
 * An HTTP reply as a value. front/ sends exactly these headers in exactly
 * this order, so Content-Length and Date are in the list like any other; it
 * adds only "Connection" where HTTP needs it.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http/request.h"
#include "http/stream.h"
#include "http/wire.h"

#define HTTP_REPLY_HEADERS_MAX 24

struct http_reply {
	int status; /* 0: nothing decided yet */
	const char
	    *reason; /* borrowed; NULL: the standard phrase of the status */
	struct http_header headers[HTTP_REPLY_HEADERS_MAX];
	size_t header_count;
	struct bytes body; /* lives as long as the exchange, or for ever */
	struct http_stream *
	    stream; /* not NULL: the body, in pieces as they come; borrowed until front_answer() returns */
	bool close; /* end the connection after the body */
	struct wire wire; /* zero: at once */
};

/* Append a header; both texts are borrowed and must live as long as the reply. Silently bounded by HTTP_REPLY_HEADERS_MAX (asserts in debug). */
void http_reply_add(struct http_reply *r, const char *name, const char *value);

/* The first header of that name (ASCII case ignored), or NULL. */
const struct http_header *http_reply_header(
    const struct http_reply *r, const char *name);

/* The standard reason phrase of RFC 9110 ("OK"); "" when unknown. */
const char *http_reason(int status);

/* May a reply with this status have a body (RFC 9110: not with 1xx, 204 and 304)? */
bool http_status_has_body(int status);

#endif
