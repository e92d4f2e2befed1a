/* SPDX-License-Identifier: MIT */
/* Batches on their way into the database. Private to the room. */
#ifndef JOURNAL_WRITE_H
#define JOURNAL_WRITE_H

#include "journal/inside.h"

/* A slot as it was when it was taken; it stays until it is given back. */
struct item {
	struct journal_slot *slot;
	const struct kept_receipt *receipt;
	const struct kept_answer *answer;
	bool fresh, ended, slim;
	bool lost; /* too large for a row */
	struct kept_answer
	    *slimmed; /* what is to be left of the answer; owned; NULL: all */
	struct journal_end end;
};

struct batch {
	struct book *book;
	struct item items[BATCH];
	size_t n;
	uint64_t keep, trimmed, dropped;
	bool dropped_changed;
};

/* Write up to a batch of a site (items false: only what is to be deleted), then see to the bytes; *n is what was taken. db is held. */
MUST_USE int write_some(struct journal *j, struct batch *t, struct book *b,
    bool items, size_t *n, struct err *e);

/* The next site that has something to write, until end_work(); NULL: none. */
struct book *take_work(struct journal *j);
void end_work(struct journal *j, struct book *b);
/* How many have. */
size_t works(struct journal *j);

#endif
