/* SPDX-License-Identifier: MIT */
/* mockndes check: all complaints about scenario files, at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static int
check_one(const char *file)
{
	unsigned errors = 0;
	char *text = mockndes_check(file, &errors);
	size_t n;

	if (text == NULL) {
		complain("no memory");
		return EXIT_FAILED;
	}
	n = strlen(text);
	if (errors == 0)
		printf("%s: sound\n", file);
	else
		printf("%s%s", text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
	free(text);
	return errors == 0 ? EXIT_FINE : EXIT_SCENARIO;
}

int
check_run(int argc, char **argv)
{
	int rc = EXIT_FINE, first = 1;

	if (first < argc && strcmp(argv[first], "--") == 0)
		first++;
	else if (first < argc && argv[first][0] == '-')
		return complain_usage(
		    "check", "there is no option %s", argv[first]);
	if (first == argc)
		return complain_usage("check", "which files?");
	for (int i = first; i < argc; i++) {
		int one = check_one(argv[i]);

		/* A failure of ours outweighs one of the file's. */
		if (one != EXIT_FINE && rc != EXIT_FAILED)
			rc = one;
	}
	return say_done(rc);
}
