/* SPDX-License-Identifier: MIT */
/* Lies about GetCACaps: the list of tokens, and how it is written. */
#include "fault/draw.h"
#include "fault/seams.h"

#define TOKENS_MAX 128
#define CAPS_MAX ((size_t)40 << 20)
enum { DRAW_SHUFFLE = 5 };

struct list {
	struct bytes token[TOKENS_MAX];
	size_t n;
};

static void
add(struct list *l, struct bytes token)
{
	if (l->n < TOKENS_MAX)
		l->token[l->n++] = token;
}

static void
split(struct list *l, struct bytes text)
{
	size_t from = 0;

	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] != '\n' && text.p[i] != '\r')
			continue;
		if (i > from)
			add(l, bytes_of(text.p + from, i - from));
		from = i + 1;
	}
}

static void
drop(struct list *l, struct bytes token)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (!bytes_eq_nocase(l->token[i], token))
			l->token[kept++] = l->token[i];
	}
	l->n = kept;
}

/* Fisher and Yates. */
static void
shuffle(struct list *l, uint64_t d)
{
	for (size_t i = l->n; i > 1; i--) {
		size_t k = (size_t)draw_below(draw_more(d, i), i);
		struct bytes t = l->token[k];

		l->token[k] = l->token[i - 1];
		l->token[i - 1] = t;
	}
}

static void
make_list(const struct fault_caps *c, const struct fault_site *s,
    struct bytes honest, struct list *l)
{
	if (c->has_tokens) {
		for (size_t i = 0; i < c->token_count; i++)
			add(l, c->tokens[i]);
	} else {
		split(l, honest);
	}
	for (size_t i = 0; i < c->drop_count; i++)
		drop(l, c->drop[i]);
	for (size_t i = 0; i < c->add_count; i++)
		add(l, c->add[i]);
	if (c->shuffle)
		shuffle(l, draw_more(s->draw, DRAW_SHUFFLE));
}

/* ---- writing ---- */

static uint8_t
cased(enum fault_case letters, uint8_t c, size_t i)
{
	bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';

	if (letters == FAULT_ODD)
		letters = i % 2 == 0 ? FAULT_LOWER : FAULT_UPPER;
	if (letters == FAULT_LOWER && upper)
		return (uint8_t)(c | 0x20);
	if (letters == FAULT_UPPER && lower)
		return (uint8_t)(c & 0xdf);
	return c;
}

static void
put_end(
    const struct fault_caps *c, size_t line, bool honest_lf, struct buf *out)
{
	switch (c->separator) {
	case FAULT_SEP_AS_IS:
		buf_add_str(out, honest_lf ? "\n" : "\r\n");
		break;
	case FAULT_CRLF:
		buf_add_str(out, "\r\n");
		break;
	case FAULT_LF:
		buf_add_str(out, "\n");
		break;
	case FAULT_CR:
		buf_add_str(out, "\r");
		break;
	case FAULT_MIXED:
		buf_add_str(out, line % 2 == 0 ? "\r\n" : "\n");
		break;
	}
	if (c->coding == FAULT_NUL)
		buf_add_byte(out, 0);
}

static void
put_token(const struct fault_caps *c, struct bytes token, struct buf *out)
{
	buf_add(out, c->before);
	for (size_t i = 0; i < token.n; i++)
		buf_add_byte(out, cased(c->letters, token.p[i], i));
	buf_add(out, c->after);
}

static void
put_filler(const struct fault_caps *c, bool lf, struct buf *out)
{
	size_t line = 0;

	while (buf_ok(out) && out->n < c->size) {
		buf_add_str(out, c->one_line ? "x" : "X-Filler");
		if (!c->one_line)
			put_end(c, line++, lf, out);
	}
}

static void
put_list(
    const struct fault_caps *c, const struct list *l, bool lf, struct buf *out)
{
	size_t blank = c->blank_line == FAULT_NO_BLANK ? SIZE_MAX
	    : c->blank_line == FAULT_BLANK_FIRST       ? 0
	    : c->blank_line == FAULT_BLANK_LAST        ? l->n
						       : l->n / 2;

	for (size_t i = 0; i <= l->n; i++) {
		if (i == blank)
			put_end(c, i, lf, out);
		if (i == l->n)
			break;
		put_token(c, l->token[i], out);
		put_end(c, i, lf, out);
	}
	put_filler(c, lf, out);
}

static void
put_coded(enum fault_text_coding coding, struct bytes text, struct buf *out)
{
	if (coding == FAULT_UTF8_BOM)
		buf_add(out, BYTES_LIT("\xef\xbb\xbf"));
	if (coding == FAULT_UTF16_BOM)
		buf_add(out, BYTES_LIT("\xff\xfe"));
	if (coding != FAULT_UTF16 && coding != FAULT_UTF16_BOM) {
		buf_add(out, text);
		return;
	}
	for (size_t i = 0; i < text.n; i++) {
		buf_add_byte(out, text.p[i]);
		buf_add_byte(out, 0);
	}
}

int
fault_edit_caps(const struct fault *f, const struct fault_site *s,
    struct bytes honest, struct bytes *body, struct err *e)
{
	const struct fault_caps *c = &f->caps;
	bool lf = honest.n > 0 && memchr(honest.p, '\r', honest.n) == NULL;
	struct list l = { .n = 0 };
	struct buf plain, coded;
	int rc = 0;

	buf_init(&plain, CAPS_MAX);
	buf_init(&coded, CAPS_MAX);
	if (c->has_text) {
		buf_add(&plain, c->text);
	} else {
		make_list(c, s, honest, &l);
		put_list(c, &l, lf, &plain);
	}
	put_coded(c->coding, buf_bytes(&plain), &coded);
	*body = buf_ok(&plain) && buf_ok(&coded)
	    ? arena_copy(s->arena, buf_bytes(&coded))
	    : bytes_of(NULL, 0);
	if (body->p == NULL)
		rc = err_set(e, ERR_LIMIT,
		    "the list of capabilities is too "
		    "large");
	buf_clear(&plain);
	buf_clear(&coded);
	return rc;
}
