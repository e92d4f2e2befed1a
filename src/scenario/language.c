/* SPDX-License-Identifier: MIT */
/* The tables of the language of rules, in one list. */
#include "scenario/language.h"

#include "scenario/effects.h"

/* The parts of then come last. */
struct language_table
language_at(size_t i)
{
	static struct language_table (*const tables[])(void) = { rule_language,
		then_language, scep_language, twist_language, expect_language,
		reply_language, form_language, caps_language, cacert_language,
		damage_language, drip_language, cut_language, raw_language,
		tls_language, evidence_language };

	return i < nitems(tables) ? tables[i]()
				  : (struct language_table){ NULL, NULL, 0 };
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
