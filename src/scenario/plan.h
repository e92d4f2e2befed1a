/* SPDX-License-Identifier: MIT */
/* What a loaded scenario is made of, and the loader that fills it. */
#ifndef SCENARIO_PLAN_H
#define SCENARIO_PLAN_H

#include "base/arena.h"
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
};

struct loader {
	struct scenario *s;
	struct complaints *c;
	struct host scratch; /* values are tried out on it */
	bool failed; /* memory ran out */
};

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

/* ---- step.c ---- */

/* The list under resolution:. */
void step_read_all(struct loader *l, const struct tree_node *list);

#endif
