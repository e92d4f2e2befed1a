/* SPDX-License-Identifier: MIT */
/* The JSON documents of the control API; private to the room. */
#ifndef CONTROL_FACTS_H
#define CONTROL_FACTS_H

#include "control/control.h"

/* The body of /v1/info: the ready line's facts without the challenge. Appended. */
MUST_USE int control_info(
    const struct control_facts *facts, struct buf *out, struct err *e);

#endif
