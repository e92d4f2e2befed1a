/* SPDX-License-Identifier: MIT */
/* `evidence:`: what the logs of the simulated host say. */
#include "scenario/effects.h"

#define E struct fault_evidence
static const struct field iis_fields[] = {
	FIELD_N(E, "status", field_int, status, 100, 999),
	FIELD_N(E, "substatus", field_int, substatus, 0, 999),
	FIELD(E, "win32", field_u32, win32),
};
static const struct field httperr_fields[] = {
	FIELD_N(E, "reason", field_string, httperr_reason, 1, 40),
};
static const struct field event_fields[] = {
	FIELD_N(E, "id", field_unsigned, event_id, 1, 65535),
	FIELD(E, "code", field_u32, event_code),
};

/* Mappings whose keys go into the same struct. */
static void
read_flat(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	if (value->kind == TREE_MAPPING)
		fields_read(l, l->where, f->fields, f->count, value, base);
	else if (!value->cut)
		loader_wrong_kind(l, l->where, value, "a mapping");
}

static void
read_iis(struct loader *l, const struct field *f, const struct tree_node *value,
    void *base)
{
	struct fault_evidence *v = base;

	if (value->kind == TREE_SCALAR &&
	    bytes_eq(value->text, BYTES_LIT("none"))) {
		v->no_iis = true;
		return;
	}
	v->iis = true;
	read_flat(l, f, value, base);
}

static const struct field evidence_fields[] = {
	{ "iis", read_iis, 0, NULL, 0, 0, iis_fields, nitems(iis_fields), 0 },
	{ "httperr", read_flat, 0, NULL, 0, 0, httperr_fields,
	    nitems(httperr_fields), 0 },
	{ "event", read_flat, 0, NULL, 0, 0, event_fields, nitems(event_fields),
	    0 },
};
#undef E

struct language_table
evidence_language(void)
{
	return (struct language_table){ "evidence", evidence_fields,
		nitems(evidence_fields) };
}

void
effects_evidence(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_evidence *part = &((struct fault *)base)->evidence;

	(void)f;
	part->on = effects_part(l, evidence_language(), value, part);
}
