/* SPDX-License-Identifier: MIT */
/* The server as its own files see it; private to the room. */
#ifndef SERVER_INSIDE_H
#define SERVER_INSIDE_H

#include "server/catalogue.h"
#include "server/metrics.h"
#include "server/server.h"
#include "server/sessions.h"
#include "server/state.h"
#include "server/timer.h"
#include "server/workers.h"

struct server {
	const struct env *env;
	struct log log;
	unsigned threads;
	/* owned texts */
	char *hostname, *challenge, *admin_user, *admin_password, *log_dir;
	char *url_base; /* NULL before the start */
	struct host host; /* the model to begin with */
	struct scenario_set *scenarios; /* one reference; NULL: none */
	uint64_t seed;
	struct pki_lib *lib;
	struct state *state; /* NULL: all in memory */
	struct ca_keys *keys;
	struct materials *materials;
	struct site *site; /* the default site */
	struct catalogue *catalogue; /* the sites below /x/ */
	struct sessions *sessions; /* the sites below /s/ */
	struct timer *timer;
	uint8_t fingerprint[32];
	struct workers *workers;
	struct metrics *metrics;
	struct journal *journal; /* NULL: none */
	struct tls_variants *variants;
	void (*listeners)(void *ctx, const struct server_listening *l);
	void *listeners_ctx;
	pthread_mutex_t telling; /* the listeners, one at a time */
};

/* server.c: what all sites have in common; the rest is zero. */
void server_site_options(const struct server *s, struct site_options *out);

/* enter.c */
struct tls_variants *enter_variants_new(void); /* NULL: no memory */
void enter_variants_free(struct tls_variants *v); /* accepts NULL */

#endif
