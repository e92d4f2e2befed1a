/* SPDX-License-Identifier: MIT */
/*
 * The journal's table: one row an entry, in a database of its own (in memory,
 * or a file next to the certificates), with a column for everything that a
 * query may ask for. Which columns those are the caller says when he opens it.
 * Not for two threads at once; the file (write-ahead log) may be read by other
 * processes meanwhile, with the sqlite3 shell say.
 *
 * Schema, version 1:
 *
 *	request   id            the number of the entry, rising
 *	          site          "" the default one, "x/NAME", "s/ID"
 *	          received_ms   unix milliseconds
 *	          answered_us   since receipt; NULL: not answered yet
 *	          ended_us      since receipt; NULL: not ended yet
 *	          end           how the connection ended; NULL as above
 *	          "<facts>"     the caller's columns, quoted; NULL: absent
 *	          headers       of the request, "Name: value" a line
 *	          entry         all the rest of it, the members of a JSON object without its braces
 *	          message       the decoded body of a PKIOperation; DER
 *	          csr           DER
 *	          reply         the body that was sent
 *	dropped   site, count   entries that were pushed out
 *
 * PRAGMA user_version is the version, PRAGMA application_id is "mndj".
 */
#ifndef STORE_ENTRIES_H
#define STORE_ENTRIES_H

#include "base/err.h"

struct entries;

struct entries_column {
	const char *name; /* [a-z0-9_]+; lent for ever */
	bool number;
};

/*
 * path NULL: in memory. A file of another version, or whose columns are
 * others, is refused. Rows of a process that died, which have no end, get the
 * end "lost". NULL on failure.
 */
struct entries *entries_open(const char *path,
    const struct entries_column *columns, size_t count, struct err *e);
void entries_close(struct entries *s); /* accepts NULL */

struct entries_value {
	bool present;
	struct bytes text; /* of columns that are no numbers */
	int64_t number;
};

/* p == NULL, or not present: NULL. */
struct entries_row {
	uint64_t id;
	const char *site;
	int64_t received_ms;
	bool answered, ended;
	int64_t answered_us, ended_us;
	struct bytes end;
	const struct entries_value *values; /* as many as there are columns */
	struct bytes headers, entry, message, csr, reply;
};

/* Between these two all is written, or after a failure nothing. */
MUST_USE int entries_begin(struct entries *s, struct err *e);
MUST_USE int entries_commit(struct entries *s, struct err *e);
void entries_rollback(struct entries *s);

/* A row that is new, or in place of the one with its id. */
MUST_USE int entries_put(
    struct entries *s, const struct entries_row *row, struct err *e);

/* What a row that was answered lacks; without such a row nothing. */
MUST_USE int entries_end(struct entries *s, uint64_t id, int64_t ended_us,
    struct bytes end, struct err *e);

struct entries_scan {
	const char *site;
	uint64_t after_id, before_id; /* 0: no bound */
	bool newest_first;
	bool blobs; /* message, csr, reply */
};

/* each() returns false to stop; spans lend until it returns. */
MUST_USE int entries_each(struct entries *s, const struct entries_scan *scan,
    bool (*each)(void *ctx, const struct entries_row *row), void *ctx,
    struct err *e);

/* Delete the oldest of a site until no more than keep are left. */
MUST_USE int entries_trim(
    struct entries *s, const char *site, uint64_t keep, struct err *e);

#define ENTRIES_SITE_MAX 128 /* longest name of a site, with its zero */

/* Delete the oldest row of all and say which it was; *id 0: there is none. */
MUST_USE int entries_delete_oldest(struct entries *s,
    char site[ENTRIES_SITE_MAX], uint64_t *id, struct err *e);

MUST_USE int entries_clear(struct entries *s, const char *site, struct err *e);

/* Bytes of the rows, roughly; the highest id that is there. */
MUST_USE int entries_size(struct entries *s, uint64_t *bytes, struct err *e);
MUST_USE int entries_last_id(struct entries *s, uint64_t *id, struct err *e);
/* The first and the last row of a site; 0: none. */
MUST_USE int entries_bounds(struct entries *s, const char *site,
    uint64_t *first, uint64_t *last, struct err *e);

/* Each site that has rows or a count of dropped ones. */
MUST_USE int entries_sites(struct entries *s,
    bool (*each)(void *ctx, const char *site, uint64_t rows, uint64_t dropped),
    void *ctx, struct err *e);

/* The count of dropped entries that a site has is kept beside them. */
MUST_USE int entries_set_dropped(
    struct entries *s, const char *site, uint64_t n, struct err *e);

#endif
