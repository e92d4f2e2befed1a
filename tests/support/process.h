/* SPDX-License-Identifier: MIT */
/*
 * The command as a child of the test, on free ports, and folders for it. A
 * child is killed when the test program ends, however that ends.
 */
#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	int out; /* its standard output */
	char line[4096]; /* the ready line */
	char url[256]; /* of SCEP by HTTP */
};

/* Begin: $MOCKNDES with these arguments up to a NULL, besides free ports. Fails the test when there is no process to be had. */
void process_begin(struct process *p, const char *const *arguments);

/* Wait for the ready line; false when the process ended without one. */
bool process_ready(struct process *p);

/* Send a signal (0: none), wait for the end; the status as waitpid gives it. */
int process_end(struct process *p, int signal);

/* A new folder below $TMPDIR; away with it and all that is in it. */
void folder_new(char path[256]);
void folder_remove(const char *path);

#endif
