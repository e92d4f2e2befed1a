/* SPDX-License-Identifier: MIT */
/*
 * Calls in flight: answered at once, kept for an answer that another thread
 * gives later, or answered with a stream. Who answers a kept call is settled
 * by taking the exchange out of it under its lock: the first of an answer, a
 * client that leaves and a server that stops.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "control/inside.h"

#define MEMORY_MAX ((size_t)64 << 20)
#define STREAM_MAX ((size_t)4 << 20) /* what may wait for a reader */

struct control_kept {
	atomic_uint refs;
	pthread_mutex_t lock;
	struct control_exchange *exchange; /* under lock; NULL: it is over */
	struct http_stream *stream; /* one reference; NULL: a kept call */
	struct call_owner owner;
};

struct control_exchange {
	struct control_call call;
	struct arena arena;
	struct http_reply reply;
	/* Of an answer that comes later: the handler may still use its own. */
	struct arena late_arena;
	struct http_reply late;
	struct control_carrier carrier;
	void *ctx;
	struct control_kept *kept; /* one reference; NULL: not kept */
};

struct control_exchange *
control_receive(struct control *c, const struct http_request *rq,
    const struct control_carrier *carrier, void *ctx)
{
	struct control_exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->carrier = *carrier;
	x->ctx = ctx;
	arena_init(&x->arena, MEMORY_MAX);
	arena_init(&x->late_arena, MEMORY_MAX);
	call_begin(&x->call, c, rq, &x->arena, &x->reply);
	x->call.exchange = x;
	control_dispatch(&x->call);
	if (!x->call.open)
		x->carrier.answer(ctx, &x->reply);
	return x;
}

/* ---- the handle ---- */

static struct control_kept *
kept_new(struct control_exchange *x, const struct call_owner *owner)
{
	struct control_kept *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	atomic_init(&k->refs, 2); /* the exchange's, and the caller's */
	(void)pthread_mutex_init(&k->lock, NULL);
	k->exchange = x;
	k->owner = *owner;
	x->kept = k;
	return k;
}

struct control_kept *
kept_ref(struct control_kept *k)
{
	atomic_fetch_add(&k->refs, 1);
	return k;
}

void
kept_unref(struct control_kept *k)
{
	if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	if (k->owner.free_ctx != NULL)
		k->owner.free_ctx(k->owner.ctx);
	http_stream_unref(k->stream);
	(void)pthread_mutex_destroy(&k->lock);
	free(k);
}

/* The exchange, for the one who ends it; NULL for all others. */
static struct control_exchange *
claim(struct control_kept *k)
{
	struct control_exchange *x;

	pthread_mutex_lock(&k->lock);
	x = k->exchange;
	k->exchange = NULL;
	pthread_mutex_unlock(&k->lock);
	return x;
}

static bool
is_open(struct control_kept *k)
{
	bool open;

	pthread_mutex_lock(&k->lock);
	open = k->exchange != NULL;
	pthread_mutex_unlock(&k->lock);
	return open;
}

struct control_kept *
call_keep(
    struct control_call *c, int64_t due_ms, const struct call_owner *owner)
{
	struct control_kept *k =
	    c->exchange == NULL ? NULL : kept_new(c->exchange, owner);

	if (k == NULL) {
		call_problem(c, 500, "this call cannot wait for its answer");
		return NULL;
	}
	c->open = true;
	c->exchange->carrier.watch(c->exchange->ctx, due_ms);
	return k;
}

/* ---- answers ---- */

/* From here on x may be gone. */
static void
answer(struct control_exchange *x)
{
	x->carrier.answer(x->ctx, &x->late);
}

/* A call that leads to the late answer. */
static struct control_call
late_call(struct control_exchange *x)
{
	struct control_call c;

	call_begin(&c, x->call.control, NULL, &x->late_arena, &x->late);
	return c;
}

bool
kept_bytes(
    struct control_kept *k, int status, const char *type, struct bytes body)
{
	struct control_exchange *x = claim(k);
	struct control_call c;
	struct bytes copy;
	const char *name;

	if (x == NULL)
		return false;
	c = late_call(x);
	copy = arena_copy(c.arena, body);
	name = arena_str(c.arena, bytes_str(type));
	if (copy.p == NULL || name == NULL)
		call_problem(&c, 500, "mockndes is out of memory");
	else
		call_bytes(&c, status, name, copy);
	answer(x);
	return true;
}

bool
kept_problem(struct control_kept *k, int status, const char *fmt, ...)
{
	struct control_exchange *x = claim(k);
	struct control_call c;
	va_list ap;

	if (x == NULL)
		return false;
	c = late_call(x);
	va_start(ap, fmt);
	call_problem_v(&c, status, fmt, ap);
	va_end(ap);
	answer(x);
	return true;
}

/* ---- what the listener tells ---- */

static void
tell_owner(struct control_kept *k, enum call_over why)
{
	if (k->owner.over != NULL)
		k->owner.over(k->owner.ctx, k, why);
}

/* Nobody reads it when the client left, but an answer is due all the same. */
static void
answer_nobody(struct control_exchange *x, enum control_told what)
{
	struct control_call c = late_call(x);

	call_problem(&c, 503, "the server is stopping");
	x->late.close = true;
	if (what == CONTROL_TOLD_LEFT)
		x->late.wire.act = WIRE_CLOSE;
	answer(x);
}

void
control_tell(struct control_exchange *x, enum control_told what)
{
	struct control_kept *k = x->kept;

	if (what == CONTROL_TOLD_DUE) {
		if (is_open(k))
			tell_owner(k, CALL_OVER_DUE);
		return;
	}
	if (claim(k) == NULL)
		return;
	tell_owner(k, CALL_OVER_GONE);
	answer_nobody(x, what);
}

void
control_exchange_end(struct control_exchange *x)
{
	struct control_kept *k;

	if (x == NULL)
		return;
	k = x->kept;
	if (k != NULL && claim(k) != NULL)
		tell_owner(k, CALL_OVER_GONE);
	kept_unref(k);
	if (x->call.then_stop)
		x->call.control->shutdown(x->call.control->shutdown_ctx);
	call_end(&x->call);
	arena_clear(&x->arena);
	arena_clear(&x->late_arena);
	free(x);
}

/* ---- streams ---- */

struct control_kept *
call_stream(struct control_call *c, const char *type, struct bytes farewell,
    const struct call_owner *owner)
{
	struct http_stream *s = http_stream_new(STREAM_MAX, farewell);
	struct control_kept *k = NULL;

	if (s != NULL && c->exchange != NULL)
		k = kept_new(c->exchange, owner);
	if (k == NULL) {
		http_stream_unref(s);
		call_problem(c, 500, "this call cannot have a stream");
		return NULL;
	}
	k->stream = s;
	*c->reply = (struct http_reply){ .status = 200, .stream = s };
	http_reply_add(c->reply, "Content-Type", type);
	http_reply_add(c->reply, "Cache-Control", "no-store");
	return k;
}

void
kept_heartbeat(struct control_kept *k, int64_t every_ms, struct bytes piece)
{
	http_stream_heartbeat(k->stream, every_ms, piece);
}

int
kept_push(struct control_kept *k, struct bytes piece)
{
	return http_stream_push(k->stream, piece);
}

void
kept_end(struct control_kept *k)
{
	http_stream_end(k->stream);
}
