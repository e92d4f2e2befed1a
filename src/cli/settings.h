/* SPDX-License-Identifier: MIT */
/* The options of serve and run, and what flags and environment say of them. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/cli.h"

#define SETTINGS_MAX 48

struct settings {
	const char *command; /* "serve" or "run"; lent */
	const char *value[SETTINGS_MAX]; /* by row; NULL: not given */
	bool from_env[SETTINGS_MAX];
	const char **scenario; /* owned array of lent texts */
	size_t scenario_count;
	char *
	    names; /* owned; what they are lent from, when the environment joined them */
};

/* Rows of the library first, then those of the command itself, run's own last; NULL behind the last. */
const struct mockndes_option *option_at(size_t i);

/* True for rows that serve does not have. */
bool option_is_runs(size_t i);

/*
 * Read flags, then the environment for what no flag gave. 0, or an exit code
 * after a complaint. settings_clear() is right in both cases.
 */
int settings_read(
    struct settings *s, const char *command, int argc, char **argv);
void settings_clear(struct settings *s);

/* The value of one of the command's own options; NULL: not given. */
const char *settings_own(const struct settings *s, const char *name);

/* The value of any option as it was given, by flag or environment; NULL: not given. */
const char *settings_value(const struct settings *s, const char *name);

/* How a complaint of the option's value begins: it tells when the environment gave it. */
const char *settings_blame(const struct settings *s, const char *name);

/* One of the command's own options as a value, which stays as it is when it was not given. 0, or an exit code after a complaint. */
int settings_duration(
    const struct settings *s, const char *name, long long *ms);
int settings_switch(const struct settings *s, const char *name, bool *on);

/* Texts to values; false when they are none. Out-parameters untouched then. */
bool parse_duration(const char *text, long long *ms);
bool parse_bool(const char *text, bool *on);
bool parse_fd(const char *text, int *fd);

#endif
