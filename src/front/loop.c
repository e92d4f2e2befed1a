/* SPDX-License-Identifier: MIT */
/*
 * The event thread: it waits for the epoll sets of all daemons at once, for
 * an eventfd by which other threads wake it, and for sockets that raw.c
 * writes to. The library allows this for TLS too: a daemon without a thread
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

static void
resume(struct front_exchange *fx)
{
	MHD_resume_connection(fx->connection);
	fx->listener->due = true;
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
		resume(fx);
	}
}

/* The socket of a raw reply takes more, or will never. */
static void
end_raw_wait(struct front_exchange *fx)
{
	struct front *f = fx->listener->front;

	if (fx->raw_deadline_us == 0)
		return;
	fx->raw_deadline_us = 0;
	(void)epoll_ctl(f->epoll_fd, EPOLL_CTL_DEL, fx->fd, NULL);
	f->raw_waiting--;
	resume(fx);
}

/* Raw replies whose client has not read for too long: the next write fails and ends them. */
static int64_t
check_raw_deadlines(struct front *f, int64_t now_us)
{
	int64_t next = INT64_MAX;
	struct front_exchange *fx;

	if (f->raw_waiting == 0)
		return next;
	for (fx = f->handed; fx != NULL; fx = fx->next) {
		if (fx->raw_deadline_us == 0)
			continue;
		if (fx->raw_deadline_us <= now_us) {
			(void)shutdown(fx->fd, SHUT_RDWR);
			end_raw_wait(fx);
		} else if (fx->raw_deadline_us < next) {
			next = fx->raw_deadline_us;
		}
	}
	return next;
}

static unsigned
connections(const struct front_listener *l)
{
	return MHD_get_daemon_info(
	    l->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
	    ->num_connections;
}

/*
 * A daemon at its limit listens again only in the run after the one that
 * dropped below it; nothing else would wake us for that.
 */
static void
run(struct front_listener *l)
{
	unsigned max = l->front->limits.connections_max;
	unsigned before;

	l->due = false;
	do {
		before = connections(l);
		(void)MHD_run(l->daemon);
	} while (before >= max && connections(l) < max);
}

/* Run what is due; returns how many milliseconds the daemons can wait, or -1. */
static int64_t
run_due(struct front *f)
{
	unsigned long long ms;
	int64_t least = -1;
	unsigned i;

	for (i = 0; i < f->listener_count; i++) {
		if (f->listeners[i]->due)
			run(f->listeners[i]);
		if (MHD_get_timeout(f->listeners[i]->daemon, &ms) != MHD_YES)
			continue;
		if (ms > WAIT_MAX_MS)
			ms = WAIT_MAX_MS;
		f->listeners[i]->due = ms == 0;
		if (least == -1 || (int64_t)ms < least)
			least = (int64_t)ms;
	}
	return least;
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
	for (i = 0; i < f->listener_count; i++)
		if (f->listeners[i]->fd != -1)
			front_listener_quiesce(f->listeners[i]);
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

static void
wait_for_events(struct front *f, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	enum front_source *source;
	int i, n = epoll_wait(f->epoll_fd, events, EVENTS_MAX, timeout_ms);
	unsigned k;

	for (i = 0; i < n; i++) {
		source = events[i].data.ptr;
		switch (*source) {
		case FRONT_FROM_WAKE:
			drain_wake(f);
			break;
		case FRONT_FROM_LISTENER:
			((struct front_listener *)events[i].data.ptr)->due =
			    true;
			break;
		case FRONT_FROM_EXCHANGE:
			end_raw_wait(events[i].data.ptr);
			break;
		}
	}
	/* Waiting timed out: some daemon's connection did too. */
	for (k = 0; n == 0 && k < f->listener_count; k++)
		f->listeners[k]->due = true;
}

void *
front_loop(void *front)
{
	struct front *f = front;
	int64_t now_us, stop_us, raw_us, daemons_ms;
	unsigned i;

	for (;;) {
		take_answers(f);
		daemons_ms = run_due(f);
		now_us = env_monotonic_us();
		if (stop_step(f, now_us, &stop_us))
			break;
		raw_us = check_raw_deadlines(f, now_us);
		for (i = 0; i < f->listener_count; i++)
			if (f->listeners[i]->due)
				daemons_ms = 0;
		wait_for_events(f,
		    wait_ms(daemons_ms, stop_us < raw_us ? stop_us : raw_us,
			now_us));
	}
	for (i = 0; i < f->listener_count; i++)
		front_listener_stop(f->listeners[i]);
	return NULL;
}
