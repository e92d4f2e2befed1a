/* SPDX-License-Identifier: MIT */
/* Counters of rules, for the files of this room; counters.c guards them. */
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
	struct rule_key *younger; /* made after it */
	size_t rule;
	uint64_t hash;
	struct rule_tally tally;
	size_t n;
	uint8_t text[];
};

#define RULE_KEYS_MAX 100000
#define RULE_SLOTS 4096 /* a power of two */

struct rule_counters {
	struct rules *rules; /* one reference */
	uint64_t seed;
	uint64_t secret; /* of the hash of keys */
	pthread_mutex_t lock; /* of all that follows */
	struct rule_tally *plain; /* by rule: the empty key */
	struct rule_counts *counts; /* by rule */
	struct rule_key *slots[RULE_SLOTS];
	struct rule_key *oldest, *youngest;
	size_t key_count;
};

/* The tally of a rule and key, made when it is new; NULL when memory ran out. The lock is held. */
struct rule_tally *counters_tally(
    struct rule_counters *c, size_t rule, struct bytes key);

#endif
