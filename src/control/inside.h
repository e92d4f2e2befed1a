/* SPDX-License-Identifier: MIT */
/* How a call passes through the room before and after its handler; private to those files. */
#ifndef CONTROL_INSIDE_H
#define CONTROL_INSIDE_H

#include "control/call.h"

/* call.c */
void call_begin(struct control_call *c, struct control *control,
    const struct http_request *rq, struct arena *arena,
    struct http_reply *reply);
void call_end(struct control_call *c); /* give back what it borrowed */
void call_problem_v(
    struct control_call *c, int status, const char *fmt, va_list ap);

/* route.c */
/* The resource of a call, its parameters set; NULL: a problem is the answer. */
const struct control_route *route_find(struct control_call *c);

/* guard.c */
/* Does the call come from where calls may come from? False: a problem is the answer. */
bool guard_origin(struct control_call *c);
bool guard_token(struct control_call *c);

/* control.c: through the guards to the handler. */
void control_dispatch(struct control_call *c);

#endif
