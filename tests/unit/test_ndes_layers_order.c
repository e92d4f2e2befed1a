/* SPDX-License-Identifier: MIT */
/*
 * The layers one before the other: of every two causes the outer one answers,
 * and mending it shows the inner one. And what of IIS stands between pool and
 * mscep.dll: hidden segments, a locked administrator, handlers, redirects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"
#define ADMIN "/certsrv/mscep_admin/"
#define CREDENTIALS "Authorization: Basic bmRlczpzZWNyZXQ6IHdvcmQ="

/* ---- pairs ---- */

/* Causes from the outside in, as the admin page meets them. */
static const struct cause {
	const char *key[2], *value[2];
	enum ndes_layer layer;
	enum wire_act act;
	int status;
	const char *why; /* part of it */
} causes[] = {
	{ { "network.state" }, { "reset" }, NDES_LAYER_NETWORK, WIRE_RESET, 0,
	    "network.state" },
	{ { "app_proxy.external_url", "app_proxy.in_use" }, { "wrong", "true" },
	    NDES_LAYER_APP_PROXY, WIRE_CLOSE, 0, "app_proxy.external_url" },
	{ { "app_proxy.connector", "app_proxy.in_use" }, { "stopped", "true" },
	    NDES_LAYER_APP_PROXY, WIRE_PLAY, 504, "app_proxy.connector" },
	{ { "app_proxy.backend", "app_proxy.in_use" },
	    { "unreachable", "true" }, NDES_LAYER_APP_PROXY, WIRE_PLAY, 502,
	    "app_proxy.backend" },
	{ { "http_sys.MaxFieldLength" }, { "64" }, NDES_LAYER_HTTP_SYS,
	    WIRE_PLAY, 414, "http_sys.MaxFieldLength" },
	{ { "http_sys.UrlSegmentMaxCount" }, { "2" }, NDES_LAYER_HTTP_SYS,
	    WIRE_PLAY, 400, "http_sys.UrlSegmentMaxCount" },
	{ { "http_sys.MaxRequestBytes" }, { "256" }, NDES_LAYER_HTTP_SYS,
	    WIRE_PLAY, 400, "http_sys.MaxRequestBytes" },
	{ { "app_pool.state" }, { "stopped" }, NDES_LAYER_HTTP_SYS, WIRE_PLAY,
	    503, "stopped" },
	{ { "account.locked", "app_pool.pool_identity" }, { "true", "strict" },
	    NDES_LAYER_HTTP_SYS, WIRE_PLAY, 503, "service account" },
	/* without the process there are none of IIS's modules */
	{ { "account.password_expired" }, { "true" }, NDES_LAYER_WORKER_PROCESS,
	    WIRE_PLAY, 500, "account.password_expired" },
	{ { "iis.request_filtering.maxUrl" }, { "9" }, NDES_LAYER_IIS,
	    WIRE_PLAY, 404, "maxUrl" },
	{ { "iis.request_filtering.maxQueryString" }, { "9" }, NDES_LAYER_IIS,
	    WIRE_PLAY, 404, "maxQueryString" },
	{ { "iis.request_filtering.maxAllowedContentLength" }, { "3" },
	    NDES_LAYER_IIS, WIRE_PLAY, 404, "maxAllowedContentLength" },
	{ { "iis.request_filtering.hiddenSegments" }, { "mscep_admin" },
	    NDES_LAYER_IIS, WIRE_PLAY, 404, "hiddenSegments" },
	{ { "account.admin_locked" }, { "true" }, NDES_LAYER_IIS, WIRE_PLAY,
	    401, "account.admin_locked" },
	{ { "iis.handler_order" }, { "extensionless-first" }, NDES_LAYER_IIS,
	    WIRE_PLAY, 500, "iis.handler_order" },
	{ { "root_store.ndes_intermediates" }, { "true" },
	    NDES_LAYER_WORKER_PROCESS, WIRE_CLOSE, 0,
	    "root_store.ndes_intermediates" },
	{ { "crl.reachable" }, { "false" }, NDES_LAYER_WORKER_PROCESS,
	    WIRE_CLOSE, 0, "crl.reachable" },
	{ { "policy_module.crp_authentication" }, { "windows" },
	    NDES_LAYER_WORKER_PROCESS, WIRE_CLOSE, 0,
	    "policy_module.crp_authentication" },
	{ { "policy_module.client_certificate" }, { "expired" },
	    NDES_LAYER_WORKER_PROCESS, WIRE_CLOSE, 0,
	    "policy_module.client_certificate" },
};

static void
mend(struct room *r, const char *path)
{
	const struct host_key *key = host_key_find(bytes_str(path));

	assert_non_null(key);
	if (key->type == HOST_LIST)
		host_list_clear(&r->host, key);
	else
		room_set(r, path, key->fallback);
}

static void
each_key(struct room *r, const struct cause *c, bool broken)
{
	for (size_t i = 0; i < 2 && c->key[i] != NULL; i++) {
		if (broken)
			room_set(r, c->key[i], c->value[i]);
		else
			mend(r, c->key[i]);
	}
}

static const struct room_request admin_request = {
	.method = "POST",
	.target = ADMIN "?0123456789012345678901234567890123456789"
			"0123456789012345678901234567890123456789",
	.headers = { CREDENTIALS,
	    "User-Agent: 012345678901234567890123456789012345678901234567",
	    "Accept: 01234567890123456789012345678901234567890123456789",
	    "Via: 01234567890123456789012345678901234567890123456789" },
	.body = { (const uint8_t *)"body", 4 },
};

static void
assert_cause(struct room *r, const struct cause *c)
{
	struct ndes_exchange x;

	room_arrive(r, &x, &admin_request);
	if (x.answered_by != c->layer || x.reply.wire.act != c->act ||
	    x.reply.status != c->status || x.why == NULL ||
	    strstr(x.why, c->why) == NULL)
		fail_msg("%s: %d by %s, %s", c->key[0], x.reply.status,
		    ndes_layer_name(x.answered_by), x.why);
	assert_int_equal(x.evidence.in_iis_log,
	    c->status != 0 &&
		(c->layer == NDES_LAYER_IIS ||
		    c->layer == NDES_LAYER_WORKER_PROCESS));
	assert_int_equal(x.evidence.httperr_reason != NULL,
	    c->layer == NDES_LAYER_HTTP_SYS ||
		(c->layer == NDES_LAYER_WORKER_PROCESS &&
		    c->act == WIRE_CLOSE));
	if (c->layer < NDES_LAYER_IIS)
		assert_int_equal(x.evidence.event_count, 0);
	ndes_exchange_clear(&x);
}

static void
the_outer_of_two_causes_answers_and_hides_the_inner(void **state)
{
	struct room r;

	(void)state;
	for (size_t outer = 0; outer < nitems(causes); outer++) {
		for (size_t inner = outer + 1; inner < nitems(causes);
		     inner++) {
			room_open(&r, false);
			each_key(&r, &causes[inner], true);
			each_key(&r, &causes[outer], true);
			assert_cause(&r, &causes[outer]);
			each_key(&r, &causes[outer], false);
			each_key(&r, &causes[inner], true); /* shared keys */
			assert_cause(&r, &causes[inner]);
			room_close(&r);
		}
	}
}

static void
without_a_cause_the_request_reaches_mscep(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, true);
	for (size_t i = 0; i < nitems(causes); i++) {
		each_key(&r, &causes[i], true);
		each_key(&r, &causes[i], false);
	}
	room_arrive(&r, &x, &admin_request);
	assert_int_equal(x.reply.status, 200);
	assert_int_equal(x.answered_by, NDES_LAYER_MSCEP);
	ndes_exchange_clear(&x);
	room_close(&r);
}

/* ---- hidden segments ---- */

static void
hidden_segments_are_404_8_before_anyone_is_asked(void **state)
{
	static const struct {
		const char *target;
		bool hidden;
	} rows[] = {
		{ "/certsrv/mscep_admin", true },
		{ "/certsrv/MSCEP_Admin/", true },
		{ "/certsrv/mscep_admin/mscep.dll", true },
		{ "/certsrv/x/../mscep_admin/", true },
		{ "/mscep%5Fadmin", true },
		{ "/a/bin/b", true },
		{ "/a/binary/b", false },
		{ "/certsrv/mscep_adminx", false },
		{ "/certsrv/mscep/?mscep_admin", false },
		{ "/certsrv/mscep", false },
	};
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "iis.request_filtering.hiddenSegments", "mscep_admin");
	room_set(&r, "iis.request_filtering.hiddenSegments", "bin");
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = rows[i].target };
		struct ndes_exchange x;

		room_arrive(&r, &x, &rq);
		if (rows[i].hidden != (x.evidence.substatus == 8))
			fail_msg("%s: %d.%d", rows[i].target, x.evidence.status,
			    x.evidence.substatus);
		if (rows[i].hidden) {
			assert_int_equal(x.reply.status, 404);
			assert_int_equal(x.reply.body.n, 1245);
			assert_int_equal(x.evidence.win32, 0);
			assert_null(room_header(&x, "WWW-Authenticate"));
		}
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

/* ---- the administrator ---- */

static void
a_locked_administrator_gets_401_whatever_is_sent(void **state)
{
	static const struct {
		const char *header;
		int substatus;
		uint32_t win32;
	} rows[] = {
		{ NULL, 2, 5 },
		{ CREDENTIALS, 1, 1909 },
		{ "Authorization: Basic bmRlczp4", 1, 1326 },
	};
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "account.admin_locked", "true");
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = ADMIN,
			.headers = { rows[i].header } };
		struct ndes_exchange x;

		room_arrive(&r, &x, &rq);
		assert_int_equal(x.reply.status, 401);
		assert_int_equal(x.reply.body.n, 1293);
		assert_int_equal(x.evidence.substatus, rows[i].substatus);
		assert_int_equal(x.evidence.win32, rows[i].win32);
		assert_non_null(room_header(&x, "WWW-Authenticate"));
		assert_null(x.evidence.username);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

/* ---- handlers ---- */

static void
the_wrong_handler_order_breaks_the_admin_application_alone(void **state)
{
	static const char *const admin[] = { "/certsrv/mscep_admin", ADMIN,
		ADMIN "mscep.dll" };
	struct room_request rq = { .headers = { CREDENTIALS } };
	const struct event *event;
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "iis.handler_order", "extensionless-first");
	for (size_t i = 0; i < nitems(admin); i++) {
		rq.target = admin[i];
		room_arrive(&r, &x, &rq);
		assert_int_equal(x.reply.status, 500);
		assert_int_equal(x.reply.body.n, 1208);
		assert_true(x.evidence.in_iis_log);
		assert_int_equal(x.evidence.substatus, 0);
		assert_int_equal(x.evidence.win32, 234);
		assert_int_equal(x.evidence.event_count, 1);
		event = room_event(&x, EVENT_NDES_FAILED_TO_LOAD);
		assert_non_null(event);
		assert_string_equal(event->data[0], "0x800700ea");
		assert_non_null(event->data[1]);
		ndes_exchange_clear(&x);
	}
	rq.target = DLL "?operation=GetCACaps";
	room_arrive(&r, &x, &rq);
	assert_int_equal(x.reply.status, 200);
	assert_int_equal(x.evidence.event_count, 0);
	ndes_exchange_clear(&x);
	rq = (struct room_request){ .target = ADMIN };
	room_arrive(&r, &x, &rq);
	assert_int_equal(x.reply.status, 401);
	assert_int_equal(x.evidence.event_count, 0);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
redirects_stay_below_their_site(void **state)
{
	struct room_request rq = { .target = "/certsrv/mscep?operation=x",
		.headers = { "Host: h:81" } };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_receive(&r, &x, &rq);
	assert_string_equal(x.url_prefix, "");
	x.url_prefix = "/x/healthy";
	ndes_route(&x);
	ndes_iis(&x);
	assert_int_equal(x.reply.status, 301);
	assert_string_equal(room_header(&x, "Location"),
	    "http://h:81/x/healthy/certsrv/mscep/?operation=x");
	ndes_exchange_clear(&x);
	room_close(&r);
}

/* ---- names ---- */

static void
every_layer_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < NDES_LAYERS; i++) {
		const char *name = ndes_layer_name((enum ndes_layer)i);

		assert_non_null(name);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(
			    name, ndes_layer_name((enum ndes_layer)k));
	}
	assert_string_equal(
	    ndes_layer_name(NDES_LAYER_WORKER_PROCESS), "w3wp.exe");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_outer_of_two_causes_answers_and_hides_the_inner),
		cmocka_unit_test(without_a_cause_the_request_reaches_mscep),
		cmocka_unit_test(
		    hidden_segments_are_404_8_before_anyone_is_asked),
		cmocka_unit_test(
		    a_locked_administrator_gets_401_whatever_is_sent),
		cmocka_unit_test(
		    the_wrong_handler_order_breaks_the_admin_application_alone),
		cmocka_unit_test(redirects_stay_below_their_site),
		cmocka_unit_test(every_layer_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
