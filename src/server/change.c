/* SPDX-License-Identifier: MIT */
/*
 * How a site changes: the next snapshot is made beside the one in force and
 * swapped in whole, so that an exchange sees the old or the new one. A change
 * that fails leaves the old one.
 */
#include <stdlib.h>

#include "ndes/evidence.h"
#include "server/later.h"
#include "server/site_inside.h"

/* ---- steps ---- */

void
site_step_init(struct site_step *step, struct site *site)
{
	*step = (struct site_step){ .now = site->now };
	step->now.plan = plan_ref(site->now.plan);
	step->now.holdings = holdings_ref(site->now.holdings);
	step->in_force =
	    site->current != NULL ? site->current->host : site->now.configured;
}

void
site_step_drop(struct site_step *step)
{
	plan_release(step->now.plan);
	holdings_unref(step->now.holdings);
}

static void
date_evidence(
    struct site *site, const struct site_clock *clock, int64_t offset_ms)
{
	pthread_mutex_lock(&site->lock);
	site->evidence.clock = *clock;
	site->evidence.offset_ms = offset_ms;
	pthread_mutex_unlock(&site->lock);
}

static void
publish(struct site *site, struct site_snapshot *next)
{
	struct site_snapshot *before;

	pthread_mutex_lock(&site->lock);
	before = site->current;
	site->current = next;
	pthread_mutex_unlock(&site->lock);
	site_release(before);
}

static int
start(struct site *site, const struct site_step *step,
    const struct site_snapshot *next, struct err *e)
{
	enum boot_passwords passwords = step->start == SITE_START_POOL
	    ? BOOT_FORGET_PASSWORDS
	    : BOOT_KEEP_PASSWORDS;

	if (step->forget_evidence)
		evidence_forget(site->parts.evidence);
	if (step->start != SITE_START_NOTHING &&
	    boot(&site->parts, next, passwords, e) == -1)
		return -1;
	if (!step->restore_challenge)
		return 0;
	if (step->start == SITE_START_NOTHING &&
	    challenge_prefill(next->dep.challenges, &next->host, next->dep.env,
		(size_t)next->host.mscep.cached_passwords, e) == -1)
		return -1;
	if (site->first_challenge[0] == '\0')
		return 0;
	return challenge_restore(next->dep.challenges, &next->host,
	    next->dep.env, site->first_challenge, e);
}

int
site_step_take(struct site_step *step, struct site *site, struct err *e)
{
	const struct snapshot_wanted wanted = {
		.host = &step->in_force,
		.plan = step->now.plan,
		.holdings = step->now.holdings,
		.clock = step->now.clock,
		.before = site->current,
		.pool_starts = step->start != SITE_START_NOTHING,
	};
	struct site_time dated = site->evidence;
	struct site_snapshot *next = snapshot_make(&site->parts, &wanted, e);
	struct site_now before = site->now;

	if (next == NULL) {
		site_step_drop(step);
		return -1;
	}
	date_evidence(site, &step->now.clock, step->in_force.clock.offset_ms);
	if (start(site, step, next, e) == -1) {
		date_evidence(site, &dated.clock, dated.offset_ms);
		site_release(next);
		site_step_drop(step);
		return -1;
	}
	site->now = step->now;
	plan_release(before.plan);
	holdings_unref(before.holdings);
	publish(site, next);
	return 0;
}

void
site_changed(struct site *site)
{
	const struct site_options *o = &site->parts.options;

	if (o->changed != NULL)
		o->changed(o->changed_ctx);
}

/* ---- the model ---- */

int
site_configure(struct site *site, const struct host *wanted,
    enum host_effect event, struct err *e)
{
	struct site_step step;

	if (wanted->app_pool.state == HOST_POOL_STARTED &&
	    site->now.configured.app_pool.state != HOST_POOL_STARTED &&
	    event == HOST_NOW)
		event = HOST_POOL_START;
	site_step_init(&step, site);
	step.now.configured = *wanted;
	host_take_effect(&step.in_force, wanted, event);
	if (event != HOST_NOW)
		step.start = SITE_START_POOL;
	return site_step_take(&step, site, e);
}

static int
edit_and_keep(struct site *site, const struct host *wanted, const bool *touched,
    int64_t ttl_ms, struct err *e)
{
	struct host before = site->now.configured;
	struct temporary *record;

	if (later_host(site, ttl_ms, wanted, touched, &record, e) == -1)
		return -1;
	if (site_configure(site, wanted, HOST_NOW, e) == -1) {
		later_drop(site, record);
		return -1;
	}
	later_keep_host(site, &before, touched, record);
	return 0;
}

int
site_edit(struct site *site, site_edit_fn *edit, void *ctx, const bool *touched,
    int64_t ttl_ms, struct err *e)
{
	struct host wanted;
	int rc;

	pthread_mutex_lock(&site->change);
	wanted = site->now.configured;
	rc = edit(ctx, &wanted, e);
	if (rc == 0)
		rc = edit_and_keep(site, &wanted, touched, ttl_ms, e);
	pthread_mutex_unlock(&site->change);
	if (rc == 0)
		site_changed(site);
	return rc;
}

static const struct {
	const char *name;
	enum host_effect event;
} restarts[SITE_RESTARTS] = {
	[SITE_RESTART_APP_POOL] = { "app-pool", HOST_POOL_START },
	[SITE_RESTART_IIS] = { "iis", HOST_SERVICE_RESTART },
	[SITE_RESTART_COMPUTER] = { "computer", HOST_COMPUTER_RESTART },
	[SITE_RESTART_CONNECTOR] = { "connector", HOST_NOW },
	[SITE_RESTART_INTUNE_CONNECTOR] = { "intune-connector", HOST_NOW },
};

const char *
site_restart_name(enum site_restart what)
{
	return (unsigned)what < SITE_RESTARTS ? restarts[what].name : NULL;
}

/* What starting a service means for what is configured. A pool that is not started stays so when more than itself is restarted. */
static void
start_services(struct host *h, enum site_restart what)
{
	if (what == SITE_RESTART_CONNECTOR || what == SITE_RESTART_COMPUTER)
		h->app_proxy.connector = HOST_RUNNING;
	if (what == SITE_RESTART_INTUNE_CONNECTOR ||
	    what == SITE_RESTART_COMPUTER)
		h->policy_module.connector_service = HOST_RUNNING;
	if (what == SITE_RESTART_APP_POOL)
		h->app_pool.state = HOST_POOL_STARTED;
}

int
site_restart(struct site *site, enum site_restart what, struct err *e)
{
	struct host wanted;
	int rc;

	pthread_mutex_lock(&site->change);
	wanted = site->now.configured;
	start_services(&wanted, what);
	rc = site_configure(site, &wanted, restarts[what].event, e);
	pthread_mutex_unlock(&site->change);
	if (rc == 0)
		site_changed(site);
	return rc;
}

/* ---- the clock ---- */

int
site_set_clock(struct site *site, const struct site_clock *clock,
    int64_t ttl_ms, struct err *e)
{
	struct temporary *record;
	struct site_step step;
	int rc;

	pthread_mutex_lock(&site->change);
	rc = later_clock(site, ttl_ms, &record, e);
	if (rc == 0) {
		site_step_init(&step, site);
		step.now.clock = *clock;
		rc = site_step_take(&step, site, e);
	}
	if (rc == 0)
		later_keep(site, TEMPORARY_CLOCK, record);
	else
		later_drop(site, record);
	pthread_mutex_unlock(&site->change);
	if (rc == 0)
		site_changed(site);
	return rc;
}

/* ---- scenarios ---- */

int
site_step_renew(struct site_step *step, const struct site *site, unsigned keep,
    struct err *e)
{
	const struct holdings_options o = {
		.challenge = site->challenge,
		.store = site->parts.options.store,
	};
	struct holdings *h = holdings_new(&o, site->now.holdings, keep, e);

	if (h == NULL)
		return -1;
	holdings_unref(step->now.holdings);
	step->now.holdings = h;
	return 0;
}

int
site_return(struct site *site, struct site_plan *plan,
    const struct host *configured, const struct host *in_force, struct err *e)
{
	const unsigned keep =
	    HELD(HOLDING_CERTIFICATES) | HELD(HOLDING_CHALLENGES);
	struct site_step step;

	site_step_init(&step, site);
	plan_release(step.now.plan);
	step.now.plan = plan_ref(plan);
	step.now.configured = *configured;
	step.in_force = *in_force;
	step.start = SITE_START_AGAIN;
	if (site_step_renew(&step, site, keep, e) == -1) {
		site_step_drop(&step);
		return -1;
	}
	return site_step_take(&step, site, e);
}

/* What was for a while in model and rules gives way to other scenarios. */
static void
keep_scenario(struct site *site, struct temporary *record)
{
	if (record != NULL) {
		later_cover(site);
	} else {
		later_forget(site, TEMPORARY_HOST);
		later_forget(site, TEMPORARY_RULE);
	}
	later_keep(site, TEMPORARY_SCENARIO, record);
}

static int
use(struct site *site, struct scenario_set *set, const struct host *host,
    int64_t ttl_ms, struct err *e)
{
	struct site_plan *plan = plan_new(set, site->seed, e);
	struct temporary *record = NULL;
	int rc;

	if (plan == NULL)
		return -1;
	rc = later_scenario(site, ttl_ms, &record, e);
	if (rc == 0)
		rc = site_return(site, plan, host, host, e);
	if (rc == 0)
		keep_scenario(site, record);
	else
		later_drop(site, record);
	plan_release(plan);
	return rc;
}

int
site_use_scenarios(
    struct site *site, struct scenario_set *set, int64_t ttl_ms, struct err *e)
{
	struct host host = site->first_host;
	int rc;

	if (set != NULL && scenario_set_model(set, &host, e) == -1)
		return -1;
	pthread_mutex_lock(&site->change);
	rc = use(
	    site, set != NULL ? set : site->first_scenarios, &host, ttl_ms, e);
	pthread_mutex_unlock(&site->change);
	if (rc == 0)
		site_changed(site);
	return rc;
}

bool
site_is_temporary(struct site *site)
{
	bool is;

	pthread_mutex_lock(&site->change);
	is = later_is_pending(site, TEMPORARY_SCENARIO);
	pthread_mutex_unlock(&site->change);
	return is;
}

void
site_close(struct site *site)
{
	pthread_mutex_lock(&site->change);
	later_forget_all(site);
	pthread_mutex_unlock(&site->change);
}
