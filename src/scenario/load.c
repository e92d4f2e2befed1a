/* SPDX-License-Identifier: MIT */
/*
 * From a file's text to a scenario: the keys at the top, one row each. Steps
 * and host edits have files of their own.
 */
#include <stdlib.h>

#include "scenario/guard.h"
#include "scenario/near.h"
#include "scenario/plan.h"

#define ARENA_MAX ((size_t)96 << 20) /* a tree of TREE_NODES_MAX fits */
#define RULES_ARENA_MAX ((size_t)256 << 20)
#define NAME_MAX_LENGTH 64
#define TITLE_MAX 200 /* bytes */
#define TEXT_MAX 8192

/* ---- the keys at the top ---- */

struct top_key {
	const char *name;
	void (*read)(struct loader *l, const struct top_key *row,
	    const struct tree_node *value);
	size_t offset, max; /* of a text: where it goes, and its longest */
};

static void read_version(
    struct loader *l, const struct top_key *row, const struct tree_node *value);
static void read_name(
    struct loader *l, const struct top_key *row, const struct tree_node *value);
static void read_text(
    struct loader *l, const struct top_key *row, const struct tree_node *value);
static void read_resolution(
    struct loader *l, const struct top_key *row, const struct tree_node *value);
static void read_fidelity(
    struct loader *l, const struct top_key *row, const struct tree_node *value);
static void read_evidence(
    struct loader *l, const struct top_key *row, const struct tree_node *value);
static void read_host(
    struct loader *l, const struct top_key *row, const struct tree_node *value);
static void read_rules(
    struct loader *l, const struct top_key *row, const struct tree_node *value);
static void read_expect(
    struct loader *l, const struct top_key *row, const struct tree_node *value);

static const struct top_key top_keys[] = {
	{ "mockndes", read_version, 0, 0 },
	{ "name", read_name, 0, 0 },
	{ "title", read_text, offsetof(struct scenario, title), TITLE_MAX },
	{ "source", read_text, offsetof(struct scenario, source), TEXT_MAX },
	{ "symptom", read_text, offsetof(struct scenario, symptom), TEXT_MAX },
	{ "cause", read_text, offsetof(struct scenario, cause), TEXT_MAX },
	{ "fidelity", read_fidelity, 0, 0 },
	{ "resolution", read_resolution, 0, 0 },
	{ "evidence", read_evidence, 0, 0 },
	{ "host", read_host, 0, 0 },
	{ "rules", read_rules, 0, 0 },
	{ "expect", read_expect, 0, 0 },
};

void
loader_wrong_kind(struct loader *l, const char *what,
    const struct tree_node *value, const char *wanted)
{
	if (tree_is_null(value))
		complain(l->c, value->at, "%s has no value; it must be %s",
		    what, wanted);
	else
		complain(l->c, value->at, "%s must be %s, not %s", what, wanted,
		    tree_kind_name(value));
}

static void
wrong_top_kind(struct loader *l, const struct top_key *row,
    const struct tree_node *value, const char *wanted)
{
	loader_wrong_kind(l, show(bytes_str(row->name)).s, value, wanted);
}

static void
keep(struct loader *l, const char **out, struct bytes text)
{
	const char *copy = arena_str(&l->s->arena, text);

	if (copy == NULL)
		l->failed = true;
	else
		*out = copy;
}

static void
read_version(
    struct loader *l, const struct top_key *row, const struct tree_node *value)
{
	if (value->cut)
		return;
	if (value->kind != TREE_SCALAR || tree_is_null(value))
		wrong_top_kind(l, row, value, "the format version, 1");
	else if (!value->plain)
		complain(l->c, value->at,
		    "mockndes: the format version stands without quotes");
	else if (!bytes_eq(value->text, BYTES_LIT("1")))
		complain(l->c, value->at,
		    "this version of mockndes reads format 1, not \"%s\"",
		    show(value->text).s);
}

static bool
is_name(struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return false;
	}
	return s.n >= 1 && s.n <= NAME_MAX_LENGTH;
}

static void
read_name(
    struct loader *l, const struct top_key *row, const struct tree_node *value)
{
	if (value->cut)
		return;
	if (value->kind != TREE_SCALAR || tree_is_null(value))
		wrong_top_kind(l, row, value, "text");
	else if (!is_name(value->text))
		complain(l->c, value->at,
		    "name \"%s\" must be 1 to %d of a-z, 0-9 and -",
		    show(value->text).s, NAME_MAX_LENGTH);
	else
		keep(l, &l->s->name, value->text);
}

static void
read_text(
    struct loader *l, const struct top_key *row, const struct tree_node *value)
{
	if (value->cut)
		return;
	if (value->kind != TREE_SCALAR || tree_is_null(value))
		wrong_top_kind(l, row, value, "text");
	else if (value->text.n > row->max)
		complain(l->c, value->at, "%s is longer than %zu bytes",
		    row->name, row->max);
	else
		keep(l, (const char **)((char *)l->s + row->offset),
		    value->text);
}

/* Is it a container of this kind? Complains when it is not. */
static bool
is_kind(struct loader *l, const struct top_key *row,
    const struct tree_node *value, enum tree_kind kind)
{
	if (value->kind == kind)
		return true;
	if (!value->cut)
		wrong_top_kind(l, row, value,
		    kind == TREE_MAPPING ? "a mapping" : "a list");
	return false;
}

static void
read_resolution(
    struct loader *l, const struct top_key *row, const struct tree_node *value)
{
	if (is_kind(l, row, value, TREE_SEQUENCE))
		step_read_all(l, value);
}

static void
read_fidelity(
    struct loader *l, const struct top_key *row, const struct tree_node *value)
{
	if (value->cut)
		return;
	if (value->kind != TREE_SCALAR || tree_is_null(value))
		wrong_top_kind(l, row, value, "one word");
	else
		clue_read_fidelity(l, value);
}

static void
read_evidence(
    struct loader *l, const struct top_key *row, const struct tree_node *value)
{
	if (is_kind(l, row, value, TREE_SEQUENCE))
		clue_read_all(l, value);
}

static void
read_host(
    struct loader *l, const struct top_key *row, const struct tree_node *value)
{
	struct host host;
	struct err why = { 0 };

	if (!is_kind(l, row, value, TREE_MAPPING))
		return;
	edit_read_host(l, value, &l->s->host);
	host_init(&host);
	edit_apply(&l->s->host, &host);
	if (!value->cut && host_check(&host, &why) == -1)
		complain(l->c, value->at, "host.%s", why.text);
}

static void
read_rules(
    struct loader *l, const struct top_key *row, const struct tree_node *value)
{
	if (is_kind(l, row, value, TREE_SEQUENCE))
		rules_read_all(l, value);
}

static void
read_expect(
    struct loader *l, const struct top_key *row, const struct tree_node *value)
{
	if (!is_kind(l, row, value, TREE_SEQUENCE))
		return;
	l->memory = &l->s->arena;
	expect_read_all(l, value);
	l->memory = &l->rules_arena;
}

static void
unknown_top_key(struct loader *l, const struct tree_node *key)
{
	struct near near;

	near_start(&near, key->text);
	for (size_t i = 0; complaints_wanted(l->c) && i < nitems(top_keys); i++)
		near_offer(&near, bytes_str(top_keys[i].name));
	if (near.best.n == 0)
		complain(
		    l->c, key->at, "there is no key \"%s\"", show(key->text).s);
	else
		complain(l->c, key->at,
		    "there is no key \"%s\"; did you mean \"%.*s\"?",
		    show(key->text).s, (int)near.best.n,
		    (const char *)near.best.p);
}

static void
read_top_key(struct loader *l, const struct tree_node *key)
{
	for (size_t i = 0; i < nitems(top_keys); i++) {
		if (bytes_eq(key->text, bytes_str(top_keys[i].name))) {
			top_keys[i].read(l, &top_keys[i], key->next);
			return;
		}
	}
	unknown_top_key(l, key);
}

/* The version comes first, so that a reader knows how to read the rest. */
static void
check_first_key(struct loader *l, const struct tree_node *root)
{
	const struct tree_node *k = root->first;

	while (
	    k != NULL && (k->cut || !bytes_eq(k->text, BYTES_LIT("mockndes"))))
		k = k->next->next;
	if (k == NULL && !root->cut)
		complain(l->c, root->at,
		    "\"mockndes: 1\" is missing; it must be the first key");
	else if (k != NULL && k != root->first)
		complain(l->c, k->at, "\"mockndes\" must be the first key");
}

/* A list, or one rule as if it were a list of one. */
static void
read_rules_only(struct loader *l, struct arena *arena, struct tree_node *root)
{
	struct tree_node one, list = { .kind = TREE_SEQUENCE };
	const struct rule *changed = l->changed;

	if (root == NULL || (root->kind == TREE_SCALAR && !root->cut)) {
		if (complaints_total(l->c) == 0)
			complain(l->c, (struct place){ 1, 1 },
			    "a list of rules is wanted, or one of them");
		return;
	}
	if (changed != NULL && root->kind == TREE_SEQUENCE && root->count == 1)
		root = root->first;
	if (changed != NULL && root->kind == TREE_MAPPING && !root->cut)
		source_change(l, changed->source, arena, root);
	if (root->kind == TREE_MAPPING) {
		one = *root;
		one.next = NULL;
		list.at = root->at;
		list.first = list.last = &one;
		list.count = 1;
		root = &list;
	}
	if (root->kind == TREE_SEQUENCE)
		rules_read_all(l, root);
}

static void
read_root(struct loader *l, const struct tree_node *root)
{
	if (root == NULL) {
		if (complaints_total(l->c) == 0)
			complain(l->c, (struct place){ 1, 1 },
			    "the file is empty; it must begin with "
			    "\"mockndes: 1\"");
		return;
	}
	if (root->cut && root->kind == TREE_SCALAR)
		return;
	if (root->kind != TREE_MAPPING) {
		if (complaints_total(l->c) == 0)
			complain(l->c, root->at,
			    "a scenario file is a mapping, beginning with "
			    "\"mockndes: 1\"");
		return;
	}
	check_first_key(l, root);
	for (const struct tree_node *k = root->first; k != NULL;
	     k = k->next->next) {
		if (!k->cut)
			read_top_key(l, k);
	}
}

/* ---- the whole ---- */

/* A file that gives itself no name is called as it is stored. */
static void
name_by_file(struct loader *l, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash == NULL ? file : slash + 1;
	struct bytes stem = bytes_of(base, strcspn(base, "."));

	keep(l, &l->s->name, is_name(stem) ? stem : BYTES_LIT("scenario"));
}

static struct scenario *
new_scenario(void)
{
	struct scenario *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	arena_init(&s->arena, ARENA_MAX);
	atomic_init(&s->refs, 1);
	s->title = s->source = s->symptom = s->cause = "";
	return s;
}

struct scenario *
scenario_ref(struct scenario *s)
{
	if (s != NULL)
		atomic_fetch_add(&s->refs, 1);
	return s;
}

/* The patterns of the expectations; all else is in the arena. */
static void
clear_expects(struct scenario *s)
{
	union {
		const struct when *lent;
		struct when *own;
	} w;

	for (size_t i = 0; i < s->expect_count; i++) {
		for (size_t k = 0; k < s->expects[i].when_count; k++) {
			w.lent = s->expects[i].when[k];
			when_clear(w.own);
		}
	}
}

void
scenario_free(struct scenario *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	clear_expects(s);
	rules_unref(s->rules);
	arena_clear(&s->arena);
	free(s);
}

/* Read text into s. -1 when we failed; complaints are no failure. */
static int
read_file(struct loader *l, const char *file, struct bytes text, struct err *e)
{
	struct arena arena;
	struct tree_node *root = NULL;
	int rc = 0;

	if (!guard_passes(text, l->c))
		return 0;
	arena_init(&arena, ARENA_MAX);
	if (tree_read(text, &arena, l->c, &root, e) == -1) {
		rc = -1;
	} else {
		if (l->rules_only)
			read_rules_only(l, &arena, root);
		else
			read_root(l, root);
		if (l->s->name == NULL)
			name_by_file(l, file);
		keep(l, &l->s->text, text);
		if (l->failed)
			rc = err_set(
			    e, ERR_MEMORY, "no memory for a scenario file");
	}
	arena_clear(&arena);
	return rc;
}

struct load_how {
	bool from_disk, rules_only;
	const char *rule_id;
	const struct rule *changed;
};

static struct scenario *
load(const char *file, struct bytes text, const struct load_how *how,
    struct scenario_report *report, struct err *e)
{
	struct complaints *c = malloc(sizeof(*c));
	struct scenario *s = new_scenario();
	struct loader *l = calloc(1, sizeof(*l));
	bool sound = false;

	if (c != NULL)
		complaints_init(c);
	if (c == NULL || s == NULL || l == NULL) {
		err_set(e, ERR_MEMORY, "no memory for a scenario file");
		goto out;
	}
	l->s = s;
	l->c = c;
	l->where = "";
	l->from_disk = how->from_disk;
	l->rules_only = how->rules_only;
	l->rule_id = how->rule_id;
	l->changed = how->changed;
	arena_init(&l->rules_arena, RULES_ARENA_MAX);
	l->file = arena_str(&l->rules_arena, bytes_str(file));
	l->memory = &l->rules_arena;
	host_init(&l->scratch);
	if (read_file(l, file, text, e) == -1 ||
	    complaints_report(c, file, report, e) == -1)
		goto out;
	sound = complaints_total(c) == 0;
out:
	if (c != NULL)
		complaints_clear(c);
	if (l != NULL)
		arena_clear(&l->rules_arena);
	free(c);
	free(l);
	if (!sound) {
		scenario_free(s);
		s = NULL;
	}
	return s;
}

struct scenario *
scenario_load(const char *file, struct bytes text,
    struct scenario_report *report, struct err *e)
{
	static const struct load_how how = { .from_disk = false };

	return load(file, text, &how, report, e);
}

struct scenario *
scenario_load_disk(const char *path, struct bytes text,
    struct scenario_report *report, struct err *e)
{
	static const struct load_how how = { .from_disk = true };

	return load(path, text, &how, report, e);
}

static struct rules *
load_rules(const char *file, struct bytes text, const struct load_how *how,
    struct scenario_report *report, struct err *e)
{
	struct scenario *s = load(file, text, how, report, e);
	struct rules *rules = s == NULL ? NULL : rules_ref(s->rules);

	scenario_free(s);
	if (s != NULL && rules == NULL)
		(void)err_set(e, ERR_USAGE, "there is no rule in the list");
	return rules;
}

struct rules *
scenario_load_rules(const char *file, struct bytes text, const char *id,
    struct scenario_report *report, struct err *e)
{
	const struct load_how how = { .rules_only = true, .rule_id = id };

	return load_rules(file, text, &how, report, e);
}

struct rules *
scenario_change_rule(const char *file, struct bytes text,
    const struct rule *rule, struct scenario_report *report, struct err *e)
{
	const struct load_how how = { .rules_only = true,
		.rule_id = rule->id,
		.changed = rule->source == NULL ? NULL : rule };

	return load_rules(file, text, &how, report, e);
}
