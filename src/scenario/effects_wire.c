/* SPDX-License-Identifier: MIT */
/* `drip:`, `cut:`, `hang:` and `raw:`: what goes onto the socket, and when. */
#include "scenario/effects.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static const struct field drip_fields[] = {
	FIELD_N(struct fault, "bytes", field_size, drip_bytes, 1, 1 << 20),
	FIELD_N(
	    struct fault, "every", field_duration, drip_every_ms, 0, DAY_MS),
};

struct language_table
drip_language(void)
{
	return (
	    struct language_table){ "drip", drip_fields, nitems(drip_fields) };
}

void
effects_drip(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault *fault = base;

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	fault->drip_bytes = 1;
	fault->drip_every_ms = 1000;
	fields_read(
	    l, l->where, drip_fields, nitems(drip_fields), value, fault);
}

const struct field_word effects_hows[] = { { "reset", FAULT_CUT_RESET },
	{ "close", FAULT_CUT_CLOSE }, { "stall", FAULT_CUT_STALL },
	{ NULL, 0 } };

/* An answer can end in an alert too, which a handshake has its own key for. */
static const struct field_word cut_hows[] = { { "reset", FAULT_CUT_RESET },
	{ "close", FAULT_CUT_CLOSE }, { "stall", FAULT_CUT_STALL },
	{ "alert", FAULT_CUT_ALERT }, { NULL, 0 } };

static void
read_cut_at(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const struct field_word words[] = { { "start", FAULT_AT_START },
		{ "headers", FAULT_AT_HEADERS }, { "accept", FAULT_AT_ACCEPT },
		{ NULL, 0 } };
	struct fault *fault = base;
	int word;

	(void)f;
	if (!field_scalar(l, l->where, value, "a share, a size or a word"))
		return;
	if (value->text.n > 0 && value->text.p[0] >= '0' &&
	    value->text.p[0] <= '9') {
		fault->cut_at = FAULT_AT_AMOUNT;
		field_amount(l,
		    &(const struct field)FIELD(
			struct fault, "at", field_amount, cut_amount),
		    value, fault);
	} else if (field_read_word(l, words, value, &word)) {
		fault->cut_at = (enum fault_cut_at)word;
	}
}

static const struct field cut_fields[] = {
	FIELD(struct fault, "at", read_cut_at, cut_at),
	FIELD_W(struct fault, "how", field_word, cut_how, cut_hows),
};

struct language_table
cut_language(void)
{
	return (struct language_table){ "cut", cut_fields, nitems(cut_fields) };
}

void
effects_cut(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	fields_read(l, l->where, cut_fields, nitems(cut_fields), value, base);
	if (((struct fault *)base)->cut_at == FAULT_NO_CUT)
		complain(l->c, value->at,
		    "%s: \"at\" is missing; write at: 50%%", l->where);
}

void
effects_hang(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const struct field_word words[] = { { "true",
						       FAULT_HANG_SILENT },
		{ "headers", FAULT_HANG_HEADERS }, { NULL, 0 } };
	int word;

	(void)f;
	if (field_read_word(l, words, value, &word))
		((struct fault *)base)->hang = (enum fault_hang)word;
}

static const struct field raw_fields[] = {
	{ "text", field_text, offsetof(struct fault, raw), NULL, 0, 1 << 20,
	    NULL, 0, 1 + offsetof(struct fault, has_raw) },
	{ "hex", field_hex, offsetof(struct fault, raw), NULL, 0, 0, NULL, 0,
	    1 + offsetof(struct fault, has_raw) },
	FIELD_N(struct fault, "junk", field_size, raw_junk, 1, BODY_MAX),
};

struct language_table
raw_language(void)
{
	return (struct language_table){ "raw", raw_fields, nitems(raw_fields) };
}

void
effects_raw(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)f;
	if (value->kind == TREE_SCALAR && !tree_is_null(value)) {
		field_text(l, &raw_fields[0], value, base);
		((struct fault *)base)->has_raw = true;
		return;
	}
	if (value->kind != TREE_MAPPING || value->count != 2) {
		if (!value->cut)
			complain(l->c, value->at,
			    "%s is text, or one of {text: ..}, {hex: ..}, {junk: ..}",
			    l->where);
		return;
	}
	fields_read(l, l->where, raw_fields, nitems(raw_fields), value, base);
}
