/* SPDX-License-Identifier: MIT */
/*
 * Memory that dies together: everything made for one exchange. A bump
 * allocator with a cap; one clear frees all. Not safe for two threads at once.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/span.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes handed out */
	size_t max; /* used never exceeds this */
};

void arena_init(struct arena *a, size_t max);
void arena_clear(struct arena *a); /* accepts a zeroed struct; twice is fine */

/* n bytes, aligned for any type, not zeroed; NULL when memory or the cap ran out. */
MUST_USE void *arena_alloc(struct arena *a, size_t n);

/* The same, zeroed. */
MUST_USE void *arena_zalloc(struct arena *a, size_t n);

/*
 * Copies into the arena. On failure 0 bytes with p == NULL; an empty span
 * copies to an empty span with p != NULL.
 */
MUST_USE struct bytes arena_copy(struct arena *a, struct bytes s);

/* A C string of s (zero bytes inside are kept); NULL on failure. */
MUST_USE char *arena_str(struct arena *a, struct bytes s);

/* A formatted C string; NULL on failure. */
MUST_USE char *arena_printf(struct arena *a, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

#endif
