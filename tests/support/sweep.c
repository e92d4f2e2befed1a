/* SPDX-License-Identifier: MIT */
/* Sweeps over an input, on guarded pages. */
#include "support/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
give_up(const char *what)
{
	perror(what);
	abort();
}

void
sweep_page_make(struct sweep_page *page, size_t room)
{
	size_t unit = (size_t)sysconf(_SC_PAGESIZE);

	page->room = (room + unit - 1) / unit * unit;
	page->map_size = page->room + unit;
	page->map = mmap(NULL, page->map_size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page->map == MAP_FAILED)
		give_up("mmap");
	if (mprotect(page->map + page->room, unit, PROT_NONE) != 0)
		give_up("mprotect");
}

void
sweep_page_free(struct sweep_page *page)
{
	if (page->map != NULL)
		(void)munmap(page->map, page->map_size);
	*page = (struct sweep_page){ 0 };
}

uint8_t *
sweep_page_put(struct sweep_page *page, const void *p, size_t n)
{
	uint8_t *at = page->map + page->room - n;

	if (n > 0)
		memcpy(at, p, n);
	return at;
}

void
sweep_truncations(const void *p, size_t n, sweep_fn *each, void *ctx)
{
	struct sweep_page page;

	sweep_page_make(&page, n);
	for (size_t keep = 0; keep < n; keep++)
		each(ctx, sweep_page_put(&page, p, keep), keep, keep);
	sweep_page_free(&page);
}

void
sweep_bit_flips(const void *p, size_t n, size_t step, sweep_fn *each, void *ctx)
{
	struct sweep_page page;

	sweep_page_make(&page, n);
	for (size_t bit = 0; bit < n * 8; bit += step) {
		uint8_t *at = sweep_page_put(&page, p, n);

		at[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		each(ctx, at, n, bit);
	}
	sweep_page_free(&page);
}
