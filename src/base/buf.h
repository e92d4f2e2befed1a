/* SPDX-License-Identifier: MIT */
/*
 * An owned, growing run of bytes with a hard maximum set at birth. After a
 * failure to grow (memory or maximum) the buffer is marked failed, further
 * additions do nothing, and buf_ok() is false: write a whole page, then ask
 * once. Always followed by a zero byte, so b->p prints as a C string.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>

#include "base/span.h"

struct buf {
	uint8_t *p;
	size_t n; /* bytes in use */
	size_t cap;
	size_t max; /* n never exceeds this */
	bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_clear(
    struct buf *b); /* frees; accepts a zeroed struct; twice is fine */

void buf_add(struct buf *b, struct bytes s);
void buf_add_str(struct buf *b, const char *s);
void buf_add_byte(struct buf *b, uint8_t c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

/* Reserve n bytes at the end for the caller to fill; NULL when that failed. */
uint8_t *buf_grow(struct buf *b, size_t n);

static inline bool
buf_ok(const struct buf *b)
{
	return !b->failed;
}

/* What is in the buffer, lent until the next change. */
static inline struct bytes
buf_bytes(const struct buf *b)
{
	return bytes_of(b->p, b->n);
}

/* As a C string, lent; "" when nothing was added. */
const char *buf_str(const struct buf *b);

/*
 * Hand the bytes over: *p is malloc'ed (the caller frees it) and *n its
 * length; the buffer is left empty. -1 when the buffer had failed; *p and *n
 * are then untouched.
 */
MUST_USE int buf_take(struct buf *b, uint8_t **p, size_t *n);

#endif
