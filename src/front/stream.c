/* SPDX-License-Identifier: MIT */
/*
 * Replies whose body comes in pieces while they are sent. We frame and send
 * them ourselves: the library would ask for the next piece over and over, and
 * would not notice a client that leaves while there is none. While there is
 * nothing to send the exchange is suspended and waits as others do (wait.c);
 * the writer's thread only puts it into a list and wakes the event thread.
 */
#include "front/inside.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define PIECE_MAX ((size_t)16 << 10)
#define AT_ONCE 16 /* pieces, before others have a turn */
#define FRAME_MAX 32 /* the length of a chunk, line ends, the last chunk */

/* In the writer's thread, with the stream's lock held. */
static void
wake(void *ctx)
{
	struct front_exchange *fx = ctx;
	struct front *f = fx->listener->front;
	bool first;

	pthread_mutex_lock(&f->lock);
	first = !fx->woken && f->woken == NULL;
	if (!fx->woken) {
		fx->woken = true;
		fx->next_woken = f->woken;
		f->woken = fx;
	}
	pthread_mutex_unlock(&f->lock);
	if (first)
		front_wake(f);
}

static struct front_exchange *
next_woken(struct front *f)
{
	struct front_exchange *fx;

	pthread_mutex_lock(&f->lock);
	fx = f->woken;
	if (fx != NULL) {
		f->woken = fx->next_woken;
		fx->woken = false;
	}
	pthread_mutex_unlock(&f->lock);
	return fx;
}

void
front_stream_take_woken(struct front *f)
{
	struct front_exchange *fx;

	while ((fx = next_woken(f)) != NULL)
		if (fx->wait == FRONT_WAIT_STREAM)
			front_wait_end(fx);
}

/* The framing is settled with the head. */
void
front_stream_prepare(struct front_exchange *fx, struct http_stream *s)
{
	fx->chunked = bytes_eq(fx->rq.version, BYTES_LIT("HTTP/1.1"));
	if (fx->chunked)
		buf_add_str(&fx->head, "Transfer-Encoding: chunked\r\n");
	fx->stream = http_stream_ref(s);
	fx->stream_over = fx->rq.method == HTTP_HEAD;
}

void
front_stream_leave(struct front_exchange *fx)
{
	struct front *f = fx->listener->front;
	struct front_exchange **at = &f->woken;

	if (fx->stream == NULL)
		return;
	http_stream_detach(fx->stream);
	http_stream_unref(fx->stream);
	fx->stream = NULL;
	pthread_mutex_lock(&f->lock);
	while (fx->woken && *at != fx)
		at = &(*at)->next_woken;
	if (fx->woken)
		*at = fx->next_woken;
	fx->woken = false;
	pthread_mutex_unlock(&f->lock);
}

/* Frame what there is to be sent next; false when there is nothing now. */
static bool
fill(struct front_exchange *fx)
{
	uint8_t piece[PIECE_MAX];
	bool over;
	size_t n = http_stream_take(fx->stream, piece, sizeof(piece), &over);

	/* The writer may not know yet that the server is stopping. */
	over |= n == 0 && atomic_load(&fx->listener->front->stopping);
	if (n == 0 && !over)
		return false;
	buf_clear(&fx->head);
	buf_init(&fx->head, sizeof(piece) + FRAME_MAX);
	fx->raw_at = 0;
	fx->stream_over = over;
	if (fx->chunked)
		buf_addf(&fx->head, "%zx\r\n", n);
	buf_add(&fx->head, bytes_of(piece, n));
	if (fx->chunked)
		buf_add_str(&fx->head, "\r\n");
	return true;
}

static void
begin(struct front_exchange *fx)
{
	const int on = 1;

	fx->streaming = true;
	(void)setsockopt(fx->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	http_stream_attach(fx->stream, wake, fx);
}

static enum MHD_Result
wait_for_more(struct front_exchange *fx)
{
	int64_t ms = http_stream_patience(fx->stream);

	return front_wait_begin(fx, FRONT_WAIT_STREAM,
	    ms == 0 ? INT64_MAX : env_monotonic_us() + ms * 1000);
}

enum MHD_Result
front_stream_play(struct front_exchange *fx)
{
	unsigned pieces;
	ssize_t n;

	if (!fx->streaming)
		begin(fx);
	for (pieces = 0;; pieces++) {
		if (!buf_ok(&fx->head))
			return MHD_NO;
		while (fx->raw_at < fx->head.n) {
			n = front_raw_send(fx, fx->head.n);
			if (n == -1)
				return MHD_NO;
			if (n == 0)
				return front_raw_wait_for_room(fx);
			fx->raw_at += (size_t)n;
		}
		fx->sent = fx->stream_over;
		if (fx->stream_over)
			return MHD_NO;
		if (!fill(fx))
			return wait_for_more(fx);
		if (pieces == AT_ONCE)
			return front_raw_wait_for_room(fx);
	}
}
