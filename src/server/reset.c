/* SPDX-License-Identifier: MIT */
/* Sites and a server as they were at their start. */
#include "server/inside.h"
#include "server/later.h"
#include "server/site_inside.h"

/* ---- a site ---- */

/* Which of the holdings stay. */
static unsigned
kept_by(unsigned parts)
{
	static const struct {
		enum site_part part;
		enum holding holding;
	} rows[] = {
		{ SITE_CERTIFICATES, HOLDING_CERTIFICATES },
		{ SITE_CHALLENGES, HOLDING_CHALLENGES },
		{ SITE_POOL, HOLDING_POOL },
		{ SITE_MEMORY, HOLDING_MEMORY },
	};
	unsigned keep = 0;

	for (size_t i = 0; i < nitems(rows); i++) {
		if ((parts & rows[i].part) == 0)
			keep |= HELD(rows[i].holding);
	}
	return keep;
}

static struct site_plan *
plan_after(const struct site *site, unsigned parts, struct err *e)
{
	if ((parts & SITE_SCENARIO) != 0)
		return plan_new(site->first_scenarios, site->seed, e);
	if ((parts & SITE_COUNTERS) != 0)
		return plan_with_rules(
		    site->now.plan, site->now.plan->rules, NULL, e);
	return plan_ref(site->now.plan);
}

/* The certificates of a state are not made anew but taken back. */
static int
rewind_state(struct store *state, struct err *e)
{
	return state == NULL ? 0 : store_rewind(state, e);
}

static int
reset(struct site *site, unsigned parts, struct err *e)
{
	struct site_plan *plan;
	struct site_step step;

	if ((parts & SITE_SCENARIO) != 0)
		parts |= SITE_POOL; /* which starts with the model */
	plan = plan_after(site, parts, e);
	if (plan == NULL)
		return -1;
	site_step_init(&step, site);
	plan_release(step.now.plan);
	step.now.plan = plan;
	if (site_step_renew(&step, site, kept_by(parts), e) == -1 ||
	    ((parts & SITE_CERTIFICATES) != 0 &&
		rewind_state(site->parts.options.store, e) == -1)) {
		site_step_drop(&step);
		return -1;
	}
	if ((parts & SITE_SCENARIO) != 0)
		step.now.configured = step.in_force = site->first_host;
	if ((parts & SITE_CLOCK) != 0)
		step.now.clock = (struct site_clock){ .frozen = false };
	if ((parts & SITE_POOL) != 0)
		step.start = SITE_START_AGAIN;
	step.forget_evidence = (parts & SITE_EVIDENCE) != 0;
	step.restore_challenge = (parts & SITE_CHALLENGES) != 0;
	return site_step_take(&step, site, e);
}

int
site_reset(struct site *site, unsigned parts, struct err *e)
{
	int rc;

	pthread_mutex_lock(&site->change);
	rc = reset(site, parts, e);
	if (rc == 0 && (parts & SITE_CLOCK) != 0)
		later_forget(site, TEMPORARY_CLOCK);
	if (rc == 0 && (parts & SITE_SCENARIO) != 0) {
		later_forget(site, TEMPORARY_SCENARIO);
		later_forget(site, TEMPORARY_HOST);
		later_forget(site, TEMPORARY_RULE);
	}
	pthread_mutex_unlock(&site->change);
	if (rc == 0)
		site_changed(site);
	return rc;
}

/* ---- a server ---- */

static const struct {
	const char *name;
	unsigned part;
} parts[] = {
	{ "scenario", SITE_SCENARIO },
	{ "counters", SITE_COUNTERS },
	{ "challenges", SITE_CHALLENGES },
	{ "certificates", SITE_CERTIFICATES },
	{ "clock", SITE_CLOCK },
	{ "pool", SITE_POOL },
	{ "memory", SITE_MEMORY },
	{ "evidence", SITE_EVIDENCE },
	{ "journal", SERVER_JOURNAL },
	{ "sessions", SERVER_SESSIONS },
	{ "catalogue", SERVER_CATALOGUE },
};

const char *
server_part_name(size_t i, unsigned *part)
{
	if (i >= nitems(parts))
		return NULL;
	*part = parts[i].part;
	return parts[i].name;
}

unsigned
server_parts_of(const struct server *s, const struct site *site, unsigned which)
{
	if (site != s->site)
		which &= ~(unsigned)(SERVER_SESSIONS | SERVER_CATALOGUE);
	return which;
}

/* Other sites of the server, which the default one brings back too. */
static int
reset_others(struct server *s, unsigned which, struct err *e)
{
	if ((which & SERVER_SESSIONS) != 0)
		sessions_end_all(s->sessions);
	if ((which & SERVER_CATALOGUE) == 0)
		return 0;
	return catalogue_forget(s->catalogue, s->journal, e);
}

int
server_reset(struct server *s, struct site *site, unsigned which, struct err *e)
{
	if (site_reset(site, which & SITE_ALL, e) == -1)
		return -1;
	if (site == s->site && reset_others(s, which, e) == -1)
		return -1;
	if ((which & SERVER_JOURNAL) == 0 || s->journal == NULL)
		return 0;
	return journal_clear(s->journal, site_name(site), e);
}
