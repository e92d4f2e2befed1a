/* SPDX-License-Identifier: MIT */
/*
 * Sending a reply. A connection that stays open gets it through the library,
 * which keeps our order of headers but always writes Content-Length itself,
 * last, and its own reason phrase. A connection that ends gets it byte for
 * byte as the reply says (raw.c). Delays and acts come before all that.
 */
#include "front/inside.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/text.h"

#define ASK_FROM_MS (30 * 1000) /* delays from here on are worth it */
#define DELAY_MAX_MS ((int64_t)365 * 24 * 60 * 60 * 1000)

/* A name or value for the library, which wants C strings; false when it is longer than out. */
static bool
c_string(char *out, size_t size, struct bytes s)
{
	if (s.n >= size)
		return false;
	if (s.n > 0)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return true;
}

/* False: the library will not take it (an empty value, for one). */
static bool
add_response_header(struct MHD_Response *response, const struct http_header *h)
{
	char name[128];
	char value[4096];

	if (bytes_eq_nocase(h->name, BYTES_LIT("Content-Length")) ||
	    bytes_eq_nocase(h->name, BYTES_LIT("Connection")))
		return true; /* the library's own business here */
	return c_string(name, sizeof(name), h->name) &&
	    c_string(value, sizeof(value), h->value) &&
	    MHD_add_response_header(response, name, value) == MHD_YES;
}

static struct MHD_Response *
response_of(const struct http_reply *r)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    r->body.n, (void *)(uintptr_t)r->body.p, MHD_RESPMEM_MUST_COPY);
	size_t i;

	for (i = 0; response != NULL && i < r->header_count; i++)
		if (!add_response_header(response, &r->headers[i])) {
			MHD_destroy_response(response);
			response = NULL;
		}
	return response;
}

/* Does the reply say something that the library would say otherwise? */
static bool
is_odd(const struct http_reply *r)
{
	const struct http_header *length =
	    http_reply_header(r, "Content-Length");
	const struct http_header *connection =
	    http_reply_header(r, "Connection");
	uint64_t n = 0;

	if (connection != NULL &&
	    bytes_eq_nocase(connection->value, BYTES_LIT("close")))
		return true;
	if (length != NULL &&
	    (text_u64(length->value, UINT64_MAX, &n) == -1 || n != r->body.n))
		return true;
	if (r->body.n > 0 && !http_status_has_body(r->status))
		return true;
	return r->reason != NULL &&
	    strcmp(r->reason, http_reason(r->status)) != 0;
}

/* A copy, so that who made the reply need not keep it while it waits; false: memory ran out. */
static bool
own_body(struct front_exchange *fx)
{
	if (fx->raw_body.n == 0)
		return true;
	fx->body_copy = malloc(fx->raw_body.n);
	if (fx->body_copy == NULL)
		return false;
	memcpy(fx->body_copy, fx->raw_body.p, fx->raw_body.n);
	fx->raw_body.p = fx->body_copy;
	return true;
}

void
front_reply_prepare(struct front_exchange *fx, const struct http_reply *r)
{
	bool ends = r->close || r->stream != NULL || fx->must_close ||
	    is_odd(r) || atomic_load(&fx->listener->front->stopping);

	fx->wire = r->wire;
	fx->wire.no_close_notify |= fx->no_close_notify;
	if (r->wire.act != WIRE_PLAY)
		return;
	fx->status = (unsigned)r->status;
	if (!ends && !front_raw_needed(&fx->wire))
		fx->response = response_of(r);
	if (fx->response == NULL)
		front_raw_prepare(fx, r);
	fx->wire.raw = bytes_of(NULL, 0);
	fx->broken = !own_body(fx);
}

void
front_set_user(struct front_exchange *fx, void *user)
{
	fx->user = user;
}

void *
front_user(const struct front_exchange *fx)
{
	return fx->user;
}

void
front_answer(struct front_exchange *fx, const struct http_reply *reply)
{
	struct front *f = fx->listener->front;
	bool first;

	front_reply_prepare(fx, reply);
	if (pthread_equal(pthread_self(), f->thread) && fx->in_request) {
		fx->answered = true;
		return;
	}
	pthread_mutex_lock(&f->lock);
	first = f->answered == NULL;
	fx->next_answered = f->answered;
	f->answered = fx;
	pthread_mutex_unlock(&f->lock);
	if (first)
		front_wake(f);
}

/* The client's side of a connection that was not watched while it was suspended; false: it is reset. */
static bool
look_at_client(struct front_exchange *fx)
{
	char c;
	ssize_t n = recv(fx->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	fx->half_closed = n == 0;
	return n >= 0 || errno == EAGAIN || errno == EWOULDBLOCK ||
	    errno == EINTR;
}

/* Begin to wait, unless the server is stopping. */
static enum MHD_Result
hold(struct front_exchange *fx, enum front_wait what, int64_t due_us)
{
	fx->cut_short = atomic_load(&fx->listener->front->stopping);
	return fx->cut_short ? MHD_NO : front_wait_begin(fx, what, due_us);
}

/*
 * Who closed his side may still read, or be gone: only the kernel on the
 * other side knows, and tells when it is asked after it has given the
 * connection up.
 */
static void
ask_from_time_to_time(int fd)
{
	const int on = 1, idle_s = 30, every_s = 30, count = 5;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static enum MHD_Result
delay(struct front_exchange *fx)
{
	int64_t ms = fx->wire.delay_ms;

	if (ms > DELAY_MAX_MS)
		ms = DELAY_MAX_MS;
	if (ms > ASK_FROM_MS)
		ask_from_time_to_time(fx->fd);
	return hold(fx, FRONT_WAIT_DELAY, env_monotonic_us() + ms * 1000);
}

static enum MHD_Result
reply(struct front_exchange *fx)
{
	enum MHD_Result r;

	if (fx->stream != NULL)
		return front_stream_play(fx);
	if (fx->response == NULL)
		return front_raw_play(fx);
	r = MHD_queue_response(fx->connection, fx->status, fx->response);
	MHD_destroy_response(fx->response);
	fx->response = NULL;
	fx->queued = r == MHD_YES;
	return r;
}

static enum MHD_Result
wait_for_answer(struct front_exchange *fx)
{
	const struct front_listener *l = fx->listener;
	enum front_told what = FRONT_TOLD_DUE;
	int64_t ms = fx->watch_ms > DELAY_MAX_MS ? DELAY_MAX_MS : fx->watch_ms;

	if (!fx->watched || fx->suspended)
		goto out;
	if (atomic_load(&l->front->stopping))
		what = FRONT_TOLD_STOPPING;
	else if (front_wait_begin(fx, FRONT_WAIT_ANSWER,
		     ms < 0 ? INT64_MAX : env_monotonic_us() + ms * 1000) ==
	    MHD_YES)
		return MHD_YES;
	/* It cannot be watched, so that it must not wait either. */
	l->handler.told(l->handler.ctx, fx, fx->user, what);
out:
	fx->suspended = true;
	MHD_suspend_connection(fx->connection);
	return MHD_YES;
}

void
front_watch(struct front_exchange *fx, int64_t due_ms)
{
	fx->watched = true;
	fx->watch_ms = due_ms;
}

enum MHD_Result
front_play(struct front_exchange *fx)
{
	if (!fx->answered)
		return wait_for_answer(fx);
	if (fx->queued)
		return MHD_YES;
	if (fx->listener->front->cut || fx->cut_short || fx->left ||
	    fx->broken ||
	    (fx->suspended && fx->raw_at == 0 && !fx->sent &&
		!look_at_client(fx)))
		return MHD_NO;
	if (fx->wire.delay_ms > 0 && !fx->ripe)
		return delay(fx);
	switch (fx->wire.act) {
	case WIRE_PLAY:
		return reply(fx);
	case WIRE_CLOSE:
		return front_raw_close(fx);
	case WIRE_RESET:
		return front_raw_reset(fx);
	case WIRE_SILENT:
		return hold(fx, FRONT_WAIT_SILENT, INT64_MAX);
	}
	return MHD_NO;
}
