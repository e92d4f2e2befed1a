/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets and the library's daemons on them: one daemon per socket,
 * none with a thread of its own. We open the sockets ourselves, so that
 * connections wait in the backlog until the server is ready, and so that an
 * address that cannot be had is reported in our words.
 */
#include "front/inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 511

/*
 * Beside the request's head, the library's pool per connection holds what it
 * makes of the head (64 bytes a header or parameter) and the reply's headers.
 */
#define POOL_EXTRA (24u * 1024)

/* Turns addr into a socket address; the text may have a scope ("fe80::1%eth0"). */
static int
resolve(const char *addr, uint16_t port, struct sockaddr_storage *ss,
    socklen_t *n, struct err *e)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	char service[8];

	snprintf(service, sizeof(service), "%u", (unsigned)port);
	if (getaddrinfo(addr, service, &hints, &list) != 0)
		return err_set(e, ERR_BIND,
		    "cannot listen on \"%s\": not an IPv4 or IPv6 address",
		    addr);
	memcpy(ss, list->ai_addr, list->ai_addrlen);
	*n = list->ai_addrlen;
	freeaddrinfo(list);
	return 0;
}

static int
cannot_listen(const char *addr, uint16_t port, struct err *e)
{
	const char *l = strchr(addr, ':') == NULL ? "" : "[";
	const char *r = l[0] == '\0' ? "" : "]";

	return err_sys(e, ERR_BIND, "cannot listen on %s%s%s:%u", l, addr, r,
	    (unsigned)port);
}

static uint16_t
port_of(const struct sockaddr *sa)
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

static int
open_socket(const char *addr, uint16_t port, int *out_fd, uint16_t *out_port,
    struct err *e)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t n = 0;
	const int on = 1, off = 0;
	int fd;

	if (resolve(addr, port, &ss, &n, e) == -1)
		return -1;
	fd =
	    socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return cannot_listen(addr, port, e);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ss.ss_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&ss, n) == -1 ||
	    listen(fd, BACKLOG) == -1 ||
	    getsockname(fd, (struct sockaddr *)&ss, &n) == -1) {
		(void)cannot_listen(addr, port, e);
		close(fd);
		return -1;
	}
	*out_fd = fd;
	*out_port = port_of((struct sockaddr *)&ss);
	return 0;
}

int
front_listen(struct front *f, const char *addr, uint16_t port,
    const struct front_handler *handler, unsigned *index, uint16_t *out_port,
    struct err *e)
{
	struct front_listener *l;

	if (f->listener_count == FRONT_LISTENERS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d listeners",
		    FRONT_LISTENERS_MAX);
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return err_set(e, ERR_MEMORY, "out of memory");
	if (open_socket(addr, port, &l->fd, out_port, e) == -1) {
		free(l);
		return -1;
	}
	l->source = FRONT_FROM_LISTENER;
	l->front = f;
	l->handler = *handler;
	l->epoll_fd = -1;
	*index = f->listener_count;
	f->listeners[f->listener_count++] = l;
	return 0;
}

/* The text of an address; an IPv4 client of an IPv6 socket shows as IPv4. */
static void
address_text(const struct sockaddr *sa, char out[HTTP_ADDR_MAX])
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

static struct front_peer *
peer_new(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;
	struct sockaddr_storage ss = { 0 };
	socklen_t n = sizeof(ss);
	struct front_peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info != NULL && info->client_addr != NULL) {
		address_text(info->client_addr, p->peer);
		p->peer_port = port_of(info->client_addr);
	}
	info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL &&
	    getsockname(info->connect_fd, (struct sockaddr *)&ss, &n) == 0) {
		address_text((struct sockaddr *)&ss, p->local);
		p->local_port = port_of((struct sockaddr *)&ss);
	}
	return p;
}

static void
on_connection(void *cls, struct MHD_Connection *connection, void **ctx,
    enum MHD_ConnectionNotificationCode code)
{
	(void)cls;
	switch (code) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		*ctx = peer_new(connection);
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		free(*ctx);
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

/*
 * What the library says of clients and handshakes is worth a look only when
 * one looks for it; what it says of the replies that we sent ourselves (the
 * handler then refuses, to end the connection) is not even that.
 */
__attribute__((format(printf, 2, 0))) static void
on_message(void *cls, const char *fmt, va_list ap)
{
	static const char ours[] = "Application reported internal error";
	struct front_listener *l = cls;
	char text[512];
	size_t n;

	vsnprintf(text, sizeof(text), fmt, ap);
	if (strncmp(text, ours, sizeof(ours) - 1) == 0)
		return;
	for (n = strlen(text); n > 0 && text[n - 1] == '\n'; n--)
		text[n - 1] = '\0';
	log_say(&l->front->log, LOG_DEBUG, "http: %s", text);
}

static int
refused(const struct front_listener *l, struct err *e)
{
	if (l->chain_pem != NULL)
		return err_set(e, ERR_SYSTEM,
		    "the HTTPS listener cannot start: its certificate or key is not usable, or the system refused");
	return err_sys(e, ERR_SYSTEM, "the HTTP listener cannot start");
}

/*
 * The library closes the listening socket when some of its steps fail and
 * leaves it open when others do, so it gets a copy: closing one twice could
 * hit what another thread has opened meanwhile.
 */
static int
start_daemon(struct front_listener *l)
{
	const struct front_limits *limits = &l->front->limits;
	const struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)l->key_pem },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0,
		    (void *)(uintptr_t)l->chain_pem },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_EPOLL | MHD_USE_ITC |
	    MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
	    MHD_USE_SUPPRESS_DATE_NO_CLOCK;
	int fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (l->chain_pem != NULL)
		flags |= MHD_USE_TLS;
	l->daemon = MHD_start_daemon(flags, 0, NULL, NULL, front_on_access, l,
	    MHD_OPTION_EXTERNAL_LOGGER, on_message, l, MHD_OPTION_LISTEN_SOCKET,
	    fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    limits->head_max + POOL_EXTRA, MHD_OPTION_CONNECTION_LIMIT,
	    limits->connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
	    limits->idle_timeout_s, MHD_OPTION_URI_LOG_CALLBACK,
	    front_on_target, l, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes,
	    NULL, MHD_OPTION_NOTIFY_COMPLETED, front_on_completed, l,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL,
	    l->chain_pem == NULL ? MHD_OPTION_END : MHD_OPTION_ARRAY, tls,
	    MHD_OPTION_END);
	if (l->daemon == NULL)
		return -1;
	close(l->fd);
	l->fd = fd;
	return 0;
}

int
front_listener_start(struct front_listener *l, struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = l };

	errno = 0;
	if (start_daemon(l) == -1)
		return refused(l, e);
	l->epoll_fd =
	    MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	if (epoll_ctl(l->front->epoll_fd, EPOLL_CTL_ADD, l->epoll_fd, &ev) ==
	    -1)
		return refused(l, e);
	l->due = true;
	return 0;
}

void
front_listener_quiesce(struct front_listener *l)
{
	(void)MHD_quiesce_daemon(l->daemon);
	l->due = true;
	close(l->fd);
	l->fd = -1;
}

void
front_listener_stop(struct front_listener *l)
{
	if (l->daemon == NULL)
		return;
	if (l->fd != -1)
		front_listener_quiesce(l);
	MHD_stop_daemon(l->daemon);
	l->daemon = NULL;
}

void
front_listener_free(struct front_listener *l)
{
	if (l == NULL)
		return;
	if (l->fd != -1)
		close(l->fd);
	free(l);
}
