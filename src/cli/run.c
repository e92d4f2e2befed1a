/* SPDX-License-Identifier: MIT */
/*
 * mockndes run: a server on free ports, CMD with its addresses in the
 * environment, and a judgement of what CMD did. Whatever ends us, a keeper
 * clears up. Nothing of ours goes to standard output: it is CMD's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/cli.h"
#include "cli/environment.h"
#include "cli/keeper.h"
#include "cli/launch.h"
#include "cli/report.h"

#define LOG_ERRORS_ONLY 3 /* a level of mockndes_log() */

struct run {
	struct settings settings;
	struct launch launch;
	struct report report;
	char **cmd; /* CMD, ARG..., NULL */
	struct mockndes *m;
	char *ca_file, *ready_file; /* absolute; owned; NULL: none */
	int ca_fd; /* -1: closed */
	struct keeper keeper;
	struct child child;
};

/* ---- options ---- */

/* Where CMD begins; 0 when there is none. */
static int
find_cmd(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
	return 0;
}

static int
read_options(struct run *r, int argc, char **argv)
{
	bool verbose = false;
	long long timeout = LAUNCH_FOREVER;
	int at = find_cmd(argc, argv);
	int rc =
	    settings_read(&r->settings, "run", at > 0 ? at - 1 : argc, argv);

	if (rc == 0 && at == 0)
		rc = complain_usage("run",
		    "what is to be run? Write mockndes run [OPTION...] -- CMD "
		    "ARG...");
	if (rc == 0)
		rc = launch_read(&r->launch, &r->settings);
	if (rc == 0)
		rc = settings_duration(&r->settings, "timeout", &timeout);
	if (rc == 0)
		rc = settings_switch(&r->settings, "verbose", &verbose);
	if (rc == 0)
		rc = report_read(&r->report, &r->settings);
	if (rc != 0)
		return rc;
	r->cmd = argv + at;
	if (!verbose)
		r->launch.log.least = LOG_ERRORS_ONLY;
	if (timeout != LAUNCH_FOREVER)
		r->launch.exit_after_ms = timeout;
	return 0;
}

/* ---- files ---- */

static int
no_memory(void)
{
	complain("no memory");
	return EXIT_FAILED;
}

/* As it is called from any folder; the caller frees it. */
static char *
absolute(const char *path)
{
	char *cwd, *out = NULL;

	if (path[0] == '/')
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (cwd == NULL || asprintf(&out, "%s/%s", cwd, path) == -1)
		out = NULL;
	free(cwd);
	return out;
}

/* The name alone, which nobody guesses: the keeper knows it before there is a file. */
static int
name_ca_file(struct run *r)
{
	const char *dir = getenv("TMPDIR");
	unsigned char random[8];
	char *name = NULL;

	if (dir == NULL || dir[0] == '\0')
		dir = "/tmp";
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
		complain("no randomness: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (asprintf(&name,
		"%s/mockndes-ca-%02x%02x%02x%02x%02x%02x%02x%02x.pem", dir,
		random[0], random[1], random[2], random[3], random[4],
		random[5], random[6], random[7]) == -1)
		return no_memory();
	r->ca_file = absolute(name);
	free(name);
	return r->ca_file == NULL ? no_memory() : 0;
}

/* Before the server starts, so that a folder that takes none is told first. */
static int
make_ca_file(struct run *r)
{
	r->ca_fd = open(r->ca_file,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r->ca_fd != -1)
		return 0;
	complain("no file for the CA certificates: %s: %s", r->ca_file,
	    strerror(errno));
	return EXIT_FAILED;
}

static int
write_ca_file(struct run *r)
{
	char *pem = mockndes_ca_pem(r->m);
	int fd = r->ca_fd, rc = EXIT_FAILED;
	size_t n;

	if (pem == NULL) {
		complain("%s", mockndes_error(r->m));
		return rc;
	}
	n = strlen(pem);
	/* Certificates are for all to read, CMD may be somebody else. */
	if (fchmod(fd, 0644) == 0 && write(fd, pem, n) == (ssize_t)n)
		rc = 0;
	r->ca_fd = -1;
	if (close(fd) != 0)
		rc = EXIT_FAILED;
	if (rc != 0)
		complain("%s: %s", r->ca_file, strerror(errno));
	free(pem);
	return rc;
}

/* ---- the life of a run ---- */

static int
start_keeper(struct run *r)
{
	const char *paths[3] = { 0 };
	int rc = name_ca_file(r);

	if (rc != 0)
		return rc;
	if (r->launch.ready_file != NULL) {
		r->ready_file = absolute(r->launch.ready_file);
		if (r->ready_file == NULL)
			rc = no_memory();
	}
	paths[0] = r->ca_file;
	paths[1] = r->ready_file;
	if (rc == 0 && keeper_start(&r->keeper, paths) != 0)
		rc = EXIT_FAILED;
	return rc;
}

/* Ports of serve are fixed ones; two of us must not meet. */
static int
start_server(struct run *r)
{
	int rc;

	if (mockndes_set(r->m, "http-port", "0") != 0 ||
	    mockndes_set(r->m, "https-port", "0") != 0 ||
	    mockndes_set(r->m, "control-port", "0") != 0)
		return launch_refused(r->m, &r->settings, false);
	mockndes_log(r->m, oplog_line, &r->launch.log);
	rc = launch_configure(r->m, &r->settings);
	if (rc != 0)
		return rc;
	if (mockndes_start(r->m) != 0)
		return launch_refused(r->m, &r->settings, false);
	rc = write_ca_file(r);
	if (rc == 0 &&
	    launch_announce(&r->launch, mockndes_ready_line(r->m), false) != 0)
		rc = EXIT_FAILED;
	return rc;
}

static int
start_child(struct run *r)
{
	char **env = environment_make(
	    r->m, r->ca_file, settings_value(&r->settings, "control-token"));
	struct child_start start = { r->cmd, env, r->keeper.fd };
	int failed;

	if (env == NULL)
		return no_memory();
	failed = child_start(&r->child, &start);
	environment_free(env);
	if (failed == 0)
		return 0;
	keeper_watch(&r->keeper, 0);
	complain("%s: %s", r->cmd[0], strerror(failed));
	return failed == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE;
}

static int
run_child(struct run *r)
{
	struct child_limits limits = {
		.timeout_ms = r->launch.exit_after_ms,
		.parent = r->launch.with_parent ? r->launch.parent : 0,
	};
	struct report_run run = { .m = r->m,
		.settings = &r->settings,
		.cmd = r->cmd,
		.took_ms = launch_now_ms() };
	int rc = start_child(r);

	if (rc != 0)
		return rc;
	run.end = child_wait(&r->child, &limits);
	run.took_ms = launch_now_ms() - run.took_ms;
	keeper_watch(&r->keeper, 0);
	child_reap(&r->child);
	return report_make(&r->report, &run);
}

static int
live(struct run *r)
{
	int rc = start_keeper(r);

	if (rc != 0)
		return rc;
	child_init(&r->child);
	if (r->launch.with_parent)
		prctl(PR_SET_PDEATHSIG, CHILD_PARENT_GONE);
	rc = make_ca_file(r);
	if (rc == 0)
		rc = start_server(r);
	if (rc == 0)
		rc = run_child(r);
	/* Not ready any more, and nothing is left behind if we are killed now. */
	keeper_end(&r->keeper);
	child_release_signals(&r->child);
	return rc;
}

int
run_run(int argc, char **argv)
{
	struct run r = { .ca_fd = -1 };
	int rc = read_options(&r, argc, argv);

	if (rc == 0) {
		r.m = mockndes_new();
		rc = r.m == NULL ? no_memory() : live(&r);
	}
	mockndes_free(r.m);
	if (r.ca_fd != -1)
		close(r.ca_fd);
	free(r.ca_file);
	free(r.ready_file);
	settings_clear(&r.settings);
	return rc;
}
