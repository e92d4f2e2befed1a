/* SPDX-License-Identifier: MIT */
/*
 * Chance that can be had again: a draw is a function of seed, rule, counter
 * key and count, and of nothing else. SipHash-2-4 under a key made of the
 * seed, so that draws of different rules have nothing to do with each other.
 */
#ifndef FAULT_DRAW_H
#define FAULT_DRAW_H

#include "base/span.h"

/* One draw: which = what it is for ("chance", "wait"). 64 even bits. */
uint64_t draw(uint64_t seed, struct bytes rule, struct bytes key, uint64_t n,
    const char *which);

/* SipHash-2-4 itself, for hash tables whose keys come from strangers. */
uint64_t draw_siphash(uint64_t k0, uint64_t k1, struct bytes s);

/* The i-th further draw that hangs on d. */
uint64_t draw_more(uint64_t d, uint64_t i);

/* As parts in a million of the draw, for comparing with a share and for people. */
uint32_t draw_ppm(uint64_t d);
/* In [0, n); n > 0. */
uint64_t draw_below(uint64_t d, uint64_t n);
/* A stream of bytes from a draw, for nonces and junk that can be had again. */
void draw_bytes(uint64_t d, uint8_t *p, size_t n);

#endif
