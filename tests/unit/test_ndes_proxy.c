/* SPDX-License-Identifier: MIT */
/* The Application Proxy: who goes through it, its pages to the byte that people match on, and that the host's logs stay empty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"

static void
assert_nothing_in_logs(const struct ndes_exchange *x)
{
	assert_false(x->evidence.in_iis_log);
	assert_null(x->evidence.httperr_reason);
	assert_int_equal(x->evidence.event_count, 0);
}

/* The layer alone. */
static void
walk(struct room *r, struct ndes_exchange *x, const struct room_request *rq)
{
	room_receive(r, x, rq);
	ndes_route(x);
	ndes_app_proxy(x);
}

static bool
passes(const struct ndes_exchange *x)
{
	return x->reply.status == 0 && x->reply.wire.act == WIRE_PLAY &&
	    x->answered_by == NDES_LAYER_NONE && x->why == NULL;
}

static void
only_requests_by_the_external_name_go_through(void **state)
{
	static const struct {
		const char *host; /* NULL: no such header */
		bool inside;
	} rows[] = {
		{ "Host: ndes.internal", true },
		{ "Host: NDES.Internal", true },
		{ "Host: ndes.internal:8080", true },
		{ "Host: ndes.internal.", true },
		{ "Host: ndes.internal.:80", true },
		{ "host: ndes.internal", true },
		{ "Host: ndes.internal.example.test", false },
		{ "Host: xndes.internal", false },
		{ "Host: ndes.interna", false },
		{ "Host: ndes-contoso.example.test", false },
		{ "Host: [::1]:8080", false },
		{ "Host: [::1]", false },
		{ "Host: :80", false },
		{ "Host: ", false },
		{ NULL, false },
	};
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "app_proxy.in_use", "true");
	room_set(&r, "app_proxy.backend", "unreachable");
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = DLL,
			.headers = { rows[i].host } };
		struct ndes_exchange x;

		walk(&r, &x, &rq);
		if (passes(&x) != rows[i].inside)
			fail_msg("%s", rows[i].host);
		ndes_exchange_clear(&x);
	}
	room_set(&r, "app_proxy.internal_name", "[::1]");
	for (size_t i = 10; i < 12; i++) {
		struct room_request rq = { .target = DLL,
			.headers = { rows[i].host } };
		struct ndes_exchange x;

		walk(&r, &x, &rq);
		assert_true(passes(&x));
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

static void
a_proxy_that_is_not_in_use_cannot_fail(void **state)
{
	struct room_request rq = { .target = DLL };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "app_proxy.external_url", "wrong");
	room_set(&r, "app_proxy.connector", "stopped");
	room_set(&r, "app_proxy.backend", "unreachable");
	walk(&r, &x, &rq);
	assert_true(passes(&x));
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
a_healthy_proxy_passes_everything_on(void **state)
{
	struct room_request rq = { .target = DLL };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "app_proxy.in_use", "true");
	walk(&r, &x, &rq);
	assert_true(passes(&x));
	ndes_exchange_clear(&x);
	room_close(&r);
}

/* The page as text, freed by the caller. */
static char *
page_of(const struct ndes_exchange *x)
{
	char *text = malloc(x->reply.body.n + 1);

	assert_non_null(text);
	memcpy(text, x->reply.body.p, x->reply.body.n);
	text[x->reply.body.n] = '\0';
	return text;
}

static void
assert_proxy_headers(const struct ndes_exchange *x, const char *page)
{
	char names[256], n[24], id[80];

	room_header_names(x, names);
	assert_string_equal(names,
	    "Content-Length Content-Type x-ms-proxy-app-id "
	    "x-ms-proxy-group-id x-ms-proxy-transaction-id "
	    "x-ms-proxy-connector-id x-ms-proxy-data-center Date");
	assert_null(room_header(x, "Server"));
	assert_null(room_header(x, "X-Powered-By"));
	assert_string_equal(
	    room_header(x, "Content-Type"), "text/html; charset=utf-8");
	assert_string_equal(
	    room_header(x, "Date"), "Wed, 04 Mar 2026 05:06:07 GMT");
	snprintf(n, sizeof(n), "%zu", x->reply.body.n);
	assert_string_equal(room_header(x, "Content-Length"), n);
	assert_int_equal(
	    strlen(room_header(x, "x-ms-proxy-transaction-id")), 36);
	snprintf(id, sizeof(id), "<li>Request ID: %s</li>",
	    room_header(x, "x-ms-proxy-transaction-id"));
	assert_non_null(strstr(page, id));
}

static void
broken_connectors_show_the_proxys_page(void **state)
{
	static const struct {
		const char *key, *value;
		int status;
		int64_t delay_ms;
		const char *heading, *code;
	} rows[] = {
		{ "app_proxy.connector", "stopped", 504, 85000,
		    "<h1>GatewayTimeout: The corporate app cannot be "
		    "accessed</h1>",
		    "<li>Status Code: GatewayTimeout</li>" },
		{ "app_proxy.backend", "unreachable", 502, 0,
		    "<h1>BadGateway: This corporate app can't be accessed "
		    "right now.</h1>",
		    "<li>Status Code: BadGateway</li>" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = DLL "?a=<&\">",
			.headers = { "Host: ndes-contoso.example.test" },
			.tls = true };
		struct ndes_exchange x;
		struct room r;
		char *page;

		room_open(&r, false);
		room_set(&r, "app_proxy.in_use", "true");
		room_set(&r, rows[i].key, rows[i].value);
		walk(&r, &x, &rq);
		assert_int_equal(x.reply.status, rows[i].status);
		assert_int_equal(x.reply.wire.act, WIRE_PLAY);
		assert_int_equal(x.reply.wire.delay_ms, rows[i].delay_ms);
		assert_int_equal(x.answered_by, NDES_LAYER_APP_PROXY);
		assert_non_null(strstr(x.why, rows[i].key));
		assert_nothing_in_logs(&x);
		page = page_of(&x);
		assert_proxy_headers(&x, page);
		assert_non_null(strstr(page, rows[i].heading));
		assert_non_null(strstr(page, rows[i].code));
		assert_non_null(
		    strstr(page, "This corporate app can't be accessed"));
		assert_non_null(strstr(page,
		    "<li>URL: https://ndes-contoso.example.test" DLL
		    "?a=&#60;&#38;&#34;&#62;</li>"));
		assert_non_null(
		    strstr(page, "<li>Timestamp: 2026-03-04T05:06:07Z</li>"));
		free(page);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

static void
the_page_names_the_url_below_its_site(void **state)
{
	struct room_request rq = { .target = DLL,
		.headers = { "Host: h:8080" } };
	struct ndes_exchange x;
	struct room r;
	char *page;

	(void)state;
	room_open(&r, false);
	room_set(&r, "app_proxy.in_use", "true");
	room_set(&r, "app_proxy.backend", "unreachable");
	room_receive(&r, &x, &rq);
	x.url_prefix = "/x/bad-gateway";
	ndes_route(&x);
	ndes_app_proxy(&x);
	page = page_of(&x);
	assert_non_null(
	    strstr(page, "<li>URL: http://h:8080/x/bad-gateway" DLL "</li>"));
	free(page);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
a_long_url_is_cut_at_512_bytes(void **state)
{
	char target[600], wanted[700], *page;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "app_proxy.in_use", "true");
	room_set(&r, "app_proxy.backend", "unreachable");
	for (size_t n = 512; n <= 513; n++) {
		struct room_request rq = { .target = target,
			.headers = { "Host: h" } };
		struct ndes_exchange x;

		memset(target, 'a', n);
		target[0] = '/';
		target[n] = '\0';
		walk(&r, &x, &rq);
		page = page_of(&x);
		snprintf(wanted, sizeof(wanted),
		    "<li>URL: http://h%.512s%s</li>", target,
		    n > 512 ? "..." : "");
		assert_non_null(strstr(page, wanted));
		free(page);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

static void
the_worst_url_still_fits_the_page(void **state)
{
	static char target[66000], host[520];
	struct room_request rq = { .target = target, .headers = { host } };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	memset(target, '\x80', sizeof(target) - 1);
	memcpy(host, "Host: ", 6);
	memset(host + 6, '\xff', 512);
	room_open(&r, false);
	room_set(&r, "app_proxy.in_use", "true");
	room_set(&r, "app_proxy.backend", "unreachable");
	walk(&r, &x, &rq);
	assert_true(x.reply.body.n > 6 * 1024);
	assert_memory_equal(
	    x.reply.body.p + x.reply.body.n - 9, "</html>\r\n", 9);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
each_failure_has_an_id_of_its_own(void **state)
{
	struct room_request rq = { .target = DLL };
	struct ndes_exchange x;
	struct room r;
	char first[64];

	(void)state;
	room_open(&r, false);
	room_set(&r, "app_proxy.in_use", "true");
	room_set(&r, "app_proxy.connector", "stopped");
	room_set(&r, "app_proxy.gateway_timeout", "2s");
	walk(&r, &x, &rq);
	assert_int_equal(x.reply.wire.delay_ms, 2000);
	snprintf(first, sizeof(first), "%s",
	    room_header(&x, "x-ms-proxy-transaction-id"));
	ndes_exchange_clear(&x);
	walk(&r, &x, &rq);
	assert_string_not_equal(
	    first, room_header(&x, "x-ms-proxy-transaction-id"));
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
what_comes_back_through_the_proxy_has_its_headers_once(void **state)
{
	static const struct {
		const char *in_use, *backend, *host, *state;
		bool marked;
	} rows[] = {
		{ "true", "reachable", "Host: scep.example", "started", true },
		{ "true", "reachable", "Host: scep.example", "stopped", true },
		{ "true", "unreachable", "Host: scep.example", "started",
		    true },
		{ "true", "reachable", "Host: ndes.internal", "started",
		    false },
		{ "false", "reachable", "Host: scep.example", "started",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = DLL "?operation=GetCACaps",
			.headers = { rows[i].host } };
		struct ndes_exchange x;
		unsigned count = 0;
		struct room r;

		room_open(&r, false);
		room_set(&r, "app_proxy.in_use", rows[i].in_use);
		room_set(&r, "app_proxy.backend", rows[i].backend);
		room_set(&r, "app_pool.state", rows[i].state);
		room_arrive(&r, &x, &rq);
		ndes_app_proxy_return(&x);
		for (size_t k = 0; k < x.reply.header_count; k++)
			count += bytes_starts_nocase(
			    x.reply.headers[k].name, BYTES_LIT("x-ms-proxy-"));
		assert_int_equal(count, rows[i].marked ? 5 : 0);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

static void
a_wrong_external_url_gets_no_answer_at_all(void **state)
{
	struct room_request rq = { .target = DLL "?operation=GetCACaps" };
	struct ndes_exchange x;
	struct room r;
	struct buf b;

	(void)state;
	room_open(&r, false);
	room_set(&r, "app_proxy.in_use", "true");
	room_set(&r, "app_proxy.external_url", "wrong");
	walk(&r, &x, &rq);
	assert_int_equal(x.reply.wire.act, WIRE_CLOSE);
	assert_int_equal(x.reply.status, 0);
	assert_int_equal(x.reply.header_count, 0);
	assert_nothing_in_logs(&x);
	buf_init(&b, 4096);
	ndes_exchange_line(&x, &b);
	assert_string_equal(buf_str(&b),
	    "192.0.2.7 GET GetCACaps -> connection closed by the Application "
	    "Proxy: no application is published under the external URL "
	    "(app_proxy.external_url)");
	buf_clear(&b);
	ndes_exchange_clear(&x);
	rq.headers[0] = "Host: ndes.internal";
	walk(&r, &x, &rq);
	assert_true(passes(&x));
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
the_name_comes_before_the_connector_and_that_before_its_back_end(void **state)
{
	struct room_request rq = { .target = DLL };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "app_proxy.in_use", "true");
	room_set(&r, "app_proxy.external_url", "wrong");
	room_set(&r, "app_proxy.connector", "stopped");
	room_set(&r, "app_proxy.backend", "unreachable");
	walk(&r, &x, &rq);
	assert_int_equal(x.reply.wire.act, WIRE_CLOSE);
	ndes_exchange_clear(&x);
	room_set(&r, "app_proxy.external_url", "right");
	walk(&r, &x, &rq);
	assert_int_equal(x.reply.status, 504);
	ndes_exchange_clear(&x);
	room_set(&r, "app_proxy.connector", "running");
	walk(&r, &x, &rq);
	assert_int_equal(x.reply.status, 502);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
want_of_memory_never_makes_a_lying_page(void **state)
{
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "app_proxy.in_use", "true");
	room_set(&r, "app_proxy.backend", "unreachable");
	for (size_t room = 0; room < 2000; room += 16) {
		struct room_request rq = { .target = DLL };
		struct ndes_exchange x;
		char n[24];

		room_receive(&r, &x, &rq);
		x.arena.max = x.arena.used + room;
		ndes_app_proxy(&x);
		assert_int_equal(x.reply.status, 502);
		snprintf(n, sizeof(n), "%zu", x.reply.body.n);
		assert_string_equal(room_header(&x, "Content-Length"), n);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_requests_by_the_external_name_go_through),
		cmocka_unit_test(a_proxy_that_is_not_in_use_cannot_fail),
		cmocka_unit_test(a_healthy_proxy_passes_everything_on),
		cmocka_unit_test(broken_connectors_show_the_proxys_page),
		cmocka_unit_test(the_page_names_the_url_below_its_site),
		cmocka_unit_test(a_long_url_is_cut_at_512_bytes),
		cmocka_unit_test(the_worst_url_still_fits_the_page),
		cmocka_unit_test(each_failure_has_an_id_of_its_own),
		cmocka_unit_test(
		    what_comes_back_through_the_proxy_has_its_headers_once),
		cmocka_unit_test(a_wrong_external_url_gets_no_answer_at_all),
		cmocka_unit_test(
		    the_name_comes_before_the_connector_and_that_before_its_back_end),
		cmocka_unit_test(want_of_memory_never_makes_a_lying_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
