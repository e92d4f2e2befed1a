/* SPDX-License-Identifier: MIT */
/* Clears up behind `run`, however that ends: the kernel closes our end of a pipe, whatever kills us. */
#include "cli/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

/* Only our end, or SIGKILL, may end it; and the pipe is all that it keeps open. */
static void
withdraw(int pipe)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGUSR1, SIGUSR2, SIGPIPE };

	for (size_t i = 0; i < nitems(ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "mockndes-keeper");
	(void)setsid();
	dup2(pipe, STDIN_FILENO);
	close_range(STDIN_FILENO + 1, ~0U, 0);
}

static _Noreturn void
keep(int pipe, const char *const *paths)
{
	child_target target = 0, said;
	ssize_t n;

	withdraw(pipe);
	do {
		n = read(STDIN_FILENO, &said, sizeof said);
		if (n == (ssize_t)sizeof said)
			target = said;
	} while (n > 0 || (n == -1 && errno == EINTR));
	for (size_t i = 0; paths[i] != NULL; i++)
		unlink(paths[i]);
	child_finish(target);
	_exit(0);
}

int
keeper_start(struct keeper *k, const char *const *paths)
{
	int ends[2];

	*k = (struct keeper){ 0, -1 };
	if (pipe2(ends, O_CLOEXEC) != 0) {
		complain("no pipe: %s", strerror(errno));
		return -1;
	}
	fflush(NULL);
	k->pid = fork();
	if (k->pid == 0)
		keep(ends[0], paths);
	close(ends[0]);
	k->fd = ends[1];
	if (k->pid != -1)
		return 0;
	complain("no process: %s", strerror(errno));
	k->pid = 0;
	close(k->fd);
	return -1;
}

void
keeper_watch(const struct keeper *k, child_target target)
{
	/* Less than PIPE_BUF, so it goes as a whole; an error means that the keeper was killed. */
	(void)!write(k->fd, &target, sizeof target);
}

void
keeper_end(struct keeper *k)
{
	if (k->pid == 0)
		return;
	close(k->fd);
	while (waitpid(k->pid, NULL, 0) == -1 && errno == EINTR)
		;
	*k = (struct keeper){ 0, -1 };
}
