/* SPDX-License-Identifier: MIT */
/*
 * Rules that can never apply. Each is compared with the first few before it
 * that always apply; and with all of them by what its condition looks like,
 * so that a rule that is there twice is found in a list of any length.
 */
#include <stdlib.h>

#include "fault/draw.h"
#include "fault/rule.h"

#define ALWAYS_MAX 64 /* how many that always apply are looked at one by one */
#define CONDITION_MAX ((size_t)64 << 10)

struct always {
	const struct rule *first[ALWAYS_MAX];
	size_t count;
	const struct rule **table; /* by the hash of their conditions */
	size_t mask;
};

static bool
always_applies(const struct rule *r)
{
	return !r->disabled && r->after == 0 && r->until == 0 &&
	    r->every <= 1 && r->times == 0 && r->in_a_row == 0 &&
	    (!r->has_chance || r->chance_ppm >= 1000000) &&
	    (r->then_after != RULE_PASS);
}

static bool
covers(const struct rule *a, const struct rule *r)
{
	return a->at_connection == r->at_connection &&
	    when_covers(a->when, r->when);
}

/* The place of a condition that looks like this one's, or a free one. */
static size_t
slot_of(const struct always *a, const struct rule *r)
{
	struct buf text;
	size_t at;

	buf_init(&text, CONDITION_MAX);
	when_print(r->when, &text);
	at = (size_t)draw_siphash(0, r->at_connection, buf_bytes(&text)) &
	    a->mask;
	buf_clear(&text);
	while (a->table[at] != NULL &&
	    !(covers(a->table[at], r) && covers(r, a->table[at])))
		at = (at + 1) & a->mask;
	return at;
}

static const struct rule *
cover_of(const struct always *a, const struct rule *r, size_t slot)
{
	for (size_t i = 0; i < a->count; i++) {
		if (covers(a->first[i], r))
			return a->first[i];
	}
	return a->table[slot];
}

int
rules_find_unreachable(const struct rule *const *list, size_t n,
    void (*found)(
	void *ctx, const struct rule *rule, const struct rule *before),
    void *ctx, struct err *e)
{
	struct always a = { .mask = 15 };

	while (a.mask < 2 * n)
		a.mask = 2 * a.mask + 1;
	a.table = calloc(a.mask + 1, sizeof(struct rule *));
	if (a.table == NULL)
		return err_set(e, ERR_MEMORY, "no memory for rules");
	for (size_t i = 0; i < n; i++) {
		size_t slot = slot_of(&a, list[i]);
		const struct rule *cover = cover_of(&a, list[i], slot);

		if (cover != NULL)
			found(ctx, list[i], cover);
		if (!always_applies(list[i]))
			continue;
		if (a.count < ALWAYS_MAX)
			a.first[a.count++] = list[i];
		if (a.table[slot] == NULL)
			a.table[slot] = list[i];
	}
	free(a.table);
	return 0;
}
