/* SPDX-License-Identifier: MIT */
/* What a site remembers of its exchanges. */
#include "server/memory.h"

#include <stdlib.h>

#include "fault/draw.h"

#define REPLY_MAX ((size_t)256 << 10)

struct memory *
memory_new(struct err *e)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a site");
		return NULL;
	}
	pthread_mutex_init(&m->lock, NULL);
	buf_init(&m->reply, REPLY_MAX);
	buf_init(&m->sender_nonce, 1024);
	return m;
}

void
memory_free(struct memory *m)
{
	if (m == NULL)
		return;
	free(m->transactions);
	free(m->nonces);
	buf_clear(&m->reply);
	buf_clear(&m->sender_nonce);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

uint64_t
memory_count(struct memory *m, struct bytes transaction)
{
	uint64_t hash = draw_siphash(0, (uintptr_t)m, transaction);
	size_t at = (size_t)hash & (MEMORY_TRANSACTIONS - 1);
	uint64_t before = 0;

	pthread_mutex_lock(&m->lock);
	if (m->transactions == NULL)
		m->transactions =
		    calloc(MEMORY_TRANSACTIONS, sizeof(*m->transactions));
	if (m->transactions != NULL) {
		if (m->transactions[at].hash != hash) {
			m->transactions[at].hash = hash;
			m->transactions[at].count = 0;
		}
		before = m->transactions[at].count++;
	}
	pthread_mutex_unlock(&m->lock);
	return before;
}

/* Nonces share places by their hash; the newer takes it. */
bool
memory_saw_nonce(struct memory *m, struct bytes nonce)
{
	uint64_t hash = draw_siphash(1, (uintptr_t)m, nonce);
	size_t at = (size_t)hash & (MEMORY_NONCES - 1);
	bool seen = false;

	pthread_mutex_lock(&m->lock);
	if (m->nonces == NULL)
		m->nonces = calloc(MEMORY_NONCES, sizeof(*m->nonces));
	if (m->nonces != NULL) {
		seen = m->nonces[at] == hash;
		m->nonces[at] = hash;
	}
	pthread_mutex_unlock(&m->lock);
	return seen;
}

void
memory_keep(struct memory *m, struct bytes reply, struct bytes sender_nonce)
{
	pthread_mutex_lock(&m->lock);
	/* One that was too large for it leaves nothing behind. */
	buf_clear(&m->reply);
	buf_clear(&m->sender_nonce);
	buf_add(&m->reply, reply);
	buf_add(&m->sender_nonce, sender_nonce);
	pthread_mutex_unlock(&m->lock);
}

void
memory_last(struct memory *m, struct arena *arena, struct bytes *reply,
    struct bytes *sender_nonce)
{
	*reply = *sender_nonce = bytes_of(NULL, 0);
	pthread_mutex_lock(&m->lock);
	if (m->reply.n > 0)
		*reply = arena_copy(arena, buf_bytes(&m->reply));
	if (m->sender_nonce.n > 0)
		*sender_nonce = arena_copy(arena, buf_bytes(&m->sender_nonce));
	pthread_mutex_unlock(&m->lock);
}
