/* SPDX-License-Identifier: MIT */
/* mockndes scenarios: the built-in files as a table, or one of them as it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

#define GAP 2

/* Columns of the terminal; 0: no terminal, a scenario is a line however long. */
static size_t
columns(void)
{
	struct winsize w;

	if (isatty(STDOUT_FILENO) != 1)
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
		return 80;
	return w.ws_col;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n';
}

/* Text in words, each line but the first indented; width 0: one line. */
static void
print_wrapped(const char *text, size_t indent, size_t width)
{
	size_t at = indent;

	while (*text != '\0') {
		size_t n = 0;

		while (is_blank(*text))
			text++;
		while (text[n] != '\0' && !is_blank(text[n]))
			n++;
		if (n == 0)
			break;
		if (at > indent && width > 0 && at + 1 + n > width) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)n, text);
		at += n;
		text += n;
	}
	putchar('\n');
}

static int
list(void)
{
	const char *name;
	size_t longest = 0, width = columns();

	for (size_t i = 0; (name = mockndes_builtin(i)) != NULL; i++)
		if (strlen(name) > longest)
			longest = strlen(name);
	for (size_t i = 0; (name = mockndes_builtin(i)) != NULL; i++) {
		char *symptom = mockndes_scenario_part(name, "symptom");

		if (symptom == NULL) {
			complain("the scenario %s cannot be read", name);
			return EXIT_FAILED;
		}
		printf("%-*s", (int)(longest + GAP), name);
		print_wrapped(symptom, longest + GAP, width);
		free(symptom);
	}
	return EXIT_FINE;
}

static int
print(const char *name)
{
	const char *builtin, *meant;
	char *text;

	for (size_t i = 0; (builtin = mockndes_builtin(i)) != NULL; i++)
		if (strcmp(builtin, name) == 0)
			break;
	if (builtin == NULL) {
		meant = nearest(name, mockndes_builtin);
		if (meant != NULL)
			complain(
			    "there is no built-in scenario \"%s\"; did you mean %s?",
			    name, meant);
		else
			complain(
			    "there is no built-in scenario \"%s\"; `mockndes scenarios` lists them",
			    name);
		return EXIT_SCENARIO;
	}
	text = mockndes_scenario_part(builtin, "yaml");
	if (text == NULL) {
		complain("the scenario %s cannot be read", name);
		return EXIT_FAILED;
	}
	fputs(text, stdout);
	free(text);
	return EXIT_FINE;
}

int
scenarios_run(int argc, char **argv)
{
	if (argc > 1 && argv[1][0] == '-')
		return complain_usage(
		    "scenarios", "there is no option %s", argv[1]);
	if (argc > 2)
		return complain_usage("scenarios", "one name at most");
	return say_done(argc == 2 ? print(argv[1]) : list());
}
