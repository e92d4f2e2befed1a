/* SPDX-License-Identifier: MIT */
/* Memory that dies together. Blocks double in size, so a large exchange costs few allocations. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_BLOCK_FIRST ((size_t)4096)
#define ARENA_BLOCK_LARGEST ((size_t)256 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t cap, used;
	_Alignas(max_align_t) uint8_t data[];
};

void
arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

void
arena_clear(struct arena *a)
{
	struct arena_block *b = a->blocks, *next;

	for (; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ .max = a->max };
}

/* A new first block with at least n bytes free. */
static struct arena_block *
block_new(struct arena *a, size_t n)
{
	size_t cap = a->blocks == NULL ? ARENA_BLOCK_FIRST : a->blocks->cap * 2;
	struct arena_block *b;

	if (cap > ARENA_BLOCK_LARGEST)
		cap = ARENA_BLOCK_LARGEST;
	if (cap < n)
		cap = n;
	b = malloc(sizeof(*b) + cap);
	if (b == NULL)
		return NULL;
	b->cap = cap;
	b->used = 0;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *b = a->blocks;
	void *p;

	if (n > a->max)
		return NULL;
	n = n == 0 ? align : (n + align - 1) & ~(align - 1);
	if (n > a->max || a->used > a->max - n)
		return NULL;
	if (b == NULL || n > b->cap - b->used) {
		b = block_new(a, n);
		if (b == NULL)
			return NULL;
	}
	p = b->data + b->used;
	b->used += n;
	a->used += n;
	return p;
}

void *
arena_zalloc(struct arena *a, size_t n)
{
	void *p = arena_alloc(a, n);

	if (p != NULL)
		memset(p, 0, n);
	return p;
}

struct bytes
arena_copy(struct arena *a, struct bytes s)
{
	uint8_t *p = arena_alloc(a, s.n);

	if (p == NULL)
		return bytes_of(NULL, 0);
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return bytes_of(p, s.n);
}

char *
arena_str(struct arena *a, struct bytes s)
{
	char *p;

	if (s.n == SIZE_MAX)
		return NULL;
	p = arena_alloc(a, s.n + 1);
	if (p == NULL)
		return NULL;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n >= 0)
		p = arena_alloc(a, (size_t)n + 1);
	if (p != NULL)
		(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
