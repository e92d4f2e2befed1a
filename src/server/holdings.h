/* SPDX-License-Identifier: MIT */
/*
 * What a deployment has gathered from its exchanges: certificates, passwords,
 * crashes of its pool, what rules remember. Counted as a whole and part by
 * part: a reset makes new parts and swaps them in with a snapshot, so that an
 * exchange that came before it writes into what is gone.
 */
#ifndef SERVER_HOLDINGS_H
#define SERVER_HOLDINGS_H

#include <stdatomic.h>

#include "ndes/challenge.h"
#include "ndes/pool.h"
#include "server/memory.h"
#include "store/store.h"

enum holding {
	HOLDING_CERTIFICATES, /* with serials and revocations */
	HOLDING_CHALLENGES,
	HOLDING_POOL,
	HOLDING_MEMORY,
	HOLDINGS
};

struct held; /* one part */

struct holdings {
	atomic_uint refs;
	struct held *held[HOLDINGS];
	/* the parts themselves, lent from there */
	struct store *store;
	struct challenge_cache *challenges;
	struct pool *pool;
	struct memory *memory;
};

struct holdings_options { /* borrowed */
	const char *challenge; /* NULL: none */
	struct store
	    *store; /* must outlive it; NULL: one of its own, in memory */
};

/*
 * New ones; of before (NULL: none) all parts are kept whose bit (1 << enum
 * holding) is in keep. One reference. NULL on failure.
 */
struct holdings *holdings_new(const struct holdings_options *options,
    struct holdings *before, unsigned keep, struct err *e);
struct holdings *holdings_ref(struct holdings *h);
void holdings_unref(struct holdings *h); /* accepts NULL */

#endif
