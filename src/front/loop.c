/* SPDX-License-Identifier: MIT */
/*
 * The event thread: it waits for the epoll sets of all daemons at once, for
 * listening sockets, for an eventfd by which other threads wake it, and for
 * the sockets of exchanges that wait for something (wait.c). The library allows this for TLS too: a daemon without a thread
 * is run by MHD_run(), and records that GnuTLS holds back show as a timeout
 * of zero.
 */
#include "front/inside.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 32
#define WAIT_MAX_MS (60 * 60 * 1000)

void
front_wake(struct front *f)
{
	const uint64_t one = 1;

	/* EAGAIN: the counter is full, so the thread is awake already. */
	while (write(f->wake_fd, &one, sizeof(one)) == -1 && errno == EINTR)
		continue;
}

static void
drain_wake(struct front *f)
{
	uint64_t n;

	while (read(f->wake_fd, &n, sizeof(n)) == -1 && errno == EINTR)
		continue;
}

void
front_resume(struct front_exchange *fx)
{
	MHD_resume_connection(fx->connection);
	fx->shard->due = true;
}

/*
 * Suspending and resuming both happen in this thread only, so an answer that
 * comes before its exchange is suspended cannot be lost: it waits in the list
 * until request() and its caller are through.
 */
static void
take_answers(struct front *f)
{
	struct front_exchange *list, *fx;

	pthread_mutex_lock(&f->lock);
	list = f->answered;
	f->answered = NULL;
	pthread_mutex_unlock(&f->lock);
	while (list != NULL) {
		fx = list;
		list = fx->next_answered;
		fx->answered = true;
		if (fx->wait == FRONT_WAIT_ANSWER)
			front_wait_end(fx);
		else
			front_resume(fx);
	}
	front_stream_take_woken(f);
}

/* Run a shard if it is due; returns how many milliseconds it can wait, or -1. */
static int64_t
run_shard(struct front_shard *shard)
{
	unsigned long long ms;

	if (shard->due) {
		shard->due = false;
		(void)MHD_run(shard->daemon);
		front_tls_sweep(shard->listener);
	} else if (atomic_load(&shard->listener->tls_stale)) {
		front_tls_sweep(shard->listener);
	}
	if (MHD_get_timeout(shard->daemon, &ms) != MHD_YES)
		return -1;
	shard->due = ms == 0;
	return ms > WAIT_MAX_MS ? WAIT_MAX_MS : (int64_t)ms;
}

/* Run what is due; returns how many milliseconds the daemons can wait, or -1. */
static int64_t
run_due(struct front *f)
{
	int64_t least = -1, ms;
	unsigned i, k;

	for (i = 0; i < f->listener_count; i++) {
		for (k = 0; k <= FRONT_SHARDS; k++) {
			if (f->listeners[i]->shards[k].daemon == NULL)
				continue;
			ms = run_shard(&f->listeners[i]->shards[k]);
			if (ms != -1 && (least == -1 || ms < least))
				least = ms;
		}
	}
	return least;
}

/* All of them have something to do. */
static void
all_due(struct front *f)
{
	unsigned i, k;

	for (i = 0; i < f->listener_count; i++)
		for (k = 0; k <= FRONT_SHARDS; k++)
			f->listeners[i]->shards[k].due = true;
}

static bool
any_due(const struct front *f)
{
	unsigned i, k;

	for (i = 0; i < f->listener_count; i++)
		for (k = 0; k <= FRONT_SHARDS; k++)
			if (f->listeners[i]->shards[k].daemon != NULL &&
			    f->listeners[i]->shards[k].due)
				return true;
	return false;
}

/* Take a wish to stop; true when there is nothing more to wait for. */
static bool
stop_step(struct front *f, int64_t now_us, int64_t *deadline_us)
{
	struct front_exchange *fx;
	unsigned i;
	bool stop;

	pthread_mutex_lock(&f->lock);
	stop = f->stop;
	*deadline_us = stop && !f->cut ? f->stop_deadline_us : INT64_MAX;
	pthread_mutex_unlock(&f->lock);
	if (!stop)
		return false;
	if (!f->stop_seen) {
		f->stop_seen = true;
		for (i = 0; i < f->listener_count; i++)
			front_door_close(&f->listeners[i]->door);
		front_wait_stop(f);
	}
	if (f->handed == NULL)
		return true;
	if (now_us >= *deadline_us) {
		f->cut = true;
		*deadline_us = INT64_MAX;
		for (fx = f->handed; fx != NULL; fx = fx->next)
			(void)shutdown(fx->fd, SHUT_RDWR);
	}
	return false;
}

static int
wait_ms(int64_t daemons_ms, int64_t deadline_us, int64_t now_us)
{
	int64_t ms = daemons_ms == -1 ? WAIT_MAX_MS : daemons_ms;
	int64_t left;

	if (deadline_us != INT64_MAX) {
		left = deadline_us <= now_us
		    ? 0
		    : (deadline_us - now_us) / 1000 + 1;
		if (left < ms)
			ms = left;
	}
	return (int)(ms > WAIT_MAX_MS ? WAIT_MAX_MS : ms);
}

/* theirs: the daemons asked to be run after that time. */
static void
wait_for_events(struct front *f, int timeout_ms, bool theirs)
{
	struct epoll_event events[EVENTS_MAX];
	enum front_source *source;
	int i, n = epoll_wait(f->epoll_fd, events, EVENTS_MAX, timeout_ms);

	for (i = 0; i < n; i++) {
		source = events[i].data.ptr;
		switch (*source) {
		case FRONT_FROM_WAKE:
			drain_wake(f);
			break;
		case FRONT_FROM_LISTENER:
			((struct front_shard *)events[i].data.ptr)->due = true;
			break;
		case FRONT_FROM_HELD:
			front_held_event(events[i].data.ptr);
			break;
		case FRONT_FROM_DOOR:
			front_door_knock(events[i].data.ptr);
			break;
		case FRONT_FROM_EXCHANGE:
			front_wait_event(events[i].data.ptr);
			break;
		}
	}
	front_held_sweep(f);
	/* Not for every portion of a drip: each run asks the kernel something. */
	if (n == 0 && theirs)
		all_due(f);
}

/* See to all that has a time; returns the earliest. */
static int64_t
tend(struct front *f, int64_t now_us)
{
	int64_t next = front_wait_expire(f, now_us), t;
	unsigned i;

	for (i = 0; i < f->listener_count; i++) {
		t = front_door_tend(&f->listeners[i]->door, now_us);
		if (t < next)
			next = t;
	}
	return next;
}

void *
front_loop(void *front)
{
	struct front *f = front;
	int64_t now_us, stop_us, next_us, daemons_ms;
	int ms;
	unsigned i;

	for (;;) {
		front_take_orders(f, false);
		take_answers(f);
		daemons_ms = run_due(f);
		now_us = env_monotonic_us();
		if (stop_step(f, now_us, &stop_us))
			break;
		next_us = tend(f, now_us);
		if (any_due(f))
			daemons_ms = 0;
		ms = wait_ms(
		    daemons_ms, stop_us < next_us ? stop_us : next_us, now_us);
		wait_for_events(f, ms, ms == daemons_ms);
	}
	front_take_orders(f, true);
	front_held_clear(f);
	for (i = 0; i < f->listener_count; i++)
		front_listener_stop(f->listeners[i]);
	return NULL;
}
