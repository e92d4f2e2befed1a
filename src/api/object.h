/* SPDX-License-Identifier: MIT */
/* The public object from within. Private to the room. */
#ifndef API_OBJECT_H
#define API_OBJECT_H

#include "api/listeners.h"
#include "api/options.h"
#include "control/control.h"
#include "mockndes.h"
#include "scenario/set.h"
#include "server/server.h"

#define MESSAGE_MAX \
	((size_t)1 << 20) /* bytes of complaints about one scenario */

struct mockndes {
	struct options options;
	struct host host; /* the model, scenarios applied */
	struct scenario_set *scenarios;
	void (*log_line)(void *ctx, int level, const char *text);
	void *log_ctx;
	void (*shutdown)(void *ctx); /* NULL: nobody is asked */
	void *shutdown_ctx;

	struct server *server;
	struct control *control;
	struct listeners listeners;
	bool running;
	struct buf ready;
	char challenge[CHALLENGE_TEXT_MAX];

	struct buf message; /* why the last failing call failed */
	enum mockndes_code code;
};

/* Keep a failure; returns -1. */
int object_fail(struct mockndes *m, const struct err *e);

/* The fixed password, else a fresh one; lent until the next call. */
MUST_USE int object_challenge(
    struct mockndes *m, const char **out, struct err *e);

#endif
