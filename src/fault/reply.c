/* SPDX-License-Identifier: MIT */
/* An answer in place of the deployment's, and edits of the headers of any. */
#include <inttypes.h>

#include "base/civil.h"
#include "fault/seams.h"

static const char login_page[] =
    "<!DOCTYPE html>\r\n<html>\r\n<head><title>Sign in</title></head>\r\n"
    "<body>\r\n<h1>Sign in to continue</h1>\r\n"
    "<form method=\"post\" action=\"/login\">\r\n"
    "<p><label>User <input name=\"user\"></label></p>\r\n"
    "<p><label>Password <input name=\"password\" type=\"password\"></label>"
    "</p>\r\n<p><button>Sign in</button></p>\r\n"
    "</form>\r\n</body>\r\n</html>\r\n";

static const char waf_page[] =
    "<html><head><title>Request Rejected</title></head><body>The requested "
    "URL was rejected. Please consult with your administrator.<br><br>Your "
    "support ID is: 1234567890123456789<br><br>"
    "<a href='javascript:history.back();'>[Go Back]</a></body></html>";

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for a fault's reply");
}

/* ---- headers ---- */

static bool
same_name(const struct http_header *h, const struct fault_header *edit)
{
	return bytes_eq_nocase(h->name, edit->name);
}

/* Take out all headers of that name; where the first was, or the end. */
static size_t
take_out(struct http_reply *r, const struct fault_header *edit)
{
	size_t kept = 0, first = SIZE_MAX;

	for (size_t i = 0; i < r->header_count; i++) {
		if (same_name(&r->headers[i], edit)) {
			if (first == SIZE_MAX)
				first = kept;
			continue;
		}
		r->headers[kept++] = r->headers[i];
	}
	r->header_count = kept;
	return first == SIZE_MAX ? kept : first;
}

static int
put_in(struct http_reply *r, const struct fault_header *edit, size_t at,
    struct err *e)
{
	size_t n = edit->value_count;

	if (n > HTTP_REPLY_HEADERS_MAX - r->header_count)
		return err_set(e, ERR_LIMIT, "a reply has at most %d headers",
		    HTTP_REPLY_HEADERS_MAX);
	memmove(&r->headers[at + n], &r->headers[at],
	    (r->header_count - at) * sizeof(r->headers[0]));
	for (size_t i = 0; i < n; i++)
		r->headers[at + i] =
		    (struct http_header){ edit->name, edit->values[i] };
	r->header_count += n;
	return 0;
}

static int
edit_headers(const struct fault_header *edits, size_t n, struct http_reply *r,
    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (put_in(r, &edits[i], take_out(r, &edits[i]), e) == -1)
			return -1;
	}
	return 0;
}

int
fault_edit_headers(const struct fault *f, const struct fault_site *s,
    struct http_reply *reply, struct err *e)
{
	(void)s;
	return edit_headers(f->headers, f->header_count, reply, e);
}

/* ---- the reply ---- */

static int
add(const struct fault_site *s, struct http_reply *r, const char *name,
    const char *value, struct err *e)
{
	(void)s;
	if (value == NULL)
		return no_memory(e);
	http_reply_add(r, name, value);
	return 0;
}

static const char *
host_of(const struct fault_site *s)
{
	const struct http_header *h = http_request_header(s->rq, "Host");

	return h == NULL ? "localhost" : arena_str(s->arena, h->value);
}

/* The host without its port. */
static struct bytes
host_name(const char *host)
{
	size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

	return bytes_of(host, n > strlen(host) ? strlen(host) : n);
}

/* The same resource under its longer name, where it has not got that yet. */
static const char *
longer_target(const struct fault_site *s)
{
	static const char tail[] = "/pkiclient.exe";
	struct bytes path = s->rq->path, query = s->rq->query;
	size_t n = sizeof(tail) - 1;

	if (path.n >= n &&
	    bytes_eq_nocase(bytes_from(path, path.n - n), bytes_str(tail)))
		return arena_str(s->arena, s->rq->target);
	return arena_printf(s->arena, "%.*s%s%s%.*s", (int)path.n,
	    (const char *)path.p, tail, query.p == NULL ? "" : "?",
	    (int)query.n, (const char *)query.p);
}

static const char *
location(const struct fault *f, const struct fault_site *s)
{
	const char *scheme = s->rq->tls ? "https" : "http";
	const char *host = host_of(s);
	const char *target = f->reply.location == FAULT_SAME_HOST
	    ? longer_target(s)
	    : arena_str(s->arena, s->rq->target);
	struct bytes name;

	if (host == NULL || target == NULL)
		return NULL;
	name = host_name(host);
	switch (f->reply.location) {
	case FAULT_NO_LOCATION:
		break;
	case FAULT_SAME_HOST:
	case FAULT_LOOP:
		return arena_printf(s->arena, "%s://%s%s%s", scheme, host,
		    s->url_prefix, target);
	case FAULT_OTHER_HOST:
		return arena_printf(s->arena, "%s://elsewhere.invalid%s%s",
		    scheme, s->url_prefix, target);
	case FAULT_TO_HTTPS:
	case FAULT_TO_HTTP:
		return arena_printf(s->arena, "%s://%.*s%s%s",
		    f->reply.location == FAULT_TO_HTTPS ? "https" : "http",
		    (int)name.n, (const char *)name.p, s->url_prefix, target);
	case FAULT_TO_URL:
		return f->reply.url;
	}
	return NULL;
}

static const char *
retry_after(const struct fault *f, const struct fault_site *s)
{
	char date[30];
	int64_t ms = f->reply.retry_after_ms;

	if (!f->reply.retry_after_date)
		return arena_printf(s->arena, "%" PRId64, (ms + 999) / 1000);
	civil_http_date((s->now_ms + ms) / 1000, date);
	return arena_str(s->arena, bytes_str(date));
}

static int
make_body(const struct fault *f, const struct fault_site *s,
    struct http_reply *r, bool *page_wanted, struct err *e)
{
	const struct fault_reply *fr = &f->reply;
	uint8_t *filler;

	switch (fr->page) {
	case FAULT_PAGE_LOGIN:
		r->body = bytes_str(login_page);
		return add(s, r, "Content-Type", "text/html", e);
	case FAULT_PAGE_WAF:
		r->body = bytes_str(waf_page);
		return add(s, r, "Content-Type", "text/html", e);
	case FAULT_PAGE_IIS:
	case FAULT_PAGE_HTTP_SYS:
	case FAULT_PAGE_PROXY:
	case FAULT_PAGE_NDES:
		*page_wanted = true;
		return 0;
	case FAULT_NO_PAGE:
	case FAULT_PAGES:
		break;
	}
	if (fr->has_body) {
		r->body = fr->body;
		return 0;
	}
	if (fr->filler == 0)
		return 0;
	filler = arena_alloc(s->arena, fr->filler);
	if (filler == NULL)
		return no_memory(e);
	memset(filler, 'x', fr->filler);
	r->body = bytes_of(filler, fr->filler);
	return 0;
}

int
fault_make_reply(const struct fault *f, const struct fault_site *s,
    struct http_reply *reply, bool *page_wanted, struct err *e)
{
	const struct fault_reply *fr = &f->reply;

	*page_wanted = false;
	if (!fr->on)
		return 0;
	*reply =
	    (struct http_reply){ .status = fr->status, .reason = fr->reason };
	if (make_body(f, s, reply, page_wanted, e) == -1)
		return -1;
	if (!*page_wanted)
		return fault_finish_reply(f, s, reply, e);
	return 0;
}

int
fault_finish_reply(const struct fault *f, const struct fault_site *s,
    struct http_reply *reply, struct err *e)
{
	const struct fault_reply *fr = &f->reply;

	reply->status = fr->status;
	if (fr->reason != NULL)
		reply->reason = fr->reason;
	if (http_reply_header(reply, "Content-Length") == NULL &&
	    add(s, reply, "Content-Length",
		arena_printf(s->arena, "%zu", reply->body.n), e) == -1)
		return -1;
	if (fr->location != FAULT_NO_LOCATION &&
	    add(s, reply, "Location", location(f, s), e) == -1)
		return -1;
	if (fr->has_retry_after &&
	    add(s, reply, "Retry-After", retry_after(f, s), e) == -1)
		return -1;
	return edit_headers(fr->headers, fr->header_count, reply, e);
}
