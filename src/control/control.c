/* SPDX-License-Identifier: MIT */
/* Routes of the control API and who may ask. */
#include "control/control.h"

#include <stdlib.h>

#include "control/call.h"
#include "control/facts.h"
#include "control/schema.h"

#define INFO_MAX ((size_t)64 << 10)
#define SCHEMA_MAX ((size_t)1 << 20)

static void
live(struct control_call *c)
{
	call_text(c, "{\"live\":true}");
}

static void
ready(struct control_call *c)
{
	call_text(c, "{\"ready\":true}");
}

static void
info(struct control_call *c)
{
	call_text(c, c->control->info);
}

static void
schema(struct control_call *c)
{
	struct buf b;
	struct err e = { 0 };
	char *text = NULL;

	buf_init(&b, SCHEMA_MAX);
	if (control_schema(&b, &e) == 0)
		text = arena_str(c->arena, buf_bytes(&b));
	buf_clear(&b);
	if (text != NULL)
		call_text(c, text);
	else
		call_problem(c, 500, "mockndes is out of memory");
}

enum need { NEED_NOTHING = 0, NEED_TOKEN = 1, NEED_SERVER = 2 };

struct route {
	const char *method;
	const char *path; /* ending in '/': what follows is the tail */
	unsigned needs; /* enum need */
	void (*handle)(struct control_call *c);
};

static const struct route routes[] = {
	{ "GET", "/v1/live", NEED_NOTHING, live },
	{ "GET", "/v1/ready", NEED_NOTHING, ready },
	{ "GET", "/v1/info", NEED_TOKEN, info },
	{ "GET", "/v1/host", NEED_TOKEN | NEED_SERVER, control_host_get },
	{ "PATCH", "/v1/host", NEED_TOKEN | NEED_SERVER, control_host_patch },
	{ "POST", "/v1/restart/", NEED_TOKEN | NEED_SERVER, control_restart },
	{ "GET", "/v1/scenarios", NEED_TOKEN, control_scenarios },
	{ "GET", "/schema/scenario-1.json", NEED_NOTHING, schema },
};

static char *
copy(const char *s, bool *ok)
{
	char *c = s == NULL ? NULL : strdup(s);

	if (s != NULL && c == NULL)
		*ok = false;
	return c;
}

/* "http://host:port" of a SCEP URL. */
static char *
origin_of(const char *url, bool *ok)
{
	const char *host = url == NULL ? NULL : strstr(url, "://");
	const char *slash = host == NULL ? NULL : strchr(host + 3, '/');
	char *c;

	if (slash == NULL)
		return copy(url, ok);
	c = strndup(url, (size_t)(slash - url));
	if (c == NULL)
		*ok = false;
	return c;
}

struct control *
control_new(struct server *server, const struct control_facts *facts,
    const char *token, struct err *e)
{
	struct control *c = calloc(1, sizeof(*c));
	bool ok = c != NULL;
	struct buf b;

	buf_init(&b, INFO_MAX);
	if (ok && control_info(facts, &b, e) == 0) {
		c->server = server;
		c->info = copy(buf_str(&b), &ok);
		c->token = copy(token, &ok);
		c->url =
		    origin_of(facts->scep_url != NULL ? facts->scep_url
						      : facts->scep_url_https,
			&ok);
	} else {
		ok = false;
	}
	buf_clear(&b);
	if (ok)
		return c;
	(void)err_set(e, ERR_MEMORY, "no memory for the control API");
	control_free(c);
	return NULL;
}

void
control_free(struct control *c)
{
	if (c == NULL)
		return;
	free(c->info);
	free(c->token);
	free(c->url);
	free(c);
}

/* The same time whatever differs, so that a token cannot be felt out byte by byte. */
static bool
same_secret(struct bytes a, struct bytes b)
{
	unsigned differ = a.n != b.n;

	for (size_t i = 0; i < a.n; i++)
		differ |= (unsigned)(a.p[i] ^ (i < b.n ? b.p[i] : 0));
	return differ == 0;
}

static bool
may_ask(const struct control *c, const struct http_request *rq)
{
	const struct http_header *h;
	struct bytes scheme = BYTES_LIT("Bearer ");

	if (c->token == NULL)
		return true;
	h = http_request_header(rq, "Authorization");
	return h != NULL && bytes_starts_nocase(h->value, scheme) &&
	    same_secret(bytes_from(h->value, scheme.n), bytes_str(c->token));
}

static bool
path_matches(const struct route *route, struct bytes path)
{
	struct bytes wanted = bytes_str(route->path);

	if (route->path[wanted.n - 1] != '/')
		return bytes_eq(path, wanted);
	return path.n > wanted.n &&
	    bytes_eq(bytes_of(path.p, wanted.n), wanted);
}

static bool
method_matches(const struct route *route, const struct http_request *rq)
{
	return bytes_eq(rq->method_text, bytes_str(route->method)) ||
	    (rq->method == HTTP_HEAD && strcmp(route->method, "GET") == 0);
}

/* The route of a call; NULL, with the methods that the path takes in *allow. */
static const struct route *
find(const struct http_request *rq, struct buf *allow)
{
	for (size_t i = 0; i < nitems(routes); i++) {
		if (!path_matches(&routes[i], rq->path))
			continue;
		if (method_matches(&routes[i], rq))
			return &routes[i];
		buf_addf(
		    allow, "%s%s", allow->n > 0 ? ", " : "", routes[i].method);
	}
	return NULL;
}

static void
answer_without_route(struct control_call *c, const struct buf *allow)
{
	char *methods;

	if (allow->n == 0) {
		call_problem(c, 404,
		    "there is no such resource in this version's control API");
		return;
	}
	methods = arena_str(c->arena, buf_bytes(allow));
	call_problem(c, 405, "this resource takes %s", buf_str(allow));
	if (methods != NULL)
		http_reply_add(c->reply, "Allow", methods);
}

void
control_answer(struct control *control, const struct http_request *rq,
    struct arena *arena, struct http_reply *reply)
{
	struct control_call c = { control, rq, arena, reply, { NULL, 0 },
		NULL };
	const struct route *route;
	struct buf allow;

	buf_init(&allow, INFO_MAX);
	route = find(rq, &allow);
	if ((route == NULL || (route->needs & NEED_TOKEN) != 0) &&
	    !may_ask(control, rq)) {
		call_problem(&c, 401,
		    "this control API asks for Authorization: Bearer TOKEN, "
		    "the token of --control-token");
		http_reply_add(reply, "WWW-Authenticate", "Bearer");
	} else if (route == NULL) {
		answer_without_route(&c, &allow);
	} else if ((route->needs & NEED_SERVER) != 0 &&
	    control->server == NULL) {
		call_problem(&c, 503, "there is no server behind this API");
	} else {
		c.tail = bytes_from(rq->path, strlen(route->path));
		route->handle(&c);
	}
	site_unref(c.site);
	buf_clear(&allow);
}
