/* SPDX-License-Identifier: MIT */
/* Answers of the control API: documents, problems, and what is common to reading a request. */
#include "control/call.h"

#include <stdlib.h>

#include "http/query.h"

#define PROBLEM_MAX ((size_t)64 << 10)

static void
reply_with(
    struct control_call *c, int status, const char *type, struct bytes body)
{
	const char *length = arena_printf(c->arena, "%zu", body.n);

	*c->reply = (struct http_reply){ .status = status, .body = body };
	http_reply_add(c->reply, "Content-Type", type);
	http_reply_add(c->reply, "Cache-Control", "no-store");
	if (length != NULL)
		http_reply_add(c->reply, "Content-Length", length);
}

void
call_text(struct control_call *c, const char *json)
{
	reply_with(c, 200, "application/json", bytes_str(json));
}

static void
dump(struct control_call *c, int status, const char *type, json_t *json)
{
	char *text = json == NULL
	    ? NULL
	    : json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	struct bytes body = bytes_of(NULL, 0);

	json_decref(json);
	if (text != NULL)
		body = arena_copy(c->arena, bytes_str(text));
	free(text);
	if (body.p == NULL)
		reply_with(c, 500, "application/problem+json",
		    bytes_str("{\"type\":\"about:blank\",\"status\":500,"
			      "\"title\":\"Internal Server Error\","
			      "\"detail\":\"mockndes is out of memory\"}"));
	else
		reply_with(c, status, type, body);
}

void
call_json(struct control_call *c, int status, json_t *json)
{
	dump(c, status, "application/json", json);
}

static json_t *
problem(int status, const char *detail)
{
	return json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
	    http_reason(status), "status", status, "detail", detail);
}

void
call_problem(struct control_call *c, int status, const char *fmt, ...)
{
	struct buf detail;
	va_list ap;

	buf_init(&detail, PROBLEM_MAX);
	va_start(ap, fmt);
	buf_vaddf(&detail, fmt, ap);
	va_end(ap);
	dump(c, status, "application/problem+json",
	    problem(status, buf_str(&detail)));
	buf_clear(&detail);
}

json_t *
call_body(struct control_call *c)
{
	json_error_t where;
	json_t *json, *p;

	json = json_loadb((const char *)c->rq->body.p, c->rq->body.n,
	    JSON_REJECT_DUPLICATES, &where);
	if (json != NULL)
		return json;
	p = problem(400, where.text);
	if (p != NULL) {
		json_object_set_new(p, "line", json_integer(where.line));
		json_object_set_new(p, "column", json_integer(where.column));
	}
	dump(c, 400, "application/problem+json", p);
	return NULL;
}

struct site *
call_site(struct control_call *c)
{
	struct bytes value;
	struct err e = { 0 };
	const char *name = "";

	if (http_query_find(c->rq->query, "site", &value))
		name =
		    arena_str(c->arena, http_percent_decode(c->arena, value));
	if (name == NULL) {
		call_problem(c, 500, "mockndes is out of memory");
		return NULL;
	}
	site_unref(c->site);
	c->site = server_site(c->control->server, name, &e);
	if (c->site == NULL)
		call_problem(c, e.code == ERR_USAGE ? 404 : 500, "%s", e.text);
	return c->site;
}
