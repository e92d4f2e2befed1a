/* SPDX-License-Identifier: MIT */
/* What the server tells about itself and its formats. */
#include "control/call.h"
#include "control/openapi.h"
#include "control/schema.h"

#define SCHEMA_MAX ((size_t)1 << 20)

static void
live(struct control_call *c)
{
	call_text(c, "{\"live\":true}");
}

/* A session that has ended is not; a site of the catalogue is made when it is first asked for, but not by who has no token. */
static void
ready(struct control_call *c)
{
	struct server_session about;

	if (c->control->server != NULL && c->prefix.n > 2 &&
	    c->prefix.p[0] == 's' &&
	    !server_session_get(
		c->control->server, bytes_from(c->prefix, 2), &about)) {
		call_problem(c, 404, "there is no such session");
		return;
	}
	call_text(c, "{\"ready\":true}");
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

/* The answer goes out first. */
static void
shut_down(struct control_call *c)
{
	if (c->control->shutdown == NULL || c->exchange == NULL) {
		call_problem(c, 409,
		    "this server is part of a program that does not end on "
		    "demand");
		return;
	}
	c->then_stop = true;
	call_json(c, 202, json_pack("{s:b}", "stopping", 1));
	c->reply->close = true;
}

static void
openapi(struct control_call *c)
{
	call_bytes(c, 200, "application/json",
	    bytes_of(control_openapi, control_openapi_size));
}

const struct control_route control_self_routes[] = {
	{ "GET", "/v1/live", CALL_SITE, live, NULL },
	{ "GET", "/v1/ready", CALL_SITE, ready, NULL },
	{ "POST", "/v1/shutdown", CALL_TOKEN, shut_down, "" },
	{ "GET", "/openapi.json", 0, openapi, NULL },
	{ "GET", "/schema/scenario-1.json", 0, schema, NULL },
	{ 0 },
};
