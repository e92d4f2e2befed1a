/* SPDX-License-Identifier: MIT */
/*
 * IIS in front of mscep.dll: request filtering, authentication of
 * mscep_admin, methods, redirects. Request filtering comes before
 * authentication, and authentication before any handler, so the redirect of
 * mscep_admin is seen only with credentials (reference section 1).
 */
#include "ndes/pages.h"

#include "base/text.h"
#include "http/base64.h"
#include "ndes/secret.h"

#define ERROR_FILE_NOT_FOUND 2
#define ERROR_ACCESS_DENIED 5
#define ERROR_LOGON_FAILURE 1326
#define ERROR_INVALID_FUNCTION 1

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

static const char *
over(struct ndes_exchange *x, const char *what, size_t n, const char *key,
    int64_t max)
{
	const char *why = arena_printf(&x->arena,
	    "%s of %zu bytes is over iis.request_filtering.%s (%lld)", what, n,
	    key, (long long)max);

	return why == NULL ? "over a limit of request filtering" : why;
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
		ndes_iis_page(x, 404, 14, 0,
		    over(x, "a URL", rq->path.n, "maxUrl", h->iis.max_url));
	else if (rq->query.n > (uint64_t)h->iis.max_query_string)
		ndes_iis_page(x, 404, 15, 0,
		    over(x, "a query", rq->query.n, "maxQueryString",
			h->iis.max_query_string));
	else if (rq->body_too_long)
		ndes_iis_page(x, 404, 13, 0,
		    "the body is longer than this mock takes at all");
	else if (rq->body.n > (uint64_t)h->iis.max_allowed_content_length)
		ndes_iis_page(x, 404, 13, 0,
		    over(x, "a body", rq->body.n, "maxAllowedContentLength",
			h->iis.max_allowed_content_length));
}

/* ---- authentication of mscep_admin ---- */

/* What stands before the first colon, or all, and what stands behind it. */
static struct bytes
cut_at_colon(struct bytes s, struct bytes *behind)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != ':')
		n++;
	*behind = bytes_from(s, n + 1);
	return bytes_of(s.p, n);
}

/* "dom\user" without its domain. */
static struct bytes
account_name(struct bytes user)
{
	size_t at = user.n;

	while (at > 0 && user.p[at - 1] != '\\')
		at--;
	return bytes_from(user, at);
}

/* Account names have no letter case in Windows; any domain is taken for ours. */
static bool
is_admin(
    const struct ndes_exchange *x, struct bytes user, struct bytes password)
{
	struct bytes wanted = bytes_str(x->dep->admin_user);
	bool known = bytes_eq_nocase(user, wanted) ||
	    bytes_eq_nocase(account_name(user), wanted);
	bool right =
	    ndes_secret_equals(password, bytes_str(x->dep->admin_password));

	return known && right;
}

static void
demand(struct ndes_exchange *x, int substatus, uint32_t win32, const char *why)
{
	struct ndes_page page = {
		.status = 401,
		.substatus = substatus,
		.win32 = win32,
		.why = why,
	};

	/*
	 * A real one lists Negotiate and NTLM. Only what works is offered, so
	 * that no client picks a scheme that leads nowhere.
	 */
	if (x->host->iis.basic) {
		page.value = arena_printf(
		    &x->arena, "Basic realm=\"%s\"", x->dep->hostname);
		page.header = page.value == NULL ? NULL : "WWW-Authenticate";
	}
	ndes_iis_page_with(x, &page);
}

/* The credentials of a Basic header; false when there are none. */
static bool
basic_credentials(struct ndes_exchange *x, struct bytes *credentials)
{
	const struct http_header *h =
	    http_request_header(&x->rq, "Authorization");
	struct http_base64_result r;
	struct bytes scheme = BYTES_LIT("Basic ");

	if (h == NULL || !bytes_starts_nocase(h->value, scheme))
		return false;
	if (http_base64_decode(&r, &x->arena, bytes_from(h->value, scheme.n)) ==
	    -1)
		return false;
	*credentials = r.data;
	return true;
}

static void
authenticate(struct ndes_exchange *x)
{
	struct bytes credentials, user, password;

	if (!x->host->iis.basic) {
		demand(x, 2, ERROR_ACCESS_DENIED,
		    "mscep_admin wants Negotiate or NTLM (iis.basic is "
		    "false), which this version cannot do");
		return;
	}
	if (!basic_credentials(x, &credentials)) {
		demand(x, 2, ERROR_ACCESS_DENIED,
		    "mscep_admin wants Basic credentials (--admin-user)");
		return;
	}
	user = cut_at_colon(credentials, &password);
	if (!is_admin(x, user, password)) {
		demand(x, 1, ERROR_LOGON_FAILURE,
		    "user name or password is not the one of --admin-user");
		return;
	}
	x->evidence.username = arena_str(&x->arena, user);
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
	location = arena_printf(&x->arena, "%s://%s%.*s/%s%.*s", scheme,
	    authority == NULL ? "" : authority, (int)rq->path.n,
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

void
ndes_iis(struct ndes_exchange *x)
{
	x->evidence.in_iis_log = true;
	filter(x);
	if (x->reply.status == 0 && x->admin_app)
		authenticate(x);
	if (x->reply.status != 0 || refuse_method(x))
		return;
	if (x->op == NDES_OP_NONE)
		ndes_iis_page(x, 404, 0, ERROR_FILE_NOT_FOUND,
		    "nothing has this path; SCEP is at "
		    "/certsrv/mscep/mscep.dll");
	else if (x->op == NDES_OP_SLASH)
		redirect(x);
}
