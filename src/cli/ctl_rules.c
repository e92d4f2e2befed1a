/* SPDX-License-Identifier: MIT */
/* Verbs about the rules of a site: listed with what they have counted, added, switched, removed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"

static void
print_rules(const json_t *json)
{
	static const struct ctl_column columns[] = { { "ID", "id" },
		{ "ENABLED", "enabled" }, { "MATCHED", "matched" },
		{ "HITS", "hits" }, { "TIMES", "times" },
		{ "CHANCE", "chance" }, { "PER", "per" }, { "WHEN", "when" },
		{ 0 } };

	ctl_print_table(json_object_get(json, "rules"), columns);
}

static int
list(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(
	    c, &(struct ctl_call){ .path = "/v1/rules" }, print_rules);
}

static int
show(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return ctl_show(c,
	    &(struct ctl_call){ .path = "/v1/rules/%s", .name = argv[0] },
	    ctl_print);
}

/* A call with the rule itself, argv[0], or the file of that name; KEY=VALUE behind it are parameters. */
static int
send_rule(struct ctl *c, struct ctl_call *call, int argc, char **argv,
    void (*print)(const json_t *))
{
	char *text = NULL;
	int rc;

	if (!ctl_are_pairs(c, argc - 1, argv + 1))
		return EXIT_USAGE;
	call->query = argv + 1;
	if (argv[0][0] == '{' || argv[0][0] == '[') {
		call->body = argv[0];
		call->body_size = strlen(argv[0]);
		call->source = "rule";
	} else {
		text = ctl_read(argv[0], &call->body_size);
		if (text == NULL)
			return EXIT_FAILED;
		call->body = text;
		call->source = argv[0];
	}
	rc = ctl_show(c, call, print);
	free(text);
	return rc;
}

static int
add(struct ctl *c, int argc, char **argv)
{
	return send_rule(c,
	    &(struct ctl_call){ .method = "POST", .path = "/v1/rules" }, argc,
	    argv, print_rules);
}

static int
change(struct ctl *c, int argc, char **argv)
{
	return send_rule(c,
	    &(struct ctl_call){
		.method = "PATCH", .path = "/v1/rules/%s", .name = argv[0] },
	    argc - 1, argv + 1, ctl_print);
}

static int
patch(struct ctl *c, const char *id, const char *body)
{
	return ctl_show(c,
	    &(struct ctl_call){ .method = "PATCH",
		.path = "/v1/rules/%s",
		.name = id,
		.body = body,
		.body_size = strlen(body) },
	    ctl_print);
}

static int
enable(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return patch(c, argv[0], "{\"enabled\":true}");
}

static int
disable(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return patch(c, argv[0], "{\"enabled\":false}");
}

static int
drop(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return ctl_show(c,
	    &(struct ctl_call){
		.method = "DELETE", .path = "/v1/rules/%s", .name = argv[0] },
	    ctl_print);
}

const struct ctl_verb ctl_rules_verbs[] = {
	{ "rules", "", 0, 0, "the rules, with what they have counted", list },
	{ "rules list", "", 0, 0, "the same", list },
	{ "rules show", "ID", 1, 1, "all of a rule", show },
	{ "rules add", "FILE|'{...}' [ttl=60s]", 1, -1, "one more", add },
	{ "rules change", "ID FILE|'{...}' [ttl=60s]", 2, -1,
	    "keys of it, '{\"times\":2}'", change },
	{ "rules enable", "ID", 1, 1, "let it apply", enable },
	{ "rules disable", "ID", 1, 1, "let it not apply", disable },
	{ "rules remove", "ID", 1, 1, "forget it", drop },
	{ 0 },
};
