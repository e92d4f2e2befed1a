/* SPDX-License-Identifier: MIT */
/* A process and its descendants, or a process group, by /proc. */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include <stdbool.h>
#include <sys/types.h>

/* Send a signal to a process, then to all that descend from it now. Without /proc, or memory, to the process alone. */
void tree_signal(pid_t root, int sig);

/* Is the process, or one of the group of that number, more than a zombie that nobody has awaited yet? Without /proc: yes. */
bool tree_lives(pid_t pid, bool group);

#endif
