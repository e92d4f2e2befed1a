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
void control_free(struct control *c); /* accepts NULL */

/* Answer a request; the reply's texts live in the arena. Any thread. Always leaves a reply. */
void control_answer(struct control *c, const struct http_request *rq,
    struct arena *arena, struct http_reply *reply);

#endif
