/* SPDX-License-Identifier: MIT */
/* The application pool at run time: its states, and rapid-fail protection to the crash and to the millisecond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "ndes/pool.h"

#define T0 INT64_C(1772600767000)
#define MINUTE_MS INT64_C(60000)

struct fixture {
	struct host host;
	struct pool *pool;
};

static void
set_up(struct fixture *f)
{
	struct err e = { 0 };

	host_init(&f->host);
	f->pool = pool_new(&e);
	assert_non_null(f->pool);
	pool_start(f->pool, &f->host);
}

/* A crash whose process is known to have died; true when it disabled the pool. */
static bool
crash_at(struct fixture *f, int64_t now_ms)
{
	unsigned pid = 0;
	bool disabled = pool_crash(f->pool, &f->host, now_ms, &pid);

	assert_int_not_equal(pid, 0);
	assert_int_equal(
	    pool_state(f->pool), disabled ? POOL_DISABLED : POOL_STARTED);
	return disabled;
}

static void
starts_as_the_model_says(void **state)
{
	static const struct {
		enum host_pool_state configured;
		enum pool_state wanted;
	} rows[] = {
		{ HOST_POOL_STARTED, POOL_STARTED },
		{ HOST_POOL_STOPPED, POOL_STOPPED },
		{ HOST_POOL_DISABLED, POOL_DISABLED },
	};
	struct fixture f;

	(void)state;
	set_up(&f);
	for (size_t i = 0; i < nitems(rows); i++) {
		f.host.app_pool.state = (int)rows[i].configured;
		pool_start(f.pool, &f.host);
		assert_int_equal(pool_state(f.pool), rows[i].wanted);
	}
	pool_free(f.pool);
	pool_free(NULL);
}

static void
the_fifth_crash_in_the_interval_disables(void **state)
{
	static const struct {
		int64_t at[5]; /* after the first */
		bool disables;
	} rows[] = {
		{ { 0, 0, 0, 0, 0 }, true },
		{ { 0, 1, 2, 3, 5 * MINUTE_MS }, true },
		{ { 0, 1, 2, 3, 5 * MINUTE_MS + 1 }, false },
		{ { 0, 2 * MINUTE_MS, 4 * MINUTE_MS, 6 * MINUTE_MS,
		      8 * MINUTE_MS },
		    false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct fixture f;

		set_up(&f);
		for (size_t k = 0; k < 4; k++)
			assert_false(crash_at(&f, T0 + rows[i].at[k]));
		assert_int_equal(
		    crash_at(&f, T0 + rows[i].at[4]), rows[i].disables);
		pool_free(f.pool);
	}
}

static void
old_crashes_fall_out_one_by_one(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	for (int i = 0; i < 4; i++)
		assert_false(crash_at(&f, T0 + i));
	assert_false(crash_at(&f, T0 + 5 * MINUTE_MS + 1));
	/* the second of the first four, and three more, are within five minutes of this one */
	assert_true(crash_at(&f, T0 + 5 * MINUTE_MS + 1));
	pool_free(f.pool);
}

static void
number_and_interval_are_the_models(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	f.host.app_pool.rapid_fail_crashes = 2;
	f.host.app_pool.rapid_fail_interval_ms = 1000;
	assert_false(crash_at(&f, T0));
	assert_false(crash_at(&f, T0 + 1001));
	assert_true(crash_at(&f, T0 + 2001));
	pool_start(f.pool, &f.host);
	f.host.app_pool.rapid_fail_crashes = 1;
	assert_true(crash_at(&f, T0 + 3000));
	pool_free(f.pool);
}

static void
without_protection_it_crashes_for_ever(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	f.host.app_pool.rapid_fail_protection = false;
	for (int i = 0; i < 3000; i++)
		assert_false(crash_at(&f, T0));
	f.host.app_pool.rapid_fail_protection = true;
	f.host.app_pool.rapid_fail_crashes = 1000;
	assert_true(crash_at(&f, T0));
	pool_free(f.pool);
}

static void
the_greatest_number_counts_to_the_last(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	f.host.app_pool.rapid_fail_crashes = 1000;
	for (int i = 0; i < 999; i++)
		assert_false(crash_at(&f, T0 + i));
	assert_true(crash_at(&f, T0 + 999));
	pool_free(f.pool);
}

static void
a_start_heals_and_forgets(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	for (int i = 0; i < 4; i++)
		assert_false(crash_at(&f, T0));
	assert_true(crash_at(&f, T0));
	pool_start(f.pool, &f.host);
	assert_int_equal(pool_state(f.pool), POOL_STARTED);
	for (int i = 0; i < 4; i++)
		assert_false(crash_at(&f, T0));
	assert_true(crash_at(&f, T0));
	pool_free(f.pool);
}

static void
what_does_not_run_cannot_crash(void **state)
{
	static const enum host_pool_state states[] = { HOST_POOL_STOPPED,
		HOST_POOL_DISABLED };
	struct fixture f;

	(void)state;
	set_up(&f);
	f.host.app_pool.rapid_fail_crashes = 1;
	for (size_t i = 0; i < nitems(states); i++) {
		unsigned pid = 7;

		f.host.app_pool.state = (int)states[i];
		pool_start(f.pool, &f.host);
		assert_false(pool_crash(f.pool, &f.host, T0, &pid));
		assert_int_equal(pid, 0);
	}
	pool_free(f.pool);
}

static void
each_process_has_a_number_of_its_own(void **state)
{
	struct fixture f;
	unsigned before = 0;

	(void)state;
	set_up(&f);
	f.host.app_pool.rapid_fail_protection = false;
	for (int i = 0; i < 200; i++) {
		unsigned pid = 0;

		assert_false(pool_crash(f.pool, &f.host, T0, &pid));
		assert_true(pid > before);
		assert_int_equal(pid % 4, 0);
		assert_true(pid < 65536);
		before = pid;
		if (i % 10 == 0)
			pool_start(f.pool, &f.host);
	}
	pool_free(f.pool);
}

#define CRASHERS 4
#define CRASHES_EACH 1000

struct crasher {
	pthread_t thread;
	struct fixture *f;
	unsigned died, disabled;
};

static void *
crash_often(void *arg)
{
	struct crasher *c = arg;

	for (int i = 0; i < CRASHES_EACH; i++) {
		unsigned pid = 0;

		if (pool_crash(c->f->pool, &c->f->host, T0, &pid))
			c->disabled++;
		if (pid != 0)
			c->died++;
	}
	return NULL;
}

static void
of_many_crashes_at_once_exactly_one_disables(void **state)
{
	struct crasher c[CRASHERS] = { 0 };
	struct fixture f;
	unsigned died = 0, disabled = 0;

	(void)state;
	set_up(&f);
	f.host.app_pool.rapid_fail_crashes = 700;
	for (size_t i = 0; i < CRASHERS; i++) {
		c[i].f = &f;
		assert_int_equal(
		    pthread_create(&c[i].thread, NULL, crash_often, &c[i]), 0);
	}
	for (size_t i = 0; i < CRASHERS; i++) {
		pthread_join(c[i].thread, NULL);
		died += c[i].died;
		disabled += c[i].disabled;
	}
	assert_int_equal(died, 700);
	assert_int_equal(disabled, 1);
	pool_free(f.pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_as_the_model_says),
		cmocka_unit_test(the_fifth_crash_in_the_interval_disables),
		cmocka_unit_test(old_crashes_fall_out_one_by_one),
		cmocka_unit_test(number_and_interval_are_the_models),
		cmocka_unit_test(without_protection_it_crashes_for_ever),
		cmocka_unit_test(the_greatest_number_counts_to_the_last),
		cmocka_unit_test(a_start_heals_and_forgets),
		cmocka_unit_test(what_does_not_run_cannot_crash),
		cmocka_unit_test(each_process_has_a_number_of_its_own),
		cmocka_unit_test(of_many_crashes_at_once_exactly_one_disables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
