/* SPDX-License-Identifier: MIT */
/* Private sites: what each has of its own, and that nothing of it is to be had elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "scenario/set.h"
#include "support/desk.h"

#define WAIT_S 60 /* longer than any machine takes */

struct world {
	struct client c;
	EVP_PKEY *key;
	struct desk d;
};

/* A session and its path. */
struct room {
	struct server_session s;
	char below[64];
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w || client_open(&w->c, NULL))
		return -1;
	*state = w;
	w->key = client_key(&w->c, 2048);
	desk_open(&w->d, NULL);
	desk_ca(&w->d, &w->c);
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	desk_close(&w->d);
	EVP_PKEY_free(w->key);
	client_close(&w->c);
	free(w);
	return 0;
}

static struct room
make(struct world *w, const char *yaml, const struct server_session_options *o)
{
	struct server_session_options all =
	    o ? *o : (struct server_session_options){ .ttl_ms = 0 };
	struct scenario_report report;
	struct scenario *s;
	struct err e = { 0 };
	struct room room;

	scenario_report_init(&report);
	if (yaml) {
		s = scenario_load("test", bytes_str(yaml), &report, &e);
		if (!s)
			fail_msg("%s%s", buf_str(&report.lines), e.text);
		all.scenarios = scenario_set_new(&e);
		assert_int_equal(
		    scenario_set_add(all.scenarios, s, NULL, &e), 0);
		scenario_free(s);
	}
	if (server_session_new(w->d.server, &all, &room.s, &e))
		fail_msg("%s", e.text);
	scenario_set_unref(all.scenarios);
	scenario_report_clear(&report);
	snprintf(room.below, sizeof(room.below), "/s/%s", room.s.id);
	return room;
}

/* An enrolment below a room (NULL: the default site). The CertRep, to be cleared. */
static void
enrol(struct world *w, const struct room *room, const char *password,
    const char *transaction, struct client_certrep *out)
{
	struct client_enrolment e = {
		.ca = &w->d.ca,
		.csr = { .key = w->key,
		    .subject = "/CN=client",
		    .challenge = password },
		.transaction = transaction,
	};

	w->d.below = room ? room->below : NULL;
	desk_enrol(&w->d, &w->c, &e, out);
	w->d.below = NULL;
}

static int
status_of_enrolment(
    struct world *w, const struct room *room, const char *password)
{
	struct client_certrep r = { 0 };
	int status;

	enrol(w, room, password, NULL, &r);
	status = r.status;
	client_certrep_clear(&r);
	return status;
}

static long
ask(struct world *w, const char *below, const char *target, char body[512])
{
	struct client_http h;
	struct desk_request rq = { .target = target };
	long status;

	w->d.below = below;
	desk_ask(&w->d, &rq, &h);
	w->d.below = NULL;
	status = h.status;
	snprintf(body, 512, "%.*s", (int)(h.body.n > 500 ? 500 : h.body.n),
	    (const char *)h.body.p);
	client_http_clear(&h);
	return status;
}

#define CAPS DESK_PATH "?operation=GetCACaps"

/* ---- tests ---- */

static void
a_session_enrols_with_its_own_password_once(void **state)
{
	struct world *w = *state;
	struct room room = make(w, NULL, NULL);

	assert_int_equal(strlen(room.s.id), 12);
	assert_int_equal(status_of_enrolment(w, &room, room.s.challenge), 0);
	assert_int_equal(status_of_enrolment(w, &room, room.s.challenge), 2);
}

static void
passwords_of_one_site_are_nothing_to_another(void **state)
{
	struct world *w = *state;
	struct server_session_options o = { .challenge = "Of-this-one" };
	struct room a = make(w, NULL, NULL), b = make(w, NULL, &o);

	assert_string_equal(b.s.challenge, "Of-this-one");
	assert_int_equal(status_of_enrolment(w, &b, a.s.challenge), 2);
	assert_int_equal(status_of_enrolment(w, NULL, a.s.challenge), 2);
	assert_int_equal(status_of_enrolment(w, &a, DESK_SECRET), 2);
	assert_int_equal(status_of_enrolment(w, &a, "Of-this-one"), 2);
	assert_int_equal(status_of_enrolment(w, NULL, "Of-this-one"), 2);
	/* and what was tried elsewhere is still good at home */
	assert_int_equal(status_of_enrolment(w, &a, a.s.challenge), 0);
	assert_int_equal(status_of_enrolment(w, &b, "Of-this-one"), 0);
	assert_int_equal(status_of_enrolment(w, &b, "Of-this-one"), 0);
}

static const char ONCE_AWAY[] =
    "mockndes: 1\nname: away\nrules:\n  - id: away\n    times: 1\n"
    "    then: { reply: { status: 504 } }\n";

static void
each_session_counts_for_its_own_rules(void **state)
{
	struct world *w = *state;
	struct room a = make(w, ONCE_AWAY, NULL), b = make(w, ONCE_AWAY, NULL);
	char body[512];

	assert_int_equal(ask(w, a.below, CAPS, body), 504);
	assert_int_equal(ask(w, a.below, CAPS, body), 200);
	assert_int_equal(ask(w, b.below, CAPS, body), 504);
	assert_int_equal(ask(w, NULL, CAPS, body), 200);
	assert_int_equal(ask(w, b.below, CAPS, body), 200);
}

static void
edits_of_a_session_stay_in_it(void **state)
{
	struct world *w = *state;
	struct room a = make(w,
			"mockndes: 1\nname: stopped\n"
			"host: { app_pool: { state: stopped } }\n",
			NULL),
		    b = make(w, NULL, NULL);
	char body[512];

	assert_int_equal(ask(w, a.below, CAPS, body), 503);
	assert_int_equal(ask(w, b.below, CAPS, body), 200);
	assert_int_equal(ask(w, NULL, CAPS, body), 200);
}

static bool
url_in(X509 *x, const char *wanted)
{
	int at = X509_get_ext_by_NID(x, NID_crl_distribution_points, -1);
	ASN1_OCTET_STRING *v =
	    at < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(x, at));

	return v &&
	    memmem(v->data, (size_t)v->length, wanted, strlen(wanted)) != NULL;
}

/* The last octets of a serial are the request's number with its CA. */
static unsigned
number_of(X509 *x)
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(x);

	return n->data[n->length - 1];
}

static void
two_sessions_do_not_meet_in_serials_and_transactions(void **state)
{
	struct world *w = *state;
	struct server_session_options o = { .challenge = "Same-one" };
	struct room room[2] = { make(w, NULL, &o), make(w, NULL, &o) };
	struct client_certrep r[2] = { { 0 }, { 0 } };

	for (int i = 0; i < 2; i++) {
		enrol(w, &room[i], "Same-one", "one-transaction", &r[i]);
		assert_int_equal(r[i].status, 0);
		/* each is the first of its CA, and told apart all the same */
		assert_int_equal(number_of(r[i].certificate), 1);
		assert_true(url_in(r[i].certificate, room[i].below));
		assert_false(url_in(r[i].certificate, room[1 - i].below));
	}
	assert_int_not_equal(
	    ASN1_INTEGER_cmp(X509_get0_serialNumber(r[0].certificate),
		X509_get0_serialNumber(r[1].certificate)),
	    0);
	client_certrep_clear(&r[0]);
	client_certrep_clear(&r[1]);
}

static int
renew(struct world *w, const struct room *room, X509 *old, EVP_PKEY *key)
{
	EVP_PKEY *fresh = client_key(&w->c, 2048);
	struct client_enrolment e = {
		.ca = &w->d.ca,
		.csr = { .key = fresh, .subject = "/CN=client" },
		.signer = old,
		.signer_key = key,
		.type = 17,
	};
	struct client_certrep r = { 0 };
	int status;

	w->d.below = room->below;
	desk_enrol(&w->d, &w->c, &e, &r);
	w->d.below = NULL;
	status = r.status;
	client_certrep_clear(&r);
	EVP_PKEY_free(fresh);
	return status;
}

static void
a_certificate_renews_only_where_it_was_issued(void **state)
{
	struct world *w = *state;
	struct room a = make(w, NULL, NULL), b = make(w, NULL, NULL);
	struct client_certrep r = { 0 };

	enrol(w, &a, a.s.challenge, NULL, &r);
	assert_int_equal(r.status, 0);
	assert_int_equal(renew(w, &b, r.certificate, w->key), 2);
	assert_int_equal(renew(w, &a, r.certificate, w->key), 0);
	client_certrep_clear(&r);
}

/* How many certificates are on the CRL below a room (NULL: of the default site). */
static int
revoked_on(struct world *w, const struct room *room)
{
	struct client_http h;
	struct desk_request rq = { .target =
				       "/CertEnroll/mockndes-Issuing-CA.crl" };
	const unsigned char *p;
	int n;

	w->d.below = room ? room->below : NULL;
	desk_ask(&w->d, &rq, &h);
	w->d.below = NULL;
	assert_int_equal(h.status, 200);
	p = h.body.p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)h.body.n);
	assert_non_null(crl);
	n = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));
	X509_CRL_free(crl);
	client_http_clear(&h);
	return n < 0 ? 0 : n;
}

static void
a_revocation_is_on_the_crl_of_its_site_alone(void **state)
{
	struct world *w = *state;
	struct room a = make(w, NULL, NULL), b = make(w, NULL, NULL);
	struct client_certrep r = { 0 };
	struct err e = { 0 };
	char name[64];
	bool found;

	enrol(w, &a, a.s.challenge, NULL, &r);
	assert_int_equal(r.status, 0);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(r.certificate);
	snprintf(name, sizeof(name), "s/%s", a.s.id);
	struct site *site = server_site(w->d.server, name, &e);
	struct site_snapshot *now = site_acquire(site);
	assert_int_equal(store_cert_revoke(now->holdings->store,
			     bytes_of(serial->data, (size_t)serial->length),
			     env_now(&w->d.env), 1, &found, &e),
	    0);
	assert_true(found);
	site_release(now);
	site_unref(site);
	assert_int_equal(revoked_on(w, &a), 1);
	assert_int_equal(revoked_on(w, &b), 0);
	assert_int_equal(revoked_on(w, NULL), 0);
	assert_int_equal(renew(w, &a, r.certificate, w->key), 2);
	client_certrep_clear(&r);
}

static void
an_ended_session_answers_404_with_a_sentence(void **state)
{
	struct world *w = *state;
	struct room room = make(w, NULL, NULL);
	char body[512];

	assert_int_equal(ask(w, room.below, CAPS, body), 200);
	assert_true(server_session_end(w->d.server, bytes_str(room.s.id)));
	assert_false(server_session_end(w->d.server, bytes_str(room.s.id)));
	assert_int_equal(ask(w, room.below, CAPS, body), 404);
	assert_non_null(strstr(body, "there is no session of this id"));
	assert_int_equal(ask(w, "/s", "/", body), 404);
	assert_int_equal(ask(w, NULL, CAPS, body), 200);
}

static void
the_case_of_an_id_does_not_matter(void **state)
{
	struct world *w = *state;
	struct room room = make(w, NULL, NULL);
	char body[512];

	for (char *p = room.below; *p; p++)
		*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
	assert_int_equal(ask(w, room.below, CAPS, body), 200);
}

static void
an_idle_session_ends_by_itself_and_a_used_one_does_not(void **state)
{
	struct world *w = *state;
	struct server_session_options soon = { .ttl_ms = 50 };
	struct room idle = make(w, NULL, &soon), used = make(w, NULL, NULL);
	struct server_session s;
	char body[512];
	time_t end = time(NULL) + WAIT_S;

	while (server_session_get(w->d.server, bytes_str(idle.s.id), &s) &&
	    time(NULL) < end)
		usleep(10000);
	assert_int_equal(ask(w, idle.below, CAPS, body), 404);
	assert_int_equal(ask(w, used.below, CAPS, body), 200);
	assert_int_equal(server_session_count(w->d.server), 1);
}

static void
a_thousand_sessions_work_at_once(void **state)
{
	struct world *w = *state;
	struct room *rooms = calloc(1000, sizeof(*rooms));
	struct server_session *list;
	struct err e = { 0 };
	char body[512];
	size_t n;

	assert_non_null(rooms);
	for (int i = 0; i < 1000; i++)
		rooms[i] = make(w, i % 2 ? ONCE_AWAY : NULL, NULL);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(
		    ask(w, rooms[i].below, CAPS, body), i % 2 ? 504 : 200);
	for (int i = 0; i < 1000; i += 250)
		assert_int_equal(
		    status_of_enrolment(w, &rooms[i], rooms[i].s.challenge), 0);
	assert_int_equal(server_sessions(w->d.server, &list, &n, &e), 0);
	assert_int_equal(n, 1000);
	assert_string_equal(list[0].id, rooms[0].s.id);
	assert_string_equal(list[999].id, rooms[999].s.id);
	free(list);
	for (int i = 0; i < 1000; i++)
		assert_true(
		    server_session_end(w->d.server, bytes_str(rooms[i].s.id)));
	assert_int_equal(server_session_count(w->d.server), 0);
	free(rooms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(a_session_enrols_with_its_own_password_once),
		T(passwords_of_one_site_are_nothing_to_another),
		T(each_session_counts_for_its_own_rules),
		T(edits_of_a_session_stay_in_it),
		T(two_sessions_do_not_meet_in_serials_and_transactions),
		T(a_certificate_renews_only_where_it_was_issued),
		T(a_revocation_is_on_the_crl_of_its_site_alone),
		T(an_ended_session_answers_404_with_a_sentence),
		T(the_case_of_an_id_does_not_matter),
		T(an_idle_session_ends_by_itself_and_a_used_one_does_not),
		T(a_thousand_sessions_work_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
