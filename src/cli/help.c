/* SPDX-License-Identifier: MIT */
/* mockndes help: what there is, each on one screen of 80 by 24. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/settings.h"

static int
put_name(char *out, size_t size, const struct mockndes_option *o)
{
	return snprintf(out, size, "--%s%s%s", o->name,
	    o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
}

/* Two that say the same, one behind the other, are a line. */
static bool
are_twins(const struct mockndes_option *a, const struct mockndes_option *b)
{
	return b != NULL && strcmp(a->doc, b->doc) == 0 &&
	    a->fallback != NULL && b->fallback != NULL;
}

static void
print_option(
    const struct mockndes_option *o, const struct mockndes_option *twin)
{
	char left[80];
	int n = put_name(left, sizeof left, o);

	if (twin != NULL) {
		n += snprintf(left + n, sizeof left - (size_t)n, ", ");
		put_name(left + n, sizeof left - (size_t)n, twin);
	}
	printf("  %-20s  %s", left, o->doc);
	if (o->fallback != NULL)
		printf(" (%s%s%s)", o->fallback, twin != NULL ? ", " : "",
		    twin != NULL ? twin->fallback : "");
	putchar('\n');
}

static void
serve_help(void)
{
	const struct mockndes_option *o;

	/* A screen has room for no more lines than this and the options. */
	puts("usage: mockndes [serve] [OPTION...]   "
	     "Example: mockndes --scenario ra-expired");
	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		const struct mockndes_option *next = option_at(i + 1);

		if (option_is_runs(i))
			continue;
		if (!are_twins(o, next))
			next = NULL;
		print_option(o, next);
		i += next != NULL;
	}
}

void
command_help(const struct command *c)
{
	if (c->help != NULL)
		fputs(c->help, stdout);
	else
		serve_help();
}

static void
list_commands(void)
{
	const struct command *c;

	puts("mockndes " MOCKNDES_VERSION
	     ", a mock Microsoft NDES and SCEP server\n");
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		printf("  mockndes %-10s  %s\n", c->name, c->doc);
	puts("\nOptions are also MOCKNDES_<NAME> in the environment; a flag "
	     "beats it.");
	puts("`mockndes COMMAND --help` says more, `mockndes --version` its "
	     "version;\nthe manual is mockndes(1), mockndes-pipeline(7), "
	     "mockndes-scenario(5) and\nmockndes-control(7).\n\n"
	     "Example: mockndes --challenge secret\n"
	     "Then: curl "
	     "'http://127.0.0.1:8080/certsrv/mscep/mscep.dll"
	     "?operation=GetCACaps'");
}

int
help_run(int argc, char **argv)
{
	const struct command *c;

	if (argc > 2)
		return complain_usage("help", "one command at a time");
	if (argc == 1) {
		list_commands();
		return say_done(EXIT_FINE);
	}
	c = command_find(argv[1]);
	if (c == NULL)
		return complain_usage(
		    "help", "there is no command \"%s\"", argv[1]);
	command_help(c);
	return say_done(EXIT_FINE);
}
