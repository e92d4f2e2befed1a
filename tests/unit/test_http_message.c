/* SPDX-License-Identifier: MIT */
/* Requests and replies as values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/reply.h"

static void
splits_the_target(void **state)
{
	static const struct {
		const char *sentence, *target, *path;
		const char *query; /* NULL: there is no '?' */
	} rows[] = {
		{ "path and query", "/a/b.dll?x=%2B+", "/a/b.dll", "x=%2B+" },
		{ "no query", "/a", "/a", NULL },
		{ "an empty query", "/a?", "/a", "" },
		{ "a second question mark", "/a?b?c", "/a", "b?c" },
		{ "still escaped", "/%61%3F?%3f", "/%61%3F", "%3f" },
		{ "nothing", "", "", NULL },
		{ "only a query", "?q", "", "q" },
		{ "the absolute form", "http://h:80/p/q?r", "/p/q", "r" },
		{ "the absolute form, upper case", "HTTPS://h/p", "/p", NULL },
		{ "the absolute form without a path", "http://h?q", "", "q" },
		{ "the absolute form, nothing behind", "http://h", "", NULL },
		{ "an address in the query", "/p?u=http://h/x", "/p",
		    "u=http://h/x" },
		{ "an asterisk", "*", "*", NULL },
	};
	struct http_request rq;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		memset(&rq, 0xff, sizeof(rq));
		rq.target = bytes_str(rows[i].target);
		http_request_split(&rq);
		if (!bytes_eq(rq.path, bytes_str(rows[i].path)) ||
		    (rq.query.p != NULL) != (rows[i].query != NULL) ||
		    !bytes_eq(rq.query, bytes_str(rows[i].query)))
			fail_msg("%s: path \"%.*s\"", rows[i].sentence,
			    (int)rq.path.n, (const char *)rq.path.p);
	}
}

static void
names_methods_by_their_exact_spelling(void **state)
{
	(void)state;
	assert_int_equal(http_method_of(BYTES_LIT("GET")), HTTP_GET);
	assert_int_equal(http_method_of(BYTES_LIT("HEAD")), HTTP_HEAD);
	assert_int_equal(http_method_of(BYTES_LIT("POST")), HTTP_POST);
	assert_int_equal(http_method_of(BYTES_LIT("get")), HTTP_OTHER);
	assert_int_equal(http_method_of(BYTES_LIT("GETS")), HTTP_OTHER);
	assert_int_equal(http_method_of(BYTES_LIT("")), HTTP_OTHER);
}

static void
finds_headers_without_letter_case_the_first_one(void **state)
{
	const struct http_header headers[] = {
		{ BYTES_LIT("X-A"), BYTES_LIT("1") },
		{ BYTES_LIT("x-b"), BYTES_LIT("2") },
		{ BYTES_LIT("X-B"), BYTES_LIT("3") },
	};
	struct http_request rq = { .headers = headers, .header_count = 3 };

	(void)state;
	assert_ptr_equal(http_request_header(&rq, "X-b"), &headers[1]);
	assert_ptr_equal(http_request_header(&rq, "x-a"), &headers[0]);
	assert_null(http_request_header(&rq, "X-"));
	assert_null(http_request_header(&rq, "X-BB"));
}

static void
composes_a_reply_in_order(void **state)
{
	struct http_reply r = { 0 };
	size_t i;

	(void)state;
	http_reply_add(&r, "Content-Type", "text/html");
	http_reply_add(&r, "Server", "");
	http_reply_add(&r, "content-type", "again");
	assert_int_equal(r.header_count, 3);
	assert_ptr_equal(http_reply_header(&r, "CONTENT-TYPE"), &r.headers[0]);
	assert_int_equal(http_reply_header(&r, "server")->value.n, 0);
	assert_null(http_reply_header(&r, "Date"));
	for (i = 3; i < HTTP_REPLY_HEADERS_MAX; i++)
		http_reply_add(&r, "X", "y");
	assert_int_equal(r.header_count, HTTP_REPLY_HEADERS_MAX);
}

static void
knows_the_standard_phrases(void **state)
{
	(void)state;
	assert_string_equal(http_reason(200), "OK");
	assert_string_equal(http_reason(301), "Moved Permanently");
	assert_string_equal(http_reason(403), "Forbidden");
	assert_string_equal(http_reason(414), "URI Too Long");
	assert_string_equal(http_reason(503), "Service Unavailable");
	assert_string_equal(http_reason(299), "");
	assert_string_equal(http_reason(0), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_the_target),
		cmocka_unit_test(names_methods_by_their_exact_spelling),
		cmocka_unit_test(
		    finds_headers_without_letter_case_the_first_one),
		cmocka_unit_test(composes_a_reply_in_order),
		cmocka_unit_test(knows_the_standard_phrases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
