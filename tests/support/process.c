/* SPDX-License-Identifier: MIT */
/* Children by fork and exec, their first line by a pipe; folders by nftw. */
#include "support/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 32
#define PATIENCE_MS 60000

static void
run(const char *program, char **argv, int out)
{
	int null = open("/dev/null", O_RDWR);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 0);
	dup2(out, 1);
	if (!getenv("PROCESS_LOUD"))
		dup2(null, 2);
	execv(program, argv);
	_exit(127);
}

void
process_begin(struct process *p, const char *const *arguments)
{
	const char *program = getenv("MOCKNDES");
	const char *argv[ARGUMENTS_MAX] = { "mockndes", "--http-port", "0",
		"--https-port", "off", "--control-port", "off" };
	int fd[2], n = 7;
	memset(p, 0, sizeof *p);
	while (*arguments && n + 1 < ARGUMENTS_MAX)
		argv[n++] = *arguments++;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	p->pid = fork();
	if (p->pid == 0)
		run(program ? program : "build/mockndes",
		    (char **)(uintptr_t)argv, fd[1]);
	close(fd[1]);
	assert_true(p->pid > 0);
	p->out = fd[0];
}

/* One line; false at the end of file, or when patience is over. */
static bool
read_line(int fd, char *out, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t n = 0;
	while (n + 1 < size && poll(&p, 1, PATIENCE_MS) == 1 &&
	    read(fd, out + n, 1) == 1) {
		if (out[n] == '\n') {
			out[n] = 0;
			return true;
		}
		n++;
	}
	return false;
}

bool
process_ready(struct process *p)
{
	static const char key[] = "\"scep_url\":\"";
	if (!read_line(p->out, p->line, sizeof p->line))
		return false;
	const char *at = strstr(p->line, key);
	if (!at)
		return false;
	at += strlen(key);
	snprintf(p->url, sizeof p->url, "%.*s", (int)strcspn(at, "\""), at);
	return true;
}

int
process_end(struct process *p, int signal)
{
	int status = 0;
	if (signal)
		kill(p->pid, signal);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	close(p->out);
	p->pid = 0;
	return status;
}

void
folder_new(char path[256])
{
	const char *tmp = getenv("TMPDIR");
	snprintf(path, 256, "%s/mockndes-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(path));
}

static int
remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
	(void)s;
	(void)type;
	(void)f;
	return remove(path);
}

void
folder_remove(const char *path)
{
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}
