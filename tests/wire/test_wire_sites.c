/* SPDX-License-Identifier: MIT */
/* Sites over sockets: switches under load, listeners that follow them, a thousand sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/control.h"

#define CLIENTS 8
#define SWITCHES 40

static const char *const with_control[] = { "control-port", "0", NULL };
static const char *const with_https[] = { "control-port", "0", "https-port",
	"0", NULL };

/* ---- a switch under load ---- */

/* In each all that an answer shows hangs together: model, rule, the CA's word. */
static const char *const both[2] = {
	"mockndes: 1\nname: one\nhost: { caps: { tokens: [ONE] } }\n"
	"rules:\n  - { id: r, then: { headers: { X-From: one } } }\n",
	"mockndes: 1\nname: two\n"
	"host: { caps: { tokens: [TWO] }, ca: { running: false } }\n"
	"rules:\n  - { id: r, then: { headers: { X-From: two } } }\n",
};

struct load {
	struct served *s;
	EVP_PKEY *key;
	atomic_bool stop;
	atomic_uint mixtures, failures;
	atomic_uint seen[2]; /* answers of each */
};

/* Which of the two a header says; -1: neither. */
static int
from(const struct client_http *h)
{
	char value[CLIENT_TEXT_MAX];

	if (!client_header(h, "X-From", value))
		return -1;
	return strcmp(value, "one") == 0 ? 0
	    : strcmp(value, "two") == 0  ? 1
					 : -1;
}

static void
count(struct load *l, int header, int content, const char *what)
{
	if (header >= 0 && header == content) {
		atomic_fetch_add(&l->seen[header], 1);
		return;
	}
	fprintf(stderr, "%s: header %d, content %d\n", what, header, content);
	atomic_fetch_add(&l->mixtures, 1);
}

static void
ask_caps(struct load *l, struct client *c)
{
	char url[CLIENT_TEXT_MAX];
	struct client_http h;

	snprintf(url, sizeof url, "%s?operation=GetCACaps", l->s->url);
	if (client_get(c, url, NULL, &h)) {
		fprintf(stderr, "caps: %s\n", c->why);
		atomic_fetch_add(&l->failures, 1);
		return;
	}
	client_bytes_add(&h.body, "", 1);
	count(l, from(&h),
	    strstr((char *)h.body.p, "ONE")       ? 0
		: strstr((char *)h.body.p, "TWO") ? 1
						  : -1,
	    "caps");
	client_http_clear(&h);
}

/* Issued where the CA runs, refused where it does not. */
static void
ask_enrolment(struct load *l, struct client *c)
{
	struct client_enrolment e = {
		.ca = &l->s->ca,
		.csr = { .key = l->key,
		    .subject = "/CN=load",
		    .challenge = SERVED_SECRET },
	};
	struct client_prepared p;
	struct client_certrep r = { 0 };
	struct client_http h;
	char url[CLIENT_TEXT_MAX];

	snprintf(url, sizeof url, "%s?operation=PKIOperation", l->s->url);
	if (client_prepare(c, &e, &p) ||
	    client_post(c, url, "application/x-pki-message", &p.der, &h)) {
		fprintf(stderr, "enrolment: %s\n", c->why);
		atomic_fetch_add(&l->failures, 1);
		return;
	}
	struct client_expect x = {
		.message = &p.message, .ca = &l->s->ca, .csr_key = l->key
	};
	if (client_certrep_read(c, &x, &h.body, &r))
		count(l, from(&h), -1, c->why);
	else
		count(l, from(&h), r.status == 0 ? 0 : 1, "enrolment");
	client_certrep_clear(&r);
	client_http_clear(&h);
	client_prepared_clear(&p);
}

struct loader {
	struct load *l;
	pthread_t thread;
	bool enrols;
};

static void *
put_load(void *arg)
{
	struct loader *self = arg;
	struct client c;

	if (client_open(&c, NULL)) {
		atomic_fetch_add(&self->l->failures, 1);
		return NULL;
	}
	while (!atomic_load(&self->l->stop)) {
		if (self->enrols)
			ask_enrolment(self->l, &c);
		else
			ask_caps(self->l, &c);
	}
	client_close(&c);
	return NULL;
}

static void
a_switch_under_load_shows_the_old_or_the_new_and_no_mixture(void **state)
{
	struct world *w = *state;
	struct served s;
	struct load l = { .s = &s, .key = w->key };
	struct loader loaders[CLIENTS];

	served_start_text(&s, both[0], with_control);
	served_ca(&s, &w->c);
	for (unsigned i = 0; i < CLIENTS; i++) {
		loaders[i] = (struct loader){ .l = &l, .enrols = i % 4 == 0 };
		assert_int_equal(pthread_create(&loaders[i].thread, NULL,
				     put_load, &loaders[i]),
		    0);
	}
	/* each for at least a few answers, whoever has the processor */
	for (unsigned i = 1; i <= SWITCHES; i++) {
		unsigned before = atomic_load(&l.seen[i % 2]);

		json_decref(control_call_json(
		    w, &s, "PUT", "/v1/scenario", both[i % 2], 200));
		while (atomic_load(&l.seen[i % 2]) < before + 4 &&
		    atomic_load(&l.mixtures) + atomic_load(&l.failures) == 0)
			sched_yield();
	}
	atomic_store(&l.stop, true);
	for (unsigned i = 0; i < CLIENTS; i++)
		pthread_join(loaders[i].thread, NULL);
	assert_int_equal(atomic_load(&l.failures), 0);
	assert_int_equal(atomic_load(&l.mixtures), 0);
	served_stop(&s);
}

/* ---- listeners ---- */

/* To a client that has no TLS session to resume. */
static bool
answers(struct world *w, const char *base)
{
	char url[CLIENT_TEXT_MAX];
	struct client_http h;
	struct client c;
	bool got;

	assert_int_equal(client_open(&c, NULL), 0);
	if (w->c.tls_root_pem)
		c.tls_root_pem = strdup(w->c.tls_root_pem);
	snprintf(url, sizeof url, "%s?operation=GetCACaps", base);
	got = client_get(&c, url, NULL, &h) == 0 && h.status == 200;
	client_http_clear(&h);
	client_close(&c);
	return got;
}

static void
listeners_follow_a_switch_and_what_comes_back(void **state)
{
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, with_https);
	served_ca(&s, &w->c);
	assert_int_equal(client_trust(&w->c, &s.ca), 0);
	assert_true(answers(w, s.url));
	assert_true(answers(w, s.url_https));
	json_decref(control_call_json(w, &s, "PUT", "/v1/scenario",
	    "{\"mockndes\":1,\"name\":\"x\",\"host\":{\"network\":"
	    "{\"state\":\"refused\"}}}",
	    200));
	assert_false(answers(w, s.url));
	assert_false(answers(w, s.url_https));
	json_decref(
	    control_call_json(w, &s, "DELETE", "/v1/scenario", NULL, 200));
	assert_true(answers(w, s.url));
	assert_true(answers(w, s.url_https));
	/* a certificate that the client does not take, until the reset */
	json_decref(control_call_json(w, &s, "PUT", "/v1/scenario",
	    "{\"mockndes\":1,\"name\":\"x\",\"host\":{\"tls\":"
	    "{\"certificate\":\"untrusted\"}}}",
	    200));
	assert_true(answers(w, s.url));
	assert_false(answers(w, s.url_https));
	json_decref(control_call_json(w, &s, "POST", "/v1/reset", NULL, 200));
	assert_true(answers(w, s.url_https));
	/* a session's model is not the listeners' */
	json_decref(control_call_json(w, &s, "POST", "/v1/sessions",
	    "{\"scenario\":{\"mockndes\":1,\"name\":\"x\",\"host\":"
	    "{\"network\":{\"state\":\"refused\"}}}}",
	    201));
	assert_true(answers(w, s.url));
	served_stop(&s);
}

/* ---- sessions ---- */

static void
a_thousand_sessions_are_made_and_asked_over_http(void **state)
{
	struct world *w = *state;
	struct served s;
	json_t **made = calloc(1000, sizeof(*made)), *all;
	struct client_http h;

	assert_non_null(made);
	served_start(&s, NULL, with_control);
	served_ca(&s, &w->c);
	for (int i = 0; i < 1000; i++)
		made[i] = control_call_json(w, &s, "POST", "/v1/sessions",
		    i % 2 ? "{\"scenario\":\"pool-stopped\"}" : NULL, 201);
	for (int i = 0; i < 1000; i += 9)
		assert_int_equal(
		    answers(w, control_text(made[i], "scep_url")), i % 2 == 0);
	for (int i = 0; i < 1000; i += 200) {
		struct client_enrolment e =
		    served_enrolment(&s, w, "/CN=session");
		e.url = control_text(made[i], "scep_url");
		e.csr.challenge = control_text(made[i], "challenge");
		enrol_status(&w->c, &e, 0, "its own password");
		enrol_status(&w->c, &e, 2, "the same again");
	}
	all = control_call_json(w, &s, "GET", "/v1/sessions", NULL, 200);
	assert_int_equal(
	    json_array_size(json_object_get(all, "sessions")), 1000);
	json_decref(all);
	control_call_raw(w, &s, "DELETE", "/v1/sessions", NULL, NULL, &h);
	assert_int_equal(h.status, 204);
	client_http_clear(&h);
	assert_false(answers(w, control_text(made[0], "scep_url")));
	for (int i = 0; i < 1000; i++)
		json_decref(made[i]);
	free(made);
	served_stop(&s);
}

static size_t
requests_of(struct world *w, const struct served *s, const char *prefix)
{
	char target[CLIENT_TEXT_MAX];
	json_t *json;
	size_t n;

	snprintf(target, sizeof target, "%s/v1/requests", prefix);
	json = control_call_json(w, s, "GET", target, NULL, 200);
	n = json_array_size(json_object_get(json, "requests"));
	json_decref(json);
	return n;
}

static void
a_session_has_a_journal_of_its_own_that_goes_with_it(void **state)
{
	struct world *w = *state;
	struct served s;
	json_t *made;
	char prefix[CLIENT_TEXT_MAX];
	struct client_http h;

	served_start(&s, NULL, with_control);
	made = control_call_json(w, &s, "POST", "/v1/sessions", NULL, 201);
	snprintf(prefix, sizeof prefix, "/s/%s", control_text(made, "id"));
	for (int i = 0; i < 3; i++)
		assert_true(answers(w, control_text(made, "scep_url")));
	assert_true(answers(w, s.url));
	assert_int_equal(requests_of(w, &s, prefix), 3);
	assert_int_equal(requests_of(w, &s, ""), 1);
	snprintf(
	    prefix, sizeof prefix, "/v1/sessions/%s", control_text(made, "id"));
	control_call_raw(w, &s, "DELETE", prefix, NULL, NULL, &h);
	assert_int_equal(h.status, 204);
	client_http_clear(&h);
	snprintf(prefix, sizeof prefix, "/s/%s/v1/requests",
	    control_text(made, "id"));
	control_call_raw(w, &s, "GET", prefix, NULL, NULL, &h);
	assert_int_equal(h.status, 404);
	client_http_clear(&h);
	json_decref(made);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_switch_under_load_shows_the_old_or_the_new_and_no_mixture),
		cmocka_unit_test(listeners_follow_a_switch_and_what_comes_back),
		cmocka_unit_test(
		    a_thousand_sessions_are_made_and_asked_over_http),
		cmocka_unit_test(
		    a_session_has_a_journal_of_its_own_that_goes_with_it),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
