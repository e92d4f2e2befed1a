/* SPDX-License-Identifier: MIT */
/*
 * The control API: JSON over its own listener, never faulted, problems as
 * RFC 9457. Also the one place that writes the ready line, which tells the
 * same facts.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/reply.h"

/* What a running server tells about itself. All texts are borrowed; NULL becomes null. */
struct control_facts {
	int64_t pid;
	const char *version;
	const char *scenario;
	uint64_t seed;
	const char *scep_url, *scep_url_https, *admin_page_url, *control_url;
	const char *challenge;
	const char *ca_fingerprint_sha256; /* lower-case hex */
	const char *control_bind; /* the address that was asked for */
	const char *hostname; /* of --hostname */
	bool serve_keys; /* --serve-keys */
};

/* The ready line of the command, without line end, keys in the order of the documentation. Appended. */
MUST_USE int control_ready_line(
    const struct control_facts *facts, struct buf *out, struct err *e);

struct control;
struct server;

/*
 * facts are copied; server is borrowed (NULL: the endpoints that need one
 * answer 503). token: what "Authorization: Bearer" must carry for
 * everything but /v1/live and /v1/ready; NULL: nothing is asked. NULL on
 * failure.
 */
struct control *control_new(struct server *server,
    const struct control_facts *facts, const char *token, struct err *e);
/* Whom POST /v1/shutdown asks, once the answer is out; called from the event thread, so it only notes it. Before the first call. */
void control_on_shutdown(
    struct control *c, void (*asked)(void *ctx), void *ctx);
void control_free(struct control *c); /* accepts NULL; no call may be left */

/* ---- calls ---- */

/* What carries calls between a listener and us. */
struct control_carrier {
	/* Gives the reply of a call, once; it lends until control_exchange_end(). Any thread, perhaps before control_receive() returns. */
	void (*answer)(void *ctx, const struct http_reply *reply);
	/* Asks for control_tell(), after so many milliseconds (-1: never), when the client leaves, and when the listener stops. In control_receive()'s thread and time. */
	void (*watch)(void *ctx, int64_t due_ms);
};

struct control_exchange;

/* Take a call. rq is borrowed until control_exchange_end(). NULL when memory ran out; then nothing will answer. */
struct control_exchange *control_receive(struct control *c,
    const struct http_request *rq, const struct control_carrier *carrier,
    void *ctx);

enum control_told {
	CONTROL_TOLD_LEFT,
	CONTROL_TOLD_DUE,
	CONTROL_TOLD_STOPPING
};

/* What the carrier was asked to tell; not at the same time as another call of this or of control_exchange_end(). */
void control_tell(struct control_exchange *x, enum control_told what);

/* Free it; its answer was given, and is not needed any more. */
void control_exchange_end(struct control_exchange *x);

/* Answer at once, without a listener; the reply's texts live in the arena. What would keep its call is refused. Any thread. Always leaves a reply. */
void control_answer(struct control *c, const struct http_request *rq,
    struct arena *arena, struct http_reply *reply);

/* The i-th resource, for whoever compares them with their description; false behind the last. */
bool control_route_at(size_t i, const char **method, const char **path);

#endif
