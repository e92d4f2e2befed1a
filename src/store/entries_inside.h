/* SPDX-License-Identifier: MIT */
/* The journal's table as its own files see it; private to them. */
#ifndef STORE_ENTRIES_INSIDE_H
#define STORE_ENTRIES_INSIDE_H

#include <sqlite3.h>

#include "store/entries.h"

/* Columns before the caller's: id to end; and behind them: headers to reply. */
#define FIXED_COLUMNS 6
#define TAIL_COLUMNS 5

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_PUT,
	ST_END,
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
	ST_BOUNDS,
	ST_SITES,
	ST_LOST,
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

/* -1, with what SQLite says about what we were doing. */
int entries_fail(struct entries *s, const char *doing, struct err *e);

/* Run a statement that gives no rows, and make it ready for the next time. */
MUST_USE int entries_finish(
    struct entries *s, sqlite3_stmt *st, const char *doing, struct err *e);

#endif
