/* SPDX-License-Identifier: MIT */
/* For tests of the journal: entries as samples, whole or in part, and questions about them. */
#ifndef UNIT_JOURNAL_SAMPLE_H
#define UNIT_JOURNAL_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"

struct sample {
	const char *site, *op, *transaction, *subject;
	int64_t query_bytes;
	int status;
	const char *rule;
	struct bytes reply;
	const char *end; /* NULL: it stays open */
	bool no_answer;
};

static inline struct journal_slot *
receive(struct journal *j, const struct sample *s)
{
	static const struct http_header headers[] = {
		{ { (const uint8_t *)"Host", 4 },
		    { (const uint8_t *)"localhost", 9 } },
		{ { (const uint8_t *)"X-Try", 5 },
		    { (const uint8_t *)"a: b", 4 } },
	};
	struct facts f = {
		.stage = FACT_AT_ARRIVAL, .headers = headers, .header_count = 2
	};
	const struct journal_receipt r = {
		.site = s->site == NULL ? "" : s->site,
		.received_ms = 1700000000123,
		.peer_port = 4711,
		.target = BYTES_LIT("/certsrv/mscep/mscep.dll?x"),
		.prefix = "",
		.facts = &f,
	};

	facts_text(&f, FACT_OP, bytes_str(s->op == NULL ? "GetCACaps" : s->op));
	facts_text(&f, FACT_METHOD, BYTES_LIT("GET"));
	facts_text(&f, FACT_CLIENT, BYTES_LIT("127.0.0.1"));
	facts_number(&f, FACT_QUERY_BYTES, s->query_bytes);
	return journal_open(j, &r);
}

static inline void
answer(struct journal *j, struct journal_slot *slot, const struct sample *s)
{
	static const struct journal_try tries[] = {
		{ "first", "its condition does not hold",
		    "op is GetCACaps, not PKIOperation", 0, false, 0, 0 },
		{ "second", "chance missed", NULL, 3, true, 400000, 100000 },
	};
	static const struct journal_finding findings[] = {
		{ true, "RFC 8894 4.1", "It was a GET.", "Use POST." },
	};
	struct facts f = { .stage = FACT_AT_ANSWER };
	const struct journal_answer a = {
		.facts = &f,
		.answered_us = 1500,
		.message = BYTES_LIT("message"),
		.csr = BYTES_LIT("csr"),
		.read_up_to = "the signature",
		.verdict_why = "",
		.layers = { "http.sys", "IIS" },
		.layer_count = 2,
		.why = "the pool is stopped",
		.host_key = "app_pool.state",
		.host_value = "stopped",
		.tries = tries,
		.try_count = 2,
		.commit = true,
		.honest_status = 200,
		.reply_status = 200,
		.reply_reason = "OK",
		.reply = s->reply.p == NULL ? BYTES_LIT("reply") : s->reply,
		.reply_bytes = 5,
		.findings = findings,
		.finding_count = 1,
	};

	facts_number(&f, FACT_STATUS, s->status == 0 ? 200 : s->status);
	facts_text(&f, FACT_LAYER, BYTES_LIT("IIS"));
	if (s->transaction != NULL)
		facts_text(&f, FACT_TRANSACTION, bytes_str(s->transaction));
	if (s->subject != NULL)
		facts_text(&f, FACT_CSR_SUBJECT, bytes_str(s->subject));
	if (s->rule != NULL)
		facts_text(&f, FACT_RULE, bytes_str(s->rule));
	journal_answer(j, slot, &a);
}

/* A whole entry, or what the sample has of it. */
static inline struct journal_slot *
enter(struct journal *j, struct sample s)
{
	struct journal_slot *slot = receive(j, &s);
	const struct journal_end end = { s.end, 2500 };

	assert_non_null(slot);
	if (!s.no_answer)
		answer(j, slot, &s);
	if (s.end != NULL)
		journal_end(j, slot, &end);
	return slot;
}

static inline void
end(struct journal *j, struct journal_slot *slot)
{
	const struct journal_end how = { "sent", 2500 };

	journal_end(j, slot, &how);
}

static inline struct journal *
open_journal(struct journal_options o)
{
	struct err e = { 0 };
	struct journal *j = journal_new(&o, &e);

	if (j == NULL)
		fail_msg("%s", e.text);
	return j;
}

static inline int
setup(void **state)
{
	*state = open_journal((struct journal_options){ 0 });
	return 0;
}

static inline int
teardown(void **state)
{
	journal_free(*state);
	return 0;
}

struct ids {
	uint64_t id[64];
	size_t n;
};

static inline bool
add_id(void *ctx, const struct journal_entry *entry)
{
	struct ids *ids = ctx;

	assert_true(ids->n < nitems(ids->id));
	ids->id[ids->n++] = entry->id;
	return true;
}

static inline struct ids
query(struct journal *j, struct journal_query q)
{
	struct ids ids = { .n = 0 };
	struct err e = { 0 };

	if (q.site == NULL)
		q.site = "";
	if (journal_query(j, &q, add_id, &ids, &e) == -1)
		fail_msg("%s", e.text);
	return ids;
}

/* How many entries have a fact that is as a query says. */
static inline size_t
count(struct journal *j, const char *key, const char *value)
{
	struct arena arena;
	struct err e = { 0 };
	struct when w = { .kind = WHEN_FACT };
	int f = fact_find(bytes_str(key));
	size_t n;

	arena_init(&arena, 65536);
	w.kind = f == -1 ? WHEN_HEADER : WHEN_FACT;
	w.fact = f == -1 ? FACTS : (enum fact)f;
	w.header = bytes_str(key);
	if (when_test_parse(&arena, w.fact, bytes_str(value), &w.test, &e) ==
	    -1)
		fail_msg("%s", e.text);
	n = query(j, (struct journal_query){ .when = &w }).n;
	when_clear(&w);
	arena_clear(&arena);
	return n;
}

#endif
