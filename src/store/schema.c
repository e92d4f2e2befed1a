/* SPDX-License-Identifier: MIT */
/*
 * Opening the store: is the file ours and whole, which version are its tables,
 * and the way to the current one. Each version is one row of migrations[]; all
 * that are needed run in one transaction, so a file is of the old version or
 * of the new one.
 */
#include <errno.h>
#include <string.h>

#include "store/inside.h"

/* PRAGMA application_id: "mnds". Tells our files from other databases. */
#define APPLICATION_ID 0x6d6e6473
#define BUSY_MS 5000

static const char *const migrations[] = {
	/* 0 to 1 */
	"CREATE TABLE counter ("
	"  name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO counter VALUES ('serial', 0), ('revision', 0);"
	"CREATE TABLE cert ("
	"  id INTEGER PRIMARY KEY,"
	"  serial BLOB NOT NULL UNIQUE,"
	"  subject TEXT NOT NULL,"
	"  transaction_id BLOB NOT NULL,"
	"  template TEXT NOT NULL,"
	"  key_hash BLOB NOT NULL,"
	"  not_before INTEGER NOT NULL,"
	"  not_after INTEGER NOT NULL,"
	"  issued_at INTEGER NOT NULL,"
	"  der BLOB NOT NULL,"
	"  revoked_at INTEGER,"
	"  reason INTEGER);"
	"CREATE INDEX cert_revoked ON cert (revoked_at)"
	"  WHERE revoked_at IS NOT NULL;"
	"CREATE TRIGGER cert_revision AFTER UPDATE OF revoked_at ON cert"
	"  BEGIN UPDATE counter SET value = value + 1"
	"  WHERE name = 'revision'; END;"
	"PRAGMA application_id = 1835951219;",
	/* 1 to 2: what a deployment on disk was made with */
	"CREATE TABLE setting ("
	"  name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
};

#define SCHEMA_VERSION ((int)nitems(migrations))

static const char *const statement_sql[STORE_STATEMENTS] = {
	[ST_RESERVE] = "UPDATE counter SET value = value + ?"
		       " WHERE name = 'serial' RETURNING value",
	[ST_GIVE_BACK] = "UPDATE counter SET value = ?"
			 " WHERE name = 'serial' AND value = ?",
	[ST_CERT_ADD] = "INSERT INTO cert (serial, subject, transaction_id,"
			" template, key_hash, not_before, not_after,"
			" issued_at, der) VALUES (?,?,?,?,?,?,?,?,?)",
	[ST_CERT_STATE] = "SELECT revoked_at IS NOT NULL FROM cert"
			  " WHERE serial = ?",
	[ST_CERT_GET] = "SELECT der FROM cert WHERE serial = ?",
	[ST_CERT_LAST_OF_KEY] = "SELECT der FROM cert WHERE key_hash = ?"
				" ORDER BY id DESC LIMIT 1",
	[ST_CERT_LAST_SERIAL] = "SELECT serial FROM cert"
				" ORDER BY id DESC LIMIT 1",
	[ST_CERT_REVOKE] = "UPDATE cert SET revoked_at = ?, reason = ?"
			   " WHERE serial = ? AND revoked_at IS NULL",
	[ST_REVOKED] = "SELECT serial, revoked_at, reason FROM cert"
		       " WHERE revoked_at IS NOT NULL"
		       " ORDER BY revoked_at, id",
	[ST_COUNTS] = "SELECT (SELECT coalesce(max(id), 0) FROM cert),"
		      " (SELECT value FROM counter WHERE name = 'revision')",
	[ST_SETTING_GET] = "SELECT value FROM setting WHERE name = ?",
	[ST_SETTING_SET] = "INSERT OR REPLACE INTO setting VALUES (?, ?)",
};

/* Is it the operating system that refused? Then its own words help more than SQLite's. */
static int
system_errno(struct store *s)
{
	int code = sqlite3_errcode(s->db) & 0xff;

	if (code == SQLITE_IOERR || code == SQLITE_CANTOPEN ||
	    code == SQLITE_FULL)
		return sqlite3_system_errno(s->db);
	return 0;
}

int
store_fail(struct store *s, const char *doing, struct err *e)
{
	const char *why =
	    s->db == NULL ? "out of memory" : sqlite3_errmsg(s->db);
	int saved = s->db == NULL ? 0 : system_errno(s);

	if (saved == 0)
		return err_set(
		    e, ERR_STORE, "store %s: %s: %s", s->path, doing, why);
	errno = saved;
	return err_sys(e, ERR_STORE, "store %s: %s: %s", s->path, doing, why);
}

int
store_run(struct store *s, const char *sql, const char *doing, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(s, doing, e);
	return 0;
}

/* The one number that a query gives. */
static int
ask(struct store *s, const char *sql, int *value, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int result = 0;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		*value = sqlite3_column_int(st, 0);
	else
		result = store_fail(s, "cannot read", e);
	sqlite3_finalize(st);
	return result;
}

/* Every page is looked at once, so that damage is found now and not under a request. */
static int
check_whole(struct store *s, struct err *e)
{
	sqlite3_stmt *st = NULL;
	const char *found = NULL;
	int result = -1;

	if (sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &st, NULL) ==
		SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		found = (const char *)sqlite3_column_text(st, 0);
	if (found == NULL)
		(void)store_fail(s, "it is damaged", e);
	else if (strcmp(found, "ok") != 0)
		(void)err_set(e, ERR_STORE, "store %s: it is damaged: %s",
		    s->path, found);
	else
		result = 0;
	sqlite3_finalize(st);
	return result;
}

static int
migrate_step(struct store *s, int from, struct err *e)
{
	char version[40];

	sqlite3_snprintf(
	    sizeof(version), version, "PRAGMA user_version = %d", from + 1);
	if (store_run(s, migrations[from], "cannot make the tables", e) == -1)
		return -1;
	return store_run(s, version, "cannot note the version", e);
}

/* Is it ours, or new? Then bring it to the current version. In a transaction. */
static int
migrate(struct store *s, struct err *e)
{
	int version = 0;
	int id = 0;
	int objects = 0;

	if (ask(s, "PRAGMA user_version", &version, e) == -1 ||
	    ask(s, "PRAGMA application_id", &id, e) == -1 ||
	    ask(s, "SELECT count(*) FROM sqlite_master", &objects, e) == -1)
		return -1;
	if (id != APPLICATION_ID && (objects > 0 || version != 0))
		return err_set(e, ERR_STORE,
		    "store %s: it is a database of another program", s->path);
	if (version < 0 || version > SCHEMA_VERSION)
		return err_set(e, ERR_STORE,
		    "store %s: its schema is version %d, this program knows "
		    "up to %d",
		    s->path, version, SCHEMA_VERSION);
	if (version > 0 && check_whole(s, e) == -1)
		return -1;
	for (int v = version; v < SCHEMA_VERSION; v++) {
		if (migrate_step(s, v, e) == -1)
			return -1;
	}
	return 0;
}

static int
prepare_all(struct store *s, struct err *e)
{
	for (size_t i = 0; i < STORE_STATEMENTS; i++) {
		if (sqlite3_prepare_v3(s->db, statement_sql[i], -1,
			SQLITE_PREPARE_PERSISTENT, &s->statements[i],
			NULL) != SQLITE_OK)
			return store_fail(s, "cannot prepare a statement", e);
	}
	return 0;
}

/*
 * WAL with synchronous NORMAL: a commit is a write into the log, which the
 * kernel has from then on, so the end of our process, however sudden, loses
 * nothing. The disk is waited for at checkpoints only. Should the machine
 * itself stop, the last commits may be gone, never the file: FULL would wait
 * for the disk at every enrolment to guard a mock against that. A checkpoint
 * comes after 16 MB, some 1,700 enrolments, since all wait while it does.
 * In memory, WAL quietly stays "memory".
 */
static const char durability[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
    "PRAGMA wal_autocheckpoint = 4000";

int
store_open_database(struct store *s, struct err *e)
{
	int flags =
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
		return store_fail(s, "cannot open", e);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	/* IMMEDIATE: two programs that open a new file at once take turns. */
	if (store_run(s, "BEGIN IMMEDIATE", "cannot open", e) == -1 ||
	    migrate(s, e) == -1 ||
	    store_run(s, "COMMIT", "cannot open", e) == -1 ||
	    store_run(s, durability, "cannot set the journal mode", e) == -1)
		return -1;
	if (s->in_file && store_watch(s, e) == -1)
		return -1;
	return prepare_all(s, e);
}
