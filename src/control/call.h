/* SPDX-License-Identifier: MIT */
/*
 * One call of the control API, the ways to answer it, and the tables of
 * resources; private to the room. A handler runs in the control listener's
 * event thread, one at a time, and never in that of a SCEP listener. Before it
 * returns it has answered, kept the call, or opened a stream.
 */
#ifndef CONTROL_CALL_H
#define CONTROL_CALL_H

#include <jansson.h>

#include "control/control.h"
#include "server/server.h"

struct control_call;

/* ---- resources ---- */

enum call_need {
	CALL_TOKEN = 1, /* the token, when there is one */
	CALL_SERVER = 2, /* a server behind the API */
	CALL_SITE = 4, /* it is a site's: ?site=, and below a site's prefix */
};

/*
 * A segment of the path, or a part of one, in braces takes any text that is not
 * empty ("/v1/certificates/{serial}.{form}"); call_param() gives it. Where two
 * resources match, the one with fewer of them does.
 */
struct control_route {
	const char *method;
	const char *path;
	unsigned needs; /* enum call_need */
	void (*handle)(struct control_call *c);
	/*
	 * The parameters of its query beside site, with blanks between; others
	 * are refused. NULL: the handler looks at them itself, or they do no
	 * harm.
	 */
	const char *query;
};

/* Each ends with a row of zeros; control.c has the list of them. */
extern const struct control_route control_ca_routes[];
extern const struct control_route control_certificates_routes[];
extern const struct control_route control_challenges_routes[];
extern const struct control_route control_evidence_routes[];
extern const struct control_route control_host_routes[];
extern const struct control_route control_info_routes[];
extern const struct control_route control_metrics_routes[];
extern const struct control_route control_clock_routes[];
extern const struct control_route control_requests_routes[];
extern const struct control_route control_reset_routes[];
extern const struct control_route control_rules_routes[];
extern const struct control_route control_scenario_routes[];
extern const struct control_route control_scenarios_routes[];
extern const struct control_route control_self_routes[];
extern const struct control_route control_sessions_routes[];
extern const struct control_route control_stream_routes[];
extern const struct control_route control_verify_routes[];

/* ---- a call ---- */

#define CALL_PARAMS_MAX 4

struct control {
	struct server *server; /* borrowed; NULL: only what needs none works */
	char *info; /* the body of /v1/info, made once */
	int64_t started_ms;
	char *token; /* NULL: none asked for */
	/* as in the ready line; NULL: none */
	char *scep_url, *scep_url_https, *admin_page_url, *control_url;
	char *
	    url; /* origin of the SCEP listener, "http://127.0.0.1:8080"; NULL: none */
	char *bind; /* what the listener is bound to; NULL: not told */
	char *hostname; /* NULL: none but the usual */
	bool serve_keys;
	struct clerk *clerk; /* answers those that wait for requests */
	/* NULL: nobody can be asked to stop */
	void (*shutdown)(void *ctx);
	void *shutdown_ctx;
};

struct control_call {
	struct control *control;
	const struct http_request *rq;
	struct arena *arena; /* lives until the exchange ends */
	struct http_reply *reply;
	struct bytes path; /* without a site's prefix */
	struct bytes prefix; /* "s/ID" or "x/NAME", escaped; p == NULL: none */
	struct bytes params[CALL_PARAMS_MAX]; /* escaped */
	struct site *site; /* what call_site() found; given back at the end */
	struct control_exchange *exchange; /* NULL: it cannot be kept */
	bool open; /* kept: the answer comes later */
	bool then_stop; /* ask for it when the exchange has ended */
};

/* What stood for the i-th pair of braces, unescaped; "" when memory ran out. */
const char *call_param(struct control_call *c, unsigned i);

/* The unescaped value of a parameter of the query; NULL when there is none. */
const char *call_query(struct control_call *c, const char *name);

#define CALL_SECONDS_MAX 10000000000 /* of a number that is a duration */

/*
 * A parameter of the query that is a number up to max, or a duration ("60s";
 * a bare number is seconds) in milliseconds; *out stays as it is without one. -1: a problem is the answer.
 */
MUST_USE int call_query_number(
    struct control_call *c, const char *name, uint64_t max, uint64_t *out);
MUST_USE int call_query_duration(
    struct control_call *c, const char *name, int64_t *out_ms);

/* The site of ?site= or of the path's prefix; the default one without. Lent until the call ends. NULL: a problem is the answer. */
struct site *call_site(struct control_call *c);

/* The body as JSON, or NULL: then a problem with line and column is the answer. The caller decrefs. */
json_t *call_body(struct control_call *c);

/* ---- answers ---- */

/* A JSON document; takes over json, which may be NULL when memory ran out. */
void call_json(struct control_call *c, int status, json_t *json);

/* 200 with a JSON document as text that lives as long as the exchange. */
void call_text(struct control_call *c, const char *json);

/* Bytes of a media type; both live as long as the exchange. */
void call_bytes(
    struct control_call *c, int status, const char *type, struct bytes body);

/* 204. */
void call_nothing(struct control_call *c);

/* A problem document (RFC 9457); the sentence is formatted. */
void call_problem(struct control_call *c, int status, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The same with the place in the body that it is about, counted from 1. */
void call_problem_at(struct control_call *c, int status, unsigned long line,
    unsigned long column, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Any document as a problem: takes over members (an object or NULL), which are put behind the usual ones. */
void call_problem_with(
    struct control_call *c, int status, json_t *members, const char *detail);

/* What *e says, as a problem: 400 for the caller's mistakes, 500 for ours. */
void call_failed(struct control_call *c, const struct err *e);

/* ---- answers that come later ---- */

struct control_kept; /* counted; any thread */

enum call_over {
	CALL_OVER_GONE, /* nobody waits any more: the client left, or the server is stopping and we have answered 503 */
	CALL_OVER_DUE, /* the time of call_keep() is over: answer now */
};

struct call_owner {
	/* Told in the event thread, each at most once, with no lock held. An answer of another thread's may just have been given. */
	void (*over)(void *ctx, struct control_kept *kept, enum call_over why);
	/* With the last reference; so ctx lives as long as over() may be called. NULL: nothing. */
	void (*free_ctx)(void *ctx);
	void *ctx;
};

/*
 * Keep the call: the answer is given later, by kept_bytes() and the like. With
 * one reference for the caller. due_ms: when to be told, -1: never. NULL: a
 * problem is the answer, and the owner is not used (nor ctx freed).
 */
struct control_kept *call_keep(
    struct control_call *c, int64_t due_ms, const struct call_owner *owner);
struct control_kept *kept_ref(struct control_kept *k);
void kept_unref(struct control_kept *k); /* accepts NULL */

/* The first answer counts and the others do nothing, as when nobody waits any more; false then. As call_json() and so on; the bytes are copied. */
bool kept_bytes(
    struct control_kept *k, int status, const char *type, struct bytes body);
bool kept_problem(struct control_kept *k, int status, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* ---- streams ---- */

/*
 * Answer 200 now and push the body piece by piece, from any thread. A reader
 * that does not keep up is cut off behind farewell. CALL_OVER_GONE when it is
 * over, whoever ended it. As call_keep() otherwise.
 */
struct control_kept *call_stream(struct control_call *c, const char *type,
    struct bytes farewell, const struct call_owner *owner);

/* A whole piece. -1: nobody reads any more. */
MUST_USE int kept_push(struct control_kept *k, struct bytes piece);
/* In the handler: send a constant piece whenever there was nothing for so long. */
void kept_heartbeat(
    struct control_kept *k, int64_t every_ms, struct bytes piece);
void kept_end(struct control_kept *k); /* the last one was pushed */

#endif
