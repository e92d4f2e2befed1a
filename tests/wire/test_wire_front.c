/* SPDX-License-Identifier: MIT */
/*
 * The front over raw sockets: what a request looks like when it is handed
 * over, and the bytes that a reply becomes.
 */
#include "test_wire_front.h"

static int
up(void **state)
{
	struct rig *r = malloc(sizeof(*r));

	assert_non_null(r);
	rig_open(r, "127.0.0.1", echo_request);
	rig_go(r);
	*state = r;
	return 0;
}

static int
down(void **state)
{
	rig_close(*state);
	free(*state);
	return 0;
}

/* Send text on a new connection, expect one reply and the end. */
static void
ask_once(const struct rig *r, const char *text, struct buf *out)
{
	int fd = dial(r->port);

	say(fd, text);
	hear_all(fd, out);
	close(fd);
}

static const struct {
	const char *sentence;
	const char *request;
	const char *seen[4];
} AS_SENT[] = {
	{ "plus, escapes and odd characters stay in the target",
	    "GET /a/B.dll?operation=X&message=a+b%2B%0a%zz/=&c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
	    { "\ntarget=/a/B.dll?operation=X&message=a+b%2B%0a%zz/=&c\n",
		"\npath=/a/B.dll\n",
		"\nquery=operation=X&message=a+b%2B%0a%zz/=&c\n",
		"\nheaders=Host=h|Connection=close|\n" } },
	{ "raw blanks in the target stay",
	    "GET /x?message=a b  c HTTP/1.1\r\nConnection: close\r\n\r\n",
	    { "\ntarget=/x?message=a b  c\n", "\nversion=HTTP/1.1\n" } },
	{ "escaped path and a second question mark",
	    "GET /%63%2Fx?a?b HTTP/1.1\r\nConnection: close\r\n\r\n",
	    { "\npath=/%63%2Fx\n", "\nquery=a?b\n" } },
	{ "absolute form",
	    "GET http://h.example:80/p?q HTTP/1.1\r\nConnection: close\r\n\r\n",
	    { "\ntarget=http://h.example:80/p?q\n", "\npath=/p\n",
		"\nquery=q\n" } },
	{ "no query at all", "GET /p HTTP/1.1\r\nConnection: close\r\n\r\n",
	    { "\nno query\n", "\nbody=0\n", "\nlong=0\n", "method=GET/0\n" } },
	{ "no Host, no User-Agent, HTTP/1.0", "GET /p? HTTP/1.0\r\n\r\n",
	    { "\nversion=HTTP/1.0\n", "\nheaders=\n", "\nquery=\n",
		"\nhead=20\n" } },
	{ "the head is counted with all its line ends",
	    "GET / HTTP/1.1\r\nA:  b \r\nConnection: close\r\n\r\n",
	    { "\nhead=45\n" } },
	{ "headers in order, repeated, odd case, no blank",
	    "GET / HTTP/1.1\r\nX-b:1\r\nx-A: 2\r\nX-b: 3\r\nCookie: c=d\r\nConnection: close\r\n\r\n",
	    { "\nheaders=X-b=1|x-A=2|X-b=3|Cookie=c=d|Connection=close|\n" } },
	{ "a blank before the colon", "GET / HTTP/1.0\r\nA : b\r\n\r\n",
	    { "\nheaders=A =b|\n" } },
	{ "a body by Content-Length",
	    "POST /p HTTP/1.1\r\nConnection: close\r\nContent-Length: 5\r\n\r\nabcde",
	    { "method=POST/2\n", "\nbody=5\n" } },
	{ "a form is not parsed",
	    "POST /p HTTP/1.1\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=b&c=d",
	    { "\nbody=7\n" } },
	{ "a chunked body",
	    "POST /p HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
	    { "\nbody=13\n" } },
	{ "a chunked body with a trailer",
	    "POST /p HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: v\r\n\r\n",
	    { "\nbody=3\n", "|\nhead=67\n" } },
	{ "a POST without a body",
	    "POST /p HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
	    { "\nbody=0\n" } },
	{ "another method", "PROPFIND /p HTTP/1.1\r\nConnection: close\r\n\r\n",
	    { "method=PROPFIND/3\n" } },
	{ "addresses and no TLS", "GET / HTTP/1.0\r\n\r\n",
	    { "\npeer=127.0.0.1\n", "\nlocal=127.0.0.1:", "\ntls=0\n" } },
	{ "lines that end in LF alone", "GET /p HTTP/1.0\nA: b\n\n",
	    { "\nheaders=A=b|\n" } },
};

static void
hands_over_requests_as_they_were_sent(void **state)
{
	struct buf out = { 0 };
	size_t i, k;

	for (i = 0; i < nitems(AS_SENT); i++) {
		ask_once(*state, AS_SENT[i].request, &out);
		if (strncmp(buf_str(&out), "HTTP/1.1 200 OK\r\n", 17) != 0)
			fail_msg("%s: %s", AS_SENT[i].sentence, buf_str(&out));
		for (k = 0; k < 4 && AS_SENT[i].seen[k] != NULL; k++)
			if (strstr(buf_str(&out), AS_SENT[i].seen[k]) == NULL)
				fail_msg("%s: no \"%s\" in \"%s\"",
				    AS_SENT[i].sentence, AS_SENT[i].seen[k],
				    buf_str(&out));
	}
	assert_int_equal(((struct rig *)*state)->received_ms, 1700000000123);
	buf_clear(&out);
}

static void
takes_a_request_byte_by_byte(void **state)
{
	static const char text[] =
	    "POST /p?a+b HTTP/1.1\r\nConnection: close\r\nContent-Length: 4\r\n\r\nabcd";
	struct rig *r = *state;
	struct buf out = { 0 };
	int fd = dial(r->port), on = 1;
	size_t i;

	setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on));
	for (i = 0; i < sizeof(text) - 1; i++)
		assert_true(say_bytes(fd, text + i, 1));
	hear_all(fd, &out);
	must_contain(&out, "\ntarget=/p?a+b\n");
	must_contain(&out, "\nbody=4\n");
	buf_clear(&out);
	close(fd);
}

static void
answers_pipelined_requests_in_order(void **state)
{
	struct rig *r = *state;
	struct buf all = { 0 }, out = { 0 };
	char want[64];
	int i, fd = dial(r->port);

	buf_init(&all, 1u << 20);
	for (i = 0; i < 300; i++)
		buf_addf(&all,
		    i % 3 == 0
			? "POST /%d HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
			: "GET /%d HTTP/1.1\r\n\r\n",
		    i);
	assert_true(say_bytes(fd, all.p, all.n));
	for (i = 0; i < 300; i++) {
		hear_reply(fd, &out, false);
		snprintf(want, sizeof(want), "\ntarget=/%d\n", i);
		must_contain(&out, want);
		must_contain(&out, i % 3 == 0 ? "\nbody=3\n" : "\nbody=0\n");
		must_not_contain(&out, "Connection:");
	}
	buf_clear(&all);
	buf_clear(&out);
	close(fd);
}

static void
takes_a_get_of_200_kB(void **state)
{
	struct rig *r = *state;
	struct buf all = { 0 }, out = { 0 };
	size_t sizes[] = { 200u * 1000, 512u * 1024 - 40 };
	char want[64];
	size_t i, k;
	int fd = dial(r->port);

	for (k = 0; k < nitems(sizes); k++) {
		buf_clear(&all);
		buf_init(&all, 1u << 20);
		buf_add_str(&all, "GET /?message=");
		for (i = 0; i < sizes[k]; i++)
			buf_add_byte(&all,
			    "ab+/%2"[i % 6] == '%' ? 'c'
						   : (uint8_t) "ab+/%2"[i % 6]);
		buf_add_str(&all, " HTTP/1.1\r\n\r\n");
		assert_true(say_bytes(fd, all.p, all.n));
		hear_reply(fd, &out, false);
		snprintf(want, sizeof(want), "\nhead=%zu\n", all.n);
		must_contain(&out, want);
		must_contain(&out, "target=/?message=ab+/c2ab+/c2");
	}
	buf_clear(&all);
	buf_clear(&out);
	close(fd);
}

static void
refuses_a_head_over_the_limit_by_itself(void **state)
{
	struct rig *r = *state;
	struct buf all = { 0 }, out = { 0 };
	int fd = dial(r->port);
	size_t i;

	buf_init(&all, 1u << 20);
	buf_add_str(&all, "GET /");
	for (i = 0; i < 600u * 1024; i++)
		buf_add_byte(&all, 'a');
	(void)say_bytes(fd, all.p, all.n);
	hear_reply(fd, &out, false);
	must_contain(&out, "HTTP/1.1 414 ");
	assert_int_equal(r->requests, 0);
	buf_clear(&all);
	buf_clear(&out);
	close(fd);
}

static void
post_of(const struct rig *r, size_t n, size_t chunk, struct buf *out)
{
	uint8_t *body = calloc(1, n + 1);
	int fd = dial(r->port);
	char line[128];
	size_t at, k;

	assert_non_null(body);
	if (chunk == 0)
		snprintf(line, sizeof(line),
		    "POST / HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", n);
	else
		snprintf(line, sizeof(line),
		    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
	say(fd, line);
	for (at = 0; at < n; at += k) {
		k = chunk == 0 || n - at < chunk ? n - at : chunk;
		snprintf(line, sizeof(line), "%zx\r\n", k);
		if (chunk != 0)
			say(fd, line);
		assert_true(say_bytes(fd, body + at, k));
		if (chunk != 0)
			say(fd, "\r\n");
	}
	if (chunk != 0)
		say(fd, "0\r\n\r\n");
	hear_reply(fd, out, false);
	free(body);
	close(fd);
}

static void
keeps_a_body_of_1_MiB_and_not_one_byte_more(void **state)
{
	struct rig *r = *state;
	struct buf out = { 0 };

	post_of(r, 1u << 20, 0, &out);
	must_contain(&out, "\nbody=1048576\nlong=0\n");
	post_of(r, (1u << 20) + 1, 0, &out);
	must_contain(&out, "\nbody=0\nlong=1\n");
	post_of(r, 1u << 20, 5000, &out);
	must_contain(&out, "\nbody=1048576\nlong=0\n");
	post_of(r, (1u << 20) + 1, 5000, &out);
	must_contain(&out, "\nbody=0\nlong=1\n");
	assert_false(r->kept_long_body);
	buf_clear(&out);
}

static void
drops_a_client_whose_chunks_never_end(void **state)
{
	static uint8_t mib[1u << 20];
	struct rig *r = *state;
	int i, fd = dial(r->port);
	bool open = true;

	say(fd, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < 64 && open; i++)
		open = say_bytes(fd, "100000\r\n", 8) &&
		    say_bytes(fd, mib, sizeof(mib)) && say_bytes(fd, "\r\n", 2);
	assert_false(open);
	assert_int_equal(r->requests, 0);
	close(fd);
}

static void
answers_an_expectation(void **state)
{
	struct rig *r = *state;
	struct buf out = { 0 };
	int fd = dial(r->port);

	say(fd,
	    "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	hear_reply(fd, &out, false);
	assert_string_equal(buf_str(&out), "HTTP/1.1 100 Continue\r\n\r\n");
	say(fd, "abc");
	hear_reply(fd, &out, false);
	must_contain(&out, "\nbody=3\n");
	close(fd);
	buf_clear(&out);
}

static void
answers_before_the_body_what_declares_too_much(void **state)
{
	static const char *const requests[] = {
		"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
	};
	struct rig *r = *state;
	struct buf out = { 0 };
	size_t i;

	for (i = 0; i < nitems(requests); i++) {
		ask_once(r, requests[i], &out);
		must_contain(&out, "HTTP/1.1 200 OK\r\n");
		must_contain(&out, "\nConnection: close\r\n");
		must_contain(&out, "\nbody=0\nlong=1\n");
	}
	buf_clear(&out);
}

static void
lets_a_client_that_is_still_sending_read_the_early_answer(void **state)
{
	static uint8_t mib[1u << 20];
	struct rig *r = *state;
	struct buf out = { 0 };
	int i, fd = dial(r->port);

	say(fd, "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n");
	for (i = 0; i < 8; i++)
		if (!say_bytes(fd, mib, sizeof(mib)))
			break;
	hear_reply(fd, &out, false);
	must_contain(&out, "\nlong=1\n");
	close(fd);
	buf_clear(&out);
}

static void
follows_http_on_keeping_and_closing(void **state)
{
	static const struct {
		const char *sentence;
		const char *request;
		bool closes;
	} rows[] = {
		{ "1.1 stays open", "GET / HTTP/1.1\r\n\r\n", false },
		{ "1.1 closes when told",
		    "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", true },
		{ "1.1 closes when told among others",
		    "GET / HTTP/1.1\r\nConnection: TE , Close\r\n\r\n", true },
		{ "1.0 closes", "GET / HTTP/1.0\r\n\r\n", true },
		{ "1.0 stays open when asked",
		    "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false },
	};
	struct rig *r = *state;
	struct buf out = { 0 };
	size_t i;
	int fd;

	for (i = 0; i < nitems(rows); i++) {
		print_message("%s\n", rows[i].sentence);
		fd = dial(r->port);
		say(fd, rows[i].request);
		hear_reply(fd, &out, false);
		if (rows[i].closes) {
			must_contain(&out, "\r\nConnection: close\r\n");
			must_be_closed(fd);
		} else {
			must_not_contain(&out, "close");
			say(fd, rows[i].request);
			hear_reply(fd, &out, false);
		}
		close(fd);
	}
	buf_clear(&out);
}

struct on_the_wire {
	const char *sentence;
	const char *request;
	struct http_reply reply;
	const char *bytes;
	bool closes;
};

#define H(n, v)                                             \
	{                                                   \
		{ (const uint8_t *)(n), sizeof(n) - 1 },    \
		{                                           \
			(const uint8_t *)(v), sizeof(v) - 1 \
		}                                           \
	}
#define BODY                                \
	{                                   \
		(const uint8_t *)"hello", 5 \
	}

static const struct on_the_wire ON_THE_WIRE[] = {
	{ "a connection that stays open: the reply's order, Content-Length last",
	    "GET / HTTP/1.1\r\n\r\n",
	    { .status = 200,
		.headers = { H("Content-Type", "text/plain"), H("Server", "S"),
		    H("Date", "D"), H("Content-Length", "5") },
		.header_count = 4,
		.body = BODY },
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: S\r\nDate: D\r\nContent-Length: 5\r\n\r\nhello",
	    false },
	{ "no Content-Length in the reply: one is added, once",
	    "GET / HTTP/1.1\r\n\r\n",
	    { .status = 404,
		.headers = { H("Server", "S") },
		.header_count = 1,
		.body = BODY },
	    "HTTP/1.1 404 Not Found\r\nServer: S\r\nContent-Length: 5\r\n\r\nhello",
	    false },
	{ "a closing reply: exactly its own order", "GET / HTTP/1.1\r\n\r\n",
	    { .status = 503,
		.headers = { H("Content-Length", "5"),
		    H("Content-Type", "text/html"), H("Date", "D"),
		    H("Connection", "close"), H("X", "y") },
		.header_count = 5,
		.body = BODY,
		.close = true },
	    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\nContent-Type: text/html\r\nDate: D\r\nConnection: close\r\nX: y\r\n\r\nhello",
	    true },
	{ "a closing client: Connection behind the reply's headers",
	    "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
	    { .status = 200,
		.headers = { H("Content-Length", "5"), H("Date", "D") },
		.header_count = 2,
		.body = BODY },
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: D\r\nConnection: close\r\n\r\nhello",
	    true },
	{ "a reason of its own", "GET / HTTP/1.1\r\n\r\n",
	    { .status = 414,
		.reason = "Request-URI Too Long",
		.headers = { H("Content-Length", "5") },
		.header_count = 1,
		.body = BODY },
	    "HTTP/1.1 414 Request-URI Too Long\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
	    true },
	{ "HEAD sends no body on a connection that stays open",
	    "HEAD / HTTP/1.1\r\n\r\n",
	    { .status = 200,
		.headers = { H("Server", "S"), H("Content-Length", "5") },
		.header_count = 2,
		.body = BODY },
	    "HTTP/1.1 200 OK\r\nServer: S\r\nContent-Length: 5\r\n\r\n",
	    false },
	{ "HEAD sends no body on a connection that closes",
	    "HEAD / HTTP/1.0\r\n\r\n",
	    { .status = 200,
		.headers = { H("Server", "S"), H("Content-Length", "5") },
		.header_count = 2,
		.body = BODY },
	    "HTTP/1.1 200 OK\r\nServer: S\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
	    true },
	{ "an empty body", "GET / HTTP/1.1\r\n\r\n",
	    { .status = 200,
		.headers = { H("Content-Length", "0") },
		.header_count = 1 },
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false },
	{ "a repeated header and an empty value",
	    "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
	    { .status = 401,
		.headers = { H("WWW-Authenticate", "Negotiate"),
		    H("WWW-Authenticate", "NTLM"), H("X", "") },
		.header_count = 3,
		.body = BODY },
	    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\nX: \r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
	    true },
	{ "a Content-Length that lies is sent as it is",
	    "GET / HTTP/1.1\r\n\r\n",
	    { .status = 200,
		.headers = { H("Content-Length", "4") },
		.header_count = 1,
		.body = BODY },
	    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhello",
	    true },
};

static void
sends_a_reply_byte_for_byte(void **state)
{
	struct rig *r = *state;
	struct buf out = { 0 };
	const struct on_the_wire *w;
	char got[1024] = "";
	size_t i;
	int fd;

	for (i = 0; i < nitems(ON_THE_WIRE); i++) {
		w = &ON_THE_WIRE[i];
		r->reply = &w->reply;
		print_message("%s\n", w->sentence);
		fd = dial(r->port);
		say(fd, w->request);
		memset(got, 0, sizeof(got));
		assert_int_equal(recv(fd, got, strlen(w->bytes), MSG_WAITALL),
		    strlen(w->bytes));
		assert_string_equal(got, w->bytes);
		if (w->closes) {
			must_be_closed(fd);
		} else {
			r->reply = NULL;
			say(fd, "GET /again HTTP/1.1\r\n\r\n");
			hear_reply(fd, &out, false);
			must_contain(&out, "\ntarget=/again\n");
		}
		close(fd);
	}
	r->reply = NULL;
	buf_clear(&out);
}

/* A body that fills the socket's buffers many times over, to a slow reader. */
static void
sends_a_large_body_to_a_slow_reader(void **state)
{
	static uint8_t large[3u << 20];
	static const char *const requests[] = { "GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n" };
	struct http_reply reply = { .status = 200,
		.body = bytes_of(large, sizeof(large)) };
	struct rig *r = *state;
	size_t i, n, total;
	static char chunk[65536];
	int fd;

	r->reply = &reply;
	for (i = 0; i < nitems(requests); i++) {
		fd = dial(r->port);
		say(fd, requests[i]);
		rig_await(r, &r->requests, (unsigned)i + 1);
		for (total = 0; total < sizeof(large); total += n) {
			n = (size_t)recv(fd, chunk, sizeof(chunk), 0);
			assert_true(n > 0 && n <= sizeof(chunk));
		}
		rig_await(r, &r->ends[FRONT_SENT], (unsigned)i + 1);
		close(fd);
	}
	r->reply = NULL;
}

static void
answers_broken_requests_without_the_handler(void **state)
{
	static const char *const requests[] = {
		"nonsense\r\n\r\n",
		"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
	};
	struct rig *r = *state;
	size_t i;
	char c[512];
	int fd;

	for (i = 0; i < nitems(requests); i++) {
		fd = dial(r->port);
		say(fd, requests[i]);
		shutdown(fd, SHUT_WR);
		while (recv(fd, c, sizeof(c), 0) > 0)
			continue;
		close(fd);
	}
	assert_int_equal(r->requests, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
	const struct CMUnitTest tests[] = {
		T(hands_over_requests_as_they_were_sent),
		T(takes_a_request_byte_by_byte),
		T(answers_pipelined_requests_in_order),
		T(takes_a_get_of_200_kB),
		T(refuses_a_head_over_the_limit_by_itself),
		T(keeps_a_body_of_1_MiB_and_not_one_byte_more),
		T(drops_a_client_whose_chunks_never_end),
		T(answers_an_expectation),
		T(answers_before_the_body_what_declares_too_much),
		T(lets_a_client_that_is_still_sending_read_the_early_answer),
		T(follows_http_on_keeping_and_closing),
		T(sends_a_reply_byte_for_byte),
		T(sends_a_large_body_to_a_slow_reader),
		T(answers_broken_requests_without_the_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
