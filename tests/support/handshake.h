/* SPDX-License-Identifier: MIT */
/*
 * One TLS connection of OpenSSL's client, to see how far it comes: which
 * version, whether the server asks for a certificate, what the client thinks
 * of the server's, and whether a request is answered.
 */
#ifndef SUPPORT_HANDSHAKE_H
#define SUPPORT_HANDSHAKE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct handshake_offer {
	uint16_t port; /* on 127.0.0.1 */
	int minimum, maximum; /* TLS1_2_VERSION; 0: OpenSSL's bound */
	bool certificate; /* the client has one, self-signed */
	/* Refuse a server that this root does not vouch for under the name; NULL: take any. */
	X509 *root;
	const char *name;
};

struct handshake {
	int version; /* of the finished handshake; 0: it failed for the client */
	bool asked; /* for a client certificate */
	long verdict; /* of the server's certificate: X509_V_OK or why not */
	bool served; /* a request on the connection got 200 */
};

/* Fails the test only when there is no connection to be had. */
struct handshake handshake_try(const struct handshake_offer *offer);

#endif
