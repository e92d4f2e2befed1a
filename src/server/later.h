/* SPDX-License-Identifier: MIT */
/*
 * Changes of a site for a while: what was there before is kept beside the
 * site, and the timer brings it back. A later change of the same thing takes
 * the place of what is pending: for good, or for another while, after which
 * the same comes back. Private to the room; a site's change lock is held but
 * where it says so.
 */
#ifndef SERVER_LATER_H
#define SERVER_LATER_H

#include "server/site_inside.h"

struct temporary {
	struct temporary *next;
	uint64_t number, timer_number;
	enum temporary_kind kind;
	bool
	    beneath; /* HOST, RULE: about what a scenario for a while lies on */
	/* what comes back */
	struct host configured,
	    in_force; /* SCENARIO; HOST: of the keys below */
	struct site_plan *plan; /* SCENARIO; one reference */
	struct site_clock clock; /* CLOCK */
	bool *keys; /* HOST: which, in the order of host_keys() */
	char *id; /* RULE: which */
	struct rules
	    *rule; /* RULE: it alone, one reference; NULL: it was not there */
};

/* A record with what is there now, or what will come back anyway. ttl_ms 0: none, and *out is NULL. -1 on failure. */
MUST_USE int later_scenario(
    struct site *site, int64_t ttl_ms, struct temporary **out, struct err *e);
MUST_USE int later_clock(
    struct site *site, int64_t ttl_ms, struct temporary **out, struct err *e);
/* Of the keys that are touched (NULL: that differ in wanted). */
MUST_USE int later_host(struct site *site, int64_t ttl_ms,
    const struct host *wanted, const bool *touched, struct temporary **out,
    struct err *e);
MUST_USE int later_rule(struct site *site, int64_t ttl_ms, const char *id,
    struct temporary **out, struct err *e);

/*
 * The change was made: what was pending of the same gives way to the record
 * (NULL: to nothing). For keys of the model: those that were touched (NULL:
 * that differ between before and now); for a rule: of this id.
 */
void later_keep(
    struct site *site, enum temporary_kind kind, struct temporary *record);
void later_keep_host(struct site *site, const struct host *before,
    const bool *touched, struct temporary *record);
void later_keep_rule(
    struct site *site, const char *id, struct temporary *record);
/* The change was not made. Accepts NULL. */
void later_drop(struct site *site, struct temporary *record);

bool later_is_pending(const struct site *site, enum temporary_kind kind);

/*
 * Of the model and of rules: what is pending is about what lies beneath the
 * scenario that is there for a while from now on; what is pending about that
 * scenario itself is forgotten, and what was beneath is about what is in force
 * again.
 */
void later_cover(struct site *site);
void later_uncover(struct site *site);

/* Nothing is pending any more, of one kind or of all, beneath a scenario too. */
void later_forget(struct site *site, enum temporary_kind kind);
void later_forget_all(struct site *site);

#endif
