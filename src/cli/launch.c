/* SPDX-License-Identifier: MIT */
/* From settings to a server that is about to start, for serve and run. */
#include "cli/launch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * Who is orphaned while he is being loaded finds another parent here, who takes
 * orphans in. That one is in another session, and we have not begun ours.
 */
static pid_t
find_parent(void)
{
	pid_t parent = getppid(), session = getsid(0), theirs;

	if (parent == 0 || session == getpid())
		return parent;
	theirs = getsid(parent);
	if (theirs == session || (theirs == -1 && errno == EPERM))
		return parent;
	return LAUNCH_ORPHAN;
}

int
launch_read(struct launch *l, const struct settings *s)
{
	const char *fd = settings_own(s, "ready-fd");
	const char *colour = settings_own(s, "log-colour");
	int rc;

	*l = (struct launch){ .ready_fd = -1,
		.exit_after_ms = LAUNCH_FOREVER,
		.parent = find_parent() };
	l->ready_file = settings_own(s, "ready-file");
	if (l->ready_file != NULL && l->ready_file[0] == '\0')
		return complain_usage(s->command, "--ready-file wants a path");
	if (fd != NULL && !parse_fd(fd, &l->ready_fd))
		return complain_usage(s->command,
		    "%s--ready-fd: \"%s\" is not a file descriptor",
		    settings_blame(s, "ready-fd"), fd);
	rc = settings_duration(s, "exit-after", &l->exit_after_ms);
	if (rc == 0)
		rc = settings_switch(s, "exit-with-parent", &l->with_parent);
	if (rc == 0 && !oplog_init(&l->log, colour))
		rc = complain_usage(s->command,
		    "%s--log-colour: \"%s\" is not auto, always or never",
		    settings_blame(s, "log-colour"), colour);
	return rc;
}

int
launch_refused(
    const struct mockndes *m, const struct settings *s, bool from_env)
{
	enum mockndes_code code = mockndes_error_code(m);
	const char *from = from_env ? "from the environment: " : "";

	if (code == MOCKNDES_USAGE)
		return complain_usage(
		    s->command, "%s%s", from, mockndes_error(m));
	/* Complaints about a file carry its name and stand alone, as from a compiler. */
	if (code == MOCKNDES_SCENARIO)
		fprintf(stderr, "%s\n", mockndes_error(m));
	else
		complain("%s", mockndes_error(m));
	return code == MOCKNDES_OK ? EXIT_FAILED : (int)code;
}

int
launch_configure(struct mockndes *m, const struct settings *s)
{
	const struct mockndes_option *o;

	for (size_t i = 0; (o = mockndes_option(i)) != NULL; i++) {
		if (s->value[i] == NULL || strcmp(o->name, "scenario") == 0)
			continue;
		if (mockndes_set(m, o->name, s->value[i]) != 0)
			return launch_refused(m, s, s->from_env[i]);
	}
	for (size_t i = 0; i < s->scenario_count; i++)
		if (mockndes_scenario_file(m, s->scenario[i]) != 0)
			return launch_refused(m, s, false);
	return 0;
}

int
launch_announce(const struct launch *l, const char *line, bool on_stdout)
{
	if (l->ready_file != NULL && ready_file_write(l->ready_file, line) != 0)
		return -1;
	if (l->ready_fd != -1 && ready_fd_write(l->ready_fd, line) != 0)
		return -1;
	/* Last, so that who reads it finds the file there. */
	if (on_stdout && l->ready_fd != STDOUT_FILENO)
		printf("%s\n", line);
	return say_done(EXIT_FINE) == EXIT_FINE ? 0 : -1;
}

long long
launch_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
