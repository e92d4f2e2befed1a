/* SPDX-License-Identifier: MIT */
/* Calls of a served server's control API over a socket, for tests. */
#ifndef SUPPORT_CONTROL_H
#define SUPPORT_CONTROL_H

#include <jansson.h>

#include "support/served.h"

/*
 * One call. headers: lines with their "\r\n", or NULL; without a Host among
 * them the right one is sent. body NULL: none. Fails the test when nothing
 * comes back.
 */
void control_call_raw(struct world *w, const struct served *s,
    const char *method, const char *target, const char *headers,
    const char *body, struct client_http *out);

/* The same; the test fails unless it is answered with this status and JSON, which the caller decrefs. */
json_t *control_call_json(struct world *w, const struct served *s,
    const char *method, const char *target, const char *body, long status);

/* The text of a member, which must be one; lent from json. */
const char *control_text(json_t *json, const char *name);

#endif
