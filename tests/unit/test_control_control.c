/* SPDX-License-Identifier: MIT */
/* The control API and the ready line, read back with a JSON library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "control/control.h"

static const struct control_facts facts = {
	.pid = 4711,
	.version = "9.9.9",
	.scenario = "pool-stopped",
	.seed = UINT64_C(9007199254740992),
	.scep_url = "http://[::1]:1/certsrv/mscep/mscep.dll",
	.admin_page_url = "http://[::1]:1/certsrv/mscep_admin/",
	.control_url = "http://127.0.0.1:2",
	.challenge = "a\"b\\c",
	.ca_fingerprint_sha256 = "00ff",
};

static struct http_request
request(const char *method, const char *path, struct http_header *header)
{
	struct http_request rq = {
		.method_text = bytes_str(method),
		.target = bytes_str(path),
		.headers = header,
		.header_count = header != NULL,
	};

	rq.method = http_method_of(rq.method_text);
	http_request_split(&rq);
	return rq;
}

struct answer {
	struct arena arena;
	struct http_reply reply;
	json_t *json;
};

static void
ask(struct answer *a, const char *token, const struct http_request *rq)
{
	struct control *c = control_new(NULL, &facts, token, NULL);

	assert_non_null(c);
	arena_init(&a->arena, 1 << 20);
	control_answer(c, rq, &a->arena, &a->reply);
	a->json = json_loadb((const char *)a->reply.body.p, a->reply.body.n,
	    JSON_REJECT_DUPLICATES, NULL);
	control_free(c);
	assert_non_null(a->json);
}

static void
forget(struct answer *a)
{
	json_decref(a->json);
	arena_clear(&a->arena);
}

static const char *
header(const struct answer *a, const char *name)
{
	const struct http_header *h = http_reply_header(&a->reply, name);

	return h == NULL ? NULL : (const char *)h->value.p;
}

static void
the_ready_line_has_exactly_its_keys_in_order(void **state)
{
	static const char *const keys[] = { "ready", "pid", "scenario", "seed",
		"scep_url", "scep_url_https", "admin_page_url", "control_url",
		"challenge", "ca_fingerprint_sha256" };
	struct buf line;
	json_t *json, *value;
	const char *key;
	size_t i = 0;

	(void)state;
	buf_init(&line, 10000);
	assert_int_equal(control_ready_line(&facts, &line, NULL), 0);
	assert_null(strchr(buf_str(&line), '\n'));
	json = json_loads(buf_str(&line), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	json_object_foreach(json, key, value)
	{
		assert_in_range(i, 0, nitems(keys) - 1);
		assert_string_equal(key, keys[i]);
		i++;
	}
	assert_int_equal(i, nitems(keys));
	assert_true(json_is_true(json_object_get(json, "ready")));
	assert_true(json_is_null(json_object_get(json, "scep_url_https")));
	assert_true(json_integer_value(json_object_get(json, "seed")) ==
	    INT64_C(9007199254740992));
	assert_string_equal(
	    json_string_value(json_object_get(json, "challenge")), "a\"b\\c");
	json_decref(json);
	buf_clear(&line);
}

static void
says_that_it_lives_and_is_ready(void **state)
{
	struct http_request live = request("GET", "/v1/live", NULL);
	struct http_request ready = request("HEAD", "/v1/ready?x=1", NULL);
	struct answer a;

	(void)state;
	ask(&a, NULL, &live);
	assert_int_equal(a.reply.status, 200);
	assert_string_equal(header(&a, "Content-Type"), "application/json");
	assert_string_equal(header(&a, "Content-Length"), "13");
	assert_true(json_is_true(json_object_get(a.json, "live")));
	forget(&a);
	ask(&a, NULL, &ready);
	assert_int_equal(a.reply.status, 200);
	assert_true(json_is_true(json_object_get(a.json, "ready")));
	forget(&a);
}

static void
tells_its_facts_but_not_the_challenge(void **state)
{
	struct http_request info = request("GET", "/v1/info", NULL);
	struct answer a;

	(void)state;
	ask(&a, NULL, &info);
	assert_int_equal(a.reply.status, 200);
	assert_string_equal(
	    json_string_value(json_object_get(a.json, "version")), "9.9.9");
	assert_string_equal(
	    json_string_value(json_object_get(a.json, "scenario")),
	    "pool-stopped");
	assert_null(json_object_get(a.json, "challenge"));
	forget(&a);
}

static void
answers_what_it_does_not_know_with_a_problem(void **state)
{
	static const struct {
		const char *method, *path;
		int status;
	} rows[] = {
		{ "GET", "/", 404 },
		{ "GET", "/v1/livex", 404 },
		{ "GET", "/v1/rulez", 404 },
		{ "POST", "/v1/live", 405 },
		{ "DELETE", "/v1/info", 405 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct http_request rq =
		    request(rows[i].method, rows[i].path, NULL);
		struct answer a;

		ask(&a, NULL, &rq);
		assert_int_equal(a.reply.status, rows[i].status);
		assert_string_equal(
		    header(&a, "Content-Type"), "application/problem+json");
		assert_int_equal(
		    json_integer_value(json_object_get(a.json, "status")),
		    rows[i].status);
		assert_true(
		    json_string_length(json_object_get(a.json, "detail")) > 10);
		forget(&a);
	}
}

static void
asks_for_the_token_except_for_liveness(void **state)
{
	static const struct {
		const char *path, *authorization;
		int status;
	} rows[] = {
		{ "/v1/live", NULL, 200 },
		{ "/v1/ready", NULL, 200 },
		{ "/v1/info", NULL, 401 },
		{ "/v1/nothing", NULL, 401 },
		{ "/v1/info", "Bearer secre", 401 },
		{ "/v1/info", "Bearer secrets", 401 },
		{ "/v1/info", "Bearer ", 401 },
		{ "/v1/info", "Basic secret", 401 },
		{ "/v1/info", "Bearer secret", 200 },
		{ "/v1/info", "bearer secret", 200 },
		{ "/v1/nothing", "Bearer secret", 404 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct http_header h = { bytes_str("authorization"),
			bytes_str(rows[i].authorization) };
		struct http_request rq = request("GET", rows[i].path,
		    rows[i].authorization == NULL ? NULL : &h);
		struct answer a;

		ask(&a, "secret", &rq);
		if (a.reply.status != rows[i].status)
			fail_msg("%s with %s: %d", rows[i].path,
			    rows[i].authorization, a.reply.status);
		if (a.reply.status == 401)
			assert_string_equal(
			    header(&a, "WWW-Authenticate"), "Bearer");
		forget(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ready_line_has_exactly_its_keys_in_order),
		cmocka_unit_test(says_that_it_lives_and_is_ready),
		cmocka_unit_test(tells_its_facts_but_not_the_challenge),
		cmocka_unit_test(answers_what_it_does_not_know_with_a_problem),
		cmocka_unit_test(asks_for_the_token_except_for_liveness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
