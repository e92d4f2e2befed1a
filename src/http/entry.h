/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a connection when it is accepted, before there is a
 * request. Zero: it is taken as always.
 */
#ifndef HTTP_ENTRY_H
#define HTTP_ENTRY_H

#include "http/wire.h"

enum http_tls_version {
	HTTP_TLS_1_0,
	HTTP_TLS_1_1,
	HTTP_TLS_1_2,
	HTTP_TLS_1_3
};
enum http_tls_client {
	HTTP_TLS_CLIENT_NONE,
	HTTP_TLS_CLIENT_ASKED,
	HTTP_TLS_CLIENT_REQUIRED
};

/* Where a handshake is broken off. */
enum http_tls_cut {
	HTTP_TLS_WHOLE,
	HTTP_TLS_CUT_HELLO, /* the ClientHello is in, nothing goes back */
	HTTP_TLS_CUT_MIDDLE, /* half of our first flight goes out */
};

struct http_entry {
	enum wire_act
	    act; /* WIRE_PLAY: take it; WIRE_CLOSE, WIRE_RESET, WIRE_SILENT: instead */
	int64_t
	    delay_ms; /* before the act; of WIRE_PLAY: before a byte is read */

	/* On a TLS listener: */
	bool plain; /* HTTP without TLS */
	const char *chain_pem,
	    *key_pem; /* NULL: the listener's own; lent for the call */
	bool has_versions;
	enum http_tls_version minimum, maximum;
	bool has_client;
	enum http_tls_client client;
	bool has_alert;
	uint8_t
	    alert; /* RFC 8446 6.2: sent, fatal, when the ClientHello is in; then the connection closes */
	enum http_tls_cut cut;
	enum wire_cut cut_how;
	bool no_close_notify; /* whenever it ends */
};

#endif
