/* SPDX-License-Identifier: MIT */
/*
 * The time of a deployment, as its tester sets it: the machine's moved by so
 * much, or standing still. The model's clock.offset comes on top of either:
 * it says by how much the deployment's clock is wrong.
 */
#ifndef SERVER_CLOCK_H
#define SERVER_CLOCK_H

#include "base/env.h"

/* A setting; zeroed: the machine's time. */
struct site_clock {
	bool frozen;
	int64_t
	    at_ms; /* frozen: the time, unix milliseconds; else what is added to the machine's */
};

/* The clock of a snapshot, and with it of all exchanges that have it. Immutable. */
struct site_time {
	const struct env *real;
	struct site_clock clock;
	int64_t offset_ms; /* of the model */
	struct env env; /* tells this time; its context is this struct */
};

/* t stays where it is. */
void site_time_init(struct site_time *t, const struct env *real,
    const struct site_clock *clock, int64_t offset_ms);

#endif
