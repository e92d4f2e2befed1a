/* SPDX-License-Identifier: MIT */
/* What mscep.dll answers without cryptography: GetCACaps, GetCACert, and its pages as scrapers read them. */
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
#define ADMIN "/certsrv/mscep_admin/"
/* ndes:secret: word */
#define LOGIN "Authorization: Basic bmRlczpzZWNyZXQ6IHdvcmQ="

static void
get(struct room *r, struct ndes_exchange *x, const char *target)
{
	struct room_request rq = { .target = target, .headers = { LOGIN } };

	room_arrive(r, x, &rq);
}

/* ---- GetCACaps ---- */

static void
assert_caps(struct room *r, const char *wanted)
{
	struct ndes_exchange x;

	get(r, &x, DLL "?operation=GetCACaps");
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
	get(&r, &x, DLL "?operation=GetCACaps");
	assert_string_equal(room_header(&x, "Content-Type"), "text/plain");
	ndes_exchange_clear(&x);
	room_set(&r, "caps.content_type", "");
	get(&r, &x, DLL "?operation=GetCACaps");
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
	get(&r, &x, DLL "/pkiclient.exe?operation=GetCACert&message=any");
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
		get(&r, &x, DLL);
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
assert_on_page(const struct ndes_exchange *x, const char *wanted)
{
	char *text = room_page_text(x);

	if (strstr(text, wanted) == NULL)
		fail_msg("not on the page: %s\n%s", wanted, text);
	free(text);
}

static void
assert_not_on_page(const struct ndes_exchange *x, const char *unwanted)
{
	char *text = room_page_text(x);

	if (strstr(text, unwanted) != NULL)
		fail_msg("on the page: %s\n%s", unwanted, text);
	free(text);
}

static void
the_general_page_says_where_the_admin_page_is(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "policy_module.loaded", "false");
	get(&r, &x, DLL);
	assert_string_equal(room_header(&x, "Content-Type"), "text/html");
	assert_on_page(&x,
	    "This URL is used by network devices to submit certificate "
	    "requests.");
	assert_on_page(&x,
	    "To obtain an enrollment challenge password, go to the admin "
	    "URL. By default, the admin URL is");
	assert_on_page(&x, "http://NDES01/CertSrv/mscep_admin");
	assert_on_page(&x, "<Title>Network Device Enrollment Service</Title>");
	assert_on_page(&x, "http://go.microsoft.com/fwlink/?LinkId=67852");
	assert_on_page(&x, "#008080");
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
		get(&r, &x, target);
		assert_int_equal(x.reply.status, 200);
		assert_on_page(&x, "This URL is used by network devices");
		assert_non_null(x.why);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

/* ---- the admin page ---- */

/* What scrapers do: the word behind the sentence. */
static void
scrape(const struct ndes_exchange *x, char out[CHALLENGE_TEXT_MAX])
{
	static const char before[] =
	    "The enrollment challenge password is: <B> ";
	char *text = room_page_text(x);
	const char *at = strstr(text, before);

	assert_non_null(at);
	at += strlen(before);
	snprintf(out, CHALLENGE_TEXT_MAX, "%.*s", (int)strcspn(at, " "), at);
	assert_int_equal(strncmp(at + strlen(out), " </B>", 5), 0);
	free(text);
}

/* The thumbprint as libcrypto computes it. */
static void
thumbprint(const struct room *r, char out[80])
{
	struct bytes der = ca_material_cert(r->material, CA_ISSUING)->der;
	unsigned char md[EVP_MAX_MD_SIZE];
	size_t n = 0;

	assert_true(EVP_Q_digest(NULL, "MD5", NULL, der.p, der.n, md, NULL));
	for (size_t i = 0; i < 16; i++)
		n += (size_t)snprintf(
		    out + n, 80 - n, "%02X%s", md[i], i % 4 == 3 ? " " : "");
}

static void
the_password_page_has_what_scrapers_match(void **state)
{
	struct ndes_exchange x;
	struct room r;
	char password[CHALLENGE_TEXT_MAX], md5[80], sentence[200];

	(void)state;
	room_open(&r, true);
	get(&r, &x, ADMIN);
	assert_int_equal(x.reply.status, 200);
	assert_null(x.why);
	assert_string_equal(x.evidence.username, "ndes");
	assert_string_equal(room_header(&x, "Content-Type"), "text/html");
	assert_int_equal(x.reply.body.p[0], '<');
	assert_int_equal(x.reply.body.p[1], 0);
	scrape(&x, password);
	assert_int_equal(strlen(password), 16);
	assert_int_equal(strspn(password, "0123456789ABCDEF"), 16);
	thumbprint(&r, md5);
	snprintf(sentence, sizeof(sentence),
	    "The thumbprint (hash value) for the CA certificate is: <B> "
	    "%s</B>",
	    md5);
	assert_on_page(&x, sentence);
	assert_on_page(&x,
	    "This password can be used only once and will expire within 60 "
	    "minutes.");
	assert_int_equal(challenge_hold(r.dep.challenges, bytes_str(password),
			     &r.host, r.now_ms),
	    CHALLENGE_GOOD);
	ndes_exchange_clear(&x);
	room_close(&r);
}

/* One script takes the first word of 16 capital letters and digits. */
static void
the_first_hex_word_is_the_password(void **state)
{
	struct ndes_exchange x;
	struct room r;
	char password[CHALLENGE_TEXT_MAX], *text, *word, *rest;
	const char *found = NULL;

	(void)state;
	room_open(&r, true);
	get(&r, &x, ADMIN);
	scrape(&x, password);
	text = room_page_text(&x);
	rest = text;
	while (found == NULL && (word = strtok_r(rest, " \r\n", &rest)) != NULL)
		if (strspn(word, "0123456789ABCDEF") >= 16)
			found = word;
	assert_non_null(found);
	assert_string_equal(found, password);
	free(text);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
the_admin_page_answers_a_posted_form_too(void **state)
{
	struct room_request rq = { .method = "POST",
		.target = ADMIN,
		.headers = { LOGIN },
		.body = BYTES_LIT("operation=GetCACaps") };
	struct ndes_exchange x;
	struct room r;
	char password[CHALLENGE_TEXT_MAX];

	(void)state;
	room_open(&r, true);
	room_arrive(&r, &x, &rq);
	assert_int_equal(x.reply.status, 200);
	scrape(&x, password);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
the_sixth_visit_finds_the_cache_full(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, true);
	for (int i = 0; i < 5; i++) {
		get(&r, &x, ADMIN);
		assert_null(x.why);
		ndes_exchange_clear(&x);
	}
	get(&r, &x, ADMIN);
	assert_int_equal(x.reply.status, 200);
	assert_on_page(&x, "The password cache is full.");
	assert_on_page(
	    &x, "Configure the service to cache more than 5 passwords.");
	assert_not_on_page(&x, "The enrollment challenge password is");
	assert_non_null(x.why);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
passwords_that_are_there_at_the_start_fill_the_cache(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, true);
	room_set(&r, "mscep.cached_passwords", "5");
	room_start(&r);
	get(&r, &x, ADMIN);
	assert_int_equal(x.reply.status, 200);
	assert_on_page(&x, "The password cache is full.");
	ndes_exchange_clear(&x);
	room_set(&r, "registry.PasswordMax", "100");
	room_start(&r);
	get(&r, &x, ADMIN);
	assert_on_page(&x, "The enrollment challenge password is");
	assert_int_equal(
	    challenge_unused(r.dep.challenges, &r.host, r.now_ms), 6);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
without_the_right_to_enroll_there_is_no_password(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, true);
	room_set(&r, "account.enroll", "false"); /* the service's, not ours */
	get(&r, &x, ADMIN);
	assert_on_page(&x, "The enrollment challenge password is");
	assert_int_equal(x.evidence.event_count, 0);
	ndes_exchange_clear(&x);
	room_set(&r, "account.admin_enroll", "false");
	get(&r, &x, ADMIN);
	assert_int_equal(x.reply.status, 200);
	assert_int_equal(x.evidence.event_count, 1);
	assert_non_null(room_event(&x, EVENT_NDES_NO_PASSWORD));
	assert_string_equal(
	    room_event(&x, EVENT_NDES_NO_PASSWORD)->data[0], "0x80094012");
	assert_int_equal(
	    challenge_unused(r.dep.challenges, &r.host, r.now_ms), 1);
	assert_on_page(&x,
	    "You do not have sufficient permission to enroll with SCEP.  "
	    "Please contact your system administrator.");
	assert_not_on_page(&x, "The enrollment challenge password is");
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
the_registry_shows_on_the_page(void **state)
{
	struct ndes_exchange x;
	struct room r;
	char a[CHALLENGE_TEXT_MAX], b[CHALLENGE_TEXT_MAX];

	(void)state;
	room_open(&r, true);
	room_set(&r, "registry.PasswordValidity", "15");
	room_set(&r, "registry.PasswordLength", "16");
	get(&r, &x, ADMIN);
	scrape(&x, a);
	assert_int_equal(strlen(a), 32);
	assert_on_page(&x, "will expire within 15 minutes.");
	ndes_exchange_clear(&x);
	room_set(&r, "registry.UseSinglePassword", "1");
	get(&r, &x, ADMIN);
	scrape(&x, a);
	assert_not_on_page(&x, "used only once");
	ndes_exchange_clear(&x);
	get(&r, &x, ADMIN);
	scrape(&x, b);
	assert_string_equal(a, b);
	ndes_exchange_clear(&x);
	room_set(&r, "registry.EnforcePassword", "0");
	get(&r, &x, ADMIN);
	assert_not_on_page(&x, "The enrollment challenge password is");
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
pages_begin_with_a_mark_only_when_told_so(void **state)
{
	struct ndes_exchange x;
	struct room r;

	(void)state;
	room_open(&r, true);
	room_set(&r, "mscep.admin_page_bom", "true");
	get(&r, &x, ADMIN);
	assert_memory_equal(x.reply.body.p, "\xff\xfe<\0", 4);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
the_password_page_has_other_codings_words_and_blanks(void **state)
{
	static const char password[] =
	    "Das Abfragekennwort f\u00fcr die Registrierung ist: <B>";
	struct ndes_exchange x;
	struct room r;
	struct bytes at;

	(void)state;
	room_open(&r, true);
	room_set(&r, "mscep.admin_page_coding", "utf-8");
	room_set(&r, "mscep.admin_page_language", "german");
	room_set(&r, "mscep.admin_page_blanks", "none");
	get(&r, &x, ADMIN);
	at.p = memmem(
	    x.reply.body.p, x.reply.body.n, password, sizeof(password) - 1);
	assert_non_null(at.p);
	assert_memory_equal(at.p + sizeof(password) - 1 + 16, "</B>", 4);
	ndes_exchange_clear(&x);
	room_set(&r, "mscep.admin_page_bom", "true");
	room_set(&r, "mscep.admin_page_blanks", "many");
	get(&r, &x, ADMIN);
	assert_memory_equal(x.reply.body.p, "\xef\xbb\xbf<", 4);
	at.p = memmem(
	    x.reply.body.p, x.reply.body.n, password, sizeof(password) - 1);
	assert_non_null(at.p);
	assert_memory_equal(at.p + sizeof(password) - 1, "\r\n\t &nbsp; ", 11);
	ndes_exchange_clear(&x);
	room_close(&r);
}

static void
the_password_page_can_show_a_wrong_thumbprint(void **state)
{
	struct ndes_exchange x;
	struct room r;
	char hex[33];

	(void)state;
	room_open(&r, true);
	for (size_t i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02X",
		    ca_material_thumbprint_md5(r.dep.material)[i]);
	hex[8] = '\0'; /* the page has four groups */
	get(&r, &x, ADMIN);
	assert_on_page(&x, hex);
	ndes_exchange_clear(&x);
	room_set(&r, "mscep.admin_thumbprint", "wrong");
	get(&r, &x, ADMIN);
	assert_on_page(&x, "The thumbprint (hash value) for the CA");
	assert_not_on_page(&x, hex);
	ndes_exchange_clear(&x);
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
		cmocka_unit_test(the_password_page_has_what_scrapers_match),
		cmocka_unit_test(the_first_hex_word_is_the_password),
		cmocka_unit_test(the_admin_page_answers_a_posted_form_too),
		cmocka_unit_test(the_sixth_visit_finds_the_cache_full),
		cmocka_unit_test(
		    passwords_that_are_there_at_the_start_fill_the_cache),
		cmocka_unit_test(
		    without_the_right_to_enroll_there_is_no_password),
		cmocka_unit_test(the_registry_shows_on_the_page),
		cmocka_unit_test(pages_begin_with_a_mark_only_when_told_so),
		cmocka_unit_test(
		    the_password_page_has_other_codings_words_and_blanks),
		cmocka_unit_test(the_password_page_can_show_a_wrong_thumbprint),
		cmocka_unit_test(
		    crls_and_certificates_are_where_certificates_say),
		cmocka_unit_test(other_names_in_cert_enroll_are_404),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
