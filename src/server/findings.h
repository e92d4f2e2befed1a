/* SPDX-License-Identifier: MIT */
/*
 * What a client did that the RFC does not like, or that is peculiar, as far
 * as one exchange and what its site remembers tell. Private to the room.
 */
#ifndef SERVER_FINDINGS_H
#define SERVER_FINDINGS_H

#include "journal/record.h"
#include "server/faults.h"

#define FINDINGS_MAX 24

struct findings {
	struct journal_finding all
	    [FINDINGS_MAX]; /* texts are constants or in the exchange's arena */
	size_t n;
	const char *
	    nearest; /* for a request that is nothing of ours: what it may have meant; NULL: nothing is near */
};

/* Appended to zeroed findings, in the order in which a request is read. */
void findings_collect(
    struct findings *out, struct ndes_exchange *x, struct exchange_fault *f);

#endif
