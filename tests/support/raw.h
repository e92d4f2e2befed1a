/* SPDX-License-Identifier: MIT */
/*
 * A client of plain sockets, or of TLS over one, that looks at every byte and
 * at how the connection ended. It judges nothing.
 */
#ifndef SUPPORT_RAW_H
#define SUPPORT_RAW_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#define RAW_MAX 400000

enum raw_end {
	RAW_CLOSED, /* in order: FIN, under TLS after a close_notify */
	RAW_TRUNCATED, /* under TLS: FIN without a close_notify */
	RAW_RESET, /* RST */
	RAW_OPEN, /* the connection is there and says nothing more */
};
const char *raw_end_name(enum raw_end e);

struct raw {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl; /* NULL: plain */
	char bytes[RAW_MAX + 1]; /* what came; a zero byte follows */
	size_t n;
	enum raw_end end;
};

/* A connection to the port of this URL on 127.0.0.1, with TLS (any certificate will do) when it is https; fails the test when there is none. */
void raw_open(struct raw *r, const char *url);
/* The connection alone: TLS is for later, or never. */
void raw_connect(struct raw *r, const char *url);
/* Is a connection refused? */
bool raw_refused(const char *url);
void raw_send(struct raw *r, const void *p, size_t n);
/*
 * Read until the connection ends, or says nothing for a while after at least
 * so many bytes came. Fails the test when neither comes about.
 */
void raw_read(struct raw *r, size_t least);
/* Until at least so many bytes are there, and no longer than needed. */
void raw_read_some(struct raw *r, size_t least);
void raw_close(struct raw *r);

/* The body, behind the first empty line; "" when there is none. */
const char *raw_body(const struct raw *r);
bool raw_has(const struct raw *r, const char *text);

#endif
