/* SPDX-License-Identifier: MIT */
/*
 * Whole exchanges in memory: a request value in, a reply value out, no
 * sockets, and a clock that tests turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/desk.h"
#include "support/world.h"

#define MINUTE_MS 60000LL
#define DAY_MS (24 * 60 * MINUTE_MS)

static struct client_enrolment
plain(const struct desk *d, const struct world *w)
{
	return (struct client_enrolment){
		.ca = &d->ca,
		.csr = { .key = w->key,
		    .subject = "/C=US/O=Probe/CN=flow",
		    .challenge = DESK_SECRET },
	};
}

static void
enrol(struct desk *d, struct world *w, const struct client_enrolment *e,
    int status, const char *row)
{
	struct client_certrep r = { 0 };

	desk_enrol(d, &w->c, e, &r);
	if (r.status != status)
		fail_msg("%s: pkiStatus %d, not %d: %s", row, r.status, status,
		    d->log);
	client_certrep_clear(&r);
}

static long
status_of(struct desk *d, const char *method, const char *target,
    const char *authorization)
{
	struct client_http h;
	struct desk_request rq = { .method = method,
		.target = target,
		.authorization = authorization };

	desk_ask(d, &rq, &h);
	long status = h.status;
	client_http_clear(&h);
	return status;
}

/* ---- operations ---- */

struct op_row {
	const char *method, *target, *authorization;
	int status;
	const char *content_type, *server;
};

#define IIS "Microsoft-IIS/10.0"

static const struct op_row ops[] = {
	{ "GET", DESK_PATH, NULL, 403, "text/html", IIS },
	{ "GET", "/certsrv/mscep/", NULL, 403, "text/html", IIS },
	{ "GET", DESK_PATH "?operation=GetCACaps", NULL, 200, "text/plain",
	    IIS },
	{ "HEAD", DESK_PATH "?operation=GetCACaps", NULL, 200, "text/plain",
	    IIS },
	{ "GET", DESK_PATH "?operation=GetCACaps&message=default", NULL, 200,
	    "text/plain", IIS },
	{ "GET", DESK_PATH "?message=x&operation=GetCACaps", NULL, 200,
	    "text/plain", IIS },
	{ "GET", "/CERTSRV/mscep/MSCEP.DLL/pkiclient.exe?operation=GetCACaps",
	    NULL, 200, "text/plain", IIS },
	{ "GET", "/certsrv/mscep/?operation=GetCACert&message=ca", NULL, 200,
	    "application/x-x509-ca-ra-cert", IIS },
	{ "GET", DESK_PATH "?operation=PKIOperation&message=%25", NULL, 500,
	    "text/html", IIS },
	{ "GET", DESK_PATH "?operation=PKIOperation", NULL, 500, "text/html",
	    IIS },
	{ "GET", "/certsrv/mscep_admin/", NULL, 401, "text/html", IIS },
	{ "GET", "/certsrv/mscep_admin", NULL, 401, "text/html", IIS },
	{ "GET", "/certsrv/mscep_admin", DESK_ADMIN, 301, "text/html", IIS },
	{ "GET", "/certsrv/mscep_admin/", DESK_ADMIN, 200, "text/html", IIS },
	{ "GET", "/certsrv/mscep_admin/", "Basic AAAA", 401, "text/html", IIS },
	{ "GET", "/nothing/here", NULL, 404, "text/html", IIS },
};

static void
every_operation_is_answered_by_its_layer(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, NULL);
	for (size_t i = 0; i < nitems(ops); i++) {
		const struct op_row *row = &ops[i];
		struct client_http h;
		char server[CLIENT_TEXT_MAX] = "";
		struct desk_request rq = { .method = row->method,
			.target = row->target,
			.authorization = row->authorization };
		desk_ask(&d, &rq, &h);
		client_header(&h, "Server", server);
		/* "text/html" alone or with a charset behind */
		if (h.status != row->status ||
		    strncmp(h.content_type, row->content_type,
			strlen(row->content_type)) != 0 ||
		    strcmp(server, row->server) != 0)
			fail_msg("%s %s: %ld, \"%s\", by \"%s\"", row->method,
			    row->target, h.status, h.content_type, server);
		client_http_clear(&h);
	}
	desk_close(&d);
}

static void
an_enrolment_goes_from_value_to_value(void **state)
{
	struct world *w = *state;
	struct desk d;

	desk_open(&d, NULL);
	desk_ca(&d, &w->c);
	struct client_enrolment e = plain(&d, w);
	enrol(&d, w, &e, 0, "by POST");
	assert_non_null(strstr(d.log, "SUCCESS"));
	e.by_get = true;
	e.spelling = CLIENT_RAW;
	e.encoding = CLIENT_BER_PIECES;
	enrol(&d, w, &e, 0, "BER by GET, raw");
	e.csr.challenge = "wrong";
	enrol(&d, w, &e, 2, "wrong password");
	assert_non_null(strstr(d.log, "FAILURE"));
	desk_close(&d);
}

static void
head_has_the_length_of_the_body_that_get_brings(void **state)
{
	struct desk d;
	struct client_http get, head;
	char length[CLIENT_TEXT_MAX], again[CLIENT_TEXT_MAX];
	struct desk_request rq = { .target = DESK_PATH "?operation=GetCACert" };

	(void)state;
	desk_open(&d, NULL);
	desk_ask(&d, &rq, &get);
	rq.method = "HEAD";
	desk_ask(&d, &rq, &head);
	assert_true(client_header(&get, "Content-Length", length));
	assert_true(client_header(&head, "Content-Length", again));
	assert_string_equal(length, again);
	assert_int_equal(strtoul(length, NULL, 10), get.body.n);
	client_http_clear(&get);
	client_http_clear(&head);
	desk_close(&d);
}

/* ---- the clock ---- */

static void
a_password_is_good_for_an_hour(void **state)
{
	struct world *w = *state;
	struct desk d;
	char first[CLIENT_TEXT_MAX], second[CLIENT_TEXT_MAX];

	desk_open(&d, NULL);
	desk_ca(&d, &w->c);
	desk_password(&d, first);
	desk_password(&d, second);
	d.now_ms += 60 * MINUTE_MS - 1;
	struct client_enrolment e = plain(&d, w);
	e.csr.challenge = first;
	enrol(&d, w, &e, 0, "in its last millisecond");
	d.now_ms += 1 + 1;
	e.csr.challenge = second;
	enrol(&d, w, &e, 2, "after an hour");
	desk_close(&d);
}

static void
an_hour_makes_room_in_the_cache_of_five(void **state)
{
	struct desk d;
	char password[CLIENT_TEXT_MAX], page[8192];

	(void)state;
	desk_open(&d, NULL);
	for (int i = 0; i < 5; i++)
		desk_password(&d, password);
	desk_page(&d, page, sizeof(page));
	assert_non_null(strstr(page, "The password cache is full."));
	d.now_ms += 60 * MINUTE_MS + 1;
	desk_password(&d, password);
	desk_close(&d);
}

static void
a_certificate_renews_until_its_last_day(void **state)
{
	struct world *w = *state;
	struct desk d;
	struct client_certrep r;

	desk_open(&d, NULL);
	desk_ca(&d, &w->c);
	struct client_enrolment e = plain(&d, w);
	desk_enrol(&d, &w->c, &e, &r);
	assert_int_equal(r.status, 0);
	e.type = 17;
	e.signer = r.certificate;
	e.signer_key = w->key;
	e.csr.key = w->other;
	e.csr.challenge = NULL;
	d.now_ms += 364 * DAY_MS;
	enrol(&d, w, &e, 0, "a day before its end");
	d.now_ms += 2 * DAY_MS;
	enrol(&d, w, &e, 2, "a day after its end");
	e.type = 19;
	enrol(&d, w, &e, 2, "a day after its end, as PKCSReq");
	e.csr.challenge = DESK_SECRET;
	e.signer = NULL;
	e.csr.key = w->key;
	enrol(&d, w, &e, 0, "anew with a password");
	client_certrep_clear(&r);
	desk_close(&d);
}

/* ---- what is wrong with a deployment ---- */

struct cause_row {
	const char *scenario;
	int caps, cacert, browse, admin;
};

static const struct cause_row causes[] = {
	{ "healthy", 200, 200, 403, 200 },
	{ "caps-modern", 200, 200, 403, 200 },
	{ "uri-too-long", 200, 200, 403, 200 },
	{ "impersonation", 500, 500, 500, 500 },
	{ "ra-expired", 500, 500, 500, 500 },
	{ "pool-stopped", 503, 503, 503, 503 },
};

static void
causes_show_in_every_operation_they_reach(void **state)
{
	struct desk d;

	(void)state;
	for (size_t i = 0; i < nitems(causes); i++) {
		const struct cause_row *row = &causes[i];
		desk_open(&d, row->scenario);
		long caps = status_of(
		    &d, "GET", DESK_PATH "?operation=GetCACaps", NULL);
		long cacert = status_of(
		    &d, "GET", DESK_PATH "?operation=GetCACert", NULL);
		long browse = status_of(&d, "GET", DESK_PATH, NULL);
		long admin =
		    status_of(&d, "GET", "/certsrv/mscep_admin/", DESK_ADMIN);
		if (caps != row->caps || cacert != row->cacert ||
		    browse != row->browse || admin != row->admin)
			fail_msg("%s: GetCACaps %ld, GetCACert %ld, browsing "
				 "%ld, admin page %ld",
			    row->scenario, caps, cacert, browse, admin);
		desk_close(&d);
	}
}

static void
without_a_policy_module_browsing_shows_the_general_page(void **state)
{
	struct desk d;
	struct host host;

	(void)state;
	host_init(&host);
	host.policy_module.loaded = false;
	desk_open_host(&d, &host);
	assert_int_equal(status_of(&d, "GET", DESK_PATH, NULL), 200);
	desk_close(&d);
}

static void
without_enforce_password_no_challenge_is_needed(void **state)
{
	struct world *w = *state;
	struct desk d;
	struct host host;

	host_init(&host);
	host.registry.enforce_password = 0;
	desk_open_host(&d, &host);
	desk_ca(&d, &w->c);
	struct client_enrolment e = plain(&d, w);
	e.csr.challenge = NULL;
	enrol(&d, w, &e, 0, "EnforcePassword 0");
	desk_close(&d);
}

/* ---- broken messages ---- */

static bool
read_file(const char *path, struct client_bytes *out)
{
	char buffer[4096];
	size_t n;
	FILE *f = fopen(path, "rb");

	if (!f)
		return false;
	client_bytes_add(out, "", 0);
	while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0)
		client_bytes_add(out, buffer, n);
	fclose(f);
	return true;
}

/* A stock 500 page of the deployment, or a CertRep; never our own failure. */
static void
post_vector(struct desk *d, const char *name, const struct client_bytes *body)
{
	struct client_http h;
	char server[CLIENT_TEXT_MAX] = "";
	struct desk_request rq = {
		.method = "POST",
		.target = DESK_PATH "?operation=PKIOperation",
		.body = *body,
	};

	desk_ask(d, &rq, &h);
	client_header(&h, "Server", server);
	bool page = h.status == 500 && !strcmp(h.content_type, "text/html");
	bool certrep = h.status == 200 &&
	    !strcmp(h.content_type, "application/x-pki-message");
	if ((!page && !certrep) || strcmp(server, IIS) != 0)
		fail_msg("%s: %ld, \"%s\", by \"%s\": %s", name, h.status,
		    h.content_type, server, d->log);
	client_http_clear(&h);
}

static unsigned
post_folder(struct desk *d, const char *folder)
{
	unsigned n = 0;
	struct dirent *entry;
	DIR *dir = opendir(folder);

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct client_bytes body = { 0 };
		char path[512];
		snprintf(path, sizeof(path), "%s/%s/message.der", folder,
		    entry->d_name);
		if (entry->d_name[0] != '.' && read_file(path, &body)) {
			post_vector(d, entry->d_name, &body);
			n++;
		}
		client_bytes_clear(&body);
	}
	closedir(dir);
	return n;
}

static void
every_malformed_message_is_answered_as_ndes_would(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, NULL);
	assert_true(post_folder(&d, "tests/vectors/invalid") > 20);
	assert_true(post_folder(&d, "tests/vectors/valid") > 5);
	assert_int_equal(
	    status_of(&d, "GET", DESK_PATH "?operation=GetCACaps", NULL), 200);
	desk_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_is_answered_by_its_layer),
		cmocka_unit_test(an_enrolment_goes_from_value_to_value),
		cmocka_unit_test(
		    head_has_the_length_of_the_body_that_get_brings),
		cmocka_unit_test(a_password_is_good_for_an_hour),
		cmocka_unit_test(an_hour_makes_room_in_the_cache_of_five),
		cmocka_unit_test(a_certificate_renews_until_its_last_day),
		cmocka_unit_test(causes_show_in_every_operation_they_reach),
		cmocka_unit_test(
		    without_a_policy_module_browsing_shows_the_general_page),
		cmocka_unit_test(
		    without_enforce_password_no_challenge_is_needed),
		cmocka_unit_test(
		    every_malformed_message_is_answered_as_ndes_would),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
