/* SPDX-License-Identifier: MIT */
/*
 * From the library's callbacks to a request value, handed over once it is
 * whole. The library calls front_on_target() when the request line is in,
 * front_on_access() when the headers are in, for each piece of the body, at
 * its end, and again after each resume; front_on_completed() ends it.
 */
#include "front/inside.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/text.h"

/*
 * A body that is too long is read and thrown away, so that the client gets to
 * read the answer: closing with input unread makes TCP reset the connection.
 * Up to this many times the limit; what declares more is answered at once.
 */
#define DISCARD_FACTOR 16

void *
front_on_target(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct front_shard *shard = cls;
	struct front_listener *l = shard->listener;
	size_t n = uri == NULL ? 0 : strlen(uri);
	struct front_exchange *fx = calloc(1, sizeof(*fx) + n + 1);

	if (fx == NULL)
		return NULL;
	fx->source = FRONT_FROM_EXCHANGE;
	fx->listener = l;
	fx->shard = shard;
	fx->connection = connection;
	fx->fd = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD)
		     ->connect_fd;
	buf_init(&fx->body, l->front->limits.body_max);
	if (n > 0)
		memcpy(fx->target, uri, n);
	fx->rq.target = bytes_of(fx->target, n);
	return fx;
}

static enum MHD_Result
add_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_n,
    const char *value, size_t value_n)
{
	struct front_exchange *fx = cls;
	struct http_header *h = &fx->headers[fx->rq.header_count++];

	(void)kind;
	h->name = bytes_of(name, name_n);
	h->value = bytes_of(value, value_n);
	return MHD_YES;
}

static int
fill_headers(struct front_exchange *fx)
{
	int n = MHD_get_connection_values_n(
	    fx->connection, MHD_HEADER_KIND, NULL, NULL);

	if (n <= 0)
		return 0;
	fx->headers = calloc((size_t)n, sizeof(*fx->headers));
	if (fx->headers == NULL)
		return -1;
	(void)MHD_get_connection_values_n(
	    fx->connection, MHD_HEADER_KIND, add_header, fx);
	fx->rq.headers = fx->headers;
	return 0;
}

static int
fill_connection(struct front_exchange *fx)
{
	struct front_connection *p = MHD_get_connection_info(
	    fx->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
					 ->socket_context;

	if (p == NULL)
		return -1;
	fx->rq.connection = &p->http;
	fx->no_close_notify = p->no_close_notify;
	memcpy(fx->rq.peer, p->peer, sizeof(fx->rq.peer));
	memcpy(fx->rq.local, p->local, sizeof(fx->rq.local));
	fx->rq.peer_port = p->peer_port;
	fx->rq.local_port = p->local_port;
	return 0;
}

/* The next of the comma-separated words of *rest, blanks around it gone; moves *rest behind it. */
static struct bytes
next_word(struct bytes *rest)
{
	const uint8_t *comma = memchr(rest->p, ',', rest->n);
	size_t n = comma == NULL ? rest->n : (size_t)(comma - rest->p);
	struct bytes w = bytes_of(rest->p, n);

	*rest = bytes_from(*rest, n + 1);
	while (w.n > 0 && (w.p[0] == ' ' || w.p[0] == '\t'))
		w = bytes_from(w, 1);
	while (w.n > 0 && (w.p[w.n - 1] == ' ' || w.p[w.n - 1] == '\t'))
		w.n--;
	return w;
}

/* Is the word in a list that any header called name has? */
static bool
has_word(const struct http_request *rq, struct bytes name, struct bytes word)
{
	struct bytes rest;
	size_t i;

	for (i = 0; i < rq->header_count; i++) {
		rest = rq->headers[i].value;
		if (!bytes_eq_nocase(rq->headers[i].name, name))
			continue;
		while (rest.n > 0)
			if (bytes_eq_nocase(next_word(&rest), word))
				return true;
	}
	return false;
}

/* As HTTP has it: 1.1 stays open unless told, 1.0 closes unless told. */
static bool
wants_close(const struct http_request *rq)
{
	const struct bytes connection = BYTES_LIT("Connection");

	if (has_word(rq, connection, BYTES_LIT("close")))
		return true;
	return !bytes_eq(rq->version, BYTES_LIT("HTTP/1.1")) &&
	    !has_word(rq, connection, BYTES_LIT("keep-alive"));
}

/* Is it settled by the headers alone that the body is not worth reading? */
static bool
refuse_early(struct front_exchange *fx)
{
	const struct http_header *h =
	    http_request_header(&fx->rq, "Content-Length");
	uint64_t max = fx->listener->front->limits.body_max;
	uint64_t n = 0;

	if (h == NULL || text_u64(h->value, UINT64_MAX, &n) == -1 || n <= max)
		return false;
	fx->rq.body_too_long = true;
	return n / DISCARD_FACTOR > max ||
	    has_word(&fx->rq, BYTES_LIT("Expect"), BYTES_LIT("100-continue"));
}

/*
 * The client waits for "100 Continue". The library says it by itself and
 * cannot be told not to; but it looks at the header after this, so the header
 * becomes another one where it must not.
 */
static void
announce(struct front_exchange *fx)
{
	const struct front_handler *h = &fx->listener->handler;
	struct http_header *expect = NULL;
	char *said;

	for (size_t i = 0; i < fx->rq.header_count && expect == NULL; i++) {
		if (bytes_eq_nocase(fx->headers[i].name, BYTES_LIT("Expect")) &&
		    bytes_eq_nocase(
			fx->headers[i].value, BYTES_LIT("100-continue")))
			expect = &fx->headers[i];
	}
	if (h->expected == NULL || expect == NULL || fx->early)
		return;
	fx->announced = true;
	if (h->expected(h->ctx, fx, &fx->rq))
		return;
	said = (char *)(uintptr_t)expect->value.p;
	memcpy(fx->expect, said, expect->value.n);
	expect->value.p = (const uint8_t *)fx->expect;
	said[0] = '-';
}

/* All of the request but its body. */
static int
begin(struct front_exchange *fx, const char *method, const char *version)
{
	struct http_request *rq = &fx->rq;

	fx->begun = true;
	rq->method_text = bytes_str(method);
	rq->method = http_method_of(rq->method_text);
	rq->version = bytes_str(version);
	rq->tls = fx->shard->secure;
	rq->received_ms = env_now_ms(fx->listener->front->env);
	rq->head_bytes = MHD_get_connection_info(
	    fx->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
			     ->header_size;
	http_request_split(rq);
	if (fill_connection(fx) == -1 || fill_headers(fx) == -1)
		return -1;
	fx->must_close = wants_close(rq);
	fx->early = refuse_early(fx);
	announce(fx);
	return 0;
}

/* Keep or count a piece of the body; false when the client sends without end. */
static bool
take_body(struct front_exchange *fx, struct bytes piece)
{
	uint64_t max = fx->listener->front->limits.body_max;

	if (!fx->rq.body_too_long && piece.n > fx->body.max - fx->body.n) {
		fx->rq.body_too_long = true;
		fx->discarded = fx->body.n;
		buf_clear(&fx->body);
	}
	if (!fx->rq.body_too_long) {
		buf_add(&fx->body, piece);
		return buf_ok(&fx->body);
	}
	fx->discarded += piece.n;
	return fx->discarded / DISCARD_FACTOR <= max;
}

static void
hand_over(struct front_exchange *fx)
{
	struct front *f = fx->listener->front;

	if (!fx->rq.body_too_long)
		fx->rq.body = buf_bytes(&fx->body);
	fx->must_close |= fx->early;
	fx->next = f->handed;
	if (f->handed != NULL)
		f->handed->prev = fx;
	f->handed = fx;
	fx->handed = true;
	fx->in_request = true;
	fx->listener->handler.request(fx->listener->handler.ctx, fx, &fx->rq);
	fx->in_request = false;
}

enum MHD_Result
front_on_access(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_n, void **ctx)
{
	struct front_exchange *fx = *ctx;
	struct bytes piece = bytes_of(upload, *upload_n);

	(void)cls;
	(void)connection;
	(void)url;
	if (fx == NULL)
		return MHD_NO; /* out of memory in front_on_target() */
	if (!fx->begun) {
		if (begin(fx, method, version) == -1)
			return MHD_NO;
		if (!fx->early)
			return MHD_YES;
	}
	if (piece.n > 0) {
		*upload_n = 0;
		return take_body(fx, piece) ? MHD_YES : MHD_NO;
	}
	if (!fx->handed)
		hand_over(fx);
	return front_play(fx);
}

static void
exchange_free(struct front_exchange *fx)
{
	if (fx->response != NULL)
		MHD_destroy_response(fx->response);
	buf_clear(&fx->head);
	free(fx->body_copy);
	buf_clear(&fx->body);
	free(fx->headers);
	free(fx);
}

/*
 * A client that closed its side may still read: a half-close is legal. Only
 * the reset that our reply then provokes tells that nobody did.
 */
static bool
was_reset(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == -1 ||
	    info.tcpi_state == TCP_CLOSE;
}

static enum front_end
end_of(const struct front_exchange *fx, enum MHD_RequestTerminationCode code)
{
	bool sent = fx->sent ||
	    (fx->queued && code == MHD_REQUEST_TERMINATED_COMPLETED_OK);

	if (sent && !(fx->half_closed && was_reset(fx->fd)))
		return FRONT_SENT;
	if (code == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN || fx->cut_short ||
	    fx->listener->front->cut)
		return FRONT_STOPPED;
	return FRONT_CLIENT_GONE;
}

void
front_on_completed(void *cls, struct MHD_Connection *connection, void **ctx,
    enum MHD_RequestTerminationCode code)
{
	struct front_listener *l = ((struct front_shard *)cls)->listener;
	struct front_exchange *fx = *ctx;

	(void)connection;
	*ctx = NULL;
	if (fx == NULL)
		return;
	front_stream_leave(fx);
	if (fx->handed) {
		if (fx->prev != NULL)
			fx->prev->next = fx->next;
		else
			l->front->handed = fx->next;
		if (fx->next != NULL)
			fx->next->prev = fx->prev;
	}
	if (fx->handed || fx->announced)
		l->handler.done(l->handler.ctx, fx, fx->user, end_of(fx, code));
	exchange_free(fx);
}
