/* SPDX-License-Identifier: MIT */
/*
 * mockndes serve: one server from its options to its end. Signals are blocked
 * before any thread starts and waited for here, so nothing of ours runs in a
 * signal handler.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/launch.h"

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
	/* A file that may not grow is an error of that write, no reason to die. */
	signal(SIGXFSZ, SIG_IGN);
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

/* Wait for a reason to stop; gives it in words. */
static const char *
wait_for_end(const struct launch *l, const sigset_t *set, long long deadline)
{
	for (;;) {
		struct timespec left = { 3600, 0 };
		int sig;

		if (l->with_parent && getppid() != l->parent)
			return "the parent process has ended";
		if (deadline != LAUNCH_FOREVER) {
			long long ms = deadline - launch_now_ms();

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
greet(const struct mockndes *m, const struct launch *l)
{
	static const char *const which[] = { "http", "https", "admin",
		"control" };
	struct oplog log = l->log;
	char text[256];

	for (size_t i = 0; i < nitems(which); i++) {
		const char *url = mockndes_url(m, which[i]);

		if (url == NULL)
			continue;
		snprintf(text, sizeof text, "%s: %s", which[i], url);
		oplog_line(&log, 1, text);
	}
}

/* From a thread of the server: the end is waited for in ours. */
static void
asked_to_stop(void *ctx)
{
	(void)ctx;
	kill(getpid(), SIGTERM);
}

static int
serve(struct mockndes *m, const struct settings *settings,
    const struct launch *l, const sigset_t *set)
{
	long long deadline = l->exit_after_ms == LAUNCH_FOREVER
	    ? LAUNCH_FOREVER
	    : launch_now_ms() + l->exit_after_ms;
	struct oplog log = l->log;
	struct files_limit before;
	char text[128];
	int rc = EXIT_FINE;

	files_raise(&before);
	if (mockndes_start(m) != 0)
		return launch_refused(m, settings, false);
	if (launch_announce(l, mockndes_ready_line(m), true) != 0) {
		rc = EXIT_FAILED;
	} else {
		greet(m, l);
		snprintf(text, sizeof text, "stopping: %s",
		    wait_for_end(l, set, deadline));
		oplog_line(&log, 1, text);
	}
	/* Not ready any more; and nothing is left behind if we are killed now. */
	if (l->ready_file != NULL)
		unlink(l->ready_file);
	signals_release(set);
	mockndes_stop(m);
	return rc;
}

int
serve_run(int argc, char **argv)
{
	struct launch launch;
	struct settings settings;
	struct mockndes *m = NULL;
	sigset_t set;
	int rc = settings_read(&settings, "serve", argc, argv);

	if (rc == 0)
		rc = launch_read(&launch, &settings);
	if (rc != 0)
		goto out;
	signals_block(&set);
	if (launch.with_parent)
		prctl(PR_SET_PDEATHSIG, SIGUSR1);
	m = mockndes_new();
	if (m == NULL) {
		complain("no memory");
		rc = EXIT_FAILED;
		goto out;
	}
	mockndes_log(m, oplog_line, &launch.log);
	mockndes_on_shutdown(m, asked_to_stop, NULL);
	rc = launch_configure(m, &settings);
	if (rc == 0)
		rc = serve(m, &settings, &launch, &set);
out:
	mockndes_free(m);
	settings_clear(&settings);
	return rc;
}
