/* SPDX-License-Identifier: MIT */
/*
 * Enrolments, switches, rules, clocks, sessions and resets at once, on one
 * server. What each answer is is not judged here but that there is one, that
 * no thread waits for ever, and (V=tsan, V=san) that memory is used well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "scenario/set.h"
#include "support/desk.h"

#define ROUNDS 30 /* of each changer */

struct yard {
	struct desk d;
	struct client_ca ca;
	atomic_uint changing; /* changers that are not done */
	atomic_uint answered, failures;
	atomic_uint unsound; /* CertReps */
};

static void
check(struct yard *y, int rc, const struct err *e, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, e->text);
	atomic_fetch_add(&y->failures, 1);
}

/* ---- asking ---- */

/* A message or a GET below a site; server_receive() by hand, for cmocka's failures are for one thread. */
static void
ask(struct yard *y, struct client *c, EVP_PKEY *key, const char *below,
    const char *challenge)
{
	struct client_enrolment e = {
		.ca = &y->ca,
		.csr = { .key = key,
		    .subject = "/CN=race",
		    .challenge = challenge },
	};
	struct client_prepared p;
	struct client_http h;
	struct client_certrep r = { 0 };
	char target[256];

	snprintf(target, sizeof(target), "%s" DESK_PATH "?operation=%s", below,
	    challenge ? "PKIOperation" : "GetCACaps");
	struct desk_request rq = { .target = target };
	if (challenge) {
		if (client_prepare(c, &e, &p)) {
			atomic_fetch_add(&y->failures, 1);
			return;
		}
		rq.body = p.der;
	}
	desk_ask(&y->d, &rq, &h);
	atomic_fetch_add(&y->answered, 1);
	if (challenge && h.status == 200) {
		struct client_expect x = {
			.message = &p.message, .ca = &y->ca, .csr_key = key
		};
		if (client_certrep_read(c, &x, &h.body, &r))
			atomic_fetch_add(&y->unsound, 1);
		client_certrep_clear(&r);
	}
	client_http_clear(&h);
	if (challenge)
		client_prepared_clear(&p);
}

static void *
client_of_the_default_site(void *arg)
{
	struct yard *y = arg;
	struct client c;
	EVP_PKEY *key;

	if (client_open(&c, NULL)) {
		atomic_fetch_add(&y->failures, 1);
		return NULL;
	}
	key = client_key(&c, 2048);
	while (atomic_load(&y->changing) > 0) {
		ask(y, &c, key, "", NULL);
		ask(y, &c, key, "", DESK_SECRET);
		ask(y, &c, key, "/x/caps-modern", NULL);
		ask(y, &c, key, "/s/nothinghere2", NULL);
	}
	EVP_PKEY_free(key);
	client_close(&c);
	return NULL;
}

/* ---- changing ---- */

static struct scenario_set *
read_set(struct yard *y, const char *text)
{
	struct scenario_report report;
	struct err e = { 0 };
	struct scenario_set *set = scenario_set_new(&e);
	struct scenario *s;

	scenario_report_init(&report);
	s = scenario_load("race", bytes_str(text), &report, &e);
	if (!s || !set || scenario_set_add(set, s, NULL, &e))
		check(y, -1, &e, "scenario");
	scenario_free(s);
	scenario_report_clear(&report);
	return set;
}

static void *
maker_of_sessions(void *arg)
{
	struct yard *y = arg;
	struct server *server = y->d.server;
	struct scenario_set *set = read_set(y,
	    "mockndes: 1\nname: mine\nrules:\n  - id: a\n    chance: 30%\n"
	    "    then: { reply: { status: 504 } }\n");
	struct client c;
	EVP_PKEY *key;

	if (client_open(&c, NULL))
		abort();
	key = client_key(&c, 2048);
	for (int i = 0; i < ROUNDS; i++) {
		struct server_session_options o = { .scenarios = set,
			.ttl_ms = i % 3 ? 0 : 1 };
		struct server_session s, *list;
		char below[64];
		size_t n;
		struct err e = { 0 };

		check(y, server_session_new(server, &o, &s, &e), &e, "session");
		snprintf(below, sizeof(below), "/s/%s", s.id);
		ask(y, &c, key, below, s.challenge);
		ask(y, &c, key, below, NULL);
		check(y, server_sessions(server, &list, &n, &e), &e, "list");
		free(list);
		if (i % 2)
			(void)server_session_end(server, bytes_str(s.id));
	}
	scenario_set_unref(set);
	EVP_PKEY_free(key);
	client_close(&c);
	atomic_fetch_sub(&y->changing, 1);
	return NULL;
}

static void *
switcher(void *arg)
{
	struct yard *y = arg;
	struct err e = { 0 };
	struct site *site = server_site(y->d.server, "", &e);
	struct scenario_set *set[2] = {
		read_set(y,
		    "mockndes: 1\nname: one\nhost: { ra: { signing: expired } }\n"
		    "rules:\n  - id: a\n    per: client\n    every: 3\n"
		    "    then: { reply: { status: 504 } }\n"),
		read_set(y,
		    "mockndes: 1\nname: two\nhost: { clock: { offset: 1h } }\n"),
	};

	for (int i = 0; i < ROUNDS; i++) {
		const struct site_clock clock = { i % 2,
			i % 2 ? env_now_ms(&y->d.env) : 3600000 };

		check(y,
		    site_use_scenarios(site, set[i % 2], i % 3 ? 0 : 2, &e), &e,
		    "switch");
		check(y, site_set_clock(site, &clock, i % 3 ? 0 : 2, &e), &e,
		    "clock");
		check(
		    y, site_restart(site, SITE_RESTART_IIS, &e), &e, "restart");
	}
	check(y, site_use_scenarios(site, NULL, 0, &e), &e, "back");
	site_unref(site);
	scenario_set_unref(set[0]);
	scenario_set_unref(set[1]);
	atomic_fetch_sub(&y->changing, 1);
	return NULL;
}

static void *
editor_of_rules(void *arg)
{
	struct yard *y = arg;
	struct err e = { 0 };
	struct site *site = server_site(y->d.server, "", &e);
	struct scenario_report report;
	struct rules *rules;
	unsigned refused = 0;

	scenario_report_init(&report);
	rules = scenario_load_rules("race",
	    BYTES_LIT(
		"- id: edited\n  chance: 10%\n  then: { drip: { bytes: 1, every: 1ms } }\n"),
	    NULL, &report, &e);
	check(y, rules ? 0 : -1, &e, buf_str(&report.lines));
	for (int i = 0; i < ROUNDS && rules; i++) {
		/* what a switch or a reset took away meanwhile is not there */
		refused += site_rules_add(
			       site, rules, NULL, i % 3 ? 0 : 1, NULL) == -1;
		refused += site_rules_enable(site, "edited", i % 2 == 0,
			       i % 4 ? 0 : 1, NULL) == -1;
		refused +=
		    site_rules_replace(site, "edited", rules, 0, NULL) == -1;
		refused += site_rules_remove(site, "edited", 0, NULL) == -1;
	}
	check(y, refused < 4 * ROUNDS ? 0 : -1, &e, "no edit was taken");
	rules_unref(rules);
	scenario_report_clear(&report);
	site_unref(site);
	atomic_fetch_sub(&y->changing, 1);
	return NULL;
}

static void *
resetter(void *arg)
{
	struct yard *y = arg;
	struct err e = { 0 };
	struct site *site = server_site(y->d.server, "", &e);

	for (int i = 0; i < ROUNDS; i++) {
		unsigned parts =
		    i % 2 ? SERVER_ALL : SITE_ALL | SERVER_CATALOGUE;

		check(
		    y, server_reset(y->d.server, site, parts, &e), &e, "reset");
	}
	site_unref(site);
	atomic_fetch_sub(&y->changing, 1);
	return NULL;
}

static void
all_at_once_is_answered_and_ends(void **state)
{
	static void *(*const changers[])(void *) = { maker_of_sessions,
		maker_of_sessions, switcher, editor_of_rules, resetter };
	struct yard *y = calloc(1, sizeof(*y));
	pthread_t clients[3], changing[nitems(changers)];
	struct client c;

	(void)state;
	assert_non_null(y);
	assert_int_equal(client_open(&c, NULL), 0);
	desk_open(&y->d, NULL);
	desk_ca(&y->d, &c);
	y->ca = y->d.ca;
	atomic_store(&y->changing, nitems(changers));
	for (size_t i = 0; i < nitems(clients); i++)
		assert_int_equal(pthread_create(&clients[i], NULL,
				     client_of_the_default_site, y),
		    0);
	for (size_t i = 0; i < nitems(changers); i++)
		assert_int_equal(
		    pthread_create(&changing[i], NULL, changers[i], y), 0);
	for (size_t i = 0; i < nitems(changers); i++)
		pthread_join(changing[i], NULL);
	for (size_t i = 0; i < nitems(clients); i++)
		pthread_join(clients[i], NULL);
	assert_int_equal(atomic_load(&y->failures), 0);
	assert_int_equal(atomic_load(&y->unsound), 0);
	assert_true(atomic_load(&y->answered) > 0);
	desk_close(&y->d);
	client_close(&c);
	free(y);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_at_once_is_answered_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
