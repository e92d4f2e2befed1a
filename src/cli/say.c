/* SPDX-License-Identifier: MIT */
/* How the subcommands speak: complaints, and guesses at what was meant. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define WORD_MAX 64 /* longer words have no near neighbour */

void
complain(const char *fmt, ...)
{
	va_list ap;

	flockfile(stderr);
	fputs("mockndes: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	funlockfile(stderr);
}

int
complain_usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	fputs("mockndes: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry: mockndes %s --help\n", command);
	return EXIT_USAGE;
}

int
say_done(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	complain("standard output cannot be written");
	return EXIT_FAILED;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters to change, add or drop to make one word of the other. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t above = row[j];
			size_t swap = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = least(swap, 1 + least(above, row[j - 1]));
			diagonal = above;
		}
	}
	return row[nb];
}

const char *
nearest(const char *word, const char *(*at)(size_t i))
{
	const char *best = NULL, *name;
	size_t best_distance = strlen(word) / 2 + 1;

	if (best_distance > 4)
		best_distance = 4;
	for (size_t i = 0; (name = at(i)) != NULL; i++) {
		size_t d = distance(word, name);

		if (d < best_distance) {
			best_distance = d;
			best = name;
		}
	}
	return best;
}
