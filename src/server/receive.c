/* SPDX-License-Identifier: MIT */
/* The passage of an exchange: to which site it belongs, where it is worked on, what is written when it is finished. */
#include <stdlib.h>

#include "server/exchange.h"
#include "server/faults.h"
#include "server/inside.h"

#define CATALOGUE_PREFIX "/x/"

/* What is worked on until there is an answer; much, so that an answer that waits must not keep it. */
struct walk {
	struct ndes_exchange x;
	struct exchange_fault fault;
};

struct server_exchange {
	struct job job; /* first: a worker hands it back */
	struct server *server;
	struct site *site; /* one reference */
	struct site_snapshot *snapshot;
	server_answer_fn *answer;
	void *ctx;
	struct walk *walk; /* NULL: answered */
};

static void
walk_free(struct walk *w)
{
	if (w == NULL)
		return;
	ndes_exchange_clear(&w->x);
	free(w);
}

/* The deployment's evidence and our own log line, then the answer. */
static void
finish(
    struct server_exchange *sx, struct pki_ctx *ctx, const struct err *failure)
{
	struct walk *w = sx->walk;
	struct ndes_exchange *x = &w->x;
	int64_t taken_ms = (env_monotonic_us() - x->started_us) / 1000;
	struct server *s = sx->server;
	struct err e = { 0 };
	struct buf line;

	faults_settle(&w->fault, x);
	if (site_evidence(sx->site, x, taken_ms, &e) == -1)
		log_say(&s->log, LOG_ERROR, "%s", e.text);
	ndes_app_proxy_return(x);
	err_clear(&e);
	if (faults_answer(&w->fault, x, ctx, &e) == -1)
		log_say(&s->log, LOG_ERROR,
		    "rule %s could not be carried out: %s",
		    w->fault.choice.rule->id, e.text);
	buf_init(&line, 2048);
	ndes_exchange_line(x, &line);
	faults_print(&w->fault, x, &line);
	if (failure->code != ERR_NONE)
		log_say(&s->log, LOG_ERROR, "%s: %s", buf_str(&line),
		    failure->text);
	else
		log_say(&s->log, LOG_INFO, "%s (%lld ms)", buf_str(&line),
		    (long long)taken_ms);
	buf_clear(&line);
	/* with the answer sx may end at once, in another thread */
	sx->walk = NULL;
	sx->answer(sx->ctx, &x->reply);
	walk_free(w);
}

static bool
seam_decoded(void *ctx)
{
	struct walk *w = ctx;

	return faults_decoded(&w->fault, &w->x);
}

static int
seam_composed(void *ctx, struct pki_ctx *pki, struct err *e)
{
	struct walk *w = ctx;

	return faults_composed(&w->fault, &w->x, pki, e);
}

static void
run_job(struct job *job, struct pki_ctx *ctx)
{
	struct server_exchange *sx = (struct server_exchange *)job;
	const struct exchange_seams seams = { seam_decoded, seam_composed,
		sx->walk };
	struct err e = { 0 };

	if (!exchange_is_answered(&sx->walk->x))
		exchange_work(&sx->walk->x, ctx, &seams, &e);
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

/* Does the deployment, or the fault, need a worker after what can be done at once? */
static bool
arrive(struct server_exchange *sx)
{
	struct walk *w = sx->walk;
	bool asked = faults_arrive(&w->fault, &w->x, site_name(sx->site));

	if (asked)
		exchange_arrive(&w->x);
	return (asked && !exchange_is_answered(&w->x)) ||
	    faults_need_worker(&w->fault);
}

struct server_exchange *
server_receive(struct server *s, const struct http_request *rq,
    server_answer_fn *answer, void *ctx)
{
	struct server_exchange *sx = calloc(1, sizeof(*sx));
	struct walk *w = calloc(1, sizeof(*w));
	struct err none = { 0 };

	if (sx == NULL || w == NULL) {
		free(sx);
		free(w);
		return NULL;
	}
	*sx = (struct server_exchange){
		.job = { .run = run_job },
		.server = s,
		.answer = answer,
		.ctx = ctx,
		.walk = w,
	};
	ndes_exchange_init(&w->x, EXCHANGE_MEMORY_MAX);
	w->x.rq = *rq;
	w->x.started_us = env_monotonic_us();
	sx->site = find_site(s, &w->x);
	sx->snapshot = site_acquire(sx->site);
	w->x.dep = &sx->snapshot->dep;
	w->x.host = &sx->snapshot->host;
	w->fault.plan = sx->snapshot->plan;
	w->fault.memory = sx->snapshot->holdings->memory;
	ndes_route(&w->x);
	if (arrive(sx))
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
	walk_free(sx->walk);
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
