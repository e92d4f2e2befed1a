/* SPDX-License-Identifier: MIT */
/*
 * CMD of `mockndes run` as a process: started, told of signals, awaited.
 *
 * Where there is a controlling terminal, CMD stays in the caller's process
 * group: what the terminal sends reaches it as it reaches us, and only what
 * somebody sends to us is passed on. Where there is none, as in a pipeline, it
 * gets a group of its own, so that a signal for us reaches it once, and all
 * that it has started, whatever has become of it.
 */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cli/cli.h"

/* Who is meant: below 0 a process group, above 0 a process and its descendants, 0 nobody. */
typedef pid_t child_target;

/* What the kernel sends when the parent has ended; asked for by prctl(2). */
#define CHILD_PARENT_GONE SIGRTMIN

struct child {
	pid_t pid; /* 0: none, or reaped */
	child_target target;
	sigset_t heard; /* what child_wait() waits for */
	sigset_t before; /* the mask that we were given */
	sigset_t defaults; /* ignored by us, not by whom we start */
	struct files_limit files; /* as many as we were given */
};

struct child_limits {
	long long timeout_ms; /* below 0: none */
	pid_t
	    parent; /* end CMD when this is not our parent any more; 0: never mind */
};

struct child_end {
	int code; /* its exit code, or 128 and the signal that it died of */
	bool by_signal;
	bool timed_out; /* it was ended because its time was up */
};

/* Block the signals that are to be passed on, and take all files that we may have; before any thread starts. Those that were ignored are passed on to CMD, which ignores them as well. */
void child_init(struct child *c);

/* What to start; all lent. */
struct child_start {
	char **argv; /* argv[0] is found by PATH */
	char *const *env;
	int watcher; /* gets the child_target before CMD begins, whole */
};

/* With the signal mask, dispositions and limit of files that we were given. 0, or an errno. */
int child_start(struct child *c, const struct child_start *start);

/*
 * Pass signals on until CMD has ended. When its time is up, or the parent is
 * gone, it is ended: SIGTERM, SIGKILL after a grace, and then what is left of
 * its group the same way. It may not be reaped yet, so that its number is not
 * given to another; child_reap() does that.
 */
struct child_end child_wait(struct child *c, const struct child_limits *limits);
void child_reap(struct child *c);

/* Drop signals that came too late to be passed on; from here on one ends us at once. */
void child_release_signals(const struct child *c);

/* SIGTERM, and SIGKILL when somebody is left after the grace. */
void child_finish(child_target target);

#endif
