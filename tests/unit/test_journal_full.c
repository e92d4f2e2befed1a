/* SPDX-License-Identifier: MIT */
/* A journal whose file may not grow: what cannot be written is dropped and counted, and it goes on when there is room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <sqlite3.h>

#include "journal/journal.h"
#include "support/process.h"

#define LIMIT 300000
#define BODY 20000

static void
enter(struct journal *j)
{
	static uint8_t body[BODY];
	struct facts arrived = { .stage = FACT_AT_ARRIVAL };
	struct facts answered = { .stage = FACT_AT_ANSWER };
	const struct journal_receipt r = {
		.site = "",
		.received_ms = 1700000000123,
		.target = BYTES_LIT("/certsrv/mscep/mscep.dll"),
		.prefix = "",
		.facts = &arrived,
	};
	const struct journal_answer a = {
		.facts = &answered,
		.verdict_why = "",
		.reply = bytes_of(body, sizeof(body)),
		.reply_bytes = sizeof(body),
	};
	const struct journal_end end = { "sent", 2500 };
	struct journal_slot *slot;

	facts_text(&arrived, FACT_OP, BYTES_LIT("GetCACert"));
	facts_text(&arrived, FACT_METHOD, BYTES_LIT("GET"));
	facts_number(&answered, FACT_STATUS, 200);
	slot = journal_open(j, &r);
	assert_non_null(slot);
	journal_answer(j, slot, &a);
	journal_end(j, slot, &end);
}

/* In the file, with a dropped count that others can read. */
static sqlite3_int64
ask(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	sqlite3_int64 n = -1;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void
drops_and_counts_what_a_full_disk_does_not_take(void **state)
{
	char dir[256], path[300];
	struct rlimit was, small;
	struct err e = { 0 };
	uint64_t entered = 0;

	(void)state;
	folder_new(dir);
	snprintf(path, sizeof(path), "%s/journal.db", dir);
	struct journal_options o = { .path = path };
	struct journal *j = journal_new(&o, &e);
	assert_non_null(j);

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = LIMIT;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	/* by the writer's thread or by this flush: some get in, then none */
	while (journal_counts(j, "").dropped == 0 && entered < 1000) {
		enter(j);
		entered++;
		if (journal_flush(j, &e) == -1)
			assert_int_equal(e.code, ERR_STORE);
		err_clear(&e);
	}
	for (int i = 0; i < 5; i++, entered++)
		enter(j);
	if (journal_flush(j, &e) == -1)
		assert_non_null(strstr(e.text, path));
	err_clear(&e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_in_range(journal_counts(j, "").entries, 1, entered - 1);
	assert_int_equal(
	    journal_counts(j, "").entries + journal_counts(j, "").dropped,
	    entered);

	uint64_t before = journal_counts(j, "").entries;
	for (int i = 0; i < 5; i++, entered++)
		enter(j);
	assert_int_equal(journal_flush(j, &e), 0);
	assert_int_equal(journal_counts(j, "").entries, before + 5);
	assert_int_equal(journal_counts(j, "").dropped, entered - before - 5);
	journal_free(j);
	assert_int_equal(ask(path, "SELECT count(*) FROM request"), before + 5);
	assert_int_equal(
	    ask(path, "SELECT count FROM dropped"), entered - before - 5);
	folder_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    drops_and_counts_what_a_full_disk_does_not_take),
	};

	return cmocka_run_group_tests_name("journal_full", tests, NULL, NULL);
}
