/* SPDX-License-Identifier: MIT */
/*
 * Composing an HTTP reply value: its list of headers, and the standard reason
 * phrases. Sending it is front/'s business.
 */
#include "http/reply.h"

#include <assert.h>

static const struct {
	int status;
	const char *reason;
} REASONS[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 205, "Reset Content" },
	{ 206, "Partial Content" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 305, "Use Proxy" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

void
http_reply_add(struct http_reply *r, const char *name, const char *value)
{
	assert(r->header_count < HTTP_REPLY_HEADERS_MAX);
	if (r->header_count >= HTTP_REPLY_HEADERS_MAX)
		return;
	r->headers[r->header_count].name = bytes_str(name);
	r->headers[r->header_count].value = bytes_str(value);
	r->header_count++;
}

const struct http_header *
http_reply_header(const struct http_reply *r, const char *name)
{
	struct bytes wanted = bytes_str(name);
	size_t i;

	for (i = 0; i < r->header_count; i++)
		if (bytes_eq_nocase(r->headers[i].name, wanted))
			return &r->headers[i];
	return NULL;
}

const char *
http_reason(int status)
{
	size_t i;

	for (i = 0; i < nitems(REASONS); i++)
		if (REASONS[i].status == status)
			return REASONS[i].reason;
	return "";
}

bool
http_status_has_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}
