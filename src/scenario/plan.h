/* SPDX-License-Identifier: MIT */
/* What a loaded scenario is made of, and the loader that fills it. */
#ifndef SCENARIO_PLAN_H
#define SCENARIO_PLAN_H

#include <stdatomic.h>

#include "base/arena.h"
#include "fault/expect.h"
#include "fault/rule.h"
#include "scenario/scenario.h"
#include "scenario/tree.h"

struct plan_edit {
	const struct host_key *key;
	struct bytes *values; /* one; of a list as many as it has items */
	size_t count;
	struct plan_edit *next;
};

struct plan_edits {
	struct plan_edit *first, *last;
};

struct plan_step {
	const char *say;
	enum scenario_action action;
	struct plan_edits edits; /* SCENARIO_SET */
	enum scenario_restart restart; /* SCENARIO_RESTART */
};

struct scenario {
	struct arena arena; /* everything below */
	const char *name, *title, *source, *symptom, *cause;
	const char *text; /* the file */
	struct plan_edits host;
	struct plan_step steps[SCENARIO_STEPS_MAX];
	size_t step_count;
	enum scenario_fidelity fidelity;
	struct scenario_clue clues[SCENARIO_CLUES_MAX];
	size_t clue_count;
	struct rules *rules; /* one reference; NULL: none */
	struct expect *expects;
	size_t expect_count;
	atomic_uint refs;
};

struct loader {
	struct scenario *s;
	struct complaints *c;
	struct host scratch; /* values are tried out on it */
	bool failed; /* memory ran out */
	const char *where; /* what the value being read is called */
	struct arena rules_arena; /* of rules and all that they point to */
	struct arena *
	    memory; /* where values are kept now: that one, or the scenario's own */
	const char *file; /* what complaints call the file */
	bool from_disk; /* file is its path, and other files may be named */
	bool rules_only; /* the text is what stands behind rules: */
	const char *rule_id; /* of a rule that says none; NULL: it must */
	const struct rule *
	    changed; /* the text says what is to be other of this one; NULL: it is of new ones */
};

/* As scenario_load(), of a file that is at path and may name others. */
struct scenario *scenario_load_disk(const char *path, struct bytes text,
    struct scenario_report *report, struct err *e);

/* Complain that what (a key) is not wanted ("a list"). */
void loader_wrong_kind(struct loader *l, const char *what,
    const struct tree_node *value, const char *wanted);

/* ---- edit.c ---- */

/* The nested keys under host:. */
void edit_read_host(
    struct loader *l, const struct tree_node *host, struct plan_edits *out);

/* One "host.<path>: value" of a do:. */
void edit_read_dotted(struct loader *l, const struct tree_node *key,
    const struct tree_node *value, struct plan_edits *out);

void edit_apply(const struct plan_edits *edits, struct host *host);

/* ---- clue.c ---- */

/* The word behind fidelity:. */
void clue_read_fidelity(struct loader *l, const struct tree_node *value);

/* The list under evidence:. */
void clue_read_all(struct loader *l, const struct tree_node *list);

/* ---- rules.c, condition.c, expect.c ---- */

/* The list under rules: and under expect:. */
void rules_read_all(struct loader *l, const struct tree_node *list);
void expect_read_all(struct loader *l, const struct tree_node *list);

/* A mapping as a condition, in arena; latest is the latest stage that it may ask about. NULL: complained, or memory ran out. */
struct when *condition_read(struct loader *l, struct arena *arena,
    const struct tree_node *mapping, enum fact_stage latest);

/* ---- source.c ---- */

/* A rule as a JSON object, in the loader's memory; NULL: it is too long. */
const char *source_of(struct loader *l, const struct tree_node *rule);
/*
 * A change of a rule, whose source is given, becomes the whole rule: what it
 * does not say is as it was, what it gives no value is not there.
 */
void source_change(struct loader *l, const char *source, struct arena *arena,
    struct tree_node *change);

/* Free what a condition has that is not in the arena; accepts NULL. */
void condition_drop(const struct when *w);

/* ---- step.c ---- */

/* The list under resolution:. */
void step_read_all(struct loader *l, const struct tree_node *list);

#endif
