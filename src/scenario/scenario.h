/* SPDX-License-Identifier: MIT */
/*
 * Scenario files (YAML 1.2 or JSON): what is wrong with the deployment, as
 * edits of the host model, with title, symptom, cause and resolution. All
 * that is wrong with a file is reported at once, with line and column; a file
 * that does not load changes nothing.
 */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include "base/buf.h"
#include "ndes/host.h"

#define SCENARIO_FILE_MAX (4u << 20) /* bytes */

/* Complaints, as lines "FILE:LINE:COL: error: sentence"; with warnings alone a file is sound. */
struct scenario_report {
	struct buf lines; /* '\n' after each */
	unsigned errors;
	unsigned warnings;
	/* place of the first error, for problem documents; 0: none */
	unsigned line, column;
};

void scenario_report_init(struct scenario_report *r);
void scenario_report_clear(struct scenario_report *r);

/* What a resolution step can perform: nothing, host edits, or a restart. */
enum scenario_action { SCENARIO_SAY_ONLY, SCENARIO_SET, SCENARIO_RESTART };

enum scenario_restart {
	SCENARIO_APP_POOL,
	SCENARIO_IIS,
	SCENARIO_COMPUTER,
	SCENARIO_CONNECTOR, /* of the Application Proxy */
	SCENARIO_INTUNE_CONNECTOR,
	SCENARIO_RESTARTS
};

/* As scenario files write it ("app-pool"); "unknown" out of range. */
const char *scenario_restart_name(enum scenario_restart restart);

#define SCENARIO_STEPS_MAX 16
#define SCENARIO_CLUES_MAX 16

/* How sure it is that a real server behaves so. */
enum scenario_fidelity {
	SCENARIO_DOCUMENTED, /* what a file means that does not say */
	SCENARIO_SEEN,
	SCENARIO_INFERRED,
	SCENARIO_FIDELITIES
};

/* As scenario files write it ("seen"); "unknown" out of range. */
const char *scenario_fidelity_name(enum scenario_fidelity fidelity);

/* Where an administrator looks. */
enum scenario_log {
	SCENARIO_LOG_IIS,
	SCENARIO_LOG_HTTPERR,
	SCENARIO_LOG_EVENTS,
	SCENARIO_LOG_NDESPLUGIN,
	SCENARIO_LOG_CRP,
	SCENARIO_LOG_SETUP,
	SCENARIO_LOG_NONE, /* that there is nothing is the clue */
	SCENARIO_LOGS
};

/* As scenario files write it ("httperr"), and as people call it ("HTTPERR log"); "unknown" out of range. */
const char *scenario_log_name(enum scenario_log log);
const char *scenario_log_title(enum scenario_log log);

struct scenario; /* a loaded file; immutable, counted */
struct rule;
struct rules;

/*
 * Load a file's text. file is the name that complaints carry. NULL when it is
 * not sound (see the report) or when we failed (e filled).
 */
struct scenario *scenario_load(const char *file, struct bytes text,
    struct scenario_report *report, struct err *e);
/*
 * Rules alone: a list as behind rules:, or one of them, in YAML or JSON. id
 * is given to one that says none; NULL: it must say one. One reference. NULL
 * as above; also when there is no rule.
 */
struct rules *scenario_load_rules(const char *file, struct bytes text,
    const char *id, struct scenario_report *report, struct err *e);
/*
 * One rule that is to be other than it is: the text has the keys that change,
 * null where one is to go. then takes the place of steps, and the reverse.
 * Otherwise as above.
 */
struct rules *scenario_change_rule(const char *file, struct bytes text,
    const struct rule *rule, struct scenario_report *report, struct err *e);
/* One more reference to it; accepts NULL. Any thread. */
struct scenario *scenario_ref(struct scenario *s);
void scenario_free(
    struct scenario *s); /* accepts NULL; gives a reference back */

/* [a-z0-9-]+; when the file does not say: its file name, or "scenario". */
const char *scenario_name(const struct scenario *s);
const char *scenario_title(
    const struct scenario *s); /* "" when left out; so below */
const char *scenario_source(const struct scenario *s);
const char *scenario_symptom(const struct scenario *s);
const char *scenario_cause(const struct scenario *s);
const char *scenario_text(const struct scenario *s); /* the file itself */
enum scenario_fidelity scenario_fidelity(const struct scenario *s);

/* The log lines to look for; look_for is for people. */
struct scenario_clue {
	enum scenario_log log;
	const char *look_for;
};
size_t scenario_evidence_count(const struct scenario *s);
struct scenario_clue scenario_evidence_get(const struct scenario *s, size_t i);

size_t scenario_step_count(const struct scenario *s);
const char *scenario_step_say(const struct scenario *s, size_t i);
enum scenario_action scenario_step_action(const struct scenario *s, size_t i);

/* What a step performs. Of SCENARIO_SET: the edits, applied to a model. */
void scenario_step_apply(const struct scenario *s, size_t i, struct host *host);
/* The same as the body of a PATCH of the model, JSON on one line; appended. */
void scenario_step_patch(const struct scenario *s, size_t i, struct buf *out);
/* Of SCENARIO_RESTART: which. */
enum scenario_restart scenario_step_restart(const struct scenario *s, size_t i);

/* Lent; NULL when there are none. rules_ref() keeps them beyond the scenario. */
struct rules *scenario_rules(const struct scenario *s);

/* What a correct client does; lent. */
struct expect;
size_t scenario_expect_count(const struct scenario *s);
const struct expect *scenario_expect(const struct scenario *s, size_t i);

/* Apply the file's host: edits to a model, in the file's order. */
void scenario_apply(const struct scenario *s, struct host *host);

/* ---- built-in files, compiled in from scenarios/ ---- */

struct scenario_builtin {
	const char
	    *name; /* file name without .yaml; folders kept ("hostile/x") */
	struct bytes text;
};

/* Sorted by name. */
const struct scenario_builtin *scenario_builtins(size_t *count);
const struct scenario_builtin *scenario_builtin_find(const char *name);

/* The built-in name nearest to a misspelt one; NULL when none is near. */
const char *scenario_builtin_nearest(const char *name);

/*
 * Find by built-in name, or read a file by path (anything with a '/' or
 * ending in .yaml, .yml or .json is a path; else a built-in name wins and a
 * file of that name in the current folder comes second). A path that cannot
 * be opened but is a built-in name ("hostile/x") is that. NULL: report or e.
 */
struct scenario *scenario_open(
    const char *name_or_path, struct scenario_report *report, struct err *e);

#endif
