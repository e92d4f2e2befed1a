/* SPDX-License-Identifier: MIT */
/*
 * What serve and run have in common: the command's own options, a server
 * configured from the rest, and the ready line.
 */
#ifndef CLI_LAUNCH_H
#define CLI_LAUNCH_H

#include <sys/types.h>

#include "cli/settings.h"

#define LAUNCH_FOREVER (-1LL)
#define LAUNCH_ORPHAN ((pid_t)-1)

/* The command's own options, understood; texts are lent from the settings. */
struct launch {
	const char *ready_file; /* NULL: none */
	int ready_fd; /* -1: none */
	long long exit_after_ms; /* LAUNCH_FOREVER: none */
	bool with_parent;
	pid_t
	    parent; /* the one that started us; LAUNCH_ORPHAN: it has ended already */
	struct oplog log;
};

/* Call first thing, while the parent is the one that started us. 0, or an exit code after a complaint. */
int launch_read(struct launch *l, const struct settings *s);

/* Give the library its options and scenarios. 0, or an exit code after a complaint. */
int launch_configure(struct mockndes *m, const struct settings *s);

/* Complain of what the library refused; from_env: a value of the environment. Gives the exit code. */
int launch_refused(
    const struct mockndes *m, const struct settings *s, bool from_env);

/* The ready line to file and descriptor and, unless descriptor 1 is that, to standard output. 0, or -1 after a complaint. */
int launch_announce(const struct launch *l, const char *line, bool on_stdout);

/* Milliseconds of the monotonic clock. */
long long launch_now_ms(void);

#endif
