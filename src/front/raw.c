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
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#define HEAD_MAX (64u * 1024)
#define LINGER_US (2 * 1000000)
#define DRAIN_US (2 * 1000000)
#define DRAIN_LOOK_US 500

static void
add_header(struct buf *out, struct bytes name, struct bytes value)
{
	buf_add(out, name);
	buf_add_str(out, ": ");
	buf_add(out, value);
	buf_add_str(out, "\r\n");
}

/* Does the reply have a body, and say how long it is? One that is asked for goes out with any status. */
static bool
has_body(const struct http_reply *r)
{
	return r->body.n > 0 || http_status_has_body(r->status);
}

bool
front_raw_needed(const struct wire *w)
{
	return w->raw.p != NULL || w->drip_bytes > 0 || w->cut != WIRE_WHOLE ||
	    w->keep_open || w->no_close_notify;
}

void
front_raw_prepare(struct front_exchange *fx, const struct http_reply *r)
{
	struct buf *out = &fx->head;
	size_t i;

	if (r->wire.raw.p != NULL) {
		fx->raw_body = r->wire.raw;
		return;
	}
	buf_init(out, HEAD_MAX);
	buf_addf(out, "HTTP/1.1 %d %s\r\n", r->status,
	    r->reason != NULL ? r->reason : http_reason(r->status));
	for (i = 0; i < r->header_count; i++)
		add_header(out, r->headers[i].name, r->headers[i].value);
	if (http_reply_header(r, "Connection") == NULL)
		add_header(out, BYTES_LIT("Connection"), BYTES_LIT("close"));
	if (r->stream != NULL)
		front_stream_prepare(fx, r->stream);
	else if (has_body(r) &&
	    http_reply_header(r, "Content-Length") == NULL &&
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

/* How far the bytes go before they are cut. */
static size_t
end_of_bytes(const struct front_exchange *fx)
{
	size_t all = fx->head.n + fx->raw_body.n;

	return fx->wire.cut != WIRE_WHOLE && fx->wire.cut_at < all
	    ? fx->wire.cut_at
	    : all;
}

ssize_t
front_raw_send(struct front_exchange *fx, size_t until)
{
	struct bytes head = bytes_from(buf_bytes(&fx->head), fx->raw_at);
	struct bytes s = head;

	if (s.n == 0)
		s = bytes_from(fx->raw_body, fx->raw_at - fx->head.n);
	if (s.n > until - fx->raw_at)
		s.n = until - fx->raw_at;
	if (fx->rq.tls)
		return send_tls(tls_of(fx), s);
	return send_plain(fx->fd, s,
	    head.n > 0 && until > fx->head.n && until == end_of_bytes(fx));
}

enum MHD_Result
front_raw_wait_for_room(struct front_exchange *fx)
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
	unsigned i = 0;

	if (fx->linger_until_us == 0) {
		fx->linger_until_us = env_monotonic_us() + LINGER_US;
		if (fx->rq.tls)
			(void)gnutls_bye(tls_of(fx), GNUTLS_SHUT_WR);
		(void)shutdown(fx->fd, SHUT_WR);
	}
	do {
		n = recv(fx->fd, nowhere, sizeof(nowhere), MSG_DONTWAIT);
	} while (n > 0 && ++i < FRONT_READS_AT_ONCE);
	if (env_monotonic_us() < fx->linger_until_us &&
	    (n > 0 || (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))))
		return front_wait_begin(
		    fx, FRONT_WAIT_INPUT, fx->linger_until_us);
	return MHD_NO;
}

/* Where the portion ends that is due. */
static size_t
portion(struct front_exchange *fx, size_t all)
{
	if (fx->wire.drip_bytes == 0)
		return all;
	if (fx->portion_end == 0) {
		const int on = 1;

		(void)setsockopt(
		    fx->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		fx->portion_end = fx->wire.drip_bytes;
	}
	return fx->portion_end < all ? fx->portion_end : all;
}

/*
 * A reset throws away what the client has not taken yet. So it comes when the
 * peer has acknowledged everything, or after a while all the same.
 */
static enum MHD_Result
reset_when_taken(struct front_exchange *fx)
{
	int64_t now = env_monotonic_us();
	int left = 0;

	if (fx->drain_until_us == 0)
		fx->drain_until_us = now + DRAIN_US;
	if (ioctl(fx->fd, SIOCOUTQ, &left) == 0 && left > 0 &&
	    now < fx->drain_until_us)
		return front_wait_begin(
		    fx, FRONT_WAIT_DRAIN, now + DRAIN_LOOK_US);
	return front_raw_reset(fx);
}

/* All that was to go is out. */
static enum MHD_Result
finish(struct front_exchange *fx)
{
	fx->sent = true;
	switch (fx->wire.cut) {
	case WIRE_CUT_RESET:
		return reset_when_taken(fx);
	case WIRE_CUT_STALL:
		return front_wait_begin(fx, FRONT_WAIT_SILENT, INT64_MAX);
	case WIRE_CUT_ALERT:
		if (fx->rq.tls)
			(void)gnutls_alert_send(tls_of(fx), GNUTLS_AL_FATAL,
			    GNUTLS_A_INTERNAL_ERROR);
		(void)shutdown(fx->fd, SHUT_RDWR);
		return MHD_NO;
	case WIRE_CUT_CLOSE:
	case WIRE_WHOLE:
		break;
	}
	if (fx->wire.keep_open)
		return front_wait_begin(fx, FRONT_WAIT_SILENT, INT64_MAX);
	if (fx->wire.no_close_notify) {
		(void)shutdown(fx->fd, SHUT_RDWR);
		return MHD_NO;
	}
	return fx->early ? linger(fx) : MHD_NO;
}

bool
front_raw_drip(struct front_exchange *fx, int64_t *due_us)
{
	size_t all = end_of_bytes(fx), until = portion(fx, all);
	ssize_t n;

	while (fx->raw_at < until) {
		n = front_raw_send(fx, until);
		if (n <= 0)
			return false;
		fx->raw_at += (size_t)n;
	}
	if (fx->raw_at == all)
		return false;
	fx->portion_end += fx->wire.drip_bytes;
	*due_us = env_monotonic_us() + fx->wire.drip_every_ms * 1000;
	return true;
}

enum MHD_Result
front_raw_play(struct front_exchange *fx)
{
	size_t all = end_of_bytes(fx), until;
	ssize_t n;

	if (!buf_ok(&fx->head))
		return MHD_NO;
	while (fx->raw_at < all) {
		until = portion(fx, all);
		if (fx->raw_at == until) {
			fx->portion_end += fx->wire.drip_bytes;
			return front_wait_begin(fx, FRONT_WAIT_DRIP,
			    env_monotonic_us() + fx->wire.drip_every_ms * 1000);
		}
		n = front_raw_send(fx, until);
		if (n == -1)
			return MHD_NO;
		if (n == 0)
			return front_raw_wait_for_room(fx);
		fx->raw_at += (size_t)n;
	}
	return finish(fx);
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
