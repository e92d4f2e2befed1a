/* SPDX-License-Identifier: MIT */
/* What verbs take: KEY=VALUE as parameters or as an object, and files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ctl.h"

bool
ctl_are_pairs(const struct ctl *c, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *meant = ctl_meant(c, argv[i]);

		if (argv[i][0] != '=' && strchr(argv[i], '=') != NULL)
			continue;
		(void)ctl_usage(c, "ctl %s: \"%s\" is not KEY=VALUE%s%s%s",
		    c->verb->name, argv[i],
		    meant == NULL ? "" : "; did you mean ",
		    meant == NULL ? "" : meant, meant == NULL ? "" : "?");
		return false;
	}
	return true;
}

/* A file that is there as its text. NULL after a complaint. */
static json_t *
scenario_of(const char *text)
{
	char *file;
	size_t size;
	json_t *value = NULL;

	if (access(text, F_OK) != 0)
		return json_string(text);
	file = ctl_read(text, &size);
	if (file != NULL && (value = json_stringn(file, size)) == NULL)
		complain("%s is not UTF-8", text);
	free(file);
	return value;
}

static json_t *
value_of(const char *key, const char *text)
{
	char *end;
	long long n;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_boolean(text[0] == 't');
	if (strcmp(key, "scenario") == 0)
		return scenario_of(text);
	n = strtoll(text, &end, 10);
	if (strcmp(key, "seed") == 0 && text[0] != '\0' && *end == '\0')
		return json_integer(n);
	return json_string(text);
}

char *
ctl_object(const struct ctl *c, int argc, char **argv)
{
	json_t *object, *value;
	char *text = NULL;
	bool ok = true;

	if (!ctl_are_pairs(c, argc, argv))
		return NULL;
	object = json_object();
	for (int i = 0; ok && i < argc; i++) {
		char *at = strchr(argv[i], '=');

		*at++ = '\0';
		value = value_of(argv[i], at);
		ok = value != NULL;
		json_object_set_new(object, argv[i], value);
	}
	if (ok && (text = json_dumps(object, JSON_COMPACT)) == NULL)
		complain("no memory");
	json_decref(object);
	return text;
}

char *
ctl_read(const char *path, size_t *size)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = NULL, block[4096];
	FILE *out = open_memstream(&text, size);
	size_t n;
	bool ok = in != NULL && out != NULL;

	while (ok && (n = fread(block, 1, sizeof block, in)) > 0)
		ok = fwrite(block, 1, n, out) == n;
	if (!ok || ferror(in)) {
		complain("%s: %s", path, strerror(errno));
		ok = false;
	}
	if (out != NULL)
		fclose(out);
	if (in != NULL && in != stdin)
		fclose(in);
	if (ok)
		return text;
	free(text);
	return NULL;
}
