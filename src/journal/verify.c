/* SPDX-License-Identifier: MIT */
/* One pass over the entries of a site, with all expectations looking on. */
#include "journal/verify.h"

#include <stdlib.h>

#include "base/env.h"
#include "journal/report.h"

#define WHY_MAX ((size_t)64 << 10)

static const char *const verdict_names[] = {
	[VERIFY_HELD] = "held",
	[VERIFY_FAILED] = "failed",
	[VERIFY_INCOMPLETE] = "incomplete",
};

static const char *const client_names[VERIFY_CLIENTS] = {
	[VERIFY_CLIENT_UNKNOWN] = "unknown",
	[VERIFY_CLIENT_SUCCEEDED] = "succeeded",
	[VERIFY_CLIENT_FAILED] = "failed",
};

const char *
verify_verdict_name(enum verify_verdict v)
{
	return (unsigned)v < nitems(verdict_names) ? verdict_names[v]
						   : "unknown";
}

const char *
verify_client_name(enum verify_client c)
{
	return (unsigned)c < VERIFY_CLIENTS ? client_names[c] : "unknown";
}

static bool
see(void *ctx, const struct journal_entry *entry)
{
	struct verify_report *r = ctx;

	if (r->entries == 0)
		r->first_ms = entry->received_ms;
	r->last_ms = entry->received_ms + entry->ended_us / 1000;
	r->entries++;
	r->open += !entry->ended;
	for (size_t i = 0; i < r->count; i++)
		judge_see(&r->judges[i], entry);
	return true;
}

static int
judge_all(struct verify_report *r, struct journal *j,
    const struct verify_options *o, struct err *e)
{
	const struct journal_query q = { .site = o->site,
		.after_id = journal_last_found(j),
		.no_json = true };
	struct judge_world w = { .client = o->client };

	if (journal_query(j, &q, see, r, e) == -1)
		return -1;
	/* a report has a time, also when nobody came */
	if (r->entries == 0)
		r->first_ms = r->last_ms = env_now_ms(env_system());
	r->dropped = w.dropped = journal_counts(j, o->site).dropped_since;
	for (size_t i = 0; i < r->count; i++) {
		judge_conclude(&r->judges[i], &w);
		if (!buf_ok(&r->judges[i].why))
			return err_set(e, ERR_MEMORY, "no memory for a report");
	}
	return 0;
}

static char *
copy(const char *s)
{
	return strdup(s == NULL ? "" : s);
}

static struct verify_report *
report_new(const struct expect *const *expects, size_t n,
    const struct verify_options *o)
{
	struct verify_report *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->judges = calloc(n + 1, sizeof(*r->judges));
	r->scenario = copy(o->scenario);
	r->site = copy(o->site);
	r->repeat = copy(o->repeat);
	r->seed = o->seed;
	r->client = o->client;
	if (r->judges == NULL || r->scenario == NULL || r->site == NULL ||
	    r->repeat == NULL) {
		verify_report_free(r);
		return NULL;
	}
	r->count = n;
	for (size_t i = 0; i < n; i++) {
		r->judges[i].x = expects[i];
		buf_init(&r->judges[i].why, WHY_MAX);
	}
	return r;
}

struct verify_report *
verify_run(struct journal *j, const struct expect *const *expects, size_t n,
    const struct verify_options *o, struct err *e)
{
	struct verify_report *r = report_new(expects, n, o);

	if (r == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for a report");
		return NULL;
	}
	if (judge_all(r, j, o, e) == 0)
		return r;
	verify_report_free(r);
	return NULL;
}

void
verify_report_free(struct verify_report *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		buf_clear(&r->judges[i].why);
	free(r->judges);
	free(r->scenario);
	free(r->site);
	free(r->repeat);
	free(r);
}

static bool
is_warning(const struct judge *j)
{
	return j->x->severity == EXPECT_WARNING && j->verdict != VERIFY_HELD;
}

struct verify_result
verify_result(const struct verify_report *r)
{
	struct verify_result out = { 0 };

	for (size_t i = 0; i < r->count; i++) {
		const struct judge *j = &r->judges[i];

		if (is_warning(j))
			out.warnings++;
		else if (j->verdict == VERIFY_HELD)
			out.held++;
		else if (j->verdict == VERIFY_FAILED)
			out.failed++;
		else
			out.incomplete++;
	}
	out.verdict = out.failed > 0 ? VERIFY_FAILED
	    : out.incomplete > 0     ? VERIFY_INCOMPLETE
				     : VERIFY_HELD;
	return out;
}
