/* SPDX-License-Identifier: MIT */
/* The administrator's page with the challenge password, as scrapers read it. */
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

#define ADMIN "/certsrv/mscep_admin/"
/* ndes:secret: word */
#define LOGIN "Authorization: Basic bmRlczpzZWNyZXQ6IHdvcmQ="

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
	room_get(&r, &x, ADMIN);
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
	room_page_has(&x, sentence);
	room_page_has(&x,
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
	room_get(&r, &x, ADMIN);
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
		room_get(&r, &x, ADMIN);
		assert_null(x.why);
		ndes_exchange_clear(&x);
	}
	room_get(&r, &x, ADMIN);
	assert_int_equal(x.reply.status, 200);
	room_page_has(&x, "The password cache is full.");
	room_page_has(
	    &x, "Configure the service to cache more than 5 passwords.");
	room_page_lacks(&x, "The enrollment challenge password is");
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
	room_get(&r, &x, ADMIN);
	assert_int_equal(x.reply.status, 200);
	room_page_has(&x, "The password cache is full.");
	ndes_exchange_clear(&x);
	room_set(&r, "registry.PasswordMax", "100");
	room_start(&r);
	room_get(&r, &x, ADMIN);
	room_page_has(&x, "The enrollment challenge password is");
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
	room_get(&r, &x, ADMIN);
	room_page_has(&x, "The enrollment challenge password is");
	assert_int_equal(x.evidence.event_count, 0);
	ndes_exchange_clear(&x);
	room_set(&r, "account.admin_enroll", "false");
	room_get(&r, &x, ADMIN);
	assert_int_equal(x.reply.status, 200);
	assert_int_equal(x.evidence.event_count, 1);
	assert_non_null(room_event(&x, EVENT_NDES_NO_PASSWORD));
	assert_string_equal(
	    room_event(&x, EVENT_NDES_NO_PASSWORD)->data[0], "0x80094012");
	assert_int_equal(
	    challenge_unused(r.dep.challenges, &r.host, r.now_ms), 1);
	room_page_has(&x,
	    "You do not have sufficient permission to enroll with SCEP.  "
	    "Please contact your system administrator.");
	room_page_lacks(&x, "The enrollment challenge password is");
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
	room_get(&r, &x, ADMIN);
	scrape(&x, a);
	assert_int_equal(strlen(a), 32);
	room_page_has(&x, "will expire within 15 minutes.");
	ndes_exchange_clear(&x);
	room_set(&r, "registry.UseSinglePassword", "1");
	room_get(&r, &x, ADMIN);
	scrape(&x, a);
	room_page_lacks(&x, "used only once");
	ndes_exchange_clear(&x);
	room_get(&r, &x, ADMIN);
	scrape(&x, b);
	assert_string_equal(a, b);
	ndes_exchange_clear(&x);
	room_set(&r, "registry.EnforcePassword", "0");
	room_get(&r, &x, ADMIN);
	room_page_lacks(&x, "The enrollment challenge password is");
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
	room_get(&r, &x, ADMIN);
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
	room_get(&r, &x, ADMIN);
	at.p = memmem(
	    x.reply.body.p, x.reply.body.n, password, sizeof(password) - 1);
	assert_non_null(at.p);
	assert_memory_equal(at.p + sizeof(password) - 1 + 16, "</B>", 4);
	ndes_exchange_clear(&x);
	room_set(&r, "mscep.admin_page_bom", "true");
	room_set(&r, "mscep.admin_page_blanks", "many");
	room_get(&r, &x, ADMIN);
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
	room_get(&r, &x, ADMIN);
	room_page_has(&x, hex);
	ndes_exchange_clear(&x);
	room_set(&r, "mscep.admin_thumbprint", "wrong");
	room_get(&r, &x, ADMIN);
	room_page_has(&x, "The thumbprint (hash value) for the CA");
	room_page_lacks(&x, hex);
	ndes_exchange_clear(&x);
	room_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
