/* SPDX-License-Identifier: MIT */
/* Parts in counted boxes. */
#include "server/holdings.h"

#include <stdlib.h>

struct held {
	atomic_uint refs;
	struct store *store;
	bool lent_store;
	struct challenge_cache *challenges;
	struct pool *pool;
	struct memory *memory;
};

static void
held_unref(struct held *h)
{
	if (h == NULL || atomic_fetch_sub(&h->refs, 1) != 1)
		return;
	if (!h->lent_store)
		store_close(h->store);
	challenge_cache_free(h->challenges);
	pool_free(h->pool);
	memory_free(h->memory);
	free(h);
}

/* A box with one part in it. */
static struct held *
held_new(enum holding which, const struct holdings_options *o, struct err *e)
{
	struct held *h = calloc(1, sizeof(*h));
	bool ok = false;

	if (h == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a site");
		return NULL;
	}
	atomic_init(&h->refs, 1);
	switch (which) {
	case HOLDING_CERTIFICATES:
		h->lent_store = o->store != NULL;
		h->store = h->lent_store ? o->store : store_open(NULL, e);
		ok = h->store != NULL;
		break;
	case HOLDING_CHALLENGES:
		h->challenges = challenge_cache_new(o->challenge, e);
		ok = h->challenges != NULL;
		break;
	case HOLDING_POOL:
		h->pool = pool_new(e);
		ok = h->pool != NULL;
		break;
	case HOLDING_MEMORY:
		h->memory = memory_new(e);
		ok = h->memory != NULL;
		break;
	case HOLDINGS:
		break;
	}
	if (ok)
		return h;
	held_unref(h);
	return NULL;
}

static void
lend(struct holdings *h)
{
	h->store = h->held[HOLDING_CERTIFICATES]->store;
	h->challenges = h->held[HOLDING_CHALLENGES]->challenges;
	h->pool = h->held[HOLDING_POOL]->pool;
	h->memory = h->held[HOLDING_MEMORY]->memory;
}

struct holdings *
holdings_new(const struct holdings_options *o, struct holdings *before,
    unsigned keep, struct err *e)
{
	struct holdings *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a site");
		return NULL;
	}
	atomic_init(&h->refs, 1);
	for (unsigned i = 0; i < HOLDINGS; i++) {
		if (before != NULL && (keep & 1U << i) != 0) {
			h->held[i] = before->held[i];
			atomic_fetch_add(&h->held[i]->refs, 1);
			continue;
		}
		h->held[i] = held_new((enum holding)i, o, e);
		if (h->held[i] == NULL) {
			holdings_unref(h);
			return NULL;
		}
	}
	lend(h);
	return h;
}

struct holdings *
holdings_ref(struct holdings *h)
{
	atomic_fetch_add(&h->refs, 1);
	return h;
}

void
holdings_unref(struct holdings *h)
{
	if (h == NULL || atomic_fetch_sub(&h->refs, 1) != 1)
		return;
	for (unsigned i = 0; i < HOLDINGS; i++)
		held_unref(h->held[i]);
	free(h);
}
