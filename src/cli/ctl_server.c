/* SPDX-License-Identifier: MIT */
/* Verbs about the server itself: what it is, its figures, back to its start, its end. */
#include <stdio.h>

#include "cli/ctl.h"

static int
info(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(c, &(struct ctl_call){ .path = "/v1/info" }, ctl_print);
}

static int
live(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(c, &(struct ctl_call){ .path = "/v1/live" }, ctl_print);
}

static int
ready(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(
	    c, &(struct ctl_call){ .path = "/v1/ready" }, ctl_print);
}

static int
metrics(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(c, &(struct ctl_call){ .path = "/metrics" }, NULL);
}

static int
openapi(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(c, &(struct ctl_call){ .path = "/openapi.json" }, NULL);
}

static int
schema(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(
	    c, &(struct ctl_call){ .path = "/schema/scenario-1.json" }, NULL);
}

/* The parts as one parameter: "only=journal,counters". */
static int
reset(struct ctl *c, int argc, char **argv)
{
	char only[256] = "only=";
	char *query[] = { only, NULL };
	size_t n = 5;

	for (int i = 0; i < argc && n < sizeof only; i++)
		n += (size_t)snprintf(only + n, sizeof only - n, "%s%s",
		    i > 0 ? "," : "", argv[i]);
	if (n >= sizeof only)
		return ctl_usage(c, "ctl reset: too many parts");
	return ctl_show(c,
	    &(struct ctl_call){ .method = "POST",
		.path = "/v1/reset",
		.query = argc > 0 ? query : NULL,
		.body = "" },
	    ctl_print);
}

static int
shutdown_now(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(c,
	    &(struct ctl_call){
		.method = "POST", .path = "/v1/shutdown", .body = "" },
	    ctl_print);
}

const struct ctl_verb ctl_server_verbs[] = {
	{ "info", "", 0, 0, "what runs: version, scenario, seed, URLs", info },
	{ "live", "", 0, 0, "does the process answer?", live },
	{ "ready", "", 0, 0, "is it ready for clients?", ready },
	{ "metrics", "", 0, 0, "figures, as Prometheus reads them", metrics },
	{ "openapi", "", 0, 0, "what the API has, as OpenAPI", openapi },
	{ "schema", "", 0, 0, "what a scenario file has, as JSON Schema",
	    schema },
	{ "reset", "[PART...]", 0, -1, "back to the start, or parts of it",
	    reset },
	{ "shutdown", "", 0, 0, "let the server end", shutdown_now },
	{ 0 },
};
