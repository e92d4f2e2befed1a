/* SPDX-License-Identifier: MIT */
/* The passage of an exchange: to which site it belongs, where it is worked on, what is written when it is finished. */
#include <stdlib.h>

#include "server/exchange.h"
#include "server/faults.h"
#include "server/find.h"
#include "server/inside.h"
#include "server/record.h"

/* What is worked on until there is an answer; much, so that an answer that waits must not keep it. */
struct walk {
	struct ndes_exchange x;
	struct exchange_fault fault;
	bool asked; /* the deployment; else a rule answers in its place */
};

struct server_exchange {
	struct job job; /* first: a worker hands it back */
	struct server *server;
	struct site
	    *site; /* one reference; NULL: a private one that is not there */
	struct site_snapshot *snapshot;
	server_answer_fn *answer;
	void *ctx;
	struct walk *walk; /* NULL: answered */
	struct record record;
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
	int64_t taken_us = env_monotonic_us() - x->started_us;
	int64_t taken_ms = taken_us / 1000;
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
	metrics_count(s->metrics, x,
	    w->fault.choice.rule == NULL ? NULL : w->fault.choice.rule->id,
	    taken_us);
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
	if (ctx != NULL && record_wants_message(&sx->record, x))
		record_read_message(x, &w->fault, ctx);
	record_answer(&sx->record, x, &w->fault);
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

	if (sx->walk->asked && !exchange_is_answered(&sx->walk->x))
		exchange_work(&sx->walk->x, ctx, &seams, &e);
	finish(sx, ctx, &e);
}

/* Not an answer of a deployment's, so it is signed with our name. */
static void
answer_no_session(struct server_exchange *sx)
{
	static const char text[] =
	    "there is no session of this id on this mockndes; it was ended, "
	    "or idle for too long (POST /v1/sessions makes one)\r\n";
	struct walk *w = sx->walk;
	struct ndes_exchange *x = &w->x;
	const char *length = arena_printf(&x->arena, "%zu", strlen(text));
	struct buf line;

	x->reply =
	    (struct http_reply){ .status = 404, .body = bytes_str(text) };
	http_reply_add(&x->reply, "Content-Type", "text/plain; charset=utf-8");
	http_reply_add(&x->reply, "Server", "mockndes");
	if (length != NULL)
		http_reply_add(&x->reply, "Content-Length", length);
	x->why = "there is no such session";
	metrics_count(
	    sx->server->metrics, x, NULL, env_monotonic_us() - x->started_us);
	buf_init(&line, 2048);
	ndes_exchange_line(x, &line);
	log_say(&sx->server->log, LOG_INFO, "%s", buf_str(&line));
	buf_clear(&line);
	sx->walk = NULL;
	sx->answer(sx->ctx, &x->reply);
	walk_free(w);
}

static void
open_record(struct server_exchange *sx)
{
	record_open(&sx->record, sx->server->journal, &sx->walk->x,
	    &sx->walk->fault, site_name(sx->site));
}

/* Does the deployment, the fault or the record need a worker after what can be done at once? */
static bool
arrive(struct server_exchange *sx)
{
	struct walk *w = sx->walk;

	w->asked = faults_arrive(&w->fault, &w->x, site_name(sx->site));
	if (sx->record.slot == NULL)
		open_record(sx);
	if (w->asked)
		exchange_arrive(&w->x);
	return (w->asked && !exchange_is_answered(&w->x)) ||
	    faults_need_worker(&w->fault) ||
	    record_wants_message(&sx->record, &w->x);
}

/* The deployment as it is now, and where in it the request goes. */
static void
enter_site(struct server_exchange *sx)
{
	struct walk *w = sx->walk;

	sx->site = find_site(sx->server, &w->x);
	if (sx->site == NULL)
		return;
	sx->snapshot = site_acquire(sx->site);
	w->x.dep = &sx->snapshot->dep;
	w->x.host = &sx->snapshot->host;
	w->fault.plan = sx->snapshot->plan;
	w->fault.memory = sx->snapshot->holdings->memory;
	ndes_route(&w->x);
}

struct server_exchange *
server_open(struct server *s, const struct http_request *rq,
    server_answer_fn *answer, void *ctx)
{
	struct server_exchange *sx = calloc(1, sizeof(*sx));
	struct walk *w = calloc(1, sizeof(*w));

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
	enter_site(sx);
	return sx;
}

bool
server_withholds_continue(struct server_exchange *sx)
{
	struct walk *w = sx->walk;

	if (sx->site == NULL ||
	    !faults_expected(&w->fault, &w->x, site_name(sx->site)))
		return false;
	open_record(sx);
	return true;
}

void
server_go_on(struct server_exchange *sx, const struct http_request *rq)
{
	struct http_request *whole = &sx->walk->x.rq;
	struct err none = { 0 };

	whole->body = rq->body;
	whole->body_too_long = rq->body_too_long;
	if (sx->site == NULL)
		answer_no_session(sx);
	else if (arrive(sx))
		workers_submit(sx->server->workers, &sx->job);
	else
		finish(sx, NULL, &none);
}

struct server_exchange *
server_receive(struct server *s, const struct http_request *rq,
    server_answer_fn *answer, void *ctx)
{
	struct server_exchange *sx = server_open(s, rq, answer, ctx);

	if (sx != NULL)
		server_go_on(sx, rq);
	return sx;
}

void
server_exchange_end(struct server_exchange *sx, enum server_end how)
{
	if (sx == NULL)
		return;
	if (sx->walk != NULL)
		record_no_answer(&sx->record, &sx->walk->x, &sx->walk->fault);
	record_end(&sx->record, how);
	walk_free(sx->walk);
	site_release(sx->snapshot);
	if (sx->site != NULL)
		site_touch(sx->site);
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
