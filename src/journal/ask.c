/* SPDX-License-Identifier: MIT */
/* Questions to the journal: what is outstanding is written first, then the rows are gone through. */
#include <stdlib.h>

#include "journal/inside.h"
#include "journal/json.h"

#define JSON_MAX ((size_t)8 << 20)
#define HEADERS_MAX 256

struct asking {
	struct journal *j;
	const struct journal_query *q;
	bool (*each)(void *ctx, const struct journal_entry *entry);
	void *ctx;
	struct buf json;
	struct http_header headers[HEADERS_MAX];
	size_t found;
	bool failed;
};

/* ---- a row as an entry ---- */

/* "Name: value\n" each. */
static size_t
read_headers(struct bytes head, struct http_header *out)
{
	size_t n = 0;

	while (head.n > 0 && n < HEADERS_MAX) {
		const uint8_t *end = memchr(head.p, '\n', head.n);
		size_t line = end == NULL ? head.n : (size_t)(end - head.p);
		const uint8_t *colon = memchr(head.p, ':', line);
		size_t name = colon == NULL ? line : (size_t)(colon - head.p);
		size_t value = name + 2 < line ? name + 2 : line;

		out[n].name = bytes_of(head.p, name);
		out[n].value = bytes_of(head.p + value, line - value);
		n++;
		head = bytes_from(head, line + 1);
	}
	return n;
}

static void
read_facts(struct asking *a, const struct entries_row *row, struct facts *f)
{
	f->stage =
	    row->answered || row->ended ? FACT_AT_ANSWER : FACT_AT_ARRIVAL;
	for (size_t i = 0; i < a->j->column_count; i++) {
		const struct entries_value *v = &row->values[i];

		f->v[a->j->facts[i]] =
		    (struct fact_value){ v->present, v->text, v->number };
	}
	facts_text(f, FACT_SESSION, bytes_str(row->site));
	if (row->ended)
		facts_text(f, FACT_END, row->end);
	f->headers = a->headers;
	f->header_count = read_headers(row->headers, a->headers);
}

static void
write_json(struct asking *a, const struct entries_row *row)
{
	struct buf *b = &a->json;

	b->n = 0;
	put_open(b, NULL, '{');
	put_number(b, "id", (int64_t)row->id);
	put_text(b, "state",
	    row->ended          ? "ended"
		: row->answered ? "answered"
				: "open");
	if (row->answered)
		put_number(b, "answered_us", row->answered_us);
	if (row->ended) {
		put_number(b, "ended_us", row->ended_us);
		put_bytes(b, "end", row->end);
	}
	buf_add(b, row->entry);
	buf_add_byte(b, '}');
}

static bool
see_row(void *ctx, const struct entries_row *row)
{
	struct asking *a = ctx;
	struct journal_entry entry = {
		.id = row->id,
		.answered = row->answered,
		.ended = row->ended,
		.received_ms = row->received_ms,
		.answered_us = row->answered_us,
		.ended_us = row->ended_us,
		.message = row->message,
		.csr = row->csr,
		.reply = row->reply,
	};

	read_facts(a, row, &entry.facts);
	if (when_holds(a->q->when, &entry.facts) != WHEN_TRUE)
		return true;
	if (!a->q->no_json) {
		write_json(a, row);
		if (!buf_ok(&a->json)) {
			a->failed = true;
			return false;
		}
		entry.json = buf_bytes(&a->json);
	}
	a->found++;
	return a->each(a->ctx, &entry) &&
	    (a->q->limit == 0 || a->found < a->q->limit);
}

static int
ask(struct asking *a, struct err *e)
{
	const struct journal_query *q = a->q;
	const struct entries_scan scan = {
		.site = q->site,
		.after_id = q->after_id,
		.before_id = q->before_id,
		.newest_first = q->newest_first,
		.blobs = q->blobs,
	};
	int rc;

	pthread_mutex_lock(&a->j->db);
	rc = write_out(a->j, q->site, e);
	if (rc == 0)
		rc = entries_each(a->j->entries, &scan, see_row, a, e);
	pthread_mutex_unlock(&a->j->db);
	if (rc == 0 && a->failed)
		rc = err_set(e, ERR_MEMORY, "no memory for an entry");
	return rc;
}

int
journal_query(struct journal *j, const struct journal_query *q,
    bool (*each)(void *ctx, const struct journal_entry *entry), void *ctx,
    struct err *e)
{
	struct asking *a = calloc(1, sizeof(*a));
	int rc;

	if (a == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a query");
	a->j = j;
	a->q = q;
	a->each = each;
	a->ctx = ctx;
	buf_init(&a->json, JSON_MAX);
	rc = ask(a, e);
	buf_clear(&a->json);
	free(a);
	return rc;
}

struct getting {
	void (*entry)(void *ctx, const struct journal_entry *entry);
	void *ctx;
	bool found;
};

static bool
got(void *ctx, const struct journal_entry *entry)
{
	struct getting *g = ctx;

	g->found = true;
	g->entry(g->ctx, entry);
	return false;
}

int
journal_get(struct journal *j, const char *site, uint64_t id,
    void (*entry)(void *ctx, const struct journal_entry *entry), void *ctx,
    bool *found, struct err *e)
{
	const struct journal_query q = { .site = site,
		.after_id = id - 1,
		.before_id = id + 1,
		.blobs = true };
	struct getting g = { entry, ctx, false };

	*found = false;
	if (id == 0 || id > INT64_MAX - 1)
		return 0;
	if (journal_query(j, &q, got, &g, e) == -1)
		return -1;
	*found = g.found;
	return 0;
}

/* ---- forgetting ---- */

static void
drain(struct queue *q)
{
	struct journal_slot *slot;

	while ((slot = queue_take(q)) != NULL) {
		slot->state = SLOT_GONE;
		slot_unref(slot);
	}
}

/* lock is held */
static void
clear_book(struct journal *j, struct book *b)
{
	j->fresh_bytes -= b->fresh_bytes;
	b->generation++;
	b->rows = b->untrimmed = b->first_row = 0;
	b->dropped = b->dropped_written = 0;
	b->found = b->dropped_found = 0;
	b->open = 0;
	b->fresh_count = 0;
	b->fresh_bytes = 0;
	drain(&b->fresh);
	drain(&b->changed);
	book_tidy(j, b);
}

int
journal_clear(struct journal *j, const char *site, struct err *e)
{
	struct book *b;
	int rc;

	pthread_mutex_lock(&j->db);
	rc = entries_clear(j->entries, site, e);
	if (rc == 0) {
		pthread_mutex_lock(&j->lock);
		b = book_find(j, site, false);
		if (b != NULL)
			clear_book(j, b);
		pthread_mutex_unlock(&j->lock);
	}
	pthread_mutex_unlock(&j->db);
	return rc;
}
