/* SPDX-License-Identifier: MIT */
/*
 * A condition over facts: the `when:` of a rule, the filter of a query, what
 * an expectation counts. A tree that lives in an arena and is immutable once
 * it is made; any thread may ask it.
 */
#ifndef FAULT_WHEN_H
#define FAULT_WHEN_H

#include <regex.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "fault/facts.h"

enum when_kind {
	WHEN_FACT, /* a test of one fact */
	WHEN_HEADER, /* a test of a request header, by name */
	WHEN_ALL, /* every child holds; without children: always */
	WHEN_ANY, /* one child holds */
	WHEN_NOT, /* its one child does not hold */
};

/* What a value must be; all that is given must hold. Absent values fail all but present: false. */
struct when_test {
	const struct bytes *
	    equals; /* any of these; ASCII case counts only in transaction and challenge */
	size_t equals_count; /* 0: not asked */
	const int64_t *numbers; /* of a number: any of these */
	size_t number_count;
	const regex_t *
	    matches; /* POSIX extended, anywhere in the text; NULL: not asked */
	const char *pattern; /* its source */
	bool has_over, has_under;
	int64_t over, under; /* strictly */
	bool has_present, present;
};

struct when {
	enum when_kind kind;
	enum fact fact; /* WHEN_FACT */
	struct bytes header; /* WHEN_HEADER: its name */
	struct when_test test;
	struct when *children, *next; /* WHEN_ALL, WHEN_ANY, WHEN_NOT */
};

enum when_truth { WHEN_FALSE, WHEN_TRUE, WHEN_UNKNOWN };

/*
 * Does it hold? Unknown when that hangs on facts of a later stage than
 * f->stage. NULL always holds.
 */
enum when_truth when_holds(const struct when *w, const struct facts *f);

/* As values of a fact are compared. */
bool when_same_text(enum fact f, struct bytes a, struct bytes b);

/* Does it ask about a fact for which is_it() says yes (FACTS: about a header)? */
bool when_asks(const struct when *w, bool (*is_it)(enum fact f));

/* The test of a fact that must hold; NULL: there is none. Lent from w. */
const struct when *when_find(const struct when *w, enum fact f);

/* A sentence on the first condition that fails: "op is GetCACaps, not PKIOperation". Appended; nothing when it holds. */
void when_explain(const struct when *w, const struct facts *f, struct buf *out);

/* The condition as one line of YAML flow style, for people: "{op: PKIOperation, query_bytes: {over: 2048}}". Appended. */
void when_print(const struct when *w, struct buf *out);

/*
 * Does a hold whenever b does, as far as can be seen from their shapes (false
 * when in doubt)? And can w never hold? Then *why is a constant sentence.
 */
bool when_covers(const struct when *a, const struct when *b);
bool when_is_impossible(const struct when *w, const char **why);

/*
 * Build. value forms a test from text as it stands in a query: "a" equals,
 * "a,b" any of, "over:2048", "under:4KiB", "matches:REGEX", "present:true".
 * -1 with a sentence when the value does not fit the fact.
 */
MUST_USE int when_test_parse(struct arena *arena, enum fact fact,
    struct bytes value, struct when_test *out, struct err *e);

/* One value of a fact checked and kept, for loaders; fact FACTS: of a header. */
MUST_USE int when_test_add_value(struct arena *arena, enum fact fact,
    struct bytes value, struct when_test *test, struct err *e);
/* A number of a fact, as files and queries write it. */
MUST_USE int when_number_parse(
    enum fact fact, struct bytes value, int64_t *out, struct err *e);
/* Compile a pattern; the regex lives until the arena's owner calls when_clear() on the tree. */
MUST_USE int when_test_set_pattern(struct arena *arena, struct bytes pattern,
    struct when_test *test, struct err *e);

/* Free what is not in the arena (regexes). */
void when_clear(struct when *w); /* accepts NULL */

#endif
