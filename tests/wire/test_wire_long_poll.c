/* SPDX-License-Identifier: MIT */
/*
 * Calls that wait: answered by what clients do, by the clock, by a stop; and
 * those whose caller has gone. Run under ThreadSanitizer this is the test of
 * answers that come from another thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/control.h"

#define LIMIT_S 60
#define WAITERS 24

static const char *const with_control[] = { "control-port", "0", NULL };

/* A call that is sent and not read yet. */
static int
begin_wait(const struct served *s, const char *target)
{
	const char *url = mockndes_url(s->m, "control");
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval limit = { LIMIT_S, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[500];

	to.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	snprintf(text, sizeof text,
	    "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target,
	    url + strlen("http://"));
	assert_int_equal(
	    send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	return fd;
}

/* The status of its answer; 0: none came. */
static int
end_wait(int fd)
{
	char text[65536];
	size_t n = 0;
	ssize_t got;
	int status = 0;

	while (n < sizeof text - 1 &&
	    (got = recv(fd, text + n, sizeof text - 1 - n, 0)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(fd);
	return sscanf(text, "HTTP/1.1 %d ", &status) == 1 ? status : 0;
}

static void
is_answered_by_what_a_client_does(void **state)
{
	struct world *w = *state;
	struct served s;
	int fd;

	served_start(&s, NULL, with_control);
	fd = begin_wait(
	    &s, "/v1/requests/wait?op=GetCACert&count=2&timeout=60s");
	served_ask(&s, &w->c, "GetCACert");
	served_ask(&s, &w->c, "GetCACaps");
	served_ask(&s, &w->c, "GetCACert");
	assert_int_equal(end_wait(fd), 200);
	/* What is there already is not waited for. */
	fd = begin_wait(&s, "/v1/requests/wait?op=GetCACert&timeout=60s");
	assert_int_equal(end_wait(fd), 200);
	served_stop(&s);
}

static void
is_answered_when_its_time_is_over(void **state)
{
	struct served s;

	(void)state;
	served_start(&s, NULL, with_control);
	assert_int_equal(end_wait(begin_wait(&s,
			     "/v1/requests/wait?op=GetCACert&timeout=20ms")),
	    408);
	served_stop(&s);
}

static void
a_stop_answers_those_that_wait_at_once(void **state)
{
	struct served s;
	int fds[WAITERS];
	json_t *info;

	served_start(&s, NULL, with_control);
	for (int i = 0; i < WAITERS; i++)
		fds[i] =
		    begin_wait(&s, "/v1/requests/wait?op=GetCACert&timeout=1h");
	/* One answer behind them: they were all taken. */
	info = control_call_json(*state, &s, "GET", "/v1/info", NULL, 200);
	json_decref(info);
	served_stop(&s);
	for (int i = 0; i < WAITERS; i++) {
		int status = end_wait(fds[i]);

		/* One that was not accepted yet is closed. */
		assert_true(status == 503 || status == 0);
	}
}

static void
who_leaves_is_forgotten(void **state)
{
	struct world *w = *state;
	struct served s;
	int stays;

	served_start(&s, NULL, with_control);
	stays = begin_wait(&s, "/v1/requests/wait?op=GetCACert&timeout=60s");
	for (int i = 0; i < WAITERS; i++)
		close(begin_wait(
		    &s, "/v1/requests/wait?op=GetCACert&timeout=1h"));
	served_ask(&s, &w->c, "GetCACert");
	assert_int_equal(end_wait(stays), 200);
	served_stop(&s);
}

/* ---- all of it at once ---- */

struct crowd {
	const struct served *s;
	int i;
	int status;
};

static void *
wait_in_a_crowd(void *arg)
{
	static const char *const targets[] = {
		"/v1/requests/wait?op=GetCACaps&count=10&timeout=60s",
		"/v1/requests/wait?op=GetCACert&timeout=1ms",
		"/v1/requests/wait?op=GetCACaps&count=40&timeout=30ms",
		NULL,
	};
	struct crowd *c = arg;
	const char *target = targets[c->i % 4];
	int fd = begin_wait(c->s,
	    target != NULL
		? target
		: "/v1/requests/wait?op=GetCACaps&count=20&timeout=60s");

	if (target == NULL)
		close(fd);
	else
		c->status = end_wait(fd);
	return NULL;
}

static void
many_wait_while_requests_come(void **state)
{
	struct crowd crowd[WAITERS];
	pthread_t threads[WAITERS];
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, with_control);
	for (int i = 0; i < WAITERS; i++) {
		crowd[i] = (struct crowd){ &s, i, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL,
				     wait_in_a_crowd, &crowd[i]),
		    0);
	}
	for (int i = 0; i < 40; i++)
		served_ask(&s, &w->c, "GetCACaps");
	for (int i = 0; i < WAITERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < WAITERS; i++) {
		if (i % 4 == 0)
			assert_int_equal(crowd[i].status, 200);
		if (i % 4 == 1)
			assert_int_equal(crowd[i].status, 408);
		if (i % 4 == 2)
			assert_true(
			    crowd[i].status == 200 || crowd[i].status == 408);
	}
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_answered_by_what_a_client_does),
		cmocka_unit_test(is_answered_when_its_time_is_over),
		cmocka_unit_test(a_stop_answers_those_that_wait_at_once),
		cmocka_unit_test(who_leaves_is_forgotten),
		cmocka_unit_test(many_wait_while_requests_come),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
