/* SPDX-License-Identifier: MIT */
/*
 * The application pool SCEP at run time: started, stopped, or disabled by
 * rapid-fail protection after crashes. The model says what is configured and
 * what makes it crash; this remembers what happened. Own lock; any thread.
 */
#ifndef NDES_POOL_H
#define NDES_POOL_H

#include "base/env.h"
#include "ndes/host.h"

enum pool_state {
	POOL_STARTED,
	POOL_STOPPED, /* by an administrator: HTTPERR Disabled */
	POOL_DISABLED, /* by WAS: HTTPERR AppOffline */
};

struct pool;

struct pool *pool_new(struct err *e);
void pool_free(struct pool *p); /* accepts NULL */

/* The pool is started (or not) as the host says now; crashes are forgotten. */
void pool_start(struct pool *p, const struct host *host);

enum pool_state pool_state(struct pool *p);

/*
 * A worker process died at now_ms. True when this was the crash that made
 * rapid-fail protection disable the pool (five in five minutes by default).
 * *pid is the number of the process that died; 0 when the pool was not
 * started any more, so that none was left to die.
 */
bool pool_crash(
    struct pool *p, const struct host *host, int64_t now_ms, unsigned *pid);

#endif
