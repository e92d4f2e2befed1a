/* SPDX-License-Identifier: MIT */
/* The life of a server and of its sites. The passage of exchanges is in receive.c. */
#include "server/server.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "server/inside.h"

/* A copy, or NULL for NULL; *ok becomes false when memory ran out. */
static int
load_keys(struct server *s, const struct server_options *o, struct err *e)
{
	s->lib = pki_lib_new(e);
	if (s->lib == NULL)
		return -1;
	if (o->state_dir != NULL) {
		s->state = state_open(o->state_dir, e);
		if (s->state != NULL)
			s->keys = state_keys(s->state, s->lib, o, e);
	} else if (o->ca_dir != NULL)
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

static int
open_journal(struct server *s, const struct server_options *o, struct err *e)
{
	const struct journal_options jo = {
		.path = s->state == NULL ? o->journal_path
					 : state_journal_path(s->state),
		.log = &s->log,
		.entries_max = o->journal_entries,
	};

	if (o->no_journal)
		return 0;
	s->journal = journal_new(&jo, e);
	return s->journal == NULL ? -1 : 0;
}

struct server *
server_new(const struct server_options *o, struct err *e)
{
	struct server *s = calloc(1, sizeof(*s));
	bool ok = true;

	if (s == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a server");
		return NULL;
	}
	pthread_mutex_init(&s->telling, NULL);
	s->env = o->env;
	s->log = o->log;
	s->threads = o->threads == 0 ? processors() : o->threads;
	s->host = *o->host;
	s->listeners = o->listeners;
	s->listeners_ctx = o->listeners_ctx;
	s->hostname = text_dup(o->hostname, &ok);
	s->challenge = text_dup(o->challenge, &ok);
	s->admin_user = text_dup(o->admin_user, &ok);
	s->admin_password = text_dup(o->admin_password, &ok);
	s->log_dir = text_dup(o->log_dir, &ok);
	s->scenarios = scenario_set_ref(o->scenarios);
	s->seed = o->seed;
	s->metrics = metrics_new();
	ok = ok && s->metrics != NULL;
	if (!ok)
		(void)err_set(e, ERR_MEMORY, "no memory for a server");
	/* Each scenario is sound by itself; together they may not be. */
	if (!ok || host_check(&s->host, e) == -1 || load_keys(s, o, e) == -1 ||
	    open_journal(s, o, e) == -1) {
		server_free(s);
		return NULL;
	}
	return s;
}

/* The default site has changed. */
static void
tell_listeners(void *ctx)
{
	struct server *s = ctx;
	struct site_snapshot *now;
	struct server_listening l;

	if (s->listeners == NULL)
		return;
	pthread_mutex_lock(&s->telling);
	now = site_acquire(s->site);
	l = (struct server_listening){
		.refuse = now->host.network.state == HOST_NET_REFUSED,
		.tls_chain_pem = ca_material_tls_chain_pem(now->dep.material),
		.tls_key_pem = ca_material_tls_key_pem(now->dep.material),
		.tls_minimum =
		    (enum host_tls_version)now->host.tls.minimum_version,
		.tls_maximum =
		    (enum host_tls_version)now->host.tls.maximum_version,
		.tls_client =
		    (enum host_tls_client)now->host.tls.client_certificate,
	};
	s->listeners(s->listeners_ctx, &l);
	site_release(now);
	pthread_mutex_unlock(&s->telling);
}

static void
keep_fingerprint(struct server *s)
{
	struct site_snapshot *now = site_acquire(s->site);

	memcpy(s->fingerprint,
	    ca_material_fingerprint_sha256(now->dep.material),
	    sizeof(s->fingerprint));
	site_release(now);
}

static int
open_materials(struct server *s, const char *url_base, struct err *e)
{
	struct materials_options o = {
		.env = s->env,
		.lib = s->lib,
		.keys = s->keys,
		.hostname = s->hostname,
	};

	s->url_base = strdup(url_base);
	if (s->url_base == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a server");
	o.url_base = s->url_base;
	if (s->state != NULL &&
	    state_certificates(s->state, s->keys, &o, &s->log, e) == -1)
		return -1;
	s->materials = materials_new(&o, e);
	return s->materials == NULL ? -1 : 0;
}

void
server_site_options(const struct server *s, struct site_options *out)
{
	*out = (struct site_options){
		.env = s->env,
		.materials = s->materials,
		.hostname = s->hostname,
		.admin_user = s->admin_user,
		.admin_password = s->admin_password,
		.log_dir = s->log_dir,
		.name = "",
		.seed = s->seed,
		.timer = s->timer,
		.log = s->log,
	};
}

static int
open_other_sites(struct server *s, const struct site_options *o, struct err *e)
{
	const struct sessions_options so = {
		.env = s->env,
		.timer = s->timer,
		.journal = s->journal,
		.log = s->log,
	};

	s->catalogue = catalogue_new(o, e);
	if (s->catalogue == NULL)
		return -1;
	s->sessions = sessions_new(&so, e);
	if (s->sessions == NULL)
		return -1;
	s->variants = enter_variants_new();
	if (s->variants == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a server");
	return 0;
}

int
server_start(struct server *s, const char *url_base, struct err *e)
{
	struct site_options o;

	if (open_materials(s, url_base, e) == -1)
		return -1;
	s->timer = timer_start(e);
	if (s->timer == NULL)
		return -1;
	server_site_options(s, &o);
	o.challenge = s->challenge;
	o.host = &s->host;
	o.scenarios = s->scenarios;
	o.store = s->state == NULL ? NULL : state_store(s->state);
	o.changed = tell_listeners;
	o.changed_ctx = s;
	s->site = site_new(&o, e);
	if (s->site == NULL)
		return -1;
	server_site_options(s, &o);
	o.challenge = s->challenge;
	keep_fingerprint(s);
	if (open_other_sites(s, &o, e) == -1)
		return -1;
	s->workers = workers_start(s->lib, s->threads, e);
	if (s->workers == NULL)
		return -1;
	tell_listeners(s);
	return 0;
}

void
server_stop(struct server *s)
{
	timer_stop(s->timer);
	workers_stop(s->workers);
	s->workers = NULL;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	server_stop(s);
	enter_variants_free(s->variants);
	sessions_free(s->sessions);
	catalogue_free(s->catalogue);
	site_unref(s->site);
	timer_free(s->timer);
	materials_free(s->materials);
	journal_free(s->journal);
	state_close(s->state);
	metrics_free(s->metrics);
	ca_keys_free(s->keys);
	pki_lib_free(s->lib);
	free(s->hostname);
	free(s->challenge);
	free(s->admin_user);
	free(s->admin_password);
	free(s->log_dir);
	scenario_set_unref(s->scenarios);
	free(s->url_base);
	pthread_mutex_destroy(&s->telling);
	free(s);
}

const uint8_t *
server_ca_fingerprint_sha256(const struct server *s)
{
	return s->fingerprint;
}

struct metrics *
server_metrics(struct server *s)
{
	return s->metrics;
}

const struct pki_lib *
server_pki(const struct server *s)
{
	return s->lib;
}

int
server_challenge(struct server *s, char out[CHALLENGE_TEXT_MAX], struct err *e)
{
	return site_challenge(s->site, out, e);
}

struct journal *
server_journal(struct server *s)
{
	return s->journal;
}

/* ---- sites ---- */

struct site *
server_site(struct server *s, const char *name, struct err *e)
{
	struct site *site;

	if (name[0] == '\0')
		return site_ref(s->site);
	if (strncmp(name, "x/", 2) == 0)
		return catalogue_site(s->catalogue, bytes_str(name + 2), e);
	if (strncmp(name, "s/", 2) == 0) {
		site = sessions_find(s->sessions, bytes_str(name + 2));
		if (site == NULL)
			(void)err_set(e, ERR_USAGE,
			    "there is no session \"%.60s\"; it may have been "
			    "idle for too long",
			    name + 2);
		return site;
	}
	(void)err_set(e, ERR_USAGE,
	    "there is no site \"%.60s\"; write x/ and the name of a built-in "
	    "scenario, or s/ and the id of a session",
	    name);
	return NULL;
}
