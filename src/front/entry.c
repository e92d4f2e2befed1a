/* SPDX-License-Identifier: MIT */
/*
 * Connections before they are the library's: most go to it at once, some are
 * reset, closed or held, as the handler wants. One that is held is in our
 * epoll set and in a list, and costs nothing else.
 */
#include "front/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* What is done when the time is over, or the client has sent something. */
struct front_held {
	enum front_source source;
	struct front_listener *listener;
	struct http_entry entry;
	char *chain_pem, *key_pem; /* copies */
	int fd;
	int timer_fd; /* -1: none */
	bool waits_for_input;
	bool stays; /* until the client leaves */
	bool over; /* closed; freed when no event can speak of it any more */
	struct sockaddr_storage ss;
	socklen_t ss_n;
	struct front_held *prev, *next;
};

/* Its socket and its timer may both be in one batch of events, so the memory stays until front_held_sweep(). */
static void
let_go(struct front_held *h)
{
	struct front *f = h->listener->front;

	if (h->prev != NULL)
		h->prev->next = h->next;
	else
		f->held = h->next;
	if (h->next != NULL)
		h->next->prev = h->prev;
	if (h->timer_fd != -1)
		close(h->timer_fd);
	if (h->fd != -1) {
		(void)epoll_ctl(f->epoll_fd, EPOLL_CTL_DEL, h->fd, NULL);
		close(h->fd);
	}
	h->fd = h->timer_fd = -1;
	h->over = true;
	h->listener->held_count--;
	h->prev = NULL;
	h->next = f->held_over;
	f->held_over = h;
}

void
front_held_sweep(struct front *f)
{
	struct front_held *h;

	while ((h = f->held_over) != NULL) {
		f->held_over = h->next;
		free(h->chain_pem);
		free(h->key_pem);
		free(h);
	}
}

static void
reset(int fd)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	(void)connect(fd, &nobody, sizeof(nobody));
}

/* Hand it to the library; what it does not take it closes. */
static void
hand_over(struct front_listener *l, int fd, const struct sockaddr_storage *ss,
    socklen_t n, const struct http_entry *entry)
{
	struct front_shard *shard = front_listener_shard(l, entry->plain);

	if (shard == NULL) {
		close(fd);
		return;
	}
	l->entering = entry;
	(void)MHD_add_connection(
	    shard->daemon, fd, (const struct sockaddr *)ss, n);
	l->entering = NULL;
	shard->due = true;
}

/*
 * Read what the client has sent, to nowhere, so that closing is no reset;
 * false: the client has left. Who sends faster than we read gets a turn and no
 * more.
 */
static bool
swallow(int fd)
{
	char nowhere[16384];
	ssize_t n;
	unsigned i = 0;

	do {
		n = recv(fd, nowhere, sizeof(nowhere), MSG_DONTWAIT);
	} while ((n > 0 && ++i < FRONT_READS_AT_ONCE) ||
	    (n == -1 && errno == EINTR));
	return n > 0 || (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

/* Until the client leaves; from now on each event tells of what there is still to be read. */
static void
hold_on(struct front_held *h)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP,
		.data.ptr = h };

	h->stays = true;
	h->waits_for_input = false;
	if (!swallow(h->fd) ||
	    epoll_ctl(
		h->listener->front->epoll_fd, EPOLL_CTL_MOD, h->fd, &ev) == -1)
		let_go(h);
}

/* Is the record that the client sends first in, or what cannot be one? */
static bool
hello_is_in(int fd)
{
	uint8_t head[5];
	ssize_t n = recv(fd, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);
	int all = 0;

	if (n <= 0)
		return false;
	if (head[0] != 0x16)
		return true;
	return n == sizeof(head) && ioctl(fd, FIONREAD, &all) == 0 &&
	    all >= 5 + (head[3] << 8 | head[4]);
}

/* The ClientHello is in. */
static void
answer_hello(struct front_held *h)
{
	const uint8_t alert[] = { 0x15, 0x03, 0x03, 0x00, 0x02, 0x02,
		h->entry.alert };

	(void)swallow(h->fd);
	if (h->entry.has_alert) {
		(void)send(
		    h->fd, alert, sizeof(alert), MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)shutdown(h->fd, SHUT_WR);
		hold_on(h);
		return;
	}
	switch (h->entry.cut_how) {
	case WIRE_CUT_STALL:
		hold_on(h);
		return;
	case WIRE_CUT_RESET:
		reset(h->fd);
		break;
	case WIRE_CUT_ALERT:
	case WIRE_CUT_CLOSE:
	case WIRE_WHOLE:
		break;
	}
	let_go(h);
}

/* The time is over, or there was none. */
static void
act(struct front_held *h)
{
	int fd = h->fd;

	switch (h->entry.act) {
	case WIRE_CLOSE:
		(void)swallow(fd);
		let_go(h);
		return;
	case WIRE_RESET:
		reset(fd);
		let_go(h);
		return;
	case WIRE_SILENT:
		hold_on(h);
		return;
	case WIRE_PLAY:
		break;
	}
	if (h->entry.has_alert || h->entry.cut == HTTP_TLS_CUT_HELLO) {
		h->waits_for_input = true;
		/* It may have come during the delay, and is not told again. */
		if (hello_is_in(fd))
			answer_hello(h);
		return;
	}
	(void)epoll_ctl(h->listener->front->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	h->fd = -1;
	hand_over(h->listener, fd, &h->ss, h->ss_n, &h->entry);
	let_go(h);
}

/* Has the client gone? */
static bool
has_left(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 ||
	    (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK &&
		errno != EINTR);
}

static bool
is_over(int timer_fd)
{
	uint64_t n;

	return timer_fd != -1 && read(timer_fd, &n, sizeof(n)) == sizeof(n);
}

void
front_held_event(struct front_held *h)
{
	if (h->over)
		return;
	if (is_over(h->timer_fd)) {
		close(h->timer_fd);
		h->timer_fd = -1;
		act(h);
		return;
	}
	if (has_left(h->fd)) {
		let_go(h);
		return;
	}
	if (h->waits_for_input && hello_is_in(h->fd))
		answer_hello(h);
	else if (h->stays && !swallow(h->fd))
		let_go(h);
	/* else it waits for its time, and its input for the library */
}

static bool
watch(struct front_held *h, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = h };

	return epoll_ctl(
		   h->listener->front->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0;
}

static bool
set_timer(struct front_held *h)
{
	struct itimerspec t = { 0 };

	if (h->entry.delay_ms <= 0)
		return true;
	t.it_value.tv_sec = (time_t)(h->entry.delay_ms / 1000);
	t.it_value.tv_nsec = (long)(h->entry.delay_ms % 1000) * 1000000;
	h->timer_fd =
	    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return h->timer_fd != -1 &&
	    timerfd_settime(h->timer_fd, 0, &t, NULL) == 0 &&
	    watch(h, h->timer_fd, EPOLLIN);
}

static bool
keep_pems(struct front_held *h)
{
	if (h->entry.chain_pem == NULL)
		return true;
	h->chain_pem = strdup(h->entry.chain_pem);
	h->key_pem = strdup(h->entry.key_pem);
	h->entry.chain_pem = h->chain_pem;
	h->entry.key_pem = h->key_pem;
	return h->chain_pem != NULL && h->key_pem != NULL;
}

static void
hold(struct front_listener *l, int fd, const struct sockaddr_storage *ss,
    socklen_t n, const struct http_entry *entry)
{
	struct front_held *h = calloc(1, sizeof(*h));
	/* While it waits for its time, only the client's leaving counts. */
	uint32_t events = EPOLLIN | EPOLLRDHUP | EPOLLET;

	if (h == NULL) {
		close(fd);
		return;
	}
	h->source = FRONT_FROM_HELD;
	h->listener = l;
	h->entry = *entry;
	h->fd = fd;
	h->timer_fd = -1;
	h->ss = *ss;
	h->ss_n = n;
	h->next = l->front->held;
	if (h->next != NULL)
		h->next->prev = h;
	l->front->held = h;
	l->held_count++;
	if (!keep_pems(h) || !watch(h, fd, events) || !set_timer(h)) {
		let_go(h);
		return;
	}
	if (h->timer_fd == -1)
		act(h);
}

void
front_held_clear(struct front *f)
{
	struct front_held *h, *next;

	for (h = f->held; h != NULL; h = next) {
		next = h->next;
		let_go(h);
	}
	front_held_sweep(f);
}

void
front_enter(struct front_listener *l, int fd, const struct sockaddr_storage *ss,
    socklen_t n)
{
	struct http_entry entry = { 0 };
	char peer[HTTP_ADDR_MAX] = "";

	if (l->handler.enter != NULL) {
		front_address_text((const struct sockaddr *)ss, peer);
		l->handler.enter(l->handler.ctx, peer,
		    front_port_of((const struct sockaddr *)ss), l->secure,
		    &entry);
	}
	if (!l->secure || entry.plain) {
		entry.has_alert = false;
		entry.cut = HTTP_TLS_WHOLE;
	}
	if (entry.act == WIRE_PLAY && entry.delay_ms == 0 && !entry.has_alert &&
	    entry.cut != HTTP_TLS_CUT_HELLO)
		hand_over(l, fd, ss, n, &entry);
	else
		hold(l, fd, ss, n, &entry);
}
