/* SPDX-License-Identifier: MIT */
/*
 * GET /v1/stream beside requests: what it tells, to whom, what who comes back
 * missed, and what a stop and a leaving reader do.
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
#define EVENT_MAX 8192
#define BEATS_MAX 4

static const char *const with_control[] = { "control-port", "0", NULL };

/* ---- a reader of events ---- */

struct reader {
	FILE *in;
	char id[100], event[100], data[EVENT_MAX];
};

/* The next line that is no size of a chunk, without its end; false at the end of the stream. */
static bool
next_line(struct reader *r, char *line, size_t size)
{
	while (fgets(line, (int)size, r->in) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strspn(line, "0123456789abcdef") == strlen(line) &&
		    line[0] != '\0')
			continue;
		return true;
	}
	return false;
}

/* The next event; false when the stream has ended, or was silent for so many heartbeats that nothing will come. */
static bool
next_event(struct reader *r)
{
	char line[EVENT_MAX + 20];
	unsigned beats = 0;

	r->id[0] = r->event[0] = r->data[0] = '\0';
	while (next_line(r, line, sizeof line)) {
		if (strncmp(line, "id: ", 4) == 0)
			snprintf(r->id, sizeof r->id, "%.99s", line + 4);
		else if (strncmp(line, "event: ", 7) == 0)
			snprintf(r->event, sizeof r->event, "%.99s", line + 7);
		else if (strncmp(line, "data: ", 6) == 0)
			snprintf(r->data, sizeof r->data, "%.*s", EVENT_MAX - 1,
			    line + 6);
		else if (line[0] == ':' && ++beats == BEATS_MAX)
			return false;
		else if (line[0] == '\0' && r->data[0] != '\0')
			return true;
	}
	return false;
}

static void
open_reader(struct reader *r, const struct served *s, const char *target,
    const char *last)
{
	const char *url = mockndes_url(s->m, "control");
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval limit = { LIMIT_S, 0 };
	char line[EVENT_MAX], text[1000];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(r, 0, sizeof *r);
	to.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n%s%s%s\r\n",
	    target, url + strlen("http://"),
	    last != NULL ? "Last-Event-ID: " : "", last != NULL ? last : "",
	    last != NULL ? "\r\n" : "");
	assert_int_equal(
	    send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	r->in = fdopen(fd, "r");
	assert_non_null(fgets(line, sizeof line, r->in));
	if (strncmp(line, "HTTP/1.1 200 ", 13) != 0)
		fail_msg("%s: %s", target, line);
	while (strcmp(line, "\r\n") != 0)
		assert_non_null(fgets(line, sizeof line, r->in));
	/* What comes with the head says that it listens. */
	while (strncmp(line, "retry: ", 7) != 0)
		assert_non_null(fgets(line, sizeof line, r->in));
}

static void
close_reader(struct reader *r)
{
	fclose(r->in);
}

static void
expect_event(struct reader *r, const char *event, const char *in_data)
{
	if (!next_event(r))
		fail_msg("the stream ended before %s", event);
	assert_string_equal(r->event, event);
	if (strstr(r->data, in_data) == NULL)
		fail_msg("%s is not in %s", in_data, r->data);
}

/* ---- tests ---- */

static void
tells_each_change_of_a_request_as_it_happens(void **state)
{
	struct world *w = *state;
	struct reader r;
	struct served s;

	served_start(&s, NULL, with_control);
	open_reader(&r, &s, "/v1/stream", NULL);
	served_ask(&s, &w->c, "GetCACaps");
	expect_event(&r, "opened", "\"op\":\"GetCACaps\"");
	assert_string_equal(r.id, "1-opened");
	assert_null(strstr(r.data, "\"status\""));
	expect_event(&r, "answered", "\"status\":200");
	assert_string_equal(r.id, "1-answered");
	expect_event(&r, "ended", "\"end\":\"sent\"");
	close_reader(&r);
	served_stop(&s);
}

/* Whatever clients send, the data is JSON and the event whole. */
static void
writes_odd_texts_as_json(void **state)
{
	static const char *const agents[] = { "say \"cheese\"", "back\\slash",
		"tab\there", "gr\xc3\xbc\xc3\x9f", "not\xff utf-8 \"\x01",
		"plain" };
	struct world *w = *state;
	struct reader r;
	struct served s;

	served_start(&s, NULL, with_control);
	open_reader(&r, &s, "/v1/stream", NULL);
	for (size_t i = 0; i < sizeof agents / sizeof *agents; i++) {
		struct client_http h;
		char text[300];
		json_t *data;

		snprintf(text, sizeof text,
		    "GET /certsrv/mscep/mscep.dll?operation=GetCACaps "
		    "HTTP/1.1\r\nHost: h\r\nUser-Agent: %s\r\n"
		    "Connection: close\r\n\r\n",
		    agents[i]);
		if (client_raw(&w->c, s.url, text, strlen(text), &h))
			fail_msg("%s", w->c.why);
		client_http_clear(&h);
		for (int k = 0; k < 3; k++) {
			assert_true(next_event(&r));
			data = json_loads(r.data, JSON_REJECT_DUPLICATES, NULL);
			if (data == NULL)
				fail_msg("no JSON: %s", r.data);
			if (strcmp(agents[i], "gr\xc3\xbc\xc3\x9f") == 0)
				assert_string_equal(
				    control_text(data, "user_agent"),
				    agents[i]);
			json_decref(data);
		}
	}
	close_reader(&r);
	served_stop(&s);
}

static void
tells_only_what_was_asked_for(void **state)
{
	struct world *w = *state;
	struct reader r;
	struct served s;

	served_start(&s, NULL, with_control);
	open_reader(&r, &s, "/v1/stream?op=GetCACert&status=200", NULL);
	served_ask(&s, &w->c, "GetCACaps");
	served_ask(&s, &w->c, "GetCACert");
	expect_event(&r, "answered", "\"op\":\"GetCACert\"");
	assert_string_equal(r.id, "2-answered");
	close_reader(&r);
	/* Another site's requests are nothing to this one. */
	open_reader(&r, &s, "/x/healthy/v1/stream", NULL);
	served_ask(&s, &w->c, "GetCACaps");
	served_stop(&s);
	assert_false(next_event(&r));
	close_reader(&r);
}

static void
refuses_a_condition_that_is_none(void **state)
{
	struct world *w = *state;
	struct served s;
	json_t *json;

	served_start(&s, NULL, with_control);
	json = control_call_json(w, &s, "GET", "/v1/stream?opp=x", NULL, 400);
	assert_non_null(strstr(control_text(json, "detail"), "op?"));
	json_decref(json);
	json = control_call_json(
	    w, &s, "GET", "/v1/stream?status=many", NULL, 400);
	json_decref(json);
	served_stop(&s);
}

static void
a_head_of_a_stream_is_a_head(void **state)
{
	struct world *w = *state;
	struct client_http h;
	struct served s;

	served_start(&s, NULL, with_control);
	control_call_raw(w, &s, "HEAD", "/v1/stream", NULL, NULL, &h);
	assert_int_equal(h.status, 200);
	assert_string_equal(h.content_type, "text/event-stream");
	assert_int_equal(h.body.n, 0);
	client_http_clear(&h);
	served_stop(&s);
}

static void
who_comes_back_is_told_what_it_missed(void **state)
{
	struct world *w = *state;
	const char *ids[2][3] = { { "2-opened", "2-answered", "2-ended" },
		{ "3-opened", "3-answered", "3-ended" } };
	size_t told[2] = { 0 };
	struct reader r;
	struct served s;

	served_start(&s, NULL, with_control);
	open_reader(&r, &s, "/v1/stream", NULL);
	served_ask(&s, &w->c, "GetCACaps");
	for (int i = 0; i < 3; i++)
		assert_true(next_event(&r));
	assert_string_equal(r.id, "1-ended");
	close_reader(&r);
	served_ask(&s, &w->c, "GetCACaps");
	served_ask(&s, &w->c, "GetCACert");
	open_reader(&r, &s, "/v1/stream", "1-ended");
	/* Of each request in order; how the two lie to each other in one millisecond is not known. */
	while (told[0] + told[1] < 6) {
		size_t i;

		assert_true(next_event(&r));
		i = r.id[0] == '3';
		assert_string_equal(r.id, ids[i][told[i]++]);
	}
	/* And then it goes on. */
	served_ask(&s, &w->c, "GetCACaps");
	expect_event(&r, "opened", "\"id\":4");
	close_reader(&r);
	served_stop(&s);
}

static void
a_stop_ends_a_stream_and_a_reader_that_left_does_no_harm(void **state)
{
	struct world *w = *state;
	struct reader stays, leaves;
	struct served s;
	unsigned n;

	served_start(&s, NULL, with_control);
	open_reader(&stays, &s, "/v1/stream", NULL);
	open_reader(&leaves, &s, "/v1/stream", NULL);
	close_reader(&leaves);
	for (int i = 0; i < 20; i++)
		served_ask(&s, &w->c, "GetCACaps");
	served_stop(&s);
	/* The end comes; whether the last request's end was told before is a race. */
	for (n = 0; next_event(&stays); n++)
		continue;
	assert_in_range(n, 57, 60);
	close_reader(&stays);
}

/* ---- many at once ---- */

#define READERS 8
#define REQUESTS 100

struct counting {
	struct reader r;
	unsigned n;
};

static void *
count_events(void *arg)
{
	struct counting *c = arg;

	while (c->n < 3 * REQUESTS && next_event(&c->r))
		c->n++;
	return NULL;
}

static void
many_readers_see_all_and_those_that_do_not_read_delay_nobody(void **state)
{
	struct counting readers[READERS] = { 0 };
	pthread_t threads[READERS];
	struct world *w = *state;
	struct reader sleeper;
	struct served s;

	served_start(&s, NULL, with_control);
	open_reader(&sleeper, &s, "/v1/stream", NULL);
	for (int i = 0; i < READERS; i++) {
		open_reader(&readers[i].r, &s, "/v1/stream", NULL);
		assert_int_equal(pthread_create(&threads[i], NULL, count_events,
				     &readers[i]),
		    0);
	}
	for (int i = 0; i < REQUESTS; i++)
		served_ask(&s, &w->c, "GetCACaps");
	for (int i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].n, 3 * REQUESTS);
		close_reader(&readers[i].r);
	}
	served_stop(&s);
	close_reader(&sleeper);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_each_change_of_a_request_as_it_happens),
		cmocka_unit_test(writes_odd_texts_as_json),
		cmocka_unit_test(tells_only_what_was_asked_for),
		cmocka_unit_test(refuses_a_condition_that_is_none),
		cmocka_unit_test(a_head_of_a_stream_is_a_head),
		cmocka_unit_test(who_comes_back_is_told_what_it_missed),
		cmocka_unit_test(
		    a_stop_ends_a_stream_and_a_reader_that_left_does_no_harm),
		cmocka_unit_test(
		    many_readers_see_all_and_those_that_do_not_read_delay_nobody),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
