/* SPDX-License-Identifier: MIT */
/* The sites' books: what each has outstanding and in the database, and its bounds. */
#include <stdio.h>
#include <stdlib.h>

#include "journal/inside.h"

/* ---- queues ---- */

static void
queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

void
queue_put(struct queue *q, struct journal_slot *slot)
{
	slot->next = NULL;
	*q->last = slot;
	q->last = &slot->next;
}

struct journal_slot *
queue_take(struct queue *q)
{
	struct journal_slot *slot = q->first;

	if (slot == NULL)
		return NULL;
	q->first = slot->next;
	if (q->first == NULL)
		q->last = &q->first;
	slot->next = NULL;
	return slot;
}

void
slot_unref(struct journal_slot *slot)
{
	if (--slot->refs > 0)
		return;
	slot->book->held--;
	free(slot->receipt);
	free(slot->answer);
	free(slot);
}

/* ---- the table ---- */

/* FNV-1a */
static size_t
place_of(const char *name)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3;
	return (size_t)(h ^ h >> 32) & (BOOKS - 1);
}

static struct book *
make_book(const char *name)
{
	struct book *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	(void)snprintf(b->name, sizeof(b->name), "%s", name);
	queue_init(&b->fresh);
	queue_init(&b->changed);
	return b;
}

struct book *
book_find(struct journal *j, const char *name, bool make)
{
	struct book **at = &j->books[place_of(name)];

	for (struct book *b = *at; b != NULL; b = b->next) {
		if (strcmp(b->name, name) == 0)
			return b;
	}
	if (make) {
		struct book *b = make_book(name);

		if (b == NULL)
			return NULL;
		b->next = *at;
		*at = b;
		return b;
	}
	return NULL;
}

void
book_has_work(struct journal *j, struct book *b)
{
	if (!b->at_work) {
		b->at_work = true;
		b->next_work = NULL;
		*j->work_last = b;
		j->work_last = &b->next_work;
	}
	if (j->idle) {
		j->idle = false;
		pthread_cond_signal(&j->wake);
	}
}

static bool
is_blank(const struct book *b)
{
	return b->held == 0 && !b->at_work && b->rows == 0 &&
	    b->untrimmed == 0 && b->dropped == 0;
}

void
book_tidy(struct journal *j, struct book *b)
{
	struct book **at = &j->books[place_of(b->name)];

	if (!is_blank(b))
		return;
	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	free(b);
}

static void
free_queue(struct queue *q)
{
	struct journal_slot *slot;

	while ((slot = queue_take(q)) != NULL)
		slot_unref(slot);
}

void
books_free(struct journal *j)
{
	for (size_t i = 0; i < BOOKS; i++) {
		struct book *b = j->books[i], *next;

		for (; b != NULL; b = next) {
			next = b->next;
			free_queue(&b->fresh);
			free_queue(&b->changed);
			free(b);
		}
	}
}

/* ---- bounds ---- */

void
book_left_fresh(
    struct journal *j, struct book *b, const struct journal_slot *slot)
{
	b->fresh_count--;
	b->fresh_bytes -= slot->bytes;
	j->fresh_bytes -= slot->bytes;
}

void
book_drop(struct journal *j, struct book *b, uint64_t n)
{
	b->dropped += n;
	j->dropped += n;
}

void
book_drop_row(struct journal *j, struct book *b)
{
	b->rows--;
	if (b->found > 0) {
		b->found--;
		b->dropped_found++;
	}
	book_drop(j, b, 1);
}

static void
push_fresh(struct journal *j, struct book *b)
{
	struct journal_slot *slot = queue_take(&b->fresh);

	book_left_fresh(j, b, slot);
	slot->state = SLOT_GONE;
	if (!slot->ended)
		b->open--;
	b->pushed = true;
	book_drop(j, b, 1);
	slot_unref(slot);
}

/* The one with the most to write. */
static struct book *
heaviest(struct journal *j, struct book *b)
{
	for (struct book *w = j->work; w != NULL; w = w->next_work) {
		if (w->fresh_bytes > b->fresh_bytes)
			b = w;
	}
	return b;
}

void
book_bound(struct journal *j, struct book *b)
{
	while (b->rows + b->fresh_count > j->entries_max) {
		if (b->rows > 0) {
			b->untrimmed++;
			book_drop_row(j, b);
		} else {
			push_fresh(j, b);
		}
	}
	while (j->fresh_bytes > j->bytes_max / 2) {
		b = heaviest(j, b);
		if (b->fresh_count == 0)
			break;
		push_fresh(j, b);
	}
}
