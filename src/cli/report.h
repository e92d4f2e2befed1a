/* SPDX-License-Identifier: MIT */
/* What `mockndes run` says at its end, and the exit code that follows from it. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/child.h"
#include "cli/settings.h"

/* What is asked of it; texts are lent from the settings. */
struct report {
	const char *junit; /* file; NULL: none */
	bool verdict; /* the exit code is that of the expectations */
};

/* A run that has ended; all lent. */
struct report_run {
	struct mockndes *m; /* still running */
	const struct settings *settings;
	char *const *cmd;
	struct child_end end;
	long long took_ms;
};

/* 0, or an exit code after a complaint. */
int report_read(struct report *r, const struct settings *s);

/* Judge, report on standard error and in the file; gives the exit code of the run. */
int report_make(const struct report *r, const struct report_run *run);

#endif
