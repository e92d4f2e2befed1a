/* SPDX-License-Identifier: MIT */
/* The queue between the writer of a body and the connection that sends it. */
#include "http/stream.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/buf.h"

struct http_stream {
	atomic_uint refs;
	pthread_mutex_t lock;
	size_t max;
	int64_t every_ms; /* of the heartbeat; 0: none */
	struct bytes heartbeat;
	struct buf waiting; /* under lock; so all that follows */
	size_t taken; /* of waiting */
	struct buf farewell;
	bool ended; /* by the writer, or cut off */
	bool left; /* the reader */
	void (*wake)(void *ctx); /* NULL: nobody reads yet, or any more */
	void *wake_ctx;
};

struct http_stream *
http_stream_new(size_t max, struct bytes farewell)
{
	struct http_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	atomic_init(&s->refs, 1);
	(void)pthread_mutex_init(&s->lock, NULL);
	s->max = max;
	/* Bytes that were taken make room only when all are gone. */
	buf_init(&s->waiting, 2 * max + farewell.n);
	buf_init(&s->farewell, farewell.n);
	buf_add(&s->farewell, farewell);
	if (buf_ok(&s->farewell))
		return s;
	http_stream_unref(s);
	return NULL;
}

struct http_stream *
http_stream_ref(struct http_stream *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void
http_stream_unref(struct http_stream *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	buf_clear(&s->waiting);
	buf_clear(&s->farewell);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

/* Drop what was taken when that is worth it. */
static void
compact(struct http_stream *s)
{
	size_t left = s->waiting.n - s->taken;

	if (s->taken < s->waiting.max / 2 && left > 0)
		return;
	if (left > 0)
		memmove(s->waiting.p, s->waiting.p + s->taken, left);
	s->waiting.n = left;
	s->taken = 0;
}

static void
wake_reader(struct http_stream *s)
{
	if (s->wake != NULL)
		s->wake(s->wake_ctx);
}

int
http_stream_push(struct http_stream *s, struct bytes piece)
{
	int rc = -1;

	pthread_mutex_lock(&s->lock);
	if (!s->ended && !s->left) {
		compact(s);
		if (piece.n <= s->max - (s->waiting.n - s->taken)) {
			buf_add(&s->waiting, piece);
			rc = buf_ok(&s->waiting) ? 0 : -1;
		} else {
			buf_add(&s->waiting, buf_bytes(&s->farewell));
		}
		s->ended = rc == -1;
		wake_reader(s);
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

void
http_stream_end(struct http_stream *s)
{
	pthread_mutex_lock(&s->lock);
	if (!s->ended) {
		s->ended = true;
		wake_reader(s);
	}
	pthread_mutex_unlock(&s->lock);
}

void
http_stream_heartbeat(
    struct http_stream *s, int64_t every_ms, struct bytes piece)
{
	s->every_ms = every_ms;
	s->heartbeat = piece;
}

int64_t
http_stream_patience(const struct http_stream *s)
{
	return s->every_ms;
}

void
http_stream_beat(struct http_stream *s)
{
	pthread_mutex_lock(&s->lock);
	if (!s->ended && s->waiting.n == s->taken)
		buf_add(&s->waiting, s->heartbeat);
	pthread_mutex_unlock(&s->lock);
}

void
http_stream_attach(struct http_stream *s, void (*wake)(void *ctx), void *ctx)
{
	pthread_mutex_lock(&s->lock);
	s->wake = wake;
	s->wake_ctx = ctx;
	pthread_mutex_unlock(&s->lock);
}

void
http_stream_detach(struct http_stream *s)
{
	pthread_mutex_lock(&s->lock);
	s->wake = NULL;
	s->left = true;
	pthread_mutex_unlock(&s->lock);
}

size_t
http_stream_take(struct http_stream *s, void *p, size_t n, bool *over)
{
	size_t left;

	pthread_mutex_lock(&s->lock);
	left = s->waiting.n - s->taken;
	if (n > left)
		n = left;
	if (n > 0)
		memcpy(p, s->waiting.p + s->taken, n);
	s->taken += n;
	compact(s);
	*over = left == 0 && s->ended;
	pthread_mutex_unlock(&s->lock);
	return n;
}
