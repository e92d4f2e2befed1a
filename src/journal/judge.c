/* SPDX-License-Identifier: MIT */
/* Expectations about requests: how many, how far apart, in which order, never. */
#include "journal/judge.h"

#include <inttypes.h>

/* Entries about connections are for who asks for them. */
static bool
is_meant(const struct when *w, const struct journal_entry *entry)
{
	bool connection =
	    bytes_eq(entry->facts.v[FACT_OP].text, BYTES_LIT("connection"));

	return !connection || when_find(w, FACT_OP) != NULL;
}

static bool
is_end(enum fact f)
{
	return f == FACT_END;
}

static enum when_truth
matches(const struct when *w, const struct journal_entry *entry)
{
	enum when_truth t;

	if (!is_meant(w, entry))
		return WHEN_FALSE;
	t = when_holds(w, &entry->facts);
	if (!entry->ended && when_asks(w, is_end))
		return WHEN_UNKNOWN;
	return t;
}

void
judge_note(struct judge *j, uint64_t id)
{
	if (j->id_count < JUDGE_IDS)
		j->ids[j->id_count++] = id;
}

void
judge_say(struct judge *j, enum verify_verdict v, const char *fmt, ...)
{
	va_list ap;

	j->verdict = v;
	va_start(ap, fmt);
	buf_vaddf(&j->why, fmt, ap);
	va_end(ap);
}

/* ---- seeing ---- */

static void
see_gap(struct judge *j, const struct journal_entry *entry)
{
	int64_t gap = entry->received_ms - j->last_ms;

	if (j->has_last && j->x->has_gap && !j->gap_short && !j->gap_long) {
		j->gap_short = gap < j->x->gap_min_ms;
		j->gap_long = gap > j->x->gap_max_ms;
		j->gap_ms = gap;
	}
	j->has_last = true;
	j->last_ms = entry->received_ms;
}

static void
see_request(struct judge *j, const struct journal_entry *entry)
{
	switch (matches(j->x->when[0], entry)) {
	case WHEN_TRUE:
		j->seen++;
		judge_note(j, entry->id);
		see_gap(j, entry);
		break;
	case WHEN_UNKNOWN:
		j->maybe++;
		break;
	case WHEN_FALSE:
		break;
	}
}

static void
see_order(struct judge *j, const struct journal_entry *entry)
{
	enum when_truth t;

	if (j->step == j->x->when_count)
		return;
	t = matches(j->x->when[j->step], entry);
	if (t == WHEN_TRUE) {
		j->step++;
		judge_note(j, entry->id);
	} else if (t == WHEN_UNKNOWN) {
		j->maybe++;
	}
}

void
judge_see(struct judge *j, const struct journal_entry *entry)
{
	switch (j->x->kind) {
	case EXPECT_REQUESTS:
	case EXPECT_NEVER:
		see_request(j, entry);
		break;
	case EXPECT_ORDER:
		see_order(j, entry);
		break;
	case EXPECT_CLIENT:
		judge_client_see(j, entry);
		break;
	}
}

/* ---- concluding ---- */

static void
say_unknown(struct judge *j, const struct judge_world *w)
{
	j->verdict = VERIFY_INCOMPLETE;
	if (w->dropped > 0)
		buf_addf(&j->why,
		    "; %" PRIu64 " entries were dropped from the journal",
		    w->dropped);
	if (j->maybe > 0)
		buf_addf(
		    &j->why, "; %" PRIu64 " are not answered yet", j->maybe);
}

/* "3 requests were seen" */
static void
say_seen(struct judge *j, enum verify_verdict v)
{
	judge_say(j, v, "%" PRIu64 " such request%s seen", j->seen,
	    j->seen == 1 ? " was" : "s were");
}

static void
say_wanted(struct judge *j, uint64_t least, uint64_t most)
{
	if (least == most)
		buf_addf(&j->why, ", wanted %" PRIu64, least);
	else if (most == UINT64_MAX)
		buf_addf(&j->why, ", wanted at least %" PRIu64, least);
	else if (least == 0)
		buf_addf(&j->why, ", wanted at most %" PRIu64, most);
	else
		buf_addf(
		    &j->why, ", wanted %" PRIu64 " to %" PRIu64, least, most);
}

/* The entries that are there cannot tell how far apart those were that are not. */
static void
conclude_gap(struct judge *j, const struct judge_world *w)
{
	uint64_t unseen = w->dropped + j->maybe;

	if (j->gap_short || j->gap_long) {
		j->verdict = VERIFY_FAILED;
		buf_addf(&j->why,
		    "; two of them came %" PRId64 " ms apart, "
		    "which is too %s",
		    j->gap_ms, j->gap_short ? "soon" : "late");
		if (j->gap_long && unseen > 0)
			say_unknown(j, w);
		return;
	}
	if (unseen > 0)
		say_unknown(j, w);
}

static void
conclude_requests(struct judge *j, const struct judge_world *w)
{
	uint64_t least = j->x->has_count ? j->x->count_min : 1;
	uint64_t most = j->x->has_count ? j->x->count_max : UINT64_MAX;
	uint64_t unseen = w->dropped + j->maybe;

	if (j->seen > most || j->seen < least) {
		say_seen(j, VERIFY_FAILED);
		say_wanted(j, least, most);
		if (j->seen < least && j->seen + unseen >= least)
			say_unknown(j, w);
		return;
	}
	say_seen(j, VERIFY_HELD);
	say_wanted(j, least, most);
	if (most != UINT64_MAX && j->seen + unseen > most)
		say_unknown(j, w);
	else if (j->x->has_gap)
		conclude_gap(j, w);
}

static void
conclude_never(struct judge *j, const struct judge_world *w)
{
	if (j->seen > 0) {
		say_seen(j, VERIFY_FAILED);
		return;
	}
	judge_say(j, VERIFY_HELD, "no such request was seen");
	if (w->dropped + j->maybe > 0)
		say_unknown(j, w);
}

static void
conclude_order(struct judge *j, const struct judge_world *w)
{
	if (j->step == j->x->when_count) {
		judge_say(j, VERIFY_HELD, "all of them came, in this order");
		return;
	}
	judge_say(j, VERIFY_FAILED,
	    "%zu of %zu came in this order; missing is ", j->step,
	    j->x->when_count);
	when_print(j->x->when[j->step], &j->why);
	if (w->dropped + j->maybe > 0)
		say_unknown(j, w);
}

void
judge_conclude(struct judge *j, const struct judge_world *w)
{
	switch (j->x->kind) {
	case EXPECT_REQUESTS:
		conclude_requests(j, w);
		break;
	case EXPECT_NEVER:
		conclude_never(j, w);
		break;
	case EXPECT_ORDER:
		conclude_order(j, w);
		break;
	case EXPECT_CLIENT:
		judge_client_conclude(j, w);
		if (!j->settled && w->dropped + j->maybe > 0)
			say_unknown(j, w);
		break;
	}
}
