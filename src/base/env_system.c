/* SPDX-License-Identifier: MIT */
/* The one file that asks the real clock and the kernel's randomness. */
#include "base/env.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static int64_t
system_now_ms(void *ctx)
{
	struct timespec t;

	(void)ctx;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
system_random(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

const struct env *
env_system(void)
{
	static const struct env env = {
		.now_ms = system_now_ms,
		.random = system_random,
	};

	return &env;
}

int
env_random(const struct env *env, uint8_t *p, size_t n, struct err *e)
{
	if (env->random(env->ctx, p, n) == -1)
		return err_set(e, ERR_SYSTEM, "no randomness is to be had");
	return 0;
}

int64_t
env_monotonic_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
