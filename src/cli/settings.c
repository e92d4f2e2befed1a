/* SPDX-License-Identifier: MIT */
/*
 * The options of serve and run: which there are, and what flags and environment say.
 * What a value of the library's options may be is left to mockndes_set().
 */
#include "cli/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The command's own options, of serve and of run; all others are the library's. */
static const struct mockndes_option own[] = {
	{ "ready-file", "FILE", NULL, "the ready line, removed at exit" },
	{ "ready-fd", "N", NULL, "the ready line, then the descriptor closes" },
	{ "exit-after", "D", NULL, "stop after 90s, 500ms, 5m, 2h" },
	{ "exit-with-parent", NULL, NULL, "stop when the parent process ends" },
	{ "log-colour", "WHEN", "auto", "auto, always or never" },
};

/* Of run alone. */
static const struct mockndes_option runs[] = {
	{ "timeout", "D", NULL,
	    "end CMD after 90s, 500ms, 5m, 2h; status 124" },
	{ "junit", "FILE", NULL, "the report as JUnit XML, written whole" },
	{ "verdict", NULL, NULL,
	    "0 or 5 by `expect:` alone, however CMD ended" },
	{ "verbose", NULL, NULL, "the operator's log of serve, too" },
};

static size_t
library_rows(void)
{
	size_t n = 0;

	while (mockndes_option(n) != NULL)
		n++;
	return n;
}

const struct mockndes_option *
option_at(size_t i)
{
	size_t n = library_rows();

	if (i < n)
		return mockndes_option(i);
	if (i - n < nitems(own))
		return &own[i - n];
	n += nitems(own);
	return i - n < nitems(runs) ? &runs[i - n] : NULL;
}

bool
option_is_runs(size_t i)
{
	size_t n = library_rows() + nitems(own);

	return i >= n && i - n < nitems(runs);
}

static bool
is_run(const struct settings *s)
{
	return strcmp(s->command, "run") == 0;
}

static const char *
name_for_run(size_t i)
{
	const struct mockndes_option *o = option_at(i);

	return o == NULL ? NULL : o->name;
}

static const char *
name_for_serve(size_t i)
{
	return option_is_runs(i) ? NULL : name_for_run(i);
}

/* Row of the command's option whose name is the first n bytes of text; -1: none. */
static int
option_find(const struct settings *s, const char *text, size_t n)
{
	const struct mockndes_option *o;

	for (size_t i = 0; i < SETTINGS_MAX && (o = option_at(i)) != NULL; i++)
		if (strlen(o->name) == n && strncmp(o->name, text, n) == 0)
			return option_is_runs(i) && !is_run(s) ? -1 : (int)i;
	return -1;
}

static int
refuse_unknown(const struct settings *s, const char *flag, size_t n)
{
	char name[64];
	const char *meant;

	snprintf(
	    name, sizeof name, "%.*s", n < sizeof name ? (int)n : 63, flag);
	meant = nearest(name, is_run(s) ? name_for_run : name_for_serve);
	if (meant != NULL)
		return complain_usage(s->command,
		    "there is no option --%s; did you mean --%s?", name, meant);
	return complain_usage(s->command, "there is no option --%s", name);
}

static void
give(struct settings *s, size_t row, const char *value)
{
	if (strcmp(option_at(row)->name, "scenario") == 0)
		s->scenario[s->scenario_count++] = value;
	s->value[row] = value;
}

/* Take argv[*i], and the argument behind it where that is its value. */
static int
read_flag(struct settings *s, int argc, char **argv, int *i)
{
	const char *flag = argv[*i] + 2;
	size_t n = strcspn(flag, "=");
	int row = option_find(s, flag, n);
	const struct mockndes_option *o;

	if (row == -1)
		return refuse_unknown(s, flag, n);
	o = option_at((size_t)row);
	if (flag[n] == '=')
		give(s, (size_t)row, flag + n + 1);
	else if (o->value == NULL)
		give(s, (size_t)row, "true");
	else if (*i + 1 < argc)
		give(s, (size_t)row, argv[++*i]);
	else
		return complain_usage(
		    "serve", "--%s wants a value: %s", o->name, o->value);
	return 0;
}

/* MOCKNDES_HTTP_PORT for http-port. */
static void
env_name(char *out, size_t size, const char *option)
{
	snprintf(out, size, "MOCKNDES_%s", option);
	for (char *c = out; *c != '\0'; c++) {
		if (*c == '-')
			*c = '_';
		else if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	}
}

/* A switch in the environment is 1 or 0 for most people; the options say true and false. */
static const char *
env_value(const struct mockndes_option *o, const char *value)
{
	if (o->value != NULL)
		return value;
	if (strcmp(value, "1") == 0)
		return "true";
	return strcmp(value, "0") == 0 ? "false" : value;
}

/* Names joined with '+', as run exports them and the ready line has them; or the one file of that name. */
static int
give_scenarios(struct settings *s, size_t row, const char *value)
{
	size_t n = 1;
	char *rest;

	for (const char *c = value; *c != '\0'; c++)
		n += *c == '+';
	if (n == 1 || access(value, F_OK) == 0) {
		give(s, row, value);
		return 0;
	}
	free(s->scenario);
	s->scenario = calloc(n, sizeof *s->scenario);
	s->names = rest = strdup(value);
	if (s->scenario == NULL || rest == NULL) {
		complain("no memory");
		return EXIT_FAILED;
	}
	while (rest != NULL)
		s->scenario[s->scenario_count++] = strsep(&rest, "+");
	s->value[row] = value;
	return 0;
}

static int
read_environment(struct settings *s)
{
	const struct mockndes_option *o;
	const char *value;
	char name[64];

	for (size_t i = 0; i < SETTINGS_MAX && (o = option_at(i)) != NULL;
	     i++) {
		if (s->value[i] != NULL || (option_is_runs(i) && !is_run(s)))
			continue;
		env_name(name, sizeof name, o->name);
		value = getenv(name);
		if (value == NULL || value[0] == '\0')
			continue;
		s->from_env[i] = true;
		if (strcmp(o->name, "scenario") != 0)
			give(s, i, env_value(o, value));
		else if (give_scenarios(s, i, value) != 0)
			return EXIT_FAILED;
	}
	return 0;
}

int
settings_read(struct settings *s, const char *command, int argc, char **argv)
{
	int rc;

	*s = (struct settings){ .command = command };
	/* One from each argument at most, and one from the environment. */
	s->scenario = calloc((size_t)argc + 1, sizeof *s->scenario);
	if (s->scenario == NULL) {
		complain("no memory");
		return EXIT_FAILED;
	}
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) != 0 || argv[i][2] == '\0')
			return complain_usage(s->command,
			    "\"%s\" is no option; %s", argv[i],
			    strcmp(command, "run") == 0
				? "write mockndes run [OPTION...] -- CMD ARG..."
				: "a scenario is given as --scenario NAME");
		rc = read_flag(s, argc, argv, &i);
		if (rc != 0)
			return rc;
	}
	return read_environment(s);
}

void
settings_clear(struct settings *s)
{
	free(s->scenario);
	free(s->names);
	*s = (struct settings){ .command = s->command };
}

const char *
settings_own(const struct settings *s, const char *name)
{
	int row = option_find(s, name, strlen(name));

	if (row == -1)
		return NULL;
	return s->value[row] != NULL ? s->value[row]
				     : option_at((size_t)row)->fallback;
}

const char *
settings_value(const struct settings *s, const char *name)
{
	int row = option_find(s, name, strlen(name));

	return row == -1 ? NULL : s->value[row];
}

const char *
settings_blame(const struct settings *s, const char *name)
{
	int row = option_find(s, name, strlen(name));

	return row != -1 && s->from_env[row] ? "from the environment: " : "";
}

int
settings_duration(const struct settings *s, const char *name, long long *ms)
{
	const char *value = settings_own(s, name);

	if (value == NULL || parse_duration(value, ms))
		return 0;
	return complain_usage(s->command,
	    "%s--%s: \"%s\" is not a duration; write a number and ms, s, m, h "
	    "or d, as in 90s",
	    settings_blame(s, name), name, value);
}

int
settings_switch(const struct settings *s, const char *name, bool *on)
{
	const char *value = settings_own(s, name);

	if (value == NULL || parse_bool(value, on))
		return 0;
	return complain_usage(s->command, "%s--%s: \"%s\" is not true or false",
	    settings_blame(s, name), name, value);
}

bool
parse_duration(const char *text, long long *ms)
{
	static const struct {
		const char *unit;
		long long ms;
	} units[] = {
		{ "ms", 1 },
		{ "s", 1000 },
		{ "m", 60 * 1000 },
		{ "h", 60 * 60 * 1000 },
		{ "d", 24 * 60 * 60 * 1000 },
	};
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 9)
		return false;
	for (size_t i = 0; i < nitems(units); i++) {
		if (strcmp(text + digits, units[i].unit) == 0) {
			*ms = strtoll(text, NULL, 10) * units[i].ms;
			return true;
		}
	}
	return false;
}

bool
parse_bool(const char *text, bool *on)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return false;
	*on = text[0] == 't';
	return true;
}

bool
parse_fd(const char *text, int *fd)
{
	size_t n = strlen(text);

	if (n == 0 || n > 6 || strspn(text, "0123456789") != n)
		return false;
	*fd = (int)strtol(text, NULL, 10);
	return true;
}
