/* SPDX-License-Identifier: MIT */
/* Finding the rules that a request may be for. */
#include <stdlib.h>

#include "fault/rules.h"

static const enum fact anchor_facts[RULES_ANCHORS] = {
	FACT_TRANSACTION,
	FACT_CHALLENGE,
	FACT_CSR_SUBJECT,
	FACT_CLIENT,
	FACT_PATH,
	FACT_USER_AGENT,
	FACT_SESSION,
	FACT_MESSAGE_TYPE,
};

/* ---- runs ---- */

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for an index of rules");
}

static int
run_add(struct rules_run *run, size_t rule, struct err *e)
{
	size_t room = run->room == 0 ? 4 : 2 * run->room;
	uint32_t *at;

	if (run->n > 0 && run->at[run->n - 1] == rule)
		return 0; /* a text that is in a list twice */
	if (run->n == run->room) {
		at = realloc(run->at, room * sizeof(*at));
		if (at == NULL)
			return no_memory(e);
		run->at = at;
		run->room = room;
	}
	run->at[run->n++] = (uint32_t)rule;
	return 0;
}

/* The place of the first that is not below from. */
static size_t
run_seek(const struct rules_run *run, size_t from)
{
	size_t lo = 0, hi = run->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (run->at[mid] < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ---- texts ---- */

/* Without letter case, so that texts that count as the same have the same; FNV-1a, since the texts are the rules' own. */
static uint64_t
hash_text(struct bytes s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c | 0x20);
		h = (h ^ c) * UINT64_C(0x100000001b3);
	}
	return h ^ h >> 32;
}

static struct rules_text *
find_text(const struct rules_anchor *a, struct bytes text, uint64_t hash)
{
	size_t at = (size_t)hash & a->mask;

	while (a->table[at].run.n > 0 &&
	    !(a->table[at].hash == hash &&
		bytes_eq_nocase(a->table[at].text, text)))
		at = (at + 1) & a->mask;
	return &a->table[at];
}

static int
grow_table(struct rules_anchor *a, struct err *e)
{
	struct rules_anchor bigger = *a;
	size_t size = a->table == NULL ? 16 : 2 * (a->mask + 1);

	bigger.table = calloc(size, sizeof(*bigger.table));
	if (bigger.table == NULL)
		return no_memory(e);
	bigger.mask = size - 1;
	for (size_t i = 0; a->table != NULL && i <= a->mask; i++) {
		if (a->table[i].run.n > 0)
			*find_text(&bigger, a->table[i].text,
			    a->table[i].hash) = a->table[i];
	}
	free(a->table);
	*a = bigger;
	return 0;
}

static int
add_text(struct rules_anchor *a, struct bytes text, size_t rule, struct err *e)
{
	uint64_t hash = hash_text(text);
	struct rules_text *t;

	if ((a->table == NULL || 2 * a->used > a->mask) &&
	    grow_table(a, e) == -1)
		return -1;
	t = find_text(a, text, hash);
	if (t->run.n == 0) {
		a->used++;
		t->text = text;
		t->hash = hash;
	}
	return run_add(&t->run, rule, e);
}

/* ---- building ---- */

/* The test of a fact that must hold, by texts alone; NULL: there is none. */
static const struct when_test *
texts_of(const struct when *w, enum fact f)
{
	const struct when_test *t;

	if (w == NULL)
		return NULL;
	if (w->kind == WHEN_FACT)
		return w->fact == f && w->test.equals_count > 0 ? &w->test
								: NULL;
	if (w->kind != WHEN_ALL)
		return NULL;
	/* the parts of csr: and cms: are conditions within the condition */
	for (const struct when *c = w->children; c != NULL; c = c->next) {
		t = texts_of(c, f);
		if (t != NULL)
			return t;
	}
	return NULL;
}

static int
add_to_part(
    struct rules_part *part, const struct rule *rule, size_t i, struct err *e)
{
	const struct when_test *t = NULL;
	size_t a;

	for (a = 0; a < RULES_ANCHORS && t == NULL; a++)
		t = texts_of(rule->when, anchor_facts[a]);
	if (t == NULL)
		return run_add(&part->rest, i, e);
	a--;
	if (run_add(&part->anchors[a].all, i, e) == -1)
		return -1;
	for (size_t k = 0; k < t->equals_count; k++) {
		if (add_text(&part->anchors[a], t->equals[k], i, e) == -1)
			return -1;
	}
	return 0;
}

static bool
wants_op(const struct rule *rule, const char *word)
{
	const struct when_test *t = texts_of(rule->when, FACT_OP);

	for (size_t i = 0; t != NULL && i < t->equals_count; i++) {
		if (bytes_eq_nocase(t->equals[i], bytes_str(word)))
			return true;
	}
	return t == NULL;
}

static int
add_rule(struct rules *r, size_t i, struct err *e)
{
	const char *const *words = fact_key(FACT_OP)->words;
	const struct rule *rule = r->list[i];

	if (rule->at_connection)
		return add_to_part(&r->index[RULES_CONNECTIONS], rule, i, e);
	for (size_t k = 0; k < RULES_CONNECTIONS && words[k] != NULL; k++) {
		if (wants_op(rule, words[k]) &&
		    add_to_part(&r->index[k], rule, i, e) == -1)
			return -1;
	}
	return 0;
}

int
rules_index(struct rules *r, struct err *e)
{
	for (size_t i = 0; i < r->count; i++) {
		if (add_rule(r, i, e) == -1)
			return -1;
	}
	return 0;
}

static void
clear_anchor(struct rules_anchor *a)
{
	for (size_t i = 0; a->table != NULL && i <= a->mask; i++)
		free(a->table[i].run.at);
	free(a->table);
	free(a->all.at);
}

void
rules_index_clear(struct rules *r)
{
	for (size_t i = 0; i < RULES_OPS; i++) {
		free(r->index[i].rest.at);
		for (size_t a = 0; a < RULES_ANCHORS; a++)
			clear_anchor(&r->index[i].anchors[a]);
	}
}

/* ---- asking ---- */

static void
add_run(struct rules_cursor *c, const struct rules_run *run, size_t from)
{
	if (run->n == 0)
		return;
	c->runs[c->n] = run;
	c->at[c->n++] = run_seek(run, from);
}

static size_t
part_of(const struct facts *f, bool at_connection)
{
	const char *const *words = fact_key(FACT_OP)->words;

	if (at_connection)
		return RULES_CONNECTIONS;
	for (size_t k = 0; words[k] != NULL; k++) {
		if (bytes_eq_nocase(f->v[FACT_OP].text, bytes_str(words[k])))
			return k;
	}
	return RULES_OPS;
}

static void
seek_anchor(const struct rules_anchor *a, enum fact fact, const struct facts *f,
    bool final, size_t from, struct rules_cursor *c)
{
	size_t first;

	if (a->all.n == 0)
		return;
	if (fact_key(fact)->stage > f->stage && !final) {
		first = run_seek(&a->all, from);
		if (first < a->all.n && a->all.at[first] < c->unknown)
			c->unknown = a->all.at[first];
	} else if (f->v[fact].present) {
		add_run(c,
		    &find_text(a, f->v[fact].text, hash_text(f->v[fact].text))
			 ->run,
		    from);
	}
}

void
rules_seek(const struct rules *r, const struct facts *f, bool final,
    bool at_connection, size_t from, struct rules_cursor *c)
{
	size_t k = part_of(f, at_connection);

	c->n = 0;
	c->unknown = SIZE_MAX;
	if (k == RULES_OPS)
		return;
	add_run(c, &r->index[k].rest, from);
	for (size_t a = 0; a < RULES_ANCHORS; a++)
		seek_anchor(&r->index[k].anchors[a], anchor_facts[a], f, final,
		    from, c);
}

size_t
rules_next(struct rules_cursor *c)
{
	size_t least = SIZE_MAX, from = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->at[i] < c->runs[i]->n &&
		    c->runs[i]->at[c->at[i]] < least) {
			least = c->runs[i]->at[c->at[i]];
			from = i;
		}
	}
	if (least != SIZE_MAX)
		c->at[from]++;
	return least;
}
