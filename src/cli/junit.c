/* SPDX-License-Identifier: MIT */
/* Adds the command of a run to the judgement, so that a report is never empty. */
#include "cli/junit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char end[] = "</testsuites>";

/* As text or a value; what XML cannot have becomes '?'. */
static void
put_escaped(FILE *f, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			/* A line end would become a blank in a value all the same. */
			fputc((unsigned char)*s < ' ' ? ' ' : *s, f);
			break;
		}
	}
}

static void
put_suite(FILE *f, char *const *cmd, double seconds, const char *why)
{
	fprintf(f,
	    "  <testsuite name=\"command\" tests=\"1\" failures=\"%d\" "
	    "errors=\"0\" time=\"%.3f\">\n    <testcase classname=\"command\" "
	    "name=\"",
	    why != NULL, seconds);
	for (size_t i = 0; cmd[i] != NULL; i++) {
		fputs(i > 0 ? " " : "", f);
		put_escaped(f, cmd[i]);
	}
	fprintf(f, "\" time=\"%.3f\"", seconds);
	if (why != NULL) {
		fputs(">\n      <failure message=\"", f);
		put_escaped(f, why);
		fputs("\"/>\n    </testcase>\n", f);
	} else {
		fputs("/>\n", f);
	}
	fputs("  </testsuite>\n", f);
}

char *
junit_make(
    const char *judgement, char *const *cmd, double seconds, const char *why)
{
	const char *at = strstr(judgement, end);
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	bool ok;

	if (f == NULL)
		return NULL;
	fprintf(f, "%.*s", at == NULL ? 0 : (int)(at - judgement), judgement);
	put_suite(f, cmd, seconds, why);
	fputs(end, f);
	ok = !ferror(f);
	if (fclose(f) == 0 && ok)
		return text;
	free(text);
	return NULL;
}
