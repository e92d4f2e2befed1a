/* SPDX-License-Identifier: MIT */
/*
 * A store whose disk gives trouble: every write fails in turn and the store
 * says so, changes nothing and recovers; a log cut at any place gives what was
 * added first; damage anywhere is survived; and files of the first schema are
 * brought to the current one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/store.h"
#include "support/process.h"

#define CERTS 40

/* ---- a disk that fails: SQLite's own way to files, with a count ---- */

/* Those of one kind of file, and ours in front of them. */
struct methods {
	sqlite3_io_methods ours;
	const sqlite3_io_methods *real;
};

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	struct methods methods[4];
	int code; /* of writes that fail */
	int left; /* writes that still succeed; -1: all */
	int failed;
} disk = { .left = -1 };

static const sqlite3_io_methods *
real_of(const sqlite3_file *f)
{
	return ((const struct methods *)f->pMethods)->real;
}

static int
write_allowed(void)
{
	if (disk.left < 0)
		return SQLITE_OK;
	if (disk.left > 0) {
		disk.left--;
		return SQLITE_OK;
	}
	disk.failed++;
	return disk.code;
}

static int
disk_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	int rc = write_allowed();
	return rc != SQLITE_OK ? rc : real_of(f)->xWrite(f, p, n, at);
}

static int
disk_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = write_allowed();
	return rc != SQLITE_OK ? rc : real_of(f)->xTruncate(f, size);
}

static int
disk_sync(sqlite3_file *f, int flags)
{
	int rc = write_allowed();
	return rc != SQLITE_OK ? rc : real_of(f)->xSync(f, flags);
}

static int
disk_open(
    sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *f, int flags, int *out)
{
	int rc;
	(void)v;
	rc = disk.real->xOpen(disk.real, name, f, flags, out);
	if (rc != SQLITE_OK || f->pMethods == NULL)
		return rc;
	for (size_t i = 0; i < nitems(disk.methods); i++) {
		struct methods *m = &disk.methods[i];

		if (m->real == NULL) {
			m->real = f->pMethods;
			m->ours = *m->real;
			m->ours.xWrite = disk_write;
			m->ours.xTruncate = disk_truncate;
			m->ours.xSync = disk_sync;
		}
		if (m->real == f->pMethods) {
			f->pMethods = &m->ours;
			return rc;
		}
	}
	return SQLITE_INTERNAL;
}

static int
disk_install(void **state)
{
	(void)state;
	disk.real = sqlite3_vfs_find(NULL);
	disk.vfs = *disk.real;
	disk.vfs.zName = "trouble";
	disk.vfs.pNext = NULL;
	disk.vfs.xOpen = disk_open;
	return sqlite3_vfs_register(&disk.vfs, 1) == SQLITE_OK ? 0 : -1;
}

static int
disk_remove(void **state)
{
	(void)state;
	return sqlite3_vfs_unregister(&disk.vfs) == SQLITE_OK ? 0 : -1;
}

/* ---- certificates ---- */

static int
add(struct store *s, unsigned n, struct err *e)
{
	static const uint8_t body[1500] = { 1 };
	uint8_t serial[] = { 0x61, (uint8_t)(n >> 8), (uint8_t)n };
	const struct store_cert cert = {
		.serial = bytes_of(serial, sizeof(serial)),
		.subject = BYTES_LIT("CN=probe"),
		.transaction_id = BYTES_LIT("0123456789"),
		.template_name = BYTES_LIT("IPSECIntermediateOffline"),
		.key_hash = BYTES_LIT("hash"),
		.not_before = 1000,
		.not_after = 2000,
		.issued_at = 1600,
		.der = bytes_of(body, sizeof(body)),
	};

	return store_cert_add(s, &cert, e);
}

static bool
has(struct store *s, unsigned n)
{
	const uint8_t serial[] = { 0x61, (uint8_t)(n >> 8), (uint8_t)n };
	enum store_cert_state state = STORE_CERT_UNKNOWN;
	struct err e = { 0 };

	assert_int_equal(
	    store_cert_state(s, bytes_of(serial, sizeof(serial)), &state, &e),
	    0);
	return state != STORE_CERT_UNKNOWN;
}

static uint64_t
count(struct store *s)
{
	uint64_t certs = 0, revision = 0;
	struct err e = { 0 };

	assert_int_equal(store_counts(s, &certs, &revision, &e), 0);
	return certs;
}

static struct store *
open_or_fail(const char *path)
{
	struct err e = { 0 };
	struct store *s = store_open(path, &e);

	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

/* ---- writes that fail ---- */

struct trouble {
	const char *sentence;
	int code;
	const char *said;
};

static const struct trouble troubles[] = {
	{ "the disk is full", SQLITE_FULL, "database or disk is full" },
	{ "a write fails", SQLITE_IOERR_WRITE, "disk I/O error" },
	{ "the file may not be written any more", SQLITE_READONLY,
	    "attempt to write a readonly database" },
};

/* With so many writes left, until one fails; then again without trouble. Is that the end of it? */
static bool
fail_at(const char *path, const struct trouble *t, int left, uint64_t *last)
{
	struct store *s = open_or_fail(path);
	uint64_t before = count(s), number = 0;
	unsigned n = (unsigned)before;
	struct err e = { 0 };
	bool failed;

	disk.code = t->code;
	disk.left = left;
	disk.failed = 0;
	failed = store_next_serial(s, &number, &e) == -1 || add(s, n, &e) == -1;
	disk.left = -1;
	if (failed) {
		if (strstr(e.text, t->said) == NULL)
			fail_msg("%s, %d left: %s", t->sentence, left, e.text);
		assert_int_equal(count(s), before);
		assert_false(has(s, n));
		err_clear(&e);
		if (store_next_serial(s, &number, &e) == -1 ||
		    add(s, n, &e) == -1)
			fail_msg("%s, %d left, then none: %s", t->sentence,
			    left, e.text);
	}
	assert_true(number > *last);
	*last = number;
	assert_true(has(s, n));
	assert_int_equal(count(s), before + 1);
	store_close(s);
	return disk.failed == 0;
}

static void
each_write_may_fail_and_nothing_is_lost(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(troubles); i++) {
		char dir[256], path[300];
		uint64_t last = 0;
		int left = 0;

		folder_new(dir);
		snprintf(path, sizeof(path), "%s/store.db", dir);
		while (!fail_at(path, &troubles[i], left, &last))
			left++;
		assert_true(left > 2);
		folder_remove(dir);
	}
}

/* A number may be lost by it, a start may fail, nothing else. */
static void
a_close_that_cannot_write_loses_nothing(void **state)
{
	char dir[256], path[300];
	uint64_t number = 0, before = 0;
	struct err e = { 0 };

	(void)state;
	folder_new(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	for (int left = 0; left < 12; left++) {
		struct store *s = open_or_fail(path);

		assert_int_equal(store_next_serial(s, &number, &e), 0);
		assert_true(number > before);
		before = number;
		assert_int_equal(add(s, (unsigned)left, &e), 0);
		disk.code = SQLITE_FULL;
		disk.left = left;
		store_close(s);
		disk.left = -1;
		s = open_or_fail(path);
		assert_int_equal(count(s), (uint64_t)left + 1);
		store_close(s);
	}
	folder_remove(dir);
}

static void
a_new_store_that_cannot_be_written_is_made_later(void **state)
{
	char dir[256], path[300];
	struct err e = { 0 };
	struct store *s = NULL;

	(void)state;
	folder_new(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	for (int left = 0; s == NULL; left++) {
		disk.code = SQLITE_FULL;
		disk.left = left;
		err_clear(&e);
		s = store_open(path, &e);
		disk.left = -1;
		assert_true(s != NULL || e.code == ERR_STORE);
		assert_true(left < 200);
	}
	assert_int_equal(add(s, 0, &e), 0);
	store_close(s);
	folder_remove(dir);
}

/* ---- a log that ends anywhere ---- */

static size_t
read_whole(const char *path, uint8_t **p)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	n = (size_t)ftell(f);
	rewind(f);
	*p = malloc(n + 1);
	assert_non_null(*p);
	assert_int_equal(fread(*p, 1, n, f), n);
	fclose(f);
	return n;
}

static void
write_whole(const char *path, const uint8_t *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* A store as the end of its process leaves it: copies of its files while it is open. */
struct remains {
	char dir[256], db[300], wal[300];
	uint8_t *db_p, *wal_p;
	size_t db_n, wal_n;
};

static void
remains_make(struct remains *r)
{
	struct err e = { 0 };

	folder_new(r->dir);
	snprintf(r->db, sizeof(r->db), "%s/store.db", r->dir);
	snprintf(r->wal, sizeof(r->wal), "%s/store.db-wal", r->dir);
	struct store *s = open_or_fail(r->db);
	for (unsigned i = 0; i < CERTS; i++)
		assert_int_equal(add(s, i, &e), 0);
	r->db_n = read_whole(r->db, &r->db_p);
	r->wal_n = read_whole(r->wal, &r->wal_p);
	assert_true(r->wal_n > 4096);
	store_close(s);
}

static void
remains_put(const struct remains *r, size_t wal_n)
{
	char shm[310];

	snprintf(shm, sizeof(shm), "%s/store.db-shm", r->dir);
	unlink(shm);
	write_whole(r->db, r->db_p, r->db_n);
	write_whole(r->wal, r->wal_p, wal_n);
}

static void
remains_clear(struct remains *r)
{
	free(r->db_p);
	free(r->wal_p);
	folder_remove(r->dir);
}

/* All up to some one are there, and none behind it. */
static unsigned
assert_prefix(struct store *s)
{
	unsigned n = 0;

	while (n < CERTS && has(s, n))
		n++;
	for (unsigned i = n; i < CERTS; i++)
		assert_false(has(s, i));
	assert_int_equal(count(s), n);
	return n;
}

static void
a_log_cut_anywhere_gives_what_was_added_first(void **state)
{
	struct remains r;
	unsigned before = 0;

	(void)state;
	remains_make(&r);
	for (size_t n = 0; n <= r.wal_n;) {
		unsigned got;
		struct err e = { 0 };

		remains_put(&r, n);
		struct store *s = store_open(r.db, &e);
		if (s == NULL)
			fail_msg("log of %zu bytes: %s", n, e.text);
		got = assert_prefix(s);
		assert_true(got >= before);
		before = got;
		store_close(s);
		n += n == r.wal_n ? 1 : r.wal_n - n < 1031 ? r.wal_n - n : 1031;
	}
	assert_int_equal(before, CERTS);
	remains_clear(&r);
}

/* ---- damage ---- */

/* Refused with a sentence, or good enough for everything that is asked; never worse. */
static void
use_damaged(const char *path)
{
	struct err e = { 0 };
	struct store *s = store_open(path, &e);
	uint64_t n, revision;

	if (s == NULL) {
		assert_int_equal(e.code, ERR_STORE);
		assert_non_null(strstr(e.text, path));
		return;
	}
	if (store_next_serial(s, &n, &e) == -1 || add(s, CERTS + 1, &e) == -1)
		assert_int_equal(e.code, ERR_STORE);
	err_clear(&e);
	if (store_counts(s, &n, &revision, &e) == -1)
		assert_int_equal(e.code, ERR_STORE);
	store_close(s);
}

static void
damage_anywhere_is_survived(void **state)
{
	struct remains r;
	uint8_t *whole;
	unsigned seed = 1;

	(void)state;
	remains_make(&r);
	size_t n = read_whole(r.db, &whole); /* closed: all is in the file */
	for (int i = 0; i < 150; i++) {
		size_t at = (size_t)rand_r(&seed) % n;
		size_t length = 1 + (size_t)rand_r(&seed) % 64;
		uint8_t *copy = malloc(n);

		assert_non_null(copy);
		memcpy(copy, whole, n);
		for (size_t k = at; k < n && k < at + length; k++)
			copy[k] ^= (uint8_t)(1 + rand_r(&seed) % 255);
		write_whole(r.db, copy, i % 5 == 4 ? at : n);
		if (i % 5 != 4 || at > 0)
			use_damaged(r.db);
		free(copy);
		unlink(r.wal);
	}
	free(whole);
	remains_clear(&r);
}

/* ---- schemas ---- */

static void
make_version_1(const char *path)
{
	static const char sql[] =
	    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT"
	    " NULL) WITHOUT ROWID;"
	    "INSERT INTO counter VALUES ('serial', 7), ('revision', 1);"
	    "CREATE TABLE cert (id INTEGER PRIMARY KEY, serial BLOB NOT NULL"
	    " UNIQUE, subject TEXT NOT NULL, transaction_id BLOB NOT NULL,"
	    " template TEXT NOT NULL, key_hash BLOB NOT NULL, not_before"
	    " INTEGER NOT NULL, not_after INTEGER NOT NULL, issued_at INTEGER"
	    " NOT NULL, der BLOB NOT NULL, revoked_at INTEGER, reason"
	    " INTEGER);"
	    "CREATE INDEX cert_revoked ON cert (revoked_at) WHERE revoked_at"
	    " IS NOT NULL;"
	    "CREATE TRIGGER cert_revision AFTER UPDATE OF revoked_at ON cert"
	    " BEGIN UPDATE counter SET value = value + 1 WHERE name ="
	    " 'revision'; END;"
	    "INSERT INTO cert VALUES (1, x'610000', 'CN=old', x'', 't', x'00',"
	    " 1, 2, 1, x'3000', 5, 1);"
	    "PRAGMA application_id = 1835951219; PRAGMA user_version = 1;";
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
a_file_of_the_first_schema_is_brought_to_this_one(void **state)
{
	char dir[256], path[300];
	uint64_t number = 0;
	struct err e = { 0 };

	(void)state;
	folder_new(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	make_version_1(path);
	struct store *s = open_or_fail(path);
	assert_true(has(s, 0));
	assert_int_equal(store_next_serial(s, &number, &e), 0);
	assert_int_equal(number, 8);
	assert_int_equal(store_setting_set(s, "hostname", "a", &e), 0);
	store_close(s);
	s = open_or_fail(path);
	assert_int_equal(count(s), 1);
	store_close(s);
	folder_remove(dir);
}

/* The old tables, or the new ones: there is nothing between. */
static void
a_migration_that_fails_leaves_the_old_file(void **state)
{
	struct err e = { 0 };
	struct store *s = NULL;

	(void)state;
	for (int left = 0; s == NULL; left++) {
		char dir[256], path[300];

		folder_new(dir);
		snprintf(path, sizeof(path), "%s/store.db", dir);
		make_version_1(path);
		disk.code = SQLITE_IOERR_WRITE;
		disk.left = left;
		err_clear(&e);
		s = store_open(path, &e);
		disk.left = -1;
		store_close(s);
		struct store *again = open_or_fail(path);
		assert_true(has(again, 0));
		store_close(again);
		folder_remove(dir);
		assert_true(left < 200);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_write_may_fail_and_nothing_is_lost),
		cmocka_unit_test(a_close_that_cannot_write_loses_nothing),
		cmocka_unit_test(
		    a_new_store_that_cannot_be_written_is_made_later),
		cmocka_unit_test(a_log_cut_anywhere_gives_what_was_added_first),
		cmocka_unit_test(damage_anywhere_is_survived),
		cmocka_unit_test(
		    a_file_of_the_first_schema_is_brought_to_this_one),
		cmocka_unit_test(a_migration_that_fails_leaves_the_old_file),
	};

	return cmocka_run_group_tests_name(
	    "store_trouble", tests, disk_install, disk_remove);
}
