/* SPDX-License-Identifier: MIT */
/* mockndes schema: the JSON Schema of scenario files. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"

int
schema_run(int argc, char **argv)
{
	char *text;

	if (argc > 1)
		return complain_usage(
		    "schema", "it takes no argument, and got %s", argv[1]);
	text = mockndes_schema();
	if (text == NULL) {
		complain("no memory");
		return EXIT_FAILED;
	}
	fputs(text, stdout);
	free(text);
	return say_done(EXIT_FINE);
}
