/* SPDX-License-Identifier: MIT */
/* Plans: rules, counters, and how to have the same again. */
#include "server/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

#define REPEAT_MAX ((size_t)16 << 10)

/* A word that a shell takes as it is, or in quotes. */
static void
add_word(struct buf *b, struct bytes word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789_./-";
	bool quoted = word.n == 0;

	for (size_t i = 0; i < word.n; i++)
		quoted |= memchr(plain, word.p[i], sizeof(plain) - 1) == NULL;
	if (!quoted) {
		buf_add(b, word);
		return;
	}
	buf_add_byte(b, '\'');
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] == '\'')
			buf_add_str(b, "'\\'");
		buf_add_byte(b, word.p[i]);
	}
	buf_add_byte(b, '\'');
}

/* Adds " --scenario a"; false: its text must be put into such a file first. */
static bool
add_scenario(struct buf *b, const struct scenario_set *set, size_t i)
{
	const char *given = scenario_set_given(set, i);
	const char *name = scenario_name(scenario_set_get(set, i));

	buf_add_str(b, " --scenario ");
	add_word(b, bytes_str(given != NULL ? given : name));
	if (given == NULL)
		buf_add_str(b, ".yaml");
	return given != NULL;
}

/* "mockndes --scenario a --scenario b --seed 7"; what it cannot tell is a comment behind it. */
static char *
repeat_line(const struct scenario_set *set, uint64_t seed)
{
	bool whole = true;
	struct buf b;
	char *line;

	buf_init(&b, REPEAT_MAX);
	buf_add_str(&b, "mockndes");
	for (size_t i = 0; i < scenario_set_count(set); i++)
		whole = add_scenario(&b, set, i) && whole;
	buf_addf(&b, " --seed %" PRIu64, seed);
	if (!whole)
		buf_add_str(
		    &b, " # with the text that the control API was given");
	line = buf_ok(&b) ? strdup(buf_str(&b)) : NULL;
	buf_clear(&b);
	return line;
}

static struct site_plan *
allocate(
    struct scenario_set *scenarios, uint64_t seed, char *repeat, struct err *e)
{
	struct site_plan *p = calloc(1, sizeof(*p));

	if (p == NULL || repeat == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for rules");
		free(repeat);
		free(p);
		return NULL;
	}
	atomic_init(&p->refs, 1);
	p->seed = seed;
	p->scenarios = scenario_set_ref(scenarios);
	p->repeat = repeat;
	return p;
}

/* p with these counters; NULL, and p is gone, when there are none to be had. */
static struct site_plan *
with_counters(
    struct site_plan *p, struct rules *rules, struct rule_counters *counters)
{
	p->counters = counters;
	p->rules = rules;
	if (counters != NULL)
		return p;
	plan_release(p);
	return NULL;
}

struct site_plan *
plan_new(struct scenario_set *scenarios, uint64_t seed, struct err *e)
{
	struct rules *rules = scenario_set_rules(scenarios);
	struct site_plan *p =
	    allocate(scenarios, seed, repeat_line(scenarios, seed), e);

	if (p == NULL || rules_count(rules) == 0)
		return p;
	return with_counters(p, rules, rule_counters_new(rules, seed, e));
}

/* A line that says that it is not the whole truth. */
static char *
repeat_changed(const struct site_plan *before)
{
	char *line = NULL;

	if (before->rules_changed)
		return strdup(before->repeat);
	if (asprintf(&line, "%s%s its rules were changed since", before->repeat,
		strstr(before->repeat, " # ") != NULL ? ", and" : " #") == -1)
		return NULL;
	return line;
}

struct site_plan *
plan_with_rules(struct site_plan *before, struct rules *rules,
    const struct plan_anew *anew, struct err *e)
{
	bool same = rules == before->rules;
	struct site_plan *p = allocate(before->scenarios, before->seed,
	    same ? strdup(before->repeat) : repeat_changed(before), e);

	if (p == NULL)
		return NULL;
	p->rules_changed = before->rules_changed || !same;
	if (rules_count(rules) == 0)
		return p;
	if (anew == NULL || before->counters == NULL)
		return with_counters(
		    p, rules, rule_counters_new(rules, p->seed, e));
	return with_counters(p, rules,
	    rule_counters_follow(
		before->counters, rules, anew->first, anew->count, e));
}

struct site_plan *
plan_ref(struct site_plan *p)
{
	if (p != NULL)
		atomic_fetch_add(&p->refs, 1);
	return p;
}

void
plan_release(struct site_plan *p)
{
	if (p == NULL || atomic_fetch_sub(&p->refs, 1) > 1)
		return;
	rule_counters_free(p->counters);
	scenario_set_unref(p->scenarios);
	free(p->repeat);
	free(p);
}
