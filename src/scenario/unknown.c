/* SPDX-License-Identifier: MIT */
/* Keys that are not known: what was meant, or else what there is. */
#include <stdio.h>
#include <string.h>

#include "scenario/field.h"
#include "scenario/near.h"

#define FIELDS_MAX 64

/* "a, b, c", as far as it goes into the room. */
static void
list_names(const char *const *names, size_t count, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count && at < size; i++) {
		int n = snprintf(
		    out + at, size - at, "%s%s", i == 0 ? "" : ", ", names[i]);

		at += n < 0 ? size : (size_t)n;
	}
	if (at >= size)
		memcpy(out + size - 4, "...", 4);
}

void
complain_unknown(struct loader *l, const char *where,
    const struct tree_node *key, const char *const *names, size_t count)
{
	struct near near;
	char list[400];

	near_start(&near, key->text);
	for (size_t i = 0; i < count && complaints_wanted(l->c); i++)
		near_offer(&near, bytes_str(names[i]));
	if (near.best.n > 0) {
		complain(l->c, key->at,
		    "%s has no key \"%s\"; did you mean \"%.*s\"?", where,
		    show(key->text).s, (int)near.best.n,
		    (const char *)near.best.p);
		return;
	}
	list_names(names, count, list, sizeof(list));
	complain(l->c, key->at, "%s has no key \"%s\"; there are %s", where,
	    show(key->text).s, list);
}

void
field_unknown(struct loader *l, const char *where, const struct tree_node *key,
    const struct field *fields, size_t count)
{
	const char *names[FIELDS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count && n < nitems(names); i++)
		names[n++] = fields[i].name;
	complain_unknown(l, where, key, names, n);
}
