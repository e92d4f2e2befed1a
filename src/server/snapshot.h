/* SPDX-License-Identifier: MIT */
/* The lasting parts of a site, and snapshots made of them; private to the room. */
#ifndef SERVER_SNAPSHOT_H
#define SERVER_SNAPSHOT_H

#include "server/site.h"

struct site_parts {
	struct site_options
	    options; /* texts and libraries are borrowed; host and scenarios are not used */
	const char *prefix; /* of its URLs: "", "/x/NAME"; borrowed */
	struct evidence *evidence;
};

/* -1: site_parts_close() is still right. */
/* env dates the evidence; borrowed. */
MUST_USE int site_parts_open(struct site_parts *p, const struct site_options *o,
    const struct env *env, struct err *e);
void site_parts_close(struct site_parts *p);

/* What a snapshot is to be of. Plan and holdings are referenced. */
struct snapshot_wanted {
	const struct host *host;
	struct site_plan *plan;
	struct holdings *holdings;
	struct site_clock clock;
	/* lends its material where nothing in it changed, and its state of mscep.dll unless the pool starts; NULL: none */
	struct site_snapshot *before;
	bool pool_starts;
};

/* A snapshot with one reference. NULL on failure. */
struct site_snapshot *snapshot_make(const struct site_parts *p,
    const struct snapshot_wanted *wanted, struct err *e);

#endif
