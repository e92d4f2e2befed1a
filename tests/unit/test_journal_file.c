/* SPDX-License-Identifier: MIT */
/* The journal in a file: what it goes on with, what it refuses, what others may read of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "unit/journal_sample.h"

struct folder {
	char dir[96], file[128];
};

static void
folder_make(struct folder *f)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%s/mockndes-journal-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->file, sizeof(f->file), "%s/journal.db", f->dir);
}

static void
folder_remove(const struct folder *f)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char path[160];

	for (size_t i = 0; i < nitems(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", f->file, suffixes[i]);
		unlink(path);
	}
	rmdir(f->dir);
}

static int64_t
ask_file(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t n;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void
goes_on_in_a_file(void **state)
{
	struct folder f = { "", "" };
	struct journal *j;
	struct err e = { 0 };

	(void)state;
	folder_make(&f);
	j = open_journal(
	    (struct journal_options){ .path = f.file, .entries_max = 3 });
	for (int i = 0; i < 4; i++)
		enter(j, (struct sample){ .transaction = "T", .end = "sent" });
	assert_int_equal(journal_flush(j, &e), 0);
	/* Another reader, while it is open. */
	assert_int_equal(ask_file(f.file,
			     "SELECT count(*) FROM request WHERE"
			     " \"transaction\" = 'T' AND status = 200"),
	    3);
	journal_free(j);
	j = open_journal(
	    (struct journal_options){ .path = f.file, .entries_max = 3 });
	assert_int_equal(journal_counts(j, "").entries, 3);
	assert_int_equal(journal_counts(j, "").dropped, 1);
	enter(j, (struct sample){ .end = "sent" });
	assert_int_equal(query(j, (struct journal_query){ 0 }).id[2], 5);
	assert_int_equal(journal_counts(j, "").dropped, 2);
	journal_free(j);
	assert_int_equal(
	    ask_file(f.file, "SELECT count FROM dropped WHERE site = ''"), 2);
	folder_remove(&f);
}

static void
ends_the_entries_of_a_process_that_died(void **state)
{
	struct folder f = { "", "" };
	struct journal *j;
	pid_t pid;

	(void)state;
#ifdef __SANITIZE_THREAD__
	skip(); /* it does not follow threads of a forked process */
#endif
	folder_make(&f);
	pid = fork();
	if (pid == 0) {
		struct journal_options o = { .path = f.file };

		j = journal_new(&o, NULL);
		if (j != NULL)
			enter(j, (struct sample){ .no_answer = true });
		_exit(j == NULL || journal_flush(j, NULL) == -1);
	}
	int status = -1;

	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	j = open_journal((struct journal_options){ .path = f.file });
	assert_int_equal(count(j, "end", "lost"), 1);
	journal_free(j);
	folder_remove(&f);
}

static void
refuses_files_that_are_not_its_own(void **state)
{
	struct folder f = { "", "" };
	struct err e = { 0 };
	sqlite3 *db;

	(void)state;
	folder_make(&f);
	assert_int_equal(sqlite3_open(f.file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
			     "CREATE TABLE x (y); PRAGMA user_version = 7;"
			     "PRAGMA application_id = 1835951210",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	assert_null(
	    journal_new(&(struct journal_options){ .path = f.file }, &e));
	assert_non_null(strstr(e.text, "version 7"));
	folder_remove(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_in_a_file),
		cmocka_unit_test(ends_the_entries_of_a_process_that_died),
		cmocka_unit_test(refuses_files_that_are_not_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
