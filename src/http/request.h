/* SPDX-License-Identifier: MIT */
/*
 * An HTTP request as a value: nothing in it knows of sockets or of the
 * library that received it. All spans live as long as the exchange that the
 * request belongs to.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/span.h"
#include "http/connection.h"

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

struct http_header {
	struct bytes name;
	struct bytes value;
};

#define HTTP_ADDR_MAX \
	64 /* text of an IPv6 address with its scope, and a zero */

struct http_request {
	enum http_method method;
	struct bytes method_text; /* as sent */
	struct bytes
	    target; /* the request target byte for byte as sent: "/a/b?x=%2B+" */
	struct bytes
	    path; /* target up to the first '?', still escaped, without "http://host" */
	struct bytes
	    query; /* behind the first '?', still escaped; p == NULL when there is no '?' */
	struct bytes version; /* "HTTP/1.1" */
	const struct http_header *headers; /* in order of arrival */
	size_t header_count;
	size_t
	    head_bytes; /* request line and headers as http.sys counts MaxRequestBytes, line ends included */
	struct bytes body; /* complete, transfer coding removed */
	bool
	    body_too_long; /* the body was over front's limit and is not kept */
	char peer
	    [HTTP_ADDR_MAX]; /* address of the client, no port, no brackets */
	char local[HTTP_ADDR_MAX]; /* our address on that connection */
	uint16_t peer_port;
	uint16_t local_port;
	bool tls;
	int64_t received_ms; /* env_now_ms() when the headers were in */
	struct http_connection
	    *connection; /* front/ always gives one; NULL in memory */
};

/* The first header of that name (ASCII case ignored), or NULL. */
const struct http_header *http_request_header(
    const struct http_request *rq, const char *name);

/* Set path and query from target. */
void http_request_split(struct http_request *rq);

/* Set method from method_text. */
enum http_method http_method_of(struct bytes text);

#endif
