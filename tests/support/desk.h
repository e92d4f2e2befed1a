/* SPDX-License-Identifier: MIT */
/*
 * A server without sockets: request values go in, reply values come out, and
 * the clock is ours. Messages are made and read by the test client, which
 * shares no code with the server.
 */
#ifndef SUPPORT_DESK_H
#define SUPPORT_DESK_H

#include <pthread.h>
#include <stdatomic.h>

#include "support/client.h" /* libcrypto before asn1/reader.h */

#include "server/server.h"

#define DESK_SECRET "Static-Probe-1"
#define DESK_SEED 7
#define DESK_PATH "/certsrv/mscep/mscep.dll"
#define DESK_ADMIN "Basic bmRlczpuZGVz" /* ndes:ndes */

struct desk {
	struct env env;
	atomic_llong now_ms; /* begins at the real time */
	struct host host;
	struct server *server;
	const char *
	    below; /* what requests go below ("/s/ID"); NULL: the default site */
	struct client_ca ca; /* after desk_ca() */
	pthread_mutex_t lock;
	char log[2048]; /* the operator's last line */
};

/* A healthy deployment, changed by the built-in scenario when one is named. The test fails when there is none. */
void desk_open(struct desk *d, const char *scenario);
/* The same with a host of one's own. */
void desk_open_host(struct desk *d, const struct host *host);
/* The same with the text of a scenario, whose rules count too. */
void desk_open_text(struct desk *d, const char *yaml);
void desk_close(struct desk *d);

struct desk_request {
	const char *method; /* NULL: GET, or POST with a body */
	const char *target;
	const char *authorization; /* NULL: no such header */
	struct client_bytes body; /* lent */
};

/* One exchange from its receipt to its end; out as from a socket, the head as it would be written. */
void desk_ask(
    struct desk *d, const struct desk_request *rq, struct client_http *out);

/* GetCACert into d->ca. */
void desk_ca(struct desk *d, struct client *c);

/* A message of the client, and its CertRep. The test fails unless one comes that is sound. */
void desk_enrol(struct desk *d, struct client *c,
    const struct client_enrolment *e, struct client_certrep *out);

/* The admin page as text, and a one-time password from it. */
void desk_page(struct desk *d, char *out, size_t size);
void desk_password(struct desk *d, char out[CLIENT_TEXT_MAX]);

#endif
