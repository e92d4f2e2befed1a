/* SPDX-License-Identifier: MIT */
/* The tables of the language of rules, for who describes it: the JSON Schema, and a test of the manual. */
#ifndef SCENARIO_LANGUAGE_H
#define SCENARIO_LANGUAGE_H

#include <stddef.h>

struct field;

/* The keys of one mapping: "rule", "then", "scep", ... */
struct language_table {
	const char *name;
	const struct field *fields;
	size_t count;
};

/* The i-th table; name NULL behind the last. */
struct language_table language_at(size_t i);

/* One key of a table: its name, and the i-th word that its value may be (NULL behind the last, or where any value goes). */
const char *language_key(const struct language_table *t, size_t key);
const char *language_word(const struct language_table *t, size_t key, size_t i);

/* The files' own tables; private to the room. */
struct language_table rule_language(void);
struct language_table then_language(void);
struct language_table expect_language(void);
struct language_table twist_language(void);
struct language_table scep_language(void);
struct language_table reply_language(void);
struct language_table form_language(void);
struct language_table damage_language(void);
struct language_table caps_language(void);
struct language_table cacert_language(void);
struct language_table drip_language(void);
struct language_table cut_language(void);
struct language_table raw_language(void);
struct language_table tls_language(void);
struct language_table evidence_language(void);

#endif
