/* SPDX-License-Identifier: MIT */
/* How sure a scenario is, and the log lines that it tells people to look for. */
#include "scenario/near.h"
#include "scenario/plan.h"

#define LOOK_FOR_MAX 1024 /* bytes */

static const char *const fidelities[SCENARIO_FIDELITIES] = {
	[SCENARIO_DOCUMENTED] = "documented",
	[SCENARIO_SEEN] = "seen",
	[SCENARIO_INFERRED] = "inferred",
};

static const struct log_words {
	const char *name, *title;
} logs[SCENARIO_LOGS] = {
	[SCENARIO_LOG_IIS] = { "iis", "IIS log" },
	[SCENARIO_LOG_HTTPERR] = { "httperr", "HTTPERR log" },
	[SCENARIO_LOG_EVENTS] = { "events", "event log" },
	[SCENARIO_LOG_NDESPLUGIN] = { "ndesplugin", "NDESPlugin.log" },
	[SCENARIO_LOG_CRP] = { "crp", "CertificateRegistrationPoint.svclog" },
	[SCENARIO_LOG_SETUP] = { "setup", "SetupMsi.log" },
	[SCENARIO_LOG_NONE] = { "none", "no log" },
};

const char *
scenario_fidelity_name(enum scenario_fidelity fidelity)
{
	if ((unsigned)fidelity >= SCENARIO_FIDELITIES)
		return "unknown";
	return fidelities[fidelity];
}

const char *
scenario_log_name(enum scenario_log log)
{
	return (unsigned)log < SCENARIO_LOGS ? logs[log].name : "unknown";
}

const char *
scenario_log_title(enum scenario_log log)
{
	return (unsigned)log < SCENARIO_LOGS ? logs[log].title : "unknown";
}

void
clue_read_fidelity(struct loader *l, const struct tree_node *value)
{
	for (int i = 0; i < SCENARIO_FIDELITIES; i++) {
		if (bytes_eq(value->text, bytes_str(fidelities[i]))) {
			l->s->fidelity = (enum scenario_fidelity)i;
			return;
		}
	}
	complain(l->c, value->at,
	    "\"%s\" is no fidelity; there are seen, documented and inferred",
	    show(value->text).s);
}

static void
read_log(
    struct loader *l, const struct tree_node *value, struct scenario_clue *clue)
{
	if (value->cut)
		return;
	if (value->kind != TREE_SCALAR || tree_is_null(value)) {
		loader_wrong_kind(l, "\"log\"", value, "one word");
		return;
	}
	for (int i = 0; i < SCENARIO_LOGS; i++) {
		if (bytes_eq(value->text, bytes_str(logs[i].name))) {
			clue->log = (enum scenario_log)i;
			return;
		}
	}
	complain(l->c, value->at,
	    "\"%s\" is no log; there are iis, httperr, events, ndesplugin, "
	    "crp, setup and none",
	    show(value->text).s);
}

static void
read_look_for(
    struct loader *l, const struct tree_node *value, struct scenario_clue *clue)
{
	if (value->cut)
		return;
	if (value->kind != TREE_SCALAR || tree_is_null(value)) {
		loader_wrong_kind(l, "\"look_for\"", value, "text");
	} else if (value->text.n == 0 || value->text.n > LOOK_FOR_MAX) {
		complain(l->c, value->at,
		    "\"look_for\" must have 1 to %d bytes", LOOK_FOR_MAX);
	} else {
		clue->look_for = arena_str(&l->s->arena, value->text);
		if (clue->look_for == NULL)
			l->failed = true;
	}
}

static void
read_clue(
    struct loader *l, const struct tree_node *node, struct scenario_clue *clue)
{
	bool log = false, look_for = false;

	if (node->cut && node->kind == TREE_SCALAR)
		return;
	if (node->kind != TREE_MAPPING) {
		loader_wrong_kind(
		    l, "a clue", node, "a mapping with log and look_for");
		return;
	}
	for (const struct tree_node *k = node->first; k != NULL;
	     k = k->next->next) {
		if (k->cut)
			continue;
		if (bytes_eq(k->text, BYTES_LIT("log"))) {
			read_log(l, k->next, clue);
			log = true;
		} else if (bytes_eq(k->text, BYTES_LIT("look_for"))) {
			read_look_for(l, k->next, clue);
			look_for = true;
		} else {
			complain(l->c, k->at,
			    "a clue has no key \"%s\"; there are log and "
			    "look_for",
			    show(k->text).s);
		}
	}
	if (!node->cut && !(log && look_for))
		complain(l->c, node->at, "this clue has no \"%s\"",
		    log ? "look_for" : "log");
}

void
clue_read_all(struct loader *l, const struct tree_node *list)
{
	for (const struct tree_node *i = list->first; i != NULL; i = i->next) {
		struct scenario_clue *clue = &l->s->clues[l->s->clue_count];

		if (l->s->clue_count == SCENARIO_CLUES_MAX) {
			complain(l->c, i->at, "a scenario has at most %d clues",
			    SCENARIO_CLUES_MAX);
			return;
		}
		*clue = (struct scenario_clue){ SCENARIO_LOG_NONE, "" };
		read_clue(l, i, clue);
		l->s->clue_count++;
	}
}
