/* SPDX-License-Identifier: MIT */
/*
 * IIS in front of mscep.dll: request filtering, methods, handlers, redirects.
 * Request filtering comes before authentication (auth.c), and authentication
 * before any handler, so the redirect of mscep_admin is seen only with
 * credentials (reference section 1).
 */
#include "base/text.h"
#include "ndes/auth.h"
#include "ndes/pages.h"

#define ERROR_FILE_NOT_FOUND 2
#define ERROR_INVALID_FUNCTION 1
#define ERROR_MORE_DATA 234
#define E_MORE_DATA "0x800700ea"

/* ---- request filtering ---- */

/* Escaped twice, or with a '+' that some decoders take for a blank. */
static bool
is_double_escaped(const struct ndes_exchange *x)
{
	struct bytes s = x->stem;

	for (size_t i = 0; i < x->rq.path.n; i++) {
		if (x->rq.path.p[i] == '+')
			return true;
	}
	for (size_t i = 0; i + 2 < s.n; i++) {
		if (s.p[i] == '%' && text_hex_digit(s.p[i + 1]) >= 0 &&
		    text_hex_digit(s.p[i + 2]) >= 0)
			return true;
	}
	return false;
}

#define FILTER "iis.request_filtering."

/* Over a limit of request filtering, the value of that key. */
static void
over(struct ndes_exchange *x, int substatus, const char *what, size_t n,
    const char *key, int64_t max)
{
	const char *why = arena_printf(&x->arena,
	    "%s of %zu bytes is over %s (%lld)", what, n, key, (long long)max);

	ndes_iis_page(x, 404, substatus, 0,
	    why == NULL ? "over a limit of request filtering" : why);
	x->key = key;
}

/* Is the name one of those that request filtering hides? */
static bool
is_hidden(const struct host_list *hidden, struct bytes name)
{
	for (size_t i = 0; i < hidden->count; i++) {
		if (bytes_eq_nocase(name, bytes_str(hidden->item[i])))
			return true;
	}
	return false;
}

static bool
has_hidden_segment(const struct ndes_exchange *x)
{
	struct bytes place = x->place;

	for (size_t at = 0, end; at < place.n; at = end + 1) {
		for (end = at; end < place.n && place.p[end] != '/';)
			end++;
		if (is_hidden(&x->host->iis.hidden_segments,
			bytes_of(place.p + at, end - at)))
			return true;
	}
	return false;
}

static void
hide(struct ndes_exchange *x)
{
	ndes_iis_page(x, 404, 8, 0,
	    "the path has a segment that " FILTER "hiddenSegments hides");
	x->key = FILTER "hiddenSegments";
}

static void
filter(struct ndes_exchange *x)
{
	const struct host *h = x->host;
	const struct http_request *rq = &x->rq;

	if (is_double_escaped(x))
		ndes_iis_page(x, 404, 11, 0,
		    "the path is escaped twice, or has a '+' in it");
	else if (rq->path.n > (uint64_t)h->iis.max_url)
		over(x, 14, "a URL", rq->path.n, FILTER "maxUrl",
		    h->iis.max_url);
	else if (rq->query.n > (uint64_t)h->iis.max_query_string)
		over(x, 15, "a query", rq->query.n, FILTER "maxQueryString",
		    h->iis.max_query_string);
	else if (rq->body_too_long)
		ndes_iis_page(x, 404, 13, 0,
		    "the body is longer than this mock takes at all");
	else if (rq->body.n > (uint64_t)h->iis.max_allowed_content_length)
		over(x, 13, "a body", rq->body.n,
		    FILTER "maxAllowedContentLength",
		    h->iis.max_allowed_content_length);
	else if (has_hidden_segment(x))
		hide(x);
}

/* ---- handlers ---- */

/* "http://host/path/?query": where the request would have had its slash. */
static void
redirect(struct ndes_exchange *x)
{
	const struct http_header *host = http_request_header(&x->rq, "Host");
	const struct http_request *rq = &x->rq;
	const char *scheme = rq->tls ? "https" : "http";
	const char *location, *authority;

	if (host != NULL && host->value.n > 0)
		authority = arena_str(&x->arena, host->value);
	else
		authority = arena_printf(
		    &x->arena, "%s:%u", x->dep->hostname, rq->local_port);
	location = arena_printf(&x->arena, "%s://%s%s%.*s/%s%.*s", scheme,
	    authority == NULL ? "" : authority, x->url_prefix, (int)rq->path.n,
	    (const char *)rq->path.p, rq->query.p == NULL ? "" : "?",
	    (int)rq->query.n,
	    rq->query.p == NULL ? "" : (const char *)rq->query.p);
	if (location == NULL)
		ndes_iis_page(x, 500, 0, 0, "no memory for a redirect");
	else
		ndes_iis_redirect(x, location);
}

/* A method that the handler of this path does not take. */
static bool
refuse_method(struct ndes_exchange *x)
{
	bool is_file = x->op == NDES_OP_CERT_ENROLL;
	struct ndes_page page = {
		.status = 405,
		.win32 = ERROR_INVALID_FUNCTION,
		.why = "no handler for this method",
		.header = "Allow",
		.value = is_file ? "GET, HEAD" : "GET, HEAD, POST",
	};

	if (x->rq.method == HTTP_GET || x->rq.method == HTTP_HEAD ||
	    (x->rq.method == HTTP_POST && !is_file))
		return false;
	ndes_iis_page_with(x, &page);
	return true;
}

/*
 * With the handler for paths without extension before the one for static
 * files, mscep_admin gets a handler that cannot start mscep.dll.
 */
static void
fail_handler(struct ndes_exchange *x)
{
	ndes_iis_page(x, 500, 0, ERROR_MORE_DATA,
	    "ExtensionlessUrlHandler comes before StaticFile "
	    "(iis.handler_order)");
	ndes_note_event(x, EVENT_NDES_FAILED_TO_LOAD, E_MORE_DATA,
	    "More data is available.", NULL);
	x->key = "iis.handler_order";
}

void
ndes_iis(struct ndes_exchange *x)
{
	x->evidence.in_iis_log = true;
	filter(x);
	if (x->reply.status != 0)
		return;
	if (x->admin_app && !ndes_authenticate(x))
		return;
	if (refuse_method(x))
		return;
	if (x->admin_app &&
	    x->host->iis.handler_order == HOST_EXTENSIONLESS_FIRST)
		fail_handler(x);
	else if (x->op == NDES_OP_NONE)
		ndes_iis_page(x, 404, 0, ERROR_FILE_NOT_FOUND,
		    "nothing has this path; SCEP is at "
		    "/certsrv/mscep/mscep.dll");
	else if (x->op == NDES_OP_SLASH)
		redirect(x);
}
