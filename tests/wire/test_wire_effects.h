/* SPDX-License-Identifier: MIT */
/*
 * A server with a rule for each row of a table, and requests that one rule is
 * for, on plain HTTP and on HTTPS. For test programs in this folder.
 */
#ifndef TEST_WIRE_EFFECTS_H
#define TEST_WIRE_EFFECTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/raw.h"
#include "support/served.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])
#define OK "HTTP/1.1 200 OK\r\n"
#define CLOSE "Connection: close\r\n"
/* A reply without a date, so that all of it is known. */
#define TEN "reply: { body: 0123456789 }"
#define TEN_LENGTH "Content-Length: 10\r\n"

struct row {
	const char *id; /* of the rule, and the User-Agent that it is for */
	const char *then;
	const char *wanted; /* all that comes; a zero byte ends it, see n */
	size_t n; /* 0: strlen(wanted) */
	enum raw_end end;
};

static inline void
add_rules(char *yaml, size_t size, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(yaml);

		assert_true(
		    (size_t)snprintf(yaml + at, size - at,
			"  - id: %s\n    when: { user_agent: %s }\n"
			"    then: { %s }\n",
			rows[i].id, rows[i].id, rows[i].then) < size - at);
	}
}

static inline void
ask(struct raw *r, const char *url, const char *agent)
{
	char rq[512];
	int n = snprintf(rq, sizeof(rq),
	    "GET /certsrv/mscep/mscep.dll?operation=GetCACaps HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: close\r\nUser-Agent: %s\r\n\r\n",
	    agent);

	raw_open(r, url);
	raw_send(r, rq, (size_t)n);
}

static const char *const with_https[] = { "https-port", "0", NULL };

struct scene {
	struct served sv;
	const char *urls[2]; /* http, https */
	struct raw *r;
};

static inline void
scene_begin(struct scene *s, const struct row *rows, size_t n)
{
	static char yaml[32768];

	snprintf(yaml, sizeof(yaml), "mockndes: 1\nrules:\n");
	add_rules(yaml, sizeof(yaml), rows, n);
	served_start_text(&s->sv, yaml, with_https);
	s->urls[0] = s->sv.url;
	s->urls[1] = s->sv.url_https;
	s->r = malloc(sizeof(*s->r));
	assert_non_null(s->r);
}

static inline void
scene_end(struct scene *s)
{
	free(s->r);
	served_stop(&s->sv);
}

#endif
