/* SPDX-License-Identifier: MIT */
/* Plans: rules, counters, and how to have the same again. */
#include "server/plan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"

#define REPEAT_MAX ((size_t)16 << 10)

/* "mockndes --scenario a --scenario b --seed 7" */
static char *
repeat_line(const char *scenarios, uint64_t seed)
{
	struct buf b;
	const char *at = scenarios;
	char *line;

	buf_init(&b, REPEAT_MAX);
	buf_add_str(&b, "mockndes");
	while (*at != '\0') {
		size_t n = strcspn(at, "+");

		buf_add_str(&b, " --scenario ");
		buf_add(&b, bytes_of(at, n));
		at += n + (at[n] == '+');
	}
	buf_addf(&b, " --seed %" PRIu64, seed);
	line = buf_ok(&b) ? strdup(buf_str(&b)) : NULL;
	buf_clear(&b);
	return line;
}

struct site_plan *
plan_new(struct scenario_set *scenarios, uint64_t seed, struct err *e)
{
	struct rules *rules = scenario_set_rules(scenarios);
	struct site_plan *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for rules");
		return NULL;
	}
	atomic_init(&p->refs, 1);
	p->seed = seed;
	p->scenarios = scenario_set_ref(scenarios);
	p->repeat = repeat_line(scenario_set_given(scenarios), seed);
	if (p->repeat == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for rules");
		plan_release(p);
		return NULL;
	}
	if (rules_count(rules) > 0) {
		p->counters = rule_counters_new(rules, seed, e);
		p->rules = rules;
		if (p->counters == NULL) {
			plan_release(p);
			return NULL;
		}
	}
	return p;
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
