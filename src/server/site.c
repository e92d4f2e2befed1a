/* SPDX-License-Identifier: MIT */
/*
 * The life of a deployment: built as a computer starts, changed by edits of
 * what is configured, brought into force by restarts.
 */
#include "server/site.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ndes/exchange.h"
#include "server/boot.h"
#include "server/snapshot.h"

struct site {
	atomic_uint refs;
	atomic_llong used_us; /* env_monotonic_us() */
	struct site_parts parts;
	atomic_llong offset_ms; /* clock.offset, for the deployment's clock */
	struct env clock; /* parts.env points here */
	char *
	    prefix; /* of its URLs: "", "/x/NAME"; the name is behind the slash */
	pthread_mutex_t change; /* one change at a time; before lock */
	/* under change: what the next snapshot is made of */
	struct host configured;
	struct site_plan *plan;
	struct holdings *holdings;
	char first_challenge[CHALLENGE_TEXT_MAX]; /* "": none yet */
	pthread_mutex_t lock; /* of current */
	struct site_snapshot *current;
};

static int64_t
site_now_ms(void *ctx)
{
	struct site *site = ctx;

	return env_now_ms(site->parts.options.env) +
	    atomic_load(&site->offset_ms);
}

static int
site_random(void *ctx, uint8_t *p, size_t n)
{
	struct site *site = ctx;

	return site->parts.options.env->random(
	    site->parts.options.env->ctx, p, n);
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

static bool
is_restart(enum host_effect event)
{
	return event != HOST_NOW;
}

/*
 * Bring into force what this event brings, and let the pool start when it is
 * such an event. change is held.
 */
static int
take_effect(struct site *site, enum host_effect event, struct err *e)
{
	struct host host = site->configured;
	struct snapshot_wanted wanted = {
		.host = &host,
		.plan = site->plan,
		.holdings = site->holdings,
		.before = site->current,
		.pool_starts = is_restart(event),
	};
	struct site_snapshot *next;

	if (wanted.before != NULL) {
		host = wanted.before->host;
		host_take_effect(&host, &site->configured, event);
	}
	atomic_store(&site->offset_ms, host.clock.offset_ms);
	next = snapshot_make(&site->parts, &wanted, e);
	if (next == NULL)
		return -1;
	if (is_restart(event) && boot(&site->parts, next, e) == -1) {
		site_release(next);
		return -1;
	}
	publish(site, next);
	return 0;
}

static int
open_parts(struct site *site, const struct site_options *o, struct err *e)
{
	const struct holdings_options ho = {
		.env = &site->clock,
		.challenge = o->challenge,
		.store = o->store,
		.private_ca = o->private_ca,
	};

	if (asprintf(&site->prefix, "%s%s", o->name[0] != '\0' ? "/" : "",
		o->name) == -1) {
		site->prefix = NULL;
		return err_set(e, ERR_MEMORY, "no memory for a site");
	}
	site->parts.prefix = site->prefix;
	site->plan = plan_new(o->scenarios, o->seed, e);
	if (site->plan == NULL)
		return -1;
	site->holdings = holdings_new(&ho, NULL, 0, e);
	if (site->holdings == NULL)
		return -1;
	return site_parts_open(&site->parts, o, &site->clock, e);
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
	site->clock = (struct env){ site_now_ms, site_random, site };
	site->configured = *o->host;
	if (open_parts(site, o, e) == -1 ||
	    take_effect(site, HOST_COMPUTER_RESTART, e) == -1) {
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
	site_release(site->current);
	site_parts_close(&site->parts);
	plan_release(site->plan);
	holdings_unref(site->holdings);
	free(site->prefix);
	pthread_mutex_destroy(&site->lock);
	pthread_mutex_destroy(&site->change);
	free(site);
}

void
site_use(struct site *site)
{
	atomic_store(&site->used_us, env_monotonic_us());
}

int64_t
site_used_us(const struct site *site)
{
	return atomic_load(&site->used_us);
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
	*out = site->configured;
	pthread_mutex_unlock(&site->change);
}

/* Try a new configuration; keep the old one when it cannot be brought into force. */
static int
reconfigure(struct site *site, const struct host *wanted,
    enum host_effect event, struct err *e)
{
	struct host before = site->configured;

	site->configured = *wanted;
	if (take_effect(site, event, e) == -1) {
		site->configured = before;
		return -1;
	}
	return 0;
}

int
site_edit(struct site *site, site_edit_fn *edit, void *ctx, struct err *e)
{
	struct host wanted;
	bool starts;
	int rc;

	pthread_mutex_lock(&site->change);
	wanted = site->configured;
	rc = edit(ctx, &wanted, e);
	starts = wanted.app_pool.state == HOST_POOL_STARTED &&
	    site->configured.app_pool.state != HOST_POOL_STARTED;
	if (rc == 0)
		rc = reconfigure(
		    site, &wanted, starts ? HOST_POOL_START : HOST_NOW, e);
	pthread_mutex_unlock(&site->change);
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
	wanted = site->configured;
	start_services(&wanted, what);
	rc = reconfigure(site, &wanted, restarts[what].event, e);
	pthread_mutex_unlock(&site->change);
	return rc;
}

int
site_evidence(struct site *site, const struct ndes_exchange *x,
    int64_t taken_ms, struct err *e)
{
	if (site->parts.evidence == NULL)
		return 0;
	return evidence_exchange(site->parts.evidence, x, taken_ms, e);
}

const char *
site_name(const struct site *site)
{
	return site->prefix[0] == '/' ? site->prefix + 1 : site->prefix;
}

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
site_revoke(
    struct site *site, const struct pki_cert *cert, int64_t at, struct err *e)
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
	struct site_snapshot *now = site_acquire(site);
	int rc = revoke(now->holdings->store, &row, at, e);

	site_release(now);
	return rc;
}
