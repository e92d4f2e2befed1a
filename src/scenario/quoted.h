/* SPDX-License-Identifier: MIT */
/*
 * What a text in single quotes says. libfyaml 0.7.12 knows too, but loses
 * memory whenever five or so doubled quotes stand in one, and scenarios
 * arrive from strangers.
 */
#ifndef SCENARIO_QUOTED_H
#define SCENARIO_QUOTED_H

#include "base/arena.h"

/*
 * Decode what stands between the quotes: '' is ', line ends fold (YAML 1.2,
 * 7.3.2). The result lives in arena, a zero byte behind it; p is NULL when
 * memory ran out.
 */
struct bytes quoted_decode(struct arena *arena, struct bytes raw);

#endif
