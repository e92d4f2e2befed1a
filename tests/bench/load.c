/* SPDX-License-Identifier: MIT */
/* Requests, and many of them at once. */
#include "bench/bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int
bench_request(
    struct bench_shot *s, const char *query, const struct client_bytes *body)
{
	char head[512];
	int n = snprintf(head, sizeof head,
	    "%s /certsrv/mscep/mscep.dll%s HTTP/1.1\r\nHost: localhost\r\n",
	    body ? "POST" : "GET", query);
	if (body)
		n += snprintf(head + n, sizeof head - (size_t)n,
		    "Content-Type: application/x-pki-message\r\n"
		    "Content-Length: %zu\r\n",
		    body->n);
	if (client_bytes_add(&s->request, head, (size_t)n) ||
	    client_bytes_add(&s->request, "\r\n", 2))
		return -1;
	return body ? client_bytes_add(&s->request, body->p, body->n) : 0;
}

struct load {
	const char *url;
	struct bench_shot *shots;
	size_t n; /* this connection fires every CONNECTIONS-th from first on */
	size_t first;
	bool keep; /* the replies are looked at later */
	bool failed;
};

int
bench_dial(const char *url)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned port = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	if (sscanf(url, "http://127.0.0.1:%u/", &port) != 1 &&
	    sscanf(url, "https://127.0.0.1:%u/", &port) != 1)
		return -1;
	to.sin_port = htons((uint16_t)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return connect(fd, (struct sockaddr *)&to, sizeof to) ? -1 : fd;
}

static bool
send_all(int fd, const struct client_bytes *b)
{
	for (size_t at = 0; at < b->n;) {
		ssize_t n = send(fd, b->p + at, b->n - at, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* Head and Content-Length octets into the shot. */
static bool
receive(int fd, struct bench_shot *s)
{
	size_t want = 0;
	s->reply_n = s->body_at = 0;
	while (!s->body_at || s->reply_n < want) {
		ssize_t n = recv(
		    fd, s->reply + s->reply_n, REPLY_MAX - 1 - s->reply_n, 0);
		if (n <= 0)
			return false;
		s->reply_n += (size_t)n;
		s->reply[s->reply_n] = 0;
		const char *end = s->body_at
		    ? NULL
		    : memmem(s->reply, s->reply_n, "\r\n\r\n", 4);
		if (!end)
			continue;
		const char *length = strcasestr(s->reply, "Content-Length:");
		if (!length)
			return false;
		s->body_at = (size_t)(end - s->reply) + 4;
		want = s->body_at + strtoul(length + 15, NULL, 10);
		if (want >= REPLY_MAX)
			return false;
	}
	return !strncmp(s->reply, "HTTP/1.1 200", 12);
}

static void *
fire(void *arg)
{
	struct load *l = arg;
	struct bench_shot scratch = { 0 };
	int fd = bench_dial(l->url);
	l->failed = fd < 0;
	for (size_t i = l->first; i < l->n && !l->failed; i += CONNECTIONS) {
		struct bench_shot *s = l->keep ? &l->shots[i] : &scratch;
		const struct client_bytes *rq =
		    &l->shots[l->keep ? i : 0].request;
		if (!send_all(fd, rq) || !receive(fd, s))
			l->failed = true;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* Requests a second; 0 when any failed. */
double
bench_volley(const char *url, struct bench_shot *shots, size_t n, bool keep)
{
	struct load load[CONNECTIONS];
	pthread_t thread[CONNECTIONS];
	bool ok = true;
	double start = bench_now_s();
	for (size_t i = 0; i < CONNECTIONS; i++) {
		load[i] = (struct load){ url, shots, n, i, keep, false };
		pthread_create(&thread[i], NULL, fire, &load[i]);
	}
	for (size_t i = 0; i < CONNECTIONS; i++) {
		pthread_join(thread[i], NULL);
		ok = ok && !load[i].failed;
	}
	return ok ? (double)n / (bench_now_s() - start) : 0;
}
