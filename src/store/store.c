/* SPDX-License-Identifier: MIT */
/*
 * The certificate store on SQLite: one connection, prepared statements that
 * live as long as it, one lock around each call. What the rows mean and who
 * may ask is the callers' business; the tables are made in schema.c.
 */
#include "store/store.h"

#include <stdlib.h>

#include "store/inside.h"

/*
 * Serial numbers are reserved on disk by the block, so that most enrolments
 * write once, for their certificate. What is left of a block is given back
 * when the store is closed; after a crash the numbers go on behind it.
 */
#define SERIAL_BLOCK 64

struct store *
store_open(const char *path, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the store");
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	s->in_file = path != NULL;
	s->path = strdup(path == NULL ? ":memory:" : path);
	if (s->path == NULL)
		err_set(e, ERR_MEMORY, "no memory for the store");
	if (s->path == NULL || store_open_database(s, e) == -1) {
		store_close(s);
		return NULL;
	}
	return s;
}

/* Only when no other program took numbers meanwhile. */
static void
give_back_numbers(struct store *s)
{
	sqlite3_stmt *st = s->statements[ST_GIVE_BACK];

	if (st == NULL || s->taken == s->reserved)
		return;
	sqlite3_bind_int64(st, 1, (int64_t)s->taken);
	sqlite3_bind_int64(st, 2, (int64_t)s->reserved);
	(void)sqlite3_step(st); /* else they are skipped, no more */
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	give_back_numbers(s);
	for (size_t i = 0; i < STORE_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}

/* ---- one call: take the lock and a statement, bind, step, give back ---- */

static sqlite3_stmt *
take(struct store *s, enum store_statement which)
{
	pthread_mutex_lock(&s->lock);
	return s->statements[which];
}

/* The statement is ready for the next call. rc is that of its last step: 0, or -1 when it is an error. */
static int
settle(
    struct store *s, sqlite3_stmt *st, int rc, const char *doing, struct err *e)
{
	int result = 0;

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		result = store_fail(s, doing, e);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return result;
}

static int
give(
    struct store *s, sqlite3_stmt *st, int rc, const char *doing, struct err *e)
{
	int result = settle(s, st, rc, doing, e);

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

/* The lock is held. */
static int
reserve(struct store *s, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_RESERVE];
	int64_t value = 0;
	int rc;

	sqlite3_bind_int64(st, 1, SERIAL_BLOCK);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		value = sqlite3_column_int64(st, 0);
		rc = sqlite3_step(st); /* the statement commits here */
	}
	if (settle(s, st, rc, "cannot take a serial number", e) == -1)
		return -1;
	if (value < SERIAL_BLOCK)
		return err_set(
		    e, ERR_STORE, "store %s: no serial counter", s->path);
	s->reserved = (uint64_t)value;
	s->taken = s->reserved - SERIAL_BLOCK;
	return 0;
}

int
store_next_serial(struct store *s, uint64_t *number, struct err *e)
{
	int result = 0;

	pthread_mutex_lock(&s->lock);
	if (s->taken == s->reserved)
		result = reserve(s, e);
	if (result == 0)
		*number = ++s->taken;
	pthread_mutex_unlock(&s->lock);
	return result;
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
	if (give(s, st, rc, "cannot read", e) == -1)
		return -1;
	if (!buf_ok(out))
		return err_set(e, ERR_MEMORY, "no room for what the store has");
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

/* ---- settings ---- */

int
store_setting_get(struct store *s, const char *name, struct buf *out,
    bool *found, struct err *e)
{
	sqlite3_stmt *st = take(s, ST_SETTING_GET);

	bind_text(st, 1, bytes_str(name));
	return get_blob(s, st, out, found, e);
}

int
store_setting_set(
    struct store *s, const char *name, const char *value, struct err *e)
{
	sqlite3_stmt *st = take(s, ST_SETTING_SET);

	bind_text(st, 1, bytes_str(name));
	bind_text(st, 2, bytes_str(value));
	return give(s, st, sqlite3_step(st), "cannot keep a setting", e);
}
