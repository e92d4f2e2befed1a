/* SPDX-License-Identifier: MIT */
/*
 * Aims at scenario_load(): guard_passes(), tree_read() with libfyaml behind
 * it, the reading of every key, and scenario_apply(). A file is sound or has
 * complaints, never both, never neither. What a sound file's rules do to an
 * answer is done to one, as far as that needs no keys.
 */
#include <stdlib.h>

#include "fault/rule.h"
#include "fault/seams.h"
#include "scenario/scenario.h"

#define ARENA_MAX ((size_t)4 << 20)
#define RULES_TRIED 8

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The seams that work on bytes, in their order. */
static void
act(const struct fault *f, struct arena *arena, uint64_t draw)
{
	struct http_header host = { BYTES_LIT("Host"), BYTES_LIT("h:1") };
	const struct http_request rq = { .target = BYTES_LIT("/a?b"),
		.path = BYTES_LIT("/a"),
		.query = BYTES_LIT("b"),
		.headers = &host,
		.header_count = 1 };
	struct fault_site s = {
		.arena = arena, .draw = draw, .rq = &rq, .url_prefix = ""
	};
	struct http_reply r = { .status = 200,
		.body = BYTES_LIT("POSTPKIOperation\r\nSHA-1\r\n") };
	struct err e = { 0 };
	bool page = false;

	http_reply_add(&r, "Content-Length", "25");
	if (fault_edit_caps(f, &s, r.body, &r.body, &e) == -1 ||
	    fault_make_reply(f, &s, &r, &page, &e) == -1 ||
	    (page && fault_finish_reply(f, &s, &r, &e) == -1) ||
	    fault_edit_headers(f, &s, &r, &e) == -1 ||
	    fault_damage(f, &s, &r, &e) == -1 ||
	    fault_wire(f, &s, &r, &e) == -1) {
		if (e.code == ERR_NONE || e.text[0] == '\0')
			abort();
		return;
	}
	if (r.wire.delay_ms < 0 ||
	    (r.wire.cut != WIRE_WHOLE && r.wire.cut_at > r.wire.raw.n))
		abort();
}

static void
choose(struct rule_counters *c, const char *op, struct arena *arena)
{
	struct facts f = { .stage = FACT_AT_ARRIVAL };
	struct rule_choice choice = { 0 };

	facts_text(&f, FACT_OP, bytes_str(op));
	facts_text(&f, FACT_CLIENT, BYTES_LIT("127.0.0.1"));
	facts_number(&f, FACT_QUERY_BYTES, 100);
	rule_choose(c, &f, false, false, arena, &choice);
	f.stage = FACT_AT_MESSAGE;
	facts_text(&f, FACT_TRANSACTION, BYTES_LIT("t"));
	rule_choose(c, &f, true, false, arena, &choice);
	if (!choice.settled)
		abort();
	if (choice.rule != NULL)
		act(choice.fault, arena, choice.draw);
}

static void
try_rules(struct rules *rules)
{
	struct rule_counters *c;
	struct err e = { 0 };
	struct arena arena;
	struct buf out;

	if (rules_count(rules) == 0)
		return;
	c = rule_counters_new(rules, 7, &e);
	if (c == NULL)
		abort();
	arena_init(&arena, ARENA_MAX);
	choose(c, "PKIOperation", &arena);
	choose(c, "GetCACaps", &arena);
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < rules_count(rules) && i < RULES_TRIED; i++) {
		const struct rule *r = rules_get(rules, i);

		when_print(r->when, &out);
		for (size_t k = 0; k < r->step_count; k++) {
			arena_clear(&arena);
			act(r->steps[k], &arena, k);
		}
	}
	buf_clear(&out);
	arena_clear(&arena);
	rule_counters_free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct scenario_report r;
	struct err e = { 0 };
	struct scenario *s;
	struct host host;

	scenario_report_init(&r);
	s = scenario_load("fuzz.yaml", bytes_of(p, n), &r, &e);
	if (e.code != ERR_NONE || (s == NULL) != (r.errors > 0) ||
	    (s == NULL) != (r.lines.n > 0))
		abort();
	if (s != NULL) {
		host_init(&host);
		scenario_apply(s, &host);
		for (size_t i = 0; i < scenario_step_count(s); i++) {
			if (scenario_step_action(s, i) == SCENARIO_SET)
				scenario_step_apply(s, i, &host);
		}
		try_rules(scenario_rules(s));
	}
	scenario_free(s);
	scenario_report_clear(&r);
	return 0;
}
