/* SPDX-License-Identifier: MIT */
/*
 * From a path to a resource: what stands for anything, what is a site's
 * prefix, and what is none. Without a server, so that a resource that was
 * found and needs one answers 503.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>

#include "control/control.h"

static const struct control_facts facts = { .version = "1" };

/* The status of a call; its sentence in detail. */
static int
ask(const char *method, const char *path, char detail[500])
{
	struct http_request rq = {
		.method_text = bytes_str(method),
		.target = bytes_str(path),
	};
	struct control *c = control_new(NULL, &facts, NULL, NULL);
	struct http_reply reply = { 0 };
	struct arena arena;
	json_t *json;

	assert_non_null(c);
	rq.method = http_method_of(rq.method_text);
	http_request_split(&rq);
	arena_init(&arena, 1 << 20);
	control_answer(c, &rq, &arena, &reply);
	json = json_loadb(
	    (const char *)reply.body.p, reply.body.n, JSON_DECODE_ANY, NULL);
	snprintf(detail, 500, "%s",
	    json_is_object(json) && json_object_get(json, "detail") != NULL
		? json_string_value(json_object_get(json, "detail"))
		: "");
	json_decref(json);
	arena_clear(&arena);
	control_free(c);
	return reply.status;
}

static void
finds_resources_by_their_shape(void **state)
{
	static const struct {
		const char *method, *path;
		int status;
	} rows[] = {
		{ "GET", "/v1/live", 200 },
		{ "HEAD", "/v1/live", 200 },
		{ "GET", "/v1/live/", 404 },
		{ "GET", "//v1/live", 404 },
		{ "GET", "/V1/live", 404 },
		{ "GET", "/v1/ca/root.pem", 503 },
		{ "GET", "/v1/ca/ro.ot.pem", 503 },
		{ "GET", "/v1/ca/root", 404 },
		{ "GET", "/v1/ca/.pem", 404 },
		{ "GET", "/v1/ca/root.", 404 },
		{ "GET", "/v1/ca/root.pem/more", 404 },
		{ "GET", "/v1/ca/", 404 },
		{ "POST", "/v1/certificates/00/revoke", 503 },
		{ "POST", "/v1/certificates/00.pem/revoke", 503 },
		{ "POST", "/v1/certificates//revoke", 404 },
		{ "GET", "/v1/certificates/00/revoke", 405 },
		{ "POST", "/v1/certificates/00.pem", 405 },
		{ "POST", "/v1/certificates/00%00/revoke", 400 },
		{ "GET", "/v1/live?a=b%00", 400 },
		{ "OPTIONS", "/v1/host", 405 },
		{ "GET", "", 404 },
		{ "GET", "/", 404 },
		{ "GET", "*", 404 },
	};
	char detail[500];

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		int status = ask(rows[i].method, rows[i].path, detail);

		if (status != rows[i].status)
			fail_msg("%s %s: %d %s", rows[i].method, rows[i].path,
			    status, detail);
	}
}

static void
what_stands_before_v1_is_a_site(void **state)
{
	static const struct {
		const char *path;
		int status;
	} rows[] = {
		{ "/s/abc/v1/host", 503 },
		{ "/x/healthy/v1/host", 503 },
		{ "/x/hostile/wrong-nonce/v1/ca/root.pem", 503 },
		{ "/x/healthy/v1/live", 200 },
		{ "/x/v1/host", 404 },
		{ "/x//v1/host", 404 },
		{ "/y/healthy/v1/host", 404 },
		{ "/s/abc/v1/", 404 },
		{ "/s/abc/openapi.json", 404 },
		/* The server's, not a site's. */
		{ "/s/abc/v1/shutdown", 404 },
		{ "/s/abc/v1/scenarios", 404 },
	};
	char detail[500];

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const char *method =
		    strstr(rows[i].path, "shutdown") ? "POST" : "GET";
		int status = ask(method, rows[i].path, detail);

		if (status != rows[i].status)
			fail_msg("%s: %d %s", rows[i].path, status, detail);
	}
}

static void
names_what_may_have_been_meant(void **state)
{
	static const struct {
		const char *path, *meant;
	} rows[] = {
		{ "/v1/scenaros", "/v1/scenarios?" },
		{ "/v1/hots", "/v1/host?" },
		{ "/openapi.jsn", "/openapi.json?" },
		{ "/v1/something-else-altogether", "/openapi.json describes" },
	};
	char detail[500];

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		assert_int_equal(ask("GET", rows[i].path, detail), 404);
		if (strstr(detail, rows[i].meant) == NULL)
			fail_msg("%s: %s", rows[i].path, detail);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_resources_by_their_shape),
		cmocka_unit_test(what_stands_before_v1_is_a_site),
		cmocka_unit_test(names_what_may_have_been_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
