/* SPDX-License-Identifier: MIT */
/* Where the evidence of a site goes; private to the room. */
#ifndef SERVER_FOLDER_H
#define SERVER_FOLDER_H

#include "base/err.h"

/*
 * LOGDIR/NAME for a site ("x/hostile/y", "s/abc"), into *out, which the caller
 * frees; NULL when there is no LOGDIR. The folders above it are made here, the
 * last one by the evidence.
 */
MUST_USE int folder_for(
    const char *log_dir, const char *name, char **out, struct err *e);

#endif
