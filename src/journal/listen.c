/* SPDX-License-Identifier: MIT */
/* Who is told of changes. The lock is for reading while they are told, so that an end of listening waits for it. */
#include <stdlib.h>

#include "journal/inside.h"

static const char *const change_names[] = {
	[JOURNAL_OPENED] = "opened",
	[JOURNAL_ANSWERED] = "answered",
	[JOURNAL_ENDED] = "ended",
};

const char *
journal_change_name(enum journal_change c)
{
	return (unsigned)c < nitems(change_names) ? change_names[c] : "unknown";
}

bool
listeners_any(struct journal *j)
{
	return atomic_load_explicit(&j->listener_count, memory_order_relaxed) >
	    0;
}

void
listeners_tell(struct journal *j, const struct journal_slot *slot,
    enum journal_change change)
{
	const char *site = slot->receipt->r.site;
	struct facts f;

	keep_facts(slot->receipt,
	    change == JOURNAL_OPENED ? NULL : slot->answer,
	    change == JOURNAL_ENDED ? &slot->end : NULL, &f);
	pthread_rwlock_rdlock(&j->listening);
	for (struct listener *l = j->listeners; l != NULL; l = l->next) {
		if (l->site == NULL || strcmp(l->site, site) == 0)
			l->fn(l->ctx, site, slot->id, change, &f);
	}
	pthread_rwlock_unlock(&j->listening);
}

uint64_t
journal_listen(
    struct journal *j, const char *site, journal_listen_fn *fn, void *ctx)
{
	struct listener *l = calloc(1, sizeof(*l));
	uint64_t id;

	if (l != NULL && site != NULL) {
		l->site = strdup(site);
		if (l->site == NULL) {
			free(l);
			l = NULL;
		}
	}
	if (l == NULL)
		return 0;
	l->fn = fn;
	l->ctx = ctx;
	pthread_rwlock_wrlock(&j->listening);
	id = l->id = ++j->last_listener;
	l->next = j->listeners;
	j->listeners = l;
	atomic_fetch_add(&j->listener_count, 1);
	pthread_rwlock_unlock(&j->listening);
	return id;
}

void
journal_unlisten(struct journal *j, uint64_t listener)
{
	struct listener **at = &j->listeners, *l;

	pthread_rwlock_wrlock(&j->listening);
	while (*at != NULL && (*at)->id != listener)
		at = &(*at)->next;
	l = *at;
	if (l != NULL) {
		*at = l->next;
		atomic_fetch_sub(&j->listener_count, 1);
	}
	pthread_rwlock_unlock(&j->listening);
	if (l != NULL)
		free(l->site);
	free(l);
}

void
listeners_free(struct journal *j)
{
	struct listener *l;

	while ((l = j->listeners) != NULL) {
		j->listeners = l->next;
		free(l->site);
		free(l);
	}
}
