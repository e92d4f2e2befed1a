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
	if (errors > 0 || n > 0)
		printf("%s%s", text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
	if (errors == 0)
		printf("%s: sound\n", file);
	free(text);
	return errors == 0 ? EXIT_FINE : EXIT_SCENARIO;
}

#define DEFAULT_SEED "1"

/* The draws of a file that is sound. */
static int
print_draws(const char *file, const char *seed)
{
	char *end, *text;
	unsigned long long n = strtoull(seed, &end, 10);

	if (seed[0] < '0' || seed[0] > '9' || *end != '\0')
		return complain_usage(
		    "check", "--seed: \"%s\" is not a number", seed);
	text = mockndes_draws(file, n);
	if (text == NULL) {
		complain("no memory");
		return EXIT_FAILED;
	}
	printf("the first 50 draws of each rule under --seed %llu:\n%s", n,
	    text[0] == '\0' ? "there are no rules\n" : text);
	free(text);
	return EXIT_FINE;
}

/* Takes --draws and --seed N out of the arguments, wherever they stand; gives the exit code. */
static int
read_options(int *argc, char **argv, bool *draws, const char **seed)
{
	bool files_only = false;
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		if (files_only || argv[i][0] != '-')
			argv[kept++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			files_only = true;
		else if (strcmp(argv[i], "--draws") == 0)
			*draws = true;
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < *argc)
			*seed = argv[++i];
		else if (strncmp(argv[i], "--seed=", 7) == 0)
			*seed = argv[i] + 7;
		else
			return complain_usage(
			    "check", "there is no option %s", argv[i]);
	}
	*argc = kept;
	return EXIT_FINE;
}

int
check_run(int argc, char **argv)
{
	const char *seed = DEFAULT_SEED;
	bool draws = false;
	int rc = read_options(&argc, argv, &draws, &seed);

	if (rc != EXIT_FINE)
		return rc;
	if (argc == 1)
		return complain_usage("check", "which files?");
	for (int i = 1; i < argc; i++) {
		int one = check_one(argv[i]);

		if (one == EXIT_FINE && draws)
			one = print_draws(argv[i], seed);

		/* A failure of ours outweighs one of the file's. */
		if (one != EXIT_FINE && rc != EXIT_FAILED)
			rc = one;
	}
	return say_done(rc);
}
