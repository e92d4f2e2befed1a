/* SPDX-License-Identifier: MIT */
/* Verbs about scenarios: which is in force, another one, the catalogue, whether a file is sound. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ctl.h"

/* A file that is there, or standard input; else it is the name of a built-in one. */
static bool
is_file(const char *word)
{
	return strcmp(word, "-") == 0 || access(word, F_OK) == 0;
}

static void
print_scenario(const json_t *json)
{
	static const struct ctl_column columns[] = { { "SCENARIO", "name" },
		{ "EXPECTS", "expects" }, { "TITLE", "title" }, { 0 } };
	const json_t *list = json_object_get(json, "scenarios");

	ctl_complaints(NULL, json_object_get(json, "warnings"));
	ctl_print_table(list, columns);
	if (json_array_size(list) == 0)
		puts("healthy");
	if (json_is_true(json_object_get(json, "rules_changed")))
		puts("rules were changed since");
	if (json_is_true(json_object_get(json, "temporary")))
		puts("for a while");
}

static int
get(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(
	    c, &(struct ctl_call){ .path = "/v1/scenario" }, print_scenario);
}

/* What is to be used, from the arguments. */
struct use {
	char **query; /* KEY=VALUE, then name=; NULL behind them */
	size_t pairs;
	char *names; /* "name=a+b"; NULL: none */
	const char *file;
	char *text; /* of the file */
	size_t size;
};

/* Gives an exit code. */
static int
use_word(struct ctl *c, struct use *u, char *word)
{
	char *more = NULL;

	if (strchr(word, '=') != NULL && !is_file(word)) {
		u->query[u->pairs++] = word;
		return 0;
	}
	if (u->file != NULL || (u->names != NULL && is_file(word)))
		return ctl_usage(c,
		    "ctl scenario use: one file, or names; what belongs "
		    "together goes into one file");
	if (is_file(word)) {
		u->file = word;
		u->text = ctl_read(word, &u->size);
		return u->text == NULL ? EXIT_FAILED : 0;
	}
	if (asprintf(&more, "%s%s%s", u->names == NULL ? "name=" : u->names,
		u->names == NULL ? "" : "+", word) == -1) {
		complain("no memory");
		return EXIT_FAILED;
	}
	free(u->names);
	u->names = more;
	return 0;
}

/* One file as the body, or names as a parameter; KEY=VALUE goes with either. */
static int
use(struct ctl *c, int argc, char **argv)
{
	struct use u = { .query = calloc((size_t)argc + 2, sizeof *u.query) };
	int rc = 0;

	if (u.query == NULL) {
		complain("no memory");
		return EXIT_FAILED;
	}
	for (int i = 0; rc == 0 && i < argc; i++)
		rc = use_word(c, &u, argv[i]);
	if (rc == 0 && u.file == NULL && u.names == NULL)
		rc = ctl_usage(c, "ctl scenario use: which?");
	u.query[u.pairs] = u.names;
	if (rc == 0)
		rc = ctl_show(c,
		    &(struct ctl_call){ .method = "PUT",
			.path = "/v1/scenario",
			.query = u.query,
			.source = u.file,
			.body = u.text == NULL ? "" : u.text,
			.body_size = u.size },
		    print_scenario);
	free(u.text);
	free(u.names);
	free(u.query);
	return rc;
}

static int
reset(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(c,
	    &(struct ctl_call){ .method = "DELETE", .path = "/v1/scenario" },
	    print_scenario);
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

static void
print_check(const json_t *json)
{
	ctl_complaints(NULL, json_object_get(json, "warnings"));
	puts("sound");
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
		.source = argv[0],
		.body = text,
		.body_size = size },
	    print_check);
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
