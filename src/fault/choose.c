/* SPDX-License-Identifier: MIT */
/* Choosing the rule that applies to a request. */
#include "fault/counters.h"

#include <inttypes.h>

/* What is known, and what a counter key is made of. */
struct choosing {
	struct rule_counters *c;
	const struct facts *f;
	struct arena *arena;
	struct rule_choice *choice;
};

static const int per_fact[RULE_PERS] = {
	[RULE_PER_SITE] = -1,
	[RULE_PER_SESSION] = -1, /* counters belong to one */
	[RULE_PER_CLIENT] = FACT_CLIENT,
	[RULE_PER_TRANSACTION] = FACT_TRANSACTION,
	[RULE_PER_CHALLENGE] = FACT_CHALLENGE,
	[RULE_PER_SUBJECT] = FACT_CSR_SUBJECT,
};

/* Is the key of its counters not known yet? */
static bool
key_is_unknown(const struct rule *r, const struct facts *f)
{
	int fact = per_fact[r->per];

	return fact != -1 && fact_key((enum fact)fact)->stage > f->stage;
}

static struct bytes
key_of(const struct rule *r, const struct facts *f)
{
	int fact = per_fact[r->per];

	if (fact == -1 || !f->v[fact].present)
		return BYTES_LIT("");
	return f->v[fact].text;
}

/* ---- counting ---- */

/* Count a request for which the condition holds, and judge. */
static enum rule_verdict
judge(const struct choosing *x, const struct rule *r, struct rule_tally *t,
    struct bytes key, struct rule_try *tried)
{
	uint64_t n = ++t->matched;
	uint64_t every = r->every == 0 ? 1 : r->every;

	tried->n = n;
	if (n <= r->after)
		return RULE_TOO_EARLY;
	if (r->until != 0 && n > r->until)
		return RULE_TOO_LATE;
	if ((n - r->after) % every != 0)
		return RULE_NOT_THIS;
	if ((r->times != 0 && t->hits >= r->times) ||
	    (r->then_after == RULE_PASS && t->hits >= r->step_count))
		return RULE_SPENT;
	if (r->has_chance) {
		tried->drawn = true;
		tried->draw_ppm = draw_ppm(
		    draw(x->c->seed, bytes_str(r->id), key, n, "chance"));
		if (tried->draw_ppm >= r->chance_ppm) {
			t->running = 0;
			return RULE_MISSED;
		}
	}
	if (r->in_a_row != 0 && t->running >= r->in_a_row) {
		t->running = 0;
		return RULE_IN_A_ROW;
	}
	t->running++;
	t->hits++;
	return RULE_APPLIED;
}

static size_t
step_of(const struct rule *r, uint64_t hit)
{
	uint64_t i = hit - 1;

	if (r->then_after == RULE_REPEAT)
		return (size_t)(i % r->step_count);
	return i < r->step_count ? (size_t)i : r->step_count - 1;
}

static void
apply(const struct choosing *x, const struct rule *r, struct bytes key,
    const struct rule_tally *t, const struct rule_try *tried)
{
	struct rule_choice *ch = x->choice;

	ch->rule = r;
	ch->n = tried->n;
	ch->hit = t->hits;
	ch->step = step_of(r, t->hits);
	ch->fault = r->steps[ch->step];
	ch->draw = draw(x->c->seed, bytes_str(r->id), key, tried->n, "fault");
	ch->drawn = tried->drawn;
	ch->draw_ppm = tried->draw_ppm;
	ch->key = arena_copy(x->arena, key);
}

static enum rule_verdict
count(const struct choosing *x, size_t i, struct rule_try *tried)
{
	const struct rule *r = rules_get(x->c->rules, i);
	struct bytes key = key_of(r, x->f);
	enum rule_verdict v = RULE_OTHER;
	struct rule_tally *t;
	struct rule_row *row;

	pthread_mutex_lock(&x->c->book->lock);
	row = counters_row(x->c, i);
	t = counters_tally(x->c, i, key);
	if (t != NULL) {
		v = judge(x, r, t, key, tried);
		row->counts.matched++;
		row->counts.drawn += tried->drawn;
		if (tried->drawn)
			counters_keep_draw(row, tried->draw_ppm);
		if (v == RULE_APPLIED) {
			row->counts.hits++;
			apply(x, r, key, t, tried);
		}
	}
	pthread_mutex_unlock(&x->c->book->lock);
	return v;
}

/* ---- walking ---- */

static void
keep_try(const struct choosing *x, const struct rule_try *tried)
{
	struct rule_choice *ch = x->choice;

	if (ch->tries == NULL)
		ch->tries =
		    arena_alloc(x->arena, RULE_TRIES_MAX * sizeof(*ch->tries));
	if (ch->tries == NULL || ch->try_count == RULE_TRIES_MAX)
		ch->tries_more++;
	else
		ch->tries[ch->try_count++] = *tried;
}

/* False: it hangs on what is not known yet. */
static bool
look_at(const struct choosing *x, size_t i)
{
	const struct rule *r = rules_get(x->c->rules, i);
	struct rule_try tried = { .rule = r, .verdict = RULE_OTHER };
	enum when_truth t = when_holds(r->when, x->f);

	if (!r->disabled && t == WHEN_UNKNOWN)
		return false;
	if (r->disabled)
		tried.verdict = RULE_DISABLED;
	else if (t == WHEN_TRUE) {
		if (key_is_unknown(r, x->f))
			return false;
		tried.verdict = count(x, i, &tried);
	}
	keep_try(x, &tried);
	return true;
}

static void
walk(const struct choosing *x, bool final, bool at_connection)
{
	struct rule_choice *ch = x->choice;
	struct rules_cursor cursor;
	size_t i;

	rules_seek(x->c->rules, x->f, final, at_connection, ch->next, &cursor);
	while ((i = rules_next(&cursor)) < cursor.unknown) {
		if (!look_at(x, i)) {
			ch->next = i;
			return;
		}
		if (ch->rule != NULL) {
			ch->settled = true;
			return;
		}
	}
	ch->next = cursor.unknown;
	ch->settled = cursor.unknown == SIZE_MAX;
}

void
rule_choose(struct rule_counters *c, const struct facts *f, bool final,
    bool at_connection, struct arena *arena, struct rule_choice *choice)
{
	struct facts all;
	struct choosing x = { c, f, arena, choice };

	if (choice->settled)
		return;
	if (c == NULL || rules_count(c->rules) == 0) {
		choice->settled = true;
		return;
	}
	if (final) {
		/* what is unknown now stays absent */
		all = *f;
		all.stage = FACT_AT_ANSWER;
		x.f = &all;
	}
	walk(&x, final, at_connection);
}

/* ---- for people ---- */

static void
print_ppm(uint32_t ppm, struct buf *out)
{
	buf_addf(out, "%u.%u%%", ppm / 10000, ppm / 1000 % 10);
}

void
rule_choice_print(const struct rule_choice *choice, struct buf *out)
{
	const struct rule *r = choice->rule;

	if (r == NULL)
		return;
	buf_addf(out, "rule %s, request %" PRIu64, r->id, choice->n);
	if (choice->key.n > 0)
		buf_addf(out, " of %.*s",
		    (int)(choice->key.n > 64 ? 64 : choice->key.n),
		    (const char *)choice->key.p);
	if (choice->drawn) {
		buf_add_str(out, ", draw ");
		print_ppm(choice->draw_ppm, out);
		buf_add_str(out, " of ");
		print_ppm(r->chance_ppm, out);
	}
	if (r->step_count > 1)
		buf_addf(out, ", step %zu", choice->step + 1);
}

static void
print_hits(const struct rule *r, uint64_t seed, unsigned n, struct buf *out)
{
	unsigned hits = 0;

	buf_add_str(out, "    ");
	for (unsigned i = 1; i <= n; i++) {
		uint32_t ppm = draw_ppm(
		    draw(seed, bytes_str(r->id), BYTES_LIT(""), i, "chance"));

		hits += ppm < r->chance_ppm;
		buf_add_byte(out, ppm < r->chance_ppm ? '#' : '.');
		if (i % 10 == 0 && i < n)
			buf_add_byte(out, ' ');
	}
	buf_addf(out, "  %u of %u hit\n    draws:", hits, n);
	for (unsigned i = 1; i <= n; i++) {
		buf_add_byte(out, ' ');
		print_ppm(draw_ppm(draw(seed, bytes_str(r->id), BYTES_LIT(""),
			      i, "chance")),
		    out);
	}
	buf_add_byte(out, '\n');
}

void
rules_print_draws(
    const struct rules *r, uint64_t seed, unsigned n, struct buf *out)
{
	for (size_t i = 0; i < rules_count(r); i++) {
		const struct rule *rule = rules_get(r, i);

		buf_addf(out, "%s: ", rule->id);
		if (!rule->has_chance) {
			buf_add_str(out, "no chance is drawn\n");
			continue;
		}
		buf_add_str(out, "chance ");
		print_ppm(rule->chance_ppm, out);
		if (rule->in_a_row != 0)
			buf_addf(out, ", at most %" PRIu64 " in a row",
			    rule->in_a_row);
		if (rule->per > RULE_PER_SESSION)
			buf_addf(out,
			    ", per %s (these are the draws without one)",
			    rule_per_name(rule->per));
		buf_add_byte(out, '\n');
		print_hits(rule, seed, n, out);
	}
}
