/* SPDX-License-Identifier: MIT */
/*
 * A site: one simulated deployment with its own model, CA, passwords and
 * evidence. The model and all that is made from it are an immutable snapshot
 * that an exchange takes at arrival and keeps to its end; a change makes a new
 * snapshot and swaps it in whole.
 */
#ifndef SERVER_SITE_H
#define SERVER_SITE_H

#include <stdatomic.h>

#include "ndes/deployment.h"
#include "ndes/host.h"

struct site_snapshot {
	atomic_uint refs;
	struct host host; /* what is in force */
	struct ndes_deployment dep;
	struct ca_material *material; /* owned; dep lends it */
};

struct site_options {
	const struct env *env; /* all borrowed; must outlive the site */
	const struct pki_lib *lib;
	const struct ca_keys *keys;
	const char *hostname;
	const char *url_base; /* "http://127.0.0.1:8080" */
	const char *challenge; /* NULL: none */
	const char *admin_user, *admin_password;
	const char *log_dir; /* NULL: no evidence on disk */
	const struct host *host; /* the model to begin with; copied */
};

struct site;

/* Start the deployment, as after a restart of the computer. NULL on failure. */
struct site *site_new(const struct site_options *options, struct err *e);
void site_free(struct site *site); /* accepts NULL; no exchange may be left */

/* What is in force now; released with site_release(). Any thread. */
struct site_snapshot *site_acquire(struct site *site);
void site_release(struct site_snapshot *snapshot);

/* The evidence of a finished exchange goes into the logs that belong to it. */
struct ndes_exchange;
MUST_USE int site_evidence(struct site *site, const struct ndes_exchange *x,
    int64_t taken_ms, struct err *e);

struct challenge_cache *site_challenges(struct site *site);

#endif
