/* SPDX-License-Identifier: MIT */
/*
 * What the files of this room share. Only the event thread touches a listener
 * or an exchange, but for the fields that say otherwise.
 */
#ifndef FRONT_INSIDE_H
#define FRONT_INSIDE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "front/front.h"

#define FRONT_LISTENERS_MAX 8

/* What an event of the epoll set is about; first member of the things that are in it. */
enum front_source { FRONT_FROM_WAKE, FRONT_FROM_LISTENER, FRONT_FROM_EXCHANGE };

struct front_listener {
	enum front_source source;
	struct front *front;
	struct front_handler handler;
	int fd; /* listening socket; ours, also while the daemon has it */
	const char *chain_pem; /* NULL: no TLS */
	const char *key_pem;
	struct MHD_Daemon *daemon; /* NULL before start */
	int epoll_fd; /* the daemon's */
	bool due; /* the daemon has something to do */
};

/* What stays the same for all requests of a connection. */
struct front_peer {
	char peer[HTTP_ADDR_MAX];
	char local[HTTP_ADDR_MAX];
	uint16_t peer_port;
	uint16_t local_port;
};

struct front_exchange {
	enum front_source source;
	struct front_listener *listener;
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
	bool handed; /* request() was called: done() is owed */
	bool in_request; /* request() is on the stack now */
	bool suspended;
	bool answered; /* the fields below are set */
	bool queued; /* the library has the reply */
	bool half_closed; /* the client had closed its side before the answer */
	bool sent; /* a raw reply went out whole */

	/* Written by front_answer() in any thread, before the exchange is in the list of answered ones. */
	struct MHD_Response *
	    response; /* owned; NULL when the reply is raw or could not be made */
	unsigned status;
	struct buf head; /* a raw reply: status line and headers */
	struct bytes raw_body;

	size_t raw_at; /* bytes of head and raw_body that are out */
	int64_t raw_deadline_us; /* not 0: in our epoll set until then */
	int64_t linger_until_us; /* not 0: sent, and reading to nowhere */
	struct front_exchange *next_answered; /* under the front's lock */
	struct front_exchange *prev, *next; /* in the list of handed ones */
	char target[];
};

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
	bool stop; /* under lock */
	int64_t stop_deadline_us; /* under lock */

	struct front_exchange *handed;
	size_t raw_waiting; /* exchanges in the epoll set */
	bool cut; /* the deadline of the stop is over */
};

/* listener.c */
MUST_USE int front_listener_start(struct front_listener *l, struct err *e);
void front_listener_quiesce(struct front_listener *l);
void front_listener_stop(
    struct front_listener *l); /* the daemon and its connections */
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
void front_raw_prepare(struct front_exchange *fx, const struct http_reply *r);
/* MHD_YES: suspended until the socket takes more; MHD_NO: at the end, fx->sent says which. */
enum MHD_Result front_raw_play(struct front_exchange *fx);

/* loop.c */
void *front_loop(void *front);
void front_wake(struct front *f);

#endif
