/* SPDX-License-Identifier: MIT */
/* The journal's life, and the way of an entry into it. */
#include "journal/journal.h"

#include <stdio.h>
#include <stdlib.h>

#include "journal/inside.h"

#define ENTRIES_MAX 10000
#define BYTES_MAX ((uint64_t)64 << 20)

/* ---- opening ---- */

/* Facts that have a column: the site and the end have theirs already. */
static void
name_columns(struct journal *j)
{
	for (int i = 0; i < FACTS; i++) {
		const struct fact_key *key = fact_key((enum fact)i);
		size_t n = j->column_count;
		char *dot;

		j->column_of[i] = -1;
		if (i == FACT_SESSION || i == FACT_END)
			continue;
		j->column_of[i] = (int)n;
		(void)snprintf(
		    j->names[n], sizeof(j->names[n]), "%s", key->path);
		while ((dot = strchr(j->names[n], '.')) != NULL)
			*dot = '_';
		j->columns[n].name = j->names[n];
		j->columns[n].number = key->kind == FACT_NUMBER;
		j->facts[n] = (enum fact)i;
		j->column_count++;
	}
}

static bool
know_site(void *ctx, const char *site, uint64_t rows, uint64_t dropped)
{
	struct journal *j = ctx;
	struct book *b = book_find(j, site, true);

	if (b == NULL)
		return false;
	b->rows = b->found = rows;
	b->dropped = b->dropped_written = b->dropped_found = dropped;
	j->dropped += dropped;
	return true;
}

static int
open_entries(struct journal *j, const char *path, struct err *e)
{
	j->entries = entries_open(path, j->columns, j->column_count, e);
	if (j->entries == NULL ||
	    entries_last_id(j->entries, &j->last_id, e) == -1)
		return -1;
	j->last_found = j->last_id;
	return entries_sites(j->entries, know_site, j, e);
}

static void
init_locks(struct journal *j)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&j->db, NULL);
	pthread_mutex_init(&j->lock, NULL);
	pthread_rwlock_init(&j->listening, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&j->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct journal *
journal_new(const struct journal_options *o, struct err *e)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (j == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a journal");
		return NULL;
	}
	if (o->log != NULL)
		j->log = *o->log;
	j->entries_max = o->entries_max == 0 ? ENTRIES_MAX : o->entries_max;
	j->bytes_max = (size_t)(o->bytes_max == 0 ? BYTES_MAX : o->bytes_max);
	j->work_last = &j->work;
	init_locks(j);
	name_columns(j);
	if (open_entries(j, o->path, e) == -1 || writer_start(j, e) == -1) {
		journal_free(j);
		return NULL;
	}
	return j;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	writer_stop(j);
	entries_close(j->entries);
	books_free(j);
	listeners_free(j);
	pthread_cond_destroy(&j->wake);
	pthread_rwlock_destroy(&j->listening);
	pthread_mutex_destroy(&j->lock);
	pthread_mutex_destroy(&j->db);
	free(j);
}

/* ---- an entry's way ---- */

/* Tell who listens, then give the reference of this call back. */
static void
tell(struct journal *j, struct journal_slot *slot, enum journal_change change)
{
	listeners_tell(j, slot, change);
	pthread_mutex_lock(&j->lock);
	slot_unref(slot);
	pthread_mutex_unlock(&j->lock);
}

/* Into its site's book; lock is held. */
static bool
enter(struct journal *j, struct journal_slot *slot)
{
	struct book *b = book_find(j, slot->receipt->r.site, true);

	if (b == NULL) {
		j->dropped++;
		return false;
	}
	slot->book = b;
	slot->id = ++j->last_id;
	slot->generation = b->generation;
	slot->refs = 2;
	b->held++;
	b->open++;
	queue_put(&b->fresh, slot);
	b->fresh_count++;
	b->fresh_bytes += slot->bytes;
	j->fresh_bytes += slot->bytes;
	book_bound(j, b);
	book_has_work(j, b);
	return true;
}

static void
count_lost(struct journal *j, const char *site)
{
	struct book *b;

	pthread_mutex_lock(&j->lock);
	b = book_find(j, site, true);
	if (b != NULL)
		b->dropped++;
	j->dropped++;
	pthread_mutex_unlock(&j->lock);
}

static struct journal_slot *
make_slot(const struct journal_receipt *r)
{
	struct journal_slot *slot = calloc(1, sizeof(*slot));

	if (slot == NULL)
		return NULL;
	slot->receipt = keep_receipt(r, &slot->bytes);
	if (slot->receipt == NULL) {
		free(slot);
		return NULL;
	}
	slot->bytes += sizeof(*slot);
	return slot;
}

struct journal_slot *
journal_open(struct journal *j, const struct journal_receipt *r)
{
	struct journal_slot *slot = make_slot(r);
	bool in, told = listeners_any(j);

	if (slot == NULL) {
		count_lost(j, r->site);
		return NULL;
	}
	pthread_mutex_lock(&j->lock);
	in = enter(j, slot);
	if (in && told)
		slot->refs++;
	pthread_mutex_unlock(&j->lock);
	if (!in) {
		free(slot->receipt);
		free(slot);
		return NULL;
	}
	if (told)
		tell(j, slot, JOURNAL_OPENED);
	return slot;
}

uint64_t
journal_slot_id(const struct journal_slot *slot)
{
	return slot == NULL ? 0 : slot->id;
}

/* Does anybody still want to know? lock is held. */
static bool
is_forgotten(const struct journal_slot *slot)
{
	return slot->state == SLOT_GONE ||
	    slot->generation != slot->book->generation;
}

/* What was written is to be written again; lock is held. */
static void
changed(struct journal *j, struct journal_slot *slot)
{
	if (slot->state != SLOT_WRITTEN)
		return;
	slot->state = SLOT_CHANGED;
	slot->refs++;
	queue_put(&slot->book->changed, slot);
	book_has_work(j, slot->book);
}

/* lock is held */
static void
add_answer(struct journal *j, struct journal_slot *slot, struct kept_answer *a,
    size_t bytes)
{
	slot->answer = a;
	slot->bytes += bytes;
	if (slot->state == SLOT_FRESH) {
		slot->book->fresh_bytes += bytes;
		j->fresh_bytes += bytes;
		book_bound(j, slot->book);
	}
	changed(j, slot);
}

void
journal_answer(struct journal *j, struct journal_slot *slot,
    const struct journal_answer *a)
{
	struct kept_answer *kept;
	size_t bytes = 0;
	bool told = listeners_any(j), forgotten;

	if (slot == NULL)
		return;
	kept = keep_answer(a, &bytes);
	pthread_mutex_lock(&j->lock);
	forgotten = is_forgotten(slot);
	told = told && !forgotten;
	if (told)
		slot->refs++;
	if (forgotten)
		free(kept);
	else if (kept != NULL)
		add_answer(j, slot, kept, bytes);
	pthread_mutex_unlock(&j->lock);
	if (told)
		tell(j, slot, JOURNAL_ANSWERED);
}

void
journal_end(
    struct journal *j, struct journal_slot *slot, const struct journal_end *end)
{
	bool told = listeners_any(j);
	struct book *b;

	if (slot == NULL)
		return;
	pthread_mutex_lock(&j->lock);
	b = slot->book;
	slot->ended = true;
	slot->end = *end;
	told = told && !is_forgotten(slot);
	if (told)
		slot->refs++;
	if (!is_forgotten(slot)) {
		b->open--;
		changed(j, slot);
	}
	slot_unref(slot);
	book_tidy(j, b);
	pthread_mutex_unlock(&j->lock);
	if (told)
		tell(j, slot, JOURNAL_ENDED);
}

/* ---- numbers ---- */

uint64_t
journal_last_found(const struct journal *j)
{
	return j->last_found;
}

struct journal_counts
journal_counts(struct journal *j, const char *site)
{
	struct journal_counts c = { 0 };
	struct book *b;

	pthread_mutex_lock(&j->lock);
	b = book_find(j, site, false);
	if (b != NULL) {
		c.entries = b->rows + b->fresh_count;
		c.dropped = b->dropped;
		c.dropped_since = b->dropped - b->dropped_found;
		c.open = b->open;
	}
	pthread_mutex_unlock(&j->lock);
	return c;
}

uint64_t
journal_dropped_in_all(struct journal *j)
{
	uint64_t n;

	pthread_mutex_lock(&j->lock);
	n = j->dropped;
	pthread_mutex_unlock(&j->lock);
	return n;
}
