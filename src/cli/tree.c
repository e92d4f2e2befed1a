/* SPDX-License-Identifier: MIT */
/* A process and its descendants, by /proc, for signals where there is no process group to send them to. */
#include "cli/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TREE_MAX 4096 /* processes that are told */

struct stat_line {
	char state; /* 'Z': a zombie; 0: gone */
	pid_t parent, group;
};

/* From /proc/PID/stat: the fields behind the name, which is in brackets and may hold any. */
static struct stat_line
stat_of(int proc, const char *pid)
{
	struct stat_line line = { 0 };
	char path[32], text[512];
	char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "%.16s/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return line;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return line;
	text[n] = '\0';
	at = strrchr(text, ')');
	if (at == NULL || strlen(at) < 4)
		return line;
	line.state = at[2];
	line.parent = (pid_t)strtol(at + 4, &at, 10);
	line.group = (pid_t)strtol(at, NULL, 10);
	return line;
}

static bool
is_among(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Add whose parent is among them; one pass over /proc. */
static size_t
add_children(DIR *dir, pid_t *pids, size_t n)
{
	struct dirent *entry;

	rewinddir(dir);
	while (n < TREE_MAX && (entry = readdir(dir)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && !is_among(pids, n, pid) &&
		    is_among(
			pids, n, stat_of(dirfd(dir), entry->d_name).parent))
			pids[n++] = pid;
	}
	return n;
}

void
tree_signal(pid_t root, int sig)
{
	pid_t *pids = calloc(TREE_MAX, sizeof *pids);
	DIR *dir = opendir("/proc");
	size_t n = 1, before = 0;

	if (pids != NULL && dir != NULL) {
		pids[0] = root;
		while (n > before) {
			before = n;
			n = add_children(dir, pids, n);
		}
	}
	/* The root first, so that it does not go on to its next command when one ends. */
	kill(root, sig);
	for (size_t i = 1; i < n; i++)
		kill(pids[i], sig);
	if (dir != NULL)
		closedir(dir);
	free(pids);
}

bool
tree_lives(pid_t pid, bool group)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool lives = dir == NULL;

	while (!lives && (entry = readdir(dir)) != NULL) {
		pid_t one = (pid_t)strtol(entry->d_name, NULL, 10);
		struct stat_line line;

		if (one <= 0 || (!group && one != pid))
			continue;
		line = stat_of(dirfd(dir), entry->d_name);
		lives = line.state != 0 && line.state != 'Z' &&
		    line.state != 'X' && (!group || line.group == pid);
	}
	if (dir != NULL)
		closedir(dir);
	return lives;
}
