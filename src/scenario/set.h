/* SPDX-License-Identifier: MIT */
/*
 * Several scenarios in force at once, in the order in which they were given:
 * later ones add to earlier ones. Built first, then only read and counted.
 */
#ifndef SCENARIO_SET_H
#define SCENARIO_SET_H

#include "scenario/scenario.h"

struct scenario_set;

/* An empty one: a healthy deployment. One reference. NULL on failure. */
struct scenario_set *scenario_set_new(struct err *e);
struct scenario_set *scenario_set_ref(
    struct scenario_set *set); /* accepts NULL; any thread */
void scenario_set_unref(
    struct scenario_set *set); /* accepts NULL; any thread */

/*
 * Add one behind the others; referenced. given is how it was asked for, to be
 * asked for again (NULL: it came as a text, and cannot be); copied. Only while nobody else has the
 * set. -1 when two rules are called the same, or we failed; then the set is
 * as it was.
 */
MUST_USE int scenario_set_add(struct scenario_set *set, struct scenario *s,
    const char *given, struct err *e);

size_t scenario_set_count(const struct scenario_set *set); /* NULL: 0 */
/* Lent. */
struct scenario *scenario_set_get(const struct scenario_set *set, size_t i);
/* The rules of all of them, lent; NULL: none. */
struct rules *scenario_set_rules(const struct scenario_set *set);
/* Their names joined with '+'; "healthy" when there is none. */
const char *scenario_set_names(const struct scenario_set *set);
/* As it was given; NULL: as a text. Lent. */
const char *scenario_set_given(const struct scenario_set *set, size_t i);

/* A healthy model with the edits of all of them. -1 with a sentence when they do not fit together. */
MUST_USE int scenario_set_model(
    const struct scenario_set *set, struct host *host, struct err *e);

#endif
