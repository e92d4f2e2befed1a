/* SPDX-License-Identifier: MIT */
/* `reply:`: an answer in place of the deployment's. */
#include "scenario/effects.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define YEAR_MS (365 * DAY_MS)
#define BODY_FILE_MAX ((size_t)4 << 20)

WORDS(pages, { "iis", FAULT_PAGE_IIS }, { "http-sys", FAULT_PAGE_HTTP_SYS },
    { "login", FAULT_PAGE_LOGIN }, { "waf", FAULT_PAGE_WAF },
    { "proxy", FAULT_PAGE_PROXY }, { "ndes", FAULT_PAGE_NDES });

static void
read_location(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const struct field_word words[] = { { "same", FAULT_SAME_HOST },
		{ "other", FAULT_OTHER_HOST }, { "loop", FAULT_LOOP },
		{ "https", FAULT_TO_HTTPS }, { "http", FAULT_TO_HTTP },
		{ NULL, 0 } };
	struct fault_reply *r = base;
	int word;

	(void)f;
	if (!field_scalar(l, l->where, value, "a URL, or one word"))
		return;
	if (memchr(value->text.p, '/', value->text.n) == NULL) {
		if (field_read_word(l, words, value, &word))
			r->location = (enum fault_location)word;
		return;
	}
	r->location = FAULT_TO_URL;
	r->url = arena_str(l->memory, value->text);
	l->failed |= r->url == NULL;
}

static void
read_retry_after(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_reply *r = base;

	(void)f;
	if (value->kind == TREE_MAPPING) {
		if (value->count != 2 ||
		    !bytes_eq(value->first->text, BYTES_LIT("date"))) {
			complain(l->c, value->at,
			    "%s is a duration, or {date: a duration}",
			    l->where);
			return;
		}
		r->retry_after_date = true;
		value = value->first->next;
	}
	r->has_retry_after =
	    field_read_duration(l, value, 0, YEAR_MS, &r->retry_after_ms);
}

static void
read_body(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	((struct fault_reply *)base)->has_body = true;
	field_text(l, f, value, base);
}

static void
read_body_hex(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	((struct fault_reply *)base)->has_body = true;
	field_hex(l, f, value, base);
}

static int
slurp(struct loader *l, const char *path, struct bytes *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *p = NULL;
	ssize_t n = -1;

	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= (off_t)BODY_FILE_MAX) {
		p = loader_room(l, (size_t)st.st_size);
		if (p != NULL)
			n = read(fd, p, (size_t)st.st_size);
	}
	if (fd != -1)
		close(fd);
	if (n < 0 || n != st.st_size)
		return -1;
	*out = bytes_of(p, (size_t)n);
	return 0;
}

static void
read_body_file(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	struct fault_reply *r = base;
	const char *slash, *name;
	char *path = NULL;

	(void)f;
	if (!field_scalar(l, l->where, value, "a path"))
		return;
	if (!l->from_disk) {
		complain(l->c, value->at,
		    "%s: only a scenario that is itself a file can name "
		    "another",
		    l->where);
		return;
	}
	name = (const char *)value->text.p;
	slash = strrchr(l->file, '/');
	if (name[0] == '/' || slash == NULL)
		path = strdup(name);
	else if (asprintf(&path, "%.*s/%s", (int)(slash - l->file), l->file,
		     name) == -1)
		path = NULL;
	if (path == NULL)
		l->failed = true;
	else if (slurp(l, path, &r->body) == -1)
		complain(l->c, value->at,
		    "%s: cannot read \"%s\", or it has over 4 MiB", l->where,
		    show(bytes_str(path)).s);
	r->has_body = true;
	free(path);
}

#define R struct fault_reply
static const struct field reply_fields[] = {
	FIELD_N(R, "status", field_int, status, 100, 999),
	FIELD_N(R, "reason", field_string, reason, 0, 200),
	FIELD(R, "headers", field_headers, headers),
	FIELD_N(R, "body", read_body, body, 0, 1 << 20),
	FIELD(R, "body_hex", read_body_hex, body),
	FIELD(R, "body_file", read_body_file, body),
	FIELD_N(R, "body_bytes", field_size, filler, 1, BODY_MAX),
	FIELD_W(R, "page", field_word, page, pages),
	FIELD(R, "location", read_location, location),
	FIELD(R, "retry_after", read_retry_after, retry_after_ms),
};
#undef R

struct language_table
reply_language(void)
{
	return (struct language_table){ "reply", reply_fields,
		nitems(reply_fields) };
}

void
effects_reply(struct loader *l, const struct field *f,
    const struct tree_node *value, void *base)
{
	static const char *const bodies[] = { "body", "body_hex", "body_file",
		"body_bytes", "page" };
	struct fault_reply *r = &((struct fault *)base)->reply;
	unsigned n = 0;

	(void)f;
	if (value->kind != TREE_MAPPING) {
		if (!value->cut)
			loader_wrong_kind(l, l->where, value, "a mapping");
		return;
	}
	r->on = true;
	r->status = 200;
	fields_read(l, l->where, reply_fields, nitems(reply_fields), value, r);
	for (size_t i = 0; i < nitems(bodies); i++)
		n += field_find(value, bodies[i]) != NULL;
	if (n > 1)
		complain(l->c, value->at,
		    "%s: only one of body, body_hex, body_file, body_bytes "
		    "and page can be there",
		    l->where);
	if (n == 0 && r->status >= 400)
		r->page = FAULT_PAGE_IIS;
}
