/* SPDX-License-Identifier: MIT */
/* The inside of a site, for the files that change it; private to the room. */
#ifndef SERVER_SITE_INSIDE_H
#define SERVER_SITE_INSIDE_H

#include <pthread.h>

#include "server/boot.h"
#include "server/site.h"
#include "server/snapshot.h"

/* What the next snapshot is made of. */
struct site_now {
	struct host configured; /* in force or not */
	struct site_plan *plan; /* one reference of each */
	struct holdings *holdings;
	struct site_clock clock;
};

struct temporary; /* a change that will be undone; later.c */

struct site {
	atomic_uint refs;
	atomic_llong used_us; /* env_monotonic_us() */
	struct site_parts parts;
	char *
	    prefix; /* of its URLs: "", "/x/NAME"; the name is behind the slash */
	char *challenge; /* always accepted; NULL: none */
	/* what it began with */
	struct host first_host;
	struct scenario_set *first_scenarios;
	uint64_t seed;

	pthread_mutex_t change; /* one change at a time; before lock */
	struct site_now now; /* under change */
	char first_challenge
	    [CHALLENGE_TEXT_MAX]; /* "": none yet; under change */
	struct temporary *temporary; /* under change */
	uint64_t last_temporary; /* number; under change */

	pthread_mutex_t lock; /* of the two below */
	struct site_snapshot *current;
	struct site_time evidence; /* what the logs are dated by */
};

enum site_start {
	SITE_START_NOTHING,
	SITE_START_POOL, /* as a restart: crashes and passwords are forgotten */
	SITE_START_AGAIN, /* the pool, and passwords stay */
};

/* What a site becomes in one step. now's references are the step's own. */
struct site_step {
	struct site_now now;
	struct host in_force;
	enum site_start start;
	bool forget_evidence;
	bool
	    restore_challenge; /* the passwords are new: the first one among them */
};

/* ---- change.c; change is held ---- */

/* Everything as it is. */
void site_step_init(struct site_step *step, struct site *site);
/* Take the step and give its references back; -1: the site is as it was. */
MUST_USE int site_step_take(
    struct site_step *step, struct site *site, struct err *e);
void site_step_drop(struct site_step *step); /* not to be taken */
/* New holdings but for those whose bit is in keep. -1: the step is as it was. */
#define HELD(which) (1U << (which))
MUST_USE int site_step_renew(struct site_step *step, const struct site *site,
    unsigned keep, struct err *e);

/* The model becomes this one; what this event brings is in force. */
MUST_USE int site_configure(struct site *site, const struct host *wanted,
    enum host_effect event, struct err *e);

/* Plan and model become these, the pool starts; passwords and certificates stay. */
MUST_USE int site_return(struct site *site, struct site_plan *plan,
    const struct host *configured, const struct host *in_force, struct err *e);

/* Tell whoever wants to know that something may have changed; with no lock held. */
void site_changed(struct site *site);

/* ---- later.c ---- */

/* What a temporary change is about; a later one of the same kind, and of the same rule, takes its place. */
enum temporary_kind {
	TEMPORARY_SCENARIO,
	TEMPORARY_CLOCK,
	TEMPORARY_HOST,
	TEMPORARY_RULE,
	TEMPORARIES
};

#endif
