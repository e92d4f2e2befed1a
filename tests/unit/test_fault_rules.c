/* SPDX-License-Identifier: MIT */
/* Draws, conditions and the choice of rules, against what the manual says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "fault/rule.h"
#include "scenario/scenario.h"

/* ---- draws ---- */

static void
hashes_as_its_paper_says(void **state)
{
	/* key 00..0f, text 00..n-1: vectors of the reference implementation */
	static const struct {
		size_t n;
		uint64_t hash;
	} rows[] = {
		{ 0, UINT64_C(0x726fdb47dd0e0e31) },
		{ 1, UINT64_C(0x74f839c593dc67fd) },
		{ 7, UINT64_C(0xab0200f58b01d137) },
		{ 8, UINT64_C(0x93f5f5799a932462) },
		{ 15, UINT64_C(0xa129ca6149be45e5) },
		{ 63, UINT64_C(0x958a324ceb064572) },
	};
	uint8_t text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)i;
	for (size_t i = 0; i < nitems(rows); i++)
		assert_true(draw_siphash(UINT64_C(0x0706050403020100),
				UINT64_C(0x0f0e0d0c0b0a0908),
				bytes_of(text, rows[i].n)) == rows[i].hash);
}

static void
draws_hang_on_all_they_are_made_of(void **state)
{
	struct bytes a = BYTES_LIT("a"), b = BYTES_LIT("b");
	uint64_t d = draw(1, a, b, 1, "chance");

	(void)state;
	assert_true(d == draw(1, a, b, 1, "chance"));
	assert_true(d != draw(2, a, b, 1, "chance"));
	assert_true(d != draw(1, b, b, 1, "chance"));
	assert_true(d != draw(1, a, a, 1, "chance"));
	assert_true(d != draw(1, a, b, 2, "chance"));
	assert_true(d != draw(1, a, b, 1, "fault"));
	assert_true(draw(1, BYTES_LIT("ab"), BYTES_LIT(""), 1, "x") !=
	    draw(1, BYTES_LIT("a"), BYTES_LIT("b"), 1, "x"));
}

/* ---- rules out of text ---- */

struct bench {
	struct scenario *s;
	struct rule_counters *c;
	struct arena arena;
};

static void
lay(struct bench *b, const char *rules, uint64_t seed)
{
	char text[8192];
	struct scenario_report report;
	struct err e = { 0 };

	snprintf(text, sizeof(text), "mockndes: 1\nrules:\n%s", rules);
	scenario_report_init(&report);
	b->s = scenario_load("f", bytes_str(text), &report, &e);
	if (b->s == NULL)
		fail_msg("%s", buf_str(&report.lines));
	scenario_report_clear(&report);
	b->c = rule_counters_new(scenario_rules(b->s), seed, &e);
	assert_non_null(b->c);
	arena_init(&b->arena, (size_t)64 << 20);
}

static void
clear(struct bench *b)
{
	rule_counters_free(b->c);
	scenario_free(b->s);
	arena_clear(&b->arena);
}

static void
facts_of(struct facts *f, const char *op, const char *client)
{
	*f = (struct facts){ .stage = FACT_AT_ARRIVAL };
	facts_text(f, FACT_OP, bytes_str(op));
	facts_text(f, FACT_CLIENT, bytes_str(client));
}

/* The id of what applies to one more GetCACaps of a client; "-": none. */
static const char *
once(struct bench *b, const char *client)
{
	struct rule_choice choice = { 0 };
	struct facts f;

	facts_of(&f, "GetCACaps", client);
	rule_choose(b->c, &f, true, false, &b->arena, &choice);
	assert_true(choice.settled);
	return choice.rule == NULL ? "-" : choice.rule->id;
}

/* What applies to so many of them, a letter each. */
static void
run(struct bench *b, const char *client, unsigned n, char *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = once(b, client)[0];
	out[n] = '\0';
}

static void
counts_as_the_manual_says(void **state)
{
	static const struct {
		const char *counting, *want;
	} rows[] = {
		{ "", "aaaaaaaaaa" },
		{ "times: 1", "a---------" },
		{ "times: 3", "aaa-------" },
		{ "after: 2", "--aaaaaaaa" },
		{ "until: 2", "aa--------" },
		{ "after: 2, until: 5", "--aaa-----" },
		{ "every: 3", "--a--a--a-" },
		{ "after: 1, every: 2", "--a-a-a-a-" },
		{ "every: 2, times: 2", "-a-a------" },
		{ "in_a_row: 2", "aa-aa-aa-a" },
		{ "chance: 100%, in_a_row: 1", "a-a-a-a-a-" },
		{ "enabled: false", "----------" },
	};
	char rule[256], got[16];
	struct bench b;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		snprintf(rule, sizeof(rule),
		    "  - { id: a, %s%s then: { hang: true } }\n",
		    rows[i].counting, rows[i].counting[0] == '\0' ? "" : ",");
		lay(&b, rule, 1);
		run(&b, "x", 10, got);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: %s, not %s", rows[i].counting, got,
			    rows[i].want);
		clear(&b);
	}
}

static void
takes_steps_and_what_follows_them(void **state)
{
	static const struct {
		const char *after;
		const char *want; /* the step of each hit from 0; '-' none */
	} rows[] = {
		{ "pass", "01---" },
		{ "stay", "01111" },
		{ "repeat", "01010" },
	};
	char rule[256], got[8];
	struct facts f;
	struct bench b;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		snprintf(rule, sizeof(rule),
		    "  - { id: a, steps: [{ hang: true }, { hang: headers }], "
		    "then_after: %s }\n",
		    rows[i].after);
		lay(&b, rule, 1);
		for (int k = 0; k < 5; k++) {
			struct rule_choice c = { 0 };

			facts_of(&f, "GetCACaps", "x");
			rule_choose(b.c, &f, true, false, &b.arena, &c);
			got[k] = c.rule == NULL ? '-' : (char)('0' + c.step);
		}
		got[5] = '\0';
		assert_string_equal(got, rows[i].want);
		clear(&b);
	}
}

static void
counts_each_key_by_itself(void **state)
{
	struct bench b;
	char x[9], y[9];

	(void)state;
	lay(&b, "  - { id: a, per: client, times: 2, then: { hang: true } }\n",
	    1);
	run(&b, "x", 3, x);
	run(&b, "y", 3, y);
	assert_string_equal(x, "aa-");
	assert_string_equal(y, "aa-");
	assert_int_equal(rule_counters_get(b.c, 0).hits, 4);
	assert_int_equal(rule_counters_get(b.c, 0).keys, 2);
	clear(&b);
	lay(&b, "  - { id: a, times: 2, then: { hang: true } }\n", 1);
	run(&b, "x", 3, x);
	run(&b, "y", 3, y);
	assert_string_equal(y, "---");
	clear(&b);
}

/* Each word of per: two messages that differ in that alone count by themselves, and in nothing else together. */
static void
counts_by_what_per_names(void **state)
{
	static const struct {
		const char *per;
		int fact; /* -1: one counter for all */
	} words[] = {
		{ "site", -1 },
		{ "session", -1 },
		{ "client", FACT_CLIENT },
		{ "transaction", FACT_TRANSACTION },
		{ "challenge", FACT_CHALLENGE },
		{ "subject", FACT_CSR_SUBJECT },
	};
	static const int facts[] = { FACT_CLIENT, FACT_TRANSACTION,
		FACT_CHALLENGE, FACT_CSR_SUBJECT };

	(void)state;
	for (size_t i = 0; i < nitems(words); i++) {
		for (size_t k = 0; k < nitems(facts); k++) {
			char rule[200];
			struct bench b;
			int hits = 0;

			snprintf(rule, sizeof(rule),
			    "  - { id: a, per: %s, times: 1, then: { hang: true } }\n",
			    words[i].per);
			lay(&b, rule, 1);
			for (int n = 0; n < 4; n++) {
				struct rule_choice choice = { 0 };
				struct facts f;

				facts_of(&f, "PKIOperation", "x");
				f.stage = FACT_AT_MESSAGE;
				for (size_t j = 0; j < nitems(facts); j++)
					facts_text(&f, (enum fact)facts[j],
					    bytes_str("same"));
				facts_text(&f, (enum fact)facts[k],
				    bytes_str(n % 2 == 0 ? "one" : "other"));
				rule_choose(
				    b.c, &f, true, false, &b.arena, &choice);
				hits += choice.rule != NULL;
			}
			if (hits != (words[i].fact == facts[k] ? 2 : 1))
				fail_msg("per: %s, row %zu: %d hits",
				    words[i].per, k, hits);
			clear(&b);
		}
	}
}

static void
falls_through_to_the_first_that_applies(void **state)
{
	struct bench b;
	char got[9];

	(void)state;
	lay(&b,
	    "  - { id: a, times: 1, then: { hang: true } }\n"
	    "  - { id: b, when: { client: y }, then: { hang: true } }\n"
	    "  - { id: c, every: 2, then: { hang: true } }\n"
	    "  - { id: d, when: { op: GetCACert }, then: { hang: true } }\n",
	    1);
	run(&b, "x", 4, got);
	assert_string_equal(got, "a-c-");
	run(&b, "y", 2, got);
	assert_string_equal(got, "bb");
	clear(&b);
}

static void
draws_are_not_shifted_by_a_new_rule(void **state)
{
	static const char rule[] =
	    "  - { id: a, chance: 30%, then: { hang: true } }\n";
	char two[256], first[201], second[201];
	struct bench b;

	(void)state;
	lay(&b, rule, 42);
	run(&b, "x", 200, first);
	clear(&b);
	snprintf(two, sizeof(two),
	    "  - { id: z, when: { op: GetCACert }, chance: 50%%, then: { hang: "
	    "true } }\n%s",
	    rule);
	lay(&b, two, 42);
	run(&b, "x", 200, second);
	clear(&b);
	assert_string_equal(first, second);
	assert_non_null(strchr(first, 'a'));
	assert_non_null(strchr(first, '-'));
}

static void
waits_for_the_message_and_counts_once(void **state)
{
	struct rule_choice choice = { 0 };
	struct facts f;
	struct bench b;

	(void)state;
	lay(&b,
	    "  - { id: a, when: { client: z }, then: { hang: true } }\n"
	    "  - { id: b, every: 2, then: { hang: true } }\n"
	    "  - { id: c, when: { transaction: t }, then: { hang: true } }\n"
	    "  - { id: d, then: { hang: true } }\n",
	    1);
	facts_of(&f, "PKIOperation", "x");
	rule_choose(b.c, &f, false, false, &b.arena, &choice);
	assert_false(choice.settled);
	assert_int_equal(choice.next, 2);
	f.stage = FACT_AT_MESSAGE;
	facts_text(&f, FACT_TRANSACTION, BYTES_LIT("t"));
	rule_choose(b.c, &f, false, false, &b.arena, &choice);
	assert_true(choice.settled);
	assert_string_equal(choice.rule->id, "c");
	assert_int_equal(rule_counters_get(b.c, 1).matched, 1);
	assert_int_equal(choice.try_count, 2); /* a is for another client */
	/* what is never known is absent */
	choice = (struct rule_choice){ 0 };
	facts_of(&f, "PKIOperation", "y");
	rule_choose(b.c, &f, true, false, &b.arena, &choice);
	assert_string_equal(choice.rule->id, "b");
	choice = (struct rule_choice){ 0 };
	rule_choose(b.c, &f, true, false, &b.arena, &choice);
	assert_string_equal(choice.rule->id, "d");
	clear(&b);
}

static void
looks_only_at_rules_that_can_be_meant(void **state)
{
	size_t size = 4u << 20;
	char *text = malloc(size);
	struct rule_choice choice = { 0 };
	struct scenario_report report;
	struct err e = { 0 };
	struct bench b;
	struct facts f;
	size_t n = (size_t)snprintf(text, size, "mockndes: 1\nrules:\n");

	(void)state;
	for (int i = 0; i < 10000; i++)
		n += (size_t)snprintf(text + n, size - n,
		    "  - { id: r%d, when: { op: PKIOperation, %s%d%s }, "
		    "then: { hang: true } }\n",
		    i, i % 2 ? "transaction: T" : "csr: { subject: CN=T", i,
		    i % 2 ? "" : " }");
	scenario_report_init(&report);
	b.s = scenario_load("f", bytes_of(text, n), &report, &e);
	assert_non_null(b.s);
	b.c = rule_counters_new(scenario_rules(b.s), 1, &e);
	arena_init(&b.arena, 1u << 20);
	facts_of(&f, "GetCACaps", "x");
	rule_choose(b.c, &f, true, false, &b.arena, &choice);
	assert_int_equal(choice.try_count + choice.tries_more, 0);
	facts_of(&f, "PKIOperation", "x");
	choice = (struct rule_choice){ 0 };
	rule_choose(b.c, &f, false, false, &b.arena, &choice);
	assert_false(choice.settled);
	f.stage = FACT_AT_MESSAGE;
	facts_text(&f, FACT_TRANSACTION, BYTES_LIT("T9999"));
	facts_text(&f, FACT_CSR_SUBJECT, BYTES_LIT("CN=other"));
	rule_choose(b.c, &f, true, false, &b.arena, &choice);
	assert_string_equal(choice.rule->id, "r9999");
	assert_int_equal(choice.try_count + choice.tries_more, 1);
	clear(&b);
	scenario_report_clear(&report);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_its_paper_says),
		cmocka_unit_test(draws_hang_on_all_they_are_made_of),
		cmocka_unit_test(counts_as_the_manual_says),
		cmocka_unit_test(takes_steps_and_what_follows_them),
		cmocka_unit_test(counts_each_key_by_itself),
		cmocka_unit_test(counts_by_what_per_names),
		cmocka_unit_test(falls_through_to_the_first_that_applies),
		cmocka_unit_test(draws_are_not_shifted_by_a_new_rule),
		cmocka_unit_test(waits_for_the_message_and_counts_once),
		cmocka_unit_test(looks_only_at_rules_that_can_be_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
