/* SPDX-License-Identifier: MIT */
/*
 * Time and chance come in through this struct and nowhere else, so that the
 * same input gives the same decisions. Thread-safe when its functions are:
 * the system one is, tests bring their own. Only base/env_system.c asks the
 * real clock and the kernel's randomness.
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include "base/err.h"

struct env {
	int64_t (*now_ms)(void *ctx); /* milliseconds since 1970-01-01 UTC */
	int (*random)(void *ctx, uint8_t *p,
	    size_t n); /* 0, or -1 when none is to be had */
	void *ctx;
};

/* The system's clock and getrandom(2). Lends a constant. */
const struct env *env_system(void);

static inline int64_t
env_now_ms(const struct env *env)
{
	return env->now_ms(env->ctx);
}

/* Whole seconds since 1970-01-01 UTC. */
static inline int64_t
env_now(const struct env *env)
{
	return env->now_ms(env->ctx) / 1000;
}

MUST_USE int env_random(
    const struct env *env, uint8_t *p, size_t n, struct err *e);

/* Microseconds of a clock that never goes back, for measuring; not for dates. */
int64_t env_monotonic_us(void);

#endif
