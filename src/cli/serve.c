/* SPDX-License-Identifier: MIT */
/*
 * mockndes serve: one server from its options to its end. Signals are blocked
 * before any thread starts and waited for here, so nothing of ours runs in a
 * signal handler.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

#define FOREVER (-1LL)

/* The command's own options, understood. */
struct plan {
	const char *ready_file; /* NULL: none */
	int ready_fd; /* -1: none */
	long long exit_after_ms; /* FOREVER: none */
	bool with_parent;
	pid_t parent;
	struct oplog log;
};

/* ---- options ---- */

static int
plan_read(struct plan *p, const struct settings *s)
{
	const char *fd = settings_own(s, "ready-fd");
	const char *after = settings_own(s, "exit-after");
	const char *with = settings_own(s, "exit-with-parent");
	const char *colour = settings_own(s, "log-colour");

	p->ready_file = settings_own(s, "ready-file");
	if (p->ready_file != NULL && p->ready_file[0] == '\0')
		return complain_usage("serve", "--ready-file wants a path");
	if (fd != NULL && !parse_fd(fd, &p->ready_fd))
		return complain_usage("serve",
		    "%s--ready-fd: \"%s\" is not a file descriptor",
		    settings_blame(s, "ready-fd"), fd);
	if (after != NULL && !parse_duration(after, &p->exit_after_ms))
		return complain_usage("serve",
		    "%s--exit-after: \"%s\" is not a duration; write a number "
		    "and ms, s, m, h or d, as in 90s",
		    settings_blame(s, "exit-after"), after);
	if (with != NULL && !parse_bool(with, &p->with_parent))
		return complain_usage("serve",
		    "%s--exit-with-parent: \"%s\" is not true or false",
		    settings_blame(s, "exit-with-parent"), with);
	if (!oplog_init(&p->log, colour))
		return complain_usage("serve",
		    "%s--log-colour: \"%s\" is not auto, always or never",
		    settings_blame(s, "log-colour"), colour);
	return 0;
}

/* A complaint of the library; usage gets the pointer to help. */
static int
refused(const struct mockndes *m, bool from_env)
{
	enum mockndes_code code = mockndes_error_code(m);
	const char *from = from_env ? "from the environment: " : "";

	if (code == MOCKNDES_USAGE)
		return complain_usage("serve", "%s%s", from, mockndes_error(m));
	/* Complaints about a file carry its name and stand alone, as from a compiler. */
	if (code == MOCKNDES_SCENARIO)
		fprintf(stderr, "%s\n", mockndes_error(m));
	else
		complain("%s", mockndes_error(m));
	return code == MOCKNDES_OK ? EXIT_FAILED : (int)code;
}

static int
configure(struct mockndes *m, const struct settings *s)
{
	const struct mockndes_option *o;

	for (size_t i = 0; (o = mockndes_option(i)) != NULL; i++) {
		if (s->value[i] == NULL || strcmp(o->name, "scenario") == 0)
			continue;
		if (mockndes_set(m, o->name, s->value[i]) != 0)
			return refused(m, s->from_env[i]);
	}
	for (size_t i = 0; i < s->scenario_count; i++)
		if (mockndes_scenario_file(m, s->scenario[i]) != 0)
			return refused(m, false);
	return 0;
}

/* ---- signals ---- */

/*
 * SIGUSR1 is what the kernel sends when the parent, or only the thread of it
 * that started us, ends; so it asks for a look and is no order.
 */
static void
signals_block(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* From here on a second signal ends the process at once. */
static void
signals_release(const sigset_t *set)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGUSR1, SIG_IGN);
	pthread_sigmask(SIG_UNBLOCK, set, NULL);
}

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait for a reason to stop; gives it in words. */
static const char *
wait_for_end(const struct plan *p, const sigset_t *set, long long deadline)
{
	for (;;) {
		struct timespec left = { 3600, 0 };
		int sig;

		if (p->with_parent && getppid() != p->parent)
			return "the parent process has ended";
		if (deadline != FOREVER) {
			long long ms = deadline - now_ms();

			if (ms <= 0)
				return "the time of --exit-after is up";
			left.tv_sec = (time_t)(ms / 1000);
			left.tv_nsec = (long)(ms % 1000) * 1000000;
		}
		sig = sigtimedwait(set, NULL, &left);
		if (sig == SIGINT)
			return "SIGINT";
		if (sig == SIGTERM)
			return "SIGTERM";
		if (sig == SIGHUP)
			return "SIGHUP";
	}
}

/* ---- the life of a server ---- */

/* For the person at a terminal, who would not read JSON. */
static void
greet(const struct mockndes *m, const struct plan *p)
{
	static const char *const which[] = { "http", "https", "admin",
		"control" };
	struct oplog log = p->log;
	char text[256];

	for (size_t i = 0; i < nitems(which); i++) {
		const char *url = mockndes_url(m, which[i]);

		if (url == NULL)
			continue;
		snprintf(text, sizeof text, "%s: %s", which[i], url);
		oplog_line(&log, 1, text);
	}
}

static int
announce(const struct plan *p, const char *line)
{
	if (p->ready_file != NULL && ready_file_write(p->ready_file, line) != 0)
		return -1;
	if (p->ready_fd != -1 && ready_fd_write(p->ready_fd, line) != 0)
		return -1;
	/* Last, so that who reads it finds the file there. */
	if (p->ready_fd != STDOUT_FILENO)
		printf("%s\n", line);
	return say_done(EXIT_FINE) == EXIT_FINE ? 0 : -1;
}

static int
serve(struct mockndes *m, const struct plan *p, const sigset_t *set)
{
	long long deadline =
	    p->exit_after_ms == FOREVER ? FOREVER : now_ms() + p->exit_after_ms;
	struct oplog log = p->log;
	struct files_limit before;
	char text[128];
	int rc = EXIT_FINE;

	files_raise(&before);
	if (mockndes_start(m) != 0)
		return refused(m, false);
	if (announce(p, mockndes_ready_line(m)) != 0) {
		rc = EXIT_FAILED;
	} else {
		greet(m, p);
		snprintf(text, sizeof text, "stopping: %s",
		    wait_for_end(p, set, deadline));
		oplog_line(&log, 1, text);
	}
	/* Not ready any more; and nothing is left behind if we are killed now. */
	if (p->ready_file != NULL)
		unlink(p->ready_file);
	signals_release(set);
	mockndes_stop(m);
	return rc;
}

int
serve_run(int argc, char **argv)
{
	struct plan plan = {
		.ready_fd = -1, .exit_after_ms = FOREVER, .parent = getppid()
	};
	struct settings settings;
	struct mockndes *m = NULL;
	sigset_t set;
	int rc = settings_read(&settings, argc, argv);

	if (rc == 0)
		rc = plan_read(&plan, &settings);
	if (rc != 0)
		goto out;
	signals_block(&set);
	if (plan.with_parent)
		prctl(PR_SET_PDEATHSIG, SIGUSR1);
	m = mockndes_new();
	if (m == NULL) {
		complain("no memory");
		rc = EXIT_FAILED;
		goto out;
	}
	mockndes_log(m, oplog_line, &plan.log);
	rc = configure(m, &settings);
	if (rc == 0)
		rc = serve(m, &plan, &set);
out:
	mockndes_free(m);
	settings_clear(&settings);
	return rc;
}
