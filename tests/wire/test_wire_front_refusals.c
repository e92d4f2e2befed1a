/* SPDX-License-Identifier: MIT */
/*
 * Requests that the HTTP library answers by itself: there is no exchange of
 * them, so the operator must hear of them from the front.
 */
#include "test_wire_front.h"

#include <string.h>

struct heard {
	pthread_mutex_t lock;
	unsigned lines;
	char last[256];
};

static void
hear_line(void *ctx, enum log_level level, const char *text)
{
	struct heard *h = ctx;

	if (level < LOG_INFO)
		return;
	pthread_mutex_lock(&h->lock);
	h->lines++;
	snprintf(h->last, sizeof(h->last), "%s", text);
	pthread_mutex_unlock(&h->lock);
}

struct row {
	const char *request; /* %A: more bytes than are read of a head */
	const char *answer;
	const char *line;
};

static const struct row rows[] = {
	{ "GET /?%A", "HTTP/1.1 414 ",
	    "unreadable request -> 414 by the HTTP library: the request "
	    "line is longer than this mock reads at all" },
	{ "GET / HTTP/1.1\r\nX: %A", "HTTP/1.1 431 ",
	    "unreadable request -> 431 by the HTTP library: the headers are "
	    "longer than this mock reads at all" },
	{ "GET / HTTP/2.0\r\n\r\n", "HTTP/1.1 505 ",
	    "unreadable request -> 505 by the HTTP library: the HTTP version "
	    "is not 1.0 or 1.1" },
	{ "GET / HTTP/1.1\r\nno colon\r\n\r\n", "HTTP/1.1 400 ",
	    "unreadable request -> 400 by the HTTP library: the request is "
	    "not HTTP as it should be" },
	{ "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 400 ",
	    "unreadable request -> 400 by the HTTP library: the request is "
	    "not HTTP as it should be" },
	{ "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ", "" },
};

/* The first bytes of the answer, as many as the row says. */
static void
send_row(uint16_t port, const struct row *row)
{
	const char *many = strstr(row->request, "%A");
	size_t n =
	    many != NULL ? (size_t)(many - row->request) : strlen(row->request);
	char got[32] = { 0 };
	int fd = dial(port);
	char *pad;

	(void)say_bytes(fd, row->request, n);
	if (many != NULL) {
		pad = malloc(600u * 1024);
		assert_non_null(pad);
		memset(pad, 'A', 600u * 1024);
		(void)say_bytes(fd, pad, 600u * 1024);
		free(pad);
	}
	assert_int_equal(recv(fd, got, strlen(row->answer), MSG_WAITALL),
	    strlen(row->answer));
	assert_string_equal(got, row->answer);
	close(fd);
}

static void
says_what_the_library_refused(void **state)
{
	static const struct env env = { fixed_now, NULL, NULL };
	const struct front_limits limits = { 256u * 1024, 1u << 20, 64, 30 };
	struct heard h = { .lock = PTHREAD_MUTEX_INITIALIZER };
	const struct log log = { hear_line, &h };
	struct err e = { 0 };
	struct rig r = { 0 };

	(void)state;
	pthread_mutex_init(&r.lock, NULL);
	pthread_cond_init(&r.changed, NULL);
	r.handler = (struct front_handler){
		.request = echo_request, .done = count_done, .ctx = &r
	};
	r.front = front_new(&env, &log, &limits, &e);
	assert_non_null(r.front);
	assert_int_equal(front_listen(r.front, "127.0.0.1", 0, &r.handler,
			     &r.index, &r.port, &e),
	    0);
	rig_go(&r);
	for (size_t i = 0; i < nitems(rows); i++) {
		pthread_mutex_lock(&h.lock);
		h.lines = 0;
		h.last[0] = '\0';
		pthread_mutex_unlock(&h.lock);
		print_message("%.40s\n", rows[i].request);
		send_row(r.port, &rows[i]);
		pthread_mutex_lock(&h.lock);
		assert_string_equal(h.last, rows[i].line);
		assert_int_equal(h.lines, rows[i].line[0] == '\0' ? 0 : 1);
		pthread_mutex_unlock(&h.lock);
	}
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_the_library_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
