/* SPDX-License-Identifier: MIT */
/*
 * What a site remembers of its exchanges for the sake of rules and of the
 * journal: how often a transaction came, nonces, and the last CertRep that it
 * sent. One lock; any thread.
 */
#ifndef SERVER_MEMORY_H
#define SERVER_MEMORY_H

#include <pthread.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define MEMORY_TRANSACTIONS 4096 /* a power of two */
#define MEMORY_NONCES 1024 /* a power of two */

/*
 * Transactions share so many places by their hash; when two meet in one, the
 * older is forgotten and counts anew.
 */
struct memory {
	pthread_mutex_t lock;
	struct {
		uint64_t hash, count;
	} * transactions; /* made when first needed */
	uint64_t *nonces; /* hashes; made when first needed */
	struct buf reply; /* the last CertRep */
	struct buf sender_nonce;
};

struct memory *memory_new(struct err *e); /* NULL on failure */
void memory_free(struct memory *m); /* accepts NULL */
/* How many messages of the transaction came before this one. */
uint64_t memory_count(struct memory *m, struct bytes transaction);
/* The last CertRep from now on; one of more than 256 KiB is as none. */
void memory_keep(
    struct memory *m, struct bytes reply, struct bytes sender_nonce);
/* Was it in one of the last messages? It is from now on. */
bool memory_saw_nonce(struct memory *m, struct bytes nonce);
/* Copies in the arena; p NULL: nothing yet. */
void memory_last(struct memory *m, struct arena *arena, struct bytes *reply,
    struct bytes *sender_nonce);

#endif
