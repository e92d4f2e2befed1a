/* SPDX-License-Identifier: MIT */
/* Snapshots: the model in force, and all that is made from it. */
#include "server/snapshot.h"

#include <stdlib.h>

#include "ndes/evidence.h"

int
site_parts_open(struct site_parts *p, const struct site_options *o,
    const struct env *env, struct err *e)
{
	p->options = *o;
	p->options.host = NULL;
	p->options.scenarios = NULL;
	p->evidence = evidence_open(o->log_dir, o->hostname, env, e);
	return p->evidence == NULL ? -1 : 0;
}

void
site_parts_close(struct site_parts *p)
{
	evidence_close(p->evidence);
}

static struct material *
material_for(const struct site_parts *p, const struct host *host,
    struct site_snapshot *before, struct err *e)
{
	if (before != NULL && material_same(host, &before->host))
		return material_ref(before->material);
	return materials_get(p->options.materials, host, p->prefix, e);
}

/* The CA of a snapshot has its clock; what it knows is in the store. */
static int
make_ca(struct site_snapshot *s, const struct site_options *o, struct err *e)
{
	s->ca = ca_new(s->holdings->store, &s->time.env, e);
	if (s->ca == NULL)
		return -1;
	ca_set_private(s->ca, o->private_ca);
	return 0;
}

struct site_snapshot *
snapshot_make(
    const struct site_parts *p, const struct snapshot_wanted *w, struct err *e)
{
	const struct site_options *o = &p->options;
	struct site_snapshot *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a deployment");
		return NULL;
	}
	atomic_init(&s->refs, 1);
	s->host = *w->host;
	s->plan = plan_ref(w->plan);
	s->holdings = holdings_ref(w->holdings);
	site_time_init(&s->time, o->env, &w->clock, w->host->clock.offset_ms);
	s->material = material_for(p, w->host, w->before, e);
	if (s->material == NULL || make_ca(s, o, e) == -1) {
		site_release(s);
		return NULL;
	}
	s->dep = (struct ndes_deployment){
		.env = &s->time.env,
		.hostname = o->hostname,
		.admin_user = o->admin_user,
		.admin_password = o->admin_password,
		.ca = s->ca,
		.material = material_get(s->material),
		.challenges = w->holdings->challenges,
		.pool = w->holdings->pool,
		.evidence = p->evidence,
	};
	if (w->pool_starts || w->before == NULL)
		s->dep.mscep = ndes_mscep_start(
		    w->host, s->dep.material, env_now(s->dep.env));
	else
		s->dep.mscep = w->before->dep.mscep;
	return s;
}

void
site_release(struct site_snapshot *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	ca_free(s->ca);
	material_unref(s->material);
	plan_release(s->plan);
	holdings_unref(s->holdings);
	free(s);
}
