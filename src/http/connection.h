/* SPDX-License-Identifier: MIT */
/*
 * A TCP connection as far as requests share it: something that lasts from one
 * request to the next, such as an authentication that binds the connection.
 * front/ makes and frees it, and all its requests point to the same one.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

struct http_connection {
	void *state; /* whoever sets it sets state_free too; NULL: none */
	/* Called with state when the connection has ended, after the last exchange on it. */
	void (*state_free)(void *state);
};

#endif
