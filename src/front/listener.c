/* SPDX-License-Identifier: MIT */
/*
 * The library's daemons, one for each listening socket (door.c), none with a
 * thread of its own, and what stays the same for all requests of one of its
 * connections.
 */
#include "front/inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/*
 * Beside the request's head, the library's pool per connection holds what it
 * makes of the head (64 bytes a header or parameter) and the reply's headers.
 */
#define POOL_EXTRA (24u * 1024)

/* The text of an address; an IPv4 client of an IPv6 socket shows as IPv4. */
void
front_address_text(const struct sockaddr *sa, char out[HTTP_ADDR_MAX])
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	size_t n;

	out[0] = '\0';
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		(void)inet_ntop(AF_INET, &in.sin_addr, out, HTTP_ADDR_MAX);
		return;
	}
	if (sa->sa_family != AF_INET6)
		return;
	memcpy(&in6, sa, sizeof(in6));
	if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
		(void)inet_ntop(
		    AF_INET, in6.sin6_addr.s6_addr + 12, out, HTTP_ADDR_MAX);
		return;
	}
	(void)inet_ntop(AF_INET6, &in6.sin6_addr, out, HTTP_ADDR_MAX);
	if (in6.sin6_scope_id == 0)
		return;
	n = strlen(out);
	snprintf(
	    out + n, HTTP_ADDR_MAX - n, "%%%u", (unsigned)in6.sin6_scope_id);
}

uint16_t
front_port_of(const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		return ntohs(in6.sin6_port);
	}
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		return ntohs(in.sin_port);
	}
	return 0;
}

static void
fill_addresses(struct front_connection *c, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;
	struct sockaddr_storage ss = { 0 };
	socklen_t n = sizeof(ss);

	info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info != NULL && info->client_addr != NULL) {
		front_address_text(info->client_addr, c->peer);
		c->peer_port = front_port_of(info->client_addr);
	}
	info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL &&
	    getsockname(info->connect_fd, (struct sockaddr *)&ss, &n) == 0) {
		front_address_text((struct sockaddr *)&ss, c->local);
		c->local_port = front_port_of((struct sockaddr *)&ss);
	}
}

/* Without memory there is none, and its first request ends the connection. */
static struct front_connection *
connection_new(struct front_shard *shard, struct MHD_Connection *connection)
{
	struct front_connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	fill_addresses(c, connection);
	if (shard->secure)
		c->tls = front_tls_give(shard->listener, connection, c);
	return c;
}

static void
connection_free(struct front_listener *l, struct front_connection *c)
{
	if (c == NULL)
		return;
	if (c->http.state_free != NULL)
		c->http.state_free(c->http.state);
	front_tls_return(l, c->tls);
	free(c->cutter);
	free(c);
}

static void
on_connection(void *cls, struct MHD_Connection *connection, void **ctx,
    enum MHD_ConnectionNotificationCode code)
{
	switch (code) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		*ctx = connection_new(cls, connection);
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		connection_free(((struct front_shard *)cls)->listener, *ctx);
		*ctx = NULL;
		break;
	}
}

/* The target reaches us by front_on_target() before anything is unescaped; leave it all alone. */
static size_t
keep_escapes(void *cls, struct MHD_Connection *connection, char *s)
{
	(void)cls;
	(void)connection;
	return strlen(s);
}

/* What the library answers by itself before there is a request to hand over. */
static const struct {
	unsigned long status;
	const char *why;
} refusals[] = {
	{ 413, "the Content-Length is beyond any size" },
	{ 414, "the request line is longer than this mock reads at all" },
	{ 431, "the headers are longer than this mock reads at all" },
	{ 505, "the HTTP version is not 1.0 or 1.1" },
};

/* Such an answer is nobody's exchange, so that this line is all that is left of it. */
static void
tell_refusal(const struct front_listener *l, unsigned long status)
{
	const char *why = "the request is not HTTP as it should be";
	size_t i;

	for (i = 0; i < nitems(refusals); i++)
		if (refusals[i].status == status)
			why = refusals[i].why;
	log_say(&l->front->log, LOG_INFO,
	    "unreadable request -> %lu by the HTTP library: %s", status, why);
}

/*
 * What the library says of clients and handshakes is worth a look only when
 * one looks for it; what it says of the replies that we sent ourselves (the
 * handler then refuses, to end the connection) is not even that.
 */
__attribute__((format(printf, 2, 0))) static void
on_message(void *cls, const char *fmt, va_list ap)
{
	static const char ours[] = "Application reported internal error";
	static const char refusal[] =
	    "Error processing request (HTTP response code is ";
	struct front_listener *l = cls;
	char text[512];
	size_t n;

	vsnprintf(text, sizeof(text), fmt, ap);
	if (strncmp(text, ours, sizeof(ours) - 1) == 0)
		return;
	for (n = strlen(text); n > 0 && text[n - 1] == '\n'; n--)
		text[n - 1] = '\0';
	log_say(&l->front->log, LOG_DEBUG, "http: %s", text);
	if (strncmp(text, refusal, sizeof(refusal) - 1) == 0)
		tell_refusal(l, strtoul(text + sizeof(refusal) - 1, NULL, 10));
}

/* The daemon of a TLS listener must have a source of certificates, though no session comes to ask it. */
static int
no_certificate(gnutls_session_t session, const gnutls_datum_t *issuers,
    int issuer_count, const gnutls_pk_algorithm_t *algorithms,
    int algorithm_count, gnutls_pcert_st **chain, unsigned *chain_n,
    gnutls_privkey_t *key)
{
	(void)session;
	(void)issuers;
	(void)issuer_count;
	(void)algorithms;
	(void)algorithm_count;
	(void)chain;
	(void)chain_n;
	(void)key;
	return -1;
}

static int
start_daemon(struct front_shard *shard)
{
	const struct front_limits *limits = &shard->listener->front->limits;
	unsigned flags = MHD_USE_EPOLL | MHD_USE_ITC |
	    MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
	    MHD_USE_ERROR_LOG | MHD_USE_SUPPRESS_DATE_NO_CLOCK;

	if (shard->secure)
		flags |= MHD_USE_TLS;
	shard->daemon = MHD_start_daemon(flags, 0, NULL, NULL, front_on_access,
	    shard, MHD_OPTION_EXTERNAL_LOGGER, on_message, shard->listener,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits->head_max + POOL_EXTRA,
	    MHD_OPTION_CONNECTION_LIMIT, limits->connections_max,
	    MHD_OPTION_CONNECTION_TIMEOUT, limits->idle_timeout_s,
	    MHD_OPTION_URI_LOG_CALLBACK, front_on_target, shard,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, front_on_completed, shard,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, shard,
	    shard->secure ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END,
	    no_certificate, MHD_OPTION_END);
	return shard->daemon == NULL ? -1 : 0;
}

static int
start_shard(struct front_shard *shard, struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = shard };

	errno = 0;
	if (start_daemon(shard) == -1)
		return err_sys(e, ERR_SYSTEM,
		    "the HTTP%s listener cannot start",
		    shard->secure ? "S" : "");
	shard->epoll_fd =
	    MHD_get_daemon_info(shard->daemon, MHD_DAEMON_INFO_EPOLL_FD)
		->epoll_fd;
	if (epoll_ctl(shard->listener->front->epoll_fd, EPOLL_CTL_ADD,
		shard->epoll_fd, &ev) == -1) {
		MHD_stop_daemon(shard->daemon);
		shard->daemon = NULL;
		return err_sys(e, ERR_SYSTEM, "no event queue to be had");
	}
	shard->due = true;
	return 0;
}

/* One shard is there from the start, so that what cannot work is told then. */
int
front_listener_start(struct front_listener *l, struct err *e)
{
	unsigned i;

	l->secure = l->tls != NULL;
	for (i = 0; i <= FRONT_SHARDS; i++) {
		l->shards[i].source = FRONT_FROM_LISTENER;
		l->shards[i].listener = l;
		l->shards[i].secure = l->secure && i != FRONT_SHARD_PLAIN;
	}
	l->started = start_shard(&l->shards[0], e) == 0;
	return l->started ? 0 : -1;
}

struct front_shard *
front_listener_shard(struct front_listener *l, bool plain)
{
	struct front_shard *shard =
	    &l->shards[plain ? FRONT_SHARD_PLAIN
			     : l->next_shard++ % FRONT_SHARDS];
	struct err e = { 0 };

	if (shard->daemon == NULL && start_shard(shard, &e) == -1)
		return plain ? NULL : &l->shards[0];
	return shard;
}

unsigned
front_listener_connections(const struct front_listener *l)
{
	unsigned i, n = l->held_count;

	for (i = 0; i <= FRONT_SHARDS; i++)
		if (l->shards[i].daemon != NULL)
			n += MHD_get_daemon_info(l->shards[i].daemon,
			    MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
				 ->num_connections;
	return n;
}

void
front_listener_stop(struct front_listener *l)
{
	unsigned i;

	front_door_close(&l->door);
	for (i = 0; i <= FRONT_SHARDS; i++) {
		if (l->shards[i].daemon != NULL)
			MHD_stop_daemon(l->shards[i].daemon);
		l->shards[i].daemon = NULL;
	}
	l->started = false;
}

void
front_listener_free(struct front_listener *l)
{
	if (l == NULL)
		return;
	front_door_close(&l->door);
	front_tls_clear(l);
	free(l);
}
