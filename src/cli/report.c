/* SPDX-License-Identifier: MIT */
/* How CMD ended, what the expectations say of it, and how to see it again. */
#include "cli/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/junit.h"
#include "cli/repeat.h"

/* The folder must be there before CMD has done its work. */
static int
check_folder(const char *file)
{
	char *folder = strdup(file);
	char *slash = folder == NULL ? NULL : strrchr(folder, '/');
	int rc = 0;

	if (slash != NULL) {
		slash[slash == folder] = '\0';
		if (access(folder, W_OK) != 0)
			rc = complain_usage(
			    "run", "--junit: %s: %s", folder, strerror(errno));
	}
	free(folder);
	return rc;
}

int
report_read(struct report *r, const struct settings *s)
{
	const char *journal = settings_value(s, "journal");

	r->junit = settings_own(s, "junit");
	if (r->junit != NULL && r->junit[0] == '\0')
		return complain_usage("run", "--junit wants a path");
	if (r->junit != NULL && check_folder(r->junit) != 0)
		return EXIT_USAGE;
	if (journal != NULL && strcmp(journal, "0") == 0)
		return complain_usage("run",
		    "%s--journal 0 leaves nothing to judge by",
		    settings_blame(s, "journal"));
	return settings_switch(s, "verdict", &r->verdict);
}

/* ---- how it ended ---- */

/* A sentence; the caller frees it. NULL when memory ran out. */
static char *
sentence(const struct child_end *end, const char *cmd)
{
	char *text = NULL;
	int n;

	if (end->timed_out)
		n = asprintf(&text, "%s was ended: its time was up", cmd);
	else if (end->by_signal)
		n = asprintf(&text, "%s died of signal %d (%s)", cmd,
		    end->code - EXIT_SIGNAL,
		    strsignal(end->code - EXIT_SIGNAL));
	else
		n = asprintf(&text, "%s exited with %d", cmd, end->code);
	return n == -1 ? NULL : text;
}

/* It was there, and its exit code is its own account of itself. */
static bool
speaks_for_itself(const struct child_end *end)
{
	return !end->timed_out && !end->by_signal &&
	    end->code != EXIT_NOT_RUNNABLE && end->code != EXIT_NOT_FOUND;
}

static int
exit_code(const struct report *r, const struct child_end *end,
    const struct mockndes_report *judged)
{
	bool held = mockndes_report_verdict(judged) == MOCKNDES_HELD;

	if (end->timed_out)
		return EXIT_TIMED_OUT;
	if (r->verdict && speaks_for_itself(end) &&
	    mockndes_report_expectations(judged) > 0)
		return held ? EXIT_FINE : EXIT_EXPECTATION;
	if (end->code != 0)
		return end->code;
	return held ? EXIT_FINE : EXIT_EXPECTATION;
}

/* ---- saying it ---- */

/* The report ends with the command line that has the same again; that of a failure has it already. */
static void
say(const struct mockndes_report *judged, const char *how, const char *repeat)
{
	complain("%s", how);
	fputs(mockndes_report_text(judged, "text"), stderr);
	if (mockndes_report_verdict(judged) == MOCKNDES_HELD)
		fprintf(stderr, "again: %s\n", repeat);
}

static int
write_junit(const struct report *r, const struct report_run *run,
    const struct mockndes_report *judged, const char *why)
{
	char *text = junit_make(mockndes_report_text(judged, "junit"), run->cmd,
	    (double)run->took_ms / 1000, why);
	int rc = -1;

	if (text == NULL)
		complain("no memory");
	else
		rc = ready_file_write(r->junit, text);
	free(text);
	return rc;
}

static int
judge(const struct report *r, const struct report_run *run, const char *how,
    const char *repeat)
{
	enum mockndes_client client = run->end.code == 0 && !run->end.timed_out
	    ? MOCKNDES_CLIENT_SUCCEEDED
	    : MOCKNDES_CLIENT_FAILED;
	struct mockndes_report *judged =
	    mockndes_verify(run->m, "", client, repeat);
	bool fails;
	int code;

	if (judged == NULL) {
		complain("%s", how);
		complain("%s", mockndes_error(run->m));
		return run->end.code != 0 ? run->end.code : EXIT_FAILED;
	}
	say(judged, how, repeat);
	code = exit_code(r, &run->end, judged);
	/* The command is a test that failed where the exit code is its own. */
	fails =
	    run->end.timed_out || (run->end.code != 0 && code == run->end.code);
	if (r->junit != NULL &&
	    write_junit(r, run, judged, fails ? how : NULL) != 0 &&
	    code == EXIT_FINE)
		code = EXIT_FAILED;
	mockndes_report_free(judged);
	return code;
}

int
report_make(const struct report *r, const struct report_run *run)
{
	char *repeat =
	    repeat_line(run->settings, mockndes_seed(run->m), run->cmd);
	char *how = sentence(&run->end, run->cmd[0]);
	int code = EXIT_FAILED;

	if (repeat == NULL || how == NULL)
		complain("no memory");
	else
		code = judge(r, run, how, repeat);
	free(repeat);
	free(how);
	return code;
}
