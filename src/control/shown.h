/* SPDX-License-Identifier: MIT */
/* Small things that several documents show or read; private to the room. */
#ifndef CONTROL_SHOWN_H
#define CONTROL_SHOWN_H

#include "control/call.h"

/* "10m" */
json_t *shown_duration(int64_t ms);

/*
 * A duration of a body: a text ("10m"), or a number of seconds. -1: a sentence
 * in e, ERR_USAGE.
 */
MUST_USE int shown_read_duration(
    json_t *value, const char *name, int64_t *out_ms, struct err *e);

/* ?ttl= in milliseconds, more than nothing; *out stays without one. -1: a problem is the answer. */
MUST_USE int shown_ttl(struct control_call *c, int64_t *out_ms);

/* A parts-in-a-million number as a share of 1 (0.041). */
json_t *shown_share(uint32_t ppm);

/* The next NAME=VALUE of a query, both still escaped; *query moves on. */
bool shown_next_pair(
    struct bytes *query, struct bytes *name, struct bytes *value);

/* Unescaped, in the arena; "" when memory ran out. */
const char *shown_text(struct control_call *c, struct bytes escaped);

#endif
