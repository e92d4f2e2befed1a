/* SPDX-License-Identifier: MIT */
/*
 * A server inside the test program, by <mockndes.h> alone, on free loopback
 * ports, with a test client beside it.
 */
#ifndef SUPPORT_SERVED_H
#define SUPPORT_SERVED_H

#include "mockndes.h"
#include "support/world.h"

#define SERVED_SECRET "Static-Probe-1"
#define SERVED_ADMIN "ndes:ndes"

struct served {
	struct mockndes *m;
	const char *url, *url_https, *admin; /* lent from m; NULL: none */
	struct client_ca ca; /* empty until served_ca() */
};

/*
 * Start with this scenario ("healthy" when NULL), SERVED_SECRET as the fixed
 * challenge, HTTPS and control off; options are pairs of name and value up to
 * a NULL and come last. Fails the test when the server does not start.
 */
void served_start(
    struct served *s, const char *scenario, const char *const *options);

/* The same with the text of a scenario. */
void served_start_text(
    struct served *s, const char *yaml, const char *const *options);

/* GetCACert into s->ca; fails the test when it is not as NDES has it. */
void served_ca(struct served *s, struct client *c);

/* One GET of an operation; fails the test when there is no answer. */
void served_ask(
    const struct served *s, struct client *c, const char *operation);

void served_stop(struct served *s);

/* An enrolment of the plainest kind with the fixed challenge; change what the test is about. */
struct client_enrolment served_enrolment(
    const struct served *s, const struct world *w, const char *subject);

/*
 * Enrol; the test fails with the client's sentence unless the answer has this
 * pkiStatus. row says which case it was.
 */
void enrol_expect(struct client *c, struct client_enrolment *e, int status,
    const char *row, struct client_certrep *out);

/* The same when the answer itself is not of interest. */
void enrol_status(
    struct client *c, struct client_enrolment *e, int status, const char *row);

/* No CertRep must come but this HTTP status. */
void enrol_http_status(
    struct client *c, struct client_enrolment *e, long status, const char *row);

#endif
