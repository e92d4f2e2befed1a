/* SPDX-License-Identifier: MIT */
/* Puts the command line together again, quoted for a POSIX shell. */
#include "cli/repeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
put_word(FILE *f, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";

	if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
		fputs(word, f);
		return;
	}
	fputc('\'', f);
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			fputs("'\\''", f);
		else
			fputc(*word, f);
	}
	fputc('\'', f);
}

static void
put_option(FILE *f, const char *name, const char *value)
{
	fprintf(f, " --%s ", name);
	put_word(f, value);
}

/* A secret is not for logs, and the seed is told apart. */
static bool
is_left_out(const char *name)
{
	return strcmp(name, "control-token") == 0 || strcmp(name, "seed") == 0;
}

static void
put_options(FILE *f, const struct settings *s)
{
	const struct mockndes_option *o;

	for (size_t i = 0; i < s->scenario_count; i++)
		put_option(f, "scenario", s->scenario[i]);
	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		if (s->value[i] == NULL || s->from_env[i] ||
		    strcmp(o->name, "scenario") == 0 || is_left_out(o->name))
			continue;
		if (o->value != NULL)
			put_option(f, o->name, s->value[i]);
		else if (strcmp(s->value[i], "true") == 0)
			fprintf(f, " --%s", o->name);
	}
}

char *
repeat_line(const struct settings *s, unsigned long long seed, char *const *cmd)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	bool ok;

	if (f == NULL)
		return NULL;
	fputs("mockndes run", f);
	put_options(f, s);
	fprintf(f, " --seed %llu --", seed);
	for (; *cmd != NULL; cmd++) {
		fputc(' ', f);
		put_word(f, *cmd);
	}
	ok = !ferror(f);
	if (fclose(f) == 0 && ok)
		return text;
	free(text);
	return NULL;
}
