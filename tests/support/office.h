/* SPDX-License-Identifier: MIT */
/* The control API over a desk: calls in, documents out, without sockets. */
#ifndef SUPPORT_OFFICE_H
#define SUPPORT_OFFICE_H

#include <jansson.h>

#include "support/desk.h"

struct control;

struct office {
	struct desk desk;
	struct control *control;
};

/* As desk_open(). */
void office_open(struct office *o, const char *scenario);
/* As desk_open_text(). */
void office_open_text(struct office *o, const char *yaml);
void office_close(struct office *o);

/* One call; the test fails when its status is another. The document is the caller's; NULL for an empty body. */
json_t *office_call(struct office *o, const char *method, const char *target,
    const char *body, int status);
/* The same when the document is of no interest. */
void office_do(struct office *o, const char *method, const char *target,
    const char *body, int status);

/* What stands at a dotted path ("rules.0.id"); borrowed, NULL when there is nothing. */
json_t *office_at(const json_t *doc, const char *path);
/* The test fails unless it is this text, this number. */
void office_is(const json_t *doc, const char *path, const char *text);
void office_is_number(const json_t *doc, const char *path, long long n);

/* The HTTP status of a GetCACaps of a client, below a prefix ("" or "/s/ID"). */
long office_caps(struct office *o, const char *prefix);

/* An enrolment with this password: the answer, which is the caller's to clear, or its pkiStatus. */
void office_enrol(struct office *o, struct client *c, EVP_PKEY *key,
    const char *password, struct client_certrep *out);
int office_enrol_status(
    struct office *o, struct client *c, EVP_PKEY *key, const char *password);

/* Ask until the text at path of GET target is this one; the test fails when that takes a minute. */
void office_await(
    struct office *o, const char *target, const char *path, const char *text);

#endif
