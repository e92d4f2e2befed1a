/* SPDX-License-Identifier: MIT */
/* What a resolution step sets, as nested JSON: the body of a PATCH of the model. */
#include <assert.h>

#include "scenario/plan.h"

static void
add_string(struct buf *out, struct bytes s)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f) {
			buf_addf(out, "\\u%04x", s.p[i]);
			continue;
		}
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_add_byte(out, '\\');
		buf_add_byte(out, s.p[i]);
	}
	buf_add_byte(out, '"');
}

static void
add_value(struct buf *out, const struct plan_edit *edit)
{
	switch (edit->key->type) {
	case HOST_BOOL:
	case HOST_INT:
		buf_add(out, edit->values[0]);
		return;
	case HOST_LIST:
		buf_add_byte(out, '[');
		for (size_t i = 0; i < edit->count; i++) {
			if (i > 0)
				buf_add_byte(out, ',');
			add_string(out, edit->values[i]);
		}
		buf_add_byte(out, ']');
		return;
	case HOST_ENUM:
	case HOST_DURATION:
	case HOST_TEXT:
		add_string(out, edit->values[0]);
		return;
	}
}

/* Length of the parts, with their dots, that two paths share. */
static size_t
shared_parts(const char *a, const char *b)
{
	size_t shared = 0;

	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '.')
			shared = i + 1;
	return shared;
}

static size_t
parts(const char *path)
{
	size_t n = 0;

	for (; *path != '\0'; path++)
		n += *path == '.';
	return n;
}

/* The later of two edits of a key holds. */
static const struct plan_edit *
edit_for(const struct plan_edits *edits, const struct host_key *key)
{
	const struct plan_edit *found = NULL;

	for (const struct plan_edit *e = edits->first; e != NULL; e = e->next)
		if (e->key == key)
			found = e;
	return found;
}

void
scenario_step_patch(const struct scenario *s, size_t i, struct buf *out)
{
	size_t n, open = 0;
	const struct host_key *keys = host_keys(&n);
	const char *before = "";

	assert(i < s->step_count);
	buf_add_byte(out, '{');
	/* In the order of the table, where the keys of a part stand together. */
	for (size_t k = 0; k < n; k++) {
		const struct plan_edit *e =
		    edit_for(&s->steps[i].edits, &keys[k]);
		const char *path = keys[k].path, *dot;
		size_t shared;

		if (e == NULL)
			continue;
		shared = shared_parts(before, path);
		for (; open > parts(path) - parts(path + shared); open--)
			buf_add_byte(out, '}');
		if (before[0] != '\0')
			buf_add_byte(out, ',');
		for (path += shared; (dot = strchr(path, '.')) != NULL;
		     path = dot + 1, open++) {
			add_string(out, bytes_of(path, (size_t)(dot - path)));
			buf_add_str(out, ":{");
		}
		add_string(out, bytes_str(path));
		buf_add_byte(out, ':');
		add_value(out, e);
		before = keys[k].path;
	}
	for (; open > 0; open--)
		buf_add_byte(out, '}');
	buf_add_byte(out, '}');
}
