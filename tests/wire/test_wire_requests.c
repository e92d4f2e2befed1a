/* SPDX-License-Identifier: MIT */
/*
 * The journal over the control API: what it has of real exchanges, how they
 * ended, and waiting for them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "support/control.h"
#include "support/raw.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define PATH "/certsrv/mscep/mscep.dll"

static const char *const with_control[] = { "control-port", "0", NULL };

static json_t *
get(struct world *w, const struct served *s, const char *target)
{
	return control_call_json(w, s, "GET", target, NULL, 200);
}

static long
number(json_t *o, const char *name)
{
	return (long)json_integer_value(json_object_get(o, name));
}

/* The only entry of a query; borrowed from list. */
static json_t *
only(json_t *list)
{
	json_t *all = json_object_get(list, "requests");

	assert_int_equal(json_array_size(all), 1);
	return json_array_get(all, 0);
}

static void
ask(const struct served *s, const char *target)
{
	struct raw *r = calloc(1, sizeof(*r));
	char text[1024];
	int n = snprintf(text, sizeof(text),
	    "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	    target);

	raw_open(r, s->url);
	raw_send(r, text, (size_t)n);
	raw_read(r, 1);
	raw_close(r);
	free(r);
}

static void
ask_caps(const struct served *s)
{
	ask(s, PATH "?operation=GetCACaps");
}

/* ---- entries ---- */

#define GATEWAY                                                        \
	"mockndes: 1\nname: gateway\nrules:\n"                         \
	"  - id: caps\n    when: { op: GetCACaps }\n"                  \
	"    then: { caps: { add: [AES] } }\n"                         \
	"  - id: gate\n    when: { op: PKIOperation }\n    times: 1\n" \
	"    then: { reply: { status: 504 }, commit: false }\n"        \
	"expect:\n"                                                    \
	"  - client: retries\n"                                        \
	"  - requests: { op: PKIOperation }\n    count: 2\n"

static void
tells_what_was_honest_beside_what_a_rule_sent(void **state)
{
	struct world *w = *state;
	struct client_enrolment e;
	struct served s;
	json_t *list, *entry, *first;

	served_start_text(&s, GATEWAY, with_control);
	served_ca(&s, &w->c);
	e = served_enrolment(&s, w, "/C=US/O=Probe/CN=gate");
	enrol_http_status(&w->c, &e, 504, "gate");
	list = get(w, &s, "/v1/requests?rule=gate");
	entry = only(list);
	assert_int_equal(number(entry, "status"), 504);
	assert_false(json_is_true(json_object_get(entry, "commit")));
	/* The deployment was not asked, and the message is known all the same. */
	assert_string_equal(control_text(entry, "message_type"), "PKCSReq");
	assert_int_equal(strlen(control_text(entry, "transaction")), 40);
	first = json_array_get(json_object_get(entry, "rules"), 0);
	assert_string_equal(control_text(first, "id"), "caps");
	assert_string_equal(
	    control_text(first, "why"), "op is PKIOperation, not GetCACaps");
	assert_non_null(strstr(control_text(entry, "repeat"), "--seed"));
	json_decref(list);

	enrol_status(&w->c, &e, 0, "after it");
	list = get(w, &s, "/v1/requests?op=PKIOperation&serial=present:true");
	entry = only(list);
	assert_string_equal(control_text(entry, "pki_status"), "SUCCESS");
	first = json_array_get(json_object_get(entry, "rules"), 1);
	assert_string_equal(control_text(first, "verdict"), "spent");
	json_decref(list);
	served_stop(&s);
}

#define LIES                                                            \
	"mockndes: 1\nname: lies\nrules:\n"                             \
	"  - id: time\n    when: { op: PKIOperation }\n    times: 1\n"  \
	"    then: { scep: { status: FAILURE, fail_info: badTime } }\n" \
	"  - id: both\n    when: { op: PKIOperation }\n    times: 1\n"  \
	"    then: { scep: { fail_info: \"4\" } }\n"

static void
tells_the_failure_that_a_rule_sent(void **state)
{
	struct world *w = *state;
	struct client_enrolment e;
	struct served s;
	json_t *list, *entry;

	served_start_text(&s, LIES, with_control);
	served_ca(&s, &w->c);
	e = served_enrolment(&s, w, "/C=US/O=Probe/CN=lies");
	enrol_status(&w->c, &e, 2, "a lie");
	list = get(w, &s, "/v1/requests?pki_status=2&fail_info=badTime");
	entry = only(list);
	assert_string_equal(control_text(entry, "pki_status"), "FAILURE");
	assert_string_equal(control_text(entry, "fail_info"), "badTime");
	assert_string_equal(control_text(entry, "did"),
	    "false FAILURE badTime instead of an honest 200 SUCCESS");
	json_decref(list);

	enrol_http_status(&w->c, &e, 200, "SUCCESS with a failInfo");
	list = get(w, &s, "/v1/requests?rule=both");
	entry = only(list);
	assert_string_equal(control_text(entry, "pki_status"), "SUCCESS");
	assert_string_equal(control_text(entry, "fail_info"), "badCertId");
	json_decref(list);
	served_stop(&s);
}

static void
explains_over_http(void **state)
{
	struct world *w = *state;
	struct client_enrolment e;
	struct client_http h;
	struct served s;
	json_t *o;

	served_start_text(&s, GATEWAY, with_control);
	served_ca(&s, &w->c);
	e = served_enrolment(&s, w, "/C=US/O=Probe/CN=gate");
	enrol_http_status(&w->c, &e, 504, "gate");
	o = get(w, &s, "/v1/requests/2/explain");
	assert_non_null(strstr(control_text(o, "summary"), "rule gate"));
	json_decref(o);
	control_call_raw(
	    w, &s, "GET", "/v1/requests/2/explain?format=text", NULL, NULL, &h);
	assert_int_equal(h.status, 200);
	client_bytes_add(&h.body, "", 1);
	assert_non_null(strstr((char *)h.body.p,
	    "Rule caps did not apply: condition does not hold: op is "
	    "PKIOperation, not GetCACaps.\n"));
	assert_non_null(strstr(
	    (char *)h.body.p, "Rule gate applied (rule gate, request 1): 504"));
	client_http_clear(&h);
	served_stop(&s);
}

static void
gives_back_the_octets_that_came_and_went(void **state)
{
	struct world *w = *state;
	struct client_enrolment e;
	struct client_http h, sent;
	struct client_prepared p;
	struct served s;
	char url[512];

	served_start(&s, NULL, with_control);
	served_ca(&s, &w->c);
	e = served_enrolment(&s, w, "/C=US/O=Probe/CN=octets");
	assert_int_equal(client_prepare(&w->c, &e, &p), 0);
	snprintf(url, sizeof(url), "%s?operation=PKIOperation", s.url);
	assert_int_equal(client_post(&w->c, url, NULL, &p.der, &sent), 0);
	control_call_raw(
	    w, &s, "GET", "/v1/requests/2/message", NULL, NULL, &h);
	assert_int_equal(h.body.n, p.der.n);
	assert_memory_equal(h.body.p, p.der.p, p.der.n);
	assert_string_equal(h.content_type, "application/x-pki-message");
	client_http_clear(&h);
	control_call_raw(w, &s, "GET", "/v1/requests/2/reply", NULL, NULL, &h);
	assert_int_equal(h.body.n, sent.body.n);
	assert_memory_equal(h.body.p, sent.body.p, sent.body.n);
	client_http_clear(&h);
	control_call_raw(w, &s, "GET", "/v1/requests/2/csr", NULL, NULL, &h);
	assert_int_equal(h.body.n, p.csr.n);
	assert_memory_equal(h.body.p, p.csr.p, p.csr.n);
	client_http_clear(&h);
	control_call_raw(
	    w, &s, "GET", "/v1/requests/2/csr.pem", NULL, NULL, &h);
	assert_int_equal(strncmp((char *)h.body.p,
			     "-----BEGIN CERTIFICATE REQUEST-----", 35),
	    0);
	client_http_clear(&h);
	/* GetCACert brought none. */
	control_call_raw(
	    w, &s, "GET", "/v1/requests/1/message", NULL, NULL, &h);
	assert_int_equal(h.status, 404);
	client_http_clear(&h);
	client_http_clear(&sent);
	client_prepared_clear(&p);
	served_stop(&s);
}

static void
gives_pages_and_counts_what_it_dropped(void **state)
{
	static const char *const options[] = { "control-port", "0", "journal",
		"5", NULL };
	struct world *w = *state;
	struct client_http h;
	struct served s;
	json_t *list, *all;

	served_start(&s, NULL, options);
	for (int i = 0; i < 7; i++)
		ask_caps(&s);
	list = get(w, &s, "/v1/requests?limit=2");
	all = json_object_get(list, "requests");
	assert_int_equal(json_array_size(all), 2);
	assert_int_equal(number(json_array_get(all, 0), "id"), 7);
	assert_int_equal(number(list, "dropped"), 2);
	assert_int_equal(number(list, "entries"), 5);
	assert_true(json_is_true(json_object_get(list, "more")));
	json_decref(list);
	list = get(w, &s, "/v1/requests?before=4");
	assert_int_equal(number(only(list), "id"), 3);
	assert_false(json_is_true(json_object_get(list, "more")));
	json_decref(list);
	list = get(w, &s, "/v1/requests?order=oldest&after=3&limit=1");
	assert_int_equal(number(only(list), "id"), 4);
	json_decref(list);
	json_decref(
	    control_call_json(w, &s, "GET", "/v1/requests/1", NULL, 404));
	control_call_raw(w, &s, "DELETE", "/v1/requests", NULL, NULL, &h);
	assert_int_equal(h.status, 204);
	client_http_clear(&h);
	list = get(w, &s, "/v1/requests");
	assert_int_equal(json_array_size(json_object_get(list, "requests")), 0);
	assert_int_equal(number(list, "dropped"), 0);
	json_decref(list);
	served_stop(&s);
}

/* ---- ends ---- */

#define ENDS                                                           \
	"mockndes: 1\nname: ends\nrules:\n"                            \
	"  - id: cut\n    when: { header: { X-End: cut } }\n"          \
	"    then: { cut: { at: 50%, how: close } }\n"                 \
	"  - id: reset\n    when: { header: { X-End: reset } }\n"      \
	"    then: { cut: { at: 50%, how: reset } }\n"                 \
	"  - id: wait\n    when: { header: { X-End: client gone } }\n" \
	"    then: { wait: 600s }\n"                                   \
	"  - id: hang\n    when: { header: { X-End: hung } }\n"        \
	"    then: { hang: true }\n"

static const struct end_row {
	const char *end, *escaped;
	bool leaves; /* the client is the first to go */
} end_rows[] = { { "sent", "sent", false }, { "cut", "cut", false },
	{ "reset", "reset", false }, { "client gone", "client%20gone", true },
	{ "hung", "hung", true } };

static json_t *
wait_for_end(struct world *w, const struct served *s, const struct end_row *row,
    const char *state)
{
	char target[256];

	snprintf(target, sizeof(target),
	    "/v1/requests/wait?timeout=60s&state=%s&header.X-End=%s", state,
	    row->escaped);
	return get(w, s, target);
}

/* With a reset, which nobody takes for half of a close. */
static void
drop(struct raw *r)
{
	const struct linger now = { .l_onoff = 1 };

	setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	raw_close(r);
}

static void
must_end(struct world *w, const struct served *s, const struct end_row *row)
{
	struct raw *r = calloc(1, sizeof(*r));
	char text[512];
	int n = snprintf(text, sizeof(text),
	    "GET " PATH "?operation=GetCACert HTTP/1.1\r\nHost: h\r\n"
	    "X-End: %s\r\nConnection: close\r\n\r\n",
	    row->end);
	json_t *list;

	raw_open(r, s->url);
	raw_send(r, text, (size_t)n);
	if (row->leaves) {
		list = wait_for_end(w, s, row, "answered");
		assert_null(json_object_get(only(list), "end"));
		json_decref(list);
		drop(r);
	} else {
		raw_read(r, 0);
		raw_close(r);
	}
	list = wait_for_end(w, s, row, "ended");
	assert_string_equal(control_text(only(list), "end"), row->end);
	json_decref(list);
	free(r);
}

static void
says_how_each_connection_ended(void **state)
{
	struct world *w = *state;
	struct served s;

	served_start_text(&s, ENDS, with_control);
	for (size_t i = 0; i < COUNT(end_rows); i++)
		must_end(w, &s, &end_rows[i]);
	served_stop(&s);
}

static void
has_connections_on_which_a_rule_acted(void **state)
{
	struct world *w = *state;
	struct raw *r = calloc(1, sizeof(*r));
	struct served s;
	json_t *list, *entry;

	served_start_text(&s,
	    "mockndes: 1\nname: doors\nrules:\n  - id: door\n    times: 1\n"
	    "    then: { cut: { at: accept, how: reset } }\n",
	    with_control);
	raw_open(r, s.url);
	raw_read(r, 0);
	raw_close(r);
	ask_caps(&s);
	list = get(w, &s, "/v1/requests/wait?op=connection&timeout=60s");
	entry = only(list);
	assert_string_equal(control_text(entry, "rule"), "door");
	assert_string_equal(control_text(entry, "end"), "reset");
	json_decref(list);
	/* It is no request. */
	list = get(w, &s, "/v1/requests/wait?client=127.0.0.1&timeout=60s");
	assert_string_equal(control_text(only(list), "op"), "GetCACaps");
	json_decref(list);
	free(r);
	served_stop(&s);
}

/* ---- waiting ---- */

struct waiter {
	pthread_t thread;
	struct world w;
	const char *target;
	char url[256]; /* of the control API */
	long status, seen;
};

/* In a thread of its own, where no test can fail: what went wrong has no status. */
static void *
wait_for_requests(void *arg)
{
	struct waiter *me = arg;
	struct client_http h;
	char text[512];
	json_t *o;
	int n = snprintf(text, sizeof(text),
	    "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
	    me->target, me->url + strlen("http://"));

	if (client_raw(&me->w.c, me->url, text, (size_t)n, &h))
		return NULL;
	me->status = h.status;
	o = json_loadb((char *)h.body.p, h.body.n, 0, NULL);
	me->seen = (long)json_array_size(json_object_get(o, "requests"));
	json_decref(o);
	client_http_clear(&h);
	return NULL;
}

static void
begin(struct waiter *me, const struct served *s, const char *target)
{
	*me = (struct waiter){ .target = target };
	snprintf(me->url, sizeof(me->url), "%s", mockndes_url(s->m, "control"));
	assert_int_equal(client_open(&me->w.c, NULL), 0);
	assert_int_equal(
	    pthread_create(&me->thread, NULL, wait_for_requests, me), 0);
}

static void
end(struct waiter *me)
{
	pthread_join(me->thread, NULL);
	client_close(&me->w.c);
}

#define WAITERS 20

static void
lets_many_wait_for_the_same_and_for_others(void **state)
{
	struct world *w = *state;
	struct waiter many[WAITERS], three, never;
	struct served s;
	json_t *live;

	served_start(&s, NULL, with_control);
	for (size_t i = 0; i < WAITERS; i++)
		begin(&many[i], &s,
		    "/v1/requests/wait?op=GetCACaps&timeout=120s");
	begin(&three, &s,
	    "/v1/requests/wait?op=GetCACaps&count=3&status=200&timeout=120s");
	begin(&never, &s, "/v1/requests/wait?op=PKIOperation&timeout=300ms");
	end(&never);
	assert_int_equal(never.status, 408);
	/* Whoever waits holds nobody else. */
	live = get(w, &s, "/v1/live");
	json_decref(live);
	ask_caps(&s);
	for (size_t i = 0; i < WAITERS; i++) {
		end(&many[i]);
		assert_int_equal(many[i].status, 200);
		assert_int_equal(many[i].seen, 1);
	}
	ask_caps(&s);
	ask(&s, PATH "?operation=GetCACert");
	ask_caps(&s);
	end(&three);
	assert_int_equal(three.status, 200);
	assert_int_equal(three.seen, 3);
	served_stop(&s);
}

static void
counts_what_is_there_already_unless_it_is_told_after_which(void **state)
{
	struct world *w = *state;
	struct served s;
	json_t *list;

	served_start(&s, NULL, with_control);
	ask_caps(&s);
	ask_caps(&s);
	list = get(w, &s, "/v1/requests/wait?op=GetCACaps&count=2");
	assert_int_equal(json_array_size(json_object_get(list, "requests")), 2);
	json_decref(list);
	list = control_call_json(w, &s, "GET",
	    "/v1/requests/wait?op=GetCACaps&after=2&timeout=0", NULL, 408);
	json_decref(list);
	served_stop(&s);
}

static void
stops_while_somebody_waits_or_has_left(void **state)
{
	struct raw *left = calloc(1, sizeof(*left));
	struct waiter stays;
	struct world *w = *state;
	struct served s;
	char text[256];
	json_t *o;

	served_start(&s, NULL, with_control);
	snprintf(text, sizeof(text),
	    "GET /v1/requests/wait?timeout=1h HTTP/1.0\r\n\r\n");
	raw_open(left, mockndes_url(s.m, "control"));
	raw_send(left, text, strlen(text));
	raw_close(left);
	begin(&stays, &s, "/v1/requests/wait?op=browse&timeout=1h");
	/* It waits by now, or stands in line behind this. */
	o = get(w, &s, "/v1/live");
	json_decref(o);
	served_stop(&s);
	end(&stays);
	assert_true(stays.status == 503 || stays.status == 0);
	free(left);
}

static void
says_so_when_there_is_no_journal(void **state)
{
	static const char *const options[] = { "control-port", "0", "journal",
		"0", NULL };
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, options);
	ask_caps(&s);
	json_decref(control_call_json(w, &s, "GET", "/v1/requests", NULL, 503));
	json_decref(
	    control_call_json(w, &s, "GET", "/v1/requests/wait", NULL, 503));
	json_decref(control_call_json(w, &s, "POST", "/v1/verify", NULL, 400));
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_was_honest_beside_what_a_rule_sent),
		cmocka_unit_test(tells_the_failure_that_a_rule_sent),
		cmocka_unit_test(explains_over_http),
		cmocka_unit_test(gives_back_the_octets_that_came_and_went),
		cmocka_unit_test(gives_pages_and_counts_what_it_dropped),
		cmocka_unit_test(says_how_each_connection_ended),
		cmocka_unit_test(has_connections_on_which_a_rule_acted),
		cmocka_unit_test(lets_many_wait_for_the_same_and_for_others),
		cmocka_unit_test(
		    counts_what_is_there_already_unless_it_is_told_after_which),
		cmocka_unit_test(stops_while_somebody_waits_or_has_left),
		cmocka_unit_test(says_so_when_there_is_no_journal),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
