/* SPDX-License-Identifier: MIT */
/* The command line that repeats a run. */
#ifndef CLI_REPEAT_H
#define CLI_REPEAT_H

#include "cli/settings.h"

/*
 * "mockndes run --scenario x --seed 7 -- CMD ARG", as one types it into a
 * shell: the flags that were given and scenarios that the environment gave,
 * the seed that was drawn, no token. The caller frees it; NULL when memory
 * ran out.
 */
char *repeat_line(
    const struct settings *s, unsigned long long seed, char *const *cmd);

#endif
