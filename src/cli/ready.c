/* SPDX-License-Identifier: MIT */
/* The ready line for those who wait: a file that is never seen half written, or a descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cli/cli.h"

static int
write_line(int fd, const char *line)
{
	char *text = NULL;
	const char *at;
	int n = asprintf(&text, "%s\n", line);
	size_t left;
	int rc = -1;

	if (n < 0)
		return -1;
	at = text;
	left = (size_t)n;
	while (left > 0) {
		ssize_t wrote = write(fd, at, left);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			goto out;
		at += wrote;
		left -= (size_t)wrote;
	}
	rc = 0;
out:
	free(text);
	return rc;
}

int
ready_fd_write(int fd, const char *line)
{
	/* Standard output and error stay open for what else goes there. */
	if (write_line(fd, line) != 0 || (fd > 2 && close(fd) != 0)) {
		complain(
		    "descriptor %d cannot be written: %s", fd, strerror(errno));
		return -1;
	}
	return 0;
}

int
ready_file_write(const char *path, const char *line)
{
	char *temporary = NULL;
	int fd = -1, rc = -1;

	if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0) {
		complain("no memory");
		return -1;
	}
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd == -1 || write_line(fd, line) != 0) {
		complain("%s: %s", temporary, strerror(errno));
		goto out;
	}
	if (rename(temporary, path) != 0) {
		complain("%s: %s", path, strerror(errno));
		goto out;
	}
	rc = 0;
out:
	if (fd != -1) {
		close(fd);
		if (rc != 0)
			unlink(temporary);
	}
	free(temporary);
	return rc;
}
