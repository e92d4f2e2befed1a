/* SPDX-License-Identifier: MIT */
/*
 * The last lines of a log, in memory: added to for as long as a deployment
 * runs, the oldest given up beyond a limit. One lock inside; any thread.
 */
#ifndef NDES_RECENT_H
#define NDES_RECENT_H

#include <pthread.h>

#include "base/buf.h"

struct recent {
	pthread_mutex_t lock;
	size_t max;
	struct buf lines; /* under lock; up to twice max */
	uint64_t given_up; /* bytes; under lock */
};

/* max: bytes that are kept for certain, and given out. */
void recent_init(struct recent *r, size_t max);
void recent_clear(struct recent *r); /* after init; twice is fine */

/* Add whole lines, each with its end. What finds no memory is given up. */
void recent_add(struct recent *r, struct bytes lines);

/* The last lines, at most max bytes of them. Appended. */
void recent_copy(struct recent *r, struct buf *out);

void recent_forget(struct recent *r);

#endif
