/* SPDX-License-Identifier: MIT */
/* The lasting parts of a site, and snapshots made of them; private to the room. */
#ifndef SERVER_SNAPSHOT_H
#define SERVER_SNAPSHOT_H

#include "server/site.h"

struct site_parts {
	struct site_options
	    options; /* texts and libraries are borrowed; host is not used */
	const struct env *real; /* the process's clock */
	const struct env *env; /* the deployment's clock */
	struct store *store;
	struct ca *ca;
	struct challenge_cache *challenges;
	struct pool *pool;
	struct evidence *evidence; /* NULL: none on disk */
	struct site_plan *plan; /* to begin with; one reference */
};

/* -1: site_parts_close() is still right. */
MUST_USE int site_parts_open(struct site_parts *p, const struct site_options *o,
    const struct env *env, struct err *e);
void site_parts_close(struct site_parts *p);

/*
 * A snapshot of this model with one reference. before (or NULL) lends its
 * material where nothing in it changed, and its state of mscep.dll unless the
 * pool starts. NULL on failure.
 */
struct site_snapshot *snapshot_make(const struct site_parts *p,
    const struct host *host, struct site_snapshot *before, bool pool_starts,
    struct err *e);

#endif
