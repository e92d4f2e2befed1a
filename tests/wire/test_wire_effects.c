/* SPDX-License-Identifier: MIT */
/*
 * What a socket sees of the effects on bytes and on the transport, byte for
 * byte, on plain HTTP and on HTTPS alike.
 */
#include "wire/test_wire_effects.h"

/* ---- answers and how they are written ---- */

static const struct row exact[] = {
	{ "any-status",
	    "reply: { status: 299, reason: Very Odd, headers: { x-A: [b, c] }, body: hello }",
	    "HTTP/1.1 299 Very Odd\r\nContent-Length: 5\r\nx-A: b\r\nx-A: c\r\n" CLOSE
	    "\r\nhello",
	    0, RAW_CLOSED },
	{ "body-of-204", "reply: { status: 204, body: hello }",
	    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n" CLOSE
	    "\r\nhello",
	    0, RAW_CLOSED },
	{ "binary", "reply: { body_hex: 300003ff }",
	    OK "Content-Length: 4\r\n" CLOSE "\r\n0\0\3\377",
	    sizeof(OK "Content-Length: 4\r\n" CLOSE "\r\n") + 3, RAW_CLOSED },
	{ "empty-200",
	    "reply: { headers: { Content-Type: application/x-pki-message } }",
	    OK
	    "Content-Length: 0\r\nContent-Type: application/x-pki-message\r\n" CLOSE
	    "\r\n",
	    0, RAW_CLOSED },
	{ "retry-seconds",
	    "reply: { status: 503, retry_after: 2m, body: busy }",
	    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n"
	    "Retry-After: 120\r\n" CLOSE "\r\nbusy",
	    0, RAW_CLOSED },
	{ "short", TEN ", form: { length: short }",
	    OK "Content-Length: 5\r\n" CLOSE "\r\n0123456789", 0, RAW_CLOSED },
	{ "long", TEN ", form: { length: long }",
	    OK "Content-Length: 16\r\n" CLOSE "\r\n0123456789", 0, RAW_CLOSED },
	{ "twice", TEN ", form: { length: twice }",
	    OK TEN_LENGTH "Content-Length: 5\r\n" CLOSE "\r\n0123456789", 0,
	    RAW_CLOSED },
	{ "both", TEN ", form: { length: both, chunks: 8 }",
	    OK "Transfer-Encoding: chunked\r\n" TEN_LENGTH CLOSE
	       "\r\n8\r\n01234567\r\n2\r\n89\r\n0\r\n\r\n",
	    0, RAW_CLOSED },
	{ "no-length", TEN ", form: { length: absent }",
	    OK CLOSE "\r\n0123456789", 0, RAW_CLOSED },
	{ "chunks",
	    "reply: { body: abc }, form: { chunks: 1, trailers: { X-T: [y, z] } }",
	    OK
	    "Transfer-Encoding: chunked\r\n" CLOSE
	    "\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\nX-T: y\r\nX-T: z\r\n\r\n",
	    0, RAW_CLOSED },
	{ "odd-chunked",
	    "reply: { body: abc }, form: { chunks: 16, chunked_word: Chunked }",
	    OK "Transfer-Encoding: Chunked\r\n" CLOSE
	       "\r\n3\r\nabc\r\n0\r\n\r\n",
	    0, RAW_CLOSED },
	{ "http-1.0", TEN ", form: { version: \"1.0\" }",
	    "HTTP/1.0 200 OK\r\n" TEN_LENGTH CLOSE "\r\n0123456789", 0,
	    RAW_CLOSED },
	{ "http-0.9", TEN ", form: { version: \"0.9\" }", "0123456789", 0,
	    RAW_CLOSED },
	{ "http-2", TEN ", form: { version: \"2\" }", "\0\0\0\4\0\0\0\0\0", 9,
	    RAW_CLOSED },
	{ "continue-first", TEN ", form: { first: continue }",
	    "HTTP/1.1 100 Continue\r\n\r\n" OK TEN_LENGTH CLOSE
	    "\r\n0123456789",
	    0, RAW_CLOSED },
	{ "hints", TEN ", form: { first: early-hints }",
	    "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" OK
		TEN_LENGTH CLOSE "\r\n0123456789",
	    0, RAW_CLOSED },
	{ "upper",
	    "reply: { body: a, headers: { x-Two: b } }, form: { names: upper }",
	    OK "X-TWO: b\r\nCONTENT-LENGTH: 1\r\nCONNECTION: close\r\n\r\na", 0,
	    RAW_CLOSED },
	{ "raw", "raw: { hex: 00ff0a }", "\0\377\n", 3, RAW_CLOSED },
	{ "raw-text", "raw: \"HTTP/1.1 200 OK\\r\\n\\r\\n\\thi\"",
	    OK "\r\n\thi", 0, RAW_CLOSED },
	{ "truncated", TEN ", damage: { truncate: 40%, append: xy }",
	    OK "Content-Length: 6\r\n" CLOSE "\r\n0123xy", 0, RAW_CLOSED },

	/* ---- transport ---- */
	{ "close-without-a-byte", "cut: { at: start, how: close }", "", 0,
	    RAW_CLOSED },
	{ "reset-without-a-byte", "cut: { at: start }", "", 0, RAW_RESET },
	{ "stall-without-a-byte", "cut: { at: start, how: stall }", "", 0,
	    RAW_OPEN },
	{ "reset-after-headers", TEN ", cut: { at: headers }",
	    OK TEN_LENGTH CLOSE "\r\n", 0, RAW_RESET },
	{ "close-after-headers", TEN ", cut: { at: headers, how: close }",
	    OK TEN_LENGTH CLOSE "\r\n", 0, RAW_CLOSED },
	{ "half", TEN ", cut: { at: 50%, how: close }",
	    OK TEN_LENGTH CLOSE "\r\n01234", 0, RAW_CLOSED },
	{ "reset-mid-body", TEN ", cut: { at: 50%, how: reset }",
	    OK TEN_LENGTH CLOSE "\r\n01234", 0, RAW_RESET },
	{ "reset-at-a-size", TEN ", cut: { at: 9 }",
	    OK TEN_LENGTH CLOSE "\r\n012345678", 0, RAW_RESET },
	{ "stall", TEN ", cut: { at: 3, how: stall }",
	    OK TEN_LENGTH CLOSE "\r\n012", 0, RAW_OPEN },
	{ "cut-of-raw", "raw: { text: 0123456789 }, cut: { at: 40% }", "0123",
	    0, RAW_RESET },
	{ "hang", "hang: true", "", 0, RAW_OPEN },
	{ "keep-open", TEN ", form: { keep_open: true }",
	    OK TEN_LENGTH "\r\n0123456789", 0, RAW_OPEN },
	{ "drip-and-reset",
	    TEN ", drip: { bytes: 7, every: 1ms }, cut: { at: 50% }",
	    OK TEN_LENGTH CLOSE "\r\n01234", 0, RAW_RESET },
	{ "wait-and-close",
	    "wait: { uniform: [1ms, 2ms] }, cut: { at: start, how: close }", "",
	    0, RAW_CLOSED },
};

static void
must_see(struct raw *r, const char *url, const struct row *row)
{
	size_t n = row->n != 0 ? row->n : strlen(row->wanted);

	ask(r, url, row->id);
	/* what is never said is waited for a while, what ends is to the end */
	raw_read(r, row->end == RAW_OPEN ? n : SIZE_MAX);
	if (r->n != n || memcmp(r->bytes, row->wanted, n) != 0)
		fail_msg("%s on %.5s: %zu bytes\n%s\nwanted %zu\n%s", row->id,
		    url, r->n, r->bytes, n, row->wanted);
	if (r->end != row->end)
		fail_msg("%s on %.5s: %s, wanted %s", row->id, url,
		    raw_end_name(r->end), raw_end_name(row->end));
	raw_close(r);
}

static void
sends_the_bytes_asked_for_and_ends_as_asked_for(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, exact, LENGTH(exact));
	for (size_t k = 0; k < LENGTH(s.urls); k++)
		for (size_t i = 0; i < LENGTH(exact); i++)
			must_see(s.r, s.urls[k], &exact[i]);
	scene_end(&s);
}

static void
hangs_behind_the_headers_of_the_honest_answer(void **state)
{
	static const struct row row = { "headers", "hang: headers", "", 0,
		RAW_OPEN };
	struct scene s;

	(void)state;
	scene_begin(&s, &row, 1);
	for (size_t k = 0; k < LENGTH(s.urls); k++) {
		ask(s.r, s.urls[k], "headers");
		raw_read(s.r, 60);
		assert_int_equal(s.r->end, RAW_OPEN);
		assert_memory_equal(s.r->bytes, OK, strlen(OK));
		assert_true(raw_has(s.r, "\r\nContent-Length: 58\r\n"));
		assert_memory_equal(s.r->bytes + s.r->n - 4, "\r\n\r\n", 4);
		raw_close(s.r);
	}
	scene_end(&s);
}

/* ---- times, of which only the least is certain ---- */

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
waits_and_drips_as_long_as_it_was_told(void **state)
{
	static const struct row rows[] = {
		{ "fixed", "wait: 200ms, " TEN, "", 0, RAW_CLOSED },
		{ "uniform", "wait: { uniform: [200ms, 220ms] }, " TEN, "", 0,
		    RAW_CLOSED },
		{ "lognormal",
		    "wait: { lognormal: { median: 250ms, sigma: 0.01 } }, " TEN,
		    "", 0, RAW_CLOSED },
		/* 64 bytes: the first seven at once, nine times 25 ms */
		{ "drip", TEN ", drip: { bytes: 7, every: 25ms }", "", 0,
		    RAW_CLOSED },
	};
	struct scene s;

	(void)state;
	scene_begin(&s, rows, LENGTH(rows));
	for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
		int64_t begun = now_ms();

		ask(s.r, s.urls[i % 2], rows[i / 2].id);
		raw_read(s.r, SIZE_MAX);
		assert_true(now_ms() - begun >= 200);
		assert_string_equal(
		    s.r->bytes, OK TEN_LENGTH CLOSE "\r\n0123456789");
		assert_int_equal(s.r->end, RAW_CLOSED);
		raw_close(s.r);
	}
	scene_end(&s);
}

/* ---- before there is a request ---- */

static void
breaks_off_what_it_accepts(void **state)
{
	static const char yaml[] =
	    "mockndes: 1\nrules:\n  - id: accept\n    steps:\n"
	    "      - cut: { at: accept }\n"
	    "      - cut: { at: accept, how: close }\n"
	    "      - cut: { at: accept, how: stall }\n";
	static const enum raw_end ends[] = { RAW_RESET, RAW_CLOSED, RAW_OPEN };
	struct raw *r = malloc(sizeof(*r));
	struct served sv;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		served_start_text(&sv, yaml, with_https);
		for (size_t i = 0; i < LENGTH(ends); i++) {
			raw_connect(r, k == 0 ? sv.url : sv.url_https);
			raw_read(r, ends[i] == RAW_OPEN ? 0 : SIZE_MAX);
			assert_int_equal(r->n, 0);
			assert_int_equal(r->end, ends[i]);
			raw_close(r);
		}
		served_stop(&sv);
	}
	free(r);
}

/* To refuse is the host's, since a rule only sees what was accepted. */
static void
refuses_connections(void **state)
{
	static const char yaml[] =
	    "mockndes: 1\nhost: { network: { state: refused } }\n";
	struct served sv;

	(void)state;
	served_start_text(&sv, yaml, with_https);
	assert_int_equal(raw_refused(sv.url), true);
	assert_int_equal(raw_refused(sv.url_https), true);
	served_stop(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    sends_the_bytes_asked_for_and_ends_as_asked_for),
		cmocka_unit_test(hangs_behind_the_headers_of_the_honest_answer),
		cmocka_unit_test(waits_and_drips_as_long_as_it_was_told),
		cmocka_unit_test(breaks_off_what_it_accepts),
		cmocka_unit_test(refuses_connections),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
