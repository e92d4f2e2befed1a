/* SPDX-License-Identifier: MIT */
/*
 * A deployment of the room ndes in memory, for tests: the clock stands still
 * until it is set, requests are made from text, and the stages are walked as
 * the server does. With real keys and a real CA where a test wants them.
 */
#ifndef SUPPORT_NDES_ROOM_H
#define SUPPORT_NDES_ROOM_H

#include "ndes/exchange.h"
#include "ndes/pool.h"

#define ROOM_HEADERS_MAX 8

struct room {
	struct host host;
	struct ndes_deployment dep;
	int64_t now_ms; /* of the clock */
	struct env env;
	/* NULL without a CA */
	struct pki_lib *lib;
	struct pki_ctx *ctx;
	struct ca_keys *keys;
	struct store *store;
	struct ca_material *material;
};

/* A healthy deployment; the clock shows 2026-03-04 05:06:07 UTC. Fails the test when it cannot be made. */
void room_open(struct room *r, bool with_ca);
void room_close(struct room *r);

/* What the start of the pool does: mscep.dll loads or not, the cache is emptied and filled anew. */
void room_start(struct room *r);

/* The certificates anew; spec's states, the rest as room_open() has it. */
void room_mint(struct room *r, struct ca_material_spec spec);

/* The data of the first event of this kind that was noted, or NULL; and how many there are. */
const struct event *room_event(
    const struct ndes_exchange *x, enum event_kind kind);
size_t room_events(const struct ndes_exchange *x, enum event_kind kind);

/* Set a key of the model; fails the test when it is refused. */
void room_set(struct room *r, const char *path, const char *value);

/*
 * An exchange for a request; target, headers ("Name: value", up to a NULL) and
 * body are lent. Released with ndes_exchange_clear().
 */
struct room_request {
	const char *method; /* NULL: GET */
	const char *target;
	const char *headers[ROOM_HEADERS_MAX];
	struct bytes body;
	size_t head_bytes; /* 0: line and headers as they are */
	bool body_too_long, tls;
};

void room_receive(
    struct room *r, struct ndes_exchange *x, const struct room_request *rq);

/* Route and walk the layers, up to where a worker would take over. */
void room_arrive(
    struct room *r, struct ndes_exchange *x, const struct room_request *rq);

/* The same, and the worker's stages after them. 0, or -1 with *e. */
int room_walk(struct room *r, struct ndes_exchange *x,
    const struct room_request *rq, struct err *e);

/* The value of a reply header, or NULL; lent by the reply, a C string. */
const char *room_header(const struct ndes_exchange *x, const char *name);

/* The names of the reply's headers in their order, "A B C". */
void room_header_names(const struct ndes_exchange *x, char out[256]);

/* The body, UTF-16LE, as ASCII text; malloc'ed. */
char *room_page_text(const struct ndes_exchange *x);
/* The test fails unless this is on the page, or is not. */
void room_page_has(const struct ndes_exchange *x, const char *wanted);
void room_page_lacks(const struct ndes_exchange *x, const char *unwanted);

/* As room_arrive(), for the administrator's GET. */
void room_get(struct room *r, struct ndes_exchange *x, const char *target);

#endif
