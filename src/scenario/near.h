/* SPDX-License-Identifier: MIT */
/* "Did you mean": which of some known words is nearest to a misspelt one. */
#ifndef SCENARIO_NEAR_H
#define SCENARIO_NEAR_H

#include "base/span.h"

#define NEAR_WORD_MAX 64 /* longer words are near to nothing */

/* A search under way: start it, offer every known word, look at best. */
struct near {
	struct bytes word; /* borrowed */
	struct bytes best; /* borrowed from what was offered; empty: none */
	size_t distance; /* of best; words further away are not taken */
};

void near_start(struct near *n, struct bytes misspelt);
void near_offer(struct near *n, struct bytes known);

#endif
