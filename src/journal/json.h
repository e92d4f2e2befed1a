/* SPDX-License-Identifier: MIT */
/*
 * Writing JSON straight into a buffer: entries are written by the thousand,
 * and no tree is needed for that. Private to the room.
 */
#ifndef JOURNAL_JSON_H
#define JOURNAL_JSON_H

#include "base/buf.h"
#include "journal/keep.h"

/* A string; what is not UTF-8 becomes U+FFFD. */
void put_string(struct buf *b, struct bytes s);

/* A member `"name":value,` with its comma. Strings that are NULL give nothing. */
void put_text(struct buf *b, const char *name, const char *s);
void put_bytes(struct buf *b, const char *name, struct bytes s);
void put_number(struct buf *b, const char *name, int64_t n);
void put_bool(struct buf *b, const char *name, bool on);

/* Open and close; close takes the comma before it away, and sets one behind. name NULL: in an array. */
void put_open(struct buf *b, const char *name, char bracket);
void put_close(struct buf *b, char bracket);

/* "2026-11-28T18:51:32.123Z" */
void put_time(struct buf *b, const char *name, int64_t unix_ms);

/* The members of an entry that do not hang on its end, each with its comma but the last. */
void put_entry(
    const struct kept_receipt *r, const struct kept_answer *a, struct buf *out);

#endif
