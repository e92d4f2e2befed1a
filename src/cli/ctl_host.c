/* SPDX-License-Identifier: MIT */
/* Verbs about the model of the deployment: what is true, mended and broken, brought into force. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"

/* ---- get ---- */

static bool
is_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(path, prefix, n) == 0 &&
	    (path[n] == '\0' || path[n] == '.');
}

/* The part of the document that a dotted key names. */
static const json_t *
part_of(const json_t *model, const char *key)
{
	const char *name;
	json_t *member;

	if (key[0] == '\0')
		return model;
	json_object_foreach((json_t *)(uintptr_t)model, name, member)
	{
		size_t n = strlen(name);

		if (is_below(key, name))
			return part_of(member, key + n + (key[n] == '.'));
	}
	return NULL;
}

static int
print_part(struct ctl *c, const json_t *model, const char *key)
{
	const json_t *part = part_of(model, key);
	const char *meant = ctl_meant(c, key);
	char *text;

	if (part == NULL)
		return ctl_usage(c, "ctl %s: there is no key \"%s\"%s%s%s",
		    c->verb->name, key, meant == NULL ? "" : "; did you mean ",
		    meant == NULL ? "" : meant, meant == NULL ? "" : "?");
	text =
	    c->json ? json_dumps(part, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	if (c->json)
		printf("%s\n", text == NULL ? "" : text);
	else
		ctl_print(part);
	free(text);
	return 0;
}

/* Without keys all of them; view=in-force may stand among them. */
static int
get(struct ctl *c, int argc, char **argv)
{
	char *query[2] = { NULL, NULL };
	struct ctl_call call = { .path = "/v1/host", .query = query };
	struct ctl_answer answer = { 0 };
	json_t *model = NULL;
	int kept = 0, rc;

	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "view=", 5) == 0)
			query[0] = argv[i];
		else
			argv[kept++] = argv[i];
	}
	if (kept == 0)
		return ctl_show(c, &call, ctl_print);
	rc = ctl_ask(c, &call, &answer);
	if (rc == 0) {
		model = json_loadb(answer.body, answer.size, 0, NULL);
		for (int i = 0; rc == 0 && i < kept; i++)
			rc = print_part(c, model, argv[i]);
	}
	json_decref(model);
	ctl_answer_clear(&answer);
	return rc;
}

/* ---- set ---- */

/* A value as the API wants it: JSON where it is such, else a text. */
static json_t *
value_of(const char *text)
{
	json_t *value =
	    json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

	return value != NULL ? value : json_string(text);
}

/* Put a value under its dotted key; false when a part of it has a value already. */
static bool
put(json_t *root, const char *key, json_t *value)
{
	char name[64];
	size_t n = strcspn(key, ".");
	json_t *inner;

	if (n == 0 || n >= sizeof name)
		goto no;
	memcpy(name, key, n);
	name[n] = '\0';
	if (key[n] == '\0')
		return json_object_set_new(root, name, value) == 0;
	inner = json_object_get(root, name);
	if (inner == NULL) {
		inner = json_object();
		if (json_object_set_new(root, name, inner) != 0)
			goto no;
	}
	if (json_is_object(inner))
		return put(inner, key + n + 1, value);
no:
	json_decref(value);
	return false;
}

static void
print_pending(const json_t *json)
{
	const json_t *pending = json_object_get(json, "pending");
	static const struct ctl_column columns[] = { { "WAITS", "key" },
		{ "FOR A RESTART OF", "restart" }, { 0 } };

	if (json_array_size(pending) == 0)
		puts("in force");
	else
		ctl_print_table(pending, columns);
}

/* KEY=VALUE into the patch; ttl is none of the model. */
static int
add_pair(struct ctl *c, json_t *patch, char **query, char *pair)
{
	char *value = strchr(pair, '=');

	if (strncmp(pair, "ttl=", 4) == 0) {
		query[0] = pair;
		return 0;
	}
	*value++ = '\0';
	if (put(patch, pair, value_of(value)))
		return 0;
	return ctl_usage(
	    c, "ctl host set: \"%s\" is no key beside the others", pair);
}

static int
set(struct ctl *c, int argc, char **argv)
{
	char *query[] = { NULL, NULL };
	json_t *patch = json_object();
	char *body = NULL;
	int rc = ctl_are_pairs(c, argc, argv) ? 0 : EXIT_USAGE;

	for (int i = 0; rc == 0 && i < argc; i++)
		rc = add_pair(c, patch, query, argv[i]);
	if (rc == 0) {
		body = json_dumps(patch, JSON_COMPACT);
		rc = body == NULL ? EXIT_FAILED
				  : ctl_show(c,
					&(struct ctl_call){ .method = "PATCH",
					    .path = "/v1/host",
					    .query = query,
					    .body = body,
					    .body_size = strlen(body) },
					print_pending);
	}
	free(body);
	json_decref(patch);
	return rc;
}

static int
restart(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return ctl_show(c,
	    &(struct ctl_call){ .method = "POST",
		.path = "/v1/restart/%s",
		.name = argv[0],
		.body = "" },
	    print_pending);
}

const struct ctl_verb ctl_host_verbs[] = {
	{ "host", "[KEY...] [view=in-force]", 0, -1, "the model, or keys of it",
	    get },
	{ "host get", "[KEY...] [view=in-force]", 0, -1, "the same", get },
	{ "host set", "KEY=VALUE... [ttl=60s]", 1, -1, "mend or break it",
	    set },
	{ "restart", "WHAT", 1, 1, "app-pool, iis, computer, connector, ...",
	    restart },
	{ 0 },
};
