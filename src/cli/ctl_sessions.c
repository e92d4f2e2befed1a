/* SPDX-License-Identifier: MIT */
/* Verbs about private sites: made, listed, ended. */
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"

static void
print_sessions(const json_t *json)
{
	static const struct ctl_column columns[] = { { "ID", "id" },
		{ "SCENARIO", "scenario" }, { "SEED", "seed" },
		{ "TTL", "ttl" }, { "IDLE MS", "idle_ms" },
		{ "SCEP URL", "scep_url" }, { 0 } };

	ctl_print_table(json_object_get(json, "sessions"), columns);
}

static int
list(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(
	    c, &(struct ctl_call){ .path = "/v1/sessions" }, print_sessions);
}

static int
make(struct ctl *c, int argc, char **argv)
{
	char *body = ctl_object(c, argc, argv);
	int rc = EXIT_USAGE;

	if (body != NULL)
		rc = ctl_show(c,
		    &(struct ctl_call){ .method = "POST",
			.path = "/v1/sessions",
			.body = body,
			.body_size = strlen(body) },
		    ctl_print);
	free(body);
	return rc;
}

static int
show(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return ctl_show(c,
	    &(struct ctl_call){ .path = "/v1/sessions/%s", .name = argv[0] },
	    ctl_print);
}

static int
end(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	if (strcmp(argv[0], "all") == 0)
		return ctl_show(c,
		    &(struct ctl_call){
			.method = "DELETE", .path = "/v1/sessions" },
		    ctl_print);
	return ctl_show(c,
	    &(struct ctl_call){ .method = "DELETE",
		.path = "/v1/sessions/%s",
		.name = argv[0] },
	    ctl_print);
}

const struct ctl_verb ctl_sessions_verbs[] = {
	{ "sessions", "", 0, 0, "the private sites", list },
	{ "sessions list", "", 0, 0, "the same", list },
	{ "sessions new", "[scenario=X] [seed=N]", 0, -1,
	    "one more; also ttl=10m", make },
	{ "sessions show", "ID", 1, 1, "its URLs", show },
	{ "sessions end", "ID|all", 1, 1, "end it, or all", end },
	{ 0 },
};
