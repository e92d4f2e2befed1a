/* SPDX-License-Identifier: MIT */
/* Routes of the control API and who may ask. */
#include "control/control.h"

#include <stdlib.h>

#include "control/facts.h"

#define CONTROL_BODY_MAX ((size_t)1 << 20)

struct control {
	char *info; /* the body of /v1/info, made once */
	char *token; /* NULL: none asked for */
};

struct route {
	const char *path;
	bool open; /* answers without the token too */
	const char *(*body)(const struct control *c);
};

static const char *
live(const struct control *c)
{
	(void)c;
	return "{\"live\":true}";
}

static const char *
ready(const struct control *c)
{
	(void)c;
	return "{\"ready\":true}";
}

static const char *
info(const struct control *c)
{
	return c->info;
}

static const struct route routes[] = {
	{ "/v1/live", true, live },
	{ "/v1/ready", true, ready },
	{ "/v1/info", false, info },
};

struct control *
control_new(const struct control_facts *facts, const char *token, struct err *e)
{
	struct control *c = calloc(1, sizeof(*c));
	struct buf b;

	buf_init(&b, CONTROL_BODY_MAX);
	if (c == NULL || control_info(facts, &b, e) == -1)
		goto fail;
	c->info = strdup(buf_str(&b));
	c->token = token == NULL ? NULL : strdup(token);
	if (c->info == NULL || (token != NULL && c->token == NULL))
		goto fail;
	buf_clear(&b);
	return c;
fail:
	(void)err_set(e, ERR_MEMORY, "no memory for the control API");
	buf_clear(&b);
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
	free(c);
}

static void
json_reply(struct arena *arena, struct http_reply *reply, int status,
    const char *type, struct bytes body)
{
	struct bytes kept = arena_copy(arena, body);
	const char *length = arena_printf(arena, "%zu", kept.n);

	*reply = (struct http_reply){ .status = status, .body = kept };
	http_reply_add(reply, "Content-Type", type);
	http_reply_add(reply, "Cache-Control", "no-store");
	if (length != NULL)
		http_reply_add(reply, "Content-Length", length);
}

static void
problem(struct arena *arena, struct http_reply *reply, int status,
    const char *detail)
{
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, CONTROL_BODY_MAX);
	if (control_problem(status, detail, &b, &e) == -1)
		buf_clear(&b);
	json_reply(
	    arena, reply, status, "application/problem+json", buf_bytes(&b));
	buf_clear(&b);
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

static const struct route *
find(struct bytes path)
{
	for (size_t i = 0; i < nitems(routes); i++) {
		if (bytes_eq(path, bytes_str(routes[i].path)))
			return &routes[i];
	}
	return NULL;
}

void
control_answer(struct control *c, const struct http_request *rq,
    struct arena *arena, struct http_reply *reply)
{
	const struct route *route = find(rq->path);

	if ((route == NULL || !route->open) && !may_ask(c, rq)) {
		problem(arena, reply, 401,
		    "this control API asks for Authorization: Bearer TOKEN, "
		    "the token of --control-token");
		http_reply_add(reply, "WWW-Authenticate", "Bearer");
	} else if (route == NULL) {
		problem(arena, reply, 404,
		    "there is no such resource in this version's control API");
	} else if (rq->method != HTTP_GET && rq->method != HTTP_HEAD) {
		problem(arena, reply, 405, "only GET works here");
		http_reply_add(reply, "Allow", "GET, HEAD");
	} else {
		json_reply(arena, reply, 200, "application/json",
		    bytes_str(route->body(c)));
	}
}
