/* SPDX-License-Identifier: MIT */
/* Private sites in a table by id, and their end when they are idle. */
#include "server/sessions.h"

#include <pthread.h>
#include <stdlib.h>

#define SLOTS 1024 /* a power of two */
#define NEVER INT64_MAX

struct session {
	struct session *next; /* in its slot */
	struct session *older, *newer;
	struct server_session about;
	struct site *site; /* one reference */
};

struct sessions {
	struct sessions_options options;
	pthread_mutex_t lock; /* of all below */
	struct session *slots[SLOTS];
	struct session *oldest, *newest;
	size_t count;
	int64_t sweep_us; /* when the timer looks next; NEVER: not at all */
};

struct sessions *
sessions_new(const struct sessions_options *options, struct err *e)
{
	struct sessions *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for sessions");
		return NULL;
	}
	s->options = *options;
	s->sweep_us = NEVER;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

/* ---- under the lock ---- */

static char
lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Ids are random, so any mix of their letters spreads them. */
static struct session **
slot_of(struct sessions *s, struct bytes id)
{
	size_t h = 0;

	for (size_t i = 0; i < id.n; i++)
		h = h * 31 + (size_t)lower(id.p[i]);
	return &s->slots[h & (SLOTS - 1)];
}

/* What points to it; *the result is NULL when there is none. */
static struct session **
find(struct sessions *s, struct bytes id)
{
	struct session **at = slot_of(s, id);

	while (*at != NULL && !bytes_eq_nocase(id, bytes_str((*at)->about.id)))
		at = &(*at)->next;
	return at;
}

static void
append(struct sessions *s, struct session *new)
{
	struct session **slot = slot_of(s, bytes_str(new->about.id));

	new->next = *slot;
	*slot = new;
	new->older = s->newest;
	if (s->newest != NULL)
		s->newest->newer = new;
	else
		s->oldest = new;
	s->newest = new;
	s->count++;
}

/* Out of the table, before what `gone` lists. */
static void
take_out(struct sessions *s, struct session **at, struct session **gone)
{
	struct session *x = *at;

	*at = x->next;
	*(x->older != NULL ? &x->older->newer : &s->oldest) = x->newer;
	*(x->newer != NULL ? &x->newer->older : &s->newest) = x->older;
	s->count--;
	x->next = *gone;
	*gone = x;
}

static void
describe(const struct session *x, struct server_session *out)
{
	*out = x->about;
	out->idle_ms = (env_monotonic_us() - site_used_us(x->site)) / 1000;
}

/* ---- ends; without the lock, for a deployment takes a while to take down ---- */

static void
end(struct sessions *s, struct session *gone)
{
	struct journal *journal = s->options.journal;
	struct session *next;
	struct err e = { 0 };

	for (; gone != NULL; gone = next) {
		next = gone->next;
		site_close(gone->site);
		if (journal != NULL &&
		    journal_clear(journal, site_name(gone->site), &e) == -1)
			log_say(&s->options.log, LOG_ERROR, "%s", e.text);
		site_unref(gone->site);
		free(gone);
	}
}

static void sweep(void *ctx);

static void
drop_nothing(void *ctx)
{
	(void)ctx;
}

/* The timer looks again at this time, unless it does before. The lock is held. */
static void
look_at(struct sessions *s, int64_t due_us)
{
	int64_t after_ms = (due_us - env_monotonic_us()) / 1000 + 1;

	if (due_us >= s->sweep_us)
		return;
	if (timer_add(s->options.timer, after_ms < 0 ? 0 : after_ms, sweep,
		drop_nothing, s) != 0)
		s->sweep_us = due_us;
}

static void
sweep(void *ctx)
{
	struct sessions *s = ctx;
	struct session *gone = NULL, *newer;
	int64_t now = env_monotonic_us(), next = NEVER;

	pthread_mutex_lock(&s->lock);
	s->sweep_us = NEVER;
	for (struct session *x = s->oldest; x != NULL; x = newer) {
		int64_t due =
		    site_used_us(x->site) + x->about.ttl_ms * INT64_C(1000);

		newer = x->newer;
		if (due <= now)
			take_out(s, find(s, bytes_str(x->about.id)), &gone);
		else if (due < next)
			next = due;
	}
	if (next != NEVER)
		look_at(s, next);
	pthread_mutex_unlock(&s->lock);
	end(s, gone);
}

void
sessions_end_all(struct sessions *s)
{
	struct session *gone = NULL;

	pthread_mutex_lock(&s->lock);
	while (s->oldest != NULL)
		take_out(s, find(s, bytes_str(s->oldest->about.id)), &gone);
	pthread_mutex_unlock(&s->lock);
	end(s, gone);
}

void
sessions_free(struct sessions *s)
{
	if (s == NULL)
		return;
	sessions_end_all(s);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

bool
sessions_end(struct sessions *s, struct bytes id)
{
	struct session *gone = NULL, **at;
	bool found;

	pthread_mutex_lock(&s->lock);
	at = find(s, id);
	found = *at != NULL;
	if (found)
		take_out(s, at, &gone);
	pthread_mutex_unlock(&s->lock);
	end(s, gone);
	return found;
}

/* ---- making and finding ---- */

int
sessions_id(struct sessions *s, char id[SERVER_SESSION_ID_SIZE], struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t random[SERVER_SESSION_ID_SIZE - 1];
	bool used;

	do {
		if (env_random(s->options.env, random, sizeof(random), e) == -1)
			return -1;
		for (size_t i = 0; i < sizeof(random); i++)
			id[i] = letters[random[i] & 31];
		id[sizeof(random)] = '\0';
		pthread_mutex_lock(&s->lock);
		used = *find(s, bytes_str(id)) != NULL;
		pthread_mutex_unlock(&s->lock);
	} while (used);
	return 0;
}

int
sessions_add(struct sessions *s, struct site *site,
    const struct server_session *about, struct err *e)
{
	struct session *new = calloc(1, sizeof(*new));
	bool full;

	if (new == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a session");
	new->about = *about;
	new->site = site;
	pthread_mutex_lock(&s->lock);
	full = s->count >= SERVER_SESSIONS_MAX;
	if (!full) {
		append(s, new);
		look_at(s, site_used_us(site) + about->ttl_ms * INT64_C(1000));
	}
	pthread_mutex_unlock(&s->lock);
	if (!full)
		return 0;
	free(new);
	return err_set(e, ERR_LIMIT,
	    "there are %d sessions already; end some of them",
	    SERVER_SESSIONS_MAX);
}

struct site *
sessions_peek(struct sessions *s, struct bytes id)
{
	struct site *site = NULL;
	struct session **at;

	pthread_mutex_lock(&s->lock);
	at = find(s, id);
	if (*at != NULL)
		site = site_ref((*at)->site);
	pthread_mutex_unlock(&s->lock);
	return site;
}

struct site *
sessions_find(struct sessions *s, struct bytes id)
{
	struct site *site = NULL;
	struct session **at;

	/* used under the lock, so that it is not found idle in between */
	pthread_mutex_lock(&s->lock);
	at = find(s, id);
	if (*at != NULL) {
		site = site_ref((*at)->site);
		site_touch(site);
	}
	pthread_mutex_unlock(&s->lock);
	return site;
}

/* ---- telling ---- */

bool
sessions_get(struct sessions *s, struct bytes id, struct server_session *out)
{
	const struct session *x;

	pthread_mutex_lock(&s->lock);
	x = *find(s, id);
	if (x != NULL)
		describe(x, out);
	pthread_mutex_unlock(&s->lock);
	return x != NULL;
}

size_t
sessions_count(struct sessions *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->count;
	pthread_mutex_unlock(&s->lock);
	return n;
}

int
sessions_list(
    struct sessions *s, struct server_session **list, size_t *n, struct err *e)
{
	struct server_session *p;
	size_t i = 0;

	pthread_mutex_lock(&s->lock);
	p = calloc(s->count + 1, sizeof(*p));
	for (const struct session *x = s->oldest; p != NULL && x != NULL;
	     x = x->newer)
		describe(x, &p[i++]);
	pthread_mutex_unlock(&s->lock);
	if (p == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a list");
	*list = p;
	*n = i;
	return 0;
}
