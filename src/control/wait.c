/* SPDX-License-Identifier: MIT */
/*
 * Waiting for requests: a call is kept until the journal has so many entries
 * of a kind, or its time is up. The journal tells of changes in the threads of
 * exchanges, where nothing may take long; they only mark who may be through,
 * and a clerk of ours looks into the journal and answers.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "control/requests.h"

#define COUNT_MAX 10000
#define ID_MAX (UINT64_MAX >> 2)
#define TIMEOUT_MS (30 * 1000)
#define TIMEOUT_MAX_MS (INT64_C(3600) * 1000)
#define BREATH_NS 10000000 /* between two looks */

enum wait_state { WAIT_OPENED, WAIT_ANSWERED, WAIT_ENDED };

struct wait {
	struct clerk *clerk;
	struct journal *journal;
	struct control_kept *kept; /* the list's reference */
	struct filter filter;
	char *site;
	uint64_t count, after_id;
	enum wait_state state;
	int64_t timeout_ms;
	uint64_t listener; /* 0: none */
	/* under the clerk's lock */
	struct wait *next;
	bool listed, marked;
	unsigned round; /* in which it was looked at last */
};

struct clerk {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct wait *waits;
	unsigned round; /* of looks; between two there is a breath */
	bool looked; /* in this one */
	bool stopping;
	pthread_t thread;
};

/* ---- looking ---- */

struct looking {
	const struct wait *w;
	struct requests_list list;
};

/* A connection on which a rule acted is waited for by who asks for it. */
static bool
is_meant(const struct wait *w, const struct facts *f)
{
	return !bytes_eq(f->v[FACT_OP].text, BYTES_LIT("connection")) ||
	    when_find(w->filter.when, FACT_OP) != NULL;
}

static bool
look(void *ctx, const struct journal_entry *entry)
{
	struct looking *l = ctx;

	if ((l->w->state == WAIT_ANSWERED && !entry->answered) ||
	    (l->w->state == WAIT_ENDED && !entry->ended) ||
	    !is_meant(l->w, &entry->facts))
		return true;
	(void)requests_add(&l->list, entry);
	return l->list.n < l->list.want;
}

/* 1: they are there, in l; 0: not yet; -1: we failed. */
static int
look_into_journal(const struct wait *w, struct looking *l, struct err *e)
{
	const struct journal_query q = { .site = w->site,
		.when = w->filter.when,
		.after_id = w->after_id > 0 ? w->after_id
					    : journal_last_found(w->journal) };

	l->w = w;
	requests_begin(&l->list, (size_t)w->count);
	if (journal_query(w->journal, &q, look, l, e) == -1)
		return -1;
	requests_end(&l->list, w->journal, w->site);
	if (!buf_ok(&l->list.json))
		return err_set(e, ERR_MEMORY, "no memory for the entries");
	return l->list.n >= w->count;
}

/* ---- the list ---- */

static void
wait_free(void *ctx)
{
	struct wait *w = ctx;

	if (w == NULL)
		return;
	filter_clear(&w->filter);
	free(w->site);
	free(w);
}

/* Off the list, once; then nobody marks it any more. */
static void
leave(struct wait *w)
{
	struct wait **at = &w->clerk->waits;
	bool listed;

	pthread_mutex_lock(&w->clerk->lock);
	listed = w->listed;
	w->listed = false;
	while (listed && *at != w)
		at = &(*at)->next;
	if (listed)
		*at = w->next;
	pthread_mutex_unlock(&w->clerk->lock);
	if (!listed)
		return;
	journal_unlisten(w->journal, w->listener);
	kept_unref(w->kept);
}

static void
enter(struct wait *w)
{
	pthread_mutex_lock(&w->clerk->lock);
	w->listed = true;
	/* What came before it listened was not told. */
	w->marked = true;
	w->next = w->clerk->waits;
	w->clerk->waits = w;
	pthread_cond_signal(&w->clerk->wake);
	pthread_mutex_unlock(&w->clerk->lock);
}

/* In the thread of an exchange. */
static void
hear(void *ctx, const char *site, uint64_t id, enum journal_change change,
    const struct facts *facts)
{
	struct wait *w = ctx;

	(void)site;
	if (id <= w->after_id || (int)change < (int)w->state ||
	    !filter_holds(&w->filter, facts))
		return;
	pthread_mutex_lock(&w->clerk->lock);
	if (!w->marked) {
		w->marked = true;
		pthread_cond_signal(&w->clerk->wake);
	}
	pthread_mutex_unlock(&w->clerk->lock);
}

/* ---- the clerk ---- */

static void
attend(struct wait *w)
{
	struct looking l;
	struct err e = { 0 };
	int rc = look_into_journal(w, &l, &e);

	if (rc == 1)
		(void)kept_bytes(
		    w->kept, 200, "application/json", buf_bytes(&l.list.json));
	else if (rc == -1)
		(void)kept_problem(w->kept, 500, "%s", e.text);
	buf_clear(&l.list.json);
	if (rc != 0)
		leave(w);
}

/* A marked one that had no look in this round, with a reference of its call; lock is held. */
static struct wait *
take_marked(struct clerk *k)
{
	for (struct wait *w = k->waits; w != NULL; w = w->next) {
		if (!w->marked || w->round == k->round)
			continue;
		w->marked = false;
		w->round = k->round;
		k->looked = true;
		(void)kept_ref(w->kept);
		return w;
	}
	return NULL;
}

static void
breathe(void)
{
	const struct timespec t = { .tv_nsec = BREATH_NS };

	(void)nanosleep(&t, NULL);
}

/* The round is over: nobody is looked at again before the next; lock is held, and let go for a while. */
static void
end_round(struct clerk *k)
{
	if (k->looked) {
		pthread_mutex_unlock(&k->lock);
		breathe();
		pthread_mutex_lock(&k->lock);
	} else {
		pthread_cond_wait(&k->wake, &k->lock);
	}
	k->looked = false;
	k->round++;
}

static void *
run_clerk(void *arg)
{
	struct clerk *k = arg;
	struct control_kept *kept;
	struct wait *w;

	pthread_mutex_lock(&k->lock);
	while (!k->stopping) {
		w = take_marked(k);
		if (w == NULL) {
			end_round(k);
			continue;
		}
		pthread_mutex_unlock(&k->lock);
		kept = w->kept;
		attend(w);
		kept_unref(kept);
		pthread_mutex_lock(&k->lock);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

struct clerk *
clerk_new(struct err *e)
{
	struct clerk *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for the control API");
		return NULL;
	}
	k->round = 1;
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->wake, NULL);
	if (pthread_create(&k->thread, NULL, run_clerk, k) == 0)
		return k;
	(void)err_set(e, ERR_SYSTEM, "a thread could not be started");
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->lock);
	free(k);
	return NULL;
}

void
clerk_free(struct clerk *k)
{
	if (k == NULL)
		return;
	pthread_mutex_lock(&k->lock);
	k->stopping = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

/* ---- the call ---- */

/* Its time is up, or nobody waits any more. */
static void
over(void *ctx, struct control_kept *kept, enum call_over why)
{
	struct wait *w = ctx;
	struct looking l;
	struct err e = { 0 };
	int rc;

	if (why == CALL_OVER_DUE) {
		rc = look_into_journal(w, &l, &e);
		if (rc == 1)
			(void)kept_bytes(kept, 200, "application/json",
			    buf_bytes(&l.list.json));
		else if (rc == 0)
			(void)kept_problem(kept, 408,
			    "%zu of %llu such requests came in %lld ms",
			    l.list.n, (unsigned long long)w->count,
			    (long long)w->timeout_ms);
		else
			(void)kept_problem(kept, 500, "%s", e.text);
		buf_clear(&l.list.json);
	}
	leave(w);
}

static int
read_state(struct control_call *c, enum wait_state *state)
{
	static const char *const words[] = { "open", "answered", "ended" };
	const char *text = call_query(c, "state");

	*state = WAIT_ANSWERED;
	if (text == NULL)
		return 0;
	for (size_t i = 0; i < nitems(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*state = (enum wait_state)i;
			return 0;
		}
	}
	call_problem(c, 400, "state is open, answered or ended");
	return -1;
}

/* False: a problem is the answer. */
static bool
read_wait(struct control_call *c, struct wait *w)
{
	static const char *const known[] = { "site", "count", "timeout",
		"after", "state", NULL };

	w->count = 1;
	w->timeout_ms = TIMEOUT_MS;
	if (call_query_number(c, "count", COUNT_MAX, &w->count) == -1 ||
	    call_query_number(c, "after", ID_MAX, &w->after_id) == -1 ||
	    call_query_duration(c, "timeout", &w->timeout_ms) == -1 ||
	    read_state(c, &w->state) == -1 ||
	    filter_read(c, known, &w->filter) == -1)
		return false;
	if (w->timeout_ms >= 0 && w->timeout_ms <= TIMEOUT_MAX_MS)
		return true;
	call_problem(c, 400, "timeout is 0 to 1h");
	return false;
}

/* Answer, when the entries are there already or nobody may wait. */
static bool
answer_now(struct control_call *c, const struct wait *w)
{
	struct looking l;
	struct err e = { 0 };
	int rc = look_into_journal(w, &l, &e);
	const char *text = NULL;

	if (rc == 1)
		text = arena_str(c->arena, buf_bytes(&l.list.json));
	if (text != NULL)
		call_text(c, text);
	else if (rc != 0)
		call_problem(c, 500, "%s", rc == -1 ? e.text : "out of memory");
	else if (w->timeout_ms == 0)
		call_problem(c, 408, "%zu of %llu such requests came", l.list.n,
		    (unsigned long long)w->count);
	buf_clear(&l.list.json);
	return rc != 0 || w->timeout_ms == 0;
}

static bool
keep_waiting(struct control_call *c, struct wait *w)
{
	const struct call_owner owner = { over, wait_free, w };

	w->listener = journal_listen(w->journal, w->site, hear, w);
	if (w->listener == 0) {
		call_problem(c, 500, "mockndes is out of memory");
		return false;
	}
	w->kept = call_keep(c, w->timeout_ms, &owner);
	if (w->kept != NULL) {
		enter(w);
		return true;
	}
	journal_unlisten(w->journal, w->listener);
	return false;
}

void
requests_wait(struct control_call *c)
{
	struct site *site = call_site(c);
	struct journal *j = site == NULL ? NULL : requests_journal(c);
	struct wait *w = j == NULL ? NULL : calloc(1, sizeof(*w));

	if (j == NULL)
		return;
	if (w != NULL)
		w->site = strdup(site_name(site));
	if (w == NULL || w->site == NULL) {
		call_problem(c, 500, "mockndes is out of memory");
		wait_free(w);
		return;
	}
	w->clerk = c->control->clerk;
	w->journal = j;
	if (read_wait(c, w) && !answer_now(c, w) && keep_waiting(c, w))
		return;
	wait_free(w);
}
