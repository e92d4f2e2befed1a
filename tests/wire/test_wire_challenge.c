/* SPDX-License-Identifier: MIT */
/*
 * Challenge passwords over real sockets: the password page of mscep_admin as
 * scrapers read it, one-time passwords, the cache of five, what a wrong one
 * is answered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/served.h"

#define BAD_REQUEST 2

static void
must_refuse(struct world *w, struct client_enrolment *e, const char *row)
{
	struct client_certrep r;
	enrol_expect(&w->c, e, 2, row, &r);
	if (r.fail_info != BAD_REQUEST || r.scep_error[0] != '-')
		fail_msg("%s: failInfo %d, SCEP_ERROR \"%s\"", row, r.fail_info,
		    r.scep_error);
	client_certrep_clear(&r);
}

static void
password(struct world *w, const struct served *s, char out[CLIENT_TEXT_MAX])
{
	if (client_admin_password(&w->c, s->admin, SERVED_ADMIN, out))
		fail_msg("%s", w->c.why);
}

static void
a_password_from_the_page_enrols_once(void **state)
{
	struct world *w = *state;
	struct served s;
	char secret[CLIENT_TEXT_MAX];
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	password(w, &s, secret);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=once");
	e.csr.challenge = secret;
	enrol_status(&w->c, &e, 0, "the first use");
	must_refuse(w, &e, "the second use");
	e.by_get = true;
	must_refuse(w, &e, "the second use, by GET");
	served_stop(&s);
}

static void
refuses_a_wrong_and_a_missing_password(void **state)
{
	struct world *w = *state;
	struct served s;
	char secret[CLIENT_TEXT_MAX];
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	password(w, &s, secret);
	static const char *const wrong[] = { "0123456789ABCDEF",
		"Static-Probe-", "Static-Probe-11", "static-probe-1", "",
		NULL };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct client_enrolment e =
		    served_enrolment(&s, w, "/CN=wrong");
		e.csr.challenge = wrong[i];
		must_refuse(
		    w, &e, wrong[i] ? wrong[i] : "no challengePassword");
	}
	/* None of that used the good one up. */
	struct client_enrolment e = served_enrolment(&s, w, "/CN=good");
	e.csr.challenge = secret;
	enrol_status(&w->c, &e, 0, "the password from the page");
	served_stop(&s);
}

static void
the_sixth_unused_password_is_not_given(void **state)
{
	struct world *w = *state;
	struct served s;
	char secret[6][CLIENT_TEXT_MAX];
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	for (int i = 0; i < 5; i++) {
		password(w, &s, secret[i]);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(secret[i], secret[k]);
	}
	struct client_bytes page = { 0 };
	if (client_admin_page(&w->c, s.admin, SERVED_ADMIN, &page))
		fail_msg("%s", w->c.why);
	assert_non_null(strstr((char *)page.p, "The password cache is full."));
	assert_null(
	    strstr((char *)page.p, "enrollment challenge password is: <B>"));
	client_bytes_clear(&page);
	for (int i = 0; i < 5; i++) {
		struct client_enrolment e = served_enrolment(&s, w, "/CN=five");
		e.csr.challenge = secret[i];
		enrol_status(&w->c, &e, 0, "one of five passwords");
	}
	password(w, &s, secret[5]);
	served_stop(&s);
}

static void
the_page_wants_a_login(void **state)
{
	struct world *w = *state;
	struct served s;
	struct client_http h;
	char value[CLIENT_TEXT_MAX], no_slash[CLIENT_TEXT_MAX];
	served_start(&s, NULL, NULL);
	assert_int_equal(client_get(&w->c, s.admin, NULL, &h), 0);
	assert_int_equal(h.status, 401);
	assert_true(client_header(&h, "WWW-Authenticate", value));
	client_http_clear(&h);
	const char *wrong[] = { "Authorization: Basic bmRlczp3cm9uZw==", NULL };
	assert_int_equal(client_get(&w->c, s.admin, wrong, &h), 0);
	assert_int_equal(h.status, 401);
	client_http_clear(&h);
	const char *right[] = { "Authorization: Basic bmRlczpuZGVz", NULL };
	snprintf(no_slash, sizeof no_slash, "%.*s", (int)strlen(s.admin) - 1,
	    s.admin);
	assert_int_equal(client_get(&w->c, no_slash, NULL, &h), 0);
	assert_int_equal(h.status, 401);
	client_http_clear(&h);
	assert_int_equal(client_get(&w->c, no_slash, right, &h), 0);
	assert_int_equal(h.status, 301);
	assert_true(client_header(&h, "Location", value));
	assert_non_null(strstr(value, "/certsrv/mscep_admin/"));
	client_http_clear(&h);
	assert_int_equal(client_get(&w->c, s.admin, right, &h), 0);
	assert_int_equal(h.status, 200);
	assert_string_equal(h.content_type, "text/html");
	client_http_clear(&h);
	served_stop(&s);
}

static void
the_page_shows_the_thumbprint_of_the_issuing_ca(void **state)
{
	struct world *w = *state;
	struct served s;
	unsigned char md5[EVP_MAX_MD_SIZE];
	unsigned n;
	char want[160], *to = want;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	assert_int_equal(X509_digest(s.ca.issuing, EVP_md5(), md5, &n), 1);
	to += sprintf(to, "for the CA certificate is: <B> ");
	for (unsigned i = 0; i < n; i++)
		to += sprintf(to, "%02X%s", md5[i], i % 4 == 3 ? " " : "");
	sprintf(to, "</B>");
	struct client_bytes page = { 0 };
	if (client_admin_page(&w->c, s.admin, SERVED_ADMIN, &page))
		fail_msg("%s", w->c.why);
	if (!strstr((char *)page.p, want))
		fail_msg("\"%s\" is not on the page:\n%s", want, page.p);
	assert_non_null(strstr((char *)page.p,
	    "This password can be used only once and will expire within 60 "
	    "minutes."));
	client_bytes_clear(&page);
	served_stop(&s);
}

static void
the_library_gives_passwords_that_work(void **state)
{
	struct world *w = *state;
	struct served s;
	char copy[CLIENT_TEXT_MAX];
	const char *options[] = { "admin-user", "x:y", NULL };
	served_start(&s, NULL, options);
	served_ca(&s, &w->c);
	const char *text = mockndes_challenge(s.m);
	assert_non_null(text);
	assert_string_equal(text, SERVED_SECRET);
	assert_int_equal(client_admin_password(&w->c, s.admin, "x:y", copy), 0);
	assert_int_equal(
	    client_admin_password(&w->c, s.admin, SERVED_ADMIN, copy), -1);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_from_the_page_enrols_once),
		cmocka_unit_test(refuses_a_wrong_and_a_missing_password),
		cmocka_unit_test(the_sixth_unused_password_is_not_given),
		cmocka_unit_test(the_page_wants_a_login),
		cmocka_unit_test(
		    the_page_shows_the_thumbprint_of_the_issuing_ca),
		cmocka_unit_test(the_library_gives_passwords_that_work),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
