/* SPDX-License-Identifier: MIT */
/* The owned, growing run of bytes; always one zero byte behind its end. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST 64 /* bytes of the first allocation */

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max == SIZE_MAX ? max - 1 : max };
}

void
buf_clear(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

/* Make room for `extra` more bytes and the final zero. */
static bool
reserve(struct buf *b, size_t extra)
{
	size_t cap = b->cap == 0 ? BUF_FIRST : b->cap;
	uint8_t *p;

	if (b->failed)
		return false;
	if (extra > b->max - b->n)
		goto fail;
	if (b->n + extra + 1 <= b->cap)
		return true;
	while (cap < b->n + extra + 1)
		cap = cap > SIZE_MAX / 2 ? b->n + extra + 1 : cap * 2;
	p = realloc(b->p, cap);
	if (p == NULL)
		goto fail;
	b->p = p;
	b->cap = cap;
	return true;
fail:
	b->failed = true;
	return false;
}

uint8_t *
buf_grow(struct buf *b, size_t n)
{
	uint8_t *at;

	if (!reserve(b, n))
		return NULL;
	at = b->p + b->n;
	b->n += n;
	b->p[b->n] = 0;
	return at;
}

void
buf_add(struct buf *b, struct bytes s)
{
	uint8_t *at = buf_grow(b, s.n);

	if (at != NULL && s.n > 0)
		memcpy(at, s.p, s.n);
}

void
buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, bytes_str(s));
}

void
buf_add_byte(struct buf *b, uint8_t c)
{
	buf_add(b, bytes_of(&c, 1));
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void
buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	uint8_t *at;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return;
	}
	at = buf_grow(b, (size_t)n);
	if (at != NULL)
		(void)vsnprintf((char *)at, (size_t)n + 1, fmt, ap);
}

const char *
buf_str(const struct buf *b)
{
	return b->p == NULL ? "" : (const char *)b->p;
}

int
buf_take(struct buf *b, uint8_t **p, size_t *n)
{
	if (b->failed || !reserve(b, 0))
		return -1;
	b->p[b->n] = 0;
	*p = b->p;
	*n = b->n;
	*b = (struct buf){ .max = b->max };
	return 0;
}
