/* SPDX-License-Identifier: MIT */
/* A process and its descendants. */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include <stdbool.h>
#include <sys/types.h>

/* Send a signal to a process, then to all that descend from it now. Without /proc, or memory, to the process alone. */
void tree_signal(pid_t root, int sig);

#endif
