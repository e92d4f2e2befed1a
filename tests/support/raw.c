/* SPDX-License-Identifier: MIT */
/* Sockets, and what comes over them. */
#include "support/raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/err.h>

#define PATIENCE_MS 60000 /* for what must come */
#define SILENCE_MS 150 /* after which nothing more is taken to come */

const char *
raw_end_name(enum raw_end e)
{
	static const char *const names[] = { "closed", "truncated", "reset",
		"open" };

	return names[e];
}

static int
dial(int fd, const char *url)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	to.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
	return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

bool
raw_refused(const char *url)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool refused = dial(fd, url) == -1 && errno == ECONNREFUSED;

	close(fd);
	return refused;
}

void
raw_connect(struct raw *r, const char *url)
{
	struct timeval patience = { PATIENCE_MS / 1000, 0 };

	/* The server may be gone before we have written. */
	(void)signal(SIGPIPE, SIG_IGN);
	r->ctx = NULL;
	r->ssl = NULL;
	r->n = 0;
	r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(dial(r->fd, url), 0);
}

void
raw_open(struct raw *r, const char *url)
{
	raw_connect(r, url);
	if (strncmp(url, "https:", 6) != 0)
		return;
	r->ctx = SSL_CTX_new(TLS_client_method());
	r->ssl = SSL_new(r->ctx);
	assert_non_null(r->ssl);
	SSL_set_fd(r->ssl, r->fd);
	assert_int_equal(SSL_connect(r->ssl), 1);
}

void
raw_send(struct raw *r, const void *p, size_t n)
{
	if (r->ssl != NULL)
		assert_int_equal(SSL_write(r->ssl, p, (int)n), (int)n);
	else
		assert_int_equal(send(r->fd, p, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Is something to be had within this time? */
static bool
comes(const struct raw *r, int ms)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };

	return (r->ssl != NULL && SSL_pending(r->ssl) > 0) ||
	    poll(&p, 1, ms) == 1;
}

static enum raw_end
end_of_tls(struct raw *r, int n)
{
	int why = SSL_get_error(r->ssl, n), system = errno;
	unsigned long error = ERR_peek_error();

	ERR_clear_error();
	if (why == SSL_ERROR_ZERO_RETURN)
		return RAW_CLOSED;
	if (why == SSL_ERROR_SSL &&
	    ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return RAW_TRUNCATED;
	if (why == SSL_ERROR_SYSCALL && system == ECONNRESET)
		return RAW_RESET;
	fail_msg("the TLS connection ends in %d, errno %d, %s", why, system,
	    ERR_reason_error_string(error));
	return RAW_OPEN;
}

/* Take what is there; false: the connection has ended. */
static bool
take(struct raw *r)
{
	size_t room = RAW_MAX - r->n;
	ssize_t n;

	assert_true(room > 0);
	errno = 0;
	if (r->ssl != NULL)
		n = SSL_read(r->ssl, r->bytes + r->n, (int)room);
	else
		n = recv(r->fd, r->bytes + r->n, room, 0);
	if (n > 0) {
		r->n += (size_t)n;
		r->bytes[r->n] = '\0';
		return true;
	}
	if (r->ssl != NULL)
		r->end = end_of_tls(r, (int)n);
	else if (n == 0)
		r->end = RAW_CLOSED;
	else if (errno == ECONNRESET)
		r->end = RAW_RESET;
	else
		fail_msg("recv: %s", strerror(errno));
	return false;
}

void
raw_read(struct raw *r, size_t least)
{
	r->bytes[r->n] = '\0';
	r->end = RAW_OPEN;
	for (;;) {
		if (!comes(r, r->n < least ? PATIENCE_MS : SILENCE_MS)) {
			if (r->n < least)
				fail_msg("only %zu bytes came, not %zu: %s",
				    r->n, least, r->bytes);
			return;
		}
		if (!take(r))
			return;
	}
}

void
raw_read_some(struct raw *r, size_t least)
{
	r->bytes[r->n] = '\0';
	r->end = RAW_OPEN;
	while (r->n < least && take(r))
		continue;
}

void
raw_close(struct raw *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	close(r->fd);
}

const char *
raw_body(const struct raw *r)
{
	const char *end = memmem(r->bytes, r->n, "\r\n\r\n", 4);

	return end == NULL ? "" : end + 4;
}

bool
raw_has(const struct raw *r, const char *text)
{
	return memmem(r->bytes, r->n, text, strlen(text)) != NULL;
}
