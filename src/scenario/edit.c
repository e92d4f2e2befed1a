/* SPDX-License-Identifier: MIT */
/*
 * Edits of the host model: finding the key, trying the value out, keeping
 * both. All knowledge of keys comes from the table of host_keys().
 */
#include "scenario/near.h"
#include "scenario/plan.h"

#include <stdio.h>

#define PATH_MAX_LENGTH 128 /* no key's path is nearly as long */

/* ---- suggestions ---- */

/*
 * The known name nearest to key right under prefix ("" or "rights"), as a
 * full path in out; empty when none is near.
 */
static void
nearest_sibling(
    char out[PATH_MAX_LENGTH], struct bytes prefix, struct bytes key)
{
	size_t n, skip = prefix.n == 0 ? 0 : prefix.n + 1;
	const struct host_key *keys = host_keys(&n);
	struct near near;

	near_start(&near, key);
	for (size_t i = 0; i < n; i++) {
		struct bytes path = bytes_str(keys[i].path);
		struct bytes name;

		if (path.n <= skip ||
		    (skip > 0 &&
			(path.p[prefix.n] != '.' ||
			    memcmp(path.p, prefix.p, prefix.n) != 0)))
			continue;
		name = bytes_from(path, skip);
		name.n = strcspn((const char *)name.p, ".");
		near_offer(&near, name);
	}
	out[0] = '\0';
	if (near.best.n > 0)
		(void)snprintf(out, PATH_MAX_LENGTH, "%.*s%s%.*s",
		    (int)prefix.n, (const char *)prefix.p, skip == 0 ? "" : ".",
		    (int)near.best.n, (const char *)near.best.p);
}

/* prefix and key with a dot between; false when no key can be that long. */
static bool
join(char out[PATH_MAX_LENGTH], struct bytes prefix, struct bytes key)
{
	if (prefix.n + 1 + key.n >= PATH_MAX_LENGTH)
		return false;
	(void)snprintf(out, PATH_MAX_LENGTH, "%.*s%s%.*s", (int)prefix.n,
	    (const char *)prefix.p, prefix.n == 0 ? "" : ".", (int)key.n,
	    (const char *)key.p);
	return true;
}

static void
unknown_key(
    struct loader *l, struct place at, struct bytes prefix, struct bytes key)
{
	char path[PATH_MAX_LENGTH], guess[PATH_MAX_LENGTH] = "";
	const char *nearest = NULL;
	char dotted[PATH_MAX_LENGTH + 8] = "";

	if (prefix.n > 0)
		(void)snprintf(dotted, sizeof(dotted), "%.*s.", (int)prefix.n,
		    (const char *)prefix.p);
	if (complaints_wanted(l->c) && join(path, prefix, key)) {
		nearest_sibling(guess, prefix, key);
		nearest = guess[0] != '\0' ? guess
					   : host_key_nearest(bytes_str(path));
	}
	if (nearest == NULL)
		complain(l->c, at, "there is no key \"host.%s%s\"", dotted,
		    show(key).s);
	else
		complain(l->c, at,
		    "there is no key \"host.%s%s\"; did you mean \"host.%s\"?",
		    dotted, show(key).s, nearest);
}

/* The word of a key nearest to a refused value; empty when none is near. */
static struct bytes
nearest_value(const struct host_key *key, struct bytes value)
{
	static const char *const booleans[] = { "true", "false", NULL };
	const char *const *names = key->type == HOST_BOOL ? booleans
	    : key->type == HOST_ENUM                      ? key->names
							  : NULL;
	struct near near;

	near_start(&near, value);
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		near_offer(&near, bytes_str(names[i]));
	return near.best;
}

/* ---- values ---- */

static void
refused_value(struct loader *l, const struct host_key *key,
    const struct tree_node *value, const struct err *why)
{
	struct bytes guess = nearest_value(key, value->text);

	if (guess.n == 0)
		complain(l->c, value->at, "host.%s", why->text);
	else
		complain(l->c, value->at, "host.%s; did you mean \"%.*s\"?",
		    why->text, (int)guess.n, (const char *)guess.p);
}

/* Try one value out on the scratch model, and keep it. */
static bool
take_value(struct loader *l, const struct host_key *key,
    const struct tree_node *value, struct bytes *out)
{
	struct err why = { 0 };

	if (value->cut)
		return false;
	if (!value->plain &&
	    (key->type == HOST_BOOL || key->type == HOST_INT)) {
		complain(l->c, value->at, "host.%s: %s stands without quotes",
		    key->path,
		    key->type == HOST_BOOL ? "true or false" : "a number");
		return false;
	}
	if (host_set(&l->scratch, key, value->text, &why) == -1) {
		refused_value(l, key, value, &why);
		return false;
	}
	*out = arena_copy(&l->s->arena, value->text);
	if (out->p == NULL)
		l->failed = true;
	return true;
}

/* Is value one text? Complains when it is not. */
static bool
is_one_value(struct loader *l, const char *path, const struct tree_node *value,
    const char *wanted)
{
	char what[PATH_MAX_LENGTH + 16];

	if (value->kind == TREE_SCALAR && !tree_is_null(value))
		return true;
	(void)snprintf(what, sizeof(what), "host.%s", path);
	loader_wrong_kind(l, what, value, wanted);
	return false;
}

static size_t
take_list(struct loader *l, const struct host_key *key,
    const struct tree_node *list, struct bytes *values)
{
	size_t n = 0, seen = 0;

	host_list_clear(&l->scratch, key);
	for (const struct tree_node *i = list->first; i != NULL; i = i->next) {
		if (seen++ == HOST_LIST_MAX) {
			complain(l->c, i->at,
			    "host.%s: a list has at most %d items", key->path,
			    HOST_LIST_MAX);
			return n;
		}
		if (!i->cut &&
		    !is_one_value(l, key->path, i, "a list of texts"))
			continue;
		if (take_value(l, key, i, &values[n]))
			n++;
	}
	return n;
}

static struct plan_edit *
new_edit(struct loader *l, const struct host_key *key, size_t room)
{
	struct plan_edit *edit = arena_zalloc(&l->s->arena, sizeof(*edit));

	if (edit == NULL)
		return NULL;
	edit->key = key;
	edit->values =
	    arena_zalloc(&l->s->arena, room * sizeof(edit->values[0]));
	return edit->values == NULL ? NULL : edit;
}

static void
read_edit(struct loader *l, const struct host_key *key,
    const struct tree_node *value, struct plan_edits *out)
{
	bool list = key->type == HOST_LIST;
	size_t room = list && value->count > 0 ? HOST_LIST_MAX : 1;
	struct plan_edit *edit;

	if (value->cut && value->kind == TREE_SCALAR)
		return;
	if (list && value->kind != TREE_SEQUENCE) {
		(void)is_one_value(l, key->path, value, "a list");
		if (value->kind == TREE_SCALAR && !tree_is_null(value))
			complain(l->c, value->at,
			    "host.%s must be a list, not text", key->path);
		return;
	}
	if (!list && !is_one_value(l, key->path, value, "one value"))
		return;
	edit = new_edit(l, key, room);
	if (edit == NULL) {
		l->failed = true;
		return;
	}
	if (list)
		edit->count = take_list(l, key, value, edit->values);
	else if (take_value(l, key, value, edit->values))
		edit->count = 1;
	if (out->last == NULL)
		out->first = edit;
	else
		out->last->next = edit;
	out->last = edit;
}

/* ---- keys ---- */

static void read_part(struct loader *l, struct bytes prefix,
    const struct tree_node *part, struct plan_edits *out);

static void
read_pair(struct loader *l, struct bytes prefix, const struct tree_node *key,
    struct plan_edits *out)
{
	const struct tree_node *value = key->next;
	char path[PATH_MAX_LENGTH], what[PATH_MAX_LENGTH + 16];
	const struct host_key *row;

	if (memchr(key->text.p, '.', key->text.n) != NULL) {
		complain(l->c, key->at,
		    "\"%s\": the keys of host are nested, not joined by dots",
		    show(key->text).s);
		return;
	}
	if (key->text.n == 0 || !join(path, prefix, key->text)) {
		unknown_key(l, key->at, prefix, key->text);
		return;
	}
	row = host_key_find(bytes_str(path));
	if (row != NULL) {
		read_edit(l, row, value, out);
	} else if (!host_part_exists(bytes_str(path))) {
		unknown_key(l, key->at, prefix, key->text);
	} else if (value->kind == TREE_MAPPING) {
		read_part(l, bytes_str(path), value, out);
	} else if (!value->cut) {
		(void)snprintf(what, sizeof(what), "host.%s", path);
		loader_wrong_kind(l, what, value, "a mapping of its keys");
	}
}

/* Nests as deep as host_part_exists() knows parts. */
static void
read_part(struct loader *l, struct bytes prefix, const struct tree_node *part,
    struct plan_edits *out)
{
	for (const struct tree_node *key = part->first; key != NULL;
	     key = key->next->next) {
		if (!key->cut)
			read_pair(l, prefix, key, out);
	}
}

void
edit_read_host(
    struct loader *l, const struct tree_node *host, struct plan_edits *out)
{
	read_part(l, BYTES_LIT(""), host, out);
}

void
edit_read_dotted(struct loader *l, const struct tree_node *key,
    const struct tree_node *value, struct plan_edits *out)
{
	struct bytes path = bytes_from(key->text, strlen("host."));
	const struct host_key *row = host_key_find(path);
	const char *guess;

	if (row != NULL) {
		read_edit(l, row, value, out);
		return;
	}
	if (host_part_exists(path)) {
		complain(l->c, key->at,
		    "\"%s\" is a part of the model; name one of its keys",
		    show(key->text).s);
		return;
	}
	guess = complaints_wanted(l->c) ? host_key_nearest(path) : NULL;
	if (guess == NULL)
		complain(
		    l->c, key->at, "there is no key \"%s\"", show(key->text).s);
	else
		complain(l->c, key->at,
		    "there is no key \"%s\"; did you mean \"host.%s\"?",
		    show(key->text).s, guess);
}

void
edit_apply(const struct plan_edits *edits, struct host *host)
{
	for (const struct plan_edit *i = edits->first; i != NULL; i = i->next) {
		if (i->key->type == HOST_LIST)
			host_list_clear(host, i->key);
		for (size_t k = 0; k < i->count; k++) {
			/* it was taken when the file was loaded */
			if (host_set(host, i->key, i->values[k], NULL) == -1)
				return;
		}
	}
}
