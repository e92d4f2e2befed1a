/* SPDX-License-Identifier: MIT */
/*
 * The server of a test and the few assertions that all tests of the wire use.
 */
#include "support/served.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
set(struct mockndes *m, const char *option, const char *value)
{
	if (mockndes_set(m, option, value))
		fail_msg("--%s %s: %s", option, value, mockndes_error(m));
}

static void
start(struct served *s, const char *const *options)
{
	static const char *const usual[] = { "http-port", "0", "https-port",
		"off", "control-port", "off", "challenge", SERVED_SECRET,
		NULL };
	for (const char *const *o = usual; *o; o += 2)
		set(s->m, o[0], o[1]);
	for (const char *const *o = options; o && *o; o += 2)
		set(s->m, o[0], o[1]);
	if (mockndes_start(s->m))
		fail_msg("the server does not start: %s", mockndes_error(s->m));
	s->url = mockndes_url(s->m, "http");
	s->url_https = mockndes_url(s->m, "https");
	s->admin = mockndes_url(s->m, "admin");
	assert_non_null(s->url);
}

void
served_start(struct served *s, const char *scenario, const char *const *options)
{
	memset(s, 0, sizeof *s);
	s->m = mockndes_new();
	assert_non_null(s->m);
	if (scenario && mockndes_scenario_file(s->m, scenario))
		fail_msg("scenario %s: %s", scenario, mockndes_error(s->m));
	start(s, options);
}

void
served_start_text(
    struct served *s, const char *yaml, const char *const *options)
{
	memset(s, 0, sizeof *s);
	s->m = mockndes_new();
	assert_non_null(s->m);
	if (mockndes_scenario_mem(s->m, "inline.yaml", yaml, strlen(yaml)))
		fail_msg("the scenario: %s", mockndes_error(s->m));
	start(s, options);
}

void
served_ca(struct served *s, struct client *c)
{
	if (client_ca_fetch(c, s->url, &s->ca))
		fail_msg("%s", c->why);
}

void
served_ask(const struct served *s, struct client *c, const char *operation)
{
	struct client_http h;
	char url[300];

	snprintf(url, sizeof(url), "%s?operation=%s", s->url, operation);
	if (client_get(c, url, NULL, &h))
		fail_msg("%s", c->why);
	client_http_clear(&h);
}

void
served_stop(struct served *s)
{
	client_ca_clear(&s->ca);
	mockndes_free(s->m);
	memset(s, 0, sizeof *s);
}

struct client_enrolment
served_enrolment(
    const struct served *s, const struct world *w, const char *subject)
{
	struct client_enrolment e = {
		.url = s->url,
		.ca = &s->ca,
		.csr = { .key = w->key,
		    .subject = subject,
		    .challenge = SERVED_SECRET },
	};
	return e;
}

void
enrol_expect(struct client *c, struct client_enrolment *e, int status,
    const char *row, struct client_certrep *out)
{
	memset(out, 0, sizeof *out);
	if (client_enrol(c, e, out))
		fail_msg("%s: %s", row, c->why);
	if (out->status != status)
		fail_msg("%s: pkiStatus %d (failInfo %d, %s), not %d", row,
		    out->status, out->fail_info, out->scep_error, status);
}

void
enrol_status(
    struct client *c, struct client_enrolment *e, int status, const char *row)
{
	struct client_certrep r;
	enrol_expect(c, e, status, row, &r);
	client_certrep_clear(&r);
}

void
enrol_http_status(
    struct client *c, struct client_enrolment *e, long status, const char *row)
{
	struct client_certrep r = { 0 };
	if (!client_enrol(c, e, &r)) {
		client_certrep_clear(&r);
		fail_msg("%s: a CertRep came, not HTTP %ld", row, status);
	}
	if (e->http_status != status)
		fail_msg("%s: HTTP %ld, not %ld (%s)", row, e->http_status,
		    status, c->why);
}
