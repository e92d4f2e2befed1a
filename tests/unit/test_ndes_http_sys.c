/* SPDX-License-Identifier: MIT */
/* http.sys: the pages that it answers with itself, and the limits at which it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"

/* ---- http.sys ---- */

static void
assert_http_sys(const struct ndes_exchange *x, int status, const char *reason,
    size_t length)
{
	char names[256], n[24];

	assert_int_equal(x->reply.status, status);
	assert_int_equal(x->answered_by, NDES_LAYER_HTTP_SYS);
	assert_false(x->evidence.in_iis_log);
	assert_string_equal(x->evidence.httperr_reason, reason);
	assert_true(x->reply.close);
	assert_non_null(x->why);
	assert_int_equal(x->reply.body.n, length);
	room_header_names(x, names);
	assert_string_equal(names, "Content-Type Server Date Content-Length");
	assert_string_equal(
	    room_header(x, "Content-Type"), "text/html; charset=us-ascii");
	assert_string_equal(room_header(x, "Server"), "Microsoft-HTTPAPI/2.0");
	assert_string_equal(
	    room_header(x, "Date"), "Wed, 04 Mar 2026 05:06:07 GMT");
	snprintf(n, sizeof(n), "%zu", length);
	assert_string_equal(room_header(x, "Content-Length"), n);
}

/* The page's body, compared whole with what reference pages look like. */
static void
assert_http_sys_body(const struct ndes_exchange *x, const char *title,
    const char *heading, const char *text)
{
	char page[1024];

	snprintf(page, sizeof(page),
	    "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://"
	    "www.w3.org/TR/html4/strict.dtd\">\r\n<HTML><HEAD><TITLE>%s"
	    "</TITLE>\r\n<META HTTP-EQUIV=\"Content-Type\" "
	    "Content=\"text/html; charset=us-ascii\"></HEAD>\r\n<BODY><h2>%s"
	    "</h2>\r\n<hr><p>%s</p>\r\n</BODY></HTML>\r\n",
	    title, heading, text);
	assert_true(bytes_eq(x->reply.body, bytes_str(page)));
}

static void
a_stopped_pool_answers_503(void **state)
{
	struct room_request rq = { .target = DLL "?operation=GetCACaps" };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "app_pool.state", "stopped");
	room_set(&r, "rights.impersonate", "false"); /* hidden by the pool */
	room_arrive(&r, &x, &rq);
	assert_http_sys(&x, 503, "Disabled", 326);
	assert_http_sys_body(&x, "Service Unavailable", "Service Unavailable",
	    "HTTP Error 503. The service is unavailable.");
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
a_target_over_the_field_length_is_414(void **state)
{
	struct room_request rq = { 0 };
	struct ndes_exchange x;
	struct room r;
	char target[200];

	(void)state;
	room_open(&r, false);
	room_set(&r, "http_sys.MaxFieldLength", "100");
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	target[5] = '?';
	rq.target = target;
	target[100] = '\0';
	room_arrive(&r, &x, &rq);
	assert_int_equal(x.answered_by, NDES_LAYER_IIS);
	ndes_exchange_clear(&x);
	target[100] = 'a';
	target[101] = '\0';
	room_set(&r, "app_pool.state", "stopped"); /* limits come first */
	room_arrive(&r, &x, &rq);
	assert_http_sys(&x, 414, "URL_Length", 329);
	assert_string_equal(x.reply.reason, "Request-URI Too Long");
	assert_http_sys_body(&x, "Request URL Too Long", "Request URL Too Long",
	    "HTTP Error 414. The request URL is too long.");
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
a_head_over_the_request_bytes_is_400(void **state)
{
	struct room_request rq = { .target = "/", .head_bytes = 300 };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "http_sys.MaxRequestBytes", "300");
	room_arrive(&r, &x, &rq);
	assert_int_equal(x.answered_by, NDES_LAYER_IIS);
	ndes_exchange_clear(&x);
	rq.head_bytes = 301;
	room_arrive(&r, &x, &rq);
	assert_http_sys(&x, 400, "RequestLength", 346);
	assert_http_sys_body(&x, "Bad Request",
	    "Bad Request - Request Too Long",
	    "HTTP Error 400. The size of the request headers is too long.");
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
a_header_over_the_field_length_is_400(void **state)
{
	char header[80];
	struct room_request rq = { .target = "/", .headers = { header } };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "http_sys.MaxFieldLength", "64");
	memset(header, 'v', sizeof(header));
	memcpy(header, "X: ", 3);
	header[64] = '\0';
	room_arrive(&r, &x, &rq);
	assert_int_equal(x.answered_by, NDES_LAYER_IIS);
	ndes_exchange_clear(&x);
	header[64] = 'v';
	header[65] = '\0';
	room_arrive(&r, &x, &rq);
	assert_int_equal(x.reply.status, 400);
	assert_string_equal(x.evidence.httperr_reason, "FieldLength");
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
odd_urls_are_invalid(void **state)
{
	static const struct {
		const char *target;
		bool invalid;
	} rows[] = {
		{ "/1234567890/a", false },
		{ "/12345678901/a", true },
		{ "/%31%32%33%34%35%36%37%38%39%30", false },
		{ "/\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", false },
		{ "/a/b/c", false },
		{ "/a/b/c/d", true },
		{ "/%zz", true },
		{ "/%4", true },
		{ "/a%00b", true },
		{ "nothing", true },
		{ "/a?%zz", false },
	};
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "http_sys.UrlSegmentMaxLength", "10");
	room_set(&r, "http_sys.UrlSegmentMaxCount", "3");
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = rows[i].target };
		struct ndes_exchange x;

		room_arrive(&r, &x, &rq);
		if (rows[i].invalid != (x.reply.status == 400))
			fail_msg("%s: %d", rows[i].target, x.reply.status);
		if (rows[i].invalid)
			assert_string_equal(x.evidence.httperr_reason, "URL");
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stopped_pool_answers_503),
		cmocka_unit_test(a_target_over_the_field_length_is_414),
		cmocka_unit_test(a_head_over_the_request_bytes_is_400),
		cmocka_unit_test(a_header_over_the_field_length_is_400),
		cmocka_unit_test(odd_urls_are_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
