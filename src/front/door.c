/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets. We open them and accept on them ourselves and hand each
 * connection to the library's daemon. The library can accept too, but its
 * only way to stop that, MHD_quiesce_daemon(), is for ever, and its listening
 * socket cannot be changed; a daemon that has none (MHD_USE_NO_LISTEN_SOCKET)
 * takes connections from MHD_add_connection() and does not care whether we
 * listen at the moment. Connections wait in the backlog until the server is
 * ready, and an address that cannot be had is reported in our words.
 *
 * A door that refuses has a socket that is bound and does not listen: the
 * kernel answers connects with a reset, and nobody else gets the port.
 */
#include "front/inside.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 511
#define ACCEPT_AT_ONCE 64
#define STARVED_US (100 * 1000)

/* What another thread wants of the event thread; lives on that thread's stack. */
struct front_order {
	struct front_listener *listener;
	bool refuse;
	int rc;
	struct err *e;
	bool done; /* under the front's lock */
	struct front_order *next;
};

/* ---- sockets ---- */

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

/* A socket that has the address and does not listen yet; -1. */
static int
bound_socket(const struct sockaddr_storage *ss, socklen_t n)
{
	const int on = 1, off = 0;
	int fd = socket(
	    ss->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int why;

	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ss->ss_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (const struct sockaddr *)ss, n) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

/* The address in the door becomes the real one, port included. */
static int
open_door(struct front_door *d, const char *addr, uint16_t port, struct err *e)
{
	if (resolve(addr, port, &d->addr, &d->addr_n, e) == -1)
		return -1;
	d->fd = bound_socket(&d->addr, d->addr_n);
	if (d->fd == -1)
		return cannot_listen(addr, port, e);
	if (listen(d->fd, BACKLOG) == -1 ||
	    getsockname(d->fd, (struct sockaddr *)&d->addr, &d->addr_n) == -1) {
		(void)cannot_listen(addr, port, e);
		close(d->fd);
		return -1;
	}
	d->listening = true;
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
	if (open_door(&l->door, addr, port, e) == -1) {
		free(l);
		return -1;
	}
	l->front = f;
	l->handler = *handler;
	front_tls_init(l);
	l->door.source = FRONT_FROM_DOOR;
	l->door.listener = l;
	*index = f->listener_count;
	*out_port = front_port_of((struct sockaddr *)&l->door.addr);
	f->listeners[f->listener_count++] = l;
	return 0;
}

/* ---- accepting ---- */

static void
watch(struct front_door *d)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = d };

	d->watched = epoll_ctl(d->listener->front->epoll_fd, EPOLL_CTL_ADD,
			 d->fd, &ev) == 0;
}

static void
look_away(struct front_door *d)
{
	if (d->watched)
		(void)epoll_ctl(
		    d->listener->front->epoll_fd, EPOLL_CTL_DEL, d->fd, NULL);
	d->watched = false;
}

static bool
is_full(const struct front *f)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->listener_count; i++)
		n += front_listener_connections(f->listeners[i]);
	return n >= f->limits.connections_max;
}

/* One connection from the backlog to the daemon; false when there is none to be had now. */
static bool
accept_one(struct front_door *d)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	int fd = accept4(
	    d->fd, (struct sockaddr *)&ss, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd != -1) {
		front_enter(d->listener, fd, &ss, n);
		return true;
	}
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM: /* it stays in the backlog; asking again at once is no use */
		look_away(d);
		d->closed_until_us = env_monotonic_us() + STARVED_US;
		return false;
	case EAGAIN:
		return false;
	default: /* this client is gone already */
		return errno == EINTR || errno == ECONNABORTED;
	}
}

void
front_door_knock(struct front_door *d)
{
	int i;

	for (i = 0; i < ACCEPT_AT_ONCE && d->listening; i++) {
		if (is_full(d->listener->front)) {
			look_away(d);
			return;
		}
		if (!accept_one(d))
			return;
	}
}

int64_t
front_door_tend(struct front_door *d, int64_t now_us)
{
	if (!d->listening || d->watched || is_full(d->listener->front))
		return INT64_MAX;
	if (now_us < d->closed_until_us)
		return d->closed_until_us;
	watch(d);
	return INT64_MAX;
}

void
front_door_close(struct front_door *d)
{
	look_away(d);
	d->listening = false;
	if (d->fd != -1)
		close(d->fd);
	d->fd = -1;
}

/* ---- refusing ---- */

static int
refuse(struct front_door *d)
{
	front_door_close(d);
	/* To fail here only means that the port may be gone when it is wanted again. */
	d->fd = bound_socket(&d->addr, d->addr_n);
	return 0;
}

static int
take_again(struct front_door *d, struct err *e)
{
	if (d->fd == -1)
		d->fd = bound_socket(&d->addr, d->addr_n);
	if (d->fd == -1 || listen(d->fd, BACKLOG) == -1)
		return err_sys(e, ERR_BIND, "cannot listen on port %u again",
		    (unsigned)front_port_of((struct sockaddr *)&d->addr));
	d->listening = true;
	d->closed_until_us = 0;
	return 0;
}

/* In the event thread, or before there is one. */
static int
carry_out(struct front_door *d, bool refused, struct err *e)
{
	if (d->listening != refused)
		return 0;
	return refused ? refuse(d) : take_again(d, e);
}

static int
too_late(struct err *e)
{
	return err_set(e, ERR_USAGE, "the listeners are stopping");
}

void
front_take_orders(struct front *f, bool over)
{
	struct front_order *o, *list;

	pthread_mutex_lock(&f->lock);
	list = f->orders;
	f->orders = NULL;
	if (over)
		f->state = FRONT_OVER;
	pthread_mutex_unlock(&f->lock);
	if (list == NULL)
		return;
	for (o = list; o != NULL; o = o->next)
		o->rc = over ? too_late(o->e)
			     : carry_out(&o->listener->door, o->refuse, o->e);
	pthread_mutex_lock(&f->lock);
	for (o = list; o != NULL; o = o->next)
		o->done = true;
	pthread_cond_broadcast(&f->ordered);
	pthread_mutex_unlock(&f->lock);
}

/* Have the event thread do it, and wait until it has; with the lock held. */
static void
order(struct front *f, struct front_order *o)
{
	struct front_order **end = &f->orders;

	while (*end != NULL)
		end = &(*end)->next;
	*end = o;
	front_wake(f);
	while (!o->done)
		(void)pthread_cond_wait(&f->ordered, &f->lock);
}

int
front_refuse(struct front *f, unsigned index, bool refused, struct err *e)
{
	struct front_order o = { .refuse = refused, .e = e };
	bool here;

	if (index >= f->listener_count)
		return err_set(e, ERR_USAGE, "there is no listener %u", index);
	o.listener = f->listeners[index];
	pthread_mutex_lock(&f->lock);
	here = f->state == FRONT_NEW ||
	    (f->state == FRONT_RUNNING &&
		pthread_equal(pthread_self(), f->thread));
	if (f->stop || f->state == FRONT_OVER) {
		here = false;
		o.rc = too_late(e);
	} else if (!here) {
		order(f, &o);
	}
	pthread_mutex_unlock(&f->lock);
	return here ? carry_out(&o.listener->door, refused, e) : o.rc;
}
