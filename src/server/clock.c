/* SPDX-License-Identifier: MIT */
/* Times of deployments. */
#include "server/clock.h"

static int64_t
now_ms(void *ctx)
{
	const struct site_time *t = ctx;

	if (t->clock.frozen)
		return t->clock.at_ms + t->offset_ms;
	return env_now_ms(t->real) + t->clock.at_ms + t->offset_ms;
}

static int
get_random(void *ctx, uint8_t *p, size_t n)
{
	const struct site_time *t = ctx;

	return t->real->random(t->real->ctx, p, n);
}

void
site_time_init(struct site_time *t, const struct env *real,
    const struct site_clock *clock, int64_t offset_ms)
{
	*t = (struct site_time){
		.real = real,
		.clock = *clock,
		.offset_ms = offset_ms,
		.env = { now_ms, get_random, t },
	};
}
