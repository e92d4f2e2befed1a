/* SPDX-License-Identifier: MIT */
/* The rows that embed.sh makes out of the folder scenarios/ at build time. */
#ifndef SCENARIO_BUILTINS_H
#define SCENARIO_BUILTINS_H

#include "scenario/scenario.h"

extern const struct scenario_builtin
    scenario_builtin_rows[]; /* sorted by name */
extern const size_t scenario_builtin_row_count;

#endif
