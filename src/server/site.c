/* SPDX-License-Identifier: MIT */
/* The life of a site, and what can be had of it. How it changes is in change.c and rules.c. */
#include "server/site.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "ndes/evidence.h"
#include "ndes/exchange.h"
#include "server/later.h"
#include "server/site_inside.h"

/* ---- the time of its logs ---- */

static int64_t
evidence_now_ms(void *ctx)
{
	struct site *site = ctx;
	struct site_time t;
	int64_t ms;

	pthread_mutex_lock(&site->lock);
	t = site->evidence;
	pthread_mutex_unlock(&site->lock);
	ms = t.clock.frozen ? 0 : env_now_ms(site->parts.options.env);
	return ms + t.clock.at_ms + t.offset_ms;
}

static int
evidence_random(void *ctx, uint8_t *p, size_t n)
{
	const struct site *site = ctx;
	const struct env *env = site->parts.options.env;

	return env->random(env->ctx, p, n);
}

/* ---- life ---- */

static int
open_parts(struct site *site, const struct site_options *o, struct err *e)
{
	const struct holdings_options ho = {
		.challenge = o->challenge,
		.store = o->store,
	};
	bool ok = true;

	site->challenge = text_dup(o->challenge, &ok);
	if (asprintf(&site->prefix, "%s%s", o->name[0] != '\0' ? "/" : "",
		o->name) == -1) {
		site->prefix = NULL;
		ok = false;
	}
	if (!ok)
		return err_set(e, ERR_MEMORY, "no memory for a site");
	site->first_host = *o->host;
	site->first_scenarios = scenario_set_ref(o->scenarios);
	site->seed = o->seed;
	site->parts.prefix = site->prefix;
	site->now.configured = *o->host;
	site->now.plan = plan_new(o->scenarios, o->seed, e);
	if (site->now.plan == NULL)
		return -1;
	site->now.holdings = holdings_new(&ho, NULL, 0, e);
	if (site->now.holdings == NULL)
		return -1;
	return site_parts_open(&site->parts, o, &site->evidence.env, e);
}

/* As a computer starts. */
static int
start(struct site *site, struct err *e)
{
	struct site_step step;

	site_step_init(&step, site);
	step.in_force = site->now.configured;
	step.start = SITE_START_POOL;
	return site_step_take(&step, site, e);
}

struct site *
site_new(const struct site_options *o, struct err *e)
{
	struct site *site = calloc(1, sizeof(*site));

	if (site == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a site");
		return NULL;
	}
	atomic_init(&site->refs, 1);
	pthread_mutex_init(&site->change, NULL);
	pthread_mutex_init(&site->lock, NULL);
	site->evidence.env =
	    (struct env){ evidence_now_ms, evidence_random, site };
	if (open_parts(site, o, e) == -1 || start(site, e) == -1) {
		site_unref(site);
		return NULL;
	}
	return site;
}

struct site *
site_ref(struct site *site)
{
	atomic_fetch_add(&site->refs, 1);
	return site;
}

void
site_unref(struct site *site)
{
	if (site == NULL || atomic_fetch_sub(&site->refs, 1) != 1)
		return;
	site_close(site);
	site_release(site->current);
	site_parts_close(&site->parts);
	plan_release(site->now.plan);
	holdings_unref(site->now.holdings);
	scenario_set_unref(site->first_scenarios);
	free(site->prefix);
	free(site->challenge);
	pthread_mutex_destroy(&site->lock);
	pthread_mutex_destroy(&site->change);
	free(site);
}

/* ---- use ---- */

void
site_touch(struct site *site)
{
	atomic_store(&site->used_us, env_monotonic_us());
}

int64_t
site_used_us(const struct site *site)
{
	return atomic_load(&site->used_us);
}

const char *
site_name(const struct site *site)
{
	return site->prefix[0] == '/' ? site->prefix + 1 : site->prefix;
}

int
site_challenge(struct site *site, char out[CHALLENGE_TEXT_MAX], struct err *e)
{
	struct site_snapshot *now = site_acquire(site);
	int rc = challenge_spare(
	    now->dep.challenges, &now->host, now->dep.env, out, e);

	site_release(now);
	pthread_mutex_lock(&site->change);
	if (rc == 0 && site->first_challenge[0] == '\0')
		memcpy(site->first_challenge, out, strlen(out) + 1);
	pthread_mutex_unlock(&site->change);
	return rc;
}

struct site_snapshot *
site_acquire(struct site *site)
{
	struct site_snapshot *s;

	pthread_mutex_lock(&site->lock);
	s = site->current;
	atomic_fetch_add(&s->refs, 1);
	pthread_mutex_unlock(&site->lock);
	return s;
}

void
site_configured(struct site *site, struct host *out)
{
	pthread_mutex_lock(&site->change);
	*out = site->now.configured;
	pthread_mutex_unlock(&site->change);
}

int
site_evidence(struct site *site, const struct ndes_exchange *x,
    int64_t taken_ms, struct err *e)
{
	return evidence_exchange(site->parts.evidence, x, taken_ms, e);
}

/* ---- revocation ---- */

static int
revoke(struct store *store, const struct store_cert *row, int64_t at,
    struct err *e)
{
	enum store_cert_state state;
	bool found;

	if (store_cert_state(store, row->serial, &state, e) == -1)
		return -1;
	if (state == STORE_CERT_REVOKED)
		return 0;
	if (state == STORE_CERT_UNKNOWN && store_cert_add(store, row, e) == -1)
		return -1;
	return store_cert_revoke(store, row->serial, at, 0, &found, e);
}

int
site_revoke(struct site_snapshot *now, const struct pki_cert *cert, int64_t at,
    struct err *e)
{
	const struct store_cert row = {
		.serial = cert->serial,
		.subject = BYTES_LIT("the deployment's own"),
		.transaction_id = BYTES_LIT(""),
		.template_name = BYTES_LIT("WebServer"),
		.key_hash = BYTES_LIT("-"),
		.not_before = cert->not_before,
		.not_after = cert->not_after,
		.issued_at = cert->not_before,
		.der = cert->der,
	};

	return revoke(now->holdings->store, &row, at, e);
}
