/* SPDX-License-Identifier: MIT */
/* CMD as a process. All of its signals are waited for in one place, so nothing of ours runs in a handler. */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
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

/*
 * In the new process, between fork and exec, where nothing is called that
 * another thread might have been amidst. Who keeps watch learns of us before
 * CMD begins, so there is no moment at which nobody would end it.
 */
static _Noreturn void
become(const struct child *c, bool own_group, const struct child_start *start,
    int failed)
{
	child_target us = getpid();
	int error;

	if (own_group) {
		(void)setpgid(0, 0);
		us = -us;
	}
	(void)!write(start->watcher, &us, sizeof us);
	files_restore(&c->files);
	for (size_t i = 0; i < nitems(ignored); i++)
		if (sigismember(&c->defaults, ignored[i]))
			signal(ignored[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, &c->before, NULL);
	execvpe(start->argv[0], start->argv, start->env);
	error = errno;
	(void)!write(failed, &error, sizeof error);
	_exit(EXIT_NOT_FOUND);
}

/* The errno of an exec that failed; 0 when the pipe closed with a good one. */
static int
await_exec(struct child *c, int failed)
{
	int error = 0;
	ssize_t n;

	do
		n = read(failed, &error, sizeof error);
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof error)
		return 0;
	child_reap(c);
	c->target = 0;
	return error;
}

int
child_start(struct child *c, const struct child_start *start)
{
	bool own_group = !has_terminal();
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	c->pid = fork();
	if (c->pid == 0)
		become(c, own_group, start, ends[1]);
	close(ends[1]);
	c->target = own_group ? -c->pid : c->pid;
	if (c->pid == -1) {
		rc = errno;
		c->pid = 0;
		c->target = 0;
	} else {
		rc = await_exec(c, ends[0]);
	}
	close(ends[0]);
	return rc;
}

/* ---- telling ---- */

static void
send_signal(child_target target, int sig)
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
	send_signal(target, SIGTERM);
	send_signal(target, SIGCONT);
}

static bool
is_gone(child_target target)
{
	if (target == 0 || (kill(target, 0) == -1 && errno == ESRCH))
		return true;
	/* Where init takes its time, they are there for kill(2) after their end. */
	return !tree_lives(target < 0 ? -target : target, target < 0);
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
		send_signal(target, SIGKILL);
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
		send_signal(c->target, SIGKILL);
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
	send_signal(c->target, sig);
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
