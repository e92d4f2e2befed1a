/* SPDX-License-Identifier: MIT */
/*
 * Writing to the database: what is outstanding of a site goes out in batches,
 * because the writer is at it, or because somebody asks.
 */
#include "journal/write.h"

#include <stdlib.h>

#include "journal/json.h"

#define JSON_MAX ((size_t)4 << 20)

/* ---- taking; lock is held ---- */

static void
take_slot(struct batch *t, struct journal_slot *slot, bool fresh)
{
	t->items[t->n++] = (struct item){
		.slot = slot,
		.receipt = slot->receipt,
		.answer = slot->answer,
		.fresh = fresh,
		.ended = slot->ended,
		.slim = slot->slim,
		.end = slot->end,
	};
	slot->state = SLOT_WRITTEN;
}

static void
take_queue(struct journal *j, struct batch *t, struct queue *q, bool fresh)
{
	struct journal_slot *slot;

	while (t->n < BATCH && (slot = queue_take(q)) != NULL) {
		if (slot->generation != t->book->generation) {
			slot_unref(slot);
			continue;
		}
		if (fresh) {
			book_left_fresh(j, t->book, slot);
			t->book->rows++;
		}
		take_slot(t, slot, fresh);
	}
}

/* items false: only what is to be deleted. */
static void
take(struct journal *j, struct batch *t, struct book *b, bool items)
{
	t->book = b;
	t->n = 0;
	t->keep = b->rows;
	t->trimmed = b->untrimmed;
	b->untrimmed = 0;
	t->dropped_changed = b->dropped != b->dropped_written;
	t->dropped = b->dropped_written = b->dropped;
	b->held++;
	if (items) {
		take_queue(j, t, &b->changed, false);
		take_queue(j, t, &b->fresh, true);
	}
}

static bool
has_work(const struct book *b)
{
	return b->fresh.first != NULL || b->changed.first != NULL ||
	    b->untrimmed > 0 || b->dropped != b->dropped_written;
}

/*
 * What is written and waits for its end keeps no more than who listens may
 * want to know. Nobody else may have the slot in hand. lock is held.
 */
static void
slim_down(struct item *it)
{
	struct journal_slot *slot = it->slot;
	struct kept_answer *all = slot->answer;

	if (slot->ended || slot->state != SLOT_WRITTEN || slot->refs != 2 ||
	    all != it->answer)
		return;
	slot->answer = it->slimmed;
	slot->slim = true;
	it->slimmed = all;
}

/* It has no row and gets none. */
static void
lose(struct journal *j, struct book *b, struct journal_slot *slot)
{
	slot->state = SLOT_GONE;
	if (!slot->ended)
		b->open--;
	if (b->rows > 0)
		b->rows--;
	book_drop(j, b, 1);
}

static void
give_back(struct journal *j, struct batch *t, bool written)
{
	struct book *b = t->book;

	pthread_mutex_lock(&j->lock);
	if (!written)
		b->untrimmed += t->trimmed;
	for (size_t i = 0; i < t->n; i++) {
		struct item *it = &t->items[i];

		if (it->fresh && (!written || it->lost))
			lose(j, b, it->slot);
		else if (written && it->slimmed != NULL)
			slim_down(it);
		slot_unref(it->slot);
	}
	b->held--;
	pthread_mutex_unlock(&j->lock);
	for (size_t i = 0; i < t->n; i++)
		free(t->items[i].slimmed);
}

/* ---- writing; db is held ---- */

static void
set_values(const struct journal *j, const struct kept_facts *facts,
    struct entries_value *values)
{
	for (size_t i = 0; i < facts->count; i++) {
		const struct kept_fact *k = &facts->all[i];

		values[j->column_of[k->fact]] = (struct entries_value){ true,
			k->value.text, k->value.number };
	}
}

static int
put_item(struct journal *j, struct item *it, struct buf *json, struct err *e)
{
	struct entries_value values[FACTS] = { 0 };
	struct entries_row row = {
		.id = it->slot->id,
		.site = it->receipt->r.site,
		.received_ms = it->receipt->r.received_ms,
		.values = values,
		.headers = it->receipt->head,
	};

	if (it->slim)
		return it->ended
		    ? entries_end(j->entries, row.id, it->end.ended_us,
			  bytes_str(it->end.how), e)
		    : 0;
	set_values(j, &it->receipt->facts, values);
	if (it->answer != NULL) {
		set_values(j, &it->answer->facts, values);
		row.answered = true;
		row.answered_us = it->answer->rest->a.answered_us;
		row.message = it->answer->rest->a.message;
		row.csr = it->answer->rest->a.csr;
		row.reply = it->answer->rest->a.reply;
	}
	if (it->ended) {
		row.ended = true;
		row.ended_us = it->end.ended_us;
		row.end = bytes_str(it->end.how);
	}
	json->n = 0;
	put_entry(it->receipt, it->answer, json);
	if (!buf_ok(json)) {
		/* The others of the batch need not go with it. */
		buf_clear(json);
		it->lost = true;
		log_say(&j->log, LOG_WARN,
		    "entry %llu is larger than the journal takes; it is "
		    "dropped",
		    (unsigned long long)row.id);
		return 0;
	}
	row.entry = buf_bytes(json);
	return entries_put(j->entries, &row, e);
}

static int
trim(struct journal *j, struct batch *t, struct err *e)
{
	struct book *b = t->book;
	uint64_t last;

	if (t->trimmed == 0)
		return 0;
	if (entries_trim(j->entries, b->name, t->keep, e) == -1)
		return -1;
	return entries_bounds(j->entries, b->name, &b->first_row, &last, e);
}

static int
put_all(struct journal *j, struct batch *t, struct err *e)
{
	struct buf json;
	int rc = 0;

	if (trim(j, t, e) == -1)
		return -1;
	buf_init(&json, JSON_MAX);
	for (size_t i = 0; i < t->n && rc == 0; i++) {
		struct item *it = &t->items[i];

		/* Its row may have been pushed out meanwhile. */
		if (it->fresh || it->slot->id >= t->book->first_row)
			rc = put_item(j, it, &json, e);
	}
	buf_clear(&json);
	if (rc == 0 && t->dropped_changed)
		rc = entries_set_dropped(
		    j->entries, t->book->name, t->dropped, e);
	return rc;
}

/* Made before the lock is taken. */
static void
prepare_slimming(struct batch *t)
{
	size_t bytes;

	for (size_t i = 0; i < t->n; i++) {
		struct item *it = &t->items[i];

		if (it->answer != NULL && !it->ended && !it->slim)
			it->slimmed = keep_slim(it->answer, &bytes);
	}
}

static int
write_batch(struct journal *j, struct batch *t, struct err *e)
{
	int rc = entries_begin(j->entries, e);

	if (rc == 0) {
		rc = put_all(j, t, e);
		if (rc == 0)
			rc = entries_commit(j->entries, e);
		if (rc == -1)
			entries_rollback(j->entries);
	}
	prepare_slimming(t);
	give_back(j, t, rc == 0);
	return rc;
}

/* ---- the bound on bytes; db is held ---- */

static void
forget_row(struct journal *j, const char *site, uint64_t id)
{
	struct book *b;

	pthread_mutex_lock(&j->lock);
	b = book_find(j, site, false);
	if (b != NULL) {
		b->first_row = id + 1;
		if (b->untrimmed > 0) {
			b->untrimmed--;
		} else if (b->rows > 0) {
			book_drop_row(j, b);
			book_has_work(j, b);
		}
	}
	pthread_mutex_unlock(&j->lock);
}

/* In a transaction. */
static int
delete_oldest(struct journal *j, uint64_t bytes, struct err *e)
{
	char site[ENTRIES_SITE_MAX];
	uint64_t id = 1;

	while (bytes > j->bytes_max / 2) {
		if (entries_delete_oldest(j->entries, site, &id, e) == -1)
			return -1;
		if (id == 0)
			return 0;
		forget_row(j, site, id);
		if (entries_size(j->entries, &bytes, e) == -1)
			return -1;
	}
	return 0;
}

static int
bound_bytes(struct journal *j, struct err *e)
{
	uint64_t bytes;

	if (entries_size(j->entries, &bytes, e) == -1)
		return -1;
	if (bytes <= j->bytes_max / 2)
		return 0;
	if (entries_begin(j->entries, e) == -1)
		return -1;
	if (delete_oldest(j, bytes, e) == -1 ||
	    entries_commit(j->entries, e) == -1) {
		entries_rollback(j->entries);
		return -1;
	}
	return 0;
}

/* ---- a site, or all ---- */

/* Up to a batch; *n is what was taken. */
int
write_some(struct journal *j, struct batch *t, struct book *b, bool items,
    size_t *n, struct err *e)
{
	pthread_mutex_lock(&j->lock);
	take(j, t, b, items);
	pthread_mutex_unlock(&j->lock);
	*n = t->n;
	if (write_batch(j, t, e) == -1)
		return -1;
	return t->n == 0 ? 0 : bound_bytes(j, e);
}

static uint64_t
outstanding(const struct book *b)
{
	uint64_t n = b->fresh_count + 1;

	for (const struct journal_slot *s = b->changed.first; s != NULL;
	     s = s->next)
		n++;
	return n;
}

/* The caller holds the book. */
static int
write_book(struct journal *j, struct batch *t, struct book *b, struct err *e)
{
	uint64_t left;
	size_t n;
	int rc = 0;

	pthread_mutex_lock(&j->lock);
	left = outstanding(b);
	pthread_mutex_unlock(&j->lock);
	do {
		rc = write_some(j, t, b, true, &n, e);
		left -= n < left ? n : left;
	} while (rc == 0 && n > 0 && left > 0);
	return rc;
}

struct book *
take_work(struct journal *j)
{
	struct book *b;

	pthread_mutex_lock(&j->lock);
	b = j->work;
	if (b != NULL) {
		j->work = b->next_work;
		if (j->work == NULL)
			j->work_last = &j->work;
		b->at_work = false;
		b->held++;
	}
	pthread_mutex_unlock(&j->lock);
	return b;
}

void
end_work(struct journal *j, struct book *b)
{
	pthread_mutex_lock(&j->lock);
	b->held--;
	if (has_work(b))
		book_has_work(j, b);
	else
		book_tidy(j, b);
	pthread_mutex_unlock(&j->lock);
}

size_t
works(struct journal *j)
{
	size_t n = 0;

	pthread_mutex_lock(&j->lock);
	for (const struct book *b = j->work; b != NULL; b = b->next_work)
		n++;
	pthread_mutex_unlock(&j->lock);
	return n;
}

/* A site's book, held from now on, for its last open entry may end meanwhile. NULL: none. */
static struct book *
take_book(struct journal *j, const char *site)
{
	struct book *b;

	pthread_mutex_lock(&j->lock);
	b = book_find(j, site, false);
	if (b != NULL)
		b->held++;
	pthread_mutex_unlock(&j->lock);
	return b;
}

static int
write_all(struct journal *j, struct batch *t, struct err *e)
{
	size_t n = works(j);
	struct book *b;
	int rc = 0;

	while (rc == 0 && n-- > 0 && (b = take_work(j)) != NULL) {
		rc = write_book(j, t, b, e);
		end_work(j, b);
	}
	return rc;
}

int
write_out(struct journal *j, const char *site, struct err *e)
{
	struct batch *t = malloc(sizeof(*t));
	struct book *b;
	int rc = 0;

	if (t == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a query");
	if (site == NULL) {
		rc = write_all(j, t, e);
	} else {
		b = take_book(j, site);
		if (b != NULL) {
			rc = write_book(j, t, b, e);
			end_work(j, b);
		}
	}
	free(t);
	return rc;
}

int
journal_flush(struct journal *j, struct err *e)
{
	int rc;

	pthread_mutex_lock(&j->db);
	rc = write_out(j, NULL, e);
	pthread_mutex_unlock(&j->db);
	return rc;
}
