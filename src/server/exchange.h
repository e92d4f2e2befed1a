/* SPDX-License-Identifier: MIT */
/*
 * The walk of an exchange: a request goes forward once through the stages of
 * the simulated deployment (src/ndes/exchange.h). Constant answers are made
 * where the request arrives; what needs private keys goes on with a worker.
 */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include "ndes/exchange.h"

/* Memory that one exchange may use: a body of 1 MiB, its decoded forms, and an answer that a rule made very large. */
#define EXCHANGE_MEMORY_MAX ((size_t)128 << 20)

/* Is there a reply, or an act that takes its place (a connection closed without a byte)? */
bool exchange_is_answered(const struct ndes_exchange *x);

/* The stages up to the point where a worker is needed or the reply is there; ndes_route() came before. */
void exchange_arrive(struct ndes_exchange *x);

/* Where something may look at the value in flight between two stages of a worker's. */
struct exchange_seams {
	bool (*decoded)(void *ctx); /* false: go no further */
	int (*composed)(
	    void *ctx, struct pki_ctx *pki, struct err *e); /* -1: we failed */
	void *ctx;
};

/*
 * The stages behind it; ctx is the worker's. Always leaves a reply, unless a
 * seam ended it: when we fail ourselves it is a 500 that says so, and *e
 * tells why (e->code is ERR_NONE when all went well).
 */
void exchange_work(struct ndes_exchange *x, struct pki_ctx *ctx,
    const struct exchange_seams *seams, struct err *e);

#endif
