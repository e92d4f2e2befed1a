/* SPDX-License-Identifier: MIT */
/* `caps:` and `cacert:`: the answers to GetCACaps and GetCACert. */
#include "scenario/effects.h"

WORDS(separators, { "crlf", FAULT_CRLF }, { "lf", FAULT_LF },
    { "cr", FAULT_CR }, { "mixed", FAULT_MIXED });
WORDS(letters, { "lower", FAULT_LOWER }, { "upper", FAULT_UPPER },
    { "odd", FAULT_ODD });
WORDS(blanks, { "first", FAULT_BLANK_FIRST }, { "middle", FAULT_BLANK_MIDDLE },
    { "last", FAULT_BLANK_LAST });
WORDS(text_codings, { "utf-8-bom", FAULT_UTF8_BOM }, { "utf-16", FAULT_UTF16 },
    { "utf-16-bom", FAULT_UTF16_BOM }, { "nul", FAULT_NUL });

#define C struct fault_caps
static const struct field caps_fields[] = {
	{ "tokens", field_texts, offsetof(C, tokens), NULL, 0, 0, NULL, 0,
	    1 + offsetof(C, has_tokens) },
	FIELD(C, "add", field_texts, add),
	FIELD(C, "drop", field_texts, drop),
	FIELD(C, "shuffle", field_true, shuffle),
	FIELD_W(C, "separator", field_word, separator, separators),
	FIELD_W(C, "letters", field_word, letters, letters),
	FIELD_N(C, "before", field_text, before, 0, 100),
	FIELD_N(C, "after", field_text, after, 0, 100),
	FIELD_W(C, "blank_line", field_word, blank_line, blanks),
	FIELD_W(C, "coding", field_word, coding, text_codings),
	FIELD_N(C, "size", field_size, size, 1, BODY_MAX),
	FIELD(C, "one_line", field_true, one_line),
	{ "text", field_text, offsetof(C, text), NULL, 0, 1 << 20, NULL, 0,
	    1 + offsetof(C, has_text) },
};
#undef C

struct language_table
caps_language(void)
{
	return (
	    struct language_table){ "caps", caps_fields, nitems(caps_fields) };
}

void
effects_caps(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_caps *part = &((struct fault *)base)->caps;

	(void)f;
	part->on = effects_part(l, caps_language(), value, part);
}

/* ---- cacert ---- */

WORDS(bundles, { "chain", FAULT_CHAIN }, { "single", FAULT_SINGLE },
    { "pem", FAULT_PEM }, { "raw", FAULT_RAW_CONCAT },
    { "empty-chain", FAULT_EMPTY_CHAIN }, { "empty", FAULT_EMPTY_BODY });

static void
read_bundle(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_cacert *c = base;

	(void)f;
	c->has_certs = true;
	effects_certs(l, value, false, &c->certs, &c->cert_count);
}

static const struct field cacert_fields[] = {
	FIELD_W(struct fault_cacert, "form", field_word, form, bundles),
	FIELD(struct fault_cacert, "certificates", read_bundle, certs),
	FIELD(struct fault_cacert, "shuffle", field_true, shuffle),
	FIELD(struct fault_cacert, "keep_content_type", field_true,
	    keep_content_type),
};

struct language_table
cacert_language(void)
{
	return (struct language_table){ "cacert", cacert_fields,
		nitems(cacert_fields) };
}

void
effects_cacert(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_cacert *part = &((struct fault *)base)->cacert;

	(void)f;
	part->on = effects_part(l, cacert_language(), value, part);
}
