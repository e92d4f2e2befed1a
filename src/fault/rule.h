/* SPDX-License-Identifier: MIT */
/*
 * Rules: one ordered list, compiled once, immutable and shared; their
 * counters, which belong to a site; and the choice of the one that applies.
 *
 * The first rule whose condition holds, that is not spent, and whose chance
 * hits applies. A rule whose condition hangs on the message is not judged
 * before the message is decoded, and none behind it either, so the choice is
 * made in one or two steps and each rule is counted at most once a request.
 */
#ifndef FAULT_RULE_H
#define FAULT_RULE_H

#include "base/arena.h"
#include "fault/draw.h"
#include "fault/fault.h"
#include "fault/when.h"

#define RULE_ID_MAX 64
#define RULES_MAX 20000
#define RULE_STEPS_MAX 64

/* What counts by itself: each of these has counters of its own. */
enum rule_per {
	RULE_PER_SITE, /* one counter for all */
	RULE_PER_SESSION, /* the same; the word of the design for a site */
	RULE_PER_CLIENT, /* address */
	RULE_PER_TRANSACTION,
	RULE_PER_CHALLENGE,
	RULE_PER_SUBJECT, /* of the CSR */
	RULE_PERS
};
const char *rule_per_name(enum rule_per per); /* "client" */

/* What follows the last of the steps. */
enum rule_after { RULE_PASS, RULE_STAY, RULE_REPEAT, RULE_AFTERS };

struct rules;

struct rule {
	struct rules
	    *home; /* the list that was compiled with it; set by rules_new() */
	const char *id; /* unique in the list: [A-Za-z0-9._-]+ */
	const struct when *when; /* NULL: always */
	/*
	 * Of the requests for which the condition holds, counted from 1 by
	 * counter key: looked at are those behind the first `after`, up to the
	 * `until`-th (0: no end), and of those every `every`-th.
	 */
	uint64_t after, until, every; /* every 0 is 1 */
	uint64_t times; /* hits, then spent; 0: no end */
	bool has_chance;
	uint32_t chance_ppm;
	uint64_t in_a_row; /* never more hits running; 0: no bound */
	enum rule_per per;
	const struct fault *const *steps; /* at least one */
	size_t step_count;
	enum rule_after then_after;
	bool
	    at_connection; /* judged when a connection is accepted, not for requests (fault_is_connection()) */
	bool disabled;
	unsigned line, column; /* in its file; 0: none */
	const char *file; /* what complaints call the file */
	const char
	    *source; /* as it was written, a JSON object; NULL: not told */
};

/*
 * Lists are immutable and counted. Compile a list. The rules array and all that it points to live in arena,
 * which is taken over (also on failure) with the memory of the conditions.
 * NULL on failure.
 */
struct rules *rules_new(
    struct arena *arena, struct rule *rules, size_t count, struct err *e);
struct rules *rules_ref(struct rules *r); /* accepts NULL; returns it */
void rules_unref(struct rules *r); /* accepts NULL */
size_t rules_count(const struct rules *r); /* NULL: 0 */
/* Is there one that lets a client wait for "100 Continue" in vain? */
bool rules_withhold_continue(const struct rules *r); /* NULL: no */
const struct rule *rules_get(const struct rules *r, size_t i);
/* Index by id, -1 when there is none. */
int64_t rules_find(const struct rules *r, struct bytes id);

/*
 * The lists one behind the other, as when several scenarios are given. An id
 * that is there twice: -1 with a sentence. The lists are referenced, not
 * copied. NULL lists are empty. *out may be NULL when all are.
 */
MUST_USE int rules_join(
    struct rules *const *lists, size_t n, struct rules **out, struct err *e);

/*
 * A list that another becomes by a change while it runs. What is kept is
 * referenced, not copied. All return NULL on failure; an id that is there
 * twice is one (ERR_SCENARIO).
 */
/* `add` (NULL: nothing) in the place of `drop` rules from number `at` on. */
struct rules *rules_splice(struct rules *from, size_t at, size_t drop,
    struct rules *add, struct err *e);
/* With one rule enabled or disabled. */
struct rules *rules_switch(
    struct rules *from, size_t at, bool enabled, struct err *e);

/* ---- counters: one set per site, behind a lock of its own ---- */

struct rule_counters;

/* For this list under this seed; refers to it. NULL on failure. */
struct rule_counters *rule_counters_new(
    struct rules *r, uint64_t seed, struct err *e);
void rule_counters_free(struct rule_counters *c); /* accepts NULL */
/*
 * For a list that takes the place of another while it runs, under the same
 * seed. Rules with the same id go on counting where they were, in one place
 * for both lists, so that no request is lost or counted twice; those whose
 * number in the new list is from `anew` on, `anew_count` of them, begin anew.
 * NULL on failure.
 */
struct rule_counters *rule_counters_follow(struct rule_counters *before,
    struct rules *r, size_t anew, size_t anew_count, struct err *e);

#define RULE_DRAWS_KEPT 8

struct rule_counts {
	uint64_t matched; /* the condition held */
	uint64_t drawn;
	uint64_t hits;
	uint64_t keys; /* different counter keys seen */
	uint32_t last_draws_ppm[RULE_DRAWS_KEPT]; /* newest first */
	size_t last_draw_count;
};
struct rule_counts rule_counters_get(struct rule_counters *c, size_t rule);

/* The youngest counter keys of a rule beside the empty one, at most max; text is lent for the call, with the lock held. */
void rule_counters_each_key(struct rule_counters *c, size_t rule, size_t max,
    void (*each)(void *ctx, struct bytes key, uint64_t matched, uint64_t hits),
    void *ctx);

/* ---- choosing ---- */

enum rule_verdict {
	RULE_APPLIED,
	RULE_OTHER, /* its condition does not hold */
	RULE_DISABLED,
	RULE_TOO_EARLY, /* after */
	RULE_TOO_LATE, /* until */
	RULE_NOT_THIS, /* every */
	RULE_SPENT, /* times, or its steps */
	RULE_MISSED, /* chance */
	RULE_IN_A_ROW,
	RULE_VERDICTS
};
const char *rule_verdict_name(enum rule_verdict v); /* "chance missed" */

/* A rule that was looked at. */
struct rule_try {
	const struct rule *rule;
	enum rule_verdict verdict;
	uint64_t n; /* its count of matching requests, by key; 0: not counted */
	bool drawn;
	uint32_t draw_ppm;
};

#define RULE_TRIES_MAX 32 /* kept of one request; further ones are counted */

struct rule_choice {
	/* the one that applied; NULL: none */
	const struct rule *rule;
	const struct fault *fault; /* its step */
	size_t step;
	uint64_t
	    n; /* matching requests of the counter key, this one included */
	uint64_t hit; /* hits of the counter key, this one included */
	uint64_t
	    draw; /* base of every further draw of this fault: draw(seed, id, key, n, "fault") */
	bool drawn; /* chance was drawn */
	uint32_t draw_ppm;
	struct bytes key; /* in the arena; empty for one counter */

	bool settled; /* all rules were judged, or one applied */
	size_t next; /* when not settled: go on here once more is known */
	struct rule_try *
	    tries; /* in the arena; rules whose op cannot be this one's are left out */
	size_t try_count, tries_more;
};

/*
 * Judge the rules for a request from c->next on, with what is known. Call at
 * arrival with a zeroed choice; when it comes back not settled, again with
 * facts of the next stage, at last with final true, which takes what is
 * unknown for absent. Connection rules are judged only when at_connection.
 * Any thread. Memory ran out: settled without a rule.
 */
void rule_choose(struct rule_counters *c, const struct facts *f, bool final,
    bool at_connection, struct arena *arena, struct rule_choice *choice);

/* One phrase for the log: "rule reset, request 7 of 127.0.0.1, draw 4.1% of 10%, step 2". Appended. */
void rule_choice_print(const struct rule_choice *choice, struct buf *out);

/* The first n draws of each rule for the empty counter key, as `mockndes check --draws` prints them. Appended. */
void rules_print_draws(
    const struct rules *r, uint64_t seed, unsigned n, struct buf *out);

/*
 * Find rules that can never apply, because one before it always applies to
 * what they are for. -1 when memory ran out.
 */
MUST_USE int rules_find_unreachable(const struct rule *const *list, size_t n,
    void (*found)(
	void *ctx, const struct rule *rule, const struct rule *before),
    void *ctx, struct err *e);

#endif
