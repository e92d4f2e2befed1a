/* SPDX-License-Identifier: MIT */
/*
 * What a site has counted for its rules. Keys come from clients, so there are
 * at most RULE_KEYS_MAX of them: beyond that the oldest is forgotten, and who
 * comes back with it begins anew.
 */
#include "fault/counters.h"

#include <stdlib.h>

static struct rule_book *
book_new(struct err *e)
{
	struct rule_book *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for counters");
		return NULL;
	}
	atomic_init(&b->refs, 1);
	pthread_mutex_init(&b->lock, NULL);
	b->secret = (uint64_t)(uintptr_t)b;
	return b;
}

/* ---- keys; the lock is held ---- */

static struct rule_key **
slot_of(struct rule_book *b, uint64_t hash)
{
	return &b->slots[hash & (RULE_SLOTS - 1)];
}

static void
forget(struct rule_book *b, struct rule_key *k)
{
	struct rule_key **at = slot_of(b, k->hash);

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	*(k->older != NULL ? &k->older->younger : &b->oldest) = k->younger;
	*(k->younger != NULL ? &k->younger->older : &b->youngest) = k->older;
	b->key_count--;
	free(k);
}

/* All rows that are leaving, in one walk over the keys, of which there may be many for as many rules. */
static void
forget_rows(struct rule_book *b)
{
	struct rule_key *k = b->oldest;

	while (k != NULL) {
		struct rule_key *gone = k;

		k = k->younger;
		if (b->rows[gone->row].leaving)
			forget(b, gone);
	}
	for (size_t i = 0; i < b->row_count; i++) {
		struct rule_row *row = &b->rows[i];

		if (row->leaving)
			*row = (struct rule_row){ .users = row->users };
	}
}

static struct rule_key *
find(struct rule_book *b, size_t row, struct bytes key, uint64_t hash)
{
	struct rule_key *k = *slot_of(b, hash);

	while (k != NULL &&
	    !(k->hash == hash && k->row == row &&
		bytes_eq(bytes_of(k->text, k->n), key)))
		k = k->next;
	return k;
}

static struct rule_key *
add(struct rule_book *b, size_t row, struct bytes key, uint64_t hash)
{
	struct rule_key *k, **slot = slot_of(b, hash);

	if (b->key_count == RULE_KEYS_MAX)
		forget(b, b->oldest);
	k = calloc(1, sizeof(*k) + key.n);
	if (k == NULL)
		return NULL;
	k->row = row;
	k->hash = hash;
	k->n = key.n;
	if (key.n > 0)
		memcpy(k->text, key.p, key.n);
	k->next = *slot;
	*slot = k;
	k->older = b->youngest;
	*(k->older != NULL ? &k->older->younger : &b->oldest) = k;
	b->youngest = k;
	b->key_count++;
	return k;
}

struct rule_row *
counters_row(struct rule_counters *c, size_t rule)
{
	return &c->book->rows[c->row[rule]];
}

struct rule_tally *
counters_tally(struct rule_counters *c, size_t rule, struct bytes key)
{
	struct rule_row *row = counters_row(c, rule);
	struct rule_key *k;
	uint64_t hash;

	if (key.n == 0) {
		if (row->counts.matched == 0)
			row->counts.keys = 1;
		return &row->plain;
	}
	hash = draw_siphash(c->book->secret, c->row[rule], key);
	k = find(c->book, c->row[rule], key, hash);
	if (k == NULL) {
		k = add(c->book, c->row[rule], key, hash);
		if (k != NULL)
			row->counts.keys++;
	}
	return k == NULL ? NULL : &k->tally;
}

void
counters_keep_draw(struct rule_row *row, uint32_t ppm)
{
	struct rule_counts *c = &row->counts;

	memmove(&c->last_draws_ppm[1], &c->last_draws_ppm[0],
	    (RULE_DRAWS_KEPT - 1) * sizeof(c->last_draws_ppm[0]));
	c->last_draws_ppm[0] = ppm;
	if (c->last_draw_count < RULE_DRAWS_KEPT)
		c->last_draw_count++;
}

/* ---- life ---- */

static void
book_unref(struct rule_book *b)
{
	struct rule_key *next;

	if (b == NULL || atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	for (struct rule_key *k = b->oldest; k != NULL; k = next) {
		next = k->younger;
		free(k);
	}
	pthread_mutex_destroy(&b->lock);
	free(b->rows);
	free(b);
}

/* Takes over the book. */
static struct rule_counters *
allocate(struct rules *r, uint64_t seed, struct rule_book *book, struct err *e)
{
	struct rule_counters *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->row = calloc(rules_count(r) + 1, sizeof(*c->row));
	if (c == NULL || c->row == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for counters");
		book_unref(book);
		free(c);
		return NULL;
	}
	c->rules = rules_ref(r);
	c->seed = seed;
	c->book = book;
	return c;
}

/* Room for so many rows more than are in use. The lock is held. */
static int
make_rows(struct rule_book *b, size_t more, struct err *e)
{
	size_t free_rows = 0, n;
	struct rule_row *p;

	for (size_t i = 0; i < b->row_count; i++)
		free_rows += b->rows[i].users == 0;
	if (more <= free_rows)
		return 0;
	n = b->row_count + more - free_rows;
	p = realloc(b->rows, n * sizeof(*p));
	if (p == NULL)
		return err_set(e, ERR_MEMORY, "no memory for counters");
	memset(&p[b->row_count], 0, (n - b->row_count) * sizeof(*p));
	b->rows = p;
	b->row_count = n;
	return 0;
}

/*
 * A row for each rule: that of the rule of the same id before, or a free one.
 * The lock is held.
 */
static int
take_rows(struct rule_counters *c, const struct rule_counters *before,
    size_t anew, size_t anew_count, struct err *e)
{
	size_t n = rules_count(c->rules), next = 0;

	if (make_rows(c->book, n, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int64_t old = -1;

		if (before != NULL && (i < anew || i - anew >= anew_count))
			old = rules_find(before->rules,
			    bytes_str(rules_get(c->rules, i)->id));
		if (old != -1) {
			c->row[i] = before->row[old];
		} else {
			while (c->book->rows[next].users > 0)
				next++;
			c->row[i] = next;
		}
		c->book->rows[c->row[i]].users++;
	}
	return 0;
}

struct rule_counters *
rule_counters_new(struct rules *r, uint64_t seed, struct err *e)
{
	struct rule_book *book = book_new(e);
	struct rule_counters *c =
	    book == NULL ? NULL : allocate(r, seed, book, e);
	int rc;

	if (c == NULL)
		return NULL;
	rc = take_rows(c, NULL, 0, 0, e);
	if (rc == 0)
		return c;
	rules_unref(c->rules);
	book_unref(book);
	free(c->row);
	free(c);
	return NULL;
}

struct rule_counters *
rule_counters_follow(struct rule_counters *before, struct rules *r, size_t anew,
    size_t anew_count, struct err *e)
{
	struct rule_counters *c;
	int rc;

	atomic_fetch_add(&before->book->refs, 1);
	c = allocate(r, before->seed, before->book, e);
	if (c == NULL)
		return NULL;
	pthread_mutex_lock(&c->book->lock);
	rc = take_rows(c, before, anew, anew_count, e);
	pthread_mutex_unlock(&c->book->lock);
	if (rc == 0)
		return c;
	rules_unref(c->rules);
	book_unref(c->book);
	free(c->row);
	free(c);
	return NULL;
}

void
rule_counters_free(struct rule_counters *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->book->lock);
	for (size_t i = 0; i < rules_count(c->rules); i++) {
		struct rule_row *row = counters_row(c, i);

		row->leaving = --row->users == 0;
	}
	forget_rows(c->book);
	pthread_mutex_unlock(&c->book->lock);
	book_unref(c->book);
	rules_unref(c->rules);
	free(c->row);
	free(c);
}

/* ---- asking ---- */

struct rule_counts
rule_counters_get(struct rule_counters *c, size_t rule)
{
	struct rule_counts counts;

	pthread_mutex_lock(&c->book->lock);
	counts = counters_row(c, rule)->counts;
	pthread_mutex_unlock(&c->book->lock);
	return counts;
}

void
rule_counters_each_key(struct rule_counters *c, size_t rule, size_t max,
    void (*each)(void *ctx, struct bytes key, uint64_t matched, uint64_t hits),
    void *ctx)
{
	size_t n = 0;

	pthread_mutex_lock(&c->book->lock);
	for (const struct rule_key *k = c->book->youngest; k != NULL && n < max;
	     k = k->older) {
		if (k->row != c->row[rule])
			continue;
		each(ctx, bytes_of(k->text, k->n), k->tally.matched,
		    k->tally.hits);
		n++;
	}
	pthread_mutex_unlock(&c->book->lock);
}
