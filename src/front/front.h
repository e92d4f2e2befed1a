/* SPDX-License-Identifier: MIT */
/*
 * Sockets, TLS and HTTP framing by libmicrohttpd; the only room that knows
 * it. One epoll event thread serves all listeners. A complete request is
 * handed to the listener's handler in the event thread; the handler answers
 * at once or keeps the exchange and answers later from any thread. What the
 * reply's wire says is acted out here, without a thread that waits.
 */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "base/env.h"
#include "base/log.h"
#include "http/entry.h"
#include "http/reply.h"
#include "http/request.h"

struct front;
struct front_exchange; /* one request in flight; front's own */

enum front_end {
	FRONT_SENT, /* the reply went out whole, or the close or reset in its place was done */
	FRONT_CLIENT_GONE, /* the client closed or reset before the end, as far as TCP tells */
	FRONT_STOPPED, /* the server is stopping */
};

/* What a handler that watches an exchange is told of it. */
enum front_told {
	FRONT_TOLD_LEFT, /* the client reset or closed its side; nobody waits for the answer */
	FRONT_TOLD_DUE, /* the time of front_watch() is over */
	FRONT_TOLD_STOPPING, /* the server is: answer now */
};

struct front_handler {
	/*
	 * Called in the event thread with the whole request. rq lends until
	 * done(). The handler must see to it that front_answer() is called
	 * exactly once for fx, now or later, from any thread.
	 */
	void (*request)(void *ctx, struct front_exchange *fx,
	    const struct http_request *rq);
	/*
	 * Called in the event thread when the headers of a request are in and
	 * its client waits for "100 Continue"; rq has all but the body, and
	 * lends until done(), which follows even when request() does not.
	 * False: nothing is said, and the client may wait. NULL: it goes on.
	 */
	bool (*expected)(void *ctx, struct front_exchange *fx,
	    const struct http_request *rq);
	/* Called once for each request() when the connection is through with it. user is what front_set_user() set. */
	void (*done)(void *ctx, struct front_exchange *fx, void *user,
	    enum front_end how);
	/* Called in the event thread of what front_watch() asked for; an answer may be on its way already, and after this one is still due. */
	void (*told)(void *ctx, struct front_exchange *fx, void *user,
	    enum front_told what);
	/* Called in the event thread for each connection that is accepted, with a zeroed entry to be filled; NULL: all are taken. peer lends for the call. */
	void (*enter)(void *ctx, const char *peer, uint16_t peer_port, bool tls,
	    struct http_entry *entry);
	void *ctx;
};

/*
 * What a listener takes. head_max costs: the library keeps a pool of that
 * size per connection and clears it after each request, so an active
 * connection that stays open holds as many bytes. Measured: 488 KiB cost
 * 6 to 13 us a request more than 8 KiB, 232 KiB cost 3 to 6.
 */
struct front_limits {
	size_t
	    head_max; /* request line and headers; more gets the library's own 414 or 431 */
	size_t
	    body_max; /* 1 MiB; more is discarded and rq->body_too_long set */
	unsigned
	    connections_max; /* of all listeners together; beyond it new ones wait in the backlog */
	unsigned idle_timeout_s; /* silent connections are closed after it */
};

struct front *front_new(const struct env *env, const struct log *log,
    const struct front_limits *limits, struct err *e); /* NULL on failure */

/*
 * Bind and listen on addr (IPv4 or IPv6 text, no brackets; "::" takes both
 * families) and port (0: any). Connections wait in the backlog until
 * front_start(). handler is copied. *out_port is the real port. ERR_BIND when
 * the address cannot be had. *index numbers the listener.
 */
MUST_USE int front_listen(struct front *f, const char *addr, uint16_t port,
    const struct front_handler *handler, unsigned *index, uint16_t *out_port,
    struct err *e);

/*
 * Make a listener speak TLS, before front_start(), or change its certificate,
 * also later and from any thread: connections that are accepted from now on
 * get it, those that are there keep theirs. The PEM texts are copied. -1 when
 * they cannot be used; then nothing changes.
 */
MUST_USE int front_use_tls(struct front *f, unsigned index,
    const char *chain_pem, const char *key_pem, struct err *e);

enum front_tls_version {
	FRONT_TLS_1_0,
	FRONT_TLS_1_1,
	FRONT_TLS_1_2,
	FRONT_TLS_1_3,
	FRONT_TLS_VERSIONS
};

/* What a handshake does about a certificate of the client's; whose it is and who issued it is not looked at. */
enum front_tls_client {
	FRONT_TLS_CLIENT_NONE, /* not asked for */
	FRONT_TLS_CLIENT_ASKED, /* it goes on without one */
	FRONT_TLS_CLIENT_REQUIRED, /* it fails without one */
};

struct front_tls_policy {
	enum front_tls_version minimum, maximum;
	enum front_tls_client client;
};

/*
 * How the handshakes of a listener go on connections that are accepted from
 * now on; until it is said: TLS 1.2 to 1.3, no client certificate. Before or
 * after front_use_tls() and front_start(), any thread. -1 when there is no
 * such listener, the minimum is above the maximum, or memory ran out; then
 * nothing changes.
 */
MUST_USE int front_tls_policy(struct front *f, unsigned index,
    const struct front_tls_policy *policy, struct err *e);

/* Start accepting; starts the event thread. */
MUST_USE int front_start(struct front *f, struct err *e);

/*
 * Refuse connections on a listener (its socket is closed, connects get
 * ECONNREFUSED) or take them again on the same port; done when this returns.
 * Connections that are there stay, those in the backlog are reset. Any
 * thread; it waits for the event thread, so hold no lock that a handler
 * takes. -1 when the port could not be had again, or the front is stopping.
 */
MUST_USE int front_refuse(
    struct front *f, unsigned index, bool refuse, struct err *e);

/* Hang something on an exchange, to get it back in done(). */
void front_set_user(struct front_exchange *fx, void *user);
void *front_user(const struct front_exchange *fx); /* NULL: nothing */

/*
 * Within request(), when it keeps the exchange: tell of a client that leaves,
 * of the server's stop, and of the moment in so many milliseconds (-1: none).
 * Each at most once.
 */
void front_watch(struct front_exchange *fx, int64_t due_ms);

/*
 * Give the reply; it is copied, so nothing of it need live on. Any thread,
 * exactly once.
 *
 * wire is acted out: first its delay, in which a reset by the client ends the
 * exchange and a half-close does not; then its act. A silent one ends when
 * the client closes its side.
 *
 * A reply goes out as its own bytes when it or the client ends the
 * connection, when its reason is not the standard one, or when its
 * Content-Length is not the body's; "Connection: close" is put behind its
 * headers when it is not among them. On a connection that stays open the
 * library sends it: headers in order, but Content-Length last and the
 * library's reason phrase.
 *
 * A stream goes out piece by piece, chunked for HTTP/1.1, and its connection
 * ends with it. A client that closes its side has left.
 */
void front_answer(struct front_exchange *fx, const struct http_reply *reply);

/*
 * Stop accepting; exchanges that are delayed, silent or a stream end at once,
 * watched ones are told, others
 * in flight have until the deadline, then their connections are closed. The handler's own threads must still run, for
 * exchanges that they hold: this waits, without limit, until each was
 * answered. Ends the event thread.
 */
void front_stop(struct front *f, int64_t grace_ms);

/* Begin with it and do not wait; front_stop() comes later. Any thread. */
void front_stop_begin(struct front *f, int64_t grace_ms);
void front_free(
    struct front *f); /* accepts NULL; after front_stop() when it was started */

#endif
