/* SPDX-License-Identifier: MIT */
/* JUnit XML of a run: the judgement of the library, and the command as a test of its own. */
#ifndef CLI_JUNIT_H
#define CLI_JUNIT_H

#include <stdbool.h>

/*
 * The document of mockndes_report_text() with one more suite, whose only test
 * is the command: failed with this sentence, or passed (NULL). The caller
 * frees it; NULL when memory ran out.
 */
char *junit_make(
    const char *judgement, char *const *cmd, double seconds, const char *why);

#endif
