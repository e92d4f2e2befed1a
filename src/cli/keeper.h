/* SPDX-License-Identifier: MIT */
/*
 * A process of ours that does nothing but outlive us: when `run` ends in
 * whatever way, SIGKILL too, it removes our files and ends what we have
 * started and not awaited. It is in a session of its own, so that what ends
 * our group leaves it alone, holds no descriptor of ours, and is gone when
 * keeper_end() returns.
 */
#ifndef CLI_KEEPER_H
#define CLI_KEEPER_H

#include "cli/child.h"

struct keeper {
	pid_t pid; /* 0: none */
	int fd; /* our end of its pipe; a child_target that is written there is watched */
};

/* Before any thread starts. paths: files to remove at the end, NULL behind the last. 0, or -1 after a complaint. */
int keeper_start(struct keeper *k, const char *const *paths);

/* Whom to end when we die; 0: nobody any more. */
void keeper_watch(const struct keeper *k, child_target target);

/* Have the files removed, and wait until that is done. Accepts a zeroed struct. */
void keeper_end(struct keeper *k);

#endif
