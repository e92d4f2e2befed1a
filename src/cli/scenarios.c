/* SPDX-License-Identifier: MIT */
/* mockndes scenarios: the built-in files as a table, or one of them for who has to find and mend it. */
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
		/* of a single fault the title says what it is */
		bool fault = strchr(name, '/') != NULL;
		char *text =
		    mockndes_scenario_part(name, fault ? "title" : "symptom");

		if (text == NULL) {
			complain("the scenario %s cannot be read", name);
			return EXIT_FAILED;
		}
		printf("%-*s", (int)(longest + GAP), name);
		print_wrapped(text, longest + GAP, width);
		free(text);
	}
	return EXIT_FINE;
}

/* ---- one of them ---- */

#define PAGE 79 /* columns where there is no terminal */
#define INDENT 2

struct page {
	const char *name;
	size_t width;
	bool failed;
};

/* A part that the caller frees; NULL marks the page as failed. */
static char *
part(struct page *p, const char *which)
{
	char *text = mockndes_scenario_part(p->name, which);

	if (text == NULL)
		p->failed = true;
	return text;
}

/* A line of a part below its heading; a number, or the tab of a call, moves it in. */
static void
print_line(const struct page *p, const char *line)
{
	size_t digits = strspn(line, "0123456789");

	if (line[0] == '\t') {
		printf("%*s%s\n", INDENT + 3, "", line + 1);
	} else if (digits > 0 && line[digits] == '.' &&
	    line[digits + 1] == ' ') {
		printf("%*s%.*s ", INDENT, "", (int)digits + 1, line);
		print_wrapped(line + digits + 2, INDENT + 2 + digits, p->width);
	} else {
		printf("%*s", INDENT, "");
		print_wrapped(line, INDENT, p->width);
	}
}

static void
print_part(struct page *p, const char *heading, const char *which)
{
	char *text = part(p, which);
	char *rest = text, *line;

	if (text != NULL && text[0] != '\0') {
		printf("\n%s\n", heading);
		while ((line = strsep(&rest, "\n")) != NULL)
			if (line[0] != '\0')
				print_line(p, line);
	}
	free(text);
}

static void
print_head(struct page *p)
{
	char *title = part(p, "title"), *source = part(p, "source"),
	     *fidelity = part(p, "fidelity");

	if (!p->failed) {
		printf("%s: ", p->name);
		print_wrapped(title, strlen(p->name) + 2, p->width);
		printf("%*s%s; ", INDENT, "", fidelity);
		print_wrapped(source, INDENT + strlen(fidelity) + 2, p->width);
	}
	free(title);
	free(source);
	free(fidelity);
}

static int
print(const char *name)
{
	struct page p = { name, columns(), false };

	if (p.width == 0 || p.width > PAGE)
		p.width = PAGE;
	print_head(&p);
	print_part(&p, "What the client sees", "symptom");
	print_part(&p, "Where to look", "evidence");
	print_part(&p, "Why", "cause");
	print_part(&p, "How to mend it", "mend");
	print_part(&p, "What a correct client does", "expect");
	printf("\nTry it\n"
	       "  mockndes serve --scenario %s --log-dir logs\n"
	       "  mockndes run --scenario %s -- CMD\n"
	       "  Or on any server below /x/%s/certsrv/mscep/mscep.dll;\n"
	       "  its calls of the control API end in ?site=x/%s\n",
	    name, name, name, name);
	if (!p.failed)
		return EXIT_FINE;
	complain("the scenario %s cannot be read", name);
	return EXIT_FAILED;
}

static int
print_yaml(const char *name)
{
	char *text = mockndes_scenario_part(name, "yaml");

	if (text == NULL) {
		complain("the scenario %s cannot be read", name);
		return EXIT_FAILED;
	}
	fputs(text, stdout);
	free(text);
	return EXIT_FINE;
}

/* ---- all of them, for a README ---- */

/* A cell of a table in Markdown: one line, what the table is made of escaped. */
static void
print_cell(struct page *p, const char *which)
{
	char *text = part(p, which);
	const char *c = text == NULL ? "" : text;

	fputs("| ", stdout);
	for (; *c != '\0'; c++) {
		if (*c == '\n')
			fputs(c[1] == '\0' ? "" : "; ", stdout);
		else if (strchr("|<*_\\", *c) != NULL)
			printf("\\%c", *c);
		else
			putchar(*c);
	}
	putchar(' ');
	free(text);
}

/* Faults that are put in by rules have none; they are too many for a table. */
static bool
has_cause(const char *name)
{
	char *text = mockndes_scenario_part(name, "cause");
	bool has = text != NULL && text[0] != '\0';

	free(text);
	return has;
}

static int
markdown(void)
{
	struct page p = { NULL, 0, false };

	puts("| id | what the client sees | where to look | cause |\n"
	     "|---|---|---|---|");
	for (size_t i = 0; (p.name = mockndes_builtin(i)) != NULL; i++) {
		if (!has_cause(p.name))
			continue;
		printf("| `%s` ", p.name);
		print_cell(&p, "symptom");
		print_cell(&p, "evidence");
		print_cell(&p, "cause");
		puts("|");
	}
	if (!p.failed)
		return EXIT_FINE;
	complain("a scenario cannot be read");
	return EXIT_FAILED;
}

/* ---- the command ---- */

/* NULL after a complaint. */
static const char *
find(const char *name)
{
	const char *builtin, *meant;

	for (size_t i = 0; (builtin = mockndes_builtin(i)) != NULL; i++)
		if (strcmp(builtin, name) == 0)
			return builtin;
	meant = nearest(name, mockndes_builtin);
	if (meant != NULL)
		complain(
		    "there is no built-in scenario \"%s\"; did you mean %s?",
		    name, meant);
	else
		complain(
		    "there is no built-in scenario \"%s\"; `mockndes scenarios` lists them",
		    name);
	return NULL;
}

int
scenarios_run(int argc, char **argv)
{
	bool yaml = argc > 1 && strcmp(argv[1], "--yaml") == 0;
	const char *name;

	if (argc == 2 && strcmp(argv[1], "--markdown") == 0)
		return say_done(markdown());
	if (argc > 1 && argv[1][0] == '-' && !yaml)
		return complain_usage(
		    "scenarios", "there is no option %s", argv[1]);
	argv += yaml;
	argc -= yaml;
	if (argc > 2)
		return complain_usage("scenarios", "one name at most");
	if (argc == 1 && yaml)
		return complain_usage("scenarios", "--yaml wants a name");
	if (argc == 1)
		return say_done(list());
	name = find(argv[1]);
	if (name == NULL)
		return EXIT_SCENARIO;
	return say_done(yaml ? print_yaml(name) : print(name));
}
