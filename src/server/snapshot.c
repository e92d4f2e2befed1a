/* SPDX-License-Identifier: MIT */
/*
 * Snapshots: the model in force, and the material minted with the dates and
 * issuers that the model asks for. Minting happens only when one of the keys
 * that it depends on changed.
 */
#include "server/snapshot.h"

#include <stdlib.h>

#include "ndes/evidence.h"
#include "ndes/pool.h"

#define DAY INT64_C(86400)

struct site_material {
	atomic_uint refs;
	struct ca_material *minted;
};

int
site_parts_open(struct site_parts *p, const struct site_options *o,
    const struct env *env, struct err *e)
{
	p->options = *o;
	p->options.host = NULL;
	p->real = o->env;
	p->env = env;
	p->store = store_open(NULL, e);
	if (p->store == NULL)
		return -1;
	p->ca = ca_new(p->store, env, e);
	if (p->ca == NULL)
		return -1;
	p->challenges = challenge_cache_new(o->challenge, e);
	if (p->challenges == NULL)
		return -1;
	p->pool = pool_new(e);
	if (p->pool == NULL)
		return -1;
	if (o->log_dir != NULL) {
		p->evidence = evidence_open(o->log_dir, o->hostname, env, e);
		if (p->evidence == NULL)
			return -1;
	}
	return 0;
}

void
site_parts_close(struct site_parts *p)
{
	evidence_close(p->evidence);
	pool_free(p->pool);
	challenge_cache_free(p->challenges);
	ca_free(p->ca);
	store_close(p->store);
}

/* ---- material ---- */

static void
material_release(struct site_material *m)
{
	if (m == NULL || atomic_fetch_sub(&m->refs, 1) != 1)
		return;
	ca_material_free(m->minted);
	free(m);
}

/* The dates of an RA certificate that the model calls expired: two years that ended yesterday. */
static struct ca_validity
ra_validity(int state, int64_t now)
{
	if (state == HOST_CERT_EXPIRED)
		return (struct ca_validity){ now - 731 * DAY, now - DAY };
	return (struct ca_validity){ 0, 0 };
}

static struct ca_validity
tls_validity(int state, int64_t now)
{
	if (state == HOST_TLS_EXPIRED)
		return (struct ca_validity){ now - 366 * DAY, now - DAY };
	return (struct ca_validity){ 0, 0 };
}

static int
mint(struct ca_material **out, const struct site_parts *p,
    const struct host *host, struct err *e)
{
	int64_t now = env_now(p->real);
	struct ca_material_spec spec = {
		.keys = p->options.keys,
		.hostname = p->options.hostname,
		.url_base = p->options.url_base,
		.now = now,
		.ra_sign = ra_validity(host->ra.signing, now),
		.ra_encrypt = ra_validity(host->ra.encryption, now),
		.tls = tls_validity(host->tls.certificate, now),
		.ra_by_old_ca = host->ra.issuer == HOST_RA_OLD_CA,
		.ra_unlisted = !host->ra.listed,
		.root_replaced = host->ca.root == HOST_ROOT_REPLACED,
		.tls_wrong_name = host->tls.certificate == HOST_TLS_WRONG_NAME,
		.tls_untrusted = host->tls.certificate == HOST_TLS_UNTRUSTED,
	};
	struct pki_ctx *ctx = pki_ctx_new(p->options.lib, e);
	int rc = -1;

	if (ctx != NULL)
		rc = ca_material_mint(out, ctx, &spec, p->real, e);
	pki_ctx_free(ctx);
	return rc;
}

static struct site_material *
material_new(const struct site_parts *p, const struct host *host, struct err *e)
{
	struct site_material *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for certificates");
		return NULL;
	}
	atomic_init(&m->refs, 1);
	if (mint(&m->minted, p, host, e) == -1) {
		free(m);
		return NULL;
	}
	return m;
}

/* Would the same certificates be minted for both? */
static bool
same_material(const struct host *a, const struct host *b)
{
	return a->ra.signing == b->ra.signing &&
	    a->ra.encryption == b->ra.encryption &&
	    a->ra.issuer == b->ra.issuer && a->ra.listed == b->ra.listed &&
	    a->ca.root == b->ca.root &&
	    a->tls.certificate == b->tls.certificate;
}

static struct site_material *
material_for(const struct site_parts *p, const struct host *host,
    struct site_snapshot *before, struct err *e)
{
	if (before == NULL || !same_material(host, &before->host))
		return material_new(p, host, e);
	atomic_fetch_add(&before->material->refs, 1);
	return before->material;
}

/* ---- snapshots ---- */

struct site_snapshot *
snapshot_make(const struct site_parts *p, const struct host *host,
    struct site_snapshot *before, bool pool_starts, struct err *e)
{
	const struct site_options *o = &p->options;
	struct site_snapshot *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a deployment");
		return NULL;
	}
	atomic_init(&s->refs, 1);
	s->host = *host;
	s->plan = plan_ref(before != NULL ? before->plan : p->plan);
	s->material = material_for(p, host, before, e);
	if (s->material == NULL) {
		plan_release(s->plan);
		free(s);
		return NULL;
	}
	s->dep = (struct ndes_deployment){
		.env = p->env,
		.hostname = o->hostname,
		.admin_user = o->admin_user,
		.admin_password = o->admin_password,
		.ca = p->ca,
		.material = s->material->minted,
		.challenges = p->challenges,
		.pool = p->pool,
		.evidence = p->evidence,
	};
	if (pool_starts || before == NULL)
		s->dep.mscep = ndes_mscep_start(
		    host, s->material->minted, env_now(p->env));
	else
		s->dep.mscep = before->dep.mscep;
	return s;
}

void
site_release(struct site_snapshot *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	material_release(s->material);
	plan_release(s->plan);
	free(s);
}
