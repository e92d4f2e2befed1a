/* SPDX-License-Identifier: MIT */
/* The passage of an exchange: to which site it belongs, where it is worked on, what is written when it is finished. */
#include <stdlib.h>

#include "server/exchange.h"
#include "server/faults.h"
#include "server/inside.h"

#define CATALOGUE_PREFIX "/x/"

struct server_exchange {
	struct job job; /* first: a worker hands it back */
	struct server *server;
	struct site *site; /* one reference */
	struct site_snapshot *snapshot;
	server_answer_fn *answer;
	void *ctx;
	struct ndes_exchange x;
	struct exchange_fault fault;
	bool not_asked; /* the deployment, because of a rule */
};

/* The deployment's evidence and our own log line, then the answer. */
static void
finish(
    struct server_exchange *sx, struct pki_ctx *ctx, const struct err *failure)
{
	struct ndes_exchange *x = &sx->x;
	int64_t taken_ms = (env_monotonic_us() - x->started_us) / 1000;
	struct server *s = sx->server;
	struct err e = { 0 };
	struct buf line;

	faults_settle(&sx->fault, x);
	if (site_evidence(sx->site, x, taken_ms, &e) == -1)
		log_say(&s->log, LOG_ERROR, "%s", e.text);
	ndes_app_proxy_return(x);
	err_clear(&e);
	if (faults_answer(&sx->fault, x, ctx, &e) == -1)
		log_say(&s->log, LOG_ERROR,
		    "rule %s could not be carried out: %s",
		    sx->fault.choice.rule->id, e.text);
	buf_init(&line, 2048);
	ndes_exchange_line(x, &line);
	faults_print(&sx->fault, x, &line);
	if (failure->code != ERR_NONE)
		log_say(&s->log, LOG_ERROR, "%s: %s", buf_str(&line),
		    failure->text);
	else
		log_say(&s->log, LOG_INFO, "%s (%lld ms)", buf_str(&line),
		    (long long)taken_ms);
	buf_clear(&line);
	sx->answer(sx->ctx, &x->reply);
}

static bool
seam_decoded(void *ctx)
{
	struct server_exchange *sx = ctx;

	return faults_decoded(&sx->fault, &sx->x);
}

static int
seam_composed(void *ctx, struct pki_ctx *pki, struct err *e)
{
	struct server_exchange *sx = ctx;

	return faults_composed(&sx->fault, &sx->x, pki, e);
}

static void
run_job(struct job *job, struct pki_ctx *ctx)
{
	struct server_exchange *sx = (struct server_exchange *)job;
	const struct exchange_seams seams = { seam_decoded, seam_composed, sx };
	struct err e = { 0 };

	if (!exchange_is_answered(&sx->x))
		exchange_work(&sx->x, ctx, &seams, &e);
	finish(sx, ctx, &e);
}

/*
 * The site that a request is for, a reference. A path "/x/NAME/..." belongs to the
 * catalogue; what stands before the last slash of the prefix is then taken
 * off, so that the deployment sees the path that it would see in the field.
 */
static struct site *
find_site(struct server *s, struct ndes_exchange *x)
{
	struct bytes path = x->rq.path, name;
	struct bytes prefix = BYTES_LIT(CATALOGUE_PREFIX);
	struct err e = { 0 };
	struct site *site;

	x->url_prefix = "";
	if (!bytes_starts_nocase(path, prefix))
		return site_ref(s->site);
	name = bytes_from(path, prefix.n);
	name.n = catalogue_name(name);
	site = catalogue_site(s->catalogue, name, &e);
	if (site == NULL) {
		if (e.code != ERR_USAGE)
			log_say(&s->log, LOG_ERROR, "%s", e.text);
		return site_ref(s->site);
	}
	x->url_prefix =
	    arena_str(&x->arena, bytes_of(path.p, prefix.n + name.n));
	if (x->url_prefix == NULL)
		x->url_prefix = "";
	x->rq.target = bytes_from(x->rq.target, prefix.n + name.n);
	http_request_split(&x->rq);
	x->rq.head_bytes -= prefix.n + name.n;
	return site;
}

struct server_exchange *
server_receive(struct server *s, const struct http_request *rq,
    server_answer_fn *answer, void *ctx)
{
	struct server_exchange *sx = calloc(1, sizeof(*sx));
	struct err none = { 0 };

	if (sx == NULL)
		return NULL;
	sx->server = s;
	sx->answer = answer;
	sx->ctx = ctx;
	sx->job.run = run_job;
	ndes_exchange_init(&sx->x, EXCHANGE_MEMORY_MAX);
	sx->x.rq = *rq;
	sx->x.started_us = env_monotonic_us();
	sx->site = find_site(s, &sx->x);
	sx->snapshot = site_acquire(sx->site);
	sx->x.dep = &sx->snapshot->dep;
	sx->x.host = &sx->snapshot->host;
	sx->fault.plan = sx->snapshot->plan;
	sx->fault.memory = sx->snapshot->holdings->memory;
	ndes_route(&sx->x);
	sx->not_asked = !faults_arrive(&sx->fault, &sx->x, site_name(sx->site));
	if (!sx->not_asked)
		exchange_arrive(&sx->x);
	if ((!sx->not_asked && !exchange_is_answered(&sx->x)) ||
	    faults_need_worker(&sx->fault))
		workers_submit(s->workers, &sx->job);
	else
		finish(sx, NULL, &none);
	return sx;
}

void
server_exchange_end(struct server_exchange *sx)
{
	if (sx == NULL)
		return;
	ndes_exchange_clear(&sx->x);
	site_release(sx->snapshot);
	site_unref(sx->site);
	free(sx);
}

const struct http_reply *
server_no_memory_reply(void)
{
	static const struct http_reply reply = {
		.status = 503,
		.close = true,
		.body = { (const uint8_t *)"mockndes is out of memory\r\n",
		    27 },
	};

	return &reply;
}
