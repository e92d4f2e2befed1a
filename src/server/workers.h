/* SPDX-License-Identifier: MIT */
/*
 * The crypto workers: as many threads as asked for, each with its own kept
 * pki_ctx, taking jobs from one queue in order of arrival.
 */
#ifndef SERVER_WORKERS_H
#define SERVER_WORKERS_H

#include "base/err.h"
#include "pki/key.h"

/* Put at the head of whatever is to be done; owned by whoever submits it. */
struct job {
	void (*run)(struct job *job, struct pki_ctx *ctx);
	struct job *next; /* the queue's own */
};

struct workers;

/* lib is borrowed. NULL on failure; then no thread is left behind. */
struct workers *workers_start(
    const struct pki_lib *lib, unsigned threads, struct err *e);

/* Any thread. The job is run exactly once, even when the workers stop. */
void workers_submit(struct workers *w, struct job *job);

/* Run what is queued, then end the threads and free. Accepts NULL. */
void workers_stop(struct workers *w);

#endif
