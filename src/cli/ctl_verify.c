/* SPDX-License-Identifier: MIT */
/* The verb that judges what clients did. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"

#define NOT_HELD 409

static void
print_report(const struct ctl_answer *a)
{
	json_t *json = json_loadb(a->body, a->size, 0, NULL);
	const char *text = json_string_value(json_object_get(json, "text"));

	if (text != NULL)
		fputs(text, stdout);
	else if (json != NULL)
		ctl_print(json);
	else
		fwrite(a->body, 1, a->size, stdout);
	json_decref(json);
}

/* A file of expectations may come first; KEY=VALUE are parameters. */
static int
verify(struct ctl *c, int argc, char **argv)
{
	bool file = argc > 0 && strchr(argv[0], '=') == NULL;
	struct ctl_call call = { .method = "POST",
		.path = "/v1/verify",
		.query = argv + file,
		.body = "",
		.also = NOT_HELD };
	struct ctl_answer answer = { 0 };
	char *text = NULL;
	int rc;

	if (!ctl_are_pairs(c, argc - file, argv + file))
		return EXIT_USAGE;
	if (file) {
		text = ctl_read(argv[0], &call.body_size);
		if (text == NULL)
			return EXIT_FAILED;
		call.body = text;
		call.source = argv[0];
	}
	rc = ctl_ask(c, &call, &answer);
	if (rc == 0) {
		if (c->json)
			fwrite(answer.body, 1, answer.size, stdout);
		else
			print_report(&answer);
		if (answer.status == NOT_HELD)
			rc = EXIT_EXPECTATION;
	}
	free(text);
	ctl_answer_clear(&answer);
	return rc;
}

const struct ctl_verb ctl_verify_verbs[] = {
	{ "verify", "[FILE] [format=junit]", 0, -1,
	    "did clients do as expected? 5: no", verify },
	{ 0 },
};
