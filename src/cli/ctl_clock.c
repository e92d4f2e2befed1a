/* SPDX-License-Identifier: MIT */
/* Verbs about the clock of a site: shifted, set, stopped, real again. */
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"

static int
put(struct ctl *c, json_t *json)
{
	char *body = json_dumps(json, JSON_COMPACT);
	int rc = EXIT_FAILED;

	if (body != NULL)
		rc = ctl_show(c,
		    &(struct ctl_call){ .method = "PUT",
			.path = "/v1/clock",
			.body = body,
			.body_size = strlen(body) },
		    ctl_print);
	free(body);
	json_decref(json);
	return rc;
}

static int
get(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(
	    c, &(struct ctl_call){ .path = "/v1/clock" }, ctl_print);
}

static int
offset(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return put(c, json_pack("{s:s}", "offset", argv[0]));
}

static int
now(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return put(c, json_pack("{s:s}", "now", argv[0]));
}

static int
freeze(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return put(c, json_pack("{s:b}", "frozen", 1));
}

static int
run_on(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return put(c, json_pack("{s:b}", "frozen", 0));
}

const struct ctl_verb ctl_clock_verbs[] = {
	{ "clock", "", 0, 0, "what time it is there", get },
	{ "clock offset", "DURATION", 1, 1,
	    "ahead of the real time; -1h: behind", offset },
	{ "clock now", "TIME", 1, 1, "set it: 2027-01-31T12:00:00Z", now },
	{ "clock freeze", "", 0, 0, "let it stand", freeze },
	{ "clock run", "", 0, 0, "let it go on", run_on },
	{ 0 },
};
