/* SPDX-License-Identifier: MIT */
/*
 * Waiting by <mockndes.h>: for what has come, for what is to come from another
 * thread, in vain, and with conditions that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "support/served.h"

#define LONG_MS 60000 /* never waited for in vain */

/* Ask for an operation of the server, or of a built-in scenario on it ("/x/NAME"). */
static void
ask(struct client *c, const struct served *s, const char *site, const char *op)
{
	struct client_http h = { 0 };
	const char *path = strstr(s->url, "/certsrv");
	char url[CLIENT_TEXT_MAX];

	assert_non_null(path);
	(void)snprintf(url, sizeof url, "%.*s%s%s?operation=%s",
	    (int)(path - s->url), s->url, site, path, op);
	if (client_get(c, url, NULL, &h) == -1)
		fail_msg("%s", c->why);
	client_http_clear(&h);
}

static void
finds_what_has_come_already(void **state)
{
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, NULL);
	ask(&w->c, &s, "", "GetCACaps");
	ask(&w->c, &s, "", "GetCACert");
	assert_int_equal(mockndes_wait(s.m, "", NULL, 2, LONG_MS), 1);
	assert_int_equal(
	    mockndes_wait(s.m, "", "op=GetCACaps&status=200", 1, LONG_MS), 1);
	assert_int_equal(
	    mockndes_wait(s.m, "", "op=GetCACaps,GetCACert", 2, LONG_MS), 1);
	assert_int_equal(
	    mockndes_wait(s.m, "", "op=%47etCACert", 1, LONG_MS), 1);
	assert_int_equal(mockndes_wait(s.m, "", "op=PKIOperation", 0, 0), 1);
	served_stop(&s);
}

static void
gives_up_when_the_time_is_over(void **state)
{
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, NULL);
	ask(&w->c, &s, "", "GetCACaps");
	assert_int_equal(mockndes_wait(s.m, "", "op=GetCACaps", 2, 50), 0);
	assert_int_equal(mockndes_wait(s.m, "", "op=GetCACert", 1, 0), 0);
	assert_int_equal(mockndes_wait(s.m, "", "status=over:399", 1, 0), 0);
	served_stop(&s);
}

static void
a_site_has_requests_of_its_own(void **state)
{
	struct world *w = *state;
	struct served s;

	served_start(&s, NULL, NULL);
	ask(&w->c, &s, "/x/pool-stopped", "GetCACaps");
	assert_int_equal(
	    mockndes_wait(s.m, "x/pool-stopped", "status=503", 1, LONG_MS), 1);
	assert_int_equal(mockndes_wait(s.m, "", NULL, 1, 0), 0);
	served_stop(&s);
}

struct asker {
	const struct served *s;
	char why[CLIENT_WHY_MAX];
};

/* Three requests, the last of which is waited for. No assertion in here: it is not cmocka's thread. */
static void *
ask_three(void *ctx)
{
	static const char *const ops[] = { "GetCACaps", "GetCACaps",
		"GetCACert" };
	struct asker *a = ctx;
	struct client c = { 0 };
	char url[CLIENT_TEXT_MAX];

	if (client_open(&c, NULL) == -1)
		(void)snprintf(a->why, sizeof a->why, "no client");
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		struct client_http h = { 0 };

		(void)snprintf(
		    url, sizeof url, "%s?operation=%s", a->s->url, ops[i]);
		if (client_get(&c, url, NULL, &h) == -1)
			(void)snprintf(a->why, sizeof a->why, "%s", c.why);
		client_http_clear(&h);
	}
	client_close(&c);
	return NULL;
}

static void
wakes_up_for_what_another_thread_asks(void **state)
{
	struct served s;
	struct asker a = { .s = &s };
	pthread_t thread;

	(void)state;
	served_start(&s, NULL, NULL);
	assert_int_equal(pthread_create(&thread, NULL, ask_three, &a), 0);
	assert_int_equal(
	    mockndes_wait(s.m, "", "op=GetCACert&status=200", 1, LONG_MS), 1);
	pthread_join(thread, NULL);
	assert_string_equal(a.why, "");
	served_stop(&s);
}

static void
refuses_what_it_cannot_wait_for(void **state)
{
	static const struct {
		const char *site, *conditions, *says;
	} rows[] = {
		{ "", "opp=GetCACaps", "did you mean op?" },
		{ "", "op=GetCACapz", "op" },
		{ "", "status=over:x", "status" },
		{ "x/nonsense", NULL, "no built-in scenario" },
		{ "s/nonsense", NULL, "nonsense" },
		{ "elsewhere", NULL, "elsewhere" },
	};
	struct served s;

	(void)state;
	served_start(&s, NULL, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (mockndes_wait(
			s.m, rows[i].site, rows[i].conditions, 1, 0) != -1)
			fail_msg(
			    "takes %s %s", rows[i].site, rows[i].conditions);
		if (strstr(mockndes_error(s.m), rows[i].says) == NULL)
			fail_msg("\"%s\" does not say \"%s\"",
			    mockndes_error(s.m), rows[i].says);
		assert_int_equal(mockndes_error_code(s.m), MOCKNDES_USAGE);
	}
	mockndes_stop(s.m);
	assert_int_equal(mockndes_wait(s.m, "", NULL, 1, 0), -1);
	served_stop(&s);
}

static void
says_when_there_is_no_journal(void **state)
{
	const char *const options[] = { "journal", "0", NULL };
	struct served s;

	(void)state;
	served_start(&s, NULL, options);
	assert_int_equal(mockndes_wait(s.m, "", NULL, 1, 0), -1);
	assert_non_null(strstr(mockndes_error(s.m), "--journal 0"));
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_has_come_already),
		cmocka_unit_test(gives_up_when_the_time_is_over),
		cmocka_unit_test(a_site_has_requests_of_its_own),
		cmocka_unit_test(wakes_up_for_what_another_thread_asks),
		cmocka_unit_test(refuses_what_it_cannot_wait_for),
		cmocka_unit_test(says_when_there_is_no_journal),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
