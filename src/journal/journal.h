/* SPDX-License-Identifier: MIT */
/*
 * The journal: every request, from its receipt to the end of its connection,
 * in SQLite (in memory, or a file). An entry is opened at receipt, gets its
 * answer, and is completed at the end.
 *
 * The calls of the exchange's way (open, answer, end) only hand a copy over
 * and never wait for the database: one thread of the journal writes in
 * batches, and a query writes what is outstanding first. Bounded by entries
 * per site and by bytes over all; what is pushed out is counted as dropped
 * for its site. Any thread.
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
	const struct log *log; /* for failures to write; borrowed */
	uint64_t entries_max; /* of one site; 0: 10,000 */
	uint64_t bytes_max; /* over all, rough; 0: 64 MiB */
};

struct journal *journal_new(const struct journal_options *o, struct err *e);
/* Writes what is outstanding. Accepts NULL. */
void journal_free(struct journal *j);

/* ---- writing ---- */

/* The number of the new entry, from 1 and rising over all sites; 0: memory ran out, and it counts as dropped. */
uint64_t journal_open(struct journal *j, const struct journal_receipt *r);
void journal_answer(
    struct journal *j, uint64_t id, const struct journal_answer *a);
void journal_end(struct journal *j, uint64_t id, const struct journal_end *end);

/* ---- asking ---- */

/* What an entry looks like to who asks; spans lend until the callback returns. */
struct journal_entry {
	uint64_t id;
	bool complete; /* ended */
	bool answered;
	int64_t received_ms, answered_us, ended_us;
	struct facts facts;
	struct bytes
	    json; /* the whole entry as one JSON object, as GET /v1/requests shows it */
	struct bytes message, csr, reply; /* p NULL: none */
};

struct journal_query {
	const char *site;
	const struct when *
	    when; /* NULL: all; entries that are not answered yet have arrival facts only */
	uint64_t after_id, before_id; /* 0: no bound */
	size_t limit; /* 0: no bound */
	bool newest_first;
	bool blobs; /* message, csr and reply are wanted */
};

/* each() returns false to stop. */
MUST_USE int journal_query(struct journal *j, const struct journal_query *q,
    bool (*each)(void *ctx, const struct journal_entry *entry), void *ctx,
    struct err *e);

/* One entry of a site; *found says whether. */
MUST_USE int journal_get(struct journal *j, const char *site, uint64_t id,
    void (*entry)(void *ctx, const struct journal_entry *entry), void *ctx,
    bool *found, struct err *e);

struct journal_counts {
	uint64_t entries,
	    dropped; /* of the site; since the start or the last clear */
	uint64_t open; /* not ended */
	uint64_t first_id, last_id; /* of what is there; 0: nothing */
};
struct journal_counts journal_counts(struct journal *j, const char *site);
uint64_t journal_dropped_in_all(struct journal *j);

/* Forget a site's entries and its dropped count; entries that are open come back when they end, with their numbers, unless forget_open. */
void journal_clear(struct journal *j, const char *site, bool forget_open);

/* ---- being told ---- */

enum journal_change { JOURNAL_OPENED, JOURNAL_ANSWERED, JOURNAL_ENDED };

/*
 * Call fn at each change of a site (NULL: of all), with no lock of the
 * journal held, from whichever thread made the change; it must be quick.
 * The id of the listener, for journal_unlisten(), which returns only when fn
 * is not running. facts lend for the call.
 */
typedef void journal_listen_fn(void *ctx, const char *site, uint64_t id,
    enum journal_change change, const struct facts *facts);
uint64_t journal_listen(
    struct journal *j, const char *site, journal_listen_fn *fn, void *ctx);
void journal_unlisten(struct journal *j, uint64_t listener);

/* ---- explaining ---- */

/*
 * What happened with an entry, in sentences, a paragraph a line: the layers it
 * walked, the one that answered and which key of the model made it, each rule
 * with the first condition that failed, what the client did against the RFC,
 * what it should do. For a request that matched no operation: the nearest one.
 * As JSON ({"summary":..., "sentences":[...], "layers":[...], "rules":[...],
 * "findings":[...]}) or as text. Appended. entry->json is what it reads.
 */
MUST_USE int journal_explain(const struct journal_entry *entry, bool as_text,
    struct buf *out, struct err *e);

#endif
