/* SPDX-License-Identifier: MIT */
/*
 * The listeners of a whole server: what is too long for them and what is not,
 * and that they follow the model while it changes by the control API.
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

#include "support/served.h"

#define GET_SIZE 200000
#define CYCLES 20

static const char *const WITH_ALL[] = { "https-port", "0", "control-port", "0",
	NULL };

/* A GET whose message alone has this many octets; the caller frees it. */
static char *
long_get(const char *operation, size_t n)
{
	char *text = NULL, *message = malloc(n + 1);
	assert_non_null(message);
	memset(message, 'M', n);
	message[n] = 0;
	assert_true(asprintf(&text,
			"GET /certsrv/mscep/mscep.dll?operation=%s&message=%s "
			"HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			operation, message) > 0);
	free(message);
	return text;
}

static void
get_long(struct world *w, const struct served *s, const char *operation,
    size_t n, struct client_http *h)
{
	char *text = long_get(operation, n);
	if (client_raw(&w->c, s->url, text, strlen(text), h))
		fail_msg("%s", w->c.why);
	free(text);
}

static void
a_get_of_200_kB_reaches_the_simulated_http_sys(void **state)
{
	struct world *w = *state;
	struct served s;
	struct client_http h;
	char server[CLIENT_TEXT_MAX];
	served_start(&s, "healthy", NULL);
	get_long(w, &s, "PKIOperation", GET_SIZE, &h);
	assert_int_equal(h.status, 414);
	assert_true(client_header(&h, "Server", server));
	assert_string_equal(server, "Microsoft-HTTPAPI/2.0");
	client_http_clear(&h);
	served_stop(&s);
}

static void
a_get_of_200_kB_reaches_ndes_when_windows_lets_it(void **state)
{
	static const char yaml[] =
	    "mockndes: 1\n"
	    "name: long\n"
	    "title: Long requests are let through\n"
	    "host:\n"
	    "  http_sys: { MaxFieldLength: 1048576, MaxRequestBytes: 1048576 }\n"
	    "  iis: { request_filtering: { maxQueryString: 1048576 } }\n";
	struct world *w = *state;
	struct served s;
	struct client_http h;
	served_start_text(&s, yaml, NULL);
	get_long(w, &s, "GetCACaps", GET_SIZE, &h);
	assert_int_equal(h.status, 200);
	assert_non_null(strstr((const char *)h.body.p, "POSTPKIOperation"));
	client_http_clear(&h);
	served_stop(&s);
}

/* ---- following the model ---- */

static void
patch(struct world *w, const struct served *s, const char *json)
{
	struct client_http h;
	char text[512];
	snprintf(text, sizeof text,
	    "PATCH /v1/host HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    mockndes_url(s->m, "control") + strlen("http://"), strlen(json),
	    json);
	if (client_raw(
		&w->c, mockndes_url(s->m, "control"), text, strlen(text), &h))
		fail_msg("%s", w->c.why);
	if (h.status != 200)
		fail_msg("PATCH %s: %ld", json, h.status);
	client_http_clear(&h);
}

/* The status of GetCACaps; 0: no answer. */
static long
caps(struct world *w, const char *url)
{
	char text[CLIENT_TEXT_MAX];
	struct client_http h;
	long status = 0;
	snprintf(text, sizeof text, "%s?operation=GetCACaps", url);
	if (!client_get(&w->c, text, NULL, &h)) {
		status = h.status;
		client_http_clear(&h);
	}
	return status;
}

static void
both_listeners_refuse_and_come_back_and_control_stays(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, "healthy", WITH_ALL);
	served_ca(&s, &w->c);
	assert_int_equal(client_trust(&w->c, &s.ca), 0);
	for (int i = 0; i < CYCLES; i++) {
		patch(w, &s, "{\"network\":{\"state\":\"refused\"}}");
		assert_int_equal(caps(w, s.url), 0);
		assert_int_equal(caps(w, s.url_https), 0);
		patch(w, &s, "{\"network\":{\"state\":\"open\"}}");
		assert_int_equal(caps(w, s.url), 200);
		if (caps(w, s.url_https) != 200)
			fail_msg("%s", w->c.why);
	}
	served_stop(&s);
}

static void
a_server_that_refuses_from_the_start_is_mended(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, "no-contact", WITH_ALL);
	assert_int_equal(caps(w, s.url), 0);
	patch(w, &s, "{\"network\":{\"state\":\"open\"}}");
	assert_int_equal(caps(w, s.url), 200);
	patch(w, &s, "{\"network\":{\"state\":\"refused\"}}");
	assert_int_equal(caps(w, s.url), 0);
	served_stop(&s);
}

/* ---- a thread for the control API ---- */

/* Holds the thread that says a certain line. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool held, open;
};

static void
stop_at_the_gate(void *ctx, int level, const char *text)
{
	struct gate *g = ctx;

	(void)level;
	if (strstr(text, "unreadable request") == NULL)
		return;
	pthread_mutex_lock(&g->lock);
	g->held = true;
	pthread_cond_broadcast(&g->changed);
	while (!g->open)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static void *
send_nonsense(void *arg)
{
	static const char nonsense[] = "GET / HTTP/9.9\r\nHost: h\r\n\r\n";
	struct served *s = arg;
	struct client c;
	struct client_http h;

	if (client_open(&c, NULL) == 0 &&
	    client_raw(&c, mockndes_url(s->m, "control"), nonsense,
		strlen(nonsense), &h) == 0)
		client_http_clear(&h);
	client_close(&c);
	return NULL;
}

static void
a_control_call_that_hangs_delays_no_scep_client(void **state)
{
	struct gate g = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
		false, false };
	struct world *w = *state;
	struct served s = { .m = mockndes_new() };
	pthread_t thread;

	assert_non_null(s.m);
	assert_int_equal(mockndes_set(s.m, "http-port", "0"), 0);
	assert_int_equal(mockndes_set(s.m, "https-port", "off"), 0);
	assert_int_equal(mockndes_set(s.m, "control-port", "0"), 0);
	mockndes_log(s.m, stop_at_the_gate, &g);
	if (mockndes_start(s.m) != 0)
		fail_msg("%s", mockndes_error(s.m));
	assert_int_equal(pthread_create(&thread, NULL, send_nonsense, &s), 0);
	pthread_mutex_lock(&g.lock);
	while (!g.held)
		pthread_cond_wait(&g.changed, &g.lock);
	pthread_mutex_unlock(&g.lock);
	/* The control API is stuck in the middle of something. */
	assert_int_equal(caps(w, mockndes_url(s.m, "http")), 200);
	pthread_mutex_lock(&g.lock);
	g.open = true;
	pthread_cond_broadcast(&g.changed);
	pthread_mutex_unlock(&g.lock);
	pthread_join(thread, NULL);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_get_of_200_kB_reaches_the_simulated_http_sys),
		cmocka_unit_test(
		    a_get_of_200_kB_reaches_ndes_when_windows_lets_it),
		cmocka_unit_test(
		    both_listeners_refuse_and_come_back_and_control_stays),
		cmocka_unit_test(
		    a_server_that_refuses_from_the_start_is_mended),
		cmocka_unit_test(
		    a_control_call_that_hangs_delays_no_scep_client),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
