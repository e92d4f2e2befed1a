/* SPDX-License-Identifier: MIT */
/* Which built-in scenarios have no cause: their symptoms are rules, or nothing is wrong. */
#ifndef SUPPORT_BY_HAND_H
#define SUPPORT_BY_HAND_H

#include <stdbool.h>
#include <string.h>

static inline bool
is_by_hand(const char *name)
{
	return strchr(name, '/') != NULL || strcmp(name, "faithful") == 0 ||
	    strcmp(name, "robust") == 0 || strcmp(name, "hostile") == 0;
}

#endif
