/* SPDX-License-Identifier: MIT */
/*
 * The way back to what was there when the store was opened. Certificates only
 * ever come at the end, so a mark is enough for them; what was revoked since
 * is noted by a trigger of this connection alone.
 */
#include "store/inside.h"

static const char watch_sql[] =
    "PRAGMA temp_store = MEMORY;"
    "CREATE TEMP TABLE revoked_since (id INTEGER PRIMARY KEY);"
    "CREATE TEMP TRIGGER cert_revoked_since AFTER UPDATE OF revoked_at ON cert"
    "  WHEN old.revoked_at IS NULL AND new.revoked_at IS NOT NULL"
    "  BEGIN INSERT OR IGNORE INTO revoked_since VALUES (new.id); END";

/* "revision" counts in any case, so that no CRL of before is given out again. */
static const char rewind_sql[] =
    "BEGIN IMMEDIATE;"
    "UPDATE counter SET value = value + 1 WHERE name = 'revision';"
    "UPDATE cert SET revoked_at = NULL, reason = NULL"
    "  WHERE id IN (SELECT id FROM revoked_since);"
    "DELETE FROM cert WHERE id > %lld;"
    "DELETE FROM revoked_since;"
    "COMMIT";

int
store_watch(struct store *s, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(
	    s->db, "SELECT coalesce(max(id), 0) FROM cert", -1, &st, NULL);
	int result = -1;

	if (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
		s->first_end = sqlite3_column_int64(st, 0);
		result = 0;
	} else {
		(void)store_fail(s, "cannot read", e);
	}
	sqlite3_finalize(st);
	if (result == -1)
		return -1;
	return store_run(s, watch_sql, "cannot watch it", e);
}

int
store_rewind(struct store *s, struct err *e)
{
	char sql[512];
	int rc;

	sqlite3_snprintf(sizeof(sql), sql, rewind_sql, (long long)s->first_end);
	pthread_mutex_lock(&s->lock);
	rc = store_run(s, sql, "cannot go back to its start", e);
	if (rc == -1 && sqlite3_get_autocommit(s->db) == 0)
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	pthread_mutex_unlock(&s->lock);
	return rc;
}
