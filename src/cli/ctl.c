/* SPDX-License-Identifier: MIT */
/* Options of ctl, its table of verbs, and the choice of one. */
#include "cli/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ctl_verb *const nouns[] = {
	ctl_server_verbs,
	ctl_host_verbs,
	ctl_scenario_verbs,
	ctl_rules_verbs,
	ctl_requests_verbs,
	ctl_verify_verbs,
	ctl_pki_verbs,
	ctl_sessions_verbs,
	ctl_clock_verbs,
	ctl_evidence_verbs,
};

/* The i-th of all verbs; NULL behind the last. */
static const struct ctl_verb *
verb_at(size_t i)
{
	for (size_t n = 0; n < nitems(nouns); n++)
		for (const struct ctl_verb *v = nouns[n]; v->name != NULL; v++)
			if (i-- == 0)
				return v;
	return NULL;
}

static const char *
name_at(size_t i)
{
	const struct ctl_verb *v = verb_at(i);

	return v == NULL ? NULL : v->name;
}

static const struct ctl_verb *
find(const char *name)
{
	const struct ctl_verb *v;

	for (size_t i = 0; (v = verb_at(i)) != NULL; i++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

/* Has a verb this word alone, or as its first? */
static bool
is_noun(const char *word)
{
	const struct ctl_verb *v;
	size_t n = strlen(word);

	for (size_t i = 0; (v = verb_at(i)) != NULL; i++)
		if (strncmp(v->name, word, n) == 0 &&
		    (v->name[n] == '\0' || v->name[n] == ' '))
			return true;
	return false;
}

const char *
ctl_meant(const struct ctl *c, const char *arg)
{
	char two[64];
	const char *meant;

	snprintf(two, sizeof two, "%.*s %.30s",
	    (int)strcspn(c->verb->name, " "), c->verb->name, arg);
	meant = nearest(two, name_at);
	return meant != NULL && strchr(meant, ' ') != NULL ? meant : NULL;
}

int
ctl_usage(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;

	fputs("mockndes: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nusage: mockndes ctl %s%s%s\n", c->verb->name,
	    c->verb->args[0] == '\0' ? "" : " ", c->verb->args);
	return EXIT_USAGE;
}

/* ---- help ---- */

static void
print_verb(const struct ctl_verb *v)
{
	char left[64];

	snprintf(left, sizeof left, "%s%s%s", v->name,
	    v->args[0] == '\0' ? "" : " ", v->args);
	printf("  %-36s  %s\n", left, v->doc);
}

/* All verbs, or those of a noun. */
static int
print_verbs(const char *noun)
{
	const struct ctl_verb *v;
	size_t n = noun == NULL ? 0 : strlen(noun);

	for (size_t i = 0; (v = verb_at(i)) != NULL; i++)
		if (noun == NULL ||
		    (strncmp(v->name, noun, n) == 0 &&
			(v->name[n] == '\0' || v->name[n] == ' ')))
			print_verb(v);
	return say_done(EXIT_FINE);
}

/* ---- options ---- */

struct option {
	const char *name;
	const char **value; /* NULL: a switch */
};

/* Takes options out of the arguments, wherever they stand; gives an exit code. */
static int
read_options(struct ctl *c, int *argc, char **argv)
{
	const struct option options[] = { { "--url", &c->url },
		{ "--token", &c->token }, { "--site", &c->site } };
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		size_t n = strcspn(argv[i], "=");
		size_t row = 0;

		if (strncmp(argv[i], "--", 2) != 0) {
			argv[kept++] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "--json") == 0) {
			c->json = true;
			continue;
		}
		while (row < nitems(options) &&
		    (strlen(options[row].name) != n ||
			strncmp(argv[i], options[row].name, n) != 0))
			row++;
		if (row == nitems(options))
			return complain_usage(
			    "ctl", "there is no option %.*s", (int)n, argv[i]);
		if (argv[i][n] == '=')
			*options[row].value = argv[i] + n + 1;
		else if (i + 1 < *argc)
			*options[row].value = argv[++i];
		else
			return complain_usage(
			    "ctl", "%s wants a value", argv[i]);
	}
	*argc = kept;
	argv[kept] = NULL;
	return EXIT_FINE;
}

static const char *
from_environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' ? fallback : value;
}

/* ---- choice ---- */

static int
refuse_verb(const char *word, const char *second)
{
	char two[64];
	const char *meant;

	if (strcmp(word, "pending") == 0) {
		complain("ctl pending is not in this version: no request is "
			 "left pending yet");
		return EXIT_USAGE;
	}
	snprintf(two, sizeof two, "%.30s%s%.30s", word,
	    second == NULL ? "" : " ", second == NULL ? "" : second);
	meant = nearest(is_noun(word) ? two : word, name_at);
	if (meant == NULL)
		meant = nearest(two, name_at);
	if (meant != NULL)
		return complain_usage("ctl",
		    "there is no verb \"%s\"; did you mean %s?",
		    is_noun(word) ? two : word, meant);
	return complain_usage("ctl",
	    "there is no verb \"%s\"; `mockndes ctl help` lists them", word);
}

/* The verb of two words, or of one; *used counts them. */
static const struct ctl_verb *
choose(int argc, char **argv, int *used)
{
	const struct ctl_verb *v = NULL;
	char two[64];

	*used = 2;
	if (argc > 1 &&
	    snprintf(two, sizeof two, "%s %s", argv[0], argv[1]) <
		(int)sizeof two)
		v = find(two);
	if (v != NULL)
		return v;
	*used = 1;
	v = find(argv[0]);
	/* What would be an argument of a verb that takes none was meant as a word of it. */
	return v != NULL && argc > 1 && v->most == 0 ? NULL : v;
}

static int
run_verb(struct ctl *c, int argc, char **argv)
{
	int used, rc;

	c->verb = choose(argc, argv, &used);
	if (c->verb == NULL)
		return refuse_verb(argv[0], argv[1]);
	argc -= used;
	argv += used;
	if (argc < c->verb->least)
		return ctl_usage(c, "ctl %s wants %s", c->verb->name,
		    c->verb->least == 1 ? "an argument" : "arguments");
	if (c->verb->most >= 0 && argc > c->verb->most)
		return ctl_usage(c, "ctl %s: \"%s\" is too much", c->verb->name,
		    argv[c->verb->most]);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
	    (c->curl = curl_easy_init()) == NULL) {
		complain("libcurl does not start");
		return EXIT_FAILED;
	}
	rc = c->verb->run(c, argc, argv);
	curl_easy_cleanup(c->curl);
	curl_global_cleanup();
	return say_done(rc);
}

int
ctl_run(int argc, char **argv)
{
	struct ctl c = {
		.url = from_environment(
		    "MOCKNDES_CONTROL_URL", "http://127.0.0.1:8081"),
		.token = from_environment("MOCKNDES_CONTROL_TOKEN", NULL),
	};
	int rc = read_options(&c, &argc, argv);

	if (rc != EXIT_FINE)
		return rc;
	if (argc == 1)
		return complain_usage(
		    "ctl", "which verb? `mockndes ctl help` lists them");
	if (strcmp(argv[1], "help") == 0)
		return print_verbs(argv[2]);
	return run_verb(&c, argc - 1, argv + 1);
}
