/* SPDX-License-Identifier: MIT */
/* `form:` and `damage:`: how an answer is written, and what becomes of its bytes. */
#include "scenario/effects.h"

WORDS(versions, { "1.1", FAULT_HTTP_1_1 }, { "1.0", FAULT_HTTP_1_0 },
    { "0.9", FAULT_HTTP_0_9 }, { "2", FAULT_HTTP_2 });
WORDS(lengths, { "short", FAULT_LENGTH_SHORT }, { "long", FAULT_LENGTH_LONG },
    { "twice", FAULT_LENGTH_TWICE }, { "both", FAULT_LENGTH_BOTH },
    { "absent", FAULT_LENGTH_ABSENT });
WORDS(codings, { "gzip", 1 });
WORDS(firsts, { "continue", FAULT_CONTINUE_FIRST },
    { "never", FAULT_CONTINUE_NEVER },
    { "early-hints", FAULT_CONTINUE_EARLY_HINTS });

static void
read_one_word(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	int word;

	if (field_read_word(l, f->words, value, &word))
		*((bool *)((char *)base + f->offset)) = word != 0;
}

static void
read_names(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const struct field_word words[] = { { "upper", 1 },
		{ "lower", 0 }, { NULL, 0 } };
	struct fault_form *form = base;
	int word;

	(void)f;
	if (!field_read_word(l, words, value, &word))
		return;
	form->upper_names = word == 1;
	form->lower_names = word == 0;
}

#define F struct fault_form
static const struct field flood_fields[] = {
	FIELD_N(F, "lines", field_unsigned, flood_lines, 1, 10000),
	FIELD_N(F, "bytes", field_size, flood_bytes, 1, 16 << 20),
};

static void
read_flood(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_form *form = base;

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	fields_read(
	    l, l->where, flood_fields, nitems(flood_fields), value, form);
	if (form->flood_lines == 0)
		form->flood_lines = 1 + (unsigned)(form->flood_bytes / 512);
}

static const struct field form_fields[] = {
	FIELD_W(F, "version", field_word, version, versions),
	FIELD_W(F, "length", field_word, length, lengths),
	FIELD_N(F, "chunks", field_size, chunk_bytes, 1, 1 << 20),
	FIELD_N(F, "chunked_word", field_string, chunked_word, 1, 100),
	FIELD(F, "trailers", field_headers, trailers),
	FIELD_W(F, "coding", read_one_word, gzip, codings),
	FIELD_W(F, "first", field_word, first, firsts),
	FIELD(F, "keep_open", field_true, keep_open),
	FIELD(F, "flood", read_flood, flood_lines),
	FIELD(F, "names", read_names, upper_names),
};
#undef F

struct language_table
form_language(void)
{
	return (
	    struct language_table){ "form", form_fields, nitems(form_fields) };
}

/* Keys that mean nothing without another. */
static void
check_form(
    struct loader *l, const struct fault_form *f, const struct tree_node *form)
{
	static const char *const chunked[] = { "chunked_word", "trailers" };
	const struct tree_node *v;

	for (size_t i = 0; i < nitems(chunked); i++) {
		v = field_find(form, chunked[i]);
		if (v != NULL && f->chunk_bytes == 0)
			complain(l->c, v->at,
			    "%s.%s is for a chunked answer; write chunks: and "
			    "their size",
			    l->where, chunked[i]);
	}
	v = field_find(form, "length");
	if (v == NULL)
		return;
	if (f->length == FAULT_LENGTH_BOTH && f->chunk_bytes == 0)
		complain(l->c, v->at,
		    "%s.length: both is a length beside chunks; write chunks: "
		    "and their size",
		    l->where);
	else if (f->length != FAULT_LENGTH_BOTH && f->chunk_bytes > 0)
		complain(l->c, v->at,
		    "%s.length: a chunked answer has no length but with both",
		    l->where);
}

void
effects_form(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_form *part = &((struct fault *)base)->form;

	(void)f;
	part->on = effects_part(l, form_language(), value, part);
	if (part->on)
		check_form(l, part, value);
}

/* ---- damage ---- */

static void
read_append(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const struct field hex[] = { { "hex", field_hex,
	    offsetof(struct fault_damage, append), NULL, 0, 0, NULL, 0, 0 } };

	if (value->kind == TREE_MAPPING)
		fields_read(l, l->where, hex, nitems(hex), value, base);
	else
		field_text(l, f, value, base);
}

#define D struct fault_damage
static const struct field damage_fields[] = {
	{ "junk", field_size, offsetof(D, junk), NULL, 1, BODY_MAX, NULL, 0,
	    1 + offsetof(D, has_junk) },
	FIELD_N(D, "flip", field_unsigned, flip, 1, 10000),
	FIELD(D, "truncate", field_amount, truncate),
	FIELD_N(D, "append", read_append, append, 1, 1 << 16),
	FIELD_N(D, "append_junk", field_size, append_junk, 1, BODY_MAX),
};
#undef D

struct language_table
damage_language(void)
{
	return (struct language_table){ "damage", damage_fields,
		nitems(damage_fields) };
}

void
effects_damage(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_damage *part = &((struct fault *)base)->damage;

	(void)f;
	part->on = effects_part(l, damage_language(), value, part);
}
