/* SPDX-License-Identifier: MIT */
/*
 * What the files of this room share. Only the event thread touches a listener
 * or an exchange, but for the fields that say otherwise.
 */
#ifndef FRONT_INSIDE_H
#define FRONT_INSIDE_H

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "front/front.h"

#define FRONT_LISTENERS_MAX 8
/* Reads of what nobody wants, before others have a turn. */
#define FRONT_READS_AT_ONCE 16

/* What an event of the epoll set is about; first member of the things that are in it. */
enum front_source {
	FRONT_FROM_WAKE,
	FRONT_FROM_DOOR,
	FRONT_FROM_LISTENER,
	FRONT_FROM_EXCHANGE,
	FRONT_FROM_HELD
};

/* A listening socket, or one that is bound and refuses. */
struct front_door {
	enum front_source source;
	struct front_listener *listener;
	struct sockaddr_storage addr; /* the real one */
	socklen_t addr_n;
	int fd; /* -1: stopped, or refusing and without the port */
	bool listening;
	bool watched; /* in the epoll set; not while the daemon is full */
	int64_t closed_until_us; /* accepting failed for want of something */
};

/*
 * A daemon of the library with a share of a listener's connections. The
 * library walks all connections of a daemon that wait whenever one of them
 * goes on; so they are dealt out to several.
 */
#define FRONT_SHARDS 32
#define FRONT_SHARD_PLAIN FRONT_SHARDS /* HTTP on a TLS listener */

struct front_shard {
	enum front_source source;
	struct front_listener *listener;
	struct MHD_Daemon *daemon; /* NULL: not needed yet */
	int epoll_fd; /* the daemon's */
	bool secure;
	bool due; /* the daemon has something to do */
};

struct front_listener {
	struct front *front;
	struct front_handler handler;
	struct front_door door;
	struct front_tls *tls; /* under the front's lock; NULL: no TLS */
	atomic_bool tls_stale; /* it has changed since the last sweep */
	struct front_tls_policy
	    policy; /* under the front's lock; so the next */
	/* Made when first wanted, by minimum and maximum version; GnuTLS may keep one for a session's life. */
	gnutls_priority_t priorities[FRONT_TLS_VERSIONS][FRONT_TLS_VERSIONS];
	bool secure; /* it has TLS; settled at start */
	bool started;
	struct front_shard shards[FRONT_SHARDS + 1];
	unsigned next_shard; /* the one that gets the next connection */
	unsigned held_count; /* connections that are not the library's */
	const struct http_entry *
	    entering; /* of the connection that is being handed to the library */
};

/* What stays the same for all requests of a connection. */
struct front_connection {
	struct http_connection http;
	struct front_tls *tls; /* what it was given; NULL: nothing */
	struct front_cutter
	    *cutter; /* owned; breaks its handshake off; NULL: none */
	bool no_close_notify;
	char peer[HTTP_ADDR_MAX];
	char local[HTTP_ADDR_MAX];
	uint16_t peer_port;
	uint16_t local_port;
};

/* What a suspended exchange waits for, beside its answer. */
enum front_wait {
	FRONT_WAIT_NONE,
	FRONT_WAIT_ROOM, /* the socket of a raw reply takes more */
	FRONT_WAIT_INPUT, /* the client sends, or ends */
	FRONT_WAIT_DELAY, /* the reply's time */
	FRONT_WAIT_SILENT, /* the client leaves */
	FRONT_WAIT_DRIP, /* the next portion's time */
	FRONT_WAIT_ANSWER, /* the answer, while the client is watched */
	FRONT_WAIT_STREAM, /* the next piece of a stream */
	FRONT_WAIT_DRAIN, /* the client has taken what it was sent; then a look again */
};

struct front_exchange {
	enum front_source source;
	struct front_listener *listener;
	struct front_shard *shard;
	struct MHD_Connection *connection;
	int fd; /* of the connection; the library's */
	struct http_request rq;
	struct http_header *headers;
	struct buf body;
	uint64_t discarded; /* bytes of a body that is too long */
	void *user;
	bool begun; /* rq has all but the body */
	bool early; /* handed over before its body was read */
	bool must_close; /* the request wants the connection ended */
	bool announced; /* expected() was called: done() is owed */
	char expect[16]; /* what the client's Expect said */
	bool handed; /* request() was called: done() is owed */
	bool in_request; /* request() is on the stack now */
	bool no_close_notify; /* its connection ends without one */
	bool suspended;
	bool watched; /* by its handler: see front_watch() */
	int64_t watch_ms;
	bool answered; /* the fields below are set */
	bool queued; /* the library has the reply */
	bool half_closed; /* the client had closed its side before the answer */
	bool
	    sent; /* a raw reply went out whole, or an act without one was done */
	bool ripe; /* the delay is over */
	bool left; /* the client left while it waited */
	bool cut_short; /* the stop ended its waiting */
	bool
	    broken; /* memory ran out over the reply; set as the fields below */

	/* Written by front_answer() in any thread, before the exchange is in the list of answered ones. */
	struct MHD_Response *
	    response; /* owned; NULL when the reply is raw or could not be made */
	unsigned status;
	struct buf head; /* a raw reply: status line and headers */
	struct bytes raw_body;
	uint8_t *body_copy; /* owned: what raw_body is in */
	struct wire wire;
	struct http_stream *stream; /* one reference; NULL: none */

	bool streaming; /* attached to it */
	bool chunked;
	bool stream_over; /* its last piece is in head */
	bool woken; /* in the list of those that were; under the front's lock */
	struct front_exchange *next_woken; /* under the front's lock */
	size_t raw_at; /* bytes of head and raw_body that are out */
	size_t
	    portion_end; /* of a drip: as far as this portion goes; 0: not begun */
	int64_t
	    drain_until_us; /* before a reset: wait no longer for the client to take all; 0: not begun */
	enum front_wait wait; /* not NONE: in our epoll set */
	int64_t due_us; /* of the wait; INT64_MAX: never */
	size_t heap_at;
	int64_t linger_until_us; /* not 0: sent, and reading to nowhere */
	struct front_exchange *next_answered; /* under the front's lock */
	struct front_exchange *prev, *next; /* in the list of handed ones */
	char target[];
};

struct front_wait_heap {
	struct front_exchange **items;
	size_t n, size;
};

enum front_state { FRONT_NEW, FRONT_RUNNING, FRONT_OVER };

struct front {
	const struct env *env;
	struct log log;
	struct front_limits limits;
	struct front_listener *listeners[FRONT_LISTENERS_MAX];
	unsigned listener_count;
	int epoll_fd;
	int wake_fd;
	enum front_source wake_source;
	pthread_t thread;
	bool started;
	atomic_bool stopping; /* replies end their connections */

	pthread_mutex_t lock;
	struct front_exchange *answered; /* newest first; under lock */
	struct front_exchange *woken; /* under lock */
	enum front_state state; /* under lock */
	struct front_order *orders; /* under lock */
	pthread_cond_t ordered; /* some of them were carried out */
	bool stop; /* under lock */
	int64_t stop_deadline_us; /* under lock */

	struct front_exchange *handed;
	struct front_wait_heap waits; /* those with a time */
	struct front_held *held; /* connections that are not the library's */
	struct front_held *held_over; /* closed, not freed yet */
	bool stop_seen;
	bool cut; /* the deadline of the stop is over */
};

/* door.c */
void front_door_knock(struct front_door *d); /* somebody is there */
/* Accept when it can be done; returns when to ask again, or INT64_MAX. */
int64_t front_door_tend(struct front_door *d, int64_t now_us);
void front_door_close(struct front_door *d);
/* Carry out what other threads want; over: refuse it, now and from now on. */
void front_take_orders(struct front *f, bool over);

/* entry.c: connections before they are the library's. */
/* Take a connection that was accepted, or do with it what the handler wants. */
void front_enter(struct front_listener *l, int fd,
    const struct sockaddr_storage *ss, socklen_t n);
struct front_held;
void front_held_event(struct front_held *held);
void front_held_sweep(
    struct front *f); /* free those that are over; not between events */
void front_held_clear(struct front *f); /* close all that are held */

/* tls.c */
struct front_tls;
/* A new listener's policy. */
void front_tls_init(struct front_listener *l);
/* Give a new connection the certificate and policy that hold now; NULL: it has no session. */
struct front_tls *front_tls_give(struct front_listener *l,
    struct MHD_Connection *connection, struct front_connection *c);
void front_tls_return(
    struct front_listener *l, struct front_tls *t); /* accepts NULL */
/* Free old ones that no connection has; not while the library runs. */
void front_tls_sweep(struct front_listener *l);
void front_tls_clear(struct front_listener *l); /* free them all */

/* listener.c */
void front_address_text(const struct sockaddr *sa, char out[HTTP_ADDR_MAX]);
uint16_t front_port_of(
    const struct sockaddr *sa); /* 0: neither IPv4 nor IPv6 */
MUST_USE int front_listener_start(struct front_listener *l, struct err *e);
void front_listener_stop(
    struct front_listener *l); /* the daemons and their connections */
/* The shard for the next connection, started if need be; NULL: none can be had. */
struct front_shard *front_listener_shard(struct front_listener *l, bool plain);
/* Connections of all shards, and those that are held. */
unsigned front_listener_connections(const struct front_listener *l);
void front_listener_free(struct front_listener *l); /* accepts NULL */

/* collect.c: the library's callbacks; cls is the listener. */
void *front_on_target(
    void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result front_on_access(void *cls, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_n, void **ctx);
void front_on_completed(void *cls, struct MHD_Connection *connection,
    void **ctx, enum MHD_RequestTerminationCode code);

/* play.c */
void front_reply_prepare(struct front_exchange *fx, const struct http_reply *r);
/* Suspend until there is an answer, or send it. MHD_NO ends the connection. */
enum MHD_Result front_play(struct front_exchange *fx);

/* raw.c: the one place that writes to a socket itself. */
/* Can only we send what the wire wants? */
bool front_raw_needed(const struct wire *w);
void front_raw_prepare(struct front_exchange *fx, const struct http_reply *r);
/* MHD_YES: suspended until the socket takes more; MHD_NO: at the end, fx->sent says which. */
enum MHD_Result front_raw_play(struct front_exchange *fx);
/* Bytes of head and raw_body before until that the socket took; 0: none now; -1: the connection is broken. */
ssize_t front_raw_send(struct front_exchange *fx, size_t until);
enum MHD_Result front_raw_wait_for_room(struct front_exchange *fx);
/* Send the next portion of a drip; true: there is more, at *due_us. */
bool front_raw_drip(struct front_exchange *fx, int64_t *due_us);
enum MHD_Result front_raw_close(struct front_exchange *fx);
enum MHD_Result front_raw_reset(struct front_exchange *fx);

/* stream.c */
void front_stream_prepare(struct front_exchange *fx, struct http_stream *s);
/* MHD_YES: suspended until there is more to send or room for it; MHD_NO: at the end. */
enum MHD_Result front_stream_play(struct front_exchange *fx);
/* Let those go on that have something to take. */
void front_stream_take_woken(struct front *f);
void front_stream_leave(struct front_exchange *fx); /* no more of it */

/* wait.c */
/* MHD_YES: suspended until what it waits for, or due_us; MHD_NO: it cannot be. */
enum MHD_Result front_wait_begin(
    struct front_exchange *fx, enum front_wait what, int64_t due_us);
/* What it waits for is there: go on. */
void front_wait_end(struct front_exchange *fx);
void front_wait_event(struct front_exchange *fx);
/* End the waits whose time has come; returns the next time, or INT64_MAX. */
int64_t front_wait_expire(struct front *f, int64_t now_us);
/* End delays and silences at once. */
void front_wait_stop(struct front *f);

/* loop.c */
void *front_loop(void *front);
void front_wake(struct front *f);
void front_resume(struct front_exchange *fx);

#endif
