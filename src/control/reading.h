/* SPDX-License-Identifier: MIT */
/* Scenario files and rules out of calls, and what is wrong with them; private to the room. */
#ifndef CONTROL_READING_H
#define CONTROL_READING_H

#include "control/call.h"
#include "fault/rule.h"
#include "scenario/set.h"

/* Complaints as a list of {line, column, severity, message}. */
json_t *reading_complaints(const struct scenario_report *report);

/*
 * A scenario file's text; built-in scenarios by their names, joined with '+';
 * either, or an object that is a scenario as JSON, or a list of all these.
 * Added to the set; report keeps warnings. -1: a problem is the answer.
 */
MUST_USE int reading_text(struct control_call *c, struct bytes text,
    struct scenario_set *set, struct scenario_report *report);
MUST_USE int reading_names(
    struct control_call *c, const char *names, struct scenario_set *set);
MUST_USE int reading_value(
    struct control_call *c, json_t *value, struct scenario_set *set);

/*
 * The body as rules: a list or one, as in a scenario file, in YAML or JSON; or
 * as what is to be other of a rule. A reference, or NULL: a problem is the
 * answer.
 */
struct rules *reading_rules(struct control_call *c);
struct rules *reading_change(struct control_call *c, const struct rule *rule);

#endif
