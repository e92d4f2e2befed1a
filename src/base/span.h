/* SPDX-License-Identifier: MIT */
/*
 * A borrowed run of bytes. Owns nothing: whoever hands one out says how long
 * the bytes live. p may be NULL when n is 0.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define nitems(a) (sizeof(a) / sizeof((a)[0]))

struct bytes {
	const uint8_t *p;
	size_t n;
};

/* A span literal out of a string literal, without its final zero. */
#define BYTES_LIT(s) ((struct bytes){ (const uint8_t *)(s), sizeof(s) - 1 })

static inline struct bytes
bytes_of(const void *p, size_t n)
{
	return (struct bytes){ (const uint8_t *)p, n };
}

/* The bytes of a C string; an empty span for NULL. */
static inline struct bytes
bytes_str(const char *s)
{
	return bytes_of(s, s == NULL ? 0 : strlen(s));
}

static inline bool
bytes_eq(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Equal but for ASCII letter case. */
bool bytes_eq_nocase(struct bytes a, struct bytes b);

/* Does a begin with b, but for ASCII letter case? */
bool bytes_starts_nocase(struct bytes a, struct bytes b);

/* The part of a from offset at on; empty when at is past the end. */
static inline struct bytes
bytes_from(struct bytes a, size_t at)
{
	if (at >= a.n)
		return bytes_of(a.p == NULL ? NULL : a.p + a.n, 0);
	return bytes_of(a.p + at, a.n - at);
}

#endif
