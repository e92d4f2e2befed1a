/* SPDX-License-Identifier: MIT */
/*
 * The front and time: answers from other threads, clients that leave,
 * stopping, two fronts in one process, listeners that cannot be had.
 */
#include "test_wire_front.h"

#include <poll.h>

#define WORKERS 4
#define CLIENTS 16
#define PER_CLIENT 125

struct job {
	struct front_exchange *fx;
	const struct http_request *rq;
	struct job *next;
};

struct pool {
	struct rig rig; /* first: the handler's ctx is both */
	struct job *jobs; /* under the rig's lock */
	bool over;
	pthread_t threads[WORKERS];
};

static void
queue_request(
    void *ctx, struct front_exchange *fx, const struct http_request *rq)
{
	struct pool *p = ctx;
	struct job *job = malloc(sizeof(*job));

	assert_non_null(job);
	*job = (struct job){ fx, rq, NULL };
	pthread_mutex_lock(&p->rig.lock);
	job->next = p->jobs;
	p->jobs = job;
	p->rig.requests++;
	pthread_cond_broadcast(&p->rig.changed);
	pthread_mutex_unlock(&p->rig.lock);
}

static struct job *
next_job(struct pool *p)
{
	struct job *job;

	pthread_mutex_lock(&p->rig.lock);
	while (p->jobs == NULL && !p->over)
		pthread_cond_wait(&p->rig.changed, &p->rig.lock);
	job = p->jobs;
	if (job != NULL)
		p->jobs = job->next;
	pthread_mutex_unlock(&p->rig.lock);
	return job;
}

static void *
work(void *ctx)
{
	struct pool *p = ctx;
	struct job *job;
	struct echo *x;

	while ((job = next_job(p)) != NULL) {
		x = echo_new(job->rq);
		front_set_user(job->fx, x);
		front_answer(job->fx, &x->reply);
		free(job);
	}
	return NULL;
}

struct client {
	pthread_t thread;
	uint16_t port;
	unsigned number;
	unsigned right; /* answers that were for the question */
};

static void *
ask_many(void *ctx)
{
	struct client *c = ctx;
	struct buf out = { 0 };
	char line[128];
	unsigned i;
	int fd = dial(c->port);

	for (i = 0; i < PER_CLIENT; i++) {
		snprintf(line, sizeof(line),
		    "POST /%u/%u HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd",
		    c->number, i);
		say(fd, line);
		hear_reply(fd, &out, false);
		snprintf(line, sizeof(line), "\ntarget=/%u/%u\n", c->number, i);
		c->right += strstr(buf_str(&out), line) != NULL &&
		    strstr(buf_str(&out), "\nbody=4\n") != NULL;
	}
	buf_clear(&out);
	close(fd);
	return NULL;
}

static void
answers_2000_requests_from_4_threads_over_16_connections(void **state)
{
	struct pool p = { 0 };
	struct client clients[CLIENTS];
	unsigned i, right = 0;

	(void)state;
	rig_open(&p.rig, "127.0.0.1", queue_request);
	rig_go(&p.rig);
	for (i = 0; i < WORKERS; i++)
		pthread_create(&p.threads[i], NULL, work, &p);
	for (i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ 0, p.rig.port, i, 0 };
		pthread_create(&clients[i].thread, NULL, ask_many, &clients[i]);
	}
	for (i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		right += clients[i].right;
	}
	assert_int_equal(right, CLIENTS * PER_CLIENT);
	rig_await(&p.rig, &p.rig.ends[FRONT_SENT], CLIENTS * PER_CLIENT);
	pthread_mutex_lock(&p.rig.lock);
	p.over = true;
	pthread_cond_broadcast(&p.rig.changed);
	pthread_mutex_unlock(&p.rig.lock);
	for (i = 0; i < WORKERS; i++)
		pthread_join(p.threads[i], NULL);
	rig_close(&p.rig);
}

static const struct http_reply SHORT = {
	.status = 200,
	.body = { (const uint8_t *)"short", 5 },
};

static void
tells_when_the_client_left_before_the_answer(void **state)
{
	static const struct {
		const char *sentence;
		const char *request;
		bool reset;
	} rows[] = {
		{ "closed, would have stayed open", "GET / HTTP/1.1\r\n\r\n",
		    false },
		{ "closed, would have ended", "GET / HTTP/1.0\r\n\r\n", false },
		{ "reset", "GET / HTTP/1.1\r\n\r\n", true },
		{ "reset, would have ended", "GET / HTTP/1.0\r\n\r\n", true },
	};
	const struct linger now = { 1, 0 };
	struct rig r;
	unsigned i;
	int fd;

	(void)state;
	rig_open(&r, "127.0.0.1", hold_request);
	rig_go(&r);
	for (i = 0; i < nitems(rows); i++) {
		print_message("%s\n", rows[i].sentence);
		fd = dial(r.port);
		say(fd, rows[i].request);
		rig_await(&r, &r.requests, i + 1);
		if (rows[i].reset)
			setsockopt(
			    fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
		front_answer(r.held[i], &SHORT);
		rig_await(&r, &r.ends[FRONT_CLIENT_GONE], i + 1);
	}
	assert_int_equal(r.ends[FRONT_SENT], 0);
	rig_close(&r);
}

static void
answers_a_client_that_closed_only_its_side(void **state)
{
	static const char *const requests[] = { "GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n" };
	struct rig r;
	struct buf out = { 0 };
	unsigned i;
	int fd;

	(void)state;
	rig_open(&r, "127.0.0.1", hold_request);
	rig_go(&r);
	for (i = 0; i < nitems(requests); i++) {
		fd = dial(r.port);
		say(fd, requests[i]);
		shutdown(fd, SHUT_WR);
		rig_await(&r, &r.requests, i + 1);
		front_answer(r.held[i], &SHORT);
		hear_all(fd, &out);
		must_contain(&out, "\r\n\r\nshort");
		rig_await(&r, &r.ends[FRONT_SENT], i + 1);
		close(fd);
	}
	buf_clear(&out);
	rig_close(&r);
}

static void *
stop_in_a_second(void *ctx)
{
	struct rig *r = ctx;

	front_stop(r->front, 1000);
	return NULL;
}

static void
lets_exchanges_end_while_stopping(void **state)
{
	struct rig r;
	struct buf out = { 0 };
	pthread_t stopper;
	struct pollfd p;
	int fd, late;

	(void)state;
	rig_open(&r, "127.0.0.1", hold_request);
	rig_go(&r);
	fd = dial(r.port);
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	rig_await(&r, &r.requests, 1);
	late = dial(r.port); /* an idle connection does not hold the stop up */
	pthread_create(&stopper, NULL, stop_in_a_second, &r);
	p = (struct pollfd){ fd, POLLIN, 0 };
	assert_int_equal(poll(&p, 1, 50), 0);
	front_answer(r.held[0], &SHORT);
	hear_all(fd, &out);
	must_contain(&out, "\r\n\r\nshort");
	pthread_join(stopper, NULL);
	assert_int_equal(r.ends[FRONT_SENT], 1);
	close(fd);
	close(late);
	buf_clear(&out);
	rig_close(&r);
}

/* Answers when the client's connection was cut: what a handler that waits for a delay does. */
struct late {
	struct rig *rig;
	int fd;
};

static void *
answer_when_cut(void *ctx)
{
	struct late *late = ctx;
	char c;

	(void)recv(late->fd, &c, 1, 0);
	front_answer(late->rig->held[0], &SHORT);
	return NULL;
}

static void
cuts_what_outlasts_the_grace(void **state)
{
	struct rig r;
	struct late late;
	pthread_t answerer;

	(void)state;
	rig_open(&r, "127.0.0.1", hold_request);
	rig_go(&r);
	late = (struct late){ &r, dial(r.port) };
	say(late.fd, "GET / HTTP/1.1\r\n\r\n");
	rig_await(&r, &r.requests, 1);
	pthread_create(&answerer, NULL, answer_when_cut, &late);
	front_stop(r.front, 20);
	pthread_join(answerer, NULL);
	assert_int_equal(r.ends[FRONT_STOPPED], 1);
	close(late.fd);
	rig_close(&r);
}

static void
cuts_a_reader_that_never_reads_at_the_stop(void **state)
{
	static uint8_t large[8u << 20];
	static const char *const requests[] = { "GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n" };
	const struct http_reply reply = { .status = 200,
		.body = bytes_of(large, sizeof(large)) };
	struct rig r;
	int fds[nitems(requests)];
	unsigned i;

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	r.reply = &reply;
	rig_go(&r);
	for (i = 0; i < nitems(requests); i++) {
		fds[i] = dial(r.port);
		say(fds[i], requests[i]);
		rig_await(&r, &r.requests, i + 1);
	}
	front_stop(r.front, 20);
	assert_int_equal(r.ends[FRONT_STOPPED], nitems(requests));
	for (i = 0; i < nitems(requests); i++)
		close(fds[i]);
	rig_close(&r);
}

static void
keeps_connections_waiting_until_it_is_started(void **state)
{
	struct rig r;
	struct buf out = { 0 };
	struct pollfd p;
	int fd;

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	fd = dial(r.port);
	say(fd, "GET /early HTTP/1.0\r\n\r\n");
	p = (struct pollfd){ fd, POLLIN, 0 };
	assert_int_equal(poll(&p, 1, 30), 0);
	rig_go(&r);
	hear_all(fd, &out);
	must_contain(&out, "\ntarget=/early\n");
	close(fd);
	buf_clear(&out);
	rig_close(&r);
}

static int
dial6(uint16_t port)
{
	const struct sockaddr_in6 to = { .sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
takes_both_families_on_the_ipv6_wildcard(void **state)
{
	const struct front_limits limits = { 65536, 1024, 8, 5 };
	const struct log log = { no_line, NULL };
	struct front *probe = front_new(env_system(), &log, &limits, NULL);
	struct front_handler none = { 0 };
	struct err e = { 0 };
	struct buf out = { 0 };
	struct rig r;
	unsigned index;
	uint16_t port;
	int fd;

	(void)state;
	assert_non_null(probe);
	if (front_listen(probe, "::1", 0, &none, &index, &port, &e) == -1) {
		front_free(probe);
		skip(); /* no IPv6 here */
	}
	front_free(probe);
	rig_open(&r, "::", echo_request);
	rig_go(&r);
	fd = dial6(r.port);
	assert_int_not_equal(fd, -1);
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	hear_all(fd, &out);
	must_contain(&out, "\npeer=::1\nlocal=::1:");
	close(fd);
	fd = dial(r.port);
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	hear_all(fd, &out);
	must_contain(&out, "\npeer=127.0.0.1\nlocal=127.0.0.1:");
	close(fd);
	buf_clear(&out);
	rig_close(&r);
}

static void
names_the_address_and_port_it_cannot_have(void **state)
{
	static const struct {
		const char *addr;
		const char *text;
	} rows[] = {
		{ "127.0.0.1",
		    "cannot listen on 127.0.0.1:%u: Address already in use" },
		{ "localhost",
		    "cannot listen on \"localhost\": not an IPv4 or IPv6 address" },
		{ "203.0.113.1",
		    "cannot listen on 203.0.113.1:%u: Cannot assign requested address" },
		{ "2001:db8::1",
		    "cannot listen on [2001:db8::1]:%u: Cannot assign requested address" },
	};
	struct rig r;
	struct err e = { 0 };
	char want[128];
	unsigned index = 77;
	uint16_t port = 78;
	size_t i;

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	for (i = 0; i < nitems(rows); i++) {
		err_clear(&e);
		assert_int_equal(front_listen(r.front, rows[i].addr, r.port,
				     &r.handler, &index, &port, &e),
		    -1);
		assert_int_equal(e.code, ERR_BIND);
		if (i == 3 && strstr(e.text, "Address family") != NULL)
			continue; /* no IPv6 here */
		if (strchr(rows[i].text, '%') == NULL) {
			assert_string_equal(e.text, rows[i].text);
			continue;
		}
		memcpy(want, rows[i].text, strlen(rows[i].text) + 1);
		*strchr(want, '%') = '\0';
		snprintf(want + strlen(want), 8, "%u", (unsigned)r.port);
		assert_memory_equal(e.text, want, strlen(want));
		assert_string_equal(
		    e.text + strlen(want), strchr(rows[i].text, '%') + 2);
	}
	assert_int_equal(index, 77);
	assert_int_equal(port, 78);
	rig_close(&r);
}

static void
serves_two_fronts_in_one_process(void **state)
{
	struct rig a, b;
	struct buf out = { 0 };
	int fd;

	(void)state;
	rig_open(&a, "127.0.0.1", echo_request);
	rig_open(&b, "127.0.0.1", echo_request);
	rig_go(&a);
	rig_go(&b);
	fd = dial(a.port);
	say(fd, "GET /a HTTP/1.1\r\n\r\n");
	hear_reply(fd, &out, false);
	close(fd);
	rig_close(&a);
	fd = dial(b.port);
	say(fd, "GET /b HTTP/1.1\r\n\r\n");
	hear_reply(fd, &out, false);
	must_contain(&out, "\ntarget=/b\n");
	close(fd);
	rig_close(&b);
	buf_clear(&out);
}

static void
takes_new_connections_again_below_the_limit(void **state)
{
	struct rig r;
	struct buf out = { 0 };
	int fds[64], i, fd;

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	rig_go(&r);
	for (i = 0; i < 64; i++) {
		fds[i] = dial(r.port);
		say(fds[i], "GET / HTTP/1.1\r\n\r\n");
		hear_reply(fds[i], &out, false);
	}
	fd = dial(r.port);
	say(fd, "GET /waited HTTP/1.1\r\n\r\n");
	assert_int_equal(recv(fd, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	for (i = 0; i < 64; i++)
		close(fds[i]);
	hear_reply(fd, &out, false);
	must_contain(&out, "\ntarget=/waited\n");
	close(fd);
	buf_clear(&out);
	rig_close(&r);
}

static void
closes_silent_connections_after_the_time_out(void **state)
{
	const struct front_limits limits = { 65536, 1024, 8, 1 };
	const struct log log = { no_line, NULL };
	struct rig r;
	struct err e = { 0 };
	int fd, half;

	(void)state;
	rig_open(&r, "127.0.0.1", echo_request);
	front_free(r.front);
	r.front = front_new(env_system(), &log, &limits, &e);
	assert_non_null(r.front);
	assert_int_equal(front_listen(r.front, "127.0.0.1", 0, &r.handler,
			     &r.index, &r.port, &e),
	    0);
	rig_go(&r);
	fd = dial(r.port);
	half = dial(r.port);
	say(half, "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nab");
	must_be_closed(fd);
	must_be_closed(half);
	assert_int_equal(r.requests, 0);
	close(fd);
	close(half);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    answers_2000_requests_from_4_threads_over_16_connections),
		cmocka_unit_test(tells_when_the_client_left_before_the_answer),
		cmocka_unit_test(answers_a_client_that_closed_only_its_side),
		cmocka_unit_test(lets_exchanges_end_while_stopping),
		cmocka_unit_test(cuts_what_outlasts_the_grace),
		cmocka_unit_test(cuts_a_reader_that_never_reads_at_the_stop),
		cmocka_unit_test(keeps_connections_waiting_until_it_is_started),
		cmocka_unit_test(takes_both_families_on_the_ipv6_wildcard),
		cmocka_unit_test(names_the_address_and_port_it_cannot_have),
		cmocka_unit_test(serves_two_fronts_in_one_process),
		cmocka_unit_test(takes_new_connections_again_below_the_limit),
		cmocka_unit_test(closes_silent_connections_after_the_time_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
