/* SPDX-License-Identifier: MIT */
/*
 * The certificate store on SQLite: one connection, prepared statements that
 * live as long as it, one lock around each call. What the rows mean and who
 * may ask is the callers' business.
 *
 * Schema, version 1 (PRAGMA user_version; each version is one row of
 * migrations[], run in one transaction):
 *
 *	counter   name, value
 *	          "serial": the last number handed out; it only ever grows.
 *	          "revision": how often the revoked set has changed.
 *	cert      id              1, 2, 3 ... in order of issue; no row is ever
 *	                          deleted, so the highest id is the count
 *	          serial          contents octets of the INTEGER; unique
 *	          subject         the Name as one line of text
 *	          transaction_id  as the client sent it; may be empty
 *	          template        name of the template
 *	          key_hash        SHA-256 of the SubjectPublicKeyInfo
 *	          not_before, not_after, issued_at   unix seconds
 *	          der             the certificate
 *	          revoked_at      unix seconds; NULL: not revoked
 *	          reason          RFC 5280 5.3.1
 *	A trigger counts "revision" when revoked_at changes.
 */
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>

#include <sqlite3.h>

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
};

#define SCHEMA_VERSION ((int)nitems(migrations))

enum statement {
	ST_NEXT_SERIAL,
	ST_CERT_ADD,
	ST_CERT_STATE,
	ST_CERT_GET,
	ST_CERT_LAST_OF_KEY,
	ST_CERT_LAST_SERIAL,
	ST_CERT_REVOKE,
	ST_REVOKED,
	ST_COUNTS,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	[ST_NEXT_SERIAL] = "UPDATE counter SET value = value + 1"
			   " WHERE name = 'serial' RETURNING value",
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
};

struct store {
	pthread_mutex_t lock; /* around everything below */
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[STATEMENTS];
};

static int
fail(struct store *s, const char *doing, struct err *e)
{
	return err_set(e, ERR_STORE, "store %s: %s: %s", s->path, doing,
	    s->db == NULL ? "out of memory" : sqlite3_errmsg(s->db));
}

/* ---- opening ---- */

static int
run(struct store *s, const char *sql, const char *doing, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(s, doing, e);
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
		result = fail(s, "cannot read", e);
	sqlite3_finalize(st);
	return result;
}

static int
migrate_step(struct store *s, int from, struct err *e)
{
	char version[40];

	sqlite3_snprintf(
	    sizeof(version), version, "PRAGMA user_version = %d", from + 1);
	if (run(s, migrations[from], "cannot make the tables", e) == -1)
		return -1;
	return run(s, version, "cannot note the version", e);
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
	for (int v = version; v < SCHEMA_VERSION; v++) {
		if (migrate_step(s, v, e) == -1)
			return -1;
	}
	return 0;
}

static int
prepare_all(struct store *s, struct err *e)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		if (sqlite3_prepare_v3(s->db, statement_sql[i], -1,
			SQLITE_PREPARE_PERSISTENT, &s->statements[i],
			NULL) != SQLITE_OK)
			return fail(s, "cannot prepare a statement", e);
	}
	return 0;
}

static int
open_database(struct store *s, struct err *e)
{
	int flags =
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
		return fail(s, "cannot open", e);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	/* IMMEDIATE: two programs that open a new file at once take turns. */
	if (run(s, "BEGIN IMMEDIATE", "cannot open", e) == -1 ||
	    migrate(s, e) == -1 || run(s, "COMMIT", "cannot open", e) == -1)
		return -1;
	/* In memory, WAL quietly stays "memory". */
	if (run(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
		"cannot set the journal mode", e) == -1)
		return -1;
	return prepare_all(s, e);
}

struct store *
store_open(const char *path, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the store");
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	s->path = strdup(path == NULL ? ":memory:" : path);
	if (s->path == NULL)
		err_set(e, ERR_MEMORY, "no memory for the store");
	if (s->path == NULL || open_database(s, e) == -1) {
		store_close(s);
		return NULL;
	}
	return s;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}

/* ---- one call: take the lock and a statement, bind, step, give back ---- */

static sqlite3_stmt *
take(struct store *s, enum statement which)
{
	pthread_mutex_lock(&s->lock);
	return s->statements[which];
}

/* rc is that of the last step. 0, or -1 when it is an error. */
static int
give(
    struct store *s, sqlite3_stmt *st, int rc, const char *doing, struct err *e)
{
	int result = 0;

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		result = fail(s, doing, e);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	pthread_mutex_unlock(&s->lock);
	return result;
}

/* Lent to SQLite until give(). An empty span is an empty blob, not NULL. */
static void
bind_blob(sqlite3_stmt *st, int at, struct bytes v)
{
	if (v.n == 0)
		sqlite3_bind_zeroblob(st, at, 0);
	else
		sqlite3_bind_blob64(st, at, v.p, v.n, SQLITE_STATIC);
}

static void
bind_text(sqlite3_stmt *st, int at, struct bytes v)
{
	const char *p = v.n == 0 ? "" : (const char *)v.p;

	sqlite3_bind_text64(st, at, p, v.n, SQLITE_STATIC, SQLITE_UTF8);
}

static struct bytes
column_blob(sqlite3_stmt *st, int at)
{
	const void *p = sqlite3_column_blob(st, at);

	return bytes_of(p, (size_t)sqlite3_column_bytes(st, at));
}

int
store_next_serial(struct store *s, uint64_t *number, struct err *e)
{
	sqlite3_stmt *st = take(s, ST_NEXT_SERIAL);
	int64_t value = 0;

	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		value = sqlite3_column_int64(st, 0);
		rc = sqlite3_step(st); /* the statement commits here */
	}
	if (give(s, st, rc, "cannot take a serial number", e) == -1)
		return -1;
	if (value <= 0)
		return err_set(
		    e, ERR_STORE, "store %s: no serial counter", s->path);
	*number = (uint64_t)value;
	return 0;
}

int
store_cert_add(struct store *s, const struct store_cert *cert, struct err *e)
{
	sqlite3_stmt *st = take(s, ST_CERT_ADD);

	bind_blob(st, 1, cert->serial);
	bind_text(st, 2, cert->subject);
	bind_blob(st, 3, cert->transaction_id);
	bind_text(st, 4, cert->template_name);
	bind_blob(st, 5, cert->key_hash);
	sqlite3_bind_int64(st, 6, cert->not_before);
	sqlite3_bind_int64(st, 7, cert->not_after);
	sqlite3_bind_int64(st, 8, cert->issued_at);
	bind_blob(st, 9, cert->der);
	return give(s, st, sqlite3_step(st), "cannot add a certificate", e);
}

int
store_cert_state(struct store *s, struct bytes serial,
    enum store_cert_state *state, struct err *e)
{
	sqlite3_stmt *st = take(s, ST_CERT_STATE);
	enum store_cert_state found = STORE_CERT_UNKNOWN;

	bind_blob(st, 1, serial);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		found = sqlite3_column_int(st, 0) != 0 ? STORE_CERT_REVOKED
						       : STORE_CERT_GOOD;
	if (give(s, st, rc, "cannot look up a certificate", e) == -1)
		return -1;
	*state = found;
	return 0;
}

/* The one blob that a statement gives, appended; *found says whether there was a row. */
static int
get_blob(struct store *s, sqlite3_stmt *st, struct buf *out, bool *found,
    struct err *e)
{
	int rc = sqlite3_step(st);
	bool there = rc == SQLITE_ROW;

	if (there)
		buf_add(out, column_blob(st, 0));
	if (give(s, st, rc, "cannot read a certificate", e) == -1)
		return -1;
	if (!buf_ok(out))
		return err_set(
		    e, ERR_MEMORY, "no room for a certificate from the store");
	*found = there;
	return 0;
}

int
store_cert_get(struct store *s, struct bytes serial, struct buf *out,
    bool *found, struct err *e)
{
	sqlite3_stmt *st = take(s, ST_CERT_GET);

	bind_blob(st, 1, serial);
	return get_blob(s, st, out, found, e);
}

int
store_cert_last_of_key(struct store *s, struct bytes key_hash, struct buf *out,
    bool *found, struct err *e)
{
	sqlite3_stmt *st = take(s, ST_CERT_LAST_OF_KEY);

	bind_blob(st, 1, key_hash);
	return get_blob(s, st, out, found, e);
}

int
store_cert_last_serial(struct store *s, struct buf *out, struct err *e)
{
	bool found;

	return get_blob(s, take(s, ST_CERT_LAST_SERIAL), out, &found, e);
}

int
store_cert_revoke(struct store *s, struct bytes serial, int64_t at, int reason,
    bool *found, struct err *e)
{
	enum store_cert_state state;

	if (store_cert_state(s, serial, &state, e) == -1)
		return -1;
	if (state != STORE_CERT_GOOD) {
		*found = state == STORE_CERT_REVOKED;
		return 0;
	}
	/* Should another thread be faster, this one changes no row: its date stays. */
	sqlite3_stmt *st = take(s, ST_CERT_REVOKE);
	sqlite3_bind_int64(st, 1, at);
	sqlite3_bind_int(st, 2, reason);
	bind_blob(st, 3, serial);
	if (give(s, st, sqlite3_step(st), "cannot revoke a certificate", e) ==
	    -1)
		return -1;
	*found = true;
	return 0;
}

int
store_revoked_each(struct store *s,
    bool (*each)(void *ctx, struct bytes serial, int64_t at, int reason),
    void *ctx, struct err *e)
{
	sqlite3_stmt *st = take(s, ST_REVOKED);
	int rc = sqlite3_step(st);

	while (rc == SQLITE_ROW &&
	    each(ctx, column_blob(st, 0), sqlite3_column_int64(st, 1),
		sqlite3_column_int(st, 2)))
		rc = sqlite3_step(st);
	return give(s, st, rc, "cannot read the revoked certificates", e);
}

int
store_counts(
    struct store *s, uint64_t *certs, uint64_t *revision, struct err *e)
{
	sqlite3_stmt *st = take(s, ST_COUNTS);
	int64_t count = 0;
	int64_t changes = 0;

	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		count = sqlite3_column_int64(st, 0);
		changes = sqlite3_column_int64(st, 1);
	}
	if (give(s, st, rc, "cannot count", e) == -1)
		return -1;
	*certs = (uint64_t)count;
	*revision = (uint64_t)changes;
	return 0;
}
