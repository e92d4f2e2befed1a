/* SPDX-License-Identifier: MIT */
/*
 * What is done with the rows of host_keys.c: find, set, print, and bring into
 * force what a restart brings. But for two questions at the end, nothing here
 * knows a key by name.
 */
#include "ndes/host.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/quantity.h"
#include "base/text.h"
#include "ndes/product.h"

/* How much of a bad value an error sentence repeats. */
#define SHOWN_MAX ((size_t)60)

static size_t
key_size(const struct host_key *key)
{
	switch (key->type) {
	case HOST_BOOL:
		return sizeof(bool);
	case HOST_INT:
	case HOST_DURATION:
		return sizeof(int64_t);
	case HOST_ENUM:
		return sizeof(int);
	case HOST_TEXT:
		return HOST_TEXT_MAX;
	case HOST_LIST:
		return sizeof(struct host_list);
	}
	return 0;
}

static void *
key_at(struct host *h, const struct host_key *key)
{
	return (char *)h + key->offset;
}

static const void *
key_at_const(const struct host *h, const struct host_key *key)
{
	return (const char *)h + key->offset;
}

const struct host_key *
host_key_find(struct bytes path)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);

	for (size_t i = 0; i < n; i++) {
		if (bytes_eq(path, bytes_str(keys[i].path)))
			return &keys[i];
	}
	return NULL;
}

bool
host_part_exists(struct bytes path)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);

	if (path.n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct bytes key = bytes_str(keys[i].path);

		if (key.n > path.n && key.p[path.n] == '.' &&
		    memcmp(key.p, path.p, path.n) == 0)
			return true;
	}
	return false;
}

/* ---- "did you mean" ---- */

#define NEAR_LENGTH_MAX 96

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance without regard to case; both at most NEAR_LENGTH_MAX long. */
static size_t
distance(struct bytes a, struct bytes b)
{
	size_t row[NEAR_LENGTH_MAX + 1];

	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 0; i < a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b.n; j++) {
			size_t above = row[j + 1];
			size_t same =
			    ascii_lower(a.p[i]) == ascii_lower(b.p[j]) ? 0 : 1;

			row[j + 1] =
			    least(above + 1, row[j] + 1, diagonal + same);
			diagonal = above;
		}
	}
	return row[b.n];
}

/* What stands behind the last dot. */
static struct bytes
leaf(struct bytes path)
{
	size_t at = path.n;

	while (at > 0 && path.p[at - 1] != '.')
		at--;
	return bytes_from(path, at);
}

const char *
host_key_nearest(struct bytes path)
{
	size_t n, best_distance = SIZE_MAX;
	const struct host_key *keys = host_keys(&n);
	const char *best = NULL;

	if (path.n == 0 || path.n > NEAR_LENGTH_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct bytes key = bytes_str(keys[i].path);
		size_t d = distance(path, key);

		/* the right name in the wrong part */
		if (bytes_eq_nocase(leaf(path), leaf(key)) && d > 1)
			d = 1;
		if (d < best_distance) {
			best_distance = d;
			best = keys[i].path;
		}
	}
	return best_distance <= 2 + path.n / 6 ? best : NULL;
}

/* ---- setting ---- */

void
host_init(struct host *h)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);

	memset(h, 0, sizeof(*h));
	for (size_t i = 0; i < n; i++) {
		/* every list is empty by default */
		if (keys[i].type != HOST_LIST &&
		    host_set(h, &keys[i], bytes_str(keys[i].fallback), NULL) ==
			-1)
			abort(); /* a row of host_keys.c contradicts itself */
	}
}

/* "crlf, lf" */
static void
names_text(const struct host_key *key, struct buf *out)
{
	for (size_t i = 0; key->names[i] != NULL; i++)
		buf_addf(out, "%s%s", i == 0 ? "" : ", ", key->names[i]);
}

/* The value, short and printable, for a complaint. */
static void
shown(struct buf *out, struct bytes value)
{
	struct bytes head = value;

	if (head.n > SHOWN_MAX)
		head.n = SHOWN_MAX;
	text_printable(out, head);
	if (head.n < value.n)
		buf_add_str(out, "...");
}

static int
refuse(const struct host_key *key, struct bytes value, const char *wanted,
    struct err *e)
{
	struct buf text;

	buf_init(&text, 5 * SHOWN_MAX);
	shown(&text, value);
	err_set(e, ERR_SCENARIO, "%s: \"%s\" is not %s", key->path,
	    buf_str(&text), wanted);
	buf_clear(&text);
	return -1;
}

static int
set_bool(
    void *at, const struct host_key *key, struct bytes value, struct err *e)
{
	bool b;

	if (quantity_bool(value, &b, NULL) == -1)
		return refuse(key, value, "true or false", e);
	*(bool *)at = b;
	return 0;
}

static int
set_int(void *at, const struct host_key *key, struct bytes value, struct err *e)
{
	int64_t v;
	char wanted[96];

	if (quantity_int(value, key->lo, key->hi, &v, NULL) == -1) {
		snprintf(wanted, sizeof(wanted),
		    "a whole number from %" PRId64 " to %" PRId64, key->lo,
		    key->hi);
		return refuse(key, value, wanted, e);
	}
	*(int64_t *)at = v;
	return 0;
}

static int
set_duration(
    void *at, const struct host_key *key, struct bytes value, struct err *e)
{
	int64_t ms;
	struct buf wanted;

	if (quantity_duration(value, &ms, NULL) == 0 && ms >= key->lo &&
	    ms <= key->hi) {
		*(int64_t *)at = ms;
		return 0;
	}
	buf_init(&wanted, 128);
	buf_add_str(&wanted, "a duration from ");
	quantity_duration_text(key->lo, &wanted);
	buf_add_str(&wanted, " to ");
	quantity_duration_text(key->hi, &wanted);
	buf_add_str(&wanted, ", such as 5s, 30m or 365d");
	refuse(key, value, buf_str(&wanted), e);
	buf_clear(&wanted);
	return -1;
}

static int
set_enum(
    void *at, const struct host_key *key, struct bytes value, struct err *e)
{
	struct buf wanted;

	for (int i = 0; key->names[i] != NULL; i++) {
		if (bytes_eq(value, bytes_str(key->names[i]))) {
			*(int *)at = i;
			return 0;
		}
	}
	buf_init(&wanted, 256);
	buf_add_str(&wanted, "one of ");
	names_text(key, &wanted);
	refuse(key, value, buf_str(&wanted), e);
	buf_clear(&wanted);
	return -1;
}

/* Texts of the model go into headers, pages and logs: no control characters. */
static bool
is_plain(struct bytes value)
{
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < 0x20 || value.p[i] == 0x7f)
			return false;
	}
	return true;
}

static int
set_text(
    void *at, const struct host_key *key, struct bytes value, struct err *e)
{
	char *text = at;

	if (value.n >= HOST_TEXT_MAX || !is_plain(value))
		return refuse(key, value,
		    "a text of at most 255 bytes without control characters",
		    e);
	if (value.n > 0)
		memcpy(text, value.p, value.n);
	memset(text + value.n, 0, HOST_TEXT_MAX - value.n);
	return 0;
}

static int
set_item(
    void *at, const struct host_key *key, struct bytes value, struct err *e)
{
	struct host_list *list = at;

	if (value.n == 0 || value.n >= HOST_ITEM_MAX || !is_plain(value))
		return refuse(key, value,
		    "an item of 1 to 63 bytes without control characters", e);
	if (list->count == HOST_LIST_MAX)
		return err_set(e, ERR_SCENARIO,
		    "%s: a list has at most %d items", key->path,
		    HOST_LIST_MAX);
	memcpy(list->item[list->count], value.p, value.n);
	list->item[list->count][value.n] = '\0';
	list->count++;
	return 0;
}

int
host_set(struct host *h, const struct host_key *key, struct bytes value,
    struct err *e)
{
	void *at = key_at(h, key);

	switch (key->type) {
	case HOST_BOOL:
		return set_bool(at, key, value, e);
	case HOST_INT:
		return set_int(at, key, value, e);
	case HOST_ENUM:
		return set_enum(at, key, value, e);
	case HOST_DURATION:
		return set_duration(at, key, value, e);
	case HOST_TEXT:
		return set_text(at, key, value, e);
	case HOST_LIST:
		return set_item(at, key, value, e);
	}
	return -1;
}

void
host_list_clear(struct host *h, const struct host_key *key)
{
	assert(key->type == HOST_LIST);
	memset(key_at(h, key), 0, sizeof(struct host_list));
}

/* ---- printing ---- */

static void
list_text(struct buf *out, const struct host_list *list)
{
	buf_add_byte(out, '[');
	for (size_t i = 0; i < list->count; i++)
		buf_addf(out, "%s%s", i == 0 ? "" : ", ", list->item[i]);
	buf_add_byte(out, ']');
}

void
host_get(const struct host *h, const struct host_key *key, struct buf *out)
{
	const void *at = key_at_const(h, key);

	switch (key->type) {
	case HOST_BOOL:
		buf_add_str(out, *(const bool *)at ? "true" : "false");
		break;
	case HOST_INT:
		buf_addf(out, "%" PRId64, *(const int64_t *)at);
		break;
	case HOST_ENUM:
		buf_add_str(out, key->names[*(const int *)at]);
		break;
	case HOST_DURATION:
		quantity_duration_text(*(const int64_t *)at, out);
		break;
	case HOST_TEXT:
		buf_add_str(out, at);
		break;
	case HOST_LIST:
		list_text(out, at);
		break;
	}
}

void
host_copy_key(
    struct host *to, const struct host *from, const struct host_key *key)
{
	memcpy(key_at(to, key), key_at_const(from, key), key_size(key));
}

bool
host_same_key(
    const struct host *a, const struct host *b, const struct host_key *key)
{
	return memcmp(key_at_const(a, key), key_at_const(b, key),
		   key_size(key)) == 0;
}

void
host_take_effect(struct host *in_force, const struct host *configured,
    enum host_effect event)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);

	for (size_t i = 0; i < n; i++) {
		if (keys[i].effect <= event)
			host_copy_key(in_force, configured, &keys[i]);
	}
}

bool
host_policy_active(const struct host *h)
{
	return ndes_product(h)->policy_module && h->policy_module.installed &&
	    h->policy_module.loaded &&
	    h->policy_module.installation == HOST_SETUP_COMPLETE;
}

int
host_check(const struct host *h, struct err *e)
{
	const struct host_key *lowest =
	    host_key_find(BYTES_LIT("tls.minimum_version"));

	if (h->tls.minimum_version <= h->tls.maximum_version)
		return 0;
	/* One of them may be a default that nobody wrote. */
	return err_set(e, ERR_SCENARIO,
	    "tls.minimum_version (%s) is above tls.maximum_version (%s): no "
	    "version of TLS is left",
	    lowest->names[h->tls.minimum_version],
	    lowest->names[h->tls.maximum_version]);
}
