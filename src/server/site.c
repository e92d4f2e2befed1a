/* SPDX-License-Identifier: MIT */
/*
 * Building a deployment out of a model: material minted with the dates that
 * the model asks for, mscep.dll started on it, and the snapshot published.
 */
#include "server/site.h"

#include <pthread.h>
#include <stdlib.h>

#include "ndes/exchange.h"
#include "ndes/iis_log.h"

#define DAY INT64_C(86400)

struct site {
	const struct env *env;
	struct store *store;
	struct ca *ca;
	struct challenge_cache *challenges;
	struct iis_log *iis_log;
	pthread_mutex_t lock; /* of current */
	struct site_snapshot *current;
};

/* The dates of an RA certificate that the model calls expired: two years that ended yesterday. */
static struct ca_validity
ra_validity(int state, int64_t now)
{
	if (state == HOST_CERT_EXPIRED)
		return (struct ca_validity){ now - 731 * DAY, now - DAY };
	return (struct ca_validity){ 0, 0 };
}

static int
mint(struct ca_material **out, const struct site_options *o, struct err *e)
{
	int64_t now = env_now(o->env);
	struct ca_material_spec spec = {
		.keys = o->keys,
		.hostname = o->hostname,
		.url_base = o->url_base,
		.now = now,
		.ra_sign = ra_validity(o->host->ra.signing, now),
		.ra_encrypt = ra_validity(o->host->ra.encryption, now),
	};
	struct pki_ctx *ctx = pki_ctx_new(o->lib, e);
	int rc = -1;

	if (ctx != NULL)
		rc = ca_material_mint(out, ctx, &spec, o->env, e);
	pki_ctx_free(ctx);
	return rc;
}

static struct site_snapshot *
snapshot_new(
    const struct site *site, const struct site_options *o, struct err *e)
{
	struct site_snapshot *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a deployment");
		return NULL;
	}
	atomic_init(&s->refs, 1);
	s->host = *o->host;
	if (mint(&s->material, o, e) == -1) {
		free(s);
		return NULL;
	}
	s->dep = (struct ndes_deployment){
		.env = o->env,
		.hostname = o->hostname,
		.admin_user = o->admin_user,
		.admin_password = o->admin_password,
		.ca = site->ca,
		.material = s->material,
		.challenges = site->challenges,
		.iis_log = site->iis_log,
	};
	s->dep.mscep = ndes_mscep_start(&s->host, s->material, env_now(o->env));
	return s;
}

struct site *
site_new(const struct site_options *o, struct err *e)
{
	struct site *site = calloc(1, sizeof(*site));

	if (site == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a site");
		return NULL;
	}
	pthread_mutex_init(&site->lock, NULL);
	site->env = o->env;
	site->store = store_open(NULL, e);
	if (site->store != NULL)
		site->ca = ca_new(site->store, o->env, e);
	if (site->ca != NULL)
		site->challenges = challenge_cache_new(o->challenge, e);
	if (site->challenges != NULL && o->log_dir != NULL)
		site->iis_log = iis_log_open(o->log_dir, e);
	if (site->challenges != NULL &&
	    (o->log_dir == NULL || site->iis_log != NULL))
		site->current = snapshot_new(site, o, e);
	if (site->current == NULL) {
		site_free(site);
		return NULL;
	}
	return site;
}

void
site_free(struct site *site)
{
	if (site == NULL)
		return;
	site_release(site->current);
	iis_log_close(site->iis_log);
	challenge_cache_free(site->challenges);
	ca_free(site->ca);
	store_close(site->store);
	pthread_mutex_destroy(&site->lock);
	free(site);
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
site_release(struct site_snapshot *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	ca_material_free(s->material);
	free(s);
}

int
site_evidence(struct site *site, const struct ndes_exchange *x,
    int64_t taken_ms, struct err *e)
{
	if (site->iis_log == NULL || !x->evidence.in_iis_log)
		return 0;
	return iis_log_write(
	    site->iis_log, x, env_now_ms(site->env), taken_ms, e);
}

struct challenge_cache *
site_challenges(struct site *site)
{
	return site->challenges;
}
