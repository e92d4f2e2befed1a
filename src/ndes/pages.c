/* SPDX-License-Identifier: MIT */
/*
 * Replies in the looks of who gives them: http.sys, IIS, and mscep.dll under
 * IIS. Titles, sizes and header order are those of reference sections 3 and 7;
 * the prose of a page is ours, padded to the size of the real one, since
 * clients and monitors have been seen to compare lengths.
 */
#include "ndes/pages.h"

#include <stdio.h>

#include "base/civil.h"
#include "base/text.h"
#include "ndes/product.h"

#define DATE_SIZE 30

/* ---- headers ---- */

static void
add_length(struct ndes_exchange *x)
{
	const char *n = arena_printf(&x->arena, "%zu", x->reply.body.n);

	if (n == NULL) {
		x->reply.body.n = 0;
		n = "0";
	}
	http_reply_add(&x->reply, "Content-Length", n);
}

static void
add_date(struct ndes_exchange *x)
{
	char *date = arena_alloc(&x->arena, DATE_SIZE);

	if (date == NULL)
		return;
	civil_http_date(env_now(x->dep->env), date);
	http_reply_add(&x->reply, "Date", date);
}

static void
add_powered_by(struct ndes_exchange *x)
{
	if (x->host->iis.powered_by && ndes_product(x->host)->powered_by)
		http_reply_add(&x->reply, "X-Powered-By", "ASP.NET");
}

/* What a client that was let through is told about its connection. */
static void
add_authenticated(struct ndes_exchange *x)
{
	if (x->auth_token != NULL)
		http_reply_add(&x->reply, "WWW-Authenticate", x->auth_token);
	if (x->auth_persists)
		http_reply_add(&x->reply, "Persistent-Auth", "true");
}

static void
begin(struct ndes_exchange *x, int status, struct bytes body)
{
	x->reply = (struct http_reply){ .status = status, .body = body };
	x->evidence.status = status;
	x->evidence.substatus = 0;
	x->evidence.win32 = 0;
}

void
ndes_iis_reply(struct ndes_exchange *x, int status, const char *content_type,
    struct bytes body)
{
	begin(x, status, body);
	add_length(x);
	if (content_type != NULL)
		http_reply_add(&x->reply, "Content-Type", content_type);
	http_reply_add(&x->reply, "Server", ndes_product(x->host)->server);
	add_authenticated(x);
	add_powered_by(x);
	add_date(x);
}

/* ---- stock pages of IIS ---- */

static const struct stock_page {
	int status;
	size_t size; /* 0: not established, not padded */
	const char *title, *text;
} stock_pages[] = {
	{ 401, 1293,
	    "401 - Unauthorized: Access is denied due to invalid "
	    "credentials.",
	    "You do not have permission to view this directory or page using "
	    "the credentials that you supplied." },
	{ 403, 1233, "403 - Forbidden: Access is denied.",
	    "You do not have permission for this directory or page." },
	{ 404, 1245, "404 - File or directory not found.",
	    "The resource you are looking for might have been removed or "
	    "renamed, or is away for the moment." },
	{ 405, 0, "405 - HTTP verb used to access this page is not allowed.",
	    "This page cannot be asked for with the method that was used." },
	{ 500, 1208, "500 - Internal server error.",
	    "There is a problem with the resource you are looking for, and "
	    "it cannot be displayed." },
};

static const struct stock_page *
stock_page(int status)
{
	for (size_t i = 0; i < nitems(stock_pages); i++) {
		if (stock_pages[i].status == status)
			return &stock_pages[i];
	}
	return &stock_pages[nitems(stock_pages) - 1];
}

/* The page with so many blanks in its style block. */
static const char *
stock_html(struct arena *a, const struct stock_page *page, size_t blanks)
{
	return arena_printf(a,
	    "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" "
	    "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\r\n"
	    "<html xmlns=\"http://www.w3.org/1999/xhtml\">\r\n"
	    "<head>\r\n"
	    "<meta http-equiv=\"Content-Type\" content=\"text/html; "
	    "charset=iso-8859-1\"/>\r\n"
	    "<title>%s</title>\r\n"
	    "<style type=\"text/css\">\r\n"
	    "body { margin: 0; background: #eee; font: 0.75em Verdana, "
	    "sans-serif; }\r\n"
	    "#header { background: #555; color: #fff; padding: 6px 2%%; }\r\n"
	    "#content { background: #fff; margin: 8px 2%%; padding: 8px; }\r\n"
	    "h2 { color: #c00; }\r\n"
	    "%*s</style>\r\n"
	    "</head>\r\n"
	    "<body>\r\n"
	    "<div id=\"header\"><h1>Server Error</h1></div>\r\n"
	    "<div id=\"content\">\r\n"
	    "<h2>%s</h2>\r\n"
	    "<h3>%s</h3>\r\n"
	    "</div>\r\n"
	    "</body>\r\n"
	    "</html>\r\n",
	    page->title, (int)blanks, "", page->title, page->text);
}

static struct bytes
stock_body(struct arena *a, const struct stock_page *page)
{
	struct bytes plain = bytes_str(stock_html(a, page, 0));

	if (plain.n == 0 || plain.n >= page->size)
		return plain;
	return bytes_str(stock_html(a, page, page->size - plain.n));
}

void
ndes_iis_page_with(struct ndes_exchange *x, const struct ndes_page *page)
{
	begin(x, page->status, stock_body(&x->arena, stock_page(page->status)));
	http_reply_add(&x->reply, "Content-Type", "text/html");
	http_reply_add(&x->reply, "Server", ndes_product(x->host)->server);
	if (page->header != NULL)
		http_reply_add(&x->reply, page->header, page->value);
	for (size_t i = 0; i < nitems(page->more); i++) {
		if (page->more[i] != NULL)
			http_reply_add(&x->reply, page->header, page->more[i]);
	}
	add_authenticated(x);
	add_powered_by(x);
	add_date(x);
	add_length(x);
	x->evidence.in_iis_log = true;
	x->evidence.substatus = page->substatus;
	x->evidence.win32 = page->win32;
	x->answered_by = NDES_LAYER_IIS;
	x->why = page->why;
}

void
ndes_iis_page(struct ndes_exchange *x, int status, int substatus,
    uint32_t win32, const char *why)
{
	struct ndes_page page = {
		.status = status,
		.substatus = substatus,
		.win32 = win32,
		.why = why,
	};

	ndes_iis_page_with(x, &page);
}

/* Text that stands in an HTML attribute. */
static void
add_escaped(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '&':
			buf_add_str(out, "&amp;");
			break;
		case '<':
			buf_add_str(out, "&lt;");
			break;
		case '>':
			buf_add_str(out, "&gt;");
			break;
		case '"':
			buf_add_str(out, "&quot;");
			break;
		default:
			buf_add_byte(out, (uint8_t)*s);
		}
	}
}

void
ndes_iis_redirect(struct ndes_exchange *x, const char *location)
{
	struct buf b;

	buf_init(&b, 8 * strlen(location) + 256);
	buf_add_str(&b,
	    "<head><title>Document Moved</title></head>\n"
	    "<body><h1>Object Moved</h1><a HREF=\"");
	add_escaped(&b, location);
	buf_add_str(&b, "\">It is here</a></body>");
	begin(x, 301, arena_copy(&x->arena, buf_bytes(&b)));
	buf_clear(&b);
	http_reply_add(&x->reply, "Content-Type", "text/html; charset=UTF-8");
	http_reply_add(&x->reply, "Location", location);
	http_reply_add(&x->reply, "Server", ndes_product(x->host)->server);
	add_authenticated(x);
	add_powered_by(x);
	add_date(x);
	add_length(x);
	x->answered_by = NDES_LAYER_IIS;
	x->why = "the application's path lacks its final slash";
}

/* ---- pages of http.sys ---- */

static const struct http_sys_row {
	int status;
	const char *reason; /* HTTPERR's s-reason */
	const char *phrase; /* NULL: the standard one */
	const char *title, *heading, *text;
} http_sys_rows[] = {
	{ 400, "URL", NULL, "Bad Request", "Bad Request - Invalid URL",
	    "The request URL is invalid." },
	{ 400, "FieldLength", NULL, "Bad Request",
	    "Bad Request - Header Field Too Long",
	    "A request header field is too long." },
	{ 400, "RequestLength", NULL, "Bad Request",
	    "Bad Request - Request Too Long",
	    "The size of the request headers is too long." },
	{ 414, "URL_Length", "Request-URI Too Long", "Request URL Too Long",
	    "Request URL Too Long", "The request URL is too long." },
	{ 503, "Disabled", NULL, "Service Unavailable", "Service Unavailable",
	    "The service is unavailable." },
};

static const struct http_sys_row *
http_sys_row(int status, const char *reason)
{
	const struct http_sys_row *row =
	    &http_sys_rows[nitems(http_sys_rows) - 1];

	for (size_t i = nitems(http_sys_rows); i-- > 0;) {
		if (http_sys_rows[i].status != status)
			continue;
		row = &http_sys_rows[i];
		if (strcmp(row->reason, reason) == 0)
			break;
	}
	return row;
}

void
ndes_http_sys_page(
    struct ndes_exchange *x, int status, const char *reason, const char *why)
{
	const struct http_sys_row *row = http_sys_row(status, reason);
	const char *body = arena_printf(&x->arena,
	    "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://"
	    "www.w3.org/TR/html4/strict.dtd\">\r\n"
	    "<HTML><HEAD><TITLE>%s</TITLE>\r\n"
	    "<META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; "
	    "charset=us-ascii\"></HEAD>\r\n"
	    "<BODY><h2>%s</h2>\r\n"
	    "<hr><p>HTTP Error %d. %s</p>\r\n"
	    "</BODY></HTML>\r\n",
	    row->title, row->heading, status, row->text);

	begin(x, status, bytes_str(body));
	x->reply.reason = row->phrase;
	x->reply.close = true;
	http_reply_add(
	    &x->reply, "Content-Type", "text/html; charset=us-ascii");
	http_reply_add(
	    &x->reply, "Server", ndes_product(x->host)->http_sys_server);
	add_date(x);
	add_length(x);
	x->evidence.in_iis_log = false;
	x->evidence.httperr_reason = reason;
	x->answered_by = NDES_LAYER_HTTP_SYS;
	x->why = why;
}

/* ---- pages of mscep.dll ---- */

#define PAGE_MAX ((size_t)65536)

static const char page_head[] =
    "<HTML><Head>\r\n"
    "<Meta HTTP-Equiv=\"Content-Type\" Content=\"text/html; "
    "charset=UTF-8\">\r\n"
    "<Title>Network Device Enrollment Service</Title>\r\n"
    "</Head>\r\n"
    "<Body BgColor=#FFFFFF>\r\n"
    "<Font ID=locPageFont Face=\"Arial\">\r\n"
    "<Table Border=0 CellSpacing=0 CellPadding=4 Width=100% "
    "BgColor=#008080>\r\n"
    "<TR><TD><Font Color=#FFFFFF Face=\"Arial\"><B>Network Device "
    "Enrollment Service</B></Font></TD></TR>\r\n"
    "</Table>\r\n"
    "<P ID=locPageTitle> With the Network Device Enrollment Service (NDES) "
    "you can obtain certificates for routers or other network devices by "
    "the Simple Certificate Enrollment Protocol (SCEP). </P>\r\n";

static const char page_tail[] =
    "<P ID=locPageDesc> To learn more, see <A "
    "HREF=\"http://go.microsoft.com/fwlink/?LinkId=67852\">Using Network "
    "Device Enrollment Service</A>. </P>\r\n"
    "<P></Font></Body></HTML>\r\n";

void
ndes_mscep_page(struct ndes_exchange *x, const char *paragraphs)
{
	struct buf text, wide;

	buf_init(&text, PAGE_MAX);
	buf_init(&wide, 2 * PAGE_MAX);
	buf_add_str(&text, page_head);
	buf_add_str(&text, paragraphs);
	buf_add_str(&text, page_tail);
	if (x->host->mscep.admin_page_coding == HOST_PAGE_UTF8) {
		if (x->host->mscep.admin_page_bom)
			buf_add(&wide, BYTES_LIT("\xef\xbb\xbf"));
		buf_add(&wide, buf_bytes(&text));
	} else {
		if (x->host->mscep.admin_page_bom)
			buf_add(&wide, BYTES_LIT("\xff\xfe"));
		text_utf16le(&wide, buf_bytes(&text));
	}
	ndes_iis_reply(
	    x, 200, "text/html", arena_copy(&x->arena, buf_bytes(&wide)));
	x->answered_by = NDES_LAYER_MSCEP;
	buf_clear(&text);
	buf_clear(&wide);
}

void
ndes_netbios_name(const char *hostname, char out[16])
{
	size_t n = 0;

	for (; n < 15 && hostname[n] != '\0' && hostname[n] != '.'; n++)
		out[n] = hostname[n] >= 'a' && hostname[n] <= 'z'
		    ? (char)(hostname[n] - 'a' + 'A')
		    : hostname[n];
	out[n] = '\0';
}

void
ndes_general_page(struct ndes_exchange *x)
{
	char name[16];
	const char *text;

	ndes_netbios_name(x->dep->hostname, name);
	text = arena_printf(&x->arena,
	    "<P> This URL is used by network devices to submit certificate "
	    "requests. </P>\r\n"
	    "<P> To obtain an enrollment challenge password, go to the admin "
	    "URL. By default, the admin URL is <A "
	    "HREF=\"http://%s/CertSrv/mscep_admin\">"
	    "http://%s/CertSrv/mscep_admin</A> </P>\r\n",
	    name, name);
	ndes_mscep_page(x, text == NULL ? "" : text);
}
