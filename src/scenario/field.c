/* SPDX-License-Identifier: MIT */
/* Reading values of the language of rules, one function for each kind. */
#include "scenario/field.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/quantity.h"
#include "base/text.h"
#include "fault/fault.h"
#include "scenario/near.h"

#define WHERE_MAX 160
#define LIST_MAX 256

void *
loader_room(struct loader *l, size_t n)
{
	void *p = arena_zalloc(l->memory, n == 0 ? 1 : n);

	if (p == NULL)
		l->failed = true;
	return p;
}

struct bytes
loader_keep(struct loader *l, struct bytes s)
{
	struct bytes copy = arena_copy(l->memory, s);

	if (copy.p == NULL)
		l->failed = true;
	return copy;
}

/* ---- mappings ---- */

const struct tree_node *
field_find(const struct tree_node *mapping, const char *name)
{
	const struct tree_node *k;

	for (k = mapping->first; k != NULL; k = k->next->next) {
		if (!k->cut && bytes_eq(k->text, bytes_str(name)))
			return k->next;
	}
	return NULL;
}

static const struct field *
field_of(const struct field *fields, size_t count, struct bytes name)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes_eq(name, bytes_str(fields[i].name)))
			return &fields[i];
	}
	return NULL;
}

static void
read_one(struct loader *l, const char *where, const struct field *f,
    const struct tree_node *value, void *base)
{
	char name[WHERE_MAX];
	const char *outer = l->where;

	(void)snprintf(name, sizeof(name), "%s.%s", where, f->name);
	l->where = name;
	f->read(l, f, value, base);
	if (f->flag != 0)
		*((bool *)((char *)base + f->flag - 1)) = true;
	l->where = outer;
}

void
fields_read(struct loader *l, const char *where, const struct field *fields,
    size_t count, const struct tree_node *mapping, void *base)
{
	const struct field *f;

	for (const struct tree_node *k = mapping->first; k != NULL;
	     k = k->next->next) {
		if (k->cut)
			continue;
		f = field_of(fields, count, k->text);
		if (f == NULL)
			field_unknown(l, where, k, fields, count);
		else if (!(k->next->cut && k->next->kind == TREE_SCALAR))
			read_one(l, where, f, k->next, base);
	}
}

bool
field_scalar(struct loader *l, const char *name, const struct tree_node *value,
    const char *wanted)
{
	if (value->cut)
		return false;
	if (value->kind == TREE_SCALAR && !tree_is_null(value))
		return true;
	loader_wrong_kind(l, name, value, wanted);
	return false;
}

/* ---- scalars ---- */

static void
refuse(struct loader *l, const struct tree_node *value, const struct err *why)
{
	complain(l->c, value->at, "%s: %s", l->where, why->text);
}

void
field_bool(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct err why = { 0 };
	bool b;

	if (!field_scalar(l, l->where, value, "true or false"))
		return;
	if (!value->plain)
		complain(l->c, value->at,
		    "%s: true or false stands without quotes", l->where);
	else if (quantity_bool(value->text, &b, &why) == -1)
		refuse(l, value, &why);
	else
		*(bool *)((char *)base + f->offset) = b;
}

void
field_true(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	if (!field_scalar(l, l->where, value, "true"))
		return;
	if (!value->plain || !bytes_eq(value->text, BYTES_LIT("true")))
		complain(l->c, value->at,
		    "%s is true, or is left out; not \"%s\"", l->where,
		    show(value->text).s);
	else
		*(bool *)((char *)base + f->offset) = true;
}

static bool
read_number(struct loader *l, const struct field *f,
    const struct tree_node *value, int64_t *out)
{
	struct err why = { 0 };
	int64_t hi =
	    f->hi == 0 || f->hi > INT64_MAX ? INT64_MAX : (int64_t)f->hi;

	if (!field_scalar(l, l->where, value, "a number"))
		return false;
	if (quantity_int(value->text, (int64_t)f->lo, hi, out, &why) == 0)
		return true;
	refuse(l, value, &why);
	return false;
}

void
field_int(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	int64_t n;

	if (read_number(l, f, value, &n))
		*(int *)(void *)((char *)base + f->offset) = (int)n;
}

void
field_count(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	int64_t n;

	if (read_number(l, f, value, &n))
		*(uint64_t *)(void *)((char *)base + f->offset) = (uint64_t)n;
}

void
field_unsigned(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	int64_t n;

	if (read_number(l, f, value, &n))
		*(unsigned *)(void *)((char *)base + f->offset) = (unsigned)n;
}

void
field_u32(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	uint64_t n = 0;
	char *end;

	if (!field_scalar(l, l->where, value, "a number"))
		return;
	if (value->text.n > 2 && value->text.n <= 10 &&
	    bytes_starts_nocase(value->text, BYTES_LIT("0x"))) {
		n = strtoull((const char *)value->text.p + 2, &end, 16);
		if (*end != '\0')
			n = UINT64_MAX;
	} else if (text_u64(value->text, UINT32_MAX, &n) == -1) {
		n = UINT64_MAX;
	}
	if (n > UINT32_MAX)
		complain(l->c, value->at,
		    "%s: \"%s\" is not a number of 32 bits; write 1346 or "
		    "0x80070057",
		    l->where, show(value->text).s);
	else
		*(uint32_t *)(void *)((char *)base + f->offset) = (uint32_t)n;
}

void
field_size(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct err why = { 0 };
	uint64_t n;

	if (!field_scalar(l, l->where, value, "a size"))
		return;
	if (quantity_size(value->text, &n, &why) == -1)
		refuse(l, value, &why);
	else if (n < f->lo || n > f->hi)
		complain(l->c, value->at,
		    "%s: %s is not within %llu and %llu bytes", l->where,
		    show(value->text).s, (unsigned long long)f->lo,
		    (unsigned long long)f->hi);
	else
		*(uint64_t *)(void *)((char *)base + f->offset) = n;
}

bool
field_read_duration(struct loader *l, const struct tree_node *value, int64_t lo,
    int64_t hi, int64_t *out)
{
	struct err why = { 0 };
	int64_t ms;

	if (!field_scalar(l, l->where, value, "a duration"))
		return false;
	if (quantity_duration(value->text, &ms, &why) == -1) {
		refuse(l, value, &why);
		return false;
	}
	if (ms < lo || ms > hi) {
		complain(l->c, value->at, "%s: %s is %s", l->where,
		    show(value->text).s,
		    ms < lo ? (lo == 0 ? "negative" : "too short")
			    : "too long");
		return false;
	}
	*out = ms;
	return true;
}

void
field_duration(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)field_read_duration(l, value, 0, (int64_t)f->hi,
	    (int64_t *)(void *)((char *)base + f->offset));
}

/* "reset, close or stall" */
static void
list_words(const struct field_word *words, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (const struct field_word *w = words; w->name != NULL; w++) {
		int n = snprintf(out + at, size - at, "%s%s",
		    w == words              ? ""
			: w[1].name == NULL ? " or "
					    : ", ",
		    w->name);

		if (n < 0 || (size_t)n >= size - at) {
			(void)snprintf(out + at, size - at, " ...");
			return;
		}
		at += (size_t)n;
	}
}

static void
refuse_word(struct loader *l, const struct field_word *words,
    const struct tree_node *value)
{
	struct near near;
	char list[400];

	near_start(&near, value->text);
	for (const struct field_word *w = words; w->name != NULL; w++)
		near_offer(&near, bytes_str(w->name));
	if (near.best.n > 0) {
		complain(l->c, value->at,
		    "%s cannot be \"%s\"; did you mean \"%.*s\"?", l->where,
		    show(value->text).s, (int)near.best.n,
		    (const char *)near.best.p);
		return;
	}
	list_words(words, list, sizeof(list));
	complain(l->c, value->at, "%s cannot be \"%s\", only %s", l->where,
	    show(value->text).s, list);
}

bool
field_read_word(struct loader *l, const struct field_word *words,
    const struct tree_node *value, int *out)
{
	if (!field_scalar(l, l->where, value, "one word"))
		return false;
	for (const struct field_word *w = words; w->name != NULL; w++) {
		if (bytes_eq(value->text, bytes_str(w->name))) {
			*out = w->value;
			return true;
		}
	}
	refuse_word(l, words, value);
	return false;
}

void
field_word(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	(void)field_read_word(
	    l, f->words, value, (int *)(void *)((char *)base + f->offset));
}

static bool
read_text(struct loader *l, const struct field *f,
    const struct tree_node *value, struct bytes *out)
{
	uint64_t hi = f->hi == 0 ? 4096 : f->hi;

	if (!field_scalar(l, l->where, value, "text"))
		return false;
	if (value->text.n < f->lo || value->text.n > hi) {
		complain(l->c, value->at, "%s has %llu to %llu bytes", l->where,
		    (unsigned long long)f->lo, (unsigned long long)hi);
		return false;
	}
	*out = loader_keep(l, value->text);
	return out->p != NULL;
}

void
field_text(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct bytes s;

	if (read_text(l, f, value, &s))
		*(struct bytes *)(void *)((char *)base + f->offset) = s;
}

void
field_string(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	const char *s;

	if (!field_scalar(l, l->where, value, "text"))
		return;
	if (value->text.n < f->lo ||
	    value->text.n > (f->hi == 0 ? 1024 : f->hi) ||
	    memchr(value->text.p, '\0', value->text.n) != NULL) {
		complain(l->c, value->at, "%s is too long, or empty", l->where);
		return;
	}
	s = arena_str(l->memory, value->text);
	if (s == NULL)
		l->failed = true;
	else
		memcpy((char *)base + f->offset, &s, sizeof(s));
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (uint8_t)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
field_hex(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	size_t n = value->text.n / 2;
	uint8_t *p;

	if (!field_scalar(l, l->where, value, "hex digits"))
		return;
	p = loader_room(l, n);
	if (p == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(value->text.p[2 * i]);
		int lo = hex_digit(value->text.p[2 * i + 1]);

		if (hi == -1 || lo == -1)
			n = SIZE_MAX;
		else
			p[i] = (uint8_t)(hi << 4 | lo);
		if (n == SIZE_MAX)
			break;
	}
	if (n == SIZE_MAX || value->text.n % 2 != 0)
		complain(l->c, value->at,
		    "%s: \"%s\" is not pairs of hex digits", l->where,
		    show(value->text).s);
	else
		*(struct bytes *)(void *)((char *)base + f->offset) =
		    bytes_of(p, n);
}

/* ---- lists ---- */

struct texts {
	const struct bytes *list;
	size_t count;
};

static bool
is_list(struct loader *l, const struct tree_node *value, size_t max)
{
	if (value->kind != TREE_SEQUENCE) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a list");
		return false;
	}
	if (value->count <= max)
		return true;
	complain(
	    l->c, value->at, "%s: a list has at most %zu items", l->where, max);
	return false;
}

/* The pointer and the count stand one behind the other, as declared. */
static void
set_texts(void *at, const struct bytes *list, size_t n)
{
	struct texts t = { list, n };

	memcpy(at, &t, sizeof(t));
}

void
field_texts(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct bytes *list;
	size_t n = 0;

	if (!is_list(l, value, LIST_MAX))
		return;
	list = loader_room(l, value->count * sizeof(*list));
	if (list == NULL)
		return;
	for (const struct tree_node *i = value->first; i != NULL; i = i->next) {
		if (field_scalar(l, l->where, i, "a list of texts"))
			list[n++] = loader_keep(l, i->text);
	}
	set_texts((char *)base + f->offset, list, n);
}

/* A header's values: none for null, one, or a list. */
static void
read_values(
    struct loader *l, const struct tree_node *value, struct fault_header *h)
{
	struct bytes *list;
	const struct tree_node *i = value;
	bool many = value->kind == TREE_SEQUENCE;

	if (value->cut || tree_is_null(value))
		return;
	if (value->kind == TREE_MAPPING) {
		loader_wrong_kind(l, l->where, value, "text, a list or null");
		return;
	}
	list = loader_room(l, (many ? value->count : 1) * sizeof(*list));
	if (list == NULL)
		return;
	for (i = many ? value->first : value; i != NULL;
	     i = many ? i->next : NULL) {
		if (!field_scalar(l, l->where, i, "text"))
			continue;
		if (memchr(i->text.p, '\n', i->text.n) != NULL ||
		    memchr(i->text.p, '\r', i->text.n) != NULL) {
			complain(l->c, i->at, "%s: a header has no line ends",
			    l->where);
			continue;
		}
		list[h->value_count++] = loader_keep(l, i->text);
	}
	h->values = list;
}

static bool
is_header_name(struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || s.p[i] == ':')
			return false;
	}
	return s.n >= 1 && s.n <= 100;
}

void
field_headers(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_header *list;
	size_t n = 0;

	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	list = loader_room(l, value->count / 2 * sizeof(*list));
	if (list == NULL)
		return;
	for (const struct tree_node *k = value->first; k != NULL;
	     k = k->next->next) {
		if (k->cut)
			continue;
		if (!is_header_name(k->text)) {
			complain(l->c, k->at,
			    "%s: \"%s\" is no name of a header", l->where,
			    show(k->text).s);
			continue;
		}
		list[n].name = loader_keep(l, k->text);
		read_values(l, k->next, &list[n++]);
	}
	if (n > 16)
		complain(
		    l->c, value->at, "%s has at most 16 headers", l->where);
	set_texts((char *)base + f->offset, (const void *)list, n);
}

void
field_amount(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_amount *a = (void *)((char *)base + f->offset);
	struct err why = { 0 };
	uint32_t ppm;
	uint64_t n;

	if (!field_scalar(l, l->where, value, "a share or a size"))
		return;
	if (value->text.n > 0 && value->text.p[value->text.n - 1] == '%') {
		if (quantity_share(value->text, &ppm, &why) == -1)
			refuse(l, value, &why);
		else
			*a = (struct fault_amount){ true, true, ppm };
	} else if (quantity_size(value->text, &n, &why) == -1) {
		refuse(l, value, &why);
	} else {
		*a = (struct fault_amount){ true, false, n };
	}
}
