/* SPDX-License-Identifier: MIT */
/* The start of the application pool SCEP: passwords, pool, and what the event logs say of it. */
#include "server/boot.h"

#include "ndes/evidence.h"
#include "ndes/hresult.h"
#include "ndes/pool.h"

#define POOL_NAME "SCEP"

static int
log_event(const struct site_parts *p, enum event_kind kind, const char *d1,
    const char *d2, struct err *e)
{
	const struct event event = { kind, { d1, d2, NULL, NULL } };

	return evidence_event(p->evidence, &event, e);
}

/* The pool does not start: WAS says why. */
static int
log_pool(const struct site_parts *p, const struct host *h, struct err *e)
{
	if (h->account.locked || h->account.password_expired) {
		if (log_event(p, EVENT_WAS_IDENTITY, POOL_NAME, NULL, e) == -1)
			return -1;
		return log_event(
		    p, EVENT_WAS_IDENTITY_DISABLED, POOL_NAME, NULL, e);
	}
	if (h->app_pool.state != HOST_POOL_DISABLED)
		return 0;
	if (log_event(p, EVENT_WAS_START_FAILED, POOL_NAME, NULL, e) == -1)
		return -1;
	return log_event(p, EVENT_WAS_RAPID_FAIL, POOL_NAME, NULL, e);
}

/* mscep.dll starts, or says why not (events 1, 2, 10). */
static int
log_mscep(
    const struct site_parts *p, const struct mscep_state *mscep, struct err *e)
{
	char code[HRESULT_TEXT_SIZE];
	const char *text = hresult_text(mscep->hresult);

	if (mscep->loaded)
		return log_event(p, EVENT_NDES_STARTED, NULL, NULL, e);
	hresult_code(mscep->hresult, code);
	if (log_event(p, EVENT_NDES_RA_CERT, code, text, e) == -1)
		return -1;
	return log_event(p, EVENT_NDES_FAILED_TO_LOAD, code, text, e);
}

int
boot(const struct site_parts *p, const struct site_snapshot *s,
    enum boot_passwords passwords, struct err *e)
{
	bool starts = s->host.app_pool.state == HOST_POOL_STARTED;

	if (passwords == BOOT_FORGET_PASSWORDS)
		challenge_clear(s->holdings->challenges);
	if (challenge_prefill(s->holdings->challenges, &s->host, s->dep.env,
		(size_t)s->host.mscep.cached_passwords, e) == -1)
		return -1;
	pool_start(s->holdings->pool, &s->host);
	if (evidence_setup(p->evidence, &s->host, e) == -1 ||
	    log_pool(p, &s->host, e) == -1)
		return -1;
	return starts ? log_mscep(p, &s->dep.mscep, e) : 0;
}
