/* SPDX-License-Identifier: MIT */
/*
 * Keys of a mapping, table-driven: which there are, what their values may be,
 * and where in a struct they go. The language of rules is made of such
 * tables; suggestions, the JSON Schema and a test of the manual read them too.
 */
#ifndef SCENARIO_FIELD_H
#define SCENARIO_FIELD_H

#include "scenario/plan.h"

/* A word that a value may be, and what it stands for. */
struct field_word {
	const char *name; /* NULL ends the list */
	int value;
};

struct field {
	const char *name;
	void (*read)(struct loader *l, const struct field *f,
	    const struct tree_node *value, void *base);
	size_t offset; /* in what base points to */
	const struct field_word *words; /* of field_word() */
	uint64_t lo, hi; /* bounds of a number, a size, a length */
	const struct field
	    *fields; /* what is in it, for a reader of mappings */
	size_t count;
	size_t flag; /* 1 and the offset of a bool that becomes true; 0: none */
};

#define FIELD(type, name, read, member)                                    \
	{                                                                  \
		name, read, offsetof(type, member), NULL, 0, 0, NULL, 0, 0 \
	}
#define FIELD_N(type, name, read, member, lo, hi)                            \
	{                                                                    \
		name, read, offsetof(type, member), NULL, lo, hi, NULL, 0, 0 \
	}
#define FIELD_W(type, name, read, member, words)                            \
	{                                                                   \
		name, read, offsetof(type, member), words, 0, 0, NULL, 0, 0 \
	}
/* Read the keys of a mapping into base. where is what sentences call it ("then.scep"). */
void fields_read(struct loader *l, const char *where,
    const struct field *fields, size_t count, const struct tree_node *mapping,
    void *base);

/* The child of a mapping with that key; NULL: none. */
const struct tree_node *field_find(
    const struct tree_node *mapping, const char *name);

/* Complain that there is no such key, with what may have been meant, or what there is. */
void complain_unknown(struct loader *l, const char *where,
    const struct tree_node *key, const char *const *names, size_t count);
void field_unknown(struct loader *l, const char *where,
    const struct tree_node *key, const struct field *fields, size_t count);

/* Is it one value? Complains when it is not. */
bool field_scalar(struct loader *l, const char *name,
    const struct tree_node *value, const char *wanted);

/* ---- kinds of values ---- */

typedef void field_fn(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base);

field_fn field_bool; /* bool */
field_fn field_true; /* bool; only true makes sense */
field_fn field_int; /* int, lo to hi */
field_fn field_count; /* uint64_t, lo to hi */
field_fn field_unsigned; /* unsigned, lo to hi */
field_fn field_u32; /* uint32_t; 0x... too */
field_fn field_size; /* uint64_t, lo to hi */
field_fn field_duration; /* int64_t milliseconds, 0 to hi */
field_fn field_word; /* an enum, or int */
field_fn field_text; /* struct bytes, lo to hi bytes */
field_fn field_string; /* const char *, lo to hi bytes */
field_fn field_hex; /* struct bytes from hex digits */
field_fn field_texts; /* const struct bytes * with its size_t count behind it */
field_fn
    field_headers; /* const struct fault_header * with its size_t count behind it */
field_fn field_amount; /* struct fault_amount */

/* The same for a value that is not a field of its own; false: complained. */
bool field_read_duration(struct loader *l, const struct tree_node *value,
    int64_t lo, int64_t hi, int64_t *out);
bool field_read_word(struct loader *l, const struct field_word *words,
    const struct tree_node *value, int *out);

/* Keep n bytes of anything in the memory of the rules; NULL: ran out, which is noted. */
void *loader_room(struct loader *l, size_t n);
struct bytes loader_keep(struct loader *l, struct bytes s);

#endif
