/* SPDX-License-Identifier: MIT */
/* From the path of a call to the resource that it means. */
#include "base/text.h"
#include "control/inside.h"
#include "scenario/near.h"

#define ALLOW_MAX ((size_t)1 << 10)

/* The tables of the files, in no order that matters. */
static const struct control_route *const tables[] = {
	control_self_routes,
	control_stream_routes,
	control_ca_routes,
	control_certificates_routes,
	control_challenges_routes,
	control_evidence_routes,
	control_host_routes,
	control_info_routes,
	control_metrics_routes,
	control_clock_routes,
	control_requests_routes,
	control_reset_routes,
	control_rules_routes,
	control_scenario_routes,
	control_scenarios_routes,
	control_sessions_routes,
	control_verify_routes,
};

/* Walks all resources: *table and *row begin at 0. */
static const struct control_route *
next_route(size_t *table, size_t *row)
{
	for (; *table < nitems(tables); (*table)++, *row = 0) {
		const struct control_route *r = &tables[*table][*row];

		if (r->method == NULL)
			continue;
		(*row)++;
		return r;
	}
	return NULL;
}

bool
control_route_at(size_t i, const char **method, const char **path)
{
	size_t table = 0, row = 0;
	const struct control_route *r = next_route(&table, &row);

	for (; r != NULL && i > 0; i--)
		r = next_route(&table, &row);
	if (r == NULL)
		return false;
	*method = r->method;
	*path = r->path;
	return true;
}

/* ---- matching ---- */

struct match {
	struct bytes params[CALL_PARAMS_MAX];
	unsigned count;
};

static struct bytes
segment_of(struct bytes path)
{
	const uint8_t *slash = path.n == 0 ? NULL : memchr(path.p, '/', path.n);

	return bytes_of(
	    path.p, slash == NULL ? path.n : (size_t)(slash - path.p));
}

/* The last place in s where c is; s.n when it is nowhere. */
static size_t
last_of(struct bytes s, uint8_t c)
{
	size_t i = s.n;

	while (i > 0 && s.p[i - 1] != c)
		i--;
	return i == 0 ? s.n : i - 1;
}

/* What a parameter takes of text: all of it, or up to the last byte that is the pattern's next. */
static bool
take_param(struct match *m, struct bytes pattern, struct bytes *text)
{
	size_t n = pattern.n == 0 ? text->n : last_of(*text, pattern.p[0]);

	if (n == 0 || m->count == CALL_PARAMS_MAX)
		return false;
	m->params[m->count++] = bytes_of(text->p, n);
	*text = bytes_from(*text, n);
	return true;
}

static bool
match_segment(struct match *m, struct bytes pattern, struct bytes text)
{
	while (pattern.n > 0) {
		if (pattern.p[0] == '{') {
			const uint8_t *end = memchr(pattern.p, '}', pattern.n);

			pattern =
			    bytes_from(pattern, (size_t)(end - pattern.p) + 1);
			if (!take_param(m, pattern, &text))
				return false;
		} else if (text.n > 0 && text.p[0] == pattern.p[0]) {
			pattern = bytes_from(pattern, 1);
			text = bytes_from(text, 1);
		} else {
			return false;
		}
	}
	return text.n == 0;
}

static bool
match_path(struct match *m, struct bytes pattern, struct bytes path)
{
	m->count = 0;
	for (;;) {
		struct bytes p = segment_of(pattern), t = segment_of(path);

		if (!match_segment(m, p, t))
			return false;
		if (p.n == pattern.n || t.n == path.n)
			return p.n == pattern.n && t.n == path.n;
		pattern = bytes_from(pattern, p.n + 1);
		path = bytes_from(path, t.n + 1);
	}
}

/* ---- finding ---- */

/* "/s/ID/v1/..." and "/x/NAME/v1/..." are about a site. */
static void
split_prefix(struct control_call *c)
{
	const struct bytes version = BYTES_LIT("/v1/");
	struct bytes path = c->path, rest;

	if (path.n < 3 || path.p[0] != '/' || path.p[2] != '/' ||
	    (path.p[1] != 's' && path.p[1] != 'x'))
		return;
	for (size_t at = 4; at + version.n <= path.n; at++) {
		rest = bytes_from(path, at);
		if (!bytes_eq(bytes_of(rest.p, version.n), version))
			continue;
		c->prefix = bytes_of(path.p + 1, at - 1);
		c->path = rest;
		return;
	}
}

/* The pattern that fits a path best; NULL: none fits. */
static const char *
best_pattern(struct control_call *c)
{
	const struct control_route *r;
	const char *best = NULL;
	unsigned fewest = CALL_PARAMS_MAX + 1;
	size_t table = 0, row = 0;
	struct match m;

	while ((r = next_route(&table, &row)) != NULL) {
		if (!match_path(&m, bytes_str(r->path), c->path) ||
		    m.count >= fewest)
			continue;
		best = r->path;
		fewest = m.count;
		memcpy(c->params, m.params, sizeof(c->params));
	}
	return best;
}

static bool
method_fits(const struct control_route *r, const struct http_request *rq)
{
	return bytes_eq(rq->method_text, bytes_str(r->method)) ||
	    (rq->method == HTTP_HEAD && strcmp(r->method, "GET") == 0);
}

static void
no_such_resource(struct control_call *c)
{
	const struct control_route *r;
	size_t table = 0, row = 0;
	struct near near;

	near_start(&near, c->path);
	while ((r = next_route(&table, &row)) != NULL)
		near_offer(&near, bytes_str(r->path));
	if (near.best.n == 0)
		call_problem(c, 404,
		    "there is no such resource in this version's control API; "
		    "/openapi.json describes those that there are");
	else
		call_problem(c, 404,
		    "there is no such resource in this version's control API; "
		    "did you mean %.*s?",
		    (int)near.best.n, (const char *)near.best.p);
}

static const struct control_route *
with_method(struct control_call *c, const char *pattern)
{
	const struct control_route *r;
	size_t table = 0, row = 0;
	struct buf allow;
	char *methods;

	buf_init(&allow, ALLOW_MAX);
	while ((r = next_route(&table, &row)) != NULL) {
		if (strcmp(r->path, pattern) != 0)
			continue;
		if (method_fits(r, c->rq))
			break;
		buf_addf(&allow, "%s%s", allow.n > 0 ? ", " : "", r->method);
	}
	if (r == NULL) {
		methods = arena_str(c->arena, buf_bytes(&allow));
		call_problem(c, 405, "this resource takes %s", buf_str(&allow));
		if (methods != NULL)
			http_reply_add(c->reply, "Allow", methods);
	}
	buf_clear(&allow);
	return r;
}

const struct control_route *
route_find(struct control_call *c)
{
	const struct control_route *r;
	const char *pattern;

	split_prefix(c);
	pattern = best_pattern(c);
	if (pattern == NULL) {
		no_such_resource(c);
		return NULL;
	}
	r = with_method(c, pattern);
	if (r != NULL && c->prefix.p != NULL && (r->needs & CALL_SITE) == 0) {
		call_problem(c, 404,
		    "%s is the server's and not a site's: leave out /%.*s",
		    pattern, (int)c->prefix.n, (const char *)c->prefix.p);
		return NULL;
	}
	return r;
}
