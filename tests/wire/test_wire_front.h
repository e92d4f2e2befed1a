/* SPDX-License-Identifier: MIT */
/*
 * What the tests of front/ share: a front with a handler that echoes what it
 * got, and a client that speaks bytes over a socket. Every read is bounded by
 * a time-out, so a broken front fails a test and does not hang it.
 */
#ifndef TEST_WIRE_FRONT_H
#define TEST_WIRE_FRONT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/text.h"
#include "front/front.h"

#define HEARD_MAX (4u << 20)
#define FOREVER_MS 20000

struct rig {
	struct front *front;
	unsigned index;
	uint16_t port;
	struct front_handler handler;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned requests; /* under lock, as all that follow */
	unsigned ends[3]; /* by enum front_end */
	struct front_exchange *held[64]; /* what a holding handler keeps */
	unsigned held_count;
	bool kept_long_body; /* a body was too long and yet there */
	int64_t received_ms;
	/* set before requests come */
	const struct http_reply *reply; /* instead of the echo */
};

struct echo {
	struct buf text;
	struct http_reply reply;
	char length[24];
};

static inline int64_t
fixed_now(void *ctx)
{
	(void)ctx;
	return 1700000000123;
}

static inline struct echo *
echo_new(const struct http_request *rq)
{
	struct echo *x = calloc(1, sizeof(*x));
	size_t i;

	assert_non_null(x);
	buf_init(&x->text, HEARD_MAX);
	buf_addf(&x->text, "method=%.*s/%d\ntarget=", (int)rq->method_text.n,
	    (const char *)rq->method_text.p, (int)rq->method);
	buf_add(&x->text, rq->target);
	buf_add_str(&x->text, "\npath=");
	buf_add(&x->text, rq->path);
	buf_add_str(&x->text, rq->query.p == NULL ? "\nno query" : "\nquery=");
	buf_add(&x->text, rq->query);
	buf_addf(&x->text, "\nversion=%.*s\nheaders=", (int)rq->version.n,
	    (const char *)rq->version.p);
	for (i = 0; i < rq->header_count; i++) {
		buf_add(&x->text, rq->headers[i].name);
		buf_add_byte(&x->text, '=');
		buf_add(&x->text, rq->headers[i].value);
		buf_add_byte(&x->text, '|');
	}
	buf_addf(&x->text,
	    "\nhead=%zu\nbody=%zu\nlong=%d\npeer=%s\nlocal=%s:%u\ntls=%d\n",
	    rq->head_bytes, rq->body.n, rq->body_too_long, rq->peer, rq->local,
	    (unsigned)rq->local_port, rq->tls);
	assert_true(buf_ok(&x->text));
	snprintf(x->length, sizeof(x->length), "%zu", x->text.n);
	x->reply.status = 200;
	http_reply_add(&x->reply, "Content-Length", x->length);
	http_reply_add(&x->reply, "Content-Type", "text/plain");
	http_reply_add(&x->reply, "Server", "echo");
	x->reply.body = buf_bytes(&x->text);
	return x;
}

static inline void
note_request(struct rig *r, const struct http_request *rq)
{
	pthread_mutex_lock(&r->lock);
	r->requests++;
	r->received_ms = rq->received_ms;
	r->kept_long_body |= rq->body_too_long && rq->body.n > 0;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static inline void
echo_request(
    void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	struct rig *r = ctx;
	struct echo *x = echo_new(rq);

	note_request(r, rq);
	front_set_user(fx, x);
	front_answer(fx, r->reply != NULL ? r->reply : &x->reply);
}

/* Keeps the exchange; the test answers it. */
static inline void
hold_request(
    void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	struct rig *r = ctx;

	front_set_user(fx, echo_new(rq));
	pthread_mutex_lock(&r->lock);
	r->held[r->held_count++ % nitems(r->held)] = fx;
	pthread_mutex_unlock(&r->lock);
	note_request(r, rq);
}

static inline void
count_done(void *ctx, struct front_exchange *fx, void *user, enum front_end how)
{
	struct rig *r = ctx;
	struct echo *x = user;

	(void)fx;
	buf_clear(&x->text);
	free(x);
	pthread_mutex_lock(&r->lock);
	r->ends[how]++;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static inline void
no_line(void *ctx, enum log_level level, const char *text)
{
	(void)ctx;
	if (getenv("FRONT_LOG") != NULL)
		fprintf(stderr, "%s %s\n", log_level_name(level), text);
}

/* A front with one listener that is not started. */
static inline void
rig_open_for(struct rig *r, unsigned connections, const char *addr,
    void (*request)(
	void *, struct front_exchange *, const struct http_request *))
{
	static const struct env env = { fixed_now, NULL, NULL };
	const struct log log = { no_line, NULL };
	const struct front_limits limits = { 512u * 1024, 1u << 20, connections,
		30 };
	struct err e = { 0 };

	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->handler = (struct front_handler){
		.request = request, .done = count_done, .ctx = r
	};
	r->front = front_new(&env, &log, &limits, &e);
	assert_non_null(r->front);
	if (front_listen(
		r->front, addr, 0, &r->handler, &r->index, &r->port, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_not_equal(r->port, 0);
}

static inline void
rig_open(struct rig *r, const char *addr,
    void (*request)(
	void *, struct front_exchange *, const struct http_request *))
{
	rig_open_for(r, 64, addr, request);
}

static inline void
rig_go(struct rig *r)
{
	struct err e = { 0 };

	if (front_start(r->front, &e) != 0)
		fail_msg("%s", e.text);
}

static inline void
rig_close(struct rig *r)
{
	front_stop(r->front, 1000);
	front_free(r->front);
	assert_int_equal(r->requests, r->ends[0] + r->ends[1] + r->ends[2]);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
}

/* Wait until *value is at least n; it is one of the rig's counters. */
static inline void
rig_await(struct rig *r, const unsigned *value, unsigned n)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FOREVER_MS / 1000;
	pthread_mutex_lock(&r->lock);
	while (*value < n && rc == 0)
		rc = pthread_cond_timedwait(&r->changed, &r->lock, &until);
	pthread_mutex_unlock(&r->lock);
	assert_int_equal(rc, 0);
}

static inline int
dial(uint16_t port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval limit = { FOREVER_MS / 1000, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Send all; false when the other side has closed. */
static inline bool
say_bytes(int fd, const void *p, size_t n)
{
	const uint8_t *at = p;
	ssize_t sent;

	while (n > 0) {
		sent = send(fd, at, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

static inline void
say(int fd, const char *text)
{
	assert_true(say_bytes(fd, text, strlen(text)));
}

/* One reply: its head, and as much body as Content-Length says (HEAD: none). */
static inline void
hear_reply(int fd, struct buf *out, bool head)
{
	const char *end = NULL, *length;
	size_t want = SIZE_MAX;
	char c[1];

	buf_clear(out);
	buf_init(out, HEARD_MAX);
	while (out->n < want) {
		if (recv(fd, c, 1, 0) != 1)
			fail_msg("the reply ended early: \"%s\"", buf_str(out));
		buf_add_byte(out, (uint8_t)c[0]);
		if (end != NULL || c[0] != '\n')
			continue;
		end = strstr(buf_str(out), "\r\n\r\n");
		if (end == NULL)
			continue;
		length = strcasestr(buf_str(out), "\r\nContent-Length: ");
		want = out->n;
		if (length != NULL && !head)
			want += strtoul(length + 18, NULL, 10);
	}
}

/* All until the other side closes. */
static inline void
hear_all(int fd, struct buf *out)
{
	char chunk[4096];
	ssize_t n;

	buf_clear(out);
	buf_init(out, HEARD_MAX);
	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		buf_add(out, bytes_of(chunk, (size_t)n));
	assert_int_equal(n, 0);
}

static inline void
must_contain(const struct buf *b, const char *what)
{
	if (strstr(buf_str(b), what) == NULL)
		fail_msg("\"%s\" is not in \"%.3000s\"", what, buf_str(b));
}

static inline void
must_not_contain(const struct buf *b, const char *what)
{
	if (strstr(buf_str(b), what) != NULL)
		fail_msg("\"%s\" is in \"%.3000s\"", what, buf_str(b));
}

/* Has the other side closed, with nothing more to read? */
static inline void
must_be_closed(int fd)
{
	char c;

	assert_int_equal(recv(fd, &c, 1, 0), 0);
}

#endif
