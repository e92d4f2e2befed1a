/* SPDX-License-Identifier: MIT */
/* Routing and IIS: who answers, with what, and what the log will say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/base64.h"
#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"

/* ---- routing ---- */

struct route_row {
	const char *target;
	enum ndes_op op;
	bool admin;
};

static const struct route_row routes[] = {
	{ DLL, NDES_OP_BROWSE, false },
	{ "/CertSrv/MSCEP/MSCEP.DLL", NDES_OP_BROWSE, false },
	{ DLL "/pkiclient.exe", NDES_OP_BROWSE, false },
	{ DLL "/", NDES_OP_BROWSE, false },
	{ DLL "/any/thing?at=all", NDES_OP_BROWSE, false },
	{ DLL "?operation=", NDES_OP_BROWSE, false },
	{ DLL "?operation=GetCACaps", NDES_OP_GETCACAPS, false },
	{ DLL "?operation=getcacaps", NDES_OP_GETCACAPS, false },
	{ DLL "?OPERATION=GetCACaps&message=x", NDES_OP_GETCACAPS, false },
	{ DLL "?message=x&operation=GetCACert", NDES_OP_GETCACERT, false },
	{ DLL "?operation=Get%43ACert", NDES_OP_GETCACERT, false },
	{ DLL "/pkiclient.exe?operation=PKIOperation&message=MII",
	    NDES_OP_PKIOPERATION, false },
	{ DLL "?operation=GetCACerts", NDES_OP_OTHER, false },
	{ DLL "?operation=GetCAChain&message=x", NDES_OP_OTHER, false },
	{ "/certsrv/mscep/?operation=GetCACert", NDES_OP_GETCACERT, false },
	{ "/certsrv/mscep/", NDES_OP_BROWSE, false },
	{ "/certsrv/mscep", NDES_OP_SLASH, false },
	{ "/certsrv/mscep?operation=GetCACaps", NDES_OP_SLASH, false },
	{ "/cert%73rv/mscep/mscep%2Edll", NDES_OP_BROWSE, false },
	{ "/certsrv//mscep/./x/../mscep.dll", NDES_OP_BROWSE, false },
	{ "/certsrv\\mscep\\mscep.dll", NDES_OP_BROWSE, false },
	{ "/certsrv/mscep/mscep.dllx", NDES_OP_NONE, false },
	{ "/certsrv/mscep/pkiclient.exe", NDES_OP_NONE, false },
	{ "/certsrv/mscepx/mscep.dll", NDES_OP_NONE, false },
	{ "/certsrv/", NDES_OP_NONE, false },
	{ "/", NDES_OP_NONE, false },
	{ "/scep", NDES_OP_NONE, false },
	{ "/certsrv/mscep_admin", NDES_OP_SLASH, true },
	{ "/CertSrv/mscep_admin/", NDES_OP_ADMIN, true },
	{ "/certsrv/mscep_admin/mscep.dll", NDES_OP_ADMIN, true },
	{ "/certsrv/mscep_admin/mscep.dll?operation=GetCACaps",
	    NDES_OP_GETCACAPS, true },
	{ "/certsrv/mscep_admin/nothing", NDES_OP_NONE, true },
	{ "/CertEnroll/A%20CA.crl", NDES_OP_CERT_ENROLL, false },
	{ "/certenroll/x.crt", NDES_OP_CERT_ENROLL, false },
	{ "/CertEnroll", NDES_OP_NONE, false },
};

static void
finds_its_way_in_every_spelling(void **state)
{
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(routes); i++) {
		struct room_request rq = { .target = routes[i].target };
		struct ndes_exchange x;

		room_receive(&r, &x, &rq);
		ndes_route(&x);
		if (x.op != routes[i].op || x.admin_app != routes[i].admin)
			fail_msg("%s: %s, admin %d", routes[i].target,
			    ndes_op_name(x.op), x.admin_app);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

static void
keeps_the_message_escaped(void **state)
{
	struct room_request rq = { .target = DLL
		"?message=a+b%2Bc%3D&operation=PKIOperation" };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_receive(&r, &x, &rq);
	ndes_route(&x);
	assert_true(bytes_eq(x.message_text, BYTES_LIT("a+b%2Bc%3D")));
	ndes_exchange_clear(&x);
	rq.target = DLL "?operation=PKIOperation";
	room_receive(&r, &x, &rq);
	ndes_route(&x);
	assert_null(x.message_text.p);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
a_post_with_a_body_is_a_message_even_when_it_does_not_say_so(void **state)
{
	static const struct {
		const char *target, *body;
		enum ndes_op op;
	} rows[] = {
		{ DLL, "0", NDES_OP_PKIOPERATION },
		{ DLL, "", NDES_OP_BROWSE },
		{ DLL "?operation=PKIOperation", "", NDES_OP_PKIOPERATION },
		{ "/certsrv/mscep_admin/", "operation=GetCACaps",
		    NDES_OP_ADMIN },
	};
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .method = "POST",
			.target = rows[i].target,
			.body = bytes_str(rows[i].body) };
		struct ndes_exchange x;

		room_receive(&r, &x, &rq);
		ndes_route(&x);
		assert_int_equal(x.op, rows[i].op);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

/* ---- IIS ---- */

static void
assert_iis(
    const struct ndes_exchange *x, int status, int substatus, uint32_t win32)
{
	assert_int_equal(x->reply.status, status);
	assert_true(x->evidence.in_iis_log);
	assert_int_equal(x->evidence.status, status);
	assert_int_equal(x->evidence.substatus, substatus);
	assert_int_equal(x->evidence.win32, win32);
}

static void
request_filtering_knows_its_limits_to_the_byte(void **state)
{
	static const struct {
		const char *key, *target, *body;
		const char *fits, *over;
		int substatus;
	} rows[] = {
		{ "maxUrl", "/123456789?" DLL, "", "10", "9", 14 },
		{ "maxQueryString", "/?123456789", "", "9", "8", 15 },
		{ "maxAllowedContentLength", "/", "123456", "6", "5", 13 },
	};
	struct room r;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .method = "POST",
			.target = rows[i].target,
			.body = bytes_str(rows[i].body) };
		struct ndes_exchange x;
		char key[80];

		room_open(&r, false);
		snprintf(
		    key, sizeof(key), "iis.request_filtering.%s", rows[i].key);
		room_set(&r, key, rows[i].fits);
		room_arrive(&r, &x, &rq);
		assert_iis(&x, 404, 0, 2);
		ndes_exchange_clear(&x);
		room_set(&r, key, rows[i].over);
		room_arrive(&r, &x, &rq);
		assert_iis(&x, 404, rows[i].substatus, 0);
		assert_int_equal(x.reply.body.n, 1245);
		assert_non_null(strstr(x.why, rows[i].key));
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

static void
request_filtering_refuses_double_escapes_and_dropped_bodies(void **state)
{
	static const struct {
		struct room_request rq;
		int substatus;
	} rows[] = {
		{ { .target = DLL "%252e" }, 11 },
		{ { .target = "/cert+srv/mscep" }, 11 },
		{ { .target = "/?a=%2525+" }, 0 },
		{ { .method = "POST", .target = DLL, .body_too_long = true },
		    13 },
	};
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct ndes_exchange x;

		room_arrive(&r, &x, &rows[i].rq);
		assert_iis(
		    &x, 404, rows[i].substatus, rows[i].substatus == 0 ? 2 : 0);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

static void
stock_pages_have_the_sizes_of_the_real_ones(void **state)
{
	static const struct {
		int status;
		size_t size;
		const char *title;
	} rows[] = {
		{ 401, 1293,
		    "<title>401 - Unauthorized: Access is denied due to "
		    "invalid credentials.</title>" },
		{ 403, 1233,
		    "<title>403 - Forbidden: Access is denied.</title>" },
		{ 404, 1245,
		    "<title>404 - File or directory not found.</title>" },
		{ 500, 1208, "<title>500 - Internal server error.</title>" },
	};
	struct room_request rq = { .target = "/" };
	struct ndes_exchange x;
	struct room r;
	char names[256];

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(rows); i++) {
		room_receive(&r, &x, &rq);
		ndes_iis_page(&x, rows[i].status, 7, 9, "a reason");
		assert_iis(&x, rows[i].status, 7, 9);
		assert_int_equal(x.reply.body.n, rows[i].size);
		assert_non_null(memmem(x.reply.body.p, x.reply.body.n,
		    rows[i].title, strlen(rows[i].title)));
		room_header_names(&x, names);
		assert_string_equal(names,
		    "Content-Type Server X-Powered-By Date Content-Length");
		assert_string_equal(
		    room_header(&x, "Server"), "Microsoft-IIS/10.0");
		assert_string_equal(
		    room_header(&x, "Content-Type"), "text/html");
		assert_false(x.reply.close);
		ndes_exchange_clear(&x);
	}
	room_set(&r, "iis.powered_by", "false");
	room_receive(&r, &x, &rq);
	ndes_iis_page(&x, 404, 0, 2, "a reason");
	assert_null(room_header(&x, "X-Powered-By"));
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
dll_replies_have_the_header_order_of_the_capture(void **state)
{
	struct room_request rq = { .target = "/" };
	struct ndes_exchange x;
	struct room r;
	char names[256];

	(void)state;
	room_open(&r, false);
	room_receive(&r, &x, &rq);
	ndes_iis_reply(&x, 200, "text/plain", BYTES_LIT("12345"));
	room_header_names(&x, names);
	assert_string_equal(
	    names, "Content-Length Content-Type Server X-Powered-By Date");
	assert_string_equal(room_header(&x, "Content-Length"), "5");
	ndes_iis_reply(&x, 200, NULL, BYTES_LIT(""));
	room_header_names(&x, names);
	assert_string_equal(names, "Content-Length Server X-Powered-By Date");
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
other_methods_are_told_what_is_allowed(void **state)
{
	static const struct {
		const char *method, *target, *allow;
	} rows[] = {
		{ "OPTIONS", DLL, "GET, HEAD, POST" },
		{ "PUT", DLL "?operation=GetCACaps", "GET, HEAD, POST" },
		{ "POST", "/CertEnroll/x.crl", "GET, HEAD" },
	};
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .method = rows[i].method,
			.target = rows[i].target };
		struct ndes_exchange x;

		room_arrive(&r, &x, &rq);
		assert_iis(&x, 405, 0, 1);
		assert_string_equal(room_header(&x, "Allow"), rows[i].allow);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

/* ---- mscep_admin ---- */

static const char *
basic(struct buf *b, const char *credentials)
{
	buf_clear(b);
	buf_init(b, 512);
	buf_add_str(b, "Authorization: Basic ");
	http_base64_encode(b, bytes_str(credentials));
	return buf_str(b);
}

static void
the_admin_application_wants_credentials(void **state)
{
	static const struct {
		const char *credentials; /* NULL: none */
		int substatus;
		uint32_t win32;
	} rows[] = {
		{ NULL, 2, 5 },
		{ "ndes:secret: wor", 1, 1326 },
		{ "ndes:secret: wordy", 1, 1326 },
		{ "ndes", 1, 1326 },
		{ "other:secret: word", 1, 1326 },
		{ ":", 1, 1326 },
		{ "", 1, 1326 },
	};
	struct buf b = { 0 };
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = "/certsrv/mscep_admin" };
		struct ndes_exchange x;
		char names[256];

		if (rows[i].credentials != NULL)
			rq.headers[0] = basic(&b, rows[i].credentials);
		room_arrive(&r, &x, &rq);
		assert_iis(&x, 401, rows[i].substatus, rows[i].win32);
		assert_int_equal(x.reply.body.n, 1293);
		assert_string_equal(
		    room_header(&x, "WWW-Authenticate"), "Negotiate");
		room_header_names(&x, names);
		assert_string_equal(names,
		    "Content-Type Server WWW-Authenticate WWW-Authenticate "
		    "WWW-Authenticate X-Powered-By Date Content-Length");
		assert_null(x.evidence.username);
		ndes_exchange_clear(&x);
	}
	buf_clear(&b);
	room_close(&r);
}

static void
credentials_in_any_domain_open_the_admin_application(void **state)
{
	static const char *const rows[] = { "ndes:secret: word",
		"NDES:secret: word", "dom\\ndes:secret: word" };
	struct buf b = { 0 };
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = {
			.target = "/certsrv/mscep_admin?x=1",
			.headers = { "Host: ndes.example.test:8080" },
		};
		struct ndes_exchange x;

		rq.headers[1] = basic(&b, rows[i]);
		room_arrive(&r, &x, &rq);
		assert_iis(&x, 301, 0, 0);
		assert_string_equal(room_header(&x, "Location"),
		    "http://ndes.example.test:8080/certsrv/mscep_admin/?x=1");
		assert_true(bytes_eq(bytes_str(x.evidence.username),
		    bytes_of(rows[i], strlen(rows[i]) - 13)));
		ndes_exchange_clear(&x);
	}
	buf_clear(&b);
	room_close(&r);
}

static void
without_any_scheme_nothing_is_offered(void **state)
{
	struct buf b = { 0 };
	struct room_request rq = { .target = "/certsrv/mscep_admin/",
		.headers = { basic(&b, "ndes:secret: word") } };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "iis.authentication.basic", "false");
	room_set(&r, "iis.authentication.ntlm", "false");
	room_set(&r, "iis.authentication.negotiate", "false");
	room_arrive(&r, &x, &rq);
	assert_iis(&x, 401, 2, 5);
	assert_null(room_header(&x, "WWW-Authenticate"));
	ndes_exchange_clear(&x);
	buf_clear(&b);
	room_close(&r);
}

static void
the_missing_slash_is_added_and_the_query_kept(void **state)
{
	static const struct {
		const char *target;
		bool tls;
		const char *host, *location;
	} rows[] = {
		{ "/certsrv/mscep?operation=GetCACaps&message=a%20+", false,
		    "Host: h",
		    "http://h/certsrv/mscep/?operation=GetCACaps"
		    "&message=a%20+" },
		{ "/CertSrv/mscep", true, "Host: h:8443",
		    "https://h:8443/CertSrv/mscep/" },
		{ "/certsrv/mscep", false, NULL,
		    "http://ndes01.example.test:80/certsrv/mscep/" },
	};
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = rows[i].target,
			.headers = { rows[i].host },
			.tls = rows[i].tls };
		struct ndes_exchange x;

		room_arrive(&r, &x, &rq);
		assert_iis(&x, 301, 0, 0);
		assert_string_equal(
		    room_header(&x, "Location"), rows[i].location);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

/* ---- want of memory ---- */

static void
want_of_memory_never_makes_a_lying_reply(void **state)
{
	static const char *const targets[] = { DLL, "/certsrv/mscep?a=b",
		"/certsrv/mscep_admin/", "/%zz", DLL "?operation=GetCACaps" };
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(targets); i++) {
		for (size_t room = 0; room < 6000; room += 16) {
			struct room_request rq = { .target = targets[i] };
			struct ndes_exchange x;
			char n[24];

			room_receive(&r, &x, &rq);
			x.arena.max = x.arena.used + room;
			ndes_route(&x);
			ndes_http_sys(&x);
			if (x.reply.status == 0)
				ndes_iis(&x);
			if (x.reply.status == 0)
				ndes_mscep_enter(&x);
			assert_true(x.reply.status >= 200);
			snprintf(n, sizeof(n), "%zu", x.reply.body.n);
			assert_string_equal(
			    room_header(&x, "Content-Length"), n);
			ndes_exchange_clear(&x);
		}
	}
	room_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_its_way_in_every_spelling),
		cmocka_unit_test(keeps_the_message_escaped),
		cmocka_unit_test(
		    a_post_with_a_body_is_a_message_even_when_it_does_not_say_so),
		cmocka_unit_test(
		    request_filtering_knows_its_limits_to_the_byte),
		cmocka_unit_test(
		    request_filtering_refuses_double_escapes_and_dropped_bodies),
		cmocka_unit_test(stock_pages_have_the_sizes_of_the_real_ones),
		cmocka_unit_test(
		    dll_replies_have_the_header_order_of_the_capture),
		cmocka_unit_test(other_methods_are_told_what_is_allowed),
		cmocka_unit_test(the_admin_application_wants_credentials),
		cmocka_unit_test(
		    credentials_in_any_domain_open_the_admin_application),
		cmocka_unit_test(without_any_scheme_nothing_is_offered),
		cmocka_unit_test(the_missing_slash_is_added_and_the_query_kept),
		cmocka_unit_test(want_of_memory_never_makes_a_lying_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
