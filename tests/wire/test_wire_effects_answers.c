/* SPDX-License-Identifier: MIT */
/*
 * Effects on answers of which not every byte is known beforehand, and on who
 * waits for 100 Continue: what a socket sees, on plain HTTP and on HTTPS.
 */
#include "wire/test_wire_effects.h"

/* ---- headers of an answer that is honest otherwise ---- */

static const struct row types[] = {
	{ "missing", "headers: { Content-Type: null }", "", 0, RAW_CLOSED },
	{ "wrong", "headers: { Content-Type: application/octet-stream }",
	    "\r\nContent-Type: application/octet-stream\r\n", 0, RAW_CLOSED },
	{ "parametrised",
	    "headers: { Content-Type: text/plain; charset=utf-8 }",
	    "\r\nContent-Type: text/plain; charset=utf-8\r\n", 0, RAW_CLOSED },
	{ "odd-case", "headers: { content-TYPE: Text/PLAIN }",
	    "\r\ncontent-TYPE: Text/PLAIN\r\n", 0, RAW_CLOSED },
};

static void
writes_content_types_of_every_kind(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, types, LENGTH(types));
	for (size_t i = 0; i < 2 * LENGTH(types); i++) {
		const struct row *row = &types[i / 2];

		ask(s.r, s.urls[i % 2], row->id);
		raw_read(s.r, SIZE_MAX);
		if (!raw_has(s.r, row->wanted) ||
		    (strcasestr(s.r->bytes, "Content-Type") == NULL) !=
			(row->wanted[0] == '\0'))
			fail_msg("%s: %s", row->id, s.r->bytes);
		assert_memory_equal(raw_body(s.r), "POSTPKIOperation\r\n", 18);
		raw_close(s.r);
	}
	scene_end(&s);
}

/* ---- redirects ---- */

#define PATH "/certsrv/mscep/mscep.dll"
#define QUERY "?operation=GetCACaps"

static void
redirects_to_where_it_was_told(void **state)
{
	static const struct row rows[] = {
		{ "same", "reply: { status: 301, location: same }",
		    "%s://localhost" PATH "/pkiclient.exe" QUERY, 0,
		    RAW_CLOSED },
		{ "loop", "reply: { status: 302, location: loop }",
		    "%s://localhost" PATH QUERY, 0, RAW_CLOSED },
		{ "other", "reply: { status: 307, location: other }",
		    "%s://elsewhere.invalid" PATH QUERY, 0, RAW_CLOSED },
		{ "https", "reply: { status: 308, location: https }",
		    "https://localhost" PATH QUERY, 0, RAW_CLOSED },
		{ "http", "reply: { status: 303, location: http }",
		    "http://localhost" PATH QUERY, 0, RAW_CLOSED },
		{ "url", "reply: { status: 302, location: \"ftp://x/y\" }",
		    "ftp://x/y", 0, RAW_CLOSED },
	};
	struct scene s;
	char place[300], line[400];

	(void)state;
	scene_begin(&s, rows, LENGTH(rows));
	for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
		const char *scheme = i % 2 == 0 ? "http" : "https";
		const char *to = rows[i / 2].wanted;

		if (strncmp(to, "%s", 2) == 0)
			snprintf(place, sizeof(place), "%s%s", scheme, to + 2);
		else
			snprintf(place, sizeof(place), "%s", to);
		snprintf(line, sizeof(line), "\r\nLocation: %s\r\n", place);
		ask(s.r, s.urls[i % 2], rows[i / 2].id);
		raw_read(s.r, SIZE_MAX);
		if (!raw_has(s.r, line))
			fail_msg("%s: %s", line, s.r->bytes);
		raw_close(s.r);
	}
	scene_end(&s);
}

/* ---- pages, times, codings ---- */

static void
shows_each_page_that_has_a_name(void **state)
{
	static const struct row rows[] = {
		{ "iis", "reply: { status: 403, page: iis }", "403 - ", 0,
		    RAW_CLOSED },
		{ "http-sys", "reply: { status: 414, page: http-sys }",
		    "Microsoft-HTTPAPI/2.0", 0, RAW_CLOSED },
		{ "login", "reply: { page: login }", "<form", 0, RAW_CLOSED },
		{ "waf", "reply: { status: 403, page: waf }",
		    "Request Rejected", 0, RAW_CLOSED },
		{ "proxy", "reply: { status: 504, page: proxy }",
		    "GatewayTimeout", 0, RAW_CLOSED },
		{ "ndes", "reply: { page: ndes }", "Content-Length: 2040", 0,
		    RAW_CLOSED },
	};
	static const int statuses[] = { 403, 414, 200, 403, 504, 200 };
	struct scene s;

	(void)state;
	scene_begin(&s, rows, LENGTH(rows));
	for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
		ask(s.r, s.urls[i % 2], rows[i / 2].id);
		raw_read(s.r, SIZE_MAX);
		if (!raw_has(s.r, rows[i / 2].wanted))
			fail_msg("%s: %s", rows[i / 2].id, s.r->bytes);
		assert_int_equal(atoi(s.r->bytes + 9), statuses[i / 2]);
		assert_non_null(
		    strcasestr(s.r->bytes, "\r\nContent-Type: text/html"));
		raw_close(s.r);
	}
	scene_end(&s);
}

static void
gives_a_date_to_come_back_at(void **state)
{
	static const struct row row = { "date",
		"reply: { status: 429, retry_after: { date: 1h } }", "", 0,
		RAW_CLOSED };
	struct scene s;
	struct tm tm = { 0 };

	(void)state;
	scene_begin(&s, &row, 1);
	for (size_t k = 0; k < LENGTH(s.urls); k++) {
		time_t before = time(NULL);

		ask(s.r, s.urls[k], "date");
		raw_read(s.r, SIZE_MAX);
		const char *at = strstr(s.r->bytes, "\r\nRetry-After: ");

		assert_non_null(at);
		at = strptime(at + 15, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		assert_non_null(at);
		assert_memory_equal(at, "\r\n", 2);
		assert_in_range(timegm(&tm), before + 3600, time(NULL) + 3600);
		raw_close(s.r);
	}
	scene_end(&s);
}

static void
compresses_what_nobody_asked_to_be(void **state)
{
	static const struct row row = { "gzip", TEN ", form: { coding: gzip }",
		"", 0, RAW_CLOSED };
	/* RFC 1952: member header, one final block, CRC-32 and length */
	static const unsigned char tail[] = { 0xc6, 0xc7, 0x84, 0xa6, 10, 0, 0,
		0 };
	struct scene s;

	(void)state;
	scene_begin(&s, &row, 1);
	for (size_t k = 0; k < LENGTH(s.urls); k++) {
		char length[40];

		ask(s.r, s.urls[k], "gzip");
		raw_read(s.r, SIZE_MAX);
		const char *body = raw_body(s.r);
		size_t n = s.r->n - (size_t)(body - s.r->bytes);

		assert_true(raw_has(s.r, "\r\nContent-Encoding: gzip\r\n"));
		snprintf(
		    length, sizeof(length), "\r\nContent-Length: %zu\r\n", n);
		assert_true(raw_has(s.r, length));
		assert_true(n > 18);
		assert_memory_equal(body, "\x1f\x8b\x08\x00", 4);
		assert_memory_equal(
		    body + n - sizeof(tail), tail, sizeof(tail));
		raw_close(s.r);
	}
	scene_end(&s);
}

static void
floods_with_sixty_four_kilobytes_of_headers(void **state)
{
	static const struct row row = { "flood",
		TEN ", form: { flood: { lines: 200, bytes: 64KiB } }", "", 0,
		RAW_CLOSED };
	struct scene s;

	(void)state;
	scene_begin(&s, &row, 1);
	for (size_t k = 0; k < LENGTH(s.urls); k++) {
		size_t lines = 0;

		ask(s.r, s.urls[k], "flood");
		raw_read(s.r, SIZE_MAX);
		for (const char *p = s.r->bytes;
		     (p = strstr(p, "\r\nX-Flood-")) != NULL; p++)
			lines++;
		assert_int_equal(lines, 200);
		assert_int_equal(s.r->n,
		    65536 + strlen(OK TEN_LENGTH CLOSE "\r\n0123456789"));
		raw_close(s.r);
	}
	scene_end(&s);
}

/* ---- 100 Continue ---- */

static void
expect_continue(struct raw *r, const char *url, const char *agent, bool told)
{
	static const char body[] = "no message";
	char head[400];
	int n = snprintf(head, sizeof(head),
	    "POST /certsrv/mscep/mscep.dll?operation=PKIOperation HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: close\r\nUser-Agent: %s\r\n"
	    "Expect: 100-continue\r\nContent-Length: %zu\r\n\r\n",
	    agent, strlen(body));

	raw_open(r, url);
	raw_send(r, head, (size_t)n);
	if (told)
		raw_read_some(r, 25);
	else
		raw_read(r, 0);
	assert_string_equal(
	    r->bytes, told ? "HTTP/1.1 100 Continue\r\n\r\n" : "");
	assert_int_equal(r->end, RAW_OPEN);
	raw_send(r, body, strlen(body));
	raw_read(r, SIZE_MAX);
	assert_memory_equal(
	    r->bytes + (told ? 25 : 0), "HTTP/1.1 500 Internal", 21);
	raw_close(r);
}

static void
lets_a_client_wait_for_a_continue_that_never_comes(void **state)
{
	static const char yaml[] =
	    "mockndes: 1\nrules:\n  - id: never\n"
	    "    when: { op: PKIOperation, user_agent: waits, body_bytes: { over: 5 } }\n"
	    "    times: 2\n    then: { form: { first: never } }\n"
	    "  - id: message\n    when: { transaction: x }\n"
	    "    then: { hang: true }\n";
	static const char unsent[] =
	    "POST " PATH "?operation=PKIOperation HTTP/1.1\r\n"
	    "Host: h\r\nUser-Agent: waits\r\nExpect: 100-Continue\r\n"
	    "Content-Length: 10\r\n\r\n";
	struct raw *r = malloc(sizeof(*r));
	struct served sv;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		served_start_text(&sv, yaml, with_https);
		const char *url = k == 0 ? sv.url : sv.url_https;

		expect_continue(r, url, "other", true);
		expect_continue(r, url, "waits", false);
		/* who leaves has had his turn, too */
		raw_open(r, url);
		raw_send(r, unsent, strlen(unsent));
		raw_read(r, 0);
		assert_int_equal(r->n, 0);
		raw_close(r);
		expect_continue(r, url, "waits", true);
		served_stop(&sv);
	}
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_content_types_of_every_kind),
		cmocka_unit_test(redirects_to_where_it_was_told),
		cmocka_unit_test(shows_each_page_that_has_a_name),
		cmocka_unit_test(gives_a_date_to_come_back_at),
		cmocka_unit_test(compresses_what_nobody_asked_to_be),
		cmocka_unit_test(floods_with_sixty_four_kilobytes_of_headers),
		cmocka_unit_test(
		    lets_a_client_wait_for_a_continue_that_never_comes),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
