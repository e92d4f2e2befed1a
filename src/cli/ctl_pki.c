/* SPDX-License-Identifier: MIT */
/* Verbs about the CA of a site: its certificates, those it has issued, passwords. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ctl.h"

/* "root" is root.pem. */
static int
ca(struct ctl *c, int argc, char **argv)
{
	const char *form = strrchr(argv[0], '.');
	char *name = NULL;
	int rc;

	(void)argc;
	if (form != NULL && strcmp(form, ".der") == 0 && isatty(STDOUT_FILENO))
		return ctl_usage(c, "ctl ca: DER is for a file or a pipe");
	if (asprintf(&name, "%s%s", argv[0], form == NULL ? ".pem" : "") ==
	    -1) {
		complain("no memory");
		return EXIT_FAILED;
	}
	rc = ctl_show(
	    c, &(struct ctl_call){ .path = "/v1/ca/%s", .name = name }, NULL);
	free(name);
	return rc;
}

static void
print_certificates(const json_t *json)
{
	static const struct ctl_column columns[] = { { "SERIAL", "serial" },
		{ "STATE", "state" }, { "NOT AFTER", "not_after" },
		{ "SUBJECT", "subject" }, { "TRANSACTION", "transaction" },
		{ 0 } };

	ctl_print_table(json_object_get(json, "certificates"), columns);
}

static int
certificates(struct ctl *c, int argc, char **argv)
{
	if (!ctl_are_pairs(c, argc, argv))
		return EXIT_USAGE;
	return ctl_show(c,
	    &(struct ctl_call){ .path = "/v1/certificates", .query = argv },
	    print_certificates);
}

static int
certificate(struct ctl *c, int argc, char **argv)
{
	char *name = NULL;
	int rc;

	(void)argc;
	if (asprintf(&name, "%s.pem", argv[0]) == -1) {
		complain("no memory");
		return EXIT_FAILED;
	}
	rc = ctl_show(c,
	    &(struct ctl_call){ .path = "/v1/certificates/%s", .name = name },
	    NULL);
	free(name);
	return rc;
}

static int
revoke_one(struct ctl *c, int argc, char **argv)
{
	char *query[] = { NULL, NULL };
	int rc;

	if (argc > 1 && asprintf(&query[0], "reason=%s", argv[1]) == -1) {
		complain("no memory");
		return EXIT_FAILED;
	}
	rc = ctl_show(c,
	    &(struct ctl_call){ .method = "POST",
		.path = "/v1/certificates/%s/revoke",
		.name = argv[0],
		.query = query,
		.body = "" },
	    ctl_print);
	free(query[0]);
	return rc;
}

static void
print_challenges(const json_t *json)
{
	static const struct ctl_column columns[] = { { "CHALLENGE",
							 "challenge" },
		{ "STATE", "state" }, { "EXPIRES", "expires_at" }, { 0 } };
	const json_t *list = json_object_get(json, "challenges");

	if (list != NULL)
		ctl_print_table(list, columns);
	else
		ctl_print(json);
}

static int
challenges(struct ctl *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ctl_show(c, &(struct ctl_call){ .path = "/v1/challenges" },
	    print_challenges);
}

/* The password alone, so that a shell can take it. */
static void
print_challenge(const json_t *json)
{
	const char *text =
	    json_string_value(json_object_get(json, "challenge"));

	if (text != NULL)
		puts(text);
	else
		print_challenges(json);
}

static int
new_challenge(struct ctl *c, int argc, char **argv)
{
	char *body = ctl_object(c, argc, argv);
	int rc = EXIT_USAGE;

	if (body != NULL)
		rc = ctl_show(c,
		    &(struct ctl_call){ .method = "POST",
			.path = "/v1/challenges",
			.body = body,
			.body_size = strlen(body) },
		    print_challenge);
	free(body);
	return rc;
}

const struct ctl_verb ctl_pki_verbs[] = {
	{ "ca", "NAME[.pem|.der]", 1, 1,
	    "root, issuing, ra-sign, tls, chain, ...", ca },
	{ "certificates", "[FILTER=VALUE...]", 0, -1, "those that were issued",
	    certificates },
	{ "certificate", "SERIAL", 1, 1, "one of them, PEM", certificate },
	{ "revoke", "SERIAL [REASON]", 1, 2, "put it on the CRL", revoke_one },
	{ "challenges", "", 0, 0, "passwords, and what became of them",
	    challenges },
	{ "challenges list", "", 0, 0, "the same", challenges },
	{ "challenges new", "[ttl=10m] [static=true]", 0, -1,
	    "a fresh password", new_challenge },
	{ 0 },
};
