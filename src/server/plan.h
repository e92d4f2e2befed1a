/* SPDX-License-Identifier: MIT */
/*
 * What a site does beside being a deployment: its rules, with what they have
 * counted. Immutable but for the counters; part of a snapshot, so that a
 * request sees one plan from its beginning to its end.
 */
#ifndef SERVER_PLAN_H
#define SERVER_PLAN_H

#include <stdatomic.h>

#include "fault/rule.h"

struct site_plan {
	atomic_uint refs;
	struct rule_counters *counters; /* NULL: no rules */
	struct rules *rules; /* lent from the counters */
	uint64_t seed;
	char *repeat; /* "mockndes --scenario x --seed 1" */
};

/* rules may be NULL; they are referenced. scenarios: names joined with '+'. NULL on failure. */
struct site_plan *plan_new(
    struct rules *rules, uint64_t seed, const char *scenarios, struct err *e);
struct site_plan *plan_ref(struct site_plan *p);
void plan_release(struct site_plan *p); /* accepts NULL */

#endif
