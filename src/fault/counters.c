/* SPDX-License-Identifier: MIT */
/*
 * What a site has counted for its rules. Keys come from clients, so there are
 * at most RULE_KEYS_MAX of them: beyond that the oldest is forgotten, and who
 * comes back with it begins anew.
 */
#include "fault/counters.h"

#include <stdlib.h>

struct rule_counters *
rule_counters_new(struct rules *r, uint64_t seed, struct err *e)
{
	struct rule_counters *c = calloc(1, sizeof(*c));
	size_t n = rules_count(r);

	if (c != NULL) {
		c->plain = calloc(n + 1, sizeof(*c->plain));
		c->counts = calloc(n + 1, sizeof(*c->counts));
	}
	if (c == NULL || c->plain == NULL || c->counts == NULL) {
		(void)err_set(e, ERR_MEMORY, "no memory for counters");
		if (c != NULL) {
			free(c->plain);
			free(c->counts);
		}
		free(c);
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	c->rules = rules_ref(r);
	c->seed = seed;
	c->secret = (uint64_t)(uintptr_t)c;
	return c;
}

static void
forget_keys(struct rule_counters *c)
{
	struct rule_key *k;

	while ((k = c->oldest) != NULL) {
		c->oldest = k->younger;
		free(k);
	}
	c->youngest = NULL;
	c->key_count = 0;
	memset(c->slots, 0, sizeof(c->slots));
}

void
rule_counters_free(struct rule_counters *c)
{
	if (c == NULL)
		return;
	forget_keys(c);
	rules_unref(c->rules);
	pthread_mutex_destroy(&c->lock);
	free(c->plain);
	free(c->counts);
	free(c);
}

void
rule_counters_reset(struct rule_counters *c)
{
	size_t n = rules_count(c->rules);

	pthread_mutex_lock(&c->lock);
	forget_keys(c);
	memset(c->plain, 0, n * sizeof(*c->plain));
	memset(c->counts, 0, n * sizeof(*c->counts));
	pthread_mutex_unlock(&c->lock);
}

/* ---- keys ---- */

static uint64_t
hash_of(const struct rule_counters *c, size_t rule, struct bytes key)
{
	return draw_siphash(c->secret, rule, key);
}

static struct rule_key **
slot_of(struct rule_counters *c, uint64_t hash)
{
	return &c->slots[hash & (RULE_SLOTS - 1)];
}

static struct rule_key *
find(struct rule_counters *c, size_t rule, struct bytes key, uint64_t hash)
{
	struct rule_key *k = *slot_of(c, hash);

	while (k != NULL &&
	    !(k->hash == hash && k->rule == rule &&
		bytes_eq(bytes_of(k->text, k->n), key)))
		k = k->next;
	return k;
}

static void
forget_oldest(struct rule_counters *c)
{
	struct rule_key *k = c->oldest, **at = slot_of(c, k->hash);

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	c->oldest = k->younger;
	if (c->oldest == NULL)
		c->youngest = NULL;
	c->key_count--;
	free(k);
}

static struct rule_key *
add(struct rule_counters *c, size_t rule, struct bytes key, uint64_t hash)
{
	struct rule_key *k, **slot = slot_of(c, hash);

	if (c->key_count == RULE_KEYS_MAX)
		forget_oldest(c);
	k = calloc(1, sizeof(*k) + key.n);
	if (k == NULL)
		return NULL;
	k->rule = rule;
	k->hash = hash;
	k->n = key.n;
	if (key.n > 0)
		memcpy(k->text, key.p, key.n);
	k->next = *slot;
	*slot = k;
	if (c->youngest == NULL)
		c->oldest = k;
	else
		c->youngest->younger = k;
	c->youngest = k;
	c->key_count++;
	return k;
}

struct rule_tally *
counters_tally(struct rule_counters *c, size_t rule, struct bytes key)
{
	struct rule_key *k;
	uint64_t hash;

	if (key.n == 0) {
		if (c->counts[rule].matched == 0)
			c->counts[rule].keys = 1;
		return &c->plain[rule];
	}
	hash = hash_of(c, rule, key);
	k = find(c, rule, key, hash);
	if (k == NULL) {
		k = add(c, rule, key, hash);
		if (k != NULL)
			c->counts[rule].keys++;
	}
	return k == NULL ? NULL : &k->tally;
}

/* ---- asking and taking over ---- */

struct rule_counts
rule_counters_get(struct rule_counters *c, size_t rule)
{
	struct rule_counts counts;

	pthread_mutex_lock(&c->lock);
	counts = c->counts[rule];
	pthread_mutex_unlock(&c->lock);
	return counts;
}

static void
inherit_keys(struct rule_counters *c, const struct rule_counters *from,
    size_t old, size_t rule)
{
	struct rule_tally *t;

	for (const struct rule_key *k = from->oldest; k != NULL;
	     k = k->younger) {
		if (k->rule != old)
			continue;
		t = counters_tally(c, rule, bytes_of(k->text, k->n));
		if (t != NULL)
			*t = k->tally;
	}
}

void
rule_counters_inherit(struct rule_counters *c, struct rule_counters *from)
{
	pthread_mutex_lock(&from->lock);
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < rules_count(c->rules); i++) {
		int64_t old = rules_find(
		    from->rules, bytes_str(rules_get(c->rules, i)->id));

		if (old == -1)
			continue;
		c->plain[i] = from->plain[old];
		inherit_keys(c, from, (size_t)old, i);
		c->counts[i] = from->counts[old];
	}
	pthread_mutex_unlock(&c->lock);
	pthread_mutex_unlock(&from->lock);
}
