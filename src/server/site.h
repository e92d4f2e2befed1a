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

#include "base/log.h"
#include "ndes/deployment.h"
#include "ndes/host.h"
#include "server/clock.h"
#include "server/holdings.h"
#include "server/materials.h"
#include "server/plan.h"

struct site_snapshot {
	atomic_uint refs;
	struct host host; /* what is in force */
	struct ndes_deployment dep;
	struct site_time time; /* dep tells it */
	struct ca *ca; /* owned */
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
	struct timer *timer; /* undoes what is for a while */
	struct log log;
	/* Called after each change, with no lock held; perhaps in the timer's thread. NULL: nobody asks. */
	void (*changed)(void *ctx);
	void *changed_ctx;
};

struct site;
struct timer;

/* Start the deployment, as a computer starts. One reference. NULL on failure. */
struct site *site_new(const struct site_options *options, struct err *e);
/* One more reference; returns it. Any thread. */
struct site *site_ref(struct site *site);
/* Give a reference back; with the last one the deployment ends. Accepts NULL. Any thread. */
void site_unref(struct site *site);
/* It is not to be found any more: what was for a while stays as it is. Before the last reference is given back; twice is fine. */
void site_close(struct site *site);

/* It is used now; and when it was last, in env_monotonic_us(). Any thread. */
void site_touch(struct site *site);
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
 * Changes. Each takes effect for exchanges that come after it, whole; one that
 * fails leaves all as it was. Any thread.
 *
 * ttl_ms: after so long what was there before comes back; 0: for good. A later
 * change of the same thing takes the place of one that is for a while.
 */

/*
 * Change what is configured. edit() gets a copy; when it returns -1 nothing
 * changes. Values whose moment is "at once" are in force when this returns;
 * setting app_pool.state to started starts the pool. What comes back after
 * ttl_ms, and what does not come back any more when it is for good, are the
 * keys that it touched, in the order of host_keys(): those that are true in
 * touched when edit() returned; NULL: those that it changed.
 */
typedef int site_edit_fn(void *ctx, struct host *configured, struct err *e);
MUST_USE int site_edit(struct site *site, site_edit_fn *edit, void *ctx,
    const bool *touched, int64_t ttl_ms, struct err *e);

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

/*
 * Other scenarios from now on (NULL: those that it began with): a healthy
 * model with their edits, all of it in force at once, and their rules, none
 * counted. Passwords, certificates and the clock's setting stay; what was
 * patched in the model and the rules, and what was for a while in them, is
 * gone. After ttl_ms model and rules are those before, which count on.
 */
MUST_USE int site_use_scenarios(
    struct site *site, struct scenario_set *set, int64_t ttl_ms, struct err *e);

/* Are the scenarios in force there for a while? */
bool site_is_temporary(struct site *site);

/* Rules in front of the rule `before` (NULL: at the end). An id that is there already: ERR_SCENARIO. */
MUST_USE int site_rules_add(struct site *site, struct rules *add,
    const char *before, int64_t ttl_ms, struct err *e);
/* No rule of the id: ERR_USAGE. What is not about this rule counts on; by is one rule of the same id, which counts anew. */
MUST_USE int site_rules_replace(struct site *site, const char *id,
    struct rules *by, int64_t ttl_ms, struct err *e);
MUST_USE int site_rules_enable(struct site *site, const char *id, bool enabled,
    int64_t ttl_ms, struct err *e);
MUST_USE int site_rules_remove(
    struct site *site, const char *id, int64_t ttl_ms, struct err *e);

MUST_USE int site_set_clock(struct site *site, const struct site_clock *clock,
    int64_t ttl_ms, struct err *e);

/* Parts that can be brought back to what they were at the start. */
enum site_part {
	SITE_SCENARIO = 1, /* model, scenarios, rules; with them the pool */
	SITE_COUNTERS = 2, /* of rules */
	SITE_CHALLENGES =
	    4, /* the first password of site_challenge() is unused again */
	SITE_CERTIFICATES = 8, /* with serials and CRL */
	SITE_CLOCK = 16, /* its setting */
	SITE_POOL = 32, /* crashes */
	SITE_MEMORY = 64, /* what is remembered for rules */
	SITE_EVIDENCE = 128, /* what is in memory; files stay */
	SITE_ALL = 255
};
MUST_USE int site_reset(struct site *site, unsigned parts, struct err *e);

/* The evidence of a finished exchange goes into the logs that belong to it. */
struct ndes_exchange;
MUST_USE int site_evidence(struct site *site, const struct ndes_exchange *x,
    int64_t taken_ms, struct err *e);

/* What it is called in conditions: "", "x/NAME", "s/ID". Lent. */
const char *site_name(const struct site *site);

/* Put a certificate of the deployment's own on its CRL, in the database that the snapshot has; twice is fine. at in unix seconds. */
MUST_USE int site_revoke(struct site_snapshot *now, const struct pki_cert *cert,
    int64_t at, struct err *e);

#endif
