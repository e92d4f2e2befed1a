/* SPDX-License-Identifier: MIT */
/* The journal: what it keeps, what is dropped and forgotten, many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "unit/journal_sample.h"

static void
drops_the_oldest_from_one_more_than_it_may_keep(void **state)
{
	struct journal *j =
	    open_journal((struct journal_options){ .entries_max = 5 });
	struct ids ids;

	(void)state;
	for (int i = 0; i < 5; i++)
		enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(journal_counts(j, "").dropped, 0);
	enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(journal_counts(j, "").dropped, 1);
	assert_int_equal(journal_counts(j, "").entries, 5);
	ids = query(j, (struct journal_query){ 0 });
	assert_int_equal(ids.n, 5);
	assert_int_equal(ids.id[0], 2);
	/* They are rows now. */
	enter(j, (struct sample){ .end = "sent" });
	enter(j, (struct sample){ .site = "s/1", .end = "sent" });
	assert_int_equal(journal_counts(j, "").dropped, 2);
	ids = query(j, (struct journal_query){ 0 });
	assert_int_equal(ids.n, 5);
	assert_int_equal(ids.id[0], 3);
	assert_int_equal(journal_dropped_in_all(j), 2);
	journal_free(j);
}

static void
drops_an_open_entry_for_good(void **state)
{
	struct journal *j =
	    open_journal((struct journal_options){ .entries_max = 2 });
	struct sample s = { .end = NULL };
	struct journal_slot *never, *row;
	struct ids ids;

	(void)state;
	never = enter(j, s);
	row = enter(j, s);
	enter(j, (struct sample){ .end = "sent" });
	ids = query(j, (struct journal_query){ 0 });
	assert_int_equal(ids.id[0], 2);
	/* The second is a row by now, and open. */
	enter(j, (struct sample){ .end = "sent" });
	end(j, never);
	end(j, row);
	ids = query(j, (struct journal_query){ 0 });
	assert_int_equal(ids.n, 2);
	assert_int_equal(ids.id[0], 3);
	assert_int_equal(journal_counts(j, "").dropped, 2);
	assert_int_equal(journal_counts(j, "").open, 0);
	journal_free(j);
}

static void
keeps_memory_bounded(void **state)
{
	const uint64_t max = 4 << 20;
	struct journal *j =
	    open_journal((struct journal_options){ .bytes_max = max });
	struct bytes reply = bytes_of(calloc(1, 100000), 100000);
	struct journal_counts c;

	(void)state;
	for (int i = 0; i < 200; i++) {
		enter(j, (struct sample){ .reply = reply, .end = "sent" });
		c = journal_counts(j, "");
		/* what waits, and what is written */
		assert_true(c.entries <= 2 * max / reply.n);
		assert_int_equal(c.entries + c.dropped, i + 1);
	}
	assert_true(journal_counts(j, "").dropped > 100);
	assert_true(query(j, (struct journal_query){ 0 }).n > 5);
	c = journal_counts(j, "");
	assert_int_equal(c.entries + c.dropped, 200);
	assert_true(c.entries <= max / 2 / reply.n);
	journal_free(j);
	union {
		const uint8_t *lent;
		void *own;
	} u = { .lent = reply.p };
	free(u.own);
}

/* A text of a client's that JSON makes six times as long. */
static char *
long_text(size_t n)
{
	char *text = malloc(n + 1);

	assert_non_null(text);
	memset(text, 1, n);
	text[n] = '\0';
	return text;
}

static void
drops_an_entry_that_is_too_large_and_no_other(void **state)
{
	struct journal *j = *state;
	char *text = long_text(1000000);
	struct journal_slot *slot;
	struct err e = { 0 };
	struct ids ids;

	enter(j, (struct sample){ .end = "sent" });
	enter(j, (struct sample){ .subject = text, .end = "sent" });
	enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(journal_flush(j, &e), 0);
	ids = query(j, (struct journal_query){ 0 });
	assert_int_equal(ids.n, 2);
	assert_int_equal(ids.id[0], 1);
	assert_int_equal(ids.id[1], 3);
	assert_int_equal(journal_counts(j, "").entries, 2);
	assert_int_equal(journal_counts(j, "").dropped, 1);

	slot = enter(j, (struct sample){ .subject = text });
	assert_int_equal(journal_flush(j, &e), 0);
	assert_int_equal(journal_counts(j, "").open, 0);
	end(j, slot);
	assert_int_equal(journal_counts(j, "").open, 0);
	assert_int_equal(journal_counts(j, "").dropped, 2);
	free(text);
}

static void
forgets_what_is_open_when_it_is_cleared(void **state)
{
	struct journal *j = *state;
	struct err e = { 0 };
	struct journal_slot *fresh, *row;

	row = enter(j, (struct sample){ .end = NULL });
	assert_int_equal(query(j, (struct journal_query){ 0 }).n, 1);
	fresh = enter(j, (struct sample){ .no_answer = true });
	assert_int_equal(journal_clear(j, "", &e), 0);
	assert_int_equal(journal_counts(j, "").open, 0);
	answer(j, fresh, &(struct sample){ 0 });
	end(j, row);
	end(j, fresh);
	assert_int_equal(query(j, (struct journal_query){ 0 }).n, 0);
	enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(query(j, (struct journal_query){ 0 }).id[0], 3);
}

/* ---- many threads ---- */

#define THREADS 4
#define EACH 500

static void *
hammer(void *arg)
{
	for (int i = 0; i < EACH; i++)
		enter(arg,
		    (struct sample){
			.site = i % 2 ? "s/1" : "", .end = "sent" });
	return NULL;
}

static void
loses_nothing_under_threads(void **state)
{
	struct journal *j =
	    open_journal((struct journal_options){ .entries_max = 300 });
	pthread_t threads[THREADS];
	struct journal_counts a, b;
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, hammer, j), 0);
	for (int i = 0; i < 20; i++) {
		struct journal_query q = { .site = "", .limit = 50 };
		struct ids ids = { .n = 0 };
		assert_int_equal(journal_query(j, &q, add_id, &ids, &e), 0);
		if (i == 10)
			assert_int_equal(journal_clear(j, "s/1", &e), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	a = journal_counts(j, "");
	b = journal_counts(j, "s/1");
	assert_int_equal(a.entries + a.dropped, THREADS * EACH / 2);
	assert_true(b.entries + b.dropped <= THREADS * EACH / 2);
	assert_int_equal(a.open + b.open, 0);
	assert_int_equal(query(j, (struct journal_query){ .limit = 60 }).n, 60);
	journal_free(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    drops_the_oldest_from_one_more_than_it_may_keep),
		cmocka_unit_test(drops_an_open_entry_for_good),
		cmocka_unit_test(keeps_memory_bounded),
		cmocka_unit_test_setup_teardown(
		    drops_an_entry_that_is_too_large_and_no_other, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    forgets_what_is_open_when_it_is_cleared, setup, teardown),
		cmocka_unit_test(loses_nothing_under_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
