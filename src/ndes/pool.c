/* SPDX-License-Identifier: MIT */
/* The application pool SCEP at run time: state, process numbers, and when its processes died. */
#include "ndes/pool.h"

#include <pthread.h>
#include <stdlib.h>

#define CRASHES_MAX 1000 /* the upper bound of app_pool.rapid_fail_crashes */
#define FIRST_PID 1424u
#define KNUTH 2654435761u

struct pool {
	pthread_mutex_t lock;
	enum pool_state state;
	unsigned pid; /* of the process that serves now */
	int64_t crash_ms[CRASHES_MAX]; /* a ring */
	size_t next; /* place of the next crash in it */
	size_t count; /* at most CRASHES_MAX */
};

struct pool *
pool_new(struct err *e)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		(void)err_set(
		    e, ERR_MEMORY, "no memory for an application pool");
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	p->pid = FIRST_PID;
	return p;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Windows' process ids are multiples of four; other processes take some of them meanwhile. */
static void
renew_process(struct pool *p)
{
	p->pid += 4 * (1 + p->pid * KNUTH / (1u << 28));
}

static enum pool_state
configured_state(const struct host *host)
{
	switch ((enum host_pool_state)host->app_pool.state) {
	case HOST_POOL_STOPPED:
		return POOL_STOPPED;
	case HOST_POOL_DISABLED:
		return POOL_DISABLED;
	case HOST_POOL_STARTED:
		break;
	}
	return POOL_STARTED;
}

void
pool_start(struct pool *p, const struct host *host)
{
	pthread_mutex_lock(&p->lock);
	p->state = configured_state(host);
	p->count = 0;
	p->next = 0;
	renew_process(p);
	pthread_mutex_unlock(&p->lock);
}

enum pool_state
pool_state(struct pool *p)
{
	enum pool_state state;

	pthread_mutex_lock(&p->lock);
	state = p->state;
	pthread_mutex_unlock(&p->lock);
	return state;
}

static void
remember(struct pool *p, int64_t now_ms)
{
	p->crash_ms[p->next] = now_ms;
	p->next = (p->next + 1) % CRASHES_MAX;
	if (p->count < CRASHES_MAX)
		p->count++;
}

/* Have the last so many crashes, this one included, happened within the interval? */
static bool
fails_rapidly(const struct pool *p, const struct host *host, int64_t now_ms)
{
	size_t wanted = (size_t)host->app_pool.rapid_fail_crashes;
	size_t at;

	if (!host->app_pool.rapid_fail_protection || wanted == 0 ||
	    p->count < wanted)
		return false;
	at = (p->next + CRASHES_MAX - wanted) % CRASHES_MAX;
	return now_ms - p->crash_ms[at] <=
	    host->app_pool.rapid_fail_interval_ms;
}

bool
pool_crash(
    struct pool *p, const struct host *host, int64_t now_ms, unsigned *pid)
{
	bool disabled = false;

	pthread_mutex_lock(&p->lock);
	*pid = 0;
	if (p->state == POOL_STARTED) {
		*pid = p->pid;
		renew_process(p);
		remember(p, now_ms);
		disabled = fails_rapidly(p, host, now_ms);
		if (disabled)
			p->state = POOL_DISABLED;
	}
	pthread_mutex_unlock(&p->lock);
	return disabled;
}
