/* SPDX-License-Identifier: MIT */
/* The pool as requests meet it: its queue in http.sys, the identity of its process, and crashes from their cause to their cure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"
#define CAPS DLL "?operation=GetCACaps"

/* ---- whose pool ---- */

static void
only_the_applications_of_scep_are_in_the_pool(void **state)
{
	static const struct {
		const char *target;
		bool inside;
	} rows[] = {
		{ DLL, true },
		{ "/CertSrv/MSCEP", true },
		{ "/certsrv/mscep/", true },
		{ "/certsrv/mscep/nothing", true },
		{ "/certsrv/mscep_admin", true },
		{ "/certsrv/mscep_admin/nothing", true },
		{ "/certsrv//x/../mscep/mscep.dll", true },
		{ "/certsrv/mscepx", false },
		{ "/certsrv/mscep_adminx/", false },
		{ "/certsrv/", false },
		{ "/CertEnroll/x.crl", false },
		{ "/", false },
	};
	struct room r;

	(void)state;
	room_open(&r, true);
	room_set(&r, "app_pool.state", "stopped");
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = rows[i].target };
		struct ndes_exchange x;

		room_arrive(&r, &x, &rq);
		if (rows[i].inside != (x.reply.status == 503))
			fail_msg("%s: %d", rows[i].target, x.reply.status);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

/* ---- http.sys ---- */

static void
assert_503(const struct ndes_exchange *x, const char *reason)
{
	assert_int_equal(x->reply.status, 503);
	assert_int_equal(x->reply.body.n, 326);
	assert_string_equal(room_header(x, "Content-Length"), "326");
	assert_string_equal(room_header(x, "Server"), "Microsoft-HTTPAPI/2.0");
	assert_true(x->reply.close);
	assert_int_equal(x->answered_by, NDES_LAYER_HTTP_SYS);
	assert_false(x->evidence.in_iis_log);
	assert_string_equal(x->evidence.httperr_reason, reason);
	assert_false(x->evidence.httperr_no_status);
	assert_int_equal(x->evidence.event_count, 0);
}

static void
a_pool_that_does_not_run_says_who_stopped_it(void **state)
{
	static const struct {
		const char *key[2], *value[2];
		const char *reason;
	} rows[] = {
		{ { "app_pool.state" }, { "stopped" }, "Disabled" },
		{ { "app_pool.state" }, { "disabled" }, "AppOffline" },
		{ { "app_pool.pool_identity", "account.locked" },
		    { "strict", "true" }, "AppOffline" },
		{ { "app_pool.pool_identity", "account.password_expired" },
		    { "strict", "true" }, "AppOffline" },
		{ { "app_pool.pool_identity", NULL }, { "strict", NULL },
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = CAPS };
		struct ndes_exchange x;
		struct room r;

		room_open(&r, false);
		for (size_t k = 0; k < 2 && rows[i].key[k] != NULL; k++)
			room_set(&r, rows[i].key[k], rows[i].value[k]);
		for (int started = 0; started < 2; started++) {
			room_arrive(&r, &x, &rq);
			if (rows[i].reason == NULL)
				assert_int_equal(x.reply.status, 200);
			else
				assert_503(&x, rows[i].reason);
			ndes_exchange_clear(&x);
			room_start(&r); /* it is no better for a start */
		}
		room_close(&r);
	}
}

/* ---- identity ---- */

static void
a_bad_service_account_is_500_on_every_request(void **state)
{
	static const struct {
		const char *key;
		uint32_t win32;
	} rows[] = {
		{ "account.locked", 1909 },
		{ "account.password_expired", 1330 },
	};
	/* the last ones without credentials, which nobody is there to ask for, and over a limit that nobody is there to watch */
	static const char *const targets[] = { CAPS, DLL,
		DLL "?operation=GetCACert", DLL "?operation=PKIOperation",
		"/certsrv/mscep_admin/", "/certsrv/mscep_admin",
		DLL "?operation=GetCACaps&message=a-very-long-one" };

	(void)state;
	for (size_t i = 0; i < nitems(rows) * nitems(targets); i++) {
		size_t k = i % nitems(rows);
		struct room_request rq = { .target =
					       targets[i / nitems(rows)] };
		struct ndes_exchange x;
		struct room r;

		room_open(&r, false);
		room_set(&r, "iis.request_filtering.maxQueryString", "40");
		room_set(&r, rows[k].key, "true");
		room_arrive(&r, &x, &rq);
		assert_int_equal(x.reply.status, 500);
		assert_int_equal(x.reply.body.n, 1208);
		assert_string_equal(
		    room_header(&x, "Server"), "Microsoft-IIS/10.0");
		assert_int_equal(x.answered_by, NDES_LAYER_WORKER_PROCESS);
		assert_non_null(strstr(x.why, rows[k].key));
		assert_true(x.evidence.in_iis_log);
		assert_int_equal(x.evidence.status, 500);
		assert_int_equal(x.evidence.substatus, 0);
		assert_int_equal(x.evidence.win32, rows[k].win32);
		assert_null(x.evidence.httperr_reason);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

/* ---- crashes ---- */

static const struct crash_row {
	const char *key, *value, *healthy;
	enum event_kind capi2[2]; /* before the others */
	const char *subject, *error; /* parts of the first one's data */
} crashes[] = {
	{ "root_store.ndes_intermediates", "true", "false", { 0 }, NULL, NULL },
	{ "crl.reachable", "false", "true", { EVENT_CAPI2_REVOCATION },
	    "http://ndes01.example.test/CertEnroll/", "80092013 " },
	{ "policy_module.crp_authentication", "windows", "anonymous", { 0 },
	    NULL, NULL },
	{ "policy_module.client_certificate", "expired", "valid",
	    { EVENT_CAPI2_CHAIN, EVENT_CAPI2_POLICY },
	    "NDESPolicy\\NDESCertThumbprint", "800B0101 " },
};

static void
crash(struct room *r, struct ndes_exchange *x, const char *target)
{
	struct room_request rq = { .target = target };

	room_arrive(r, x, &rq);
	assert_int_equal(x->reply.wire.act, WIRE_CLOSE);
	assert_int_equal(x->reply.wire.delay_ms, 0);
	assert_int_equal(x->reply.status, 0);
	assert_int_equal(x->answered_by, NDES_LAYER_WORKER_PROCESS);
	assert_false(x->evidence.in_iis_log);
	assert_string_equal(
	    x->evidence.httperr_reason, "Connection_Abandoned_By_ReqQueue");
	assert_true(x->evidence.httperr_no_status);
}

static void
assert_death(const struct ndes_exchange *x, const struct crash_row *row)
{
	const struct event *e = x->evidence.events;
	char pid[24];

	for (size_t i = 0; i < 2 && row->capi2[i] != EVENT_NONE; i++, e++) {
		assert_int_equal(e->kind, row->capi2[i]);
		assert_non_null(strstr(e->data[0], row->subject));
		assert_non_null(strstr(e->data[1], row->error));
	}
	assert_int_equal(e->kind, EVENT_APP_ERROR);
	snprintf(pid, sizeof(pid), "%lu", strtoul(e->data[0], NULL, 16));
	assert_int_equal(strncmp(e->data[0], "0x", 2), 0);
	e++;
	assert_int_equal(e->kind, EVENT_WAS_CRASHED);
	assert_string_equal(e->data[0], "SCEP");
	assert_string_equal(e->data[1], pid);
	assert_string_equal(e->data[2], "0xc0000005");
	assert_int_equal(e - x->evidence.events + 1,
	    x->evidence.event_count - room_events(x, EVENT_WAS_RAPID_FAIL));
}

static void
the_fifth_crash_disables_the_pool_until_it_is_started(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(crashes); i++) {
		const struct crash_row *row = &crashes[i];
		struct room_request rq = { .target = CAPS };
		struct ndes_exchange x;
		struct room r;

		room_open(&r, i % 2 == 0);
		room_set(&r, row->key, row->value);
		for (int n = 1; n <= 5; n++) {
			crash(&r, &x, CAPS);
			assert_non_null(strstr(x.why, row->key));
			assert_death(&x, row);
			assert_int_equal(
			    room_events(&x, EVENT_WAS_RAPID_FAIL), n == 5);
			ndes_exchange_clear(&x);
		}
		room_set(&r, row->key, row->healthy); /* not healed yet */
		room_arrive(&r, &x, &rq);
		assert_503(&x, "AppOffline");
		ndes_exchange_clear(&x);
		room_start(&r);
		room_arrive(&r, &x, &rq);
		assert_int_equal(x.reply.status, 200);
		assert_int_equal(x.reply.wire.act, WIRE_PLAY);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

static void
crashes_far_apart_go_on(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "crl.reachable", "false");
	for (int n = 0; n < 12; n++) {
		crash(&r, &x, CAPS);
		assert_int_equal(room_events(&x, EVENT_WAS_RAPID_FAIL), 0);
		ndes_exchange_clear(&x);
		r.now_ms += 75001;
	}
	room_close(&r);
}

static void
every_request_to_the_applications_crashes(void **state)
{
	static const char *const targets[] = { CAPS, DLL,
		DLL "?operation=GetCACert", DLL "?operation=PKIOperation",
		DLL "?operation=GetCACerts" };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "crl.reachable", "false");
	room_set(&r, "app_pool.rapid_fail_protection", "false");
	for (size_t i = 0; i < nitems(targets); i++) {
		crash(&r, &x, targets[i]);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

static void
the_admin_page_crashes_once_it_is_let_in(void **state)
{
	struct room_request rq = { .target = "/certsrv/mscep_admin/" };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, true);
	room_set(&r, "crl.reachable", "false");
	room_arrive(&r, &x, &rq);
	assert_int_equal(x.reply.status, 401);
	assert_int_equal(x.evidence.event_count, 0);
	ndes_exchange_clear(&x);
	rq.headers[0] = "Authorization: Basic bmRlczpzZWNyZXQ6IHdvcmQ=";
	room_arrive(&r, &x, &rq);
	assert_int_equal(x.reply.wire.act, WIRE_CLOSE);
	assert_int_equal(room_events(&x, EVENT_APP_ERROR), 1);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
the_other_pool_goes_on(void **state)
{
	static const char *const keys[][2] = {
		{ "crl.reachable", "false" },
		{ "account.locked", "true" },
		{ "app_pool.state", "disabled" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(keys); i++) {
		struct room_request rq = { 0 };
		struct err e = { 0 };
		struct ndes_exchange x;
		struct room r;

		room_open(&r, true);
		room_set(&r, keys[i][0], keys[i][1]);
		rq.target = ca_material_crl_path(r.material);
		assert_int_equal(room_walk(&r, &x, &rq, &e), 0);
		assert_int_equal(x.reply.status, 200);
		assert_int_equal(x.evidence.event_count, 0);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

static void
without_the_policy_module_nothing_crashes(void **state)
{
	static const char *const absent[][2] = {
		{ "policy_module.installed", "false" },
		{ "policy_module.loaded", "false" },
		{ "policy_module.installation", "cng-certificate" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(absent); i++) {
		struct room_request rq = { .target = CAPS };
		struct ndes_exchange x;
		struct room r;

		room_open(&r, false);
		for (size_t k = 0; k < nitems(crashes); k++)
			room_set(&r, crashes[k].key, crashes[k].value);
		room_set(&r, absent[i][0], absent[i][1]);
		room_arrive(&r, &x, &rq);
		assert_int_equal(x.reply.status, 200);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

static void
a_request_in_hand_dies_with_the_last_process(void **state)
{
	struct room_request rq = { .target = CAPS };
	struct ndes_exchange x, late;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "crl.reachable", "false");
	room_set(&r, "app_pool.rapid_fail_crashes", "1");
	room_receive(&r, &late, &rq);
	ndes_route(&late);
	ndes_http_sys(&late);
	ndes_iis(&late); /* so far before the other one crashes the process */
	crash(&r, &x, CAPS);
	ndes_worker_process(&late);
	assert_int_equal(late.reply.wire.act, WIRE_CLOSE);
	assert_int_equal(late.evidence.event_count, 0);
	assert_string_equal(
	    late.evidence.httperr_reason, "Connection_Abandoned_By_ReqQueue");
	ndes_exchange_clear(&x);
	ndes_exchange_clear(&late);
	room_close(&r);
}

static void
the_operators_line_tells_of_the_crash(void **state)
{
	struct ndes_exchange x;
	struct room r;
	struct buf b;

	(void)state;
	room_open(&r, false);
	room_set(&r, "crl.reachable", "false");
	crash(&r, &x, CAPS);
	buf_init(&b, 4096);
	ndes_exchange_line(&x, &b);
	assert_string_equal(buf_str(&b),
	    "192.0.2.7 GET GetCACaps -> connection closed by w3wp.exe: the "
	    "CRLs of the connector's certificates cannot be fetched "
	    "(crl.reachable)");
	buf_clear(&b);
	ndes_exchange_clear(&x);
	room_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_applications_of_scep_are_in_the_pool),
		cmocka_unit_test(a_pool_that_does_not_run_says_who_stopped_it),
		cmocka_unit_test(a_bad_service_account_is_500_on_every_request),
		cmocka_unit_test(
		    the_fifth_crash_disables_the_pool_until_it_is_started),
		cmocka_unit_test(crashes_far_apart_go_on),
		cmocka_unit_test(every_request_to_the_applications_crashes),
		cmocka_unit_test(the_admin_page_crashes_once_it_is_let_in),
		cmocka_unit_test(the_other_pool_goes_on),
		cmocka_unit_test(without_the_policy_module_nothing_crashes),
		cmocka_unit_test(a_request_in_hand_dies_with_the_last_process),
		cmocka_unit_test(the_operators_line_tells_of_the_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
