/* SPDX-License-Identifier: MIT */
/* The tables of the language of rules, in one list. */
#include "scenario/language.h"

#include "scenario/effects.h"

#define TABLES_MAX 32

/* The tables of the top, and what is nested in then. */
struct language_table
language_at(size_t i)
{
	static struct language_table (*const tops[])(void) = { rule_language,
		then_language, scep_language, twist_language, expect_language };
	struct language_table then = then_language();

	if (i < nitems(tops))
		return tops[i]();
	i -= nitems(tops);
	for (size_t k = 0; k < then.count; k++) {
		if (then.fields[k].fields == NULL)
			continue;
		if (i-- == 0)
			return (struct language_table){ then.fields[k].name,
				then.fields[k].fields, then.fields[k].count };
	}
	return (struct language_table){ NULL, NULL, 0 };
}

const char *
language_key(const struct language_table *t, size_t key)
{
	return key < t->count ? t->fields[key].name : NULL;
}

const char *
language_word(const struct language_table *t, size_t key, size_t i)
{
	const struct field_word *w = t->fields[key].words;

	if (w == NULL || t->fields[key].read != field_word)
		return NULL;
	while (i-- > 0 && w->name != NULL)
		w++;
	return w->name;
}
