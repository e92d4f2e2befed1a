/* SPDX-License-Identifier: MIT */
/* One call of the control API, and the ways to answer it; private to the room. */
#ifndef CONTROL_CALL_H
#define CONTROL_CALL_H

#include <jansson.h>

#include "control/control.h"
#include "server/server.h"

struct control {
	struct server *server; /* borrowed; NULL: only what needs none works */
	char *info; /* the body of /v1/info, made once */
	char *token; /* NULL: none asked for */
	char *
	    url; /* origin of the SCEP listener, "http://127.0.0.1:8080"; NULL: none */
};

struct control_call {
	struct control *control;
	const struct http_request *rq;
	struct arena *arena;
	struct http_reply *reply;
	struct bytes tail; /* what stands behind the route's path */
	struct site
	    *site; /* what call_site() found; given back when the call ends */
};

/* Answer with a JSON document; takes over json, which may be NULL when memory ran out. */
void call_json(struct control_call *c, int status, json_t *json);

/* Answer with a body that lives as long as the control API. */
void call_text(struct control_call *c, const char *json);

/* Answer with a problem document (RFC 9457); the sentence is formatted. */
void call_problem(struct control_call *c, int status, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The body as JSON, or NULL: then a problem with line and column is the answer. The caller decrefs. */
json_t *call_body(struct control_call *c);

/* The site that ?site= names; the default one without. NULL: a problem is the answer. Lent for the call. */
struct site *call_site(struct control_call *c);

/* ---- handlers ---- */

void control_host_get(struct control_call *c);
void control_host_patch(struct control_call *c);
void control_restart(struct control_call *c);
void control_scenarios(struct control_call *c);

#endif
