/* SPDX-License-Identifier: MIT */
/* Verbs about scenarios: which is in force, another one, the catalogue, whether a file is sound. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ctl.h"

static int
get(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(
	    c, &(struct ctl_call){ .path = "/v1/scenario" }, ctl_print);
}

/* A file that is there, or standard input; else it is the name of a built-in one. */
static bool
is_file(const char *word)
{
	return strcmp(word, "-") == 0 || access(word, F_OK) == 0;
}

/* One file as the body, or names as parameters; KEY=VALUE goes with either. */
static int
use(struct ctl *c, int argc, char **argv)
{
	char **query = calloc((size_t)argc + 1, sizeof *query);
	struct ctl_call call = { .method = "PUT", .path = "/v1/scenario" };
	char *text = NULL, *names = NULL;
	size_t size = 0, pairs = 0;
	int rc = 0;

	if (query == NULL) {
		complain("no memory");
		return EXIT_FAILED;
	}
	for (int i = 0; rc == 0 && i < argc; i++) {
		char *more = NULL;

		if (strchr(argv[i], '=') != NULL && !is_file(argv[i])) {
			query[pairs++] = argv[i];
		} else if (text != NULL ||
		    (names != NULL && is_file(argv[i]))) {
			rc = ctl_usage(c,
			    "ctl scenario use: one file, or names; put what "
			    "belongs together into one file");
		} else if (is_file(argv[i])) {
			text = ctl_read(argv[i], &size);
			rc = text == NULL ? EXIT_FAILED : 0;
		} else if (asprintf(&more, "%s%s%s",
			       names == NULL ? "name=" : names,
			       names == NULL ? "" : "+", argv[i]) == -1) {
			rc = EXIT_FAILED;
		} else {
			free(names);
			names = more;
		}
	}
	if (rc == 0 && text == NULL && names == NULL)
		rc = ctl_usage(c, "ctl scenario use: which?");
	if (names != NULL)
		query[pairs++] = names;
	call.query = query;
	call.body = text == NULL ? "" : text;
	call.body_size = size;
	if (rc == 0)
		rc = ctl_show(c, &call, ctl_print);
	free(text);
	free(names);
	free(query);
	return rc;
}

static int
reset(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(c,
	    &(struct ctl_call){ .method = "DELETE", .path = "/v1/scenario" },
	    ctl_print);
}

static void
print_catalogue(const json_t *json)
{
	static const struct ctl_column columns[] = { { "NAME", "name" },
		{ "FIDELITY", "fidelity" }, { "TITLE", "title" }, { 0 } };

	ctl_print_table(json_object_get(json, "scenarios"), columns);
}

static int
catalogue(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(
	    c, &(struct ctl_call){ .path = "/v1/scenarios" }, print_catalogue);
}

static int
check(struct ctl *c, int argc, char **argv)
{
	size_t size;
	char *text = ctl_read(argv[0], &size);
	int rc;

	(void)argc;
	if (text == NULL)
		return EXIT_FAILED;
	rc = ctl_show(c,
	    &(struct ctl_call){ .method = "POST",
		.path = "/v1/scenario/check",
		.body = text,
		.body_size = size },
	    ctl_print);
	free(text);
	return rc;
}

const struct ctl_verb ctl_scenario_verbs[] = {
	{ "scenario", "", 0, 0, "the one in force", get },
	{ "scenario get", "", 0, 0, "the same", get },
	{ "scenario use", "NAME|FILE [ttl=60s]", 1, -1, "put another in force",
	    use },
	{ "scenario reset", "", 0, 0, "the one of the start again", reset },
	{ "scenarios", "", 0, 0, "the built-in ones", catalogue },
	{ "check", "FILE", 1, 1, "is a scenario file sound?", check },
	{ 0 },
};
