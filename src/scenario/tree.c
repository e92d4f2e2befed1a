/* SPDX-License-Identifier: MIT */
/*
 * From libfyaml's events to a tree. Events, because they come without
 * recursion and can be stopped at any of them; libfyaml's own documents
 * recurse and forget what aliases and tags looked like.
 */
#include "scenario/tree.h"

#include <assert.h>
#include <libfyaml.h>
#include <stdlib.h>

#include "scenario/guard.h"
#include "scenario/quoted.h"

struct reader {
	struct bytes text; /* of the file */
	struct arena *arena;
	struct complaints *c;
	struct tree_node *root;
	struct tree_node *open[TREE_DEPTH_MAX]; /* from the root inwards */
	size_t depth, nodes;
	unsigned documents;
	struct place last; /* of the newest event that had one */
	bool failed; /* memory ran out */
	bool stop; /* reading on makes no sense */
};

bool
tree_is_null(const struct tree_node *n)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	if (n->kind != TREE_SCALAR || !n->plain)
		return false;
	for (size_t i = 0; i < nitems(nulls); i++) {
		if (bytes_eq(n->text, bytes_str(nulls[i])))
			return true;
	}
	return false;
}

const char *
tree_kind_name(const struct tree_node *n)
{
	if (tree_is_null(n))
		return "empty";
	switch (n->kind) {
	case TREE_SCALAR:
		return "text";
	case TREE_MAPPING:
		return "a mapping";
	case TREE_SEQUENCE:
		return "a list";
	}
	return "";
}

/* ---- duplicate keys ---- */

static int
compare_keys(const void *a, const void *b)
{
	const struct tree_node *x = *(struct tree_node *const *)a;
	const struct tree_node *y = *(struct tree_node *const *)b;
	size_t n = x->text.n < y->text.n ? x->text.n : y->text.n;
	int order = n == 0 ? 0 : memcmp(x->text.p, y->text.p, n);

	if (order != 0)
		return order;
	if (x->text.n != y->text.n)
		return x->text.n < y->text.n ? -1 : 1;
	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	return x->at.column < y->at.column ? -1 : 1;
}

static void
report_duplicates(struct reader *r, struct tree_node **keys, size_t n)
{
	size_t first = 0;

	qsort(keys, n, sizeof(void *), compare_keys);
	for (size_t i = 1; i < n; i++) {
		if (!bytes_eq(keys[i]->text, keys[first]->text)) {
			first = i;
			continue;
		}
		complain(r->c, keys[i]->at,
		    "\"%s\" is given twice; the first is on line %u",
		    show(keys[i]->text).s, keys[first]->at.line);
	}
}

static void
find_duplicates(struct reader *r, const struct tree_node *mapping)
{
	struct tree_node **keys;
	size_t n = 0;

	if (mapping->count < 4)
		return;
	keys = calloc(mapping->count / 2, sizeof(void *));
	if (keys == NULL) {
		r->failed = true;
		return;
	}
	for (struct tree_node *k = mapping->first; k != NULL;
	     k = k->next->next) {
		if (!k->cut)
			keys[n++] = k;
	}
	report_duplicates(r, keys, n);
	free(keys);
}

/* ---- building ---- */

static struct tree_node *
add(struct reader *r, enum tree_kind kind, struct place at)
{
	struct tree_node *n, *parent;

	if (r->nodes++ == TREE_NODES_MAX) {
		complain(r->c, at, "the file holds more than %d values",
		    TREE_NODES_MAX);
		r->stop = true;
		return NULL;
	}
	n = arena_zalloc(r->arena, sizeof(*n));
	if (n == NULL) {
		r->failed = true;
		return NULL;
	}
	n->kind = kind;
	n->at = at;
	if (r->depth == 0) {
		if (r->root == NULL)
			r->root = n;
		return n;
	}
	parent = r->open[r->depth - 1];
	if (parent->last == NULL)
		parent->first = n;
	else
		parent->last->next = n;
	parent->last = n;
	parent->count++;
	return n;
}

/* Is n, just added, the key of a mapping? */
static bool
is_key(const struct reader *r)
{
	return r->depth > 0 && r->open[r->depth - 1]->kind == TREE_MAPPING &&
	    r->open[r->depth - 1]->count % 2 == 1;
}

static void
open_node(struct reader *r, enum tree_kind kind, struct place at)
{
	struct tree_node *n;

	if (r->depth == TREE_DEPTH_MAX) {
		complain(r->c, at, "this is nested deeper than %d levels",
		    TREE_DEPTH_MAX);
		r->stop = true;
		return;
	}
	n = add(r, kind, at);
	if (n == NULL)
		return;
	if (is_key(r)) {
		complain(
		    r->c, at, "a key must be text, not %s", tree_kind_name(n));
		n->cut = true;
	}
	r->open[r->depth++] = n;
}

static void
close_node(struct reader *r)
{
	const struct tree_node *n;

	assert(r->depth > 0);
	n = r->open[--r->depth];
	if (n != NULL && n->kind == TREE_MAPPING && !r->failed)
		find_duplicates(r, n);
}

/* The raw bytes of a token, inside its quotes. */
static struct bytes
raw_of(const struct reader *r, struct fy_token *token)
{
	const struct fy_mark *start = fy_token_start_mark(token);
	const struct fy_mark *end = fy_token_end_mark(token);

	if (start == NULL || end == NULL || end->input_pos > r->text.n ||
	    start->input_pos > end->input_pos)
		return bytes_of(NULL, 0);
	return bytes_of(
	    r->text.p + start->input_pos, end->input_pos - start->input_pos);
}

/* The text of a scalar, in the arena; p is NULL when memory ran out. */
static struct bytes
scalar_text(const struct reader *r, struct fy_token *token)
{
	const char *text = "";
	size_t n = 0;

	if (token != NULL && fy_token_scalar_style(token) == FYSS_SINGLE_QUOTED)
		return quoted_decode(r->arena, raw_of(r, token));
	if (token != NULL)
		text = fy_token_get_text(token, &n);
	if (text == NULL)
		return bytes_of(NULL, 0);
	return bytes_of(arena_str(r->arena, bytes_of(text, n)), n);
}

static void
add_scalar(struct reader *r, struct fy_token *token, struct place at)
{
	struct tree_node *n = add(r, TREE_SCALAR, at);

	if (n == NULL)
		return;
	n->plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
	n->text = scalar_text(r, token);
	if (n->text.p == NULL) {
		r->failed = true;
	} else if (!guard_text_clean(n->text)) {
		complain(r->c, at,
		    "this text holds a control character, or what is no "
		    "character; bytes are written in hex");
		n->cut = true;
	}
}

static void
add_cut(struct reader *r, struct place at)
{
	struct tree_node *n = add(r, TREE_SCALAR, at);

	if (n != NULL) {
		n->plain = true;
		n->cut = true;
		n->text = BYTES_LIT("");
	}
}

/* ---- events ---- */

/* libfyaml's mark of a token, moved back over what it leaves out. */
static struct place
place_at(const struct fy_mark *m, unsigned left_out)
{
	unsigned column = (unsigned)m->column + 1;

	return (struct place){ (unsigned)m->line + 1,
		column > left_out ? column - left_out : 1 };
}

static void
refuse_marks(struct reader *r, struct fy_token *anchor, struct fy_token *tag)
{
	const struct fy_mark *m;

	m = anchor == NULL ? NULL : fy_token_start_mark(anchor);
	if (m != NULL)
		complain(r->c, place_at(m, 1),
		    "anchors (&) are not taken; write the value out");
	m = tag == NULL ? NULL : fy_token_start_mark(tag);
	if (m != NULL)
		complain(r->c, place_at(m, 0), "tags (!) are not taken");
}

/*
 * Where an event is. Marks of quoted texts and aliases begin behind the quote
 * or star. A block text's is somewhere in its first lines, and an empty value
 * has none: for both the place before serves, which is the key's.
 */
static struct place
place_of(struct reader *r, struct fy_event *event)
{
	const struct fy_mark *m = fy_event_start_mark(event);
	unsigned left_out = event->type == FYET_ALIAS ? 1 : 0;

	if (m == NULL)
		return r->last;
	if (event->type == FYET_SCALAR && event->scalar.value != NULL) {
		enum fy_scalar_style style =
		    fy_token_scalar_style(event->scalar.value);

		if (style == FYSS_LITERAL || style == FYSS_FOLDED)
			return r->last;
		if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
			left_out = 1;
	}
	r->last = place_at(m, left_out);
	return r->last;
}

static void
start_document(struct reader *r, struct place at)
{
	if (++r->documents == 1)
		return;
	complain(r->c, at, "a second document begins here; a file holds one");
	r->stop = true;
}

static void
take(struct reader *r, struct fy_event *event)
{
	struct place at = place_of(r, event);

	switch (event->type) {
	case FYET_DOCUMENT_START:
		start_document(r, at);
		break;
	case FYET_MAPPING_START:
		refuse_marks(
		    r, event->mapping_start.anchor, event->mapping_start.tag);
		open_node(r, TREE_MAPPING, at);
		break;
	case FYET_SEQUENCE_START:
		refuse_marks(
		    r, event->sequence_start.anchor, event->sequence_start.tag);
		open_node(r, TREE_SEQUENCE, at);
		break;
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		close_node(r);
		break;
	case FYET_SCALAR:
		refuse_marks(r, event->scalar.anchor, event->scalar.tag);
		add_scalar(r, event->scalar.value, at);
		break;
	case FYET_ALIAS:
		complain(
		    r->c, at, "aliases (*) are not taken; write the value out");
		add_cut(r, at);
		break;
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
	case FYET_DOCUMENT_END:
		break;
	}
}

/* What stood open when reading ended early is not judged for what it lacks. */
static void
close_cut(struct reader *r)
{
	while (r->depth > 0 && !r->failed) {
		struct tree_node *n = r->open[r->depth - 1];

		n->cut = true;
		if (n->kind == TREE_MAPPING && n->count % 2 == 1) {
			r->nodes = 0; /* room for the few of these */
			add_cut(r, n->last->at);
		}
		if (!r->failed)
			close_node(r);
	}
}

/* ---- libfyaml ---- */

static void
stay_silent(struct fy_diag *diag, void *user, const char *text, size_t n)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)n;
}

static struct fy_diag *
new_diag(void)
{
	struct fy_diag_cfg cfg;
	struct fy_diag *diag;

	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL;
	cfg.output_fn = stay_silent;
	cfg.level = FYET_ERROR;
	diag = fy_diag_create(&cfg);
	if (diag != NULL)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

/* libfyaml's own complaints, which end a file. */
static void
report_syntax(struct reader *r, struct fy_diag *diag)
{
	struct fy_diag_error *error;
	void *state = NULL;
	unsigned said = 0;

	while ((error = fy_diag_errors_iterate(diag, &state)) != NULL) {
		if (error->type < FYET_ERROR || error->msg == NULL)
			continue;
		complain(r->c,
		    (struct place){
			(unsigned)(error->line > 0 ? error->line : 1),
			(unsigned)(error->column > 0 ? error->column : 1) },
		    "this is not YAML: %s", error->msg);
		said++;
	}
	if (said == 0)
		complain(r->c, r->last, "this is not YAML");
}

static void
read_events(struct reader *r, struct fy_parser *parser, struct fy_diag *diag)
{
	struct fy_event *event;

	while (!r->failed && !r->stop &&
	    (event = fy_parser_parse(parser)) != NULL) {
		take(r, event);
		fy_parser_event_free(parser, event);
	}
	if (fy_parser_get_stream_error(parser))
		report_syntax(r, diag);
	close_cut(r);
}

int
tree_read(struct bytes text, struct arena *arena, struct complaints *c,
    struct tree_node **root, struct err *e)
{
	struct reader r = {
		.text = text, .arena = arena, .c = c, .last = { 1, 1 }
	};
	struct fy_diag *diag = new_diag();
	struct fy_parse_cfg cfg = {
		.search_path = "",
		.flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2,
		.diag = diag,
	};
	struct fy_parser *parser = NULL;
	int rc = -1;

	if (diag != NULL)
		parser = fy_parser_create(&cfg);
	if (parser == NULL ||
	    fy_parser_set_string(
		parser, text.n == 0 ? "" : (const char *)text.p, text.n) != 0)
		goto out;
	read_events(&r, parser, diag);
	if (!r.failed) {
		*root = r.root;
		rc = 0;
	}
out:
	if (rc == -1)
		err_set(e, ERR_MEMORY, "no memory for a scenario file");
	fy_parser_destroy(parser);
	fy_diag_destroy(diag);
	return rc;
}
