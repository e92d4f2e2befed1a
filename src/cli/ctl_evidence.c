/* SPDX-License-Identifier: MIT */
/* Verbs that show what is going on: the logs of the simulated host, and the journal as it grows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ctl.h"

static int
evidence(struct ctl *c, int argc, char **argv)
{
	if (!ctl_are_pairs(c, argc - 1, argv + 1))
		return EXIT_USAGE;
	return ctl_show(c,
	    &(struct ctl_call){
		.path = "/v1/evidence/%s", .name = argv[0], .query = argv + 1 },
	    NULL);
}

/* ---- the stream ---- */

#define EVENT_MAX ((size_t)1 << 20)

struct stream {
	bool raw;
	char *line; /* what has come of it */
	size_t n;
};

static void
print_event(const char *data)
{
	json_t *json = json_loads(data, 0, NULL);
	static const char *const keys[] = { "received", "change", "id", "op",
		"transaction", "status", "layer", "rule", "end" };
	bool first = true;

	for (size_t i = 0; i < nitems(keys); i++) {
		char *text = ctl_text(json_object_get(json, keys[i]));

		if (text != NULL && text[0] != '\0') {
			printf("%s%s", first ? "" : "  ", text);
			first = false;
		}
		free(text);
	}
	if (!first)
		putchar('\n');
	json_decref(json);
}

static size_t
take(char *p, size_t size, size_t n, void *ctx)
{
	struct stream *s = ctx;

	n *= size;
	if (s->raw) {
		size = fwrite(p, 1, n, stdout);
		return fflush(stdout) == 0 ? size : 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (p[i] != '\n') {
			if (s->n + 1 < EVENT_MAX)
				s->line[s->n++] = p[i];
			continue;
		}
		s->line[s->n] = '\0';
		if (strncmp(s->line, "data:", 5) == 0)
			print_event(s->line + 5);
		s->n = 0;
	}
	return fflush(stdout) == 0 ? n : 0;
}

static int
stream(struct ctl *c, int argc, char **argv)
{
	struct stream s = { .raw = c->json, .line = malloc(EVENT_MAX) };
	struct ctl_call call = {
		.path = "/v1/stream", .query = argv, .piece = take, .ctx = &s
	};
	struct ctl_answer answer = { 0 };
	int rc = EXIT_USAGE;

	if (s.line == NULL) {
		complain("no memory");
		return EXIT_FAILED;
	}
	if (ctl_are_pairs(c, argc, argv))
		rc = ctl_ask(c, &call, &answer);
	ctl_answer_clear(&answer);
	free(s.line);
	return rc;
}

const struct ctl_verb ctl_evidence_verbs[] = {
	{ "evidence", "LOG [format=xml]", 1, -1,
	    "iis, httperr, events, mscep, ndesplugin", evidence },
	{ "stream", "[FILTER=VALUE...]", 0, -1, "the journal as it grows",
	    stream },
	{ 0 },
};
