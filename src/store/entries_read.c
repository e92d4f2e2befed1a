/* SPDX-License-Identifier: MIT */
/* Reading the journal's table: rows in order, and numbers about them. */
#include "store/entries_inside.h"

#include <stdlib.h>

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
		rc = entries_fail(s, "cannot read", e);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	free(values);
	return rc;
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
		rc = entries_fail(s, "cannot read", e);
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
entries_bounds(struct entries *s, const char *site, uint64_t *first,
    uint64_t *last, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_BOUNDS];

	sqlite3_bind_text(st, 1, site, -1, SQLITE_STATIC);
	return read_numbers(s, st, (uint64_t *[]){ first, last }, 2, e);
}

int
entries_sites(struct entries *s,
    bool (*each)(void *ctx, const char *site, uint64_t rows, uint64_t dropped),
    void *ctx, struct err *e)
{
	sqlite3_stmt *st = s->statements[ST_SITES];
	int r, rc = 0;

	while ((r = sqlite3_step(st)) == SQLITE_ROW) {
		if (!each(ctx, (const char *)sqlite3_column_text(st, 0),
			(uint64_t)sqlite3_column_int64(st, 1),
			(uint64_t)sqlite3_column_int64(st, 2))) {
			r = SQLITE_DONE;
			break;
		}
	}
	if (r != SQLITE_DONE)
		rc = entries_fail(s, "cannot read", e);
	sqlite3_reset(st);
	return rc;
}
