/* SPDX-License-Identifier: MIT */
/*
 * Windows authentication of mscep_admin over a connection: exchanges that real
 * clients had with this server are played again, at their time and with their
 * challenge, so that each reply and each log line can be told exactly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "ndes_auth_vectors.h"
#include "support/ndes_room.h"

#define INVALID_TOKEN 0x80090308
#define LOGON_DENIED 0x8009030c
#define GO_ON 0x8009030e

#define HEADER_MAX 1024

/* A conversation: what the client sends, and when and with what the server challenged it. */
struct talk {
	const char *scheme, *first, *challenge, *third;
	uint8_t random[8];
	int64_t at_ms;
};

static const struct talk curl = { "NTLM", curl_negotiate, curl_challenge,
	curl_authenticate, { 0x0a, 0x1c, 0xe3, 0x28, 0x4b, 0x85, 0xfc, 0x36 },
	INT64_C(1795386762515) };
static const struct talk bare = { "Negotiate", curl_negotiate, curl_challenge,
	curl_authenticate, { 0x0a, 0x1c, 0xe3, 0x28, 0x4b, 0x85, 0xfc, 0x36 },
	INT64_C(1795386762515) };
static const struct talk gss = { "Negotiate", spnego_negotiate,
	spnego_challenge, spnego_authenticate,
	{ 0xa4, 0xc8, 0xa2, 0x83, 0x17, 0x5f, 0xae, 0x6a },
	INT64_C(1795386564979) };
static const struct talk *const talks[] = { &curl, &bare, &gss };

struct desk {
	struct room r;
	const struct talk *talk;
	struct http_connection c;
	struct ndes_exchange x;
	char header[HEADER_MAX];
};

static int64_t
talk_time(void *ctx)
{
	return ((struct desk *)ctx)->talk->at_ms;
}

static int
talk_random(void *ctx, uint8_t *p, size_t n)
{
	assert_int_equal(n, 8);
	memcpy(p, ((struct desk *)ctx)->talk->random, n);
	return 0;
}

static void
desk_open(struct desk *d, const struct talk *talk)
{
	memset(d, 0, sizeof(*d));
	room_open(&d->r, false);
	d->talk = talk;
	d->r.env = (struct env){ talk_time, talk_random, d };
	d->r.dep.hostname = "localhost";
	d->r.dep.admin_password = "ndes";
}

static void
hang_up(struct desk *d)
{
	if (d->c.state_free != NULL)
		d->c.state_free(d->c.state);
	d->c = (struct http_connection){ NULL, NULL };
}

static void
desk_close(struct desk *d)
{
	ndes_exchange_clear(&d->x);
	hang_up(d);
	room_close(&d->r);
}

/* One request on a connection, as far as IIS takes it. NULL token: no Authorization. */
static struct ndes_exchange *
ask_on(struct desk *d, struct http_connection *c, const char *scheme,
    const char *token)
{
	struct room_request rq = { .target = "/certsrv/mscep_admin" };

	if (token != NULL) {
		snprintf(d->header, sizeof(d->header), "Authorization: %s %s",
		    scheme, token);
		rq.headers[0] = d->header;
	}
	ndes_exchange_clear(&d->x);
	room_receive(&d->r, &d->x, &rq);
	d->x.rq.connection = c;
	ndes_route(&d->x);
	ndes_iis(&d->x);
	return &d->x;
}

static struct ndes_exchange *
ask(struct desk *d, const char *scheme, const char *token)
{
	return ask_on(d, &d->c, scheme, token);
}

static void
assert_refused(const struct ndes_exchange *x, int substatus, uint32_t win32)
{
	assert_int_equal(x->reply.status, 401);
	assert_int_equal(x->evidence.status, 401);
	assert_int_equal(x->evidence.substatus, substatus);
	assert_int_equal(x->evidence.win32, win32);
	assert_null(x->evidence.username);
	assert_int_equal(x->reply.body.n, 1293);
	assert_false(x->reply.close);
	assert_null(x->auth_token);
}

/* Let through: the application's redirect answers. */
static void
assert_in(const struct ndes_exchange *x, const char *user)
{
	assert_int_equal(x->reply.status, 301);
	assert_int_equal(x->evidence.substatus, 0);
	assert_int_equal(x->evidence.win32, 0);
	assert_string_equal(x->evidence.username, user);
	assert_string_equal(room_header(x, "Persistent-Auth"), "true");
}

static void
assert_challenged(const struct desk *d)
{
	char want[HEADER_MAX];

	assert_refused(&d->x, 1, GO_ON);
	snprintf(
	    want, sizeof(want), "%s %s", d->talk->scheme, d->talk->challenge);
	assert_string_equal(room_header(&d->x, "WWW-Authenticate"), want);
}

static void
log_on(struct desk *d)
{
	ask(d, d->talk->scheme, d->talk->first);
	assert_challenged(d);
	assert_in(ask(d, d->talk->scheme, d->talk->third), "CORP\\ndes");
}

static void
lets_real_clients_in_after_two_legs(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(talks); i++) {
		struct desk d;

		desk_open(&d, talks[i]);
		log_on(&d);
		if (talks[i] == &gss)
			assert_string_equal(
			    room_header(&d.x, "WWW-Authenticate"),
			    "Negotiate "
			    "oRswGaADCgEAoxIEEAEAAACqR7cbkOrvxwAAAAA=");
		else
			assert_null(room_header(&d.x, "WWW-Authenticate"));
		desk_close(&d);
	}
}

static void
asks_a_connection_only_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(talks); i++) {
		struct desk d;

		desk_open(&d, talks[i]);
		log_on(&d);
		assert_in(ask(&d, NULL, NULL), "CORP\\ndes");
		assert_in(ask(&d, NULL, NULL), "CORP\\ndes");
		/* and again when the client begins anew */
		log_on(&d);
		hang_up(&d);
		assert_refused(ask(&d, NULL, NULL), 2, 5);
		desk_close(&d);
	}
}

static void
tells_connections_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(talks); i++) {
		struct http_connection other = { NULL, NULL };
		const struct talk *t = talks[i];
		struct desk d;

		desk_open(&d, t);
		ask(&d, t->scheme, t->first);
		assert_challenged(&d);
		assert_refused(
		    ask_on(&d, &other, t->scheme, t->third), 1, INVALID_TOKEN);
		assert_null(other.state);
		assert_in(ask(&d, t->scheme, t->third), "CORP\\ndes");
		assert_refused(ask_on(&d, &other, NULL, NULL), 2, 5);
		assert_refused(
		    ask_on(&d, NULL, t->scheme, t->first), 1, INVALID_TOKEN);
		desk_close(&d);
	}
}

static void
tells_simulated_hosts_on_a_connection_apart(void **state)
{
	struct room_request rq = { .target = "/certsrv/mscep_admin" };
	struct desk d;

	(void)state;
	desk_open(&d, &curl);
	log_on(&d);
	ndes_exchange_clear(&d.x);
	room_receive(&d.r, &d.x, &rq);
	d.x.rq.connection = &d.c;
	d.x.url_prefix = "/x/other";
	ndes_route(&d.x);
	ndes_iis(&d.x);
	assert_refused(&d.x, 2, 5);
	assert_in(ask(&d, NULL, NULL), "CORP\\ndes");
	desk_close(&d);
}

static void
takes_no_answer_twice_and_none_unasked(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(talks); i++) {
		const struct talk *t = talks[i];
		struct desk d;

		desk_open(&d, t);
		assert_refused(ask(&d, t->scheme, t->third), 1, INVALID_TOKEN);
		log_on(&d);
		assert_refused(ask(&d, t->scheme, t->third), 1, INVALID_TOKEN);
		assert_refused(ask(&d, NULL, NULL), 2, 5);
		desk_close(&d);
	}
}

static void
refuses_a_wrong_password_user_or_locked_account(void **state)
{
	static const struct {
		const char *user, *password, *locked;
	} rows[] = {
		{ "ndes", "ndes2", "false" },
		{ "ndes", "", "false" },
		{ "ndes2", "ndes", "false" },
		{ "ndes", "ndes", "true" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(talks) * nitems(rows); i++) {
		const struct talk *t = talks[i % nitems(talks)];
		size_t row = i / nitems(talks);
		struct desk d;

		desk_open(&d, t);
		d.r.dep.admin_user = rows[row].user;
		d.r.dep.admin_password = rows[row].password;
		room_set(&d.r, "account.admin_locked", rows[row].locked);
		ask(&d, t->scheme, t->first);
		assert_challenged(&d);
		assert_refused(ask(&d, t->scheme, t->third), 1, LOGON_DENIED);
		assert_string_equal(
		    room_header(&d.x, "WWW-Authenticate"), "Negotiate");
		assert_null(d.c.state);
		desk_close(&d);
	}
}

static void
forgets_who_is_locked_out_meanwhile(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &curl);
	log_on(&d);
	room_set(&d.r, "account.admin_locked", "true");
	assert_refused(ask(&d, NULL, NULL), 2, 5);
	room_set(&d.r, "account.admin_locked", "false");
	room_set(&d.r, "iis.authentication.ntlm", "false");
	assert_refused(ask(&d, NULL, NULL), 2, 5);
	desk_close(&d);
}

static void
refuses_tokens_that_are_none(void **state)
{
	static const char *const rows[] = { "", "!", "TlRMTVNTUAA=", "AAAA",
		"TlRMTVNTUAACAAAAAAAAAAAAAAAAAAAAAAA=", "oQA=", "YAA=",
		"oQQwAqAA", "TlRMTVNTUAAB", "YEgGBisGAQUFAg==" };

	(void)state;
	for (size_t i = 0; i < nitems(rows) * nitems(talks); i++) {
		const struct talk *t = talks[i % nitems(talks)];
		const char *token = rows[i / nitems(talks)];
		struct desk d;

		desk_open(&d, t);
		assert_refused(ask(&d, t->scheme, token), 1, INVALID_TOKEN);
		ask(&d, t->scheme, t->first);
		assert_refused(ask(&d, t->scheme, token), 1, INVALID_TOKEN);
		assert_refused(ask(&d, t->scheme, t->third), 1, INVALID_TOKEN);
		desk_close(&d);
	}
}

/* "Negotiate" offers Kerberos first, with a ticket; NTLM second. */
static void
asks_for_ntlm_where_kerberos_is_preferred(void **state)
{
	static const char first[] =
	    "YDcGBisGAQUFAqAtMCugGTAXBgkqhkiG9xIBAgIGCisGAQQBgjcCAgqiDgQM"
	    "QSBLZXJiZXJvcy4u";
	struct desk d;

	(void)state;
	desk_open(&d, &gss);
	assert_refused(ask(&d, "Negotiate", first), 1, GO_ON);
	/* request-mic, supportedMech NTLM */
	assert_string_equal(room_header(&d.x, "WWW-Authenticate"),
	    "Negotiate oRUwE6ADCgEDoQwGCisGAQQBgjcCAgo=");
	/* without the MIC that was demanded */
	ask(&d, "Negotiate", spnego_challenge);
	assert_refused(&d.x, 1, INVALID_TOKEN);
	desk_close(&d);
}

static void
refuses_a_client_that_has_only_kerberos(void **state)
{
	static const char first[] =
	    "YB8GBisGAQUFAqAVMBOgDTALBgkqhkiG9xIBAgKiAgQA";
	struct desk d;

	(void)state;
	desk_open(&d, &gss);
	assert_refused(ask(&d, "Negotiate", first), 1, LOGON_DENIED);
	assert_null(d.c.state);
	desk_close(&d);
}

static void
offers_what_is_switched_on(void **state)
{
	static const struct {
		const char *negotiate, *ntlm, *basic, *offers;
	} rows[] = {
		{ "true", "true", "true",
		    "Negotiate|NTLM|Basic realm=\"localhost\"|" },
		{ "true", "true", "false", "Negotiate|NTLM|" },
		{ "false", "true", "true", "NTLM|Basic realm=\"localhost\"|" },
		{ "true", "false", "true",
		    "Negotiate|Basic realm=\"localhost\"|" },
		{ "false", "false", "true", "Basic realm=\"localhost\"|" },
		{ "false", "true", "false", "NTLM|" },
		{ "false", "false", "false", "" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char got[256] = "";
		struct desk d;

		desk_open(&d, &curl);
		room_set(
		    &d.r, "iis.authentication.negotiate", rows[i].negotiate);
		room_set(&d.r, "iis.authentication.ntlm", rows[i].ntlm);
		room_set(&d.r, "iis.authentication.basic", rows[i].basic);
		assert_refused(ask(&d, NULL, NULL), 2, 5);
		for (size_t h = 0; h < d.x.reply.header_count; h++) {
			const struct http_header *at = &d.x.reply.headers[h];

			if (!bytes_eq(at->name, BYTES_LIT("WWW-Authenticate")))
				continue;
			strncat(got, (const char *)at->value.p, at->value.n);
			strcat(got, "|");
		}
		assert_string_equal(got, rows[i].offers);
		/* a scheme that is off is as none */
		ask(&d, "NTLM", curl_negotiate);
		assert_refused(&d.x, rows[i].ntlm[0] == 't' ? 1 : 2,
		    rows[i].ntlm[0] == 't' ? GO_ON : 5);
		desk_close(&d);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_real_clients_in_after_two_legs),
		cmocka_unit_test(asks_a_connection_only_once),
		cmocka_unit_test(tells_connections_apart),
		cmocka_unit_test(tells_simulated_hosts_on_a_connection_apart),
		cmocka_unit_test(takes_no_answer_twice_and_none_unasked),
		cmocka_unit_test(
		    refuses_a_wrong_password_user_or_locked_account),
		cmocka_unit_test(forgets_who_is_locked_out_meanwhile),
		cmocka_unit_test(refuses_tokens_that_are_none),
		cmocka_unit_test(asks_for_ntlm_where_kerberos_is_preferred),
		cmocka_unit_test(refuses_a_client_that_has_only_kerberos),
		cmocka_unit_test(offers_what_is_switched_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
