/* SPDX-License-Identifier: MIT */
/* The way to the server: what becomes of the connection, and that the host knows nothing of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"

static const struct {
	const char *value;
	enum wire_act act;
	const char *line;
} rows[] = {
	{ "refused", WIRE_RESET,
	    "192.0.2.7 GET GetCACaps -> connection reset by the network: "
	    "connections are refused on the way (network.state)" },
	{ "reset", WIRE_RESET,
	    "192.0.2.7 GET GetCACaps -> connection reset by the network: "
	    "connections are reset on the way (network.state)" },
	{ "silent", WIRE_SILENT,
	    "192.0.2.7 GET GetCACaps -> no answer by the network: packets "
	    "are dropped on the way (network.state)" },
};

static void
assert_no_trace(const struct ndes_exchange *x)
{
	assert_int_equal(x->reply.status, 0);
	assert_int_equal(x->reply.body.n, 0);
	assert_int_equal(x->reply.header_count, 0);
	assert_false(x->evidence.in_iis_log);
	assert_null(x->evidence.httperr_reason);
	assert_int_equal(x->evidence.event_count, 0);
	assert_int_equal(x->evidence.crp_request_count, 0);
	assert_int_equal(x->evidence.plugin.n, 0);
	assert_int_equal(x->evidence.crp.n, 0);
}

static void
what_is_blocked_leaves_no_trace(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target =
					       DLL "?operation=GetCACaps" };
		struct ndes_exchange x;
		struct room r;
		struct buf b;

		room_open(&r, false);
		room_set(&r, "network.state", rows[i].value);
		room_arrive(&r, &x, &rq);
		assert_int_equal(x.reply.wire.act, rows[i].act);
		assert_int_equal(x.reply.wire.delay_ms, 0);
		assert_int_equal(x.answered_by, NDES_LAYER_NETWORK);
		assert_no_trace(&x);
		buf_init(&b, 4096);
		ndes_exchange_line(&x, &b);
		assert_string_equal(buf_str(&b), rows[i].line);
		buf_clear(&b);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

static void
every_path_is_blocked(void **state)
{
	static const char *const targets[] = { "/", DLL,
		"/certsrv/mscep_admin/", "/CertEnroll/x.crl", "/%zz" };
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "network.state", "silent");
	for (size_t i = 0; i < nitems(targets); i++) {
		struct room_request rq = { .target = targets[i] };
		struct ndes_exchange x;

		room_arrive(&r, &x, &rq);
		assert_int_equal(x.reply.wire.act, WIRE_SILENT);
		assert_no_trace(&x);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

static void
an_open_way_passes_everything_on(void **state)
{
	struct room_request rq = { .target = DLL };
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_receive(&r, &x, &rq);
	ndes_route(&x);
	ndes_network(&x);
	assert_int_equal(x.reply.wire.act, WIRE_PLAY);
	assert_int_equal(x.answered_by, NDES_LAYER_NONE);
	assert_null(x.why);
	assert_no_trace(&x);
	ndes_exchange_clear(&x);
	room_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_blocked_leaves_no_trace),
		cmocka_unit_test(every_path_is_blocked),
		cmocka_unit_test(an_open_way_passes_everything_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
