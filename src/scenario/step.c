/* SPDX-License-Identifier: MIT */
/* Resolution steps: what to say, and what can be performed. */
#include "scenario/near.h"
#include "scenario/plan.h"

#define SAY_MAX 4096 /* bytes */

static const char *const restarts[SCENARIO_RESTARTS] = {
	[SCENARIO_APP_POOL] = "app-pool",
	[SCENARIO_IIS] = "iis",
	[SCENARIO_COMPUTER] = "computer",
	[SCENARIO_CONNECTOR] = "connector",
	[SCENARIO_INTUNE_CONNECTOR] = "intune-connector",
};

const char *
scenario_restart_name(enum scenario_restart restart)
{
	if ((unsigned)restart >= SCENARIO_RESTARTS)
		return "unknown";
	return restarts[restart];
}

static void
read_restart(
    struct loader *l, const struct tree_node *value, struct plan_step *step)
{
	struct near near;

	if (value->cut)
		return;
	if (value->kind != TREE_SCALAR || tree_is_null(value)) {
		loader_wrong_kind(l, "\"restart\"", value, "one word");
		return;
	}
	near_start(&near, value->text);
	for (int i = 0; i < SCENARIO_RESTARTS; i++) {
		if (bytes_eq(value->text, bytes_str(restarts[i]))) {
			step->restart = (enum scenario_restart)i;
			step->action = SCENARIO_RESTART;
			return;
		}
		near_offer(&near, bytes_str(restarts[i]));
	}
	if (near.best.n > 0)
		complain(l->c, value->at,
		    "\"%s\" is no restart; did you mean \"%.*s\"?",
		    show(value->text).s, (int)near.best.n,
		    (const char *)near.best.p);
	else
		complain(l->c, value->at,
		    "\"%s\" is no restart; there are app-pool, iis, "
		    "computer, connector and intune-connector",
		    show(value->text).s);
}

static void
unknown_action(struct loader *l, const struct tree_node *key)
{
	struct near near;
	const char *path = NULL;

	near_start(&near, key->text);
	near_offer(&near, BYTES_LIT("restart"));
	if (near.best.n == 0 && complaints_wanted(l->c))
		path = host_key_nearest(key->text);
	if (near.best.n > 0)
		complain(l->c, key->at,
		    "there is no action \"%s\"; did you mean \"restart\"?",
		    show(key->text).s);
	else if (path != NULL)
		complain(l->c, key->at,
		    "there is no action \"%s\"; did you mean \"host.%s\"?",
		    show(key->text).s, path);
	else
		complain(l->c, key->at,
		    "there is no action \"%s\"; there are restart and host.KEY",
		    show(key->text).s);
}

static void
read_action(
    struct loader *l, const struct tree_node *key, struct plan_step *step)
{
	const struct tree_node *value = key->next;
	struct bytes head = key->text;

	if (head.n > strlen("host."))
		head.n = strlen("host.");
	if (bytes_eq(key->text, BYTES_LIT("restart"))) {
		read_restart(l, value, step);
	} else if (key->text.n > head.n && bytes_eq(head, BYTES_LIT("host."))) {
		edit_read_dotted(l, key, value, &step->edits);
		if (step->action == SCENARIO_SAY_ONLY)
			step->action = SCENARIO_SET;
	} else {
		unknown_action(l, key);
	}
}

static bool
has_key(const struct tree_node *mapping, struct bytes name)
{
	for (const struct tree_node *k = mapping->first; k != NULL;
	     k = k->next->next) {
		if (!k->cut && bytes_eq(k->text, name))
			return true;
	}
	return false;
}

static void
read_do(
    struct loader *l, const struct tree_node *actions, struct plan_step *step)
{
	if (actions->cut && actions->kind == TREE_SCALAR)
		return;
	if (actions->kind != TREE_MAPPING) {
		loader_wrong_kind(l, "\"do\"", actions, "a mapping");
		return;
	}
	if (actions->count == 0 && !actions->cut)
		complain(l->c, actions->at,
		    "\"do\" is empty; leave it out when there is nothing to "
		    "perform");
	if (actions->count > 2 && has_key(actions, BYTES_LIT("restart")))
		complain(l->c, actions->at,
		    "a restart is a step of its own; move it behind this one");
	for (const struct tree_node *k = actions->first; k != NULL;
	     k = k->next->next) {
		if (!k->cut)
			read_action(l, k, step);
	}
}

static void
read_say(struct loader *l, const struct tree_node *say, struct plan_step *step)
{
	if (say->cut)
		return;
	if (say->kind != TREE_SCALAR || tree_is_null(say)) {
		loader_wrong_kind(l, "\"say\"", say, "text");
	} else if (say->text.n == 0 || say->text.n > SAY_MAX) {
		complain(
		    l->c, say->at, "\"say\" must have 1 to %d bytes", SAY_MAX);
	} else {
		step->say = arena_str(&l->s->arena, say->text);
		if (step->say == NULL)
			l->failed = true;
	}
}

static void
unknown_step_key(struct loader *l, const struct tree_node *key)
{
	struct near near;

	near_start(&near, key->text);
	near_offer(&near, BYTES_LIT("say"));
	near_offer(&near, BYTES_LIT("do"));
	if (near.best.n == 0)
		complain(l->c, key->at,
		    "a step has no key \"%s\"; there are say and do",
		    show(key->text).s);
	else
		complain(l->c, key->at,
		    "a step has no key \"%s\"; did you mean \"%.*s\"?",
		    show(key->text).s, (int)near.best.n,
		    (const char *)near.best.p);
}

static void
read_step(
    struct loader *l, const struct tree_node *node, struct plan_step *step)
{
	if (node->cut && node->kind == TREE_SCALAR)
		return;
	if (node->kind != TREE_MAPPING) {
		loader_wrong_kind(
		    l, "a step", node, "a mapping with say and do");
		return;
	}
	for (const struct tree_node *k = node->first; k != NULL;
	     k = k->next->next) {
		if (k->cut)
			continue;
		if (bytes_eq(k->text, BYTES_LIT("say")))
			read_say(l, k->next, step);
		else if (bytes_eq(k->text, BYTES_LIT("do")))
			read_do(l, k->next, step);
		else
			unknown_step_key(l, k);
	}
	if (!node->cut && !has_key(node, BYTES_LIT("say")))
		complain(l->c, node->at, "this step has no \"say\"");
}

void
step_read_all(struct loader *l, const struct tree_node *list)
{
	for (const struct tree_node *i = list->first; i != NULL; i = i->next) {
		struct plan_step *step = &l->s->steps[l->s->step_count];

		if (l->s->step_count == SCENARIO_STEPS_MAX) {
			complain(l->c, i->at,
			    "a resolution has at most %d steps",
			    SCENARIO_STEPS_MAX);
			return;
		}
		*step = (struct plan_step){ .say = "" };
		read_step(l, i, step);
		l->s->step_count++;
	}
}
