/* SPDX-License-Identifier: MIT */
/*
 * The limit of open files. Each connection is one, and the soft limit is
 * often a low one for the sake of programs that select() on them; this one
 * does not, and takes what it may have.
 */
#include "cli/cli.h"

#include <sys/resource.h>

void
files_raise(struct files_limit *before)
{
	struct rlimit r;

	before->known = getrlimit(RLIMIT_NOFILE, &r) == 0;
	if (!before->known)
		return;
	before->soft = r.rlim_cur;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

void
files_restore(const struct files_limit *before)
{
	struct rlimit r;

	if (!before->known || getrlimit(RLIMIT_NOFILE, &r) != 0)
		return;
	r.rlim_cur = before->soft;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}
