/* SPDX-License-Identifier: MIT */
/* CMD as a process. All of its signals are waited for in one place, so nothing of ours runs in a handler. */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/launch.h"
#include "cli/tree.h"

#define GRACE_MS 5000 /* from SIGTERM to SIGKILL */
#define LOOK_MS 20 /* how often we look whether a group is empty */

static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1,
	SIGUSR2 };
/* Peers that went and files that may not grow are errors of that write. */
static const int ignored[] = { SIGPIPE, SIGXFSZ };

void
child_init(struct child *c)
{
	*c = (struct child){ 0 };
	sigemptyset(&c->heard);
	for (size_t i = 0; i < nitems(passed_on); i++)
		sigaddset(&c->heard, passed_on[i]);
	sigaddset(&c->heard, SIGCHLD);
	sigaddset(&c->heard, CHILD_PARENT_GONE);
	pthread_sigmask(SIG_BLOCK, &c->heard, &c->before);
	/* Where it is ignored, nobody could be awaited. */
	signal(SIGCHLD, SIG_DFL);
	/* Orphans of CMD come to us, so that a group is seen to be empty at once. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	files_raise(&c->files);
	sigemptyset(&c->defaults);
	for (size_t i = 0; i < nitems(ignored); i++) {
		if (signal(ignored[i], SIG_IGN) == SIG_DFL)
			sigaddset(&c->defaults, ignored[i]);
	}
}

void
child_release_signals(const struct child *c)
{
	const struct timespec now = { 0 };

	while (sigtimedwait(&c->heard, NULL, &now) > 0)
		;
	pthread_sigmask(SIG_SETMASK, &c->before, NULL);
}

/* ---- starting ---- */

static bool
has_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

int
child_start(struct child *c, char **argv, char *const *env)
{
	bool own_group = !has_terminal();
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	posix_spawnattr_t how;
	int rc = posix_spawnattr_init(&how);

	if (rc != 0)
		return rc;
	if (own_group)
		flags |= POSIX_SPAWN_SETPGROUP;
	(void)posix_spawnattr_setflags(&how, flags);
	(void)posix_spawnattr_setsigmask(&how, &c->before);
	(void)posix_spawnattr_setsigdefault(&how, &c->defaults);
	(void)posix_spawnattr_setpgroup(&how, 0);
	files_restore(&c->files);
	rc = posix_spawnp(&c->pid, argv[0], NULL, &how, argv, env);
	files_raise(&c->files);
	posix_spawnattr_destroy(&how);
	if (rc != 0)
		c->pid = 0;
	c->target = own_group ? -c->pid : c->pid;
	return rc;
}

/* ---- telling ---- */

void
child_signal(child_target target, int sig)
{
	if (target < 0)
		kill(target, sig);
	else if (target > 0)
		tree_signal(target, sig);
}

/* A stopped one must go on to hear it. */
static void
tell_to_end(child_target target)
{
	child_signal(target, SIGTERM);
	child_signal(target, SIGCONT);
}

static bool
is_gone(child_target target)
{
	return target == 0 || (kill(target, 0) == -1 && errno == ESRCH);
}

/* Give it until the deadline to be gone by itself. */
static void
kill_at(child_target target, long long deadline)
{
	const struct timespec look = { 0, LOOK_MS * 1000000L };

	while (!is_gone(target) && launch_now_ms() < deadline) {
		if (target > 0 || waitpid(target, NULL, WNOHANG) <= 0)
			nanosleep(&look, NULL);
	}
	if (!is_gone(target))
		child_signal(target, SIGKILL);
}

void
child_finish(child_target target)
{
	if (is_gone(target))
		return;
	tell_to_end(target);
	kill_at(target, launch_now_ms() + GRACE_MS);
}

/* ---- waiting ---- */

struct waiting {
	const struct child_limits *limits;
	long long deadline; /* below 0: none */
	bool told; /* to end; the deadline is for SIGKILL then */
	struct child_end end;
};

/* Has it ended? It stays a zombie. */
static bool
has_ended(const struct child *c, struct child_end *end)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) !=
		0 ||
	    info.si_pid != c->pid)
		return false;
	end->by_signal = info.si_code != CLD_EXITED;
	end->code = info.si_status + (end->by_signal ? EXIT_SIGNAL : 0);
	return true;
}

/* Orphans that have come to us, and ended. */
static void
reap_others(const struct child *c)
{
	siginfo_t info = { 0 };

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid != 0 && info.si_pid != c->pid) {
		waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}

static void
tell(struct waiting *w, const struct child *c)
{
	tell_to_end(c->target);
	w->told = true;
	w->deadline = launch_now_ms() + GRACE_MS;
}

/* What the clock and the parent have to say. */
static void
look_around(struct waiting *w, const struct child *c)
{
	bool late = w->deadline >= 0 && launch_now_ms() >= w->deadline;

	if (w->told && late) {
		child_signal(c->target, SIGKILL);
		w->deadline = LAUNCH_FOREVER;
	} else if (!w->told && late) {
		w->end.timed_out = true;
		tell(w, c);
	} else if (!w->told && w->limits->parent != 0 &&
	    getppid() != w->limits->parent) {
		tell(w, c);
	}
}

/* The terminal tells all of its foreground itself, and the kernel signs for it. */
static bool
came_from_terminal(const struct child *c, const siginfo_t *info)
{
	return c->target > 0 && info->si_code == SI_KERNEL;
}

static void
hear(struct waiting *w, const struct child *c)
{
	struct timespec left = { 3600, 0 };
	siginfo_t info;
	int sig;

	if (w->deadline >= 0) {
		long long ms = w->deadline - launch_now_ms();

		if (ms < 0)
			ms = 0;
		left.tv_sec = (time_t)(ms / 1000);
		left.tv_nsec = (long)(ms % 1000) * 1000000;
	}
	sig = sigtimedwait(&c->heard, &info, &left);
	if (sig <= 0 || sig == SIGCHLD || sig == CHILD_PARENT_GONE ||
	    came_from_terminal(c, &info))
		return;
	child_signal(c->target, sig);
}

struct child_end
child_wait(struct child *c, const struct child_limits *limits)
{
	struct waiting w = { .limits = limits, .deadline = LAUNCH_FOREVER };

	if (limits->timeout_ms >= 0)
		w.deadline = launch_now_ms() + limits->timeout_ms;
	while (!has_ended(c, &w.end)) {
		reap_others(c);
		look_around(&w, c);
		hear(&w, c);
	}
	if (w.told && c->target < 0) {
		/* Its group lives on as long as one is in it. */
		child_reap(c);
		kill_at(c->target, launch_now_ms() + GRACE_MS);
	}
	return w.end;
}

void
child_reap(struct child *c)
{
	if (c->pid != 0)
		waitpid(c->pid, NULL, 0);
	c->pid = 0;
}
