/* SPDX-License-Identifier: MIT */
/*
 * Replies whose body comes in pieces from other threads, and exchanges that
 * are kept and watched: who reads slowly, who leaves, and what a stop does.
 */
#include "test_wire_front.h"

#include "http/stream.h"

#define STREAM_MAX ((size_t)64 << 10)
#define BEYOND_SOCKETS ((size_t)32 << 20)
#define FAREWELL "too slow\n"

struct streamer {
	struct rig rig; /* first: the handler's ctx is both */
	struct http_stream *stream;
	unsigned left, due, stopping; /* under the rig's lock */
	int64_t due_ms; /* of front_watch() */
};

static void
stream_request(
    void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	struct streamer *s = ctx;
	struct echo *x = echo_new(rq);
	struct http_reply reply = { .status = 200, .stream = s->stream };

	http_reply_add(&reply, "Content-Type", "text/event-stream");
	note_request(&s->rig, rq);
	front_set_user(fx, x);
	front_answer(fx, &reply);
}

static void
watch_request(
    void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	struct streamer *s = ctx;

	front_watch(fx, s->due_ms);
	hold_request(ctx, fx, rq);
}

/* What nobody waits for, or what must be answered now. */
static void
note_told(
    void *ctx, struct front_exchange *fx, void *user, enum front_told what)
{
	const struct http_reply late = { .status = 204 };
	struct streamer *s = ctx;
	unsigned *counts[] = { [FRONT_TOLD_LEFT] = &s->left,
		[FRONT_TOLD_DUE] = &s->due,
		[FRONT_TOLD_STOPPING] = &s->stopping };

	(void)user;
	pthread_mutex_lock(&s->rig.lock);
	(*counts[what])++;
	pthread_cond_broadcast(&s->rig.changed);
	pthread_mutex_unlock(&s->rig.lock);
	front_answer(fx, &late);
}

static void
open_streamer(struct streamer *s,
    void (*request)(
	void *, struct front_exchange *, const struct http_request *))
{
	memset(s, 0, sizeof(*s));
	rig_open(&s->rig, "127.0.0.1", request);
	s->rig.handler.told = note_told;
	s->due_ms = -1;
	/* The first listener has the handler without told(). */
	assert_int_equal(
	    front_listen(s->rig.front, "127.0.0.1", 0, &s->rig.handler,
		&s->rig.index, &s->rig.port, NULL),
	    0);
	s->stream = http_stream_new(STREAM_MAX, BYTES_LIT(FAREWELL));
	assert_non_null(s->stream);
	rig_go(&s->rig);
}

static void
close_streamer(struct streamer *s)
{
	rig_close(&s->rig);
	http_stream_unref(s->stream);
}

/* Read until the text was read. */
static void
hear_until(int fd, struct buf *out, const char *text)
{
	char c;

	while (out->n == 0 || strstr(buf_str(out), text) == NULL) {
		if (recv(fd, &c, 1, 0) != 1)
			fail_msg("no \"%s\" in \"%s\"", text, buf_str(out));
		buf_add_byte(out, (uint8_t)c);
	}
}

static void
sends_pieces_as_they_come_in_chunks(void **state)
{
	struct streamer s;
	struct buf out;
	int fd;

	(void)state;
	open_streamer(&s, stream_request);
	buf_init(&out, HEARD_MAX);
	fd = dial(s.rig.port);
	say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_until(fd, &out, "\r\n\r\n");
	must_contain(&out, "Transfer-Encoding: chunked\r\n");
	must_not_contain(&out, "Content-Length");
	assert_int_equal(http_stream_push(s.stream, BYTES_LIT("one\n")), 0);
	hear_until(fd, &out, "4\r\none\n\r\n");
	assert_int_equal(http_stream_push(s.stream,
			     BYTES_LIT("two, "
				       "three\n")),
	    0);
	hear_until(fd, &out, "b\r\ntwo, three\n\r\n");
	http_stream_end(s.stream);
	hear_until(fd, &out, "0\r\n\r\n");
	must_be_closed(fd);
	rig_await(&s.rig, &s.rig.ends[FRONT_SENT], 1);
	close(fd);
	buf_clear(&out);
	close_streamer(&s);
}

static void
sends_plain_bytes_until_the_end_to_http_1_0_and_no_body_to_head(void **state)
{
	struct streamer s;
	struct buf out = { 0 };
	int fd;

	(void)state;
	open_streamer(&s, stream_request);
	fd = dial(s.rig.port);
	say(fd, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_all(fd, &out);
	must_contain(&out, "\r\n\r\n");
	assert_string_equal(strstr(buf_str(&out), "\r\n\r\n"), "\r\n\r\n");
	close(fd);
	close_streamer(&s);

	open_streamer(&s, stream_request);
	assert_int_equal(http_stream_push(s.stream, BYTES_LIT("before\n")), 0);
	fd = dial(s.rig.port);
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	buf_clear(&out);
	buf_init(&out, HEARD_MAX);
	hear_until(fd, &out, "\r\n\r\nbefore\n");
	must_not_contain(&out, "chunked");
	assert_int_equal(http_stream_push(s.stream, BYTES_LIT("after\n")), 0);
	http_stream_end(s.stream);
	hear_until(fd, &out, "before\nafter\n");
	must_be_closed(fd);
	close(fd);
	buf_clear(&out);
	close_streamer(&s);
}

static void
says_that_it_is_there_while_there_is_nothing(void **state)
{
	struct streamer s;
	struct buf out;
	int fd;

	(void)state;
	open_streamer(&s, stream_request);
	http_stream_heartbeat(s.stream, 10, BYTES_LIT(": beat\n"));
	buf_init(&out, HEARD_MAX);
	fd = dial(s.rig.port);
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	hear_until(fd, &out, "\r\n\r\n: beat\n: beat\n: beat\n");
	assert_int_equal(http_stream_push(s.stream, BYTES_LIT("news\n")), 0);
	hear_until(fd, &out, "news\n");
	http_stream_end(s.stream);
	buf_clear(&out);
	hear_all(fd, &out);
	close(fd);
	buf_clear(&out);
	close_streamer(&s);
}

static void
sends_all_of_a_stream_that_is_long(void **state)
{
	struct streamer s;
	struct buf out = { 0 };
	size_t n = 0;
	int fd;

	(void)state;
	open_streamer(&s, stream_request);
	http_stream_unref(s.stream);
	s.stream = http_stream_new(BEYOND_SOCKETS, BYTES_LIT(FAREWELL));
	assert_non_null(s.stream);
	for (; n < ((size_t)3 << 20); n += 1024)
		assert_int_equal(http_stream_push(s.stream,
				     bytes_of((char[1024]){ "piece" }, 1024)),
		    0);
	http_stream_end(s.stream);
	fd = dial(s.rig.port);
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	hear_all(fd, &out);
	assert_true(buf_ok(&out) && out.n > n);
	rig_await(&s.rig, &s.rig.ends[FRONT_SENT], 1);
	close(fd);
	buf_clear(&out);
	close_streamer(&s);
}

static void
notices_a_reader_that_leaves(void **state)
{
	struct streamer s;
	struct buf out;
	int fd;

	(void)state;
	open_streamer(&s, stream_request);
	buf_init(&out, HEARD_MAX);
	fd = dial(s.rig.port);
	say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_until(fd, &out, "\r\n\r\n");
	close(fd);
	rig_await(&s.rig, &s.rig.ends[FRONT_CLIENT_GONE], 1);
	assert_int_equal(http_stream_push(s.stream, BYTES_LIT("late")), -1);
	buf_clear(&out);
	close_streamer(&s);
}

static void
cuts_a_slow_reader_off_and_says_so(void **state)
{
	char piece[1000];
	struct streamer s;
	struct buf out = { 0 };
	size_t pushed = 0;
	int fd, small = 4096;

	(void)state;
	memset(piece, 'p', sizeof(piece));
	open_streamer(&s, stream_request);
	fd = dial(s.rig.port);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	rig_await(&s.rig, &s.rig.requests, 1);
	/* It reads nothing: sooner or later both its socket and the stream are full. */
	while (
	    http_stream_push(s.stream, bytes_of(piece, sizeof(piece))) == 0) {
		pushed += sizeof(piece);
		assert_true(pushed < ((size_t)64 << 20));
	}
	/* What was taken is delivered, and the farewell behind it. */
	hear_all(fd, &out);
	assert_true(out.n >= pushed + strlen(FAREWELL));
	assert_string_equal(buf_str(&out) + out.n - strlen(FAREWELL), FAREWELL);
	rig_await(&s.rig, &s.rig.ends[FRONT_SENT], 1);
	close(fd);
	buf_clear(&out);
	close_streamer(&s);
}

static void
a_stop_ends_streams_at_once(void **state)
{
	struct streamer s;
	struct buf out;
	int idle, blocked, small = 4096;
	char piece[1000];

	(void)state;
	memset(piece, 'p', sizeof(piece));
	open_streamer(&s, stream_request);
	buf_init(&out, HEARD_MAX);
	idle = dial(s.rig.port);
	say(idle, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_until(idle, &out, "\r\n\r\n");
	/* Without a limit: the test's own is what would tell. */
	front_stop(s.rig.front, (int64_t)FOREVER_MS * 1000);
	hear_until(idle, &out, "0\r\n\r\n");
	must_be_closed(idle);
	close(idle);
	close_streamer(&s);

	open_streamer(&s, stream_request);
	http_stream_unref(s.stream);
	s.stream = http_stream_new(BEYOND_SOCKETS, BYTES_LIT(FAREWELL));
	assert_non_null(s.stream);
	blocked = dial(s.rig.port);
	setsockopt(blocked, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	say(blocked, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	rig_await(&s.rig, &s.rig.requests, 1);
	while (http_stream_push(s.stream, bytes_of(piece, sizeof(piece))) == 0)
		continue;
	front_stop(s.rig.front, (int64_t)FOREVER_MS * 1000);
	assert_int_equal(s.rig.ends[FRONT_STOPPED], 1);
	close(blocked);
	buf_clear(&out);
	close_streamer(&s);
}

/* ---- pushing from many threads ---- */

#define PUSHERS 4
#define PIECES 500

static void *
push_many(void *arg)
{
	struct streamer *s = arg;

	for (int i = 0; i < PIECES; i++)
		while (http_stream_push(s->stream, BYTES_LIT("x")) != 0)
			fail_msg("nobody reads");
	return NULL;
}

static void
loses_nothing_of_what_many_threads_push(void **state)
{
	pthread_t threads[PUSHERS];
	struct streamer s;
	struct buf out = { 0 };
	size_t got = 0;
	int fd;

	(void)state;
	open_streamer(&s, stream_request);
	fd = dial(s.rig.port);
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	for (size_t i = 0; i < PUSHERS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, push_many, &s), 0);
	for (size_t i = 0; i < PUSHERS; i++)
		pthread_join(threads[i], NULL);
	http_stream_end(s.stream);
	hear_all(fd, &out);
	for (const char *p = strstr(buf_str(&out), "\r\n\r\n") + 4; *p != '\0';
	     p++)
		got += *p == 'x';
	assert_int_equal(got, PUSHERS * PIECES);
	close(fd);
	buf_clear(&out);
	close_streamer(&s);
}

/* ---- watched exchanges ---- */

static void
tells_of_a_client_that_leaves_while_it_waits(void **state)
{
	struct streamer s;
	int fd;

	(void)state;
	open_streamer(&s, watch_request);
	fd = dial(s.rig.port);
	say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	rig_await(&s.rig, &s.rig.requests, 1);
	close(fd);
	rig_await(&s.rig, &s.left, 1);
	rig_await(&s.rig, &s.rig.ends[FRONT_CLIENT_GONE], 1);
	close_streamer(&s);
}

static void
tells_when_the_time_is_over(void **state)
{
	struct streamer s;
	struct buf out = { 0 };
	int fd;

	(void)state;
	open_streamer(&s, watch_request);
	s.due_ms = 30;
	fd = dial(s.rig.port);
	say(fd, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	hear_all(fd, &out);
	must_contain(&out, "HTTP/1.1 204 ");
	assert_int_equal(s.due, 1);
	assert_int_equal(s.left, 0);
	close(fd);
	buf_clear(&out);
	close_streamer(&s);
}

static void
an_answer_that_comes_in_time_is_sent_and_the_connection_goes_on(void **state)
{
	const struct http_reply reply = { .status = 204 };
	struct streamer s;
	struct buf out = { 0 };
	int fd;

	(void)state;
	open_streamer(&s, watch_request);
	s.due_ms = (int64_t)FOREVER_MS * 1000;
	fd = dial(s.rig.port);
	for (unsigned i = 0; i < 3; i++) {
		say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
		rig_await(&s.rig, &s.rig.requests, i + 1);
		front_answer(s.rig.held[i], &reply);
		hear_reply(fd, &out, false);
		must_contain(&out, "HTTP/1.1 204 ");
	}
	assert_int_equal(s.due + s.left + s.stopping, 0);
	close(fd);
	buf_clear(&out);
	close_streamer(&s);
}

static void
a_stop_tells_those_that_wait_and_they_answer(void **state)
{
	struct streamer s;
	struct buf out = { 0 };
	int fd;

	(void)state;
	open_streamer(&s, watch_request);
	fd = dial(s.rig.port);
	say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	rig_await(&s.rig, &s.rig.requests, 1);
	front_stop(s.rig.front, (int64_t)FOREVER_MS * 1000);
	assert_int_equal(s.stopping, 1);
	hear_all(fd, &out);
	must_contain(&out, "HTTP/1.1 204 ");
	close(fd);
	buf_clear(&out);
	close_streamer(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_pieces_as_they_come_in_chunks),
		cmocka_unit_test(
		    sends_plain_bytes_until_the_end_to_http_1_0_and_no_body_to_head),
		cmocka_unit_test(says_that_it_is_there_while_there_is_nothing),
		cmocka_unit_test(sends_all_of_a_stream_that_is_long),
		cmocka_unit_test(notices_a_reader_that_leaves),
		cmocka_unit_test(cuts_a_slow_reader_off_and_says_so),
		cmocka_unit_test(a_stop_ends_streams_at_once),
		cmocka_unit_test(loses_nothing_of_what_many_threads_push),
		cmocka_unit_test(tells_of_a_client_that_leaves_while_it_waits),
		cmocka_unit_test(tells_when_the_time_is_over),
		cmocka_unit_test(
		    an_answer_that_comes_in_time_is_sent_and_the_connection_goes_on),
		cmocka_unit_test(a_stop_tells_those_that_wait_and_they_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
