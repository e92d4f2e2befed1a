/* SPDX-License-Identifier: MIT */
/*
 * http.sys, the kernel's HTTP listener: parses, holds the request to its
 * limits, and only then looks for a queue to put it in. What it refuses never
 * reaches IIS and stands in no IIS log.
 */
#include "ndes/exchange.h"

#include <stdio.h>

#include "base/text.h"
#include "ndes/pool.h"

/* A header as it counts against MaxFieldLength: "name: value". */
static bool
a_field_is_too_long(const struct ndes_exchange *x)
{
	uint64_t max = (uint64_t)x->host->http_sys.max_field_length;

	for (size_t i = 0; i < x->rq.header_count; i++) {
		const struct http_header *h = &x->rq.headers[i];

		if (h->name.n + 2 + h->value.n > max)
			return true;
	}
	return false;
}

/* Escapes are two hex digits, nothing decodes to a zero byte, and the path begins with a slash. */
static bool
is_well_formed(struct bytes path)
{
	if (path.n == 0 || path.p[0] != '/')
		return false;
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] != '%')
			continue;
		if (path.n - i < 3 || text_hex_digit(path.p[i + 1]) < 0 ||
		    text_hex_digit(path.p[i + 2]) < 0)
			return false;
		if (path.p[i + 1] == '0' && path.p[i + 2] == '0')
			return false;
	}
	return true;
}

/* Segments of the decoded path, in characters; a limit of 0 is none. The key of the one that is broken, or NULL. */
static const char *
segments_over(const struct ndes_exchange *x)
{
	uint64_t longest = (uint64_t)x->host->http_sys.url_segment_max_length;
	uint64_t most = (uint64_t)x->host->http_sys.url_segment_max_count;
	uint64_t length = 0, count = 0;

	for (size_t i = 0; i < x->stem.n; i++) {
		uint8_t c = x->stem.p[i];

		if (c == '/') {
			length = 0;
			count++;
		} else if ((c & 0xc0) != 0x80) {
			length++; /* not a continuation byte of UTF-8 */
		}
		if (longest != 0 && length > longest)
			return "http_sys.UrlSegmentMaxLength";
		if (most != 0 && count > most)
			return "http_sys.UrlSegmentMaxCount";
	}
	return NULL;
}

static void
refuse(struct ndes_exchange *x, int status, const char *reason, const char *key,
    int64_t value)
{
	const char *why = arena_printf(&x->arena,
	    "the request is over %s (%lld bytes)", key, (long long)value);

	ndes_http_sys_page(
	    x, status, reason, why == NULL ? "over a limit of http.sys" : why);
	x->key = key;
}

static void
refuse_segments(struct ndes_exchange *x, const char *key)
{
	ndes_http_sys_page(x, 400, "URL",
	    "a path segment is over http_sys.UrlSegmentMaxLength, or "
	    "there are more than http_sys.UrlSegmentMaxCount");
	x->key = key;
}

/*
 * What is configured counts as well as what happened: an administrator may
 * stop a pool at any time, and a disabled one is healed only by a start.
 */
static enum pool_state
state_of_pool(const struct ndes_exchange *x)
{
	switch ((enum host_pool_state)x->host->app_pool.state) {
	case HOST_POOL_STOPPED:
		return POOL_STOPPED;
	case HOST_POOL_DISABLED:
		return POOL_DISABLED;
	case HOST_POOL_STARTED:
		break;
	}
	return pool_state(x->dep->pool);
}

/* Is the service account such that WAS cannot start the pool at all? */
static bool
has_no_identity(const struct host *h)
{
	return h->app_pool.pool_identity == HOST_IDENTITY_STRICT &&
	    (h->account.locked || h->account.password_expired);
}

static void
no_queue(struct ndes_exchange *x, const char *reason, const char *key,
    const char *why)
{
	ndes_http_sys_page(x, 503, reason, why);
	x->key = key;
}

/* Find the queue of the pool SCEP; all other paths belong to another pool. */
static void
look_for_queue(struct ndes_exchange *x)
{
	enum pool_state state = state_of_pool(x);

	if (state == POOL_STOPPED)
		no_queue(x, "Disabled", "app_pool.state",
		    "the application pool SCEP is stopped");
	else if (has_no_identity(x->host))
		no_queue(x, "AppOffline",
		    x->host->account.locked ? "account.locked"
					    : "account.password_expired",
		    "the application pool SCEP cannot start: its service "
		    "account is locked or its password has expired");
	else if (x->host->app_pool.state == HOST_POOL_DISABLED)
		no_queue(x, "AppOffline", "app_pool.state",
		    "the application pool SCEP is disabled");
	else if (state == POOL_DISABLED)
		no_queue(x, "AppOffline", "app_pool.rapid_fail_protection",
		    "rapid-fail protection has disabled the application "
		    "pool SCEP after too many crashes");
}

void
ndes_http_sys(struct ndes_exchange *x)
{
	int64_t field = x->host->http_sys.max_field_length;
	int64_t head = x->host->http_sys.max_request_bytes;

	if (x->rq.target.n > (uint64_t)field)
		refuse(x, 414, "URL_Length", "http_sys.MaxFieldLength", field);
	else if (!is_well_formed(x->rq.path))
		ndes_http_sys_page(x, 400, "URL",
		    "the path does not begin with a slash or has a broken "
		    "percent escape");
	else if (segments_over(x) != NULL)
		refuse_segments(x, segments_over(x));
	else if (a_field_is_too_long(x))
		refuse(x, 400, "FieldLength", "http_sys.MaxFieldLength", field);
	else if (x->rq.head_bytes > (uint64_t)head)
		refuse(
		    x, 400, "RequestLength", "http_sys.MaxRequestBytes", head);
	else if (x->scep_app)
		look_for_queue(x);
}
