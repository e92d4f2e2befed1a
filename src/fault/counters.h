/* SPDX-License-Identifier: MIT */
/*
 * Counters of rules, for the files of this room; counters.c guards them. What
 * is counted stands in a book that lists share which follow one another; each
 * list knows the rows of its rules in it.
 */
#ifndef FAULT_COUNTERS_H
#define FAULT_COUNTERS_H

#include <pthread.h>

#include "fault/rules.h"

/* What is counted for one rule and counter key. */
struct rule_tally {
	uint64_t matched, hits;
	uint64_t running; /* hits one after the other, up to now */
};

/* A counter key beside the empty one. */
struct rule_key {
	struct rule_key *next; /* in its slot */
	struct rule_key *older, *younger; /* made before and after it */
	size_t row;
	uint64_t hash;
	struct rule_tally tally;
	size_t n;
	uint8_t text[];
};

#define RULE_KEYS_MAX 100000
#define RULE_SLOTS 4096 /* a power of two */

struct rule_row {
	unsigned users; /* lists that count here; 0: free */
	bool leaving; /* to be forgotten, see forget_rows() */
	struct rule_tally plain; /* of the empty key */
	struct rule_counts counts;
};

struct rule_book {
	atomic_uint refs;
	uint64_t secret; /* of the hash of keys */
	pthread_mutex_t lock; /* of all that follows */
	struct rule_row *rows;
	size_t row_count;
	struct rule_key *slots[RULE_SLOTS];
	struct rule_key *oldest, *youngest;
	size_t key_count;
};

struct rule_counters {
	struct rules *rules; /* one reference */
	uint64_t seed;
	struct rule_book *book; /* one reference */
	size_t *row; /* by rule */
};

/* The row of a rule; the book's lock is held. */
struct rule_row *counters_row(struct rule_counters *c, size_t rule);
/* The tally of a rule and key, made when it is new; NULL when memory ran out. The book's lock is held. */
struct rule_tally *counters_tally(
    struct rule_counters *c, size_t rule, struct bytes key);
/* Keep a draw among the last ones. The book's lock is held. */
void counters_keep_draw(struct rule_row *row, uint32_t ppm);

#endif
