/* SPDX-License-Identifier: MIT */
/* How CMD ended, what the expectations say of it, and how to see it again. */
#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/repeat.h"

int
report_read(struct report *r, const struct settings *s)
{
	r->junit = settings_own(s, "junit");
	if (r->junit != NULL && r->junit[0] == '\0')
		return complain_usage("run", "--junit wants a path");
	if (r->junit != NULL || settings_own(s, "verdict") != NULL)
		return complain_usage(
		    "run", "expectations are not judged in this version");
	return settings_switch(s, "verdict", &r->verdict);
}

static void
say_end(const struct child_end *end, const char *cmd)
{
	if (end->timed_out)
		complain("%s was ended: its time was up", cmd);
	else if (end->by_signal)
		complain("%s died of signal %d (%s)", cmd,
		    end->code - EXIT_SIGNAL,
		    strsignal(end->code - EXIT_SIGNAL));
	else
		complain("%s exited with %d", cmd, end->code);
}

int
report_make(const struct report *r, struct mockndes *m,
    const struct settings *s, const struct child_end *end, char *const *cmd)
{
	char *repeat = repeat_line(s, mockndes_seed(m), cmd);

	(void)r;
	say_end(end, cmd[0]);
	if (repeat != NULL)
		fprintf(stderr, "again: %s\n", repeat);
	free(repeat);
	return end->timed_out ? EXIT_TIMED_OUT : end->code;
}
