/* SPDX-License-Identifier: MIT */
/*
 * The page that the Application Proxy shows when it cannot hand a request on.
 * Heading, code, and that URL, request ID and timestamp are named are as
 * screenshots show them. The rest of the markup, the absence of a Server
 * header, and names and order of the x-ms-proxy headers are inferred.
 */
#include "ndes/proxy_page.h"

#include "base/civil.h"
#include "base/text.h"

#define PAGE_MAX ((size_t)16384)
#define URL_SHOWN_MAX 512
#define DATE_SIZE 30
#define GUID_BYTES 16

/* Of an invented tenant. */
#define APP_ID "5f0c1e2a-7d34-4b9e-9a61-2c8e4d7b3f10"
#define GROUP_ID "c3a9b7d2-18e6-4f05-b2d4-6e1f90a7c845"
#define CONNECTOR_ID "91d6e4f8-0b2c-47a3-8e5d-f3b1a2c49d76"
#define DATA_CENTER "EUNO"

/* A random identifier; of zeros when there is no chance to be had. */
static const char *
new_request_id(struct ndes_exchange *x)
{
	uint8_t id[GUID_BYTES] = { 0 };
	struct err e = { 0 };
	const char *text;
	struct buf b;

	if (env_random(x->dep->env, id, sizeof(id), &e) == -1)
		memset(id, 0, sizeof(id));
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
	buf_init(&b, 64);
	for (size_t i = 0; i < sizeof(id); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_add_byte(&b, '-');
		text_hex(&b, bytes_of(id + i, 1), false);
	}
	text = arena_str(&x->arena, buf_bytes(&b));
	buf_clear(&b);
	return text == NULL ? "" : text;
}

/* Text of the client's as text of a page, printable. */
static void
add_escaped(struct buf *out, struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c <= ' ' || c >= 0x7f || c == '&' || c == '<' || c == '>' ||
		    c == '"')
			buf_addf(out, "&#%u;", c);
		else
			buf_add_byte(out, c);
	}
}

/* The URL that the client asked for, its end cut off when it is long. */
static void
add_url(struct buf *out, const struct ndes_exchange *x)
{
	const struct http_header *host = http_request_header(&x->rq, "Host");
	struct bytes target = x->rq.target;

	if (target.n > URL_SHOWN_MAX)
		target.n = URL_SHOWN_MAX;
	buf_add_str(out, x->rq.tls ? "https://" : "http://");
	if (host != NULL && host->value.n <= URL_SHOWN_MAX)
		add_escaped(out, host->value);
	add_escaped(out, bytes_str(x->url_prefix));
	add_escaped(out, target);
	if (target.n < x->rq.target.n)
		buf_add_str(out, "...");
}

static void
add_timestamp(struct buf *out, const struct ndes_exchange *x)
{
	struct civil t = civil_from_unix(env_now(x->dep->env));

	buf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.year, t.month, t.day,
	    t.hour, t.minute, t.second);
}

static void
add_page(struct buf *b, const struct ndes_exchange *x,
    const struct ndes_proxy_page *page, const char *id)
{
	buf_addf(b,
	    "<!DOCTYPE html>\r\n"
	    "<html>\r\n"
	    "<head>\r\n"
	    "<meta charset=\"utf-8\"/>\r\n"
	    "<title>Application Proxy</title>\r\n"
	    "</head>\r\n"
	    "<body>\r\n"
	    "<h1>%s: %s</h1>\r\n"
	    "<p>%s</p>\r\n"
	    "<ul>\r\n"
	    "<li>Status Code: %s</li>\r\n"
	    "<li>URL: ",
	    page->code, page->heading, page->text, page->code);
	add_url(b, x);
	buf_addf(b,
	    "</li>\r\n"
	    "<li>Request ID: %s</li>\r\n"
	    "<li>Timestamp: ",
	    id);
	add_timestamp(b, x);
	buf_add_str(b, "</li>\r\n</ul>\r\n</body>\r\n</html>\r\n");
}

static void
add_identifiers(struct http_reply *r, const char *id)
{
	http_reply_add(r, "x-ms-proxy-app-id", APP_ID);
	http_reply_add(r, "x-ms-proxy-group-id", GROUP_ID);
	http_reply_add(r, "x-ms-proxy-transaction-id", id);
	http_reply_add(r, "x-ms-proxy-connector-id", CONNECTOR_ID);
	http_reply_add(r, "x-ms-proxy-data-center", DATA_CENTER);
}

void
ndes_proxy_mark(struct ndes_exchange *x)
{
	add_identifiers(&x->reply, new_request_id(x));
}

static void
add_headers(struct ndes_exchange *x, const char *id)
{
	struct http_reply *r = &x->reply;
	const char *length = arena_printf(&x->arena, "%zu", r->body.n);
	char *date = arena_alloc(&x->arena, DATE_SIZE);

	if (length == NULL) {
		r->body.n = 0;
		length = "0";
	}
	http_reply_add(r, "Content-Length", length);
	http_reply_add(r, "Content-Type", "text/html; charset=utf-8");
	add_identifiers(r, id);
	if (date == NULL)
		return;
	civil_http_date(env_now(x->dep->env), date);
	http_reply_add(r, "Date", date);
}

void
ndes_proxy_page(struct ndes_exchange *x, const struct ndes_proxy_page *page)
{
	const char *id = new_request_id(x);
	struct buf b;

	buf_init(&b, PAGE_MAX);
	add_page(&b, x, page, id);
	x->reply = (struct http_reply){
		.status = page->status,
		.body = arena_copy(&x->arena, buf_bytes(&b)),
	};
	buf_clear(&b);
	add_headers(x, id);
	x->answered_by = NDES_LAYER_APP_PROXY;
	x->why = page->why;
}
