/* SPDX-License-Identifier: MIT */
/*
 * The life of a front: made, given listeners, started, stopped, freed. What
 * happens between start and stop is loop.c's.
 */
#include "front/front.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "front/inside.h"

static int
open_events(struct front *f, struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN,
		.data.ptr = &f->wake_source };

	f->wake_source = FRONT_FROM_WAKE;
	f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	f->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (f->epoll_fd == -1 || f->wake_fd == -1 ||
	    epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, f->wake_fd, &ev) == -1)
		return err_sys(e, ERR_SYSTEM, "no event queue to be had");
	return 0;
}

struct front *
front_new(const struct env *env, const struct log *log,
    const struct front_limits *limits, struct err *e)
{
	struct front *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		(void)err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	f->env = env;
	f->log = *log;
	f->limits = *limits;
	f->epoll_fd = -1;
	f->wake_fd = -1;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->ordered, NULL);
	if (open_events(f, e) == -1) {
		front_free(f);
		return NULL;
	}
	return f;
}

/* No signal is for the event thread, SIGPIPE of a TLS record included. */
static int
start_thread(struct front *f, struct err *e)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&f->thread, NULL, front_loop, f);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		return 0;
	errno = r;
	return err_sys(e, ERR_SYSTEM, "no thread to be had");
}

int
front_start(struct front *f, struct err *e)
{
	unsigned i;

	for (i = 0; i < f->listener_count; i++)
		if (front_listener_start(f->listeners[i], e) == -1)
			goto out;
	f->state = FRONT_RUNNING;
	if (start_thread(f, e) == -1)
		goto out;
	f->started = true;
	return 0;
out:
	f->state = FRONT_OVER;
	for (i = 0; i < f->listener_count; i++)
		front_listener_stop(f->listeners[i]);
	return -1;
}

void
front_stop_begin(struct front *f, int64_t grace_ms)
{
	atomic_store(&f->stopping, true);
	pthread_mutex_lock(&f->lock);
	if (!f->stop)
		f->stop_deadline_us = env_monotonic_us() + grace_ms * 1000;
	f->stop = true;
	pthread_mutex_unlock(&f->lock);
	front_wake(f);
}

void
front_stop(struct front *f, int64_t grace_ms)
{
	if (!f->started)
		return;
	front_stop_begin(f, grace_ms);
	(void)pthread_join(f->thread, NULL);
	f->started = false;
}

void
front_free(struct front *f)
{
	unsigned i;

	if (f == NULL)
		return;
	for (i = 0; i < f->listener_count; i++)
		front_listener_free(f->listeners[i]);
	if (f->epoll_fd != -1)
		close(f->epoll_fd);
	if (f->wake_fd != -1)
		close(f->wake_fd);
	free(f->waits.items);
	(void)pthread_cond_destroy(&f->ordered);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}
