/* SPDX-License-Identifier: MIT */
/* The journal's table on SQLite. The statements are put together from the caller's columns, once. */
#include "store/entries.h"

#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "base/buf.h"

#define APPLICATION_ID 0x6d6e646a /* "mndj" */
#define SCHEMA_VERSION 1
#define SQL_MAX ((size_t)64 << 10)
#define BUSY_MS 5000
#define FIXED_COLUMNS 6
#define TAIL_COLUMNS 5

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_PUT,
	ST_UP,
	ST_UP_BARE,
	ST_DOWN,
	ST_DOWN_BARE,
	ST_TRIM,
	ST_OLDEST,
	ST_DELETE,
	ST_CLEAR,
	ST_FORGET_DROPPED,
	ST_SIZE,
	ST_LAST,
	ST_COUNT,
	ST_DROPPED,
	STATEMENTS
};

struct entries {
	sqlite3 *db;
	char *path;
	const struct entries_column *columns;
	size_t count;
	sqlite3_stmt *statements[STATEMENTS];
};

static int
fail(struct entries *s, const char *doing, struct err *e)
{
	return err_set(e, ERR_STORE, "journal %s: %s: %s", s->path, doing,
	    s->db == NULL ? "out of memory" : sqlite3_errmsg(s->db));
}

/* ---- statements ---- */

static void
add_columns(struct buf *b, const struct entries *s, const char *around)
{
	for (size_t i = 0; i < s->count; i++)
		buf_addf(b, ", %s%s", s->columns[i].name, around);
}

static void
write_schema(struct buf *b, const struct entries *s)
{
	buf_add_str(b,
	    "CREATE TABLE request (id INTEGER PRIMARY KEY,"
	    " site TEXT NOT NULL, received_ms INTEGER NOT NULL,"
	    " answered_us INTEGER, ended_us INTEGER, \"end\" TEXT");
	for (size_t i = 0; i < s->count; i++)
		buf_addf(b, ", %s %s", s->columns[i].name,
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
	    " WHERE (?1 IS NULL OR site = ?1) AND id > ?2 AND id < ?3"
	    " ORDER BY id %s",
	    bare ? "NULL, NULL, NULL" : "message, csr, reply",
	    down ? "DESC" : "ASC");
}

static const char *const fixed_sql[STATEMENTS] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_ROLLBACK] = "ROLLBACK",
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
	[ST_COUNT] = "SELECT count(*), coalesce(min(id), 0),"
		     " coalesce(max(id), 0) FROM request WHERE site = ?",
	[ST_DROPPED] = "INSERT OR REPLACE INTO dropped VALUES (?, ?)",
};

static int
prepare(struct entries *s, enum statement which, const char *sql, struct err *e)
{
	if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
		&s->statements[which], NULL) != SQLITE_OK)
		return fail(s, "cannot prepare a statement", e);
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
		return fail(s, doing, e);
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
		rc = fail(s, "cannot read", e);
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
	if (version != 0 || application != 0)
		return err_set(e, ERR_STORE,
		    "journal %s: it is another program's, or of a newer "
		    "mockndes",
		    s->path);
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
		return fail(s, "cannot open it", e);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	/* What the last moments before a crash of the machine brought may be lost; the file stays sound. */
	if (path != NULL &&
	    run(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
		"cannot set it up", e) == -1)
		return -1;
	if (make_schema(s, e) == -1)
		return -1;
	return prepare_all(s, e);
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

/* Run a statement that gives no rows, and make it ready for the next time. */
static int
finish(struct entries *s, sqlite3_stmt *st, const char *doing, struct err *e)
{
	int r = sqlite3_step(st);
	int rc = r == SQLITE_DONE ? 0 : fail(s, doing, e);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc;
}

int
entries_begin(struct entries *s, struct err *e)
{
	return finish(s, s->statements[ST_BEGIN], "cannot begin", e);
}

int
entries_commit(struct entries *s, struct err *e)
{
	return finish(s, s->statements[ST_COMMIT], "cannot commit", e);
}

void
entries_rollback(struct entries *s)
{
	(void)finish(s, s->statements[ST_ROLLBACK], "cannot roll back", NULL);
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
		return fail(s, "cannot take a value", e);
	}
	return finish(s, st, "cannot write an entry", e);
}

/* ---- reading ---- */

static struct bytes
column_bytes(sqlite3_stmt *st, int at)
{
	const void *p;

	if (sqlite3_column_type(st, at) == SQLITE_NULL)
		return bytes_of(NULL, 0);
	p = sqlite3_column_blob(st, at);
	return bytes_of(
	    p == NULL ? "" : p, (size_t)sqlite3_column_bytes(st, at));
}

static void
read_values(
    const struct entries *s, sqlite3_stmt *st, struct entries_value *values)
{
	for (size_t i = 0; i < s->count; i++) {
		int at = FIXED_COLUMNS + (int)i;

		values[i] = (struct entries_value){ 0 };
		values[i].present = sqlite3_column_type(st, at) != SQLITE_NULL;
		if (s->columns[i].number)
			values[i].number = sqlite3_column_int64(st, at);
		else
			values[i].text = column_bytes(st, at);
	}
}

static void
read_row(const struct entries *s, sqlite3_stmt *st,
    struct entries_value *values, struct entries_row *row)
{
	int tail = FIXED_COLUMNS + (int)s->count;

	read_values(s, st, values);
	*row = (struct entries_row){
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.site = (const char *)sqlite3_column_text(st, 1),
		.received_ms = sqlite3_column_int64(st, 2),
		.answered = sqlite3_column_type(st, 3) != SQLITE_NULL,
		.answered_us = sqlite3_column_int64(st, 3),
		.ended = sqlite3_column_type(st, 4) != SQLITE_NULL,
		.ended_us = sqlite3_column_int64(st, 4),
		.end = column_bytes(st, 5),
		.values = values,
		.headers = column_bytes(st, tail),
		.entry = column_bytes(st, tail + 1),
		.message = column_bytes(st, tail + 2),
		.csr = column_bytes(st, tail + 3),
		.reply = column_bytes(st, tail + 4),
	};
}

static sqlite3_stmt *
scan_statement(struct entries *s, const struct entries_scan *scan)
{
	if (scan->newest_first)
		return s->statements[scan->blobs ? ST_DOWN : ST_DOWN_BARE];
	return s->statements[scan->blobs ? ST_UP : ST_UP_BARE];
}

int
entries_each(struct entries *s, const struct entries_scan *scan,
    bool (*each)(void *ctx, const struct entries_row *row), void *ctx,
    struct err *e)
{
	sqlite3_stmt *st = scan_statement(s, scan);
	struct entries_value *values = calloc(s->count + 1, sizeof(*values));
	struct entries_row row;
	int r = SQLITE_DONE, rc = 0;

	if (values == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a query");
	if (scan->site != NULL)
		sqlite3_bind_text(st, 1, scan->site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, (int64_t)scan->after_id);
	sqlite3_bind_int64(
	    st, 3, scan->before_id == 0 ? INT64_MAX : (int64_t)scan->before_id);
	while ((r = sqlite3_step(st)) == SQLITE_ROW) {
		read_row(s, st, values, &row);
		if (!each(ctx, &row)) {
			r = SQLITE_DONE;
			break;
		}
	}
	if (r != SQLITE_DONE)
		rc = fail(s, "cannot read", e);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	free(values);
	return rc;
}

/* ---- bounds ---- */

int
entries_trim(struct entries *s, const char *site, uint64_t keep,
    uint64_t *deleted, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_TRIM];

	sqlite3_bind_text(st, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, (int64_t)keep);
	if (finish(s, st, "cannot delete", e) == -1)
		return -1;
	*deleted += (uint64_t)sqlite3_changes(s->db);
	return 0;
}

int
entries_delete_oldest(struct entries *s, char *site, size_t site_size,
    bool *deleted, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_OLDEST];
	int r = sqlite3_step(st);
	int64_t id = 0;

	*deleted = r == SQLITE_ROW;
	if (*deleted) {
		id = sqlite3_column_int64(st, 0);
		(void)snprintf(site, site_size, "%s",
		    (const char *)sqlite3_column_text(st, 1));
	}
	sqlite3_reset(st);
	if (r == SQLITE_DONE)
		return 0;
	if (r != SQLITE_ROW)
		return fail(s, "cannot read", e);
	st = s->statements[ST_DELETE];
	sqlite3_bind_int64(st, 1, id);
	return finish(s, st, "cannot delete", e);
}

static int
run_for_site(
    struct entries *s, enum statement which, const char *site, struct err *e)
{
	sqlite3_stmt *st = s->statements[which];

	sqlite3_bind_text(st, 1, site, -1, SQLITE_STATIC);
	return finish(s, st, "cannot delete", e);
}

int
entries_clear(struct entries *s, const char *site, struct err *e)
{
	if (run_for_site(s, ST_CLEAR, site, e) == -1)
		return -1;
	return run_for_site(s, ST_FORGET_DROPPED, site, e);
}

/* The numbers of the one row that a statement gives. */
static int
read_numbers(
    struct entries *s, sqlite3_stmt *st, uint64_t **out, int n, struct err *e)
{
	int rc = 0;

	if (sqlite3_step(st) == SQLITE_ROW) {
		for (int i = 0; i < n; i++)
			*out[i] = (uint64_t)sqlite3_column_int64(st, i);
	} else {
		rc = fail(s, "cannot read", e);
	}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc;
}

int
entries_size(struct entries *s, uint64_t *bytes, struct err *e)
{
	return read_numbers(
	    s, s->statements[ST_SIZE], (uint64_t *[]){ bytes }, 1, e);
}

int
entries_last_id(struct entries *s, uint64_t *id, struct err *e)
{
	return read_numbers(
	    s, s->statements[ST_LAST], (uint64_t *[]){ id }, 1, e);
}

int
entries_count(struct entries *s, const char *site, uint64_t *count,
    uint64_t *first, uint64_t *last, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_COUNT];

	sqlite3_bind_text(st, 1, site, -1, SQLITE_STATIC);
	return read_numbers(s, st, (uint64_t *[]){ count, first, last }, 3, e);
}

int
entries_set_dropped(
    struct entries *s, const char *site, uint64_t n, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_DROPPED];

	sqlite3_bind_text(st, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, (int64_t)n);
	return finish(s, st, "cannot write", e);
}
