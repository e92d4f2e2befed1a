/* SPDX-License-Identifier: MIT */
/* The journal's table on SQLite. The statements are put together from the caller's columns, once. */
#include "store/entries.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "store/entries_inside.h"

#define APPLICATION_ID 0x6d6e646a /* "mndj" */
#define SCHEMA_VERSION 1
#define SQL_MAX ((size_t)64 << 10)
#define BUSY_MS 5000

int
entries_fail(struct entries *s, const char *doing, struct err *e)
{
	return err_set(e, ERR_STORE, "journal %s: %s: %s", s->path, doing,
	    s->db == NULL ? "out of memory" : sqlite3_errmsg(s->db));
}

/* ---- statements ---- */

static void
add_columns(struct buf *b, const struct entries *s, const char *around)
{
	for (size_t i = 0; i < s->count; i++)
		buf_addf(b, ", \"%s\"%s", s->columns[i].name, around);
}

static void
write_schema(struct buf *b, const struct entries *s)
{
	buf_add_str(b,
	    "CREATE TABLE request (id INTEGER PRIMARY KEY,"
	    " site TEXT NOT NULL, received_ms INTEGER NOT NULL,"
	    " answered_us INTEGER, ended_us INTEGER, \"end\" TEXT");
	for (size_t i = 0; i < s->count; i++)
		buf_addf(b, ", \"%s\" %s", s->columns[i].name,
		    s->columns[i].number ? "INTEGER" : "TEXT");
	buf_addf(b,
	    ", headers TEXT, entry TEXT, message BLOB, csr BLOB, reply BLOB);"
	    "CREATE INDEX request_site ON request (site, id);"
	    "CREATE TABLE dropped (site TEXT PRIMARY KEY,"
	    " count INTEGER NOT NULL) WITHOUT ROWID;"
	    "PRAGMA application_id = %d; PRAGMA user_version = %d;",
	    APPLICATION_ID, SCHEMA_VERSION);
}

static void
write_put(struct buf *b, const struct entries *s)
{
	buf_add_str(b,
	    "INSERT OR REPLACE INTO request (id, site, received_ms,"
	    " answered_us, ended_us, \"end\"");
	add_columns(b, s, "");
	buf_add_str(b, ", headers, entry, message, csr, reply) VALUES (?");
	for (size_t i = 1; i < FIXED_COLUMNS + s->count + TAIL_COLUMNS; i++)
		buf_add_str(b, ",?");
	buf_add_str(b, ")");
}

static void
write_scan(struct buf *b, const struct entries *s, bool down, bool bare)
{
	buf_add_str(
	    b, "SELECT id, site, received_ms, answered_us, ended_us, \"end\"");
	add_columns(b, s, "");
	buf_addf(b,
	    ", headers, entry, %s FROM request"
	    " WHERE site = ?1 AND id > ?2 AND id < ?3"
	    " ORDER BY id %s",
	    bare ? "NULL, NULL, NULL" : "message, csr, reply",
	    down ? "DESC" : "ASC");
}

static const char *const fixed_sql[STATEMENTS] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_ROLLBACK] = "ROLLBACK",
	[ST_END] = "UPDATE request SET ended_us = ?2, \"end\" = ?3"
		   " WHERE id = ?1",
	[ST_TRIM] = "DELETE FROM request WHERE site = ?1 AND id <= ("
		    "SELECT id FROM request WHERE site = ?1"
		    " ORDER BY id DESC LIMIT 1 OFFSET ?2)",
	[ST_OLDEST] = "SELECT id, site FROM request ORDER BY id LIMIT 1",
	[ST_DELETE] = "DELETE FROM request WHERE id = ?",
	[ST_CLEAR] = "DELETE FROM request WHERE site = ?",
	[ST_FORGET_DROPPED] = "DELETE FROM dropped WHERE site = ?",
	[ST_SIZE] = "SELECT (page_count - freelist_count) * page_size FROM"
		    " pragma_page_count, pragma_freelist_count,"
		    " pragma_page_size",
	[ST_LAST] = "SELECT coalesce(max(id), 0) FROM request",
	[ST_BOUNDS] = "SELECT coalesce(min(id), 0), coalesce(max(id), 0)"
		      " FROM request WHERE site = ?",
	[ST_SITES] = "SELECT site, sum(n), sum(d) FROM (SELECT site, count(*)"
		     " AS n, 0 AS d FROM request GROUP BY site UNION ALL"
		     " SELECT site, 0, count FROM dropped) GROUP BY site",
	[ST_LOST] = "UPDATE request SET ended_us = coalesce(answered_us, 0),"
		    " \"end\" = 'lost' WHERE \"end\" IS NULL",
	[ST_DROPPED] = "INSERT OR REPLACE INTO dropped VALUES (?, ?)",
};

static int
prepare(struct entries *s, enum statement which, const char *sql, struct err *e)
{
	if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
		&s->statements[which], NULL) != SQLITE_OK)
		return entries_fail(s, "cannot prepare a statement", e);
	return 0;
}

static int
prepare_written(
    struct entries *s, enum statement which, struct buf *sql, struct err *e)
{
	int rc = buf_ok(sql)
	    ? prepare(s, which, buf_str(sql), e)
	    : err_set(e, ERR_MEMORY, "no memory for a statement");

	buf_clear(sql);
	return rc;
}

static int
prepare_scans(struct entries *s, struct err *e)
{
	struct buf sql;

	for (int which = ST_UP; which <= ST_DOWN_BARE; which++) {
		buf_init(&sql, SQL_MAX);
		write_scan(&sql, s, which >= ST_DOWN,
		    which == ST_UP_BARE || which == ST_DOWN_BARE);
		if (prepare_written(s, (enum statement)which, &sql, e) == -1)
			return -1;
	}
	return 0;
}

static int
prepare_all(struct entries *s, struct err *e)
{
	struct buf sql;

	for (int i = 0; i < STATEMENTS; i++) {
		if (fixed_sql[i] != NULL &&
		    prepare(s, (enum statement)i, fixed_sql[i], e) == -1)
			return -1;
	}
	buf_init(&sql, SQL_MAX);
	write_put(&sql, s);
	if (prepare_written(s, ST_PUT, &sql, e) == -1)
		return -1;
	return prepare_scans(s, e);
}

/* ---- opening ---- */

static int
run(struct entries *s, const char *sql, const char *doing, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return entries_fail(s, doing, e);
	return 0;
}

static int
ask(struct entries *s, const char *sql, int64_t *value, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		*value = sqlite3_column_int64(st, 0);
	else
		rc = entries_fail(s, "cannot read", e);
	sqlite3_finalize(st);
	return rc;
}

static int
make_schema(struct entries *s, struct err *e)
{
	int64_t application = 0, version = 0;
	struct buf sql;
	int rc;

	if (ask(s, "PRAGMA application_id", &application, e) == -1 ||
	    ask(s, "PRAGMA user_version", &version, e) == -1)
		return -1;
	if (version == SCHEMA_VERSION && application == APPLICATION_ID)
		return 0;
	if (application != 0 && application != APPLICATION_ID)
		return err_set(e, ERR_STORE,
		    "journal %s: the file is another program's", s->path);
	if (version != 0 || application != 0)
		return err_set(e, ERR_STORE,
		    "journal %s: its schema is version %lld, and this mockndes "
		    "knows version %d; move the file away to begin a new one",
		    s->path, (long long)version, SCHEMA_VERSION);
	buf_init(&sql, SQL_MAX);
	buf_add_str(&sql, "BEGIN;");
	write_schema(&sql, s);
	buf_add_str(&sql, "COMMIT;");
	rc = buf_ok(&sql) ? run(s, buf_str(&sql), "cannot make its tables", e)
			  : err_set(e, ERR_MEMORY, "no memory for a journal");
	buf_clear(&sql);
	return rc;
}

static int
open_database(struct entries *s, const char *path, struct err *e)
{
	if (sqlite3_open_v2(path == NULL ? ":memory:" : path, &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK)
		return entries_fail(s, "cannot open it", e);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	/* What the last moments before a crash of the machine brought may be lost; the file stays sound. */
	if (path != NULL &&
	    run(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
		"cannot set it up", e) == -1)
		return -1;
	if (make_schema(s, e) == -1 || prepare_all(s, e) == -1)
		return -1;
	return entries_finish(
	    s, s->statements[ST_LOST], "cannot end what was lost", e);
}

struct entries *
entries_open(const char *path, const struct entries_column *columns,
    size_t count, struct err *e)
{
	struct entries *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->path = strdup(path == NULL ? "in memory" : path);
	if (s == NULL || s->path == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a journal");
		free(s);
		return NULL;
	}
	s->columns = columns;
	s->count = count;
	if (open_database(s, path, e) == 0)
		return s;
	entries_close(s);
	return NULL;
}

void
entries_close(struct entries *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
}

/* ---- running ---- */

int
entries_finish(
    struct entries *s, sqlite3_stmt *st, const char *doing, struct err *e)
{
	int r = sqlite3_step(st);
	int rc = r == SQLITE_DONE ? 0 : entries_fail(s, doing, e);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc;
}

int
entries_begin(struct entries *s, struct err *e)
{
	return entries_finish(s, s->statements[ST_BEGIN], "cannot begin", e);
}

int
entries_commit(struct entries *s, struct err *e)
{
	return entries_finish(s, s->statements[ST_COMMIT], "cannot commit", e);
}

void
entries_rollback(struct entries *s)
{
	/* SQLite may have done so itself. */
	(void)sqlite3_step(s->statements[ST_ROLLBACK]);
	sqlite3_reset(s->statements[ST_ROLLBACK]);
}

static int
bind_text(sqlite3_stmt *st, int at, struct bytes s)
{
	if (s.p == NULL)
		return sqlite3_bind_null(st, at);
	return sqlite3_bind_text64(
	    st, at, (const char *)s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
}

static int
bind_blob(sqlite3_stmt *st, int at, struct bytes s)
{
	if (s.p == NULL)
		return sqlite3_bind_null(st, at);
	return sqlite3_bind_blob64(st, at, s.p, s.n, SQLITE_STATIC);
}

static int
bind_optional(sqlite3_stmt *st, int at, bool present, int64_t n)
{
	return present ? sqlite3_bind_int64(st, at, n)
		       : sqlite3_bind_null(st, at);
}

static int
bind_fixed(sqlite3_stmt *st, const struct entries_row *row)
{
	int r = sqlite3_bind_int64(st, 1, (int64_t)row->id);

	r |= sqlite3_bind_text(st, 2, row->site, -1, SQLITE_STATIC);
	r |= sqlite3_bind_int64(st, 3, row->received_ms);
	r |= bind_optional(st, 4, row->answered, row->answered_us);
	r |= bind_optional(st, 5, row->ended, row->ended_us);
	r |= bind_text(st, 6, row->end);
	return r;
}

int
entries_put(struct entries *s, const struct entries_row *row, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_PUT];
	int at = FIXED_COLUMNS;
	int r = bind_fixed(st, row);

	for (size_t i = 0; i < s->count; i++) {
		const struct entries_value *v = &row->values[i];

		at++;
		if (!v->present)
			r |= sqlite3_bind_null(st, at);
		else if (s->columns[i].number)
			r |= sqlite3_bind_int64(st, at, v->number);
		else
			r |= bind_text(st, at, v->text);
	}
	r |= bind_text(st, at + 1, row->headers);
	r |= bind_text(st, at + 2, row->entry);
	r |= bind_blob(st, at + 3, row->message);
	r |= bind_blob(st, at + 4, row->csr);
	r |= bind_blob(st, at + 5, row->reply);
	if (r != SQLITE_OK) {
		sqlite3_clear_bindings(st);
		return entries_fail(s, "cannot take a value", e);
	}
	return entries_finish(s, st, "cannot write an entry", e);
}

int
entries_end(struct entries *s, uint64_t id, int64_t ended_us, struct bytes end,
    struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_END];

	sqlite3_bind_int64(st, 1, (int64_t)id);
	sqlite3_bind_int64(st, 2, ended_us);
	if (bind_text(st, 3, end) != SQLITE_OK) {
		sqlite3_clear_bindings(st);
		return entries_fail(s, "cannot take a value", e);
	}
	return entries_finish(s, st, "cannot write an entry", e);
}

/* ---- bounds ---- */

int
entries_trim(struct entries *s, const char *site, uint64_t keep, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_TRIM];

	sqlite3_bind_text(st, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, (int64_t)keep);
	return entries_finish(s, st, "cannot delete", e);
}

int
entries_delete_oldest(
    struct entries *s, char site[ENTRIES_SITE_MAX], uint64_t *id, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_OLDEST];
	int r = sqlite3_step(st);

	*id = 0;
	if (r == SQLITE_ROW) {
		*id = (uint64_t)sqlite3_column_int64(st, 0);
		(void)snprintf(site, ENTRIES_SITE_MAX, "%s",
		    (const char *)sqlite3_column_text(st, 1));
	}
	sqlite3_reset(st);
	if (r == SQLITE_DONE)
		return 0;
	if (r != SQLITE_ROW)
		return entries_fail(s, "cannot read", e);
	st = s->statements[ST_DELETE];
	sqlite3_bind_int64(st, 1, (int64_t)*id);
	return entries_finish(s, st, "cannot delete", e);
}

static int
run_for_site(
    struct entries *s, enum statement which, const char *site, struct err *e)
{
	sqlite3_stmt *st = s->statements[which];

	sqlite3_bind_text(st, 1, site, -1, SQLITE_STATIC);
	return entries_finish(s, st, "cannot delete", e);
}

int
entries_clear(struct entries *s, const char *site, struct err *e)
{
	if (run_for_site(s, ST_CLEAR, site, e) == -1)
		return -1;
	return run_for_site(s, ST_FORGET_DROPPED, site, e);
}

int
entries_set_dropped(
    struct entries *s, const char *site, uint64_t n, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_DROPPED];

	sqlite3_bind_text(st, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, (int64_t)n);
	return entries_finish(s, st, "cannot write", e);
}
