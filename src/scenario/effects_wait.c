/* SPDX-License-Identifier: MIT */
/* `wait:`, and what is drawn of it. */
#include "scenario/effects.h"

#include <stdlib.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static const struct field lognormal_fields[] = {
	FIELD_N(struct fault_wait, "median", field_duration, a_ms, 0, DAY_MS),
	FIELD_N(struct fault_wait, "max", field_duration, b_ms, 0, DAY_MS),
	{ "sigma", NULL, 0, NULL, 0, 0, NULL, 0, 0 }, /* read by hand */
};

/* A plain decimal number up to 10, in millionths. */
static bool
read_sigma(struct loader *l, const struct tree_node *value, uint32_t *ppm)
{
	char *end;
	double d;

	if (!field_scalar(l, l->where, value, "a number"))
		return false;
	d = strtod((const char *)value->text.p, &end);
	if (*end != '\0' || value->text.n == 0 || !(d > 0) || d > 10) {
		complain(l->c, value->at,
		    "%s: sigma is a number above 0, at most 10", l->where);
		return false;
	}
	*ppm = (uint32_t)(d * 1e6);
	return true;
}

static void
read_lognormal(
    struct loader *l, const struct tree_node *value, struct fault_wait *w)
{
	const struct tree_node *sigma;

	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	w->kind = FAULT_LOGNORMAL;
	for (const struct tree_node *k = value->first; k != NULL;
	     k = k->next->next) {
		if (k->cut)
			continue;
		if (bytes_eq(k->text, BYTES_LIT("median")))
			field_duration(l, &lognormal_fields[0], k->next, w);
		else if (bytes_eq(k->text, BYTES_LIT("max")))
			field_duration(l, &lognormal_fields[1], k->next, w);
		else if (!bytes_eq(k->text, BYTES_LIT("sigma")))
			field_unknown(l, l->where, k, lognormal_fields,
			    nitems(lognormal_fields));
	}
	sigma = field_find(value, "sigma");
	if (w->a_ms == 0 || sigma == NULL)
		complain(l->c, value->at,
		    "%s: lognormal wants a median and a sigma", l->where);
	else
		(void)read_sigma(l, sigma, &w->sigma_ppm);
}

static void
read_uniform(
    struct loader *l, const struct tree_node *value, struct fault_wait *w)
{
	const struct tree_node *a = value->first;

	if (value->kind != TREE_SEQUENCE || value->count != 2) {
		if (!value->cut)
			complain(l->c, value->at,
			    "%s: uniform wants two durations, [from, to]",
			    l->where);
		return;
	}
	if (!field_read_duration(l, a, 0, DAY_MS, &w->a_ms) ||
	    !field_read_duration(l, a->next, 0, DAY_MS, &w->b_ms))
		return;
	w->kind = FAULT_UNIFORM;
	if (w->a_ms > w->b_ms) {
		w->b_ms = w->a_ms;
		complain(l->c, value->at,
		    "%s: the first duration is above the second", l->where);
	}
}

void
effects_wait(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_wait *w = &((struct fault *)base)->wait;
	static const struct field kinds[] = {
		{ "uniform", NULL, 0, NULL, 0, 0, NULL, 0, 0 },
		{ "lognormal", NULL, 0, NULL, 0, 0, NULL, 0, 0 },
	};

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (field_read_duration(l, value, 0, DAY_MS, &w->a_ms))
			w->kind = FAULT_FIXED;
		return;
	}
	if (value->count != 2) {
		complain(l->c, value->at,
		    "%s is a duration, uniform or lognormal", l->where);
		return;
	}
	if (bytes_eq(value->first->text, BYTES_LIT("uniform")))
		read_uniform(l, value->first->next, w);
	else if (bytes_eq(value->first->text, BYTES_LIT("lognormal")))
		read_lognormal(l, value->first->next, w);
	else
		field_unknown(l, l->where, value->first, kinds, nitems(kinds));
}
