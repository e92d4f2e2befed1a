/* SPDX-License-Identifier: MIT */
/*
 * The operator's log on standard error: short and coloured for a person at a
 * terminal, else one plain line with an ISO time and a level.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

#define LINE_MAX_BYTES 4096
#define RESET "\033[0m"
#define DIM "\033[2m"

enum { DEBUG_LEVEL, INFO_LEVEL, WARN_LEVEL, ERROR_LEVEL, LEVELS };

struct level {
	const char *name;
	const char *prefix; /* where there is no colour to tell */
	const char *colour, *reset;
};

static const struct level levels[LEVELS] = {
	[DEBUG_LEVEL] = { "debug", "", DIM, RESET },
	[INFO_LEVEL] = { "info", "", "", "" },
	[WARN_LEVEL] = { "warning", "warning: ", "\033[33m", RESET },
	[ERROR_LEVEL] = { "error", "error: ", "\033[31m", RESET },
};

bool
oplog_init(struct oplog *log, const char *when)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
	bool tty = isatty(STDERR_FILENO) == 1;

	log->least = INFO_LEVEL;
	if (strcmp(when, "always") == 0) {
		log->human = log->colour = true;
		return true;
	}
	if (strcmp(when, "never") != 0 && strcmp(when, "auto") != 0)
		return false;
	log->human = tty;
	log->colour = tty && strcmp(when, "auto") == 0 &&
	    (no == NULL || no[0] == '\0') &&
	    (term == NULL || strcmp(term, "dumb") != 0);
	return true;
}

static int
human_line(const struct oplog *log, char *out, size_t size,
    const struct timespec *now, const struct level *level, const char *text)
{
	struct tm tm;
	char at[16];

	localtime_r(&now->tv_sec, &tm);
	strftime(at, sizeof at, "%H:%M:%S", &tm);
	if (log->colour)
		return snprintf(out, size, DIM "%s" RESET " %s%s%s\n", at,
		    level->colour, text, level->reset);
	return snprintf(out, size, "%s %s%s\n", at, level->prefix, text);
}

static int
plain_line(char *out, size_t size, const struct timespec *now,
    const struct level *level, const char *text)
{
	struct tm tm;
	char at[32];

	gmtime_r(&now->tv_sec, &tm);
	strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", &tm);
	return snprintf(out, size, "%s.%03ldZ %s %s\n", at,
	    now->tv_nsec / 1000000, level->name, text);
}

void
oplog_line(void *ctx, int level, const char *text)
{
	const struct oplog *log = ctx;
	struct timespec now;
	char line[LINE_MAX_BYTES];
	ssize_t unused;
	int n;

	if (level < log->least)
		return;
	if (level >= LEVELS)
		level = ERROR_LEVEL;
	clock_gettime(CLOCK_REALTIME, &now);
	n = log->human
	    ? human_line(log, line, sizeof line, &now, &levels[level], text)
	    : plain_line(line, sizeof line, &now, &levels[level], text);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof line) {
		n = sizeof line;
		line[n - 1] = '\n';
	}
	/* One write, so that lines of several threads do not mix. */
	unused = write(STDERR_FILENO, line, (size_t)n);
	(void)unused; /* a log that nobody reads is no reason to stop */
}
