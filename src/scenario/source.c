/* SPDX-License-Identifier: MIT */
/*
 * A rule as it was written: kept as JSON, shown, and changed key by key when
 * a change says only some of them.
 */
#include <stdlib.h>

#include "scenario/field.h"
#include "scenario/plan.h"

#define SOURCE_MAX ((size_t)4 << 20)

/* ---- writing ---- */

static size_t
digits(struct bytes s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
		n++;
	return n;
}

/* A number that JSON has, too, and no reader rounds. */
static bool
is_number(struct bytes s)
{
	size_t at = s.n > 0 && s.p[0] == '-' ? 1 : 0, n = digits(s, at);

	return n > 0 && n < 16 && at + n == s.n && (n == 1 || s.p[at] != '0');
}

static void
write_text(struct buf *out, struct bytes s)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			buf_addf(out, "\\u%04x", c);
		else
			buf_add_byte(out, c);
	}
	buf_add_byte(out, '"');
}

static void
write_scalar(struct buf *out, const struct tree_node *n)
{
	if (tree_is_null(n))
		buf_add_str(out, "null");
	else if (n->plain &&
	    (is_number(n->text) || bytes_eq(n->text, BYTES_LIT("true")) ||
		bytes_eq(n->text, BYTES_LIT("false"))))
		buf_add(out, n->text);
	else
		write_text(out, n->text);
}

/* What stands behind an item: nothing, or what is between it and the next. */
static const char *
mark_behind(const struct tree_node *parent, size_t i)
{
	if (i + 1 == parent->count)
		return "";
	return parent->kind == TREE_MAPPING && i % 2 == 0 ? ":" : ",";
}

/* No deeper than the tree is, TREE_DEPTH_MAX. */
static void
write_node(struct buf *out, const struct tree_node *n)
{
	const char *ends = n->kind == TREE_MAPPING ? "{}" : "[]";
	size_t i = 0;

	if (n->kind == TREE_SCALAR) {
		write_scalar(out, n);
		return;
	}
	buf_add_byte(out, (uint8_t)ends[0]);
	for (const struct tree_node *c = n->first; c != NULL; c = c->next) {
		if (n->kind == TREE_MAPPING && i % 2 == 0)
			write_text(out, c->text);
		else
			write_node(out, c);
		buf_add_str(out, mark_behind(n, i++));
	}
	buf_add_byte(out, (uint8_t)ends[1]);
}

const char *
source_of(struct loader *l, const struct tree_node *rule)
{
	struct buf b;
	const char *text = NULL;

	buf_init(&b, SOURCE_MAX);
	write_node(&b, rule);
	/* one that is too long has none: it can only be replaced as a whole */
	if (buf_ok(&b)) {
		text = arena_str(l->memory, buf_bytes(&b));
		l->failed |= text == NULL;
	}
	buf_clear(&b);
	return text;
}

/* ---- changing ---- */

/* Is a key of the rule as it was of no account beside the change? */
static bool
is_replaced(const struct tree_node *change, struct bytes key)
{
	static const char *const effects[] = { "then", "steps", "then_after" };
	const struct tree_node *const says[] = { field_find(change, "then"),
		field_find(change, "steps") };
	char name[32];

	if (key.n >= sizeof(name))
		return false;
	memcpy(name, key.p, key.n);
	name[key.n] = '\0';
	/* whether it is enabled may have been switched since */
	if (strcmp(name, "enabled") == 0 || field_find(change, name) != NULL)
		return true;
	for (size_t i = 0; i < nitems(effects); i++) {
		if (strcmp(name, effects[i]) == 0)
			return says[0] != NULL || (says[1] != NULL && i == 0);
	}
	return false;
}

/* Takes out keys that have no value: they are not wanted any more. */
static void
drop_nulls(struct tree_node *rule)
{
	struct tree_node **at = &rule->first;

	rule->last = NULL;
	while (*at != NULL) {
		struct tree_node *value = (*at)->next;

		if (value != NULL && tree_is_null(value)) {
			*at = value->next;
			rule->count -= 2;
			continue;
		}
		rule->last = value;
		at = value == NULL ? &(*at)->next : &value->next;
	}
}

static void
append(struct tree_node *rule, struct tree_node *key)
{
	struct tree_node *value = key->next;

	value->next = NULL;
	if (rule->last == NULL)
		rule->first = key;
	else
		rule->last->next = key;
	rule->last = value;
	rule->count += 2;
}

void
source_change(struct loader *l, const char *source, struct arena *arena,
    struct tree_node *change)
{
	struct tree_node *was = NULL, *key, *next;
	struct complaints *none = malloc(sizeof(*none));
	struct err e = { 0 };

	if (none != NULL)
		complaints_init(none);
	if (none == NULL ||
	    tree_read(bytes_str(source), arena, none, &was, &e) == -1 ||
	    was == NULL || was->kind != TREE_MAPPING) {
		l->failed = true;
		goto out;
	}
	for (key = was->first; key != NULL; key = next) {
		next = key->next->next;
		key->at = key->next->at = change->at;
		if (!is_replaced(change, key->text))
			append(change, key);
	}
	drop_nulls(change);
out:
	if (none != NULL)
		complaints_clear(none);
	free(none);
}
