/* SPDX-License-Identifier: MIT */
/*
 * The journal as its own files see it; private to the room.
 *
 * A slot is an entry in memory. It waits in its site's `fresh` queue until it
 * is written for the first time, and in `changed` when it was written before
 * it was whole. What is pushed out is the oldest: a row of the database (it is
 * counted off at once and deleted with the next batch), or, when the site has
 * none, the head of `fresh`, which then is never written.
 *
 * Two locks: `db` is held around everything that touches SQLite, `lock` around
 * the rest, for moments only; db before lock.
 */
#ifndef JOURNAL_INSIDE_H
#define JOURNAL_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "journal/journal.h"
#include "journal/keep.h"
#include "store/entries.h"

#define BOOKS 1024 /* places of the table of sites; a power of two */
#define BATCH 256

enum slot_state {
	SLOT_FRESH, /* in the queue of that name */
	SLOT_WRITTEN, /* in the database as it is, or with the writer */
	SLOT_CHANGED, /* in the queue of that name */
	SLOT_GONE, /* pushed out or forgotten */
};

struct journal_slot {
	struct journal_slot *next;
	struct book *book;
	uint64_t id;
	uint64_t generation; /* of its book when it was opened */
	enum slot_state state;
	unsigned refs; /* the exchange, a queue or the writer, a call in hand */
	size_t bytes;
	struct kept_receipt *receipt;
	struct kept_answer *answer; /* NULL: none yet */
	bool
	    slim; /* written with its answer, of which only the facts are left here */
	bool ended;
	struct journal_end end;
};

struct queue {
	struct journal_slot *first, **last;
};

/* What is known of a site's entries. */
struct book {
	struct book *next; /* in its place of the table */
	struct book *next_work;
	bool at_work; /* in the list of those with something to write */
	char name[ENTRIES_SITE_MAX];
	uint64_t generation; /* counts how often it was cleared */
	uint64_t rows; /* in the database that count */
	uint64_t untrimmed; /* in the database, but pushed out */
	uint64_t first_row; /* none that counts has a smaller id */
	uint64_t found; /* of rows: those that were there at the opening */
	uint64_t dropped, dropped_written;
	uint64_t
	    dropped_found; /* of dropped: not of entries since the opening */
	uint64_t open; /* slots of this generation */
	uint64_t held; /* slots of any generation with a reference */
	struct queue fresh, changed;
	uint64_t fresh_count;
	size_t fresh_bytes;
	bool pushed; /* out of fresh, since the writer looked */
};

struct listener {
	struct listener *next;
	uint64_t id;
	char *site; /* NULL: all */
	journal_listen_fn *fn;
	void *ctx;
};

struct journal {
	struct log log;
	uint64_t entries_max;
	size_t bytes_max;

	pthread_mutex_t db;
	struct entries *entries;
	struct entries_column columns[FACTS];
	enum fact facts[FACTS]; /* of the columns */
	char names[FACTS][32];
	size_t column_count;
	int column_of[FACTS]; /* -1: none */
	bool failing; /* the last batch could not be written */

	pthread_mutex_t lock;
	pthread_cond_t wake; /* the writer */
	struct book *books[BOOKS];
	struct book *work, **work_last;
	uint64_t last_found; /* the last id that was there at the opening */
	uint64_t last_id;
	uint64_t dropped; /* over all sites */
	size_t fresh_bytes;
	bool idle; /* the writer waits for work */
	bool stopping;
	bool started;
	pthread_t writer;

	pthread_rwlock_t listening;
	atomic_uint listener_count;
	struct listener *listeners;
	uint64_t last_listener;
};

/* ---- books.c; lock is held ---- */

/* NULL: there is none, or with make: no memory. */
struct book *book_find(struct journal *j, const char *name, bool make);
void book_has_work(struct journal *j, struct book *b);
/* Free it when nothing is to be known of it. */
void book_tidy(struct journal *j, struct book *b);
void books_free(struct journal *j);

void queue_put(struct queue *q, struct journal_slot *slot);
struct journal_slot *queue_take(struct queue *q); /* NULL: empty */

void slot_unref(struct journal_slot *slot);
/* Push out the oldest until the bounds hold. */
void book_bound(struct journal *j, struct book *b);
/* No longer in fresh. */
void book_left_fresh(
    struct journal *j, struct book *b, const struct journal_slot *slot);
void book_drop(struct journal *j, struct book *b, uint64_t n);
/* Its oldest row does not count any more; there must be one. */
void book_drop_row(struct journal *j, struct book *b);

/* ---- writer.c ---- */

MUST_USE int writer_start(struct journal *j, struct err *e);
void writer_stop(struct journal *j);

/* ---- write.c ---- */

/* Write what a site (NULL: all) has outstanding now; db is held. */
MUST_USE int write_out(struct journal *j, const char *site, struct err *e);

/* ---- listen.c; no lock is held ---- */

bool listeners_any(struct journal *j);
void listeners_tell(struct journal *j, const struct journal_slot *slot,
    enum journal_change change);
void listeners_free(struct journal *j);

#endif
