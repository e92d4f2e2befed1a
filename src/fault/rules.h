/* SPDX-License-Identifier: MIT */
/*
 * The inside of a list of rules, for the files of this room.
 *
 * So that a request costs no walk over rules that cannot be for it, each
 * operation has its own part of the index, and in it rules that want one fact
 * to be one of some texts ("transaction: X") are found by that text.
 */
#ifndef FAULT_RULES_H
#define FAULT_RULES_H

#include <stdatomic.h>

#include "fault/rule.h"

#define RULES_OPS 10 /* one for each word of FACT_OP, one for connections */
#define RULES_CONNECTIONS (RULES_OPS - 1)
#define RULES_ANCHORS 8

/* Numbers of rules, rising. */
struct rules_run {
	uint32_t *at;
	size_t n, room;
};

/* One text of one fact, and the rules that want it. */
struct rules_text {
	struct bytes text; /* lent from the rules */
	uint64_t hash; /* without letter case */
	struct rules_run run;
};

struct rules_anchor {
	struct rules_run all; /* every rule that hangs on this fact */
	struct rules_text *table; /* open addressing; run.n 0: free */
	size_t mask, used;
};

struct rules_part {
	struct rules_run rest; /* rules to be looked at in any case */
	struct rules_anchor anchors[RULES_ANCHORS];
};

struct rules {
	atomic_uint refs;
	struct arena arena; /* of own */
	struct rule *own;
	size_t own_count;
	/* each kept by its home, which is referenced for it, unless that is this list; copies are in the arena */
	const struct rule **list;
	size_t count;
	bool withhold_continue; /* one of them does */
	uint32_t *ids; /* number of the rule and 1; 0: free */
	size_t id_mask;
	struct rules_part index[RULES_OPS];
};

/* index.c */
MUST_USE int rules_index(struct rules *r, struct err *e);
void rules_index_clear(struct rules *r);

/* The rules that a request may be for, in order, from a number on. */
struct rules_cursor {
	const struct rules_run *runs[RULES_ANCHORS + 1];
	size_t at[RULES_ANCHORS + 1];
	size_t n;
	size_t
	    unknown; /* the first rule that hangs on a fact not known yet; SIZE_MAX: none */
};

void rules_seek(const struct rules *r, const struct facts *f, bool final,
    bool at_connection, size_t from, struct rules_cursor *c);
/* SIZE_MAX behind the last. */
size_t rules_next(struct rules_cursor *c);

#endif
