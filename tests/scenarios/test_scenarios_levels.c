/* SPDX-License-Identifier: MIT */
/*
 * The levels: a correct client always enrols at faithful and at robust, and
 * never at hostile, until each rule of the level has been met.
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
#include "support/wary.h"

#define RULES_MAX 64
#define ENROLMENTS_MAX 400
#define ENROLMENTS_MIN 40

/* Which rules of a level the operator's log has named. */
struct met {
	pthread_mutex_t lock;
	char part[RULES_MAX][80]; /* "[rule ID," */
	bool seen[RULES_MAX];
	size_t n;
};

static void
look_for(void *ctx, int level, const char *text)
{
	struct met *m = ctx;

	(void)level;
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->n; i++)
		m->seen[i] |= strstr(text, m->part[i]) != NULL;
	pthread_mutex_unlock(&m->lock);
}

static void
read_rules(const char *level, struct met *m)
{
	char *yaml = mockndes_scenario_part(level, "yaml");

	assert_non_null(yaml);
	for (const char *at = yaml;
	     (at = strstr(at, "  - id: ")) != NULL && m->n < RULES_MAX;) {
		at += 8;
		snprintf(m->part[m->n++], sizeof(m->part[0]), "[rule %.*s,",
		    (int)strcspn(at, "\n"), at);
	}
	free(yaml);
}

/* The first that was not met; NULL: all were. */
static const char *
missing(struct met *m)
{
	const char *part = NULL;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->n && part == NULL; i++)
		if (!m->seen[i])
			part = m->part[i];
	pthread_mutex_unlock(&m->lock);
	return part;
}

static void
try_level(struct world *w, const char *level, bool enrols)
{
	static const char *const options[] = { "https-port", "off", "seed", "1",
		NULL };
	struct met m = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct served s;
	struct wary v;
	size_t i;

	read_rules(level, &m);
	served_start(&s, level, options);
	mockndes_log(s.m, look_for, &m);
	w->c.timeout_s = 30;
	for (i = 0;
	     i < ENROLMENTS_MAX && (i < ENROLMENTS_MIN || missing(&m) != NULL);
	     i++) {
		v = (struct wary){ .c = &w->c,
			.url = s.url,
			.userpwd = SERVED_ADMIN,
			.key = w->key,
			.subject = "/CN=level",
			.dns = "level.example.test" };
		if ((wary_enrol(&v) == 0) != enrols)
			fail_msg("%s, enrolment %zu: %s", level, i + 1,
			    enrols ? w->c.why : "believed");
		wary_clear(&v);
	}
	if (missing(&m) != NULL)
		fail_msg("%s: %zu enrolments did not meet %s", level, i,
		    missing(&m));
	served_stop(&s);
}

static void
at_faithful_a_correct_client_enrols(void **state)
{
	try_level(*state, "faithful", true);
}

static void
at_robust_a_correct_client_always_enrols(void **state)
{
	try_level(*state, "robust", true);
}

static void
at_hostile_a_correct_client_never_enrols(void **state)
{
	try_level(*state, "hostile", false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_faithful_a_correct_client_enrols),
		cmocka_unit_test(at_robust_a_correct_client_always_enrols),
		cmocka_unit_test(at_hostile_a_correct_client_never_enrols),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
