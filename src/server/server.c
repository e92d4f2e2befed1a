/* SPDX-License-Identifier: MIT */
/* The life of a server, and the passage of an exchange from its receipt to its end. */
#include "server/server.h"

#include <stdlib.h>
#include <unistd.h>

#include "server/exchange.h"
#include "server/site.h"
#include "server/workers.h"

struct server {
	const struct env *env;
	struct log log;
	unsigned threads;
	char *hostname, *challenge, *admin_user, *admin_password, *log_dir;
	struct host host;
	struct pki_lib *lib;
	struct ca_keys *keys;
	struct site *site; /* the default site */
	struct site_snapshot *
	    minted; /* for what outlives a change of model: TLS texts, fingerprint */
	struct workers *workers;
};

struct server_exchange {
	struct job job; /* first: a worker hands it back */
	struct server *server;
	struct site_snapshot *snapshot;
	server_answer_fn *answer;
	void *ctx;
	struct ndes_exchange x;
};

/* A copy, or NULL for NULL; *ok becomes false when memory ran out. */
static char *
copy(const char *s, bool *ok)
{
	char *c = s == NULL ? NULL : strdup(s);

	if (s != NULL && c == NULL)
		*ok = false;
	return c;
}

static int
load_keys(struct server *s, const struct server_options *o, struct err *e)
{
	s->lib = pki_lib_new(e);
	if (s->lib == NULL)
		return -1;
	if (o->ca_dir != NULL)
		s->keys = ca_keys_from_dir(s->lib, o->ca_dir, e);
	else if (o->fresh_keys)
		s->keys = ca_keys_fresh(s->lib, e);
	else
		s->keys = ca_keys_builtin(s->lib, e);
	return s->keys == NULL ? -1 : 0;
}

static unsigned
processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (unsigned)n;
}

struct server *
server_new(const struct server_options *o, struct err *e)
{
	struct server *s = calloc(1, sizeof(*s));
	bool ok = s != NULL;

	if (!ok) {
		(void)err_set(e, ERR_MEMORY, "no memory for a server");
		return NULL;
	}
	s->env = o->env;
	s->log = o->log;
	s->threads = o->threads == 0 ? processors() : o->threads;
	s->host = *o->host;
	s->hostname = copy(o->hostname, &ok);
	s->challenge = copy(o->challenge, &ok);
	s->admin_user = copy(o->admin_user, &ok);
	s->admin_password = copy(o->admin_password, &ok);
	s->log_dir = copy(o->log_dir, &ok);
	if (!ok)
		(void)err_set(e, ERR_MEMORY, "no memory for a server");
	if (!ok || load_keys(s, o, e) == -1) {
		server_free(s);
		return NULL;
	}
	return s;
}

int
server_start(struct server *s, const char *url_base, struct err *e)
{
	struct site_options o = {
		.env = s->env,
		.lib = s->lib,
		.keys = s->keys,
		.hostname = s->hostname,
		.url_base = url_base,
		.challenge = s->challenge,
		.admin_user = s->admin_user,
		.admin_password = s->admin_password,
		.log_dir = s->log_dir,
		.host = &s->host,
	};

	s->site = site_new(&o, e);
	if (s->site == NULL)
		return -1;
	s->minted = site_acquire(s->site);
	s->workers = workers_start(s->lib, s->threads, e);
	return s->workers == NULL ? -1 : 0;
}

void
server_stop(struct server *s)
{
	workers_stop(s->workers);
	s->workers = NULL;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	server_stop(s);
	site_release(s->minted);
	site_free(s->site);
	ca_keys_free(s->keys);
	pki_lib_free(s->lib);
	free(s->hostname);
	free(s->challenge);
	free(s->admin_user);
	free(s->admin_password);
	free(s->log_dir);
	free(s);
}

const char *
server_tls_chain_pem(const struct server *s)
{
	return ca_material_tls_chain_pem(s->minted->material);
}

const char *
server_tls_key_pem(const struct server *s)
{
	return ca_material_tls_key_pem(s->minted->material);
}

const uint8_t *
server_ca_fingerprint_sha256(const struct server *s)
{
	return ca_material_fingerprint_sha256(s->minted->material);
}

int
server_challenge(struct server *s, char out[CHALLENGE_TEXT_MAX], struct err *e)
{
	struct site_snapshot *now = site_acquire(s->site);
	int rc = challenge_spare(
	    site_challenges(s->site), &now->host, s->env, out, e);

	site_release(now);
	return rc;
}

/* The deployment's evidence and our own log line, then the answer. */
static void
finish(struct server_exchange *sx, const struct err *failure)
{
	struct ndes_exchange *x = &sx->x;
	int64_t taken_ms = (env_monotonic_us() - x->started_us) / 1000;
	struct server *s = sx->server;
	struct err e = { 0 };
	struct buf line;

	if (site_evidence(s->site, x, taken_ms, &e) == -1)
		log_say(&s->log, LOG_ERROR, "%s", e.text);
	buf_init(&line, 2048);
	ndes_exchange_line(x, &line);
	if (failure->code != ERR_NONE)
		log_say(&s->log, LOG_ERROR, "%s: %s", buf_str(&line),
		    failure->text);
	else
		log_say(&s->log, LOG_INFO, "%s (%lld ms)", buf_str(&line),
		    (long long)taken_ms);
	buf_clear(&line);
	sx->answer(sx->ctx, &x->reply);
}

static void
run_job(struct job *job, struct pki_ctx *ctx)
{
	struct server_exchange *sx = (struct server_exchange *)job;
	struct err e = { 0 };

	exchange_work(&sx->x, ctx, &e);
	finish(sx, &e);
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
	sx->snapshot = site_acquire(s->site);
	ndes_exchange_init(&sx->x, EXCHANGE_MEMORY_MAX);
	sx->x.dep = &sx->snapshot->dep;
	sx->x.host = &sx->snapshot->host;
	sx->x.rq = *rq;
	sx->x.started_us = env_monotonic_us();
	exchange_arrive(&sx->x);
	if (sx->x.reply.status == 0)
		workers_submit(s->workers, &sx->job);
	else
		finish(sx, &none);
	return sx;
}

void
server_exchange_end(struct server_exchange *sx)
{
	if (sx == NULL)
		return;
	ndes_exchange_clear(&sx->x);
	site_release(sx->snapshot);
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
