/* SPDX-License-Identifier: MIT */
/* The environment of CMD: a copy of ours, never ours itself, which threads of the server may be reading. */
#include "cli/environment.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

struct variable {
	const char *name;
	const char *value; /* NULL: not to be there */
};

static bool
is_ours(const struct variable *ours, size_t n, const char *entry)
{
	size_t length = strcspn(entry, "=");

	for (size_t i = 0; i < n; i++)
		if (strlen(ours[i].name) == length &&
		    strncmp(ours[i].name, entry, length) == 0)
			return true;
	return false;
}

static char **
merge(char **theirs, const struct variable *ours, size_t n)
{
	size_t count = n, at = 0;
	char **env;

	for (size_t i = 0; theirs[i] != NULL; i++)
		count++;
	env = calloc(count + 1, sizeof *env);
	for (size_t i = 0; env != NULL && theirs[i] != NULL; i++) {
		if (is_ours(ours, n, theirs[i]))
			continue;
		env[at] = strdup(theirs[i]);
		if (env[at++] == NULL)
			goto no_memory;
	}
	for (size_t i = 0; env != NULL && i < n; i++) {
		if (ours[i].value == NULL)
			continue;
		if (asprintf(&env[at], "%s=%s", ours[i].name, ours[i].value) ==
		    -1) {
			env[at] = NULL;
			goto no_memory;
		}
		at++;
	}
	return env;
no_memory:
	environment_free(env);
	return NULL;
}

char **
environment_make(struct mockndes *m, const char *ca_file, const char *token)
{
	char seed[32];
	const struct variable ours[] = {
		{ "MOCKNDES_SCEP_URL", mockndes_url(m, "http") },
		{ "MOCKNDES_SCEP_URL_HTTPS", mockndes_url(m, "https") },
		{ "MOCKNDES_ADMIN_PAGE_URL", mockndes_url(m, "admin") },
		{ "MOCKNDES_CONTROL_URL", mockndes_url(m, "control") },
		{ "MOCKNDES_CONTROL_TOKEN", token },
		{ "MOCKNDES_CHALLENGE", mockndes_challenge(m) },
		{ "MOCKNDES_CA_FILE", ca_file },
		{ "MOCKNDES_SCENARIO", mockndes_scenario(m) },
		{ "MOCKNDES_SEED", seed },
	};

	snprintf(seed, sizeof seed, "%llu", mockndes_seed(m));
	return merge(environ, ours, nitems(ours));
}

void
environment_free(char **env)
{
	for (size_t i = 0; env != NULL && env[i] != NULL; i++)
		free(env[i]);
	free(env);
}
