/* SPDX-License-Identifier: MIT */
/* What CMD of `mockndes run` finds in its environment. */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include <mockndes.h>

/*
 * Our environment with the MOCKNDES_* of a running server; those that it has
 * nothing for are taken out. token: NULL for none. The caller frees it by
 * environment_free(); NULL when memory ran out.
 */
char **environment_make(
    struct mockndes *m, const char *ca_file, const char *token);
void environment_free(char **env); /* accepts NULL */

#endif
