/* SPDX-License-Identifier: MIT */
/*
 * What a reply's wire asks for beside its bytes: ends, resets, silence and
 * delays, as a client sees them, with and without TLS.
 */
#include "test_wire_front_tls.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>

#define DELAY_MS 60
#define LATE_MS 3000 /* a slow machine's allowance */
#define MINUTE "60000"
#define CROWD 1000 /* of each kind */

/* Reads "/act/delay_ms" and answers so, at once. */
static void
act_request(void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	static const struct {
		const char *path;
		enum wire_act act;
	} acts[] = {
		{ "/close/", WIRE_CLOSE },
		{ "/reset/", WIRE_RESET },
		{ "/silent/", WIRE_SILENT },
		{ "/play/", WIRE_PLAY },
	};
	struct echo *x = echo_new(rq);
	size_t i;

	for (i = 0; i < nitems(acts); i++) {
		if (!bytes_starts_nocase(rq->target, bytes_str(acts[i].path)))
			continue;
		x->reply.wire.act = acts[i].act;
		x->reply.wire.delay_ms =
		    strtol((const char *)rq->target.p + strlen(acts[i].path),
			NULL, 10);
	}
	front_set_user(fx, x);
	note_request(ctx, rq);
	front_answer(fx, &x->reply);
}

/* ---- a client with or without TLS ---- */

enum speech { PLAIN, TLS_1_2, TLS_1_3, SPEECHES };

struct line {
	int fd;
	SSL *tls;
};

static const char *const SPEECH[] = { "plain", "TLS 1.2", "TLS 1.3" };

static int
up(void **state, enum speech speech, unsigned connections)
{
	struct https *h = calloc(1, sizeof(*h));
	struct err e = { 0 };

	assert_non_null(h);
	rig_open_for(&h->rig, connections, "127.0.0.1", act_request);
	if (speech != PLAIN) {
		mint(h);
		assert_int_equal(front_use_tls(h->rig.front, h->rig.index,
				     h->chain, h->key, &e),
		    0);
	}
	rig_go(&h->rig);
	*state = h;
	return 0;
}

static void
down(struct https *h)
{
	rig_close(&h->rig);
	SSL_CTX_free(h->ctx);
	free(h->chain);
	free(h->key);
	free(h);
}

static struct line
line_open(struct https *h, enum speech speech)
{
	struct line l = { -1, NULL };

	if (speech == PLAIN) {
		l.fd = dial(h->rig.port);
		return l;
	}
	l.tls =
	    dial_tls(h, speech == TLS_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
	l.fd = SSL_get_fd(l.tls);
	return l;
}

/* Leave: in order, or with a reset. */
static void
line_close(struct line *l, bool reset)
{
	const struct linger now = { 1, 0 };

	if (reset)
		setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (l->tls != NULL)
		SSL_free(l->tls);
	close(l->fd);
}

static void
line_ask(struct line *l, const char *path)
{
	char text[128];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n\r\n", path);
	if (l->tls != NULL)
		say_tls(l->tls, bytes_str(text));
	else
		say(l->fd, text);
}

enum sight { SAW_REPLY, SAW_END, SAW_RESET, SAW_ELSE };

/* The first thing that comes. */
static enum sight
line_look(struct line *l)
{
	char c[4096];
	int n;

	errno = 0;
	n = l->tls != NULL ? SSL_read(l->tls, c, sizeof(c))
			   : (int)recv(l->fd, c, sizeof(c), 0);
	if (n > 0)
		return memcmp(c, "HTTP/1.1 200 ", 13) == 0 ? SAW_REPLY
							   : SAW_ELSE;
	if (errno == ECONNRESET)
		return SAW_RESET;
	if (l->tls != NULL)
		return SSL_get_error(l->tls, n) == SSL_ERROR_ZERO_RETURN
		    ? SAW_END
		    : SAW_ELSE;
	return n == 0 ? SAW_END : SAW_ELSE;
}

static int64_t
now_ms(void)
{
	return env_monotonic_us() / 1000;
}

/* ---- acts ---- */

static void
shows_each_act_at_once_and_delayed(void **state)
{
	static const struct {
		const char *act;
		enum sight sight;
	} rows[] = {
		{ "close", SAW_END },
		{ "reset", SAW_RESET },
		{ "play", SAW_REPLY },
	};
	struct https *h;
	struct line l;
	char path[32];
	size_t i;
	int speech, delay;
	int64_t took;

	for (speech = PLAIN; speech < SPEECHES; speech++) {
		up(state, (enum speech)speech, 64);
		h = *state;
		for (i = 0; i < 2 * nitems(rows); i++) {
			delay = i % 2 == 0 ? 0 : DELAY_MS;
			snprintf(path, sizeof(path), "/%s/%d", rows[i / 2].act,
			    delay);
			print_message("%s %s\n", SPEECH[speech], path);
			l = line_open(h, (enum speech)speech);
			took = now_ms();
			line_ask(&l, path);
			assert_int_equal(line_look(&l), rows[i / 2].sight);
			took = now_ms() - took;
			assert_in_range(took, delay, delay + LATE_MS);
			line_close(&l, false);
		}
		rig_await(&h->rig, &h->rig.ends[FRONT_SENT], 2 * nitems(rows));
		down(h);
	}
}

static void
says_nothing_until_the_client_leaves(void **state)
{
	struct https *h;
	struct line l;
	struct pollfd p;
	int speech, i;

	for (speech = PLAIN; speech < SPEECHES; speech++) {
		print_message("%s\n", SPEECH[speech]);
		up(state, (enum speech)speech, 64);
		h = *state;
		for (i = 0; i < 4; i++) {
			l = line_open(h, (enum speech)speech);
			line_ask(&l, i < 2 ? "/silent/0" : "/silent/20");
			p = (struct pollfd){ l.fd, POLLIN, 0 };
			assert_int_equal(poll(&p, 1, 120), 0);
			line_close(&l, i % 2 == 1);
			rig_await(&h->rig, &h->rig.ends[FRONT_CLIENT_GONE],
			    (unsigned)i + 1);
		}
		down(h);
	}
}

static void
acts_for_an_answer_of_another_thread(void **state)
{
	const struct {
		enum wire_act act;
		ssize_t n;
		int error;
	} rows[] = { { WIRE_CLOSE, 0, 0 }, { WIRE_RESET, -1, ECONNRESET },
		{ WIRE_PLAY, 1, 0 } };
	struct http_reply reply = { .status = 200 };
	struct rig r;
	size_t i;
	int fd;

	(void)state;
	rig_open(&r, "127.0.0.1", hold_request);
	rig_go(&r);
	for (i = 0; i < 2 * nitems(rows); i++) {
		fd = dial(r.port);
		say(fd, "GET / HTTP/1.1\r\n\r\n");
		rig_await(&r, &r.requests, (unsigned)i + 1);
		reply.wire.act = rows[i / 2].act;
		reply.wire.delay_ms = i % 2 == 0 ? 0 : DELAY_MS;
		front_answer(r.held[i], &reply);
		errno = 0;
		assert_int_equal(recv(fd, &(char){ 0 }, 1, 0), rows[i / 2].n);
		assert_int_equal(errno, rows[i / 2].error);
		rig_await(&r, &r.ends[FRONT_SENT], (unsigned)i + 1);
		close(fd);
	}
	rig_close(&r);
}

static void
ends_in_order_though_the_client_still_sends(void **state)
{
	static uint8_t mib[1u << 20];
	struct rig r;
	int i, fd;

	(void)state;
	rig_open(&r, "127.0.0.1", act_request);
	rig_go(&r);
	fd = dial(r.port);
	say(fd,
	    "POST /close/10 HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n");
	for (i = 0; i < 4; i++)
		if (!say_bytes(fd, mib, sizeof(mib)))
			break;
	must_be_closed(fd);
	close(fd);
	rig_await(&r, &r.ends[FRONT_SENT], 1);
	rig_close(&r);
}

static void
keeps_a_connection_through_delayed_replies(void **state)
{
	struct rig r;
	struct buf out = { 0 };
	int64_t took;
	int i, fd;

	(void)state;
	rig_open(&r, "127.0.0.1", act_request);
	rig_go(&r);
	fd = dial(r.port);
	took = now_ms();
	/* Pipelined: each waits for its own time after the one before. */
	say(fd,
	    "GET /play/40 HTTP/1.1\r\n\r\nGET /play/30 HTTP/1.1\r\n\r\n"
	    "GET /play/20 HTTP/1.1\r\n\r\nGET /play/-5 HTTP/1.1\r\n\r\n");
	for (i = 0; i < 4; i++) {
		hear_reply(fd, &out, false);
		must_not_contain(&out, "Connection:");
	}
	must_contain(&out, "\ntarget=/play/-5\n");
	assert_in_range(now_ms() - took, 90, 90 + LATE_MS);
	close(fd);
	buf_clear(&out);
	rig_close(&r);
}

struct ordered {
	struct rig rig; /* first: the handler's ctx is both */
	size_t ended[8]; /* in order: which of the held ones */
	size_t n;
};

static void
note_order(void *ctx, struct front_exchange *fx, void *user, enum front_end how)
{
	struct ordered *o = ctx;
	size_t i;

	for (i = 0; i < nitems(o->ended); i++)
		if (o->rig.held[i] == fx)
			o->ended[o->n++] = i;
	count_done(ctx, fx, user, how);
}

static void
plays_delayed_replies_in_the_order_of_their_times(void **state)
{
	static const int64_t delays[] = { 330, 50, 210, 90, 370, 170, 250, 10 };
	struct http_reply reply = { .status = 200 };
	struct ordered o = { 0 };
	int fds[nitems(delays)];
	unsigned i;

	(void)state;
	rig_open(&o.rig, "127.0.0.1", hold_request);
	o.rig.handler.done = note_order;
	assert_int_equal(front_listen(o.rig.front, "127.0.0.1", 0,
			     &o.rig.handler, &o.rig.index, &o.rig.port, NULL),
	    0);
	rig_go(&o.rig);
	for (i = 0; i < nitems(delays); i++) {
		fds[i] = dial(o.rig.port);
		say(fds[i], "GET / HTTP/1.1\r\n\r\n");
		rig_await(&o.rig, &o.rig.requests, i + 1);
	}
	for (i = 0; i < nitems(delays); i++) {
		reply.wire.delay_ms = delays[i];
		front_answer(o.rig.held[i], &reply);
	}
	rig_await(&o.rig, &o.rig.ends[FRONT_SENT], nitems(delays));
	for (i = 1; i < nitems(delays); i++)
		assert_true(delays[o.ended[i - 1]] < delays[o.ended[i]]);
	for (i = 0; i < nitems(delays); i++)
		close(fds[i]);
	rig_close(&o.rig);
}

static void
notices_in_a_delay_who_leaves_and_who_only_stops_sending(void **state)
{
	struct https *h;
	struct line l;
	struct buf out = { 0 };
	int speech, fd;

	for (speech = PLAIN; speech < SPEECHES; speech++) {
		up(state, (enum speech)speech, 64);
		h = *state;
		l = line_open(h, (enum speech)speech);
		line_ask(&l, "/play/" MINUTE);
		rig_await(&h->rig, &h->rig.requests, 1);
		line_close(&l, true);
		rig_await(&h->rig, &h->rig.ends[FRONT_CLIENT_GONE], 1);
		down(h);
	}
	up(state, PLAIN, 64);
	h = *state;
	fd = dial(h->rig.port);
	say(fd, "GET /play/50 HTTP/1.1\r\n\r\n");
	shutdown(fd, SHUT_WR);
	hear_all(fd, &out);
	must_contain(&out, "\ntarget=/play/50\n");
	rig_await(&h->rig, &h->rig.ends[FRONT_SENT], 1);
	close(fd);
	buf_clear(&out);
	down(h);
}

/* ---- stopping ---- */

static void
stops_without_waiting_for_delays_and_silences(void **state)
{
	static const char *const paths[] = { "/silent/0", "/play/" MINUTE,
		"/reset/" MINUTE, "/silent/" MINUTE };
	struct line lines[nitems(paths)];
	struct https *h;
	size_t i;
	int speech;
	int64_t took;

	for (speech = PLAIN; speech < SPEECHES; speech++) {
		up(state, (enum speech)speech, 64);
		h = *state;
		for (i = 0; i < nitems(paths); i++) {
			lines[i] = line_open(h, (enum speech)speech);
			line_ask(&lines[i], paths[i]);
			rig_await(&h->rig, &h->rig.requests, (unsigned)i + 1);
		}
		took = now_ms();
		front_stop(h->rig.front, FOREVER_MS);
		assert_in_range(now_ms() - took, 0, LATE_MS);
		assert_int_equal(h->rig.ends[FRONT_STOPPED], nitems(paths));
		for (i = 0; i < nitems(paths); i++) {
			assert_int_equal(line_look(&lines[i]), SAW_END);
			line_close(&lines[i], false);
		}
		down(h);
	}
}

static void *
stop_soon(void *ctx)
{
	front_stop(((struct rig *)ctx)->front, FOREVER_MS);
	return NULL;
}

static void
begins_no_wait_while_stopping(void **state)
{
	const struct http_reply reply = { .status = 200,
		.wire = { WIRE_PLAY, 60000 } };
	struct rig r;
	pthread_t stopper;
	struct pollfd p;
	int fd;

	(void)state;
	rig_open(&r, "127.0.0.1", hold_request);
	rig_go(&r);
	fd = dial(r.port);
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	rig_await(&r, &r.requests, 1);
	pthread_create(&stopper, NULL, stop_soon, &r);
	p = (struct pollfd){ fd, POLLIN, 0 };
	assert_int_equal(poll(&p, 1, 30), 0);
	front_answer(r.held[0], &reply);
	must_be_closed(fd);
	pthread_join(stopper, NULL);
	assert_int_equal(r.ends[FRONT_STOPPED], 1);
	close(fd);
	rig_close(&r);
}

/* ---- crowds ---- */

static unsigned
threads_here(void)
{
	DIR *d = opendir("/proc/self/task");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
serves_others_while_a_crowd_waits(void **state)
{
	static int fds[2 * CROWD];
	struct https *h;
	struct buf out = { 0 };
	unsigned i, threads;
	int64_t took;
	int fd;

	up(state, PLAIN, 2 * CROWD + 8);
	h = *state;
	threads = threads_here();
	for (i = 0; i < nitems(fds); i++) {
		fds[i] = dial(h->rig.port);
		say(fds[i],
		    i % 2 == 0 ? "GET /silent/0 HTTP/1.1\r\n\r\n"
			       : "GET /play/2000 HTTP/1.1\r\n\r\n");
	}
	rig_await(&h->rig, &h->rig.requests, nitems(fds));
	assert_int_equal(threads_here(), threads);
	fd = dial(h->rig.port);
	took = now_ms();
	for (i = 0; i < 50; i++) {
		say(fd, "GET /play/0 HTTP/1.1\r\n\r\n");
		hear_reply(fd, &out, false);
	}
	assert_in_range(now_ms() - took, 0, LATE_MS);
	for (i = 1; i < nitems(fds); i += 2) {
		hear_reply(fds[i], &out, false);
		must_contain(&out, "\ntarget=/play/2000\n");
	}
	rig_await(&h->rig, &h->rig.ends[FRONT_SENT], CROWD + 50);
	for (i = 0; i < nitems(fds); i++)
		close(fds[i]);
	rig_await(&h->rig, &h->rig.ends[FRONT_CLIENT_GONE], CROWD);
	assert_int_equal(h->rig.ends[FRONT_SENT], CROWD + 50);
	close(fd);
	buf_clear(&out);
	down(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_each_act_at_once_and_delayed),
		cmocka_unit_test(says_nothing_until_the_client_leaves),
		cmocka_unit_test(acts_for_an_answer_of_another_thread),
		cmocka_unit_test(ends_in_order_though_the_client_still_sends),
		cmocka_unit_test(keeps_a_connection_through_delayed_replies),
		cmocka_unit_test(
		    plays_delayed_replies_in_the_order_of_their_times),
		cmocka_unit_test(
		    notices_in_a_delay_who_leaves_and_who_only_stops_sending),
		cmocka_unit_test(stops_without_waiting_for_delays_and_silences),
		cmocka_unit_test(begins_no_wait_while_stopping),
		cmocka_unit_test(serves_others_while_a_crowd_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
