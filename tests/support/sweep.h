/* SPDX-License-Identifier: MIT */
/*
 * Sweeps over an input: every truncation, every flipped bit. Each variant lies
 * flush against an unreadable page, so that a byte read too far ends the test.
 */
#ifndef SUPPORT_SWEEP_H
#define SUPPORT_SWEEP_H

#include <stddef.h>
#include <stdint.h>

/* Bytes whose end lies flush against an unreadable page. */
struct sweep_page {
	uint8_t *map;
	size_t map_size, room;
};

/* Aborts when there is no memory. */
void sweep_page_make(struct sweep_page *page, size_t room);
void sweep_page_free(struct sweep_page *page);

/* Copy n bytes (at most room) to the end of the page; lends them. */
uint8_t *sweep_page_put(struct sweep_page *page, const void *p, size_t n);

/* which: the length kept, or the number of the bit flipped. */
typedef void sweep_fn(void *ctx, const uint8_t *p, size_t n, size_t which);

/* Lengths 0 to n - 1. */
void sweep_truncations(const void *p, size_t n, sweep_fn *each, void *ctx);

/* Bits 0 to 8 n - 1, most significant first, `step` apart. */
void sweep_bit_flips(
    const void *p, size_t n, size_t step, sweep_fn *each, void *ctx);

#endif
