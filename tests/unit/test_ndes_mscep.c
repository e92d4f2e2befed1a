/* SPDX-License-Identifier: MIT */
/* Whether mscep.dll works at all: the right to impersonate, and its RA certificates at the start of the pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ndes/hresult.h"
#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"
#define ADMIN "/certsrv/mscep_admin/"
/* ndes:secret: word */
#define LOGIN "Authorization: Basic bmRlczpzZWNyZXQ6IHdvcmQ="

static void
get(struct room *r, struct ndes_exchange *x, const char *target)
{
	struct room_request rq = { .target = target, .headers = { LOGIN } };

	room_arrive(r, x, &rq);
}

/* ---- causes ---- */

static const char *const everything[] = {
	DLL,
	DLL "?operation=GetCACaps",
	DLL "?operation=GetCACert",
	DLL "?operation=PKIOperation&message=AA",
	ADMIN,
};

static void
without_impersonation_every_operation_is_500(void **state)
{
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "rights.impersonate", "false");
	r.dep.mscep.loaded = false; /* hidden behind it */
	for (size_t i = 0; i < nitems(everything); i++) {
		struct ndes_exchange x;

		get(&r, &x, everything[i]);
		assert_int_equal(x.reply.status, 500);
		assert_int_equal(x.evidence.substatus, 0);
		assert_int_equal(x.evidence.win32, 1346);
		assert_int_equal(x.reply.body.n, 1208);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

struct ra_row {
	const char *signing, *encryption;
	uint32_t hresult; /* 0: mscep.dll loads */
	const char *names, *why;
};

static const struct ra_row ra_rows[] = {
	{ "valid", "valid", 0, NULL, NULL },
	{ "expired", "valid", 0x80070057, "RA signing", "out of date" },
	{ "valid", "expired", 0x80070057, "RA encryption", "out of date" },
	{ "expired", "expired", 0x80070057, "RA signing", "out of date" },
	{ "missing", "valid", 0x80070002, "RA signing", "not in" },
	{ "valid", "missing", 0x80070002, "RA encryption", "not in" },
	{ "key-unreadable", "valid", 0x80070057, "RA signing",
	    "may not read the key" },
	{ "valid", "key-unreadable", 0x80070057, "RA encryption",
	    "may not read the key" },
	{ "revoked", "missing", 0x80070057, "RA signing", "revoked" },
	{ "valid", "revoked", 0x80070057, "RA encryption", "revoked" },
};

/* While mscep.dll is not loaded, all that it serves is the same page. */
static void
assert_all_500(struct room *r)
{
	for (size_t i = 0; i < nitems(everything); i++) {
		struct ndes_exchange x;

		get(r, &x, everything[i]);
		assert_int_equal(x.reply.status, 500);
		assert_int_equal(x.reply.body.n, 1208);
		assert_int_equal(x.answered_by, NDES_LAYER_MSCEP);
		assert_true(x.evidence.in_iis_log);
		assert_ptr_equal(x.why, r->dep.mscep.why);
		ndes_exchange_clear(&x);
	}
}

static void
ra_certificates_of_no_use_stop_mscep_at_start(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, true);
	for (size_t i = 0; i < nitems(ra_rows); i++) {
		const struct ra_row *row = &ra_rows[i];

		room_set(&r, "ra.signing", row->signing);
		room_set(&r, "ra.encryption", row->encryption);
		room_start(&r);
		assert_int_equal(r.dep.mscep.loaded, row->hresult == 0);
		assert_int_equal(r.dep.mscep.hresult, row->hresult);
		if (row->hresult == 0)
			continue;
		assert_non_null(strstr(r.dep.mscep.why, row->names));
		assert_non_null(strstr(r.dep.mscep.why, row->why));
		assert_all_500(&r);
	}
	/* mended, but not before the pool starts */
	room_set(&r, "ra.encryption", "valid");
	assert_all_500(&r);
	room_start(&r);
	get(&r, &x, DLL "?operation=GetCACert");
	assert_int_equal(x.reply.status, 200);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
certificates_that_ran_out_stop_mscep_too(void **state)
{
	struct room r;
	int64_t now, end;

	(void)state;
	room_open(&r, true);
	now = r.now_ms / 1000;
	end = ca_material_cert(r.material, CA_RA_SIGN)->not_after;
	assert_true(ndes_mscep_start(&r.host, r.material, now).loaded);
	assert_true(ndes_mscep_start(&r.host, r.material, end).loaded);
	assert_false(ndes_mscep_start(&r.host, r.material, end + 1).loaded);
	room_close(&r);
}

/* ---- codes ---- */

static void
codes_are_written_as_windows_writes_them(void **state)
{
	char text[HRESULT_TEXT_SIZE];

	(void)state;
	hresult_code(HRESULT_RPC_SERVER_UNAVAILABLE, text);
	assert_string_equal(text, "0x800706ba");
	hresult_full(HRESULT_KEY_LENGTH, text);
	assert_string_equal(
	    text, "0x80094811 (-2146875375 CERTSRV_E_KEY_LENGTH)");
	assert_string_equal(hresult_text(HRESULT_BAD_DATA), "Bad Data.");
	assert_string_equal(hresult_text(0x12345678), "Unspecified error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_impersonation_every_operation_is_500),
		cmocka_unit_test(ra_certificates_of_no_use_stop_mscep_at_start),
		cmocka_unit_test(certificates_that_ran_out_stop_mscep_too),
		cmocka_unit_test(codes_are_written_as_windows_writes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
