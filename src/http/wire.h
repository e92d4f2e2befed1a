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

/* How the bytes of a reply end before they are whole. */
enum wire_cut {
	WIRE_WHOLE,
	WIRE_CUT_CLOSE, /* an orderly end: FIN, under TLS close_notify before it */
	WIRE_CUT_RESET, /* a true RST */
	WIRE_CUT_ALERT, /* a fatal alert of TLS, then FIN; without TLS a FIN */
	WIRE_CUT_STALL, /* nothing more; the connection stays until the client leaves */
};

struct wire {
	enum wire_act act;
	int64_t delay_ms; /* before the act */

	/* Of WIRE_PLAY: */
	struct bytes
	    raw; /* p != NULL: exactly these bytes instead of status line, headers and body; lives as the body does */
	size_t
	    drip_bytes; /* not 0: in portions of so many bytes, each on its way by itself ... */
	int64_t drip_every_ms; /* ... so long apart */
	enum wire_cut cut;
	size_t
	    cut_at; /* so many bytes of the whole, head included, go out before the cut */
	bool
	    keep_open; /* after the last byte the socket stays open until the client leaves, whatever Connection says */
	bool no_close_notify; /* a TLS connection ends without one */
};

#endif
