/* SPDX-License-Identifier: MIT */
/*
 * The cache of one-time passwords behind the mscep_admin page (reference
 * section 5 and 6): 16 upper-case hex digits, five at a time, 60 minutes. Own
 * lock; any thread.
 */
#ifndef NDES_CHALLENGE_H
#define NDES_CHALLENGE_H

#include "base/env.h"
#include "ndes/host.h"

#define CHALLENGE_TEXT_MAX 512

enum challenge_state {
	CHALLENGE_NOT_LOOKED_AT,
	CHALLENGE_NOT_NEEDED, /* EnforcePassword is 0, or a renewal */
	CHALLENGE_GOOD, /* one-time password, unused and in time; now held by this exchange */
	CHALLENGE_STATIC, /* the one of --challenge, or the single password */
	CHALLENGE_MISSING,
	CHALLENGE_WRONG, /* never given out */
	CHALLENGE_USED,
	CHALLENGE_EXPIRED,
	CHALLENGE_STATES
};

const char *challenge_state_name(enum challenge_state s); /* "used" */

struct challenge_cache;

/* fixed: the password of --challenge, always accepted; NULL: none; copied. */
struct challenge_cache *challenge_cache_new(const char *fixed, struct err *e);
void challenge_cache_free(struct challenge_cache *c); /* accepts NULL */

/*
 * A new one-time password into out, or the single password when
 * UseSinglePassword is 1. 1: given; 0: the cache is full; -1: no randomness.
 */
MUST_USE int challenge_new(struct challenge_cache *c, const struct host *host,
    const struct env *env, char out[CHALLENGE_TEXT_MAX], struct err *e);

/*
 * A new one-time password that takes no place in the cache of PasswordMax:
 * the one in the ready line must not cost a tester one of five. 0, or -1.
 */
MUST_USE int challenge_spare(struct challenge_cache *c, const struct host *host,
    const struct env *env, char out[CHALLENGE_TEXT_MAX], struct err *e);

/* A password that is asked for beside the pages, as challenge_spare(). */
struct challenge_wish {
	int64_t life_ms; /* 0: PasswordValidity */
	bool
	    lasting; /* CHALLENGE_STATIC as often as it comes, until it expires or all is forgotten */
};

/* 0, or -1. With UseSinglePassword the single one is given, whatever the wish. */
MUST_USE int challenge_make(struct challenge_cache *c, const struct host *host,
    const struct env *env, const struct challenge_wish *wish,
    char out[CHALLENGE_TEXT_MAX], struct err *e);

/* What is known of a password that was given out; text lends for the call. */
struct challenge_view {
	const char *text;
	enum challenge_state
	    state; /* CHALLENGE_GOOD (unused), _STATIC, _USED, _EXPIRED */
	bool fixed; /* of --challenge, or the single one: no times */
	int64_t made_ms, expires_ms;
	int64_t used_ms; /* of _USED */
};

/* Call each() for all, the newest first, those that nobody can use any more behind the others. It may not call the cache. */
void challenge_each(struct challenge_cache *c, const struct host *host,
    int64_t now_ms, void (*each)(void *ctx, const struct challenge_view *v),
    void *ctx);

/* This text as a password that is unused and made now, of the same kind. 0, or -1. */
MUST_USE int challenge_restore(struct challenge_cache *c,
    const struct host *host, const struct env *env, const char *text,
    struct err *e);

/*
 * n unused one-time passwords that nobody knows (mscep.cached_passwords), or
 * as many as PasswordMax lets in; for the start of the pool, after
 * challenge_clear(). None with UseSinglePassword. 0, or -1.
 */
MUST_USE int challenge_prefill(struct challenge_cache *c,
    const struct host *host, const struct env *env, size_t n, struct err *e);

/*
 * Look a password up and, when it is a good one-time password, hold it, so
 * that no other exchange can use it until challenge_settle(). Comparison takes
 * the same time whatever differs. An empty span is CHALLENGE_MISSING.
 */
enum challenge_state challenge_hold(struct challenge_cache *c,
    struct bytes text, const struct host *host, int64_t now_ms);

/* After CHALLENGE_GOOD: the password is used up (consume) or given back. */
void challenge_settle(
    struct challenge_cache *c, struct bytes text, bool consume);

/* How many unused passwords are in time. */
size_t challenge_unused(
    struct challenge_cache *c, const struct host *host, int64_t now_ms);

/* Forget all passwords, as a restart of IIS does. */
void challenge_clear(struct challenge_cache *c);

#endif
