/* SPDX-License-Identifier: MIT */
/*
 * Exchanges that wait: for their delay, for room in a socket, for the client
 * to leave. A waiting exchange is suspended in the library, its socket is in
 * our epoll set, and when it waits for a time it is in a heap ordered by it.
 * So a waiting one costs its memory and nothing else until it is its turn.
 */
#include "front/inside.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define HEAP_FIRST 64

/* ---- a binary heap, the earliest on top; each exchange knows its place ---- */

static void
put(struct front_wait_heap *h, size_t at, struct front_exchange *fx)
{
	h->items[at] = fx;
	fx->heap_at = at;
}

static void
sift_up(struct front_wait_heap *h, size_t at, struct front_exchange *fx)
{
	size_t parent;

	while (at > 0) {
		parent = (at - 1) / 2;
		if (h->items[parent]->due_us <= fx->due_us)
			break;
		put(h, at, h->items[parent]);
		at = parent;
	}
	put(h, at, fx);
}

static void
sift_down(struct front_wait_heap *h, size_t at, struct front_exchange *fx)
{
	size_t child;

	for (; (child = 2 * at + 1) < h->n; at = child) {
		if (child + 1 < h->n &&
		    h->items[child + 1]->due_us < h->items[child]->due_us)
			child++;
		if (fx->due_us <= h->items[child]->due_us)
			break;
		put(h, at, h->items[child]);
	}
	put(h, at, fx);
}

static bool
heap_add(struct front_wait_heap *h, struct front_exchange *fx)
{
	size_t size = h->size == 0 ? HEAP_FIRST : 2 * h->size;
	struct front_exchange **items;

	if (h->n == h->size) {
		items =
		    realloc(h->items, size * sizeof(struct front_exchange *));
		if (items == NULL)
			return false;
		h->items = items;
		h->size = size;
	}
	sift_up(h, h->n++, fx);
	return true;
}

static void
heap_remove(struct front_wait_heap *h, struct front_exchange *fx)
{
	struct front_exchange *last = h->items[--h->n];
	size_t at = fx->heap_at;

	if (last == fx)
		return;
	if (at > 0 && last->due_us < h->items[(at - 1) / 2]->due_us)
		sift_up(h, at, last);
	else
		sift_down(h, at, last);
}

/* ---- waiting ---- */

/* What of the client each kind of wait looks for; a reset it notices always. */
static const uint32_t EVENTS[] = {
	[FRONT_WAIT_NONE] = 0,
	[FRONT_WAIT_ROOM] = EPOLLOUT,
	[FRONT_WAIT_INPUT] = EPOLLIN,
	[FRONT_WAIT_DELAY] = 0, /* who closed his side may still read */
	[FRONT_WAIT_SILENT] = EPOLLRDHUP,
	[FRONT_WAIT_DRIP] = 0,
	[FRONT_WAIT_ANSWER] = EPOLLRDHUP,
	[FRONT_WAIT_STREAM] = EPOLLRDHUP,
	[FRONT_WAIT_DRAIN] = 0,
};

enum MHD_Result
front_wait_begin(
    struct front_exchange *fx, enum front_wait what, int64_t due_us)
{
	struct front *f = fx->listener->front;
	struct epoll_event ev = { .events = EVENTS[what] | EPOLLONESHOT,
		.data.ptr = fx };

	fx->due_us = due_us;
	if (due_us != INT64_MAX && !heap_add(&f->waits, fx))
		return MHD_NO;
	if (epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, fx->fd, &ev) == -1) {
		if (due_us != INT64_MAX)
			heap_remove(&f->waits, fx);
		return MHD_NO;
	}
	fx->wait = what;
	fx->suspended = true;
	MHD_suspend_connection(fx->connection);
	return MHD_YES;
}

/* Wait no more, and stay suspended. */
static void
look_away(struct front_exchange *fx)
{
	struct front *f = fx->listener->front;

	fx->wait = FRONT_WAIT_NONE;
	if (fx->due_us != INT64_MAX)
		heap_remove(&f->waits, fx);
	(void)epoll_ctl(f->epoll_fd, EPOLL_CTL_DEL, fx->fd, NULL);
}

void
front_wait_end(struct front_exchange *fx)
{
	look_away(fx);
	front_resume(fx);
}

static void
tell(struct front_exchange *fx, enum front_told what)
{
	const struct front_handler *h = &fx->listener->handler;

	h->told(h->ctx, fx, fx->user, what);
}

void
front_wait_event(struct front_exchange *fx)
{
	switch (fx->wait) {
	case FRONT_WAIT_NONE:
		return;
	case FRONT_WAIT_ROOM:
	case FRONT_WAIT_INPUT:
		break;
	case FRONT_WAIT_DELAY:
	case FRONT_WAIT_SILENT:
	case FRONT_WAIT_DRIP:
	case FRONT_WAIT_STREAM:
	case FRONT_WAIT_DRAIN:
		fx->left = true;
		break;
	case FRONT_WAIT_ANSWER:
		fx->left = true;
		look_away(fx);
		tell(fx, FRONT_TOLD_LEFT);
		return;
	}
	front_wait_end(fx);
}

/* A portion of a drip goes out without the library, and the exchange waits on; false: it needs the library. */
static bool
drip_on(struct front_exchange *fx)
{
	struct front *f = fx->listener->front;
	int64_t due_us;

	if (fx->wait != FRONT_WAIT_DRIP || !front_raw_drip(fx, &due_us))
		return false;
	heap_remove(&f->waits, fx);
	fx->due_us = due_us;
	return heap_add(&f->waits, fx);
}

static void
expire(struct front_exchange *fx)
{
	if (drip_on(fx))
		return;
	if (fx->wait == FRONT_WAIT_ANSWER) {
		heap_remove(&fx->listener->front->waits, fx);
		fx->due_us = INT64_MAX;
		tell(fx, FRONT_TOLD_DUE);
		return;
	}
	/* A client that has not read, or not stopped sending, for too long: the next write or read fails and ends it. */
	if (fx->wait == FRONT_WAIT_DELAY)
		fx->ripe = true;
	else if (fx->wait == FRONT_WAIT_STREAM)
		http_stream_beat(fx->stream);
	else if (fx->wait != FRONT_WAIT_DRIP && fx->wait != FRONT_WAIT_DRAIN)
		(void)shutdown(fx->fd, SHUT_RDWR);
	front_wait_end(fx);
}

int64_t
front_wait_expire(struct front *f, int64_t now_us)
{
	while (f->waits.n > 0 && f->waits.items[0]->due_us <= now_us)
		expire(f->waits.items[0]);
	return f->waits.n > 0 ? f->waits.items[0]->due_us : INT64_MAX;
}

static void
stop(struct front_exchange *fx)
{
	switch (fx->wait) {
	case FRONT_WAIT_NONE:
	case FRONT_WAIT_INPUT:
		return;
	case FRONT_WAIT_ANSWER:
		look_away(fx);
		tell(fx, FRONT_TOLD_STOPPING);
		return;
	case FRONT_WAIT_STREAM: /* it ends in order, see stream.c */
		break;
	case FRONT_WAIT_ROOM:
		if (fx->stream == NULL)
			return;
		fx->cut_short = true;
		break;
	case FRONT_WAIT_DELAY:
	case FRONT_WAIT_SILENT:
	case FRONT_WAIT_DRIP:
	case FRONT_WAIT_DRAIN:
		fx->cut_short = true;
		break;
	}
	front_wait_end(fx);
}

void
front_wait_stop(struct front *f)
{
	struct front_exchange *fx;

	for (fx = f->handed; fx != NULL; fx = fx->next)
		stop(fx);
}
