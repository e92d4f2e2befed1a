/* SPDX-License-Identifier: MIT */
/* The crypto workers: every job is run exactly once, also those queued when the workers stop. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/workers.h"

#define JOBS 2000

struct count {
	struct job job;
	atomic_uint runs;
	struct pki_ctx *ctx;
};

static void
count_run(struct job *job, struct pki_ctx *ctx)
{
	struct count *c = (struct count *)job;

	c->ctx = ctx;
	atomic_fetch_add(&c->runs, 1);
}

static void
every_job_runs_once_even_when_stopping(void **state)
{
	static struct count jobs[JOBS];
	struct err e = { 0 };
	struct pki_lib *lib = pki_lib_new(&e);
	struct workers *w;

	(void)state;
	assert_non_null(lib);
	w = workers_start(lib, 3, &e);
	assert_non_null(w);
	for (size_t i = 0; i < JOBS; i++) {
		jobs[i].job.run = count_run;
		workers_submit(w, &jobs[i].job);
	}
	workers_stop(w);
	for (size_t i = 0; i < JOBS; i++) {
		assert_int_equal(atomic_load(&jobs[i].runs), 1);
		assert_non_null(jobs[i].ctx);
	}
	pki_lib_free(lib);
}

struct order {
	struct job job;
	size_t mine, *next;
	bool in_order;
};

static void
order_run(struct job *job, struct pki_ctx *ctx)
{
	struct order *o = (struct order *)job;

	(void)ctx;
	o->in_order = o->mine == *o->next;
	(*o->next)++;
}

static void
one_worker_keeps_the_order_of_arrival(void **state)
{
	struct order jobs[100];
	size_t next = 0;
	struct pki_lib *lib = pki_lib_new(NULL);
	struct workers *w;

	(void)state;
	assert_non_null(lib);
	w = workers_start(lib, 1, NULL);
	assert_non_null(w);
	for (size_t i = 0; i < 100; i++) {
		jobs[i] =
		    (struct order){ { order_run, NULL }, i, &next, false };
		workers_submit(w, &jobs[i].job);
	}
	workers_stop(w);
	for (size_t i = 0; i < 100; i++)
		assert_true(jobs[i].in_order);
	pki_lib_free(lib);
}

static void
stopping_nothing_is_fine(void **state)
{
	(void)state;
	workers_stop(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_job_runs_once_even_when_stopping),
		cmocka_unit_test(one_worker_keeps_the_order_of_arrival),
		cmocka_unit_test(stopping_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
