/* SPDX-License-Identifier: MIT */
/* What a client should do about the answer that it got. Private to the room. */
#ifndef JOURNAL_ADVICE_H
#define JOURNAL_ADVICE_H

#include <jansson.h>

/* A constant sentence; NULL: nothing in particular. */
const char *advice_for(const json_t *entry);

#endif
