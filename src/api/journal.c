/* SPDX-License-Identifier: MIT */
/* What clients did: waiting for it, and judging it. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "api/object.h"
#include "control/filter.h"
#include "journal/journal.h"

#define SETTLE_MS \
	2000 /* what is under way has this long to end before it is judged */
#define REPORT_MAX ((size_t)16 << 20)

/* ---- being told ---- */

/* Counts the changes of a site; waits for one with a deadline. */
struct bell {
	pthread_mutex_t lock;
	pthread_cond_t rung;
	uint64_t changes;
	struct timespec deadline;
};

static void
bell_init(struct bell *b, unsigned long timeout_ms)
{
	pthread_condattr_t monotonic;

	*b = (struct bell){ 0 };
	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&b->rung, &monotonic);
	pthread_condattr_destroy(&monotonic);
	clock_gettime(CLOCK_MONOTONIC, &b->deadline);
	b->deadline.tv_sec += (time_t)(timeout_ms / 1000);
	b->deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (b->deadline.tv_nsec >= 1000000000) {
		b->deadline.tv_sec++;
		b->deadline.tv_nsec -= 1000000000;
	}
}

static void
bell_destroy(struct bell *b)
{
	pthread_cond_destroy(&b->rung);
	pthread_mutex_destroy(&b->lock);
}

static void
bell_ring(void *ctx, const char *site, uint64_t id, enum journal_change change,
    const struct facts *facts)
{
	struct bell *b = ctx;

	(void)site;
	(void)id;
	(void)change;
	(void)facts;
	pthread_mutex_lock(&b->lock);
	b->changes++;
	pthread_cond_signal(&b->rung);
	pthread_mutex_unlock(&b->lock);
}

/* Wait until there are more changes than *seen, which follows; false when the time is over. */
static bool
bell_wait(struct bell *b, uint64_t *seen)
{
	int rc = 0;

	pthread_mutex_lock(&b->lock);
	while (b->changes == *seen && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&b->rung, &b->lock, &b->deadline);
	*seen = b->changes;
	pthread_mutex_unlock(&b->lock);
	return rc != ETIMEDOUT;
}

/* ---- waiting ---- */

/* The journal of a running server, and that the site is there. */
static struct journal *
journal_of(struct mockndes *m, const char *name, struct err *e)
{
	struct journal *j = m->running ? server_journal(m->server) : NULL;
	struct site *site;

	if (j == NULL) {
		(void)err_set(e, ERR_USAGE,
		    m->running ? "there is no journal, by --journal 0"
			       : "the server does not run");
		return NULL;
	}
	site = server_site(m->server, name, e);
	if (site == NULL)
		return NULL;
	site_unref(site);
	return j;
}

struct count {
	unsigned long n, wanted;
	bool connections; /* those on which a rule acted are meant, too */
};

static bool
count_one(void *ctx, const struct journal_entry *entry)
{
	struct count *c = ctx;

	if (c->connections ||
	    !bytes_eq(entry->facts.v[FACT_OP].text, BYTES_LIT("connection")))
		c->n++;
	return c->n < c->wanted;
}

/* 1: so many are there, 0: the time is over. */
static int
wait_for(struct journal *j, const struct journal_query *q, struct count *count,
    unsigned long timeout_ms, struct err *e)
{
	struct bell bell;
	uint64_t listener, seen = 0;
	int rc = 0;

	bell_init(&bell, timeout_ms);
	listener = journal_listen(j, q->site, bell_ring, &bell);
	if (listener == 0)
		rc = err_set(e, ERR_MEMORY, "no memory to wait");
	while (rc == 0) {
		count->n = 0;
		rc = journal_query(j, q, count_one, count, e);
		if (rc == -1 || count->n >= count->wanted ||
		    !bell_wait(&bell, &seen))
			break;
	}
	journal_unlisten(j, listener);
	bell_destroy(&bell);
	return rc == -1 ? -1 : count->n >= count->wanted;
}

int
mockndes_wait(struct mockndes *m, const char *site, const char *conditions,
    unsigned long count, unsigned long timeout_ms)
{
	struct filter filter = { 0 };
	struct journal_query q = { .site = site, .no_json = true };
	struct count c = { .wanted = count };
	struct err e = { 0 };
	struct journal *j = journal_of(m, site, &e);
	int rc = j == NULL ? -1 : 0;

	if (rc == 0)
		rc = filter_parse(
		    bytes_str(conditions == NULL ? "" : conditions), NULL,
		    &filter, &e);
	q.when = filter.when;
	q.after_id = j == NULL ? 0 : journal_last_found(j);
	c.connections = when_find(filter.when, FACT_OP) != NULL;
	if (rc == 0)
		rc = wait_for(j, &q, &c, timeout_ms, &e);
	filter_clear(&filter);
	return rc == -1 ? object_fail(m, &e) : rc;
}

/* ---- judging ---- */

struct mockndes_report {
	struct server_reports all; /* into the buffers below */
	struct buf json, junit, text;
};

/* Clients have gone, and the server may not have noticed yet. */
static void
settle(struct journal *j, const char *site)
{
	struct bell bell;
	uint64_t listener, seen = 0;

	bell_init(&bell, SETTLE_MS);
	listener = journal_listen(j, site, bell_ring, &bell);
	while (listener != 0 && journal_counts(j, site).open > 0 &&
	    bell_wait(&bell, &seen))
		;
	journal_unlisten(j, listener);
	bell_destroy(&bell);
}

static int
judge(struct mockndes *m, const char *name, enum mockndes_client client,
    const char *repeat, struct mockndes_report *r, struct err *e)
{
	static const enum verify_client clients[] = {
		[MOCKNDES_CLIENT_UNKNOWN] = VERIFY_CLIENT_UNKNOWN,
		[MOCKNDES_CLIENT_SUCCEEDED] = VERIFY_CLIENT_SUCCEEDED,
		[MOCKNDES_CLIENT_FAILED] = VERIFY_CLIENT_FAILED,
	};
	struct journal *j = journal_of(m, name, e);
	struct site *site = j == NULL ? NULL : server_site(m->server, name, e);
	int rc;

	if (site == NULL)
		return -1;
	settle(j, site_name(site));
	rc = server_verify(
	    m->server, site, NULL, clients[client], repeat, &r->all, e);
	site_unref(site);
	return rc;
}

struct mockndes_report *
mockndes_verify(struct mockndes *m, const char *site,
    enum mockndes_client client, const char *repeat)
{
	struct mockndes_report *r = calloc(1, sizeof(*r));
	struct err e = { 0 };

	if (r == NULL) {
		(void)err_set(&e, ERR_MEMORY, "no memory for a report");
		(void)object_fail(m, &e);
		return NULL;
	}
	buf_init(&r->json, REPORT_MAX);
	buf_init(&r->junit, REPORT_MAX);
	buf_init(&r->text, REPORT_MAX);
	r->all = (struct server_reports){
		.json = &r->json, .junit = &r->junit, .text = &r->text
	};
	if (judge(m, site, client, repeat, r, &e) == 0)
		return r;
	(void)object_fail(m, &e);
	mockndes_report_free(r);
	return NULL;
}

enum mockndes_verdict
mockndes_report_verdict(const struct mockndes_report *r)
{
	static const enum mockndes_verdict verdicts[] = {
		[VERIFY_HELD] = MOCKNDES_HELD,
		[VERIFY_FAILED] = MOCKNDES_NOT_HELD,
		[VERIFY_INCOMPLETE] = MOCKNDES_INCOMPLETE,
	};

	return verdicts[r->all.result.verdict];
}

unsigned
mockndes_report_expectations(const struct mockndes_report *r)
{
	const struct verify_result *n = &r->all.result;

	return n->held + n->failed + n->incomplete + n->warnings;
}

const char *
mockndes_report_text(const struct mockndes_report *r, const char *form)
{
	if (strcmp(form, "json") == 0)
		return buf_str(&r->json);
	if (strcmp(form, "junit") == 0)
		return buf_str(&r->junit);
	return strcmp(form, "text") == 0 ? buf_str(&r->text) : NULL;
}

void
mockndes_report_free(struct mockndes_report *r)
{
	if (r == NULL)
		return;
	buf_clear(&r->json);
	buf_clear(&r->junit);
	buf_clear(&r->text);
	free(r);
}
