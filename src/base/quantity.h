/* SPDX-License-Identifier: MIT */
/*
 * Typed quantities as people write them in options and scenario files.
 * Trailing junk is refused; the error sentence names what was found and what
 * is wanted. Out-parameters are untouched on failure.
 */
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H

#include "base/err.h"

/* "250ms" "5s" "2m" "1h" "30d" "2y" (365 days); a bare 0 too. Milliseconds. May be negative ("-3d") when lo is. */
MUST_USE int quantity_duration(struct bytes s, int64_t *ms, struct err *e);

struct buf;
/* The same as text that reads back as ms, in the largest unit that has it whole. Appended. */
void quantity_duration_text(int64_t ms, struct buf *out);

/* "4096" "4KiB" "1MiB"; bytes. */
MUST_USE int quantity_size(struct bytes s, uint64_t *bytes, struct err *e);

/* "10%" "0.5%"; parts in a million. */
MUST_USE int quantity_share(struct bytes s, uint32_t *ppm, struct err *e);

/* "yes"-style words are not booleans: only true and false are. */
MUST_USE int quantity_bool(struct bytes s, bool *b, struct err *e);

/* A whole decimal number in [lo, hi]. */
MUST_USE int quantity_int(
    struct bytes s, int64_t lo, int64_t hi, int64_t *out, struct err *e);

#endif
