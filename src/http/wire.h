/* SPDX-License-Identifier: MIT */
/*
 * How a reply goes onto the wire, beside its bytes: when, and whether at all.
 * Data that front/ acts out on suspended connections, so that nobody waits.
 */
#ifndef HTTP_WIRE_H
#define HTTP_WIRE_H

#include "base/span.h"

enum wire_act {
	WIRE_PLAY, /* send the reply */
	WIRE_CLOSE, /* an orderly end of the connection without a byte */
	WIRE_RESET, /* a true RST without a byte */
	WIRE_SILENT, /* keep the connection and send nothing until the client leaves */
};

struct wire {
	enum wire_act act;
	int64_t delay_ms; /* before the act */
};

#endif
