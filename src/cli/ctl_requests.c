/* SPDX-License-Identifier: MIT */
/* Verbs about the journal: entries listed, shown, explained, taken apart, waited for, forgotten. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ctl.h"

static void
print_requests(const json_t *json)
{
	static const struct ctl_column columns[] = { { "ID", "id" },
		{ "TIME", "received" }, { "CLIENT", "client" },
		{ "METHOD", "method" }, { "OP", "op" },
		{ "TRANSACTION", "transaction" }, { "STATUS", "status" },
		{ "LAYER", "layer" }, { "RULE", "rule" },
		{ "PKISTATUS", "pki_status" }, { "FAILINFO", "fail_info" },
		{ "END", "end" }, { 0 } };
	const json_t *dropped = json_object_get(json, "dropped");

	ctl_print_table(json_object_get(json, "requests"), columns);
	if (json_integer_value(dropped) > 0)
		printf("%lld older ones were dropped\n",
		    json_integer_value(dropped));
}

static int
list(struct ctl *c, int argc, char **argv)
{
	if (!ctl_are_pairs(c, argc, argv))
		return EXIT_USAGE;
	return ctl_show(c,
	    &(struct ctl_call){ .path = "/v1/requests", .query = argv },
	    print_requests);
}

static int
show(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return ctl_show(c,
	    &(struct ctl_call){ .path = "/v1/requests/%s", .name = argv[0] },
	    ctl_print);
}

static int
explain(struct ctl *c, int argc, char **argv)
{
	char text[] = "format=text";
	char *query[] = { c->json ? NULL : text, NULL };

	(void)argc;
	return ctl_show(c,
	    &(struct ctl_call){ .path = "/v1/requests/%s/explain",
		.name = argv[0],
		.query = query },
	    NULL);
}

/* Octets are for a file or a pipe; a terminal would not like them. */
static int
octets(struct ctl *c, const char *path, const char *id)
{
	if (isatty(STDOUT_FILENO))
		return ctl_usage(c,
		    "ctl %s writes DER; let it go to a file, or to openssl "
		    "asn1parse -inform DER",
		    c->verb->name);
	return ctl_show(
	    c, &(struct ctl_call){ .path = path, .name = id }, NULL);
}

static int
message(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return octets(c, "/v1/requests/%s/message", argv[0]);
}

static int
reply(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	return octets(c, "/v1/requests/%s/reply", argv[0]);
}

static int
csr(struct ctl *c, int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "der") == 0)
		return octets(c, "/v1/requests/%s/csr", argv[0]);
	if (argc > 1)
		return ctl_usage(
		    c, "ctl requests csr: \"%s\" is not der", argv[1]);
	return ctl_show(c,
	    &(struct ctl_call){
		.path = "/v1/requests/%s/csr.pem", .name = argv[0] },
	    NULL);
}

static int
wait_for(struct ctl *c, int argc, char **argv)
{
	if (!ctl_are_pairs(c, argc, argv))
		return EXIT_USAGE;
	return ctl_show(c,
	    &(struct ctl_call){ .path = "/v1/requests/wait", .query = argv },
	    print_requests);
}

static int
clear(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(c,
	    &(struct ctl_call){ .method = "DELETE", .path = "/v1/requests" },
	    ctl_print);
}

#define FILTER "[FILTER=VALUE...]"

const struct ctl_verb ctl_requests_verbs[] = {
	{ "requests", FILTER, 0, -1, "the journal; op=PKIOperation status=500",
	    list },
	{ "requests list", FILTER, 0, -1, "the same", list },
	{ "requests show", "ID", 1, 1, "all of an entry", show },
	{ "requests explain", "ID", 1, 1, "what happened, in sentences",
	    explain },
	{ "requests message", "ID", 1, 1, "the pkiMessage, DER", message },
	{ "requests reply", "ID", 1, 1, "the body that was sent", reply },
	{ "requests csr", "ID [der]", 1, 2,
	    "the request for a certificate, PEM", csr },
	{ "requests wait", "[count=N] [timeout=10s]", 0, -1,
	    "wait for so many; filters too", wait_for },
	{ "requests clear", "", 0, 0, "forget all", clear },
	{ 0 },
};
