/* SPDX-License-Identifier: MIT */
/* Answers of the control API: documents, problems, and what is common to reading a request. */
#include "control/call.h"

#include <stdlib.h>

#include "base/quantity.h"
#include "base/text.h"
#include "control/inside.h"
#include "http/query.h"

#define PROBLEM_MAX ((size_t)64 << 10)
#define PROBLEM_TYPE "application/problem+json"

void
call_begin(struct control_call *c, struct control *control,
    const struct http_request *rq, struct arena *arena,
    struct http_reply *reply)
{
	*c = (struct control_call){
		.control = control,
		.rq = rq,
		.arena = arena,
		.reply = reply,
		.path = rq == NULL ? bytes_of(NULL, 0) : rq->path,
	};
}

void
call_end(struct control_call *c)
{
	site_unref(c->site);
	c->site = NULL;
}

/* ---- answers ---- */

void
call_bytes(
    struct control_call *c, int status, const char *type, struct bytes body)
{
	const char *length = arena_printf(c->arena, "%zu", body.n);

	*c->reply = (struct http_reply){ .status = status, .body = body };
	http_reply_add(c->reply, "Content-Type", type);
	http_reply_add(c->reply, "Cache-Control", "no-store");
	http_reply_add(c->reply, "X-Content-Type-Options", "nosniff");
	if (length != NULL)
		http_reply_add(c->reply, "Content-Length", length);
}

void
call_nothing(struct control_call *c)
{
	*c->reply = (struct http_reply){ .status = 204 };
	http_reply_add(c->reply, "Cache-Control", "no-store");
}

void
call_text(struct control_call *c, const char *json)
{
	call_bytes(c, 200, "application/json", bytes_str(json));
}

static void
dump(struct control_call *c, int status, const char *type, json_t *json)
{
	char *text = json == NULL
	    ? NULL
	    : json_dumps(json,
		  JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
	struct bytes body = bytes_of(NULL, 0);

	json_decref(json);
	if (text != NULL)
		body = arena_copy(c->arena, bytes_str(text));
	free(text);
	if (body.p == NULL)
		call_bytes(c, 500, PROBLEM_TYPE,
		    bytes_str("{\"type\":\"about:blank\",\"status\":500,"
			      "\"title\":\"Internal Server Error\","
			      "\"detail\":\"mockndes is out of memory\"}"));
	else
		call_bytes(c, status, type, body);
}

void
call_json(struct control_call *c, int status, json_t *json)
{
	dump(c, status, "application/json", json);
}

void
call_problem_with(
    struct control_call *c, int status, json_t *members, const char *detail)
{
	json_t *p = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank",
	    "title", http_reason(status), "status", status, "detail", detail);

	if (p != NULL && members != NULL)
		json_object_update(p, members);
	json_decref(members);
	dump(c, status, PROBLEM_TYPE, p);
}

static void
problem_with_v(struct control_call *c, int status, json_t *members,
    const char *fmt, va_list ap)
{
	struct buf detail;

	buf_init(&detail, PROBLEM_MAX);
	buf_vaddf(&detail, fmt, ap);
	call_problem_with(c, status, members, buf_str(&detail));
	buf_clear(&detail);
}

void
call_problem_v(struct control_call *c, int status, const char *fmt, va_list ap)
{
	problem_with_v(c, status, NULL, fmt, ap);
}

void
call_problem(struct control_call *c, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	call_problem_v(c, status, fmt, ap);
	va_end(ap);
}

static json_t *
place(unsigned long line, unsigned long column)
{
	return json_pack("{s:I, s:I}", "line", (json_int_t)line, "column",
	    (json_int_t)column);
}

void
call_problem_at(struct control_call *c, int status, unsigned long line,
    unsigned long column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_with_v(c, status, place(line, column), fmt, ap);
	va_end(ap);
}

void
call_failed(struct control_call *c, const struct err *e)
{
	call_problem(c,
	    e->code == ERR_USAGE || e->code == ERR_SCENARIO ? 400 : 500, "%s",
	    e->text);
}

/* ---- requests ---- */

const char *
call_param(struct control_call *c, unsigned i)
{
	const char *s =
	    arena_str(c->arena, http_percent_decode(c->arena, c->params[i]));

	return s == NULL ? "" : s;
}

const char *
call_query(struct control_call *c, const char *name)
{
	struct bytes value;
	const char *s;

	if (!http_query_find(c->rq->query, name, &value))
		return NULL;
	s = arena_str(c->arena, http_percent_decode(c->arena, value));
	return s == NULL ? "" : s;
}

int
call_query_number(
    struct control_call *c, const char *name, uint64_t max, uint64_t *out)
{
	const char *s = call_query(c, name);

	if (s == NULL || text_u64(bytes_str(s), max, out) == 0)
		return 0;
	call_problem(c, 400, "%s is a number up to %llu, not \"%.60s\"", name,
	    (unsigned long long)max, s);
	return -1;
}

int
call_query_duration(struct control_call *c, const char *name, int64_t *out_ms)
{
	const char *s = call_query(c, name);
	struct err e = { 0 };
	uint64_t seconds;
	int64_t ms;

	if (s == NULL)
		return 0;
	if (text_u64(bytes_str(s), CALL_SECONDS_MAX, &seconds) == 0) {
		*out_ms = (int64_t)seconds * 1000;
		return 0;
	}
	if (quantity_duration(bytes_str(s), &ms, &e) == -1)
		call_problem(c, 400, "%s: %s", name, e.text);
	else if (ms < 0)
		call_problem(c, 400, "%s cannot be negative", name);
	else {
		*out_ms = ms;
		return 0;
	}
	return -1;
}

/* The reader counts columns from 0, and has none at the end. */
static unsigned long
place_of(int n)
{
	return n < 1 ? 1 : (unsigned long)n;
}

json_t *
call_body(struct control_call *c)
{
	json_error_t where;
	json_t *json;

	if (c->rq->body.n == 0) {
		call_problem_at(c, 400, 1, 1, "the body is empty; it is JSON");
		return NULL;
	}
	json = json_loadb((const char *)c->rq->body.p, c->rq->body.n,
	    JSON_REJECT_DUPLICATES, &where);
	if (json == NULL)
		call_problem_at(c, 400, place_of(where.line),
		    place_of(where.column), "%s", where.text);
	return json;
}

/* The name that the call gives its site; NULL: a problem is the answer. */
static const char *
site_named(struct control_call *c)
{
	const char *query = call_query(c, "site"), *prefix = NULL;

	if (c->prefix.p != NULL) {
		prefix = arena_str(
		    c->arena, http_percent_decode(c->arena, c->prefix));
		if (prefix == NULL)
			prefix = "";
	}
	if (query != NULL && prefix != NULL && strcmp(query, prefix) != 0) {
		call_problem(c, 400,
		    "the path is about the site %.60s and ?site= about %.60s",
		    prefix, query);
		return NULL;
	}
	if (prefix != NULL)
		return prefix;
	return query != NULL ? query : "";
}

struct site *
call_site(struct control_call *c)
{
	struct err e = { 0 };
	const char *name;

	if (c->site != NULL)
		return c->site;
	name = site_named(c);
	if (name == NULL)
		return NULL;
	c->site = server_site(c->control->server, name, &e);
	if (c->site == NULL)
		call_problem(c, e.code == ERR_USAGE ? 404 : 500, "%s", e.text);
	return c->site;
}
