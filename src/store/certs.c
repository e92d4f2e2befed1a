/* SPDX-License-Identifier: MIT */
/* Looking through the certificates of the store: seldom done, so the statement is made for each look. */
#include "store/inside.h"

static const char sql[] =
    "SELECT id, serial, subject, transaction_id, template, key_hash,"
    " not_before, not_after, issued_at, der, revoked_at, reason FROM cert"
    " WHERE id > ?1 AND (?2 IS NULL OR serial = ?2) ORDER BY id";

static struct bytes
blob(sqlite3_stmt *st, int at)
{
	const void *p = sqlite3_column_blob(st, at);

	return bytes_of(p, (size_t)sqlite3_column_bytes(st, at));
}

static void
read_row(sqlite3_stmt *st, struct store_row *row)
{
	*row = (struct store_row){
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.cert = {
			.serial = blob(st, 1),
			.subject = blob(st, 2),
			.transaction_id = blob(st, 3),
			.template_name = blob(st, 4),
			.key_hash = blob(st, 5),
			.not_before = sqlite3_column_int64(st, 6),
			.not_after = sqlite3_column_int64(st, 7),
			.issued_at = sqlite3_column_int64(st, 8),
			.der = blob(st, 9),
		},
		.revoked = sqlite3_column_type(st, 10) != SQLITE_NULL,
		.revoked_at = sqlite3_column_int64(st, 10),
		.reason = sqlite3_column_int(st, 11),
	};
}

int
store_certs_each(struct store *s, uint64_t after_id, struct bytes serial,
    bool (*each)(void *ctx, const struct store_row *row), void *ctx,
    struct err *e)
{
	sqlite3_stmt *st = NULL;
	struct store_row row;
	int rc, result = 0;

	pthread_mutex_lock(&s->lock);
	rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_int64(st, 1, (int64_t)after_id);
		if (serial.p != NULL)
			sqlite3_bind_blob64(
			    st, 2, serial.p, serial.n, SQLITE_STATIC);
		while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
			read_row(st, &row);
			if (!each(ctx, &row))
				break;
		}
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		result = store_fail(s, "cannot read the certificates", e);
	sqlite3_finalize(st);
	pthread_mutex_unlock(&s->lock);
	return result;
}
