/* SPDX-License-Identifier: MIT */
/*
 * The listeners of one server, their URLs, and the passage of requests from
 * front/ to server/ and control/. Private to the room.
 */
#ifndef API_LISTENERS_H
#define API_LISTENERS_H

#include "api/options.h"
#include "base/log.h"
#include "control/control.h"
#include "front/front.h"
#include "server/server.h"

struct listeners {
	struct front *front; /* of the SCEP listeners */
	struct front
	    *desk; /* of the control listener, with a thread of its own */
	struct log log;
	bool started;
	struct err
	    failed; /* what listeners_follow() could not do before the start */
	/* of the SCEP listeners, by whether they speak TLS */
	struct {
		bool open;
		unsigned index;
	} scep[2];
	struct server *server; /* borrowed; set by listeners_start() */
	struct control *control; /* borrowed; set by listeners_start() */
	/* owned; NULL where there is no such listener */
	char *scep_url, *scep_url_https, *admin_page_url, *control_url;
	char *url_base; /* "http://127.0.0.1:8080" */
	struct arena
	    entering; /* what is lent to the connection that is being accepted; the event thread's */
};

/* Bind and listen; nothing is accepted yet. The struct must stay where it is. */
MUST_USE int listeners_open(struct listeners *l, const struct options *o,
    const struct log *log, struct err *e);

/*
 * Do with the SCEP listeners what the server wants of them; server_options has
 * it as listeners(), with the struct as ctx. Between listeners_open() and
 * listeners_close(). What fails before listeners_start() makes that fail;
 * later it is logged.
 */
void listeners_follow(void *ctx, const struct server_listening *wanted);

MUST_USE int listeners_start(struct listeners *l, struct server *server,
    struct control *control, struct err *e);

/* End what is in flight, bounded; the server's workers must still run. */
void listeners_stop(struct listeners *l, int64_t grace_ms);

/* Close every socket. The URLs stay. Accepts a zeroed struct. */
void listeners_close(struct listeners *l);

/* Close and forget the URLs too. Accepts a zeroed struct. */
void listeners_clear(struct listeners *l);

#endif
