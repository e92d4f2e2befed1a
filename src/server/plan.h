/* SPDX-License-Identifier: MIT */
/*
 * What a site does beside being a deployment: the scenarios in force, their
 * rules with what they have counted, the seed. Immutable but for the
 * counters; part of a snapshot, so that a request sees one plan from its
 * beginning to its end.
 */
#ifndef SERVER_PLAN_H
#define SERVER_PLAN_H

#include <stdatomic.h>

#include "fault/rule.h"
#include "scenario/set.h"

struct site_plan {
	atomic_uint refs;
	struct scenario_set
	    *scenarios; /* one reference: their names, texts, expectations */
	struct rule_counters *counters; /* NULL: no rules */
	struct rules *rules; /* lent from the counters; NULL: none */
	uint64_t seed;
	char *repeat; /* "mockndes --scenario x --seed 1" */
	bool rules_changed; /* they are not those of the scenarios any more */
};

/* With the rules of the scenarios, none counted yet. The scenarios (NULL: none) are referenced. NULL on failure. */
struct site_plan *plan_new(
    struct scenario_set *scenarios, uint64_t seed, struct err *e);

/* Rules of a changed list that do not count on where one of the same id was. */
struct plan_anew {
	size_t first, count;
};

/* The same with other rules (NULL: none), which are referenced. anew NULL: all count anew. NULL on failure. */
struct site_plan *plan_with_rules(struct site_plan *before, struct rules *rules,
    const struct plan_anew *anew, struct err *e);
struct site_plan *plan_ref(struct site_plan *p);
void plan_release(struct site_plan *p); /* accepts NULL */

#endif
