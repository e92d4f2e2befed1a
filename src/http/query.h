/* SPDX-License-Identifier: MIT */
/*
 * The query of a SCEP request. Parameters come in any order; names are
 * compared without case; '+' is itself and never a blank (interop B.1, B.2,
 * reference section 1: iOS sends raw '+').
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include "base/arena.h"

/*
 * The still-escaped value of the first parameter called name; false when
 * there is none. "name" without '=' has an empty value.
 */
bool http_query_find(struct bytes query, const char *name, struct bytes *value);

/*
 * Percent-decode once into the arena; '+' stays, a '%' that is not followed by
 * two hex digits stays. The result is an empty span with p == NULL on failure
 * of memory.
 */
struct bytes http_percent_decode(struct arena *a, struct bytes s);

#endif
