/* SPDX-License-Identifier: MIT */
/* Lists of rules that become others while they count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "fault/rule.h"
#include "scenario/scenario.h"

/* The rules of a text, and nothing else of it left. */
static struct rules *
read_rules(const char *rules)
{
	char text[2048];
	struct scenario_report report;
	struct scenario *s;
	struct rules *r;
	struct err e = { 0 };

	snprintf(text, sizeof(text), "mockndes: 1\nrules:\n%s", rules);
	scenario_report_init(&report);
	s = scenario_load("f", bytes_str(text), &report, &e);
	if (s == NULL)
		fail_msg("%s", buf_str(&report.lines));
	r = rules_ref(scenario_rules(s));
	scenario_free(s);
	scenario_report_clear(&report);
	return r;
}

static const char *
once(struct rule_counters *c, struct arena *arena, const char *client)
{
	struct rule_choice choice = { 0 };
	struct facts f = { .stage = FACT_AT_ARRIVAL };

	facts_text(&f, FACT_OP, BYTES_LIT("GetCACaps"));
	facts_text(&f, FACT_CLIENT, bytes_str(client));
	rule_choose(c, &f, true, false, arena, &choice);
	return choice.rule == NULL ? "-" : choice.rule->id;
}

/* What applies to so many requests, a letter each. */
static void
run(struct rule_counters *c, const char *client, unsigned n, char *out)
{
	struct arena arena;

	arena_init(&arena, (size_t)16 << 20);
	for (unsigned i = 0; i < n; i++)
		out[i] = once(c, &arena, client)[0];
	out[n] = '\0';
	arena_clear(&arena);
}

static void
ids(const struct rules *r, char *out)
{
	for (size_t i = 0; i < rules_count(r); i++)
		*out++ = rules_get(r, i)->id[0];
	*out = '\0';
}

#define RULE(id, more) "  - { id: " id ", " more "then: { hang: true } }\n"

static void
a_list_takes_rules_in_any_place_and_keeps_them_alive(void **state)
{
	static const struct {
		size_t at, drop;
		const char *want;
	} rows[] = {
		{ 0, 0, "xyab" },
		{ 1, 0, "axyb" },
		{ 2, 0, "abxy" },
		{ 0, 1, "xyb" },
		{ 0, 2, "xy" },
	};
	struct err e = { 0 };
	char got[16];

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct rules *from = read_rules(
		    RULE("a", "times: 900, ") RULE("b", "times: 900, "));
		struct rules *add =
		    read_rules(RULE("x", "when: { path: { matches: c } }, ")
			    RULE("y", "times: 900, "));
		struct rules *r =
		    rules_splice(from, rows[i].at, rows[i].drop, add, &e);

		assert_non_null(r);
		rules_unref(from);
		rules_unref(add);
		ids(r, got);
		assert_string_equal(got, rows[i].want);
		assert_int_equal(rules_find(r, BYTES_LIT("nothing")), -1);
		assert_true(rules_find(r, BYTES_LIT("y")) >= 0);
		rules_unref(r);
	}
}

static void
a_list_without_rules_takes_some_and_gives_them_all(void **state)
{
	struct rules *add = read_rules(RULE("a", "times: 900, ")), *one, *none;
	struct err e = { 0 };

	(void)state;
	one = rules_splice(NULL, 0, 0, add, &e);
	assert_int_equal(rules_count(one), 1);
	none = rules_splice(one, 0, 1, NULL, &e);
	assert_non_null(none);
	assert_int_equal(rules_count(none), 0);
	rules_unref(one);
	rules_unref(none);
	rules_unref(add);
}

static void
an_id_that_is_there_is_refused_with_both_places(void **state)
{
	struct rules *from = read_rules(RULE("a", "times: 900, "));
	struct rules *add =
	    read_rules(RULE("b", "times: 900, ") RULE("a", "times: 900, "));
	struct err e = { 0 };

	(void)state;
	assert_null(rules_splice(from, 1, 0, add, &e));
	assert_int_equal(e.code, ERR_SCENARIO);
	assert_non_null(strstr(e.text, "f:3:"));
	assert_non_null(strstr(e.text, "f:4:"));
	rules_unref(from);
	rules_unref(add);
}

static void
a_rule_is_disabled_and_enabled_again_and_again(void **state)
{
	struct rules *r = read_rules(
			 RULE("a", "times: 900, ") RULE("b", "times: 900, ")),
		     *next;
	struct rule_counters *c;
	struct err e = { 0 };
	char got[8];

	(void)state;
	for (int i = 0; i < 5; i++) {
		next = rules_switch(r, 0, i % 2 == 1, &e);
		assert_non_null(next);
		rules_unref(r);
		r = next;
		c = rule_counters_new(r, 1, &e);
		run(c, "x", 1, got);
		assert_string_equal(got, i % 2 == 1 ? "a" : "b");
		rule_counters_free(c);
	}
	rules_unref(r);
}

/* What a list does over 40 requests, when after the 20th another takes its place. */
static void
run_changed(const char *first, const char *second, char got[64])
{
	struct rules *r = read_rules(first), *r2 = read_rules(second);
	struct err e = { 0 };
	struct rule_counters *c = rule_counters_new(r, 7, &e), *c2;

	run(c, "x", 20, got);
	c2 = rule_counters_follow(c, r2, SIZE_MAX, 0, &e);
	assert_non_null(c2);
	rules_unref(r);
	rules_unref(r2);
	rule_counters_free(c);
	run(c2, "x", 20, got + 20);
	rule_counters_free(c2);
}

static void
other_rules_count_on_and_draw_the_same_behind_a_change(void **state)
{
#define B RULE("b", "chance: 50%, per: client, times: 12, ")
	char plain[64], got[64];
	struct rules *r = read_rules(B);
	struct err e = { 0 };
	struct rule_counters *c = rule_counters_new(r, 7, &e);

	(void)state;
	run(c, "x", 40, plain);
	rule_counters_free(c);
	rules_unref(r);
	run_changed(B, RULE("new", "when: { client: y }, ") B, got);
	assert_string_equal(got, plain);
	run_changed(RULE("old", "when: { client: y }, ") B, B, got);
	assert_string_equal(got, plain);
}

static void
no_request_is_lost_while_both_lists_count(void **state)
{
	struct rules *r = read_rules(RULE("a", "times: 5, "));
	struct err e = { 0 };
	struct rule_counters *old = rule_counters_new(r, 1, &e);
	struct rule_counters *new =
	    rule_counters_follow(old, r, SIZE_MAX, 0, &e);
	char got[16];

	(void)state;
	run(old, "x", 2, got);
	run(new, "x", 2, got);
	run(old, "x", 2, got);
	assert_string_equal(got, "a-");
	assert_int_equal(rule_counters_get(new, 0).hits, 5);
	assert_int_equal(rule_counters_get(new, 0).matched, 6);
	rule_counters_free(old);
	run(new, "x", 1, got);
	assert_string_equal(got, "-");
	rule_counters_free(new);
	rules_unref(r);
}

static void
what_replaces_a_rule_begins_anew(void **state)
{
	struct rules *r =
	    read_rules(RULE("a", "times: 1, ") RULE("b", "times: 900, "));
	struct rules *add = read_rules(RULE("a", "times: 2, ")), *r2;
	struct err e = { 0 };
	struct rule_counters *c = rule_counters_new(r, 1, &e), *c2;
	char got[16];

	(void)state;
	run(c, "x", 3, got);
	assert_string_equal(got, "abb");
	r2 = rules_splice(r, 0, 1, add, &e);
	c2 = rule_counters_follow(c, r2, 0, 1, &e);
	run(c2, "x", 4, got);
	assert_string_equal(got, "aabb");
	assert_int_equal(rule_counters_get(c2, 1).hits, 4);
	rule_counters_free(c);
	rule_counters_free(c2);
	rules_unref(r);
	rules_unref(r2);
	rules_unref(add);
}

static void
add_key(void *ctx, struct bytes key, uint64_t matched, uint64_t hits)
{
	char *out = ctx;
	size_t n = strlen(out);

	snprintf(out + n, 64 - n, "%.*s:%d/%d ", (int)key.n,
	    (const char *)key.p, (int)hits, (int)matched);
}

static void
tells_the_youngest_keys_and_the_last_draws(void **state)
{
	struct rules *r =
	    read_rules(RULE("a", "per: client, times: 1, chance: 100%, "));
	struct err e = { 0 };
	struct rule_counters *c = rule_counters_new(r, 1, &e);
	char got[64] = "";
	struct rule_counts n;

	(void)state;
	run(c, "x", 2, got);
	run(c, "y", 1, got);
	run(c, "z", 1, got);
	got[0] = '\0';
	rule_counters_each_key(c, 0, 2, add_key, got);
	assert_string_equal(got, "z:1/1 y:1/1 ");
	n = rule_counters_get(c, 0);
	assert_int_equal(n.keys, 3);
	assert_int_equal(n.last_draw_count, 3);
	assert_int_equal(n.last_draws_ppm[0],
	    draw_ppm(draw(1, BYTES_LIT("a"), BYTES_LIT("z"), 1, "chance")));
	rule_counters_free(c);
	rules_unref(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_list_takes_rules_in_any_place_and_keeps_them_alive),
		cmocka_unit_test(
		    a_list_without_rules_takes_some_and_gives_them_all),
		cmocka_unit_test(
		    an_id_that_is_there_is_refused_with_both_places),
		cmocka_unit_test(
		    a_rule_is_disabled_and_enabled_again_and_again),
		cmocka_unit_test(
		    other_rules_count_on_and_draw_the_same_behind_a_change),
		cmocka_unit_test(no_request_is_lost_while_both_lists_count),
		cmocka_unit_test(what_replaces_a_rule_begins_anew),
		cmocka_unit_test(tells_the_youngest_keys_and_the_last_draws),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
