/* SPDX-License-Identifier: MIT */
/*
 * The one place that does things to a client's socket itself: replies that
 * end their connection, and ends without a reply. The library would put "Connection: close" first,
 * Content-Length last and its own phrase behind the status; a deployment's
 * replies are compared byte for byte with those of a real one. While the
 * socket takes no more, the connection is suspended in the library and its
 * socket is in our own epoll set.
 */
#include "front/inside.h"

#include <errno.h>

#define HEAD_MAX (64u * 1024)
#define LINGER_US (2 * 1000000)

static void
add_header(struct buf *out, struct bytes name, struct bytes value)
{
	buf_add(out, name);
	buf_add_str(out, ": ");
	buf_add(out, value);
	buf_add_str(out, "\r\n");
}

/* Does a reply with this status have a body, and say how long it is? */
static bool
has_body(const struct http_reply *r)
{
	return r->status >= 200 && r->status != 204 && r->status != 304;
}

void
front_raw_prepare(struct front_exchange *fx, const struct http_reply *r)
{
	struct buf *out = &fx->head;
	size_t i;

	buf_init(out, HEAD_MAX);
	buf_addf(out, "HTTP/1.1 %d %s\r\n", r->status,
	    r->reason != NULL ? r->reason : http_reason(r->status));
	for (i = 0; i < r->header_count; i++)
		add_header(out, r->headers[i].name, r->headers[i].value);
	if (http_reply_header(r, "Connection") == NULL)
		add_header(out, BYTES_LIT("Connection"), BYTES_LIT("close"));
	if (has_body(r) && http_reply_header(r, "Content-Length") == NULL &&
	    http_reply_header(r, "Transfer-Encoding") == NULL)
		buf_addf(out, "Content-Length: %zu\r\n", r->body.n);
	buf_add_str(out, "\r\n");
	if (has_body(r) && fx->rq.method != HTTP_HEAD)
		fx->raw_body = r->body;
}

static gnutls_session_t
tls_of(const struct front_exchange *fx)
{
	return MHD_get_connection_info(
	    fx->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)
	    ->tls_session;
}

/* Bytes taken; 0: none now; -1: the connection is broken. */
static ssize_t
send_tls(gnutls_session_t session, struct bytes s)
{
	ssize_t n = gnutls_record_send(session, s.p, s.n);

	if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
		return 0;
	return n < 0 ? -1 : n;
}

static ssize_t
send_plain(int fd, struct bytes s, bool more)
{
	ssize_t n = send(
	    fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));

	if (n == -1 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	return n;
}

static ssize_t
send_some(struct front_exchange *fx)
{
	struct bytes head = bytes_from(buf_bytes(&fx->head), fx->raw_at);
	struct bytes s = head;

	if (s.n == 0)
		s = bytes_from(fx->raw_body, fx->raw_at - fx->head.n);
	if (fx->rq.tls)
		return send_tls(tls_of(fx), s);
	return send_plain(fx->fd, s, head.n > 0 && fx->raw_body.n > 0);
}

static enum MHD_Result
wait_for_room(struct front_exchange *fx)
{
	unsigned s = fx->listener->front->limits.idle_timeout_s;

	return front_wait_begin(fx, FRONT_WAIT_ROOM,
	    s == 0 ? INT64_MAX : env_monotonic_us() + (int64_t)s * 1000000);
}

/*
 * Answered while the client still sends: to close now would make TCP reset
 * the connection, and the client might never see the answer. So read on for a
 * while, to nowhere.
 */
static enum MHD_Result
linger(struct front_exchange *fx)
{
	char nowhere[16384];
	ssize_t n;

	if (fx->linger_until_us == 0) {
		fx->linger_until_us = env_monotonic_us() + LINGER_US;
		if (fx->rq.tls)
			(void)gnutls_bye(tls_of(fx), GNUTLS_SHUT_WR);
		(void)shutdown(fx->fd, SHUT_WR);
	}
	do {
		n = recv(fx->fd, nowhere, sizeof(nowhere), MSG_DONTWAIT);
	} while (n > 0 && env_monotonic_us() < fx->linger_until_us);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return front_wait_begin(
		    fx, FRONT_WAIT_INPUT, fx->linger_until_us);
	return MHD_NO;
}

enum MHD_Result
front_raw_play(struct front_exchange *fx)
{
	size_t all = fx->head.n + fx->raw_body.n;
	ssize_t n;

	if (!buf_ok(&fx->head))
		return MHD_NO;
	while (fx->raw_at < all) {
		n = send_some(fx);
		if (n == -1)
			return MHD_NO;
		if (n == 0)
			return wait_for_room(fx);
		fx->raw_at += (size_t)n;
	}
	fx->sent = true;
	return fx->early ? linger(fx) : MHD_NO;
}

/* The library ends the connection in order when the handler refuses. */
enum MHD_Result
front_raw_close(struct front_exchange *fx)
{
	fx->sent = true;
	return fx->early ? linger(fx) : MHD_NO;
}

/*
 * To dissolve the association is to reset it, at once. SO_LINGER would only
 * act on close(), and before that the library shuts its side down, which
 * sends a FIN; under TLS a close_notify too.
 */
enum MHD_Result
front_raw_reset(struct front_exchange *fx)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	fx->half_closed = false; /* it was there to be reset */
	fx->sent = connect(fx->fd, &nobody, sizeof(nobody)) == 0;
	return MHD_NO;
}
