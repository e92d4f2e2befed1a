/* SPDX-License-Identifier: MIT */
/*
 * A YAML file as a plain tree with places. The only file that knows libfyaml
 * is tree.c; the meaning of keys is load.c's.
 */
#ifndef SCENARIO_TREE_H
#define SCENARIO_TREE_H

#include "scenario/complaint.h"

#define TREE_DEPTH_MAX 32
#define TREE_NODES_MAX 400000

enum tree_kind { TREE_SCALAR, TREE_MAPPING, TREE_SEQUENCE };

struct tree_node {
	enum tree_kind kind;
	bool plain; /* a scalar without quotes */
	bool cut; /* complained of already, or cut off: don't judge */
	struct place at;
	struct bytes text; /* of a scalar; a zero byte follows */
	struct tree_node *first, *last; /* of a mapping: key, value, key, ... */
	struct tree_node *next;
	size_t count; /* children; of a mapping always even */
};

/*
 * Read a file's text into a tree that lives in arena. Anchors, aliases, tags,
 * duplicate keys, keys that are not text, a second document and bad YAML are
 * complained of; *root is what could be read (NULL: nothing stands in the
 * file). -1 when we failed; *root is then untouched.
 */
MUST_USE int tree_read(struct bytes text, struct arena *arena,
    struct complaints *c, struct tree_node **root, struct err *e);

/* Is it a plain scalar that stands for no value (nothing, ~, null)? */
bool tree_is_null(const struct tree_node *n);

/* "a list", "a mapping", "text": for sentences. */
const char *tree_kind_name(const struct tree_node *n);

#endif
