/* SPDX-License-Identifier: MIT */
/* What mscep.dll answers without cryptography: GetCACaps, GetCACert, its general page, and what is in CertEnroll. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"

/* ---- GetCACaps ---- */

static void
assert_caps(struct room *r, const char *wanted)
{
	struct ndes_exchange x;

	room_get(r, &x, DLL "?operation=GetCACaps");
	assert_int_equal(x.reply.status, 200);
	assert_int_equal(x.answered_by, NDES_LAYER_MSCEP);
	assert_null(x.why);
	if (!bytes_eq(x.reply.body, bytes_str(wanted)))
		fail_msg("caps are %.*s", (int)x.reply.body.n,
		    (const char *)x.reply.body.p);
	ndes_exchange_clear(&x);
}

static void
caps_are_those_of_the_product_with_crlf(void **state)
{
	struct room r;

	(void)state;
	room_open(&r, false);
	assert_caps(&r,
	    "POSTPKIOperation\r\nRenewal\r\nSHA-512\r\nSHA-256\r\nSHA-1\r\n"
	    "DES3\r\n");
	room_set(&r, "caps.line_end", "lf");
	assert_caps(
	    &r, "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\n");
	room_close(&r);
}

static void
the_registry_replaces_the_algorithms_and_the_scenario_everything(void **state)
{
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "registry.CACapabilitiesAlgorithms", "SHA-256");
	room_set(&r, "registry.CACapabilitiesAlgorithms", "AES");
	assert_caps(&r, "POSTPKIOperation\r\nRenewal\r\nSHA-256\r\nAES\r\n");
	room_set(&r, "caps.tokens", "SCEPStandard");
	assert_caps(&r, "SCEPStandard\r\n");
	room_close(&r);
}

static void
caps_can_do_without_a_content_type(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_get(&r, &x, DLL "?operation=GetCACaps");
	assert_string_equal(room_header(&x, "Content-Type"), "text/plain");
	ndes_exchange_clear(&x);
	room_set(&r, "caps.content_type", "");
	room_get(&r, &x, DLL "?operation=GetCACaps");
	assert_null(room_header(&x, "Content-Type"));
	ndes_exchange_clear(&x);
	room_close(&r);
}

/* ---- GetCACert ---- */

static void
ca_cert_is_ra_pair_and_chain(void **state)
{
	struct ndes_exchange x;
	struct room r;
	const unsigned char *p;
	PKCS7 *p7;

	(void)state;
	room_open(&r, true);
	room_get(&r, &x, DLL "/pkiclient.exe?operation=GetCACert&message=any");
	assert_int_equal(x.reply.status, 200);
	assert_string_equal(
	    room_header(&x, "Content-Type"), "application/x-x509-ca-ra-cert");
	p = x.reply.body.p;
	p7 = d2i_PKCS7(NULL, &p, (long)x.reply.body.n);
	assert_non_null(p7);
	assert_true(PKCS7_type_is_signed(p7));
	assert_int_equal(sk_X509_num(p7->d.sign->cert), 4);
	PKCS7_free(p7);
	ndes_exchange_clear(&x);
	room_close(&r);
}

/* ---- browsing ---- */

static void
browsing_is_forbidden_while_the_policy_module_is_loaded(void **state)
{
	static const struct {
		const char *installed, *loaded, *setup;
		int status;
	} rows[] = {
		{ "true", "true", "complete", 403 },
		{ "true", "false", "complete", 200 },
		{ "false", "true", "complete", 200 },
		{ "false", "false", "complete", 200 },
		{ "true", "true", "site-renamed", 200 },
		{ "true", "true", "cng-certificate", 200 },
	};
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct ndes_exchange x;

		room_set(&r, "policy_module.installed", rows[i].installed);
		room_set(&r, "policy_module.loaded", rows[i].loaded);
		room_set(&r, "policy_module.installation", rows[i].setup);
		room_get(&r, &x, DLL);
		assert_int_equal(x.reply.status, rows[i].status);
		assert_int_equal(x.evidence.substatus, 0);
		assert_int_equal(x.evidence.win32, 0);
		assert_int_equal(x.answered_by, NDES_LAYER_MSCEP);
		if (rows[i].status == 403)
			assert_int_equal(x.reply.body.n, 1233);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

static void
the_general_page_says_where_the_admin_page_is(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "policy_module.loaded", "false");
	room_get(&r, &x, DLL);
	assert_string_equal(room_header(&x, "Content-Type"), "text/html");
	room_page_has(&x,
	    "This URL is used by network devices to submit certificate "
	    "requests.");
	room_page_has(&x,
	    "To obtain an enrollment challenge password, go to the admin "
	    "URL. By default, the admin URL is");
	room_page_has(&x, "http://NDES01/CertSrv/mscep_admin");
	room_page_has(&x, "<Title>Network Device Enrollment Service</Title>");
	room_page_has(&x, "http://go.microsoft.com/fwlink/?LinkId=67852");
	room_page_has(&x, "#008080");
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
unknown_operations_get_a_page_at_200(void **state)
{
	static const char *const rows[] = { "GetCACerts", "GetCAChain",
		"nonsense" };
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct ndes_exchange x;
		char target[80];

		snprintf(target, sizeof(target), DLL "?operation=%s", rows[i]);
		room_get(&r, &x, target);
		assert_int_equal(x.reply.status, 200);
		room_page_has(&x, "This URL is used by network devices");
		assert_non_null(x.why);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

/* ---- CertEnroll ---- */

static void
crls_and_certificates_are_where_certificates_say(void **state)
{
	static const struct {
		const char *(*path)(const struct ca_material *m);
		bool crl;
	} rows[] = {
		{ ca_material_crl_path, true },
		{ ca_material_root_crl_path, true },
		{ ca_material_aia_path, false },
		{ ca_material_root_aia_path, false },
	};
	struct room r;

	(void)state;
	room_open(&r, true);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = rows[i].path(r.material) };
		struct ndes_exchange x;
		struct err e = { 0 };
		const unsigned char *p;
		X509_CRL *crl;
		X509 *cert;

		assert_int_equal(room_walk(&r, &x, &rq, &e), 0);
		assert_int_equal(x.reply.status, 200);
		assert_string_equal(room_header(&x, "Content-Type"),
		    rows[i].crl ? "application/pkix-crl"
				: "application/x-x509-ca-cert");
		p = x.reply.body.p;
		crl = rows[i].crl ? d2i_X509_CRL(NULL, &p, (long)x.reply.body.n)
				  : NULL;
		cert = rows[i].crl ? NULL
				   : d2i_X509(NULL, &p, (long)x.reply.body.n);
		assert_true(crl != NULL || cert != NULL);
		X509_CRL_free(crl);
		X509_free(cert);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

static void
other_names_in_cert_enroll_are_404(void **state)
{
	struct room_request rq = { .target = "/CertEnroll/none.crl" };
	struct ndes_exchange x;
	struct room r;
	struct err e = { 0 };

	(void)state;
	room_open(&r, true);
	assert_int_equal(room_walk(&r, &x, &rq, &e), 0);
	assert_int_equal(x.reply.status, 404);
	assert_int_equal(x.evidence.win32, 2);
	ndes_exchange_clear(&x);
	room_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caps_are_those_of_the_product_with_crlf),
		cmocka_unit_test(
		    the_registry_replaces_the_algorithms_and_the_scenario_everything),
		cmocka_unit_test(caps_can_do_without_a_content_type),
		cmocka_unit_test(ca_cert_is_ra_pair_and_chain),
		cmocka_unit_test(
		    browsing_is_forbidden_while_the_policy_module_is_loaded),
		cmocka_unit_test(the_general_page_says_where_the_admin_page_is),
		cmocka_unit_test(unknown_operations_get_a_page_at_200),
		cmocka_unit_test(
		    crls_and_certificates_are_where_certificates_say),
		cmocka_unit_test(other_names_in_cert_enroll_are_404),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
