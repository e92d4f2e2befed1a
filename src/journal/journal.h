/* SPDX-License-Identifier: MIT */
/*
 * The journal: every request, from its receipt to the end of its connection,
 * in SQLite (in memory, or a file). An entry is opened at receipt, gets its
 * answer, and is completed at the end.
 *
 * The calls of the exchange's way (open, answer, end) only hand a copy over
 * and never wait for the database: one thread of the journal writes in
 * batches, a small part of the time, and a query writes what is outstanding
 * first. Bounded by entries of a site and by bytes over all: the oldest are
 * pushed out and counted as dropped for their site. What would be pushed out
 * before it is written is not written. Any thread.
 *
 * The file's tables are described in store/entries.h; between the arrival of a
 * request and its row there, a fraction of a second passes.
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "fault/when.h"
#include "journal/record.h"

struct journal;

struct journal_options {
	const char *path; /* NULL: in memory */
	const struct log *log; /* for failures to write; copied; NULL: none */
	uint64_t entries_max; /* of one site; 0: 10,000 */
	uint64_t bytes_max; /* over all, rough; 0: 64 MiB */
};

/* NULL on failure. */
struct journal *journal_new(const struct journal_options *o, struct err *e);
/* Writes what is outstanding; every entry must have ended. Accepts NULL. */
void journal_free(struct journal *j);

/* ---- writing ---- */

struct journal_slot; /* an entry that has not ended */

/* The new entry, for the calls below; NULL when memory ran out, which counts as dropped. */
struct journal_slot *journal_open(
    struct journal *j, const struct journal_receipt *r);
/* From 1 and rising over all sites; 0 for NULL. */
uint64_t journal_slot_id(const struct journal_slot *slot);
void journal_answer(struct journal *j, struct journal_slot *slot,
    const struct journal_answer *a); /* accepts NULL; once */
/* The slot is the journal's from now on. */
void journal_end(struct journal *j, struct journal_slot *slot,
    const struct journal_end *end); /* accepts NULL */

/* Write what is outstanding now. */
MUST_USE int journal_flush(struct journal *j, struct err *e);

/* ---- asking ---- */

/* What an entry looks like to who asks; all lends until the callback returns. */
struct journal_entry {
	uint64_t id;
	bool answered, ended;
	int64_t received_ms, answered_us, ended_us;
	struct facts facts;
	struct bytes
	    json; /* the whole entry as one JSON object, as GET /v1/requests shows it */
	struct bytes message, csr, reply; /* p NULL: none, or not wanted */
};

struct journal_query {
	const char *site;
	const struct when *
	    when; /* NULL: all; of entries that are not answered yet only the arrival is known, and what hangs on more does not hold */
	uint64_t after_id, before_id; /* 0: no bound */
	size_t limit; /* 0: no bound */
	bool newest_first;
	bool blobs; /* message, csr and reply are wanted */
	bool no_json; /* it is not wanted */
};

/* each() returns false to stop; it must not call the journal. */
MUST_USE int journal_query(struct journal *j, const struct journal_query *q,
    bool (*each)(void *ctx, const struct journal_entry *entry), void *ctx,
    struct err *e);

/* One entry of a site, blobs included; *found says whether. */
MUST_USE int journal_get(struct journal *j, const char *site, uint64_t id,
    void (*entry)(void *ctx, const struct journal_entry *entry), void *ctx,
    bool *found, struct err *e);

struct journal_counts {
	uint64_t entries,
	    dropped; /* of the site; since the last clear, in a file over all its openings */
	uint64_t dropped_since; /* of those, entries since the opening */
	uint64_t open; /* not ended */
};
struct journal_counts journal_counts(struct journal *j, const char *site);

/*
 * The number of the last entry that its file had when it was opened; 0: none.
 * What is behind it belongs to this run, which is what waiting and judging
 * are about.
 */
uint64_t journal_last_found(const struct journal *j);
/* Of all sites, never less than before. */
uint64_t journal_dropped_in_all(struct journal *j);

/* Forget a site's entries and its dropped count; those that are open now never come in. -1: the database failed. */
MUST_USE int journal_clear(struct journal *j, const char *site, struct err *e);

/* ---- being told ---- */

enum journal_change { JOURNAL_OPENED, JOURNAL_ANSWERED, JOURNAL_ENDED };
const char *journal_change_name(enum journal_change c); /* "opened" */

/*
 * Call fn at each change of a site (NULL: of all), with no lock of the
 * journal held but one of listeners, from whichever thread made the change;
 * it must be quick, and must neither listen nor unlisten. The number of the
 * listener, for journal_unlisten(), which returns only when fn is not
 * running; 0: no memory. facts lend for the call.
 */
typedef void journal_listen_fn(void *ctx, const char *site, uint64_t id,
    enum journal_change change, const struct facts *facts);
uint64_t journal_listen(
    struct journal *j, const char *site, journal_listen_fn *fn, void *ctx);
void journal_unlisten(struct journal *j, uint64_t listener);

#endif
