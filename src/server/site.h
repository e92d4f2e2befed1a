/* SPDX-License-Identifier: MIT */
/*
 * A site: one simulated deployment with its own model, CA, passwords, pool and
 * evidence. It is counted: whoever has taken an exchange for it keeps it, also
 * when it was ended meanwhile. The model in force and all that is made from it are an immutable
 * snapshot that an exchange takes at arrival and keeps to its end; a change
 * makes a new snapshot and swaps it in whole.
 */
#ifndef SERVER_SITE_H
#define SERVER_SITE_H

#include <stdatomic.h>

#include "ndes/deployment.h"
#include "ndes/host.h"
#include "server/holdings.h"
#include "server/materials.h"
#include "server/plan.h"

struct site_snapshot {
	atomic_uint refs;
	struct host host; /* what is in force */
	struct ndes_deployment dep;
	struct material
	    *material; /* one reference of each; dep lends from them */
	struct site_plan *plan;
	struct holdings *holdings;
};

struct site_options {
	const struct env *env; /* all borrowed; must outlive the site */
	struct materials *materials;
	const char *hostname;
	const char *challenge; /* NULL: none */
	const char *admin_user, *admin_password;
	const char *log_dir; /* NULL: no evidence on disk */
	struct store *store; /* NULL: one of its own, in memory */
	const struct host *host; /* the model to begin with; copied */
	const char *
	    name; /* "x/ra-expired": where its URLs are; copied. "": the default site */
	bool private_ca; /* what other sites issued is foreign to it */
	struct scenario_set *scenarios; /* referenced; NULL: none */
	uint64_t seed; /* of every draw */
};

struct site;

/* Start the deployment, as a computer starts. One reference. NULL on failure. */
struct site *site_new(const struct site_options *options, struct err *e);
/* One more reference; returns it. Any thread. */
struct site *site_ref(struct site *site);
/* Give a reference back; with the last one the deployment ends. Accepts NULL. Any thread. */
void site_unref(struct site *site);

/* It is used now; and when it was last, in env_monotonic_us(). Any thread. */
void site_use(struct site *site);
int64_t site_used_us(const struct site *site);

/*
 * A fresh one-time password that takes no place in the cache of PasswordMax;
 * the first one is the one that a reset brings back. -1 when there is none to
 * be had.
 */
MUST_USE int site_challenge(
    struct site *site, char out[CHALLENGE_TEXT_MAX], struct err *e);

/* What is in force now; released with site_release(). Any thread. */
struct site_snapshot *site_acquire(struct site *site);
void site_release(struct site_snapshot *snapshot);

/* What is configured, in force or not. Any thread. */
void site_configured(struct site *site, struct host *out);

/*
 * Change what is configured. edit() gets a copy; when it returns -1 nothing
 * changes. Values whose moment is "at once" are in force when this returns;
 * setting app_pool.state to started starts the pool. Any thread.
 */
typedef int site_edit_fn(void *ctx, struct host *configured, struct err *e);
MUST_USE int site_edit(
    struct site *site, site_edit_fn *edit, void *ctx, struct err *e);

enum site_restart {
	SITE_RESTART_APP_POOL, /* starts it when it is not started */
	SITE_RESTART_IIS,
	SITE_RESTART_COMPUTER,
	SITE_RESTART_CONNECTOR, /* the proxy connector's service is started */
	SITE_RESTART_INTUNE_CONNECTOR, /* the Intune Connector Service is started */
	SITE_RESTARTS
};

/* "app-pool", "iis", "computer", "connector", "intune-connector"; NULL out of range. */
const char *site_restart_name(enum site_restart what);

/* Values whose moment has come are in force when this returns. Any thread. */
MUST_USE int site_restart(
    struct site *site, enum site_restart what, struct err *e);

/* The evidence of a finished exchange goes into the logs that belong to it. */
struct ndes_exchange;
MUST_USE int site_evidence(struct site *site, const struct ndes_exchange *x,
    int64_t taken_ms, struct err *e);

/* What it is called in conditions: "", "x/NAME", "s/ID". Lent. */
const char *site_name(const struct site *site);

/* Put a certificate of the deployment's own on its CRL; twice is fine. at in unix seconds. */
MUST_USE int site_revoke(
    struct site *site, const struct pki_cert *cert, int64_t at, struct err *e);

#endif
