/* SPDX-License-Identifier: MIT */
/*
 * Reading an HTTP request value: finding a header, cutting the target, naming
 * the method. Where the value comes from is front/'s business.
 */
#include "http/request.h"

static const struct {
	const char *text;
	enum http_method method;
} METHODS[] = {
	{ "GET", HTTP_GET },
	{ "HEAD", HTTP_HEAD },
	{ "POST", HTTP_POST },
};

const struct http_header *
http_request_header(const struct http_request *rq, const char *name)
{
	struct bytes wanted = bytes_str(name);
	size_t i;

	for (i = 0; i < rq->header_count; i++)
		if (bytes_eq_nocase(rq->headers[i].name, wanted))
			return &rq->headers[i];
	return NULL;
}

/* Where the path begins: behind the authority when the target is "http://host/path". */
static size_t
path_start(struct bytes target)
{
	static const char *const schemes[] = { "http://", "https://" };
	size_t i, at;

	for (i = 0; i < nitems(schemes); i++) {
		if (!bytes_starts_nocase(target, bytes_str(schemes[i])))
			continue;
		at = strlen(schemes[i]);
		while (
		    at < target.n && target.p[at] != '/' && target.p[at] != '?')
			at++;
		return at;
	}
	return 0;
}

void
http_request_split(struct http_request *rq)
{
	struct bytes rest = bytes_from(rq->target, path_start(rq->target));
	const uint8_t *mark = rest.n == 0 ? NULL : memchr(rest.p, '?', rest.n);

	rq->query = bytes_of(NULL, 0);
	rq->path = rest;
	if (mark == NULL)
		return;
	rq->path.n = (size_t)(mark - rest.p);
	rq->query = bytes_from(rest, rq->path.n + 1);
}

enum http_method
http_method_of(struct bytes text)
{
	size_t i;

	for (i = 0; i < nitems(METHODS); i++)
		if (bytes_eq(text, bytes_str(METHODS[i].text)))
			return METHODS[i].method;
	return HTTP_OTHER;
}
