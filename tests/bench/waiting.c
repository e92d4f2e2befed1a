/* SPDX-License-Identifier: MIT */
/*
 * What clients cost that wait: ten thousand at once, a third each held back,
 * fed a byte a second and never answered. Threads, memory, and the rate of
 * healthy requests with them as a share of that before and after.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAITING 10000
#define WAITING_TLS 1000
#define ROUNDS 3
#define CAPS 8000
#define MEMORY_MAX_MB 200
#define SHARE_LEAST 0.9

static const char yaml[] =
    "mockndes: 1\nrules:\n"
    "  - { id: wait, when: { user_agent: wait }, then: { wait: 1h } }\n"
    "  - { id: drip, when: { user_agent: drip }, then: { drip: { bytes: 1, every: 1s } } }\n"
    "  - { id: hang, when: { user_agent: hang }, then: { hang: true } }\n";

struct crowd {
	int *fd;
	SSL **ssl; /* NULL: plain */
	size_t n;
};

static size_t
ask_to_wait(size_t i, char rq[256])
{
	static const char *const agents[] = { "wait", "drip", "hang" };
	return (size_t)snprintf(rq, 256,
	    "GET /certsrv/mscep/mscep.dll?operation=GetCACaps HTTP/1.1\r\n"
	    "Host: localhost\r\nUser-Agent: %s\r\n\r\n",
	    agents[i % 3]);
}

static bool
join(struct crowd *c, const char *url, SSL_CTX *tls)
{
	char rq[256];
	size_t n = ask_to_wait(c->n, rq);
	int fd = bench_dial(url);
	if (fd < 0)
		return false;
	c->fd[c->n] = fd;
	if (!tls) {
		c->n++;
		return send(fd, rq, n, MSG_NOSIGNAL) == (ssize_t)n;
	}
	SSL *ssl = c->ssl[c->n++] = SSL_new(tls);
	return ssl && SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1 &&
	    SSL_write(ssl, rq, (int)n) == (int)n;
}

/* By resets: who closes in order may still want to read, and is waited for. */
static void
disperse(struct crowd *c)
{
	const struct linger reset = { .l_onoff = 1 };
	for (size_t i = 0; i < c->n; i++) {
		setsockopt(
		    c->fd[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		if (c->ssl)
			SSL_free(c->ssl[i]);
		close(c->fd[i]);
	}
	free(c->fd);
	free(c->ssl);
	memset(c, 0, sizeof *c);
}

static bool
gather(struct crowd *c, const char *url, size_t n, SSL_CTX *tls)
{
	c->fd = calloc(n, sizeof *c->fd);
	c->ssl = tls ? calloc(n, sizeof *c->ssl) : NULL;
	bool ok = c->fd && (!tls || c->ssl);
	while (ok && c->n < n)
		ok = join(c, url, tls);
	return ok;
}

/* What a round showed. */
struct round {
	int threads; /* more than without the crowd */
	double before_mb, mb; /* resident, without it and with it */
	double caps,
	    enrolments; /* rates with it, as a share of those without */
};

struct rates {
	double caps, enrolments; /* a second */
};

static bool
measure_rates(
    const struct bench_server *s, struct bench_enrolments *e, struct rates *r)
{
	struct bench_shot caps = { 0 };
	bool ok = !bench_request(&caps, "?operation=GetCACaps", NULL);
	r->caps = ok ? bench_volley(s->url, &caps, CAPS, false) : 0;
	r->enrolments = bench_volley(s->url, e->shots, REQUESTS, true);
	client_bytes_clear(&caps.request);
	return r->caps > 0 && r->enrolments > 0;
}

/* Without the crowd, with it, and without it again, so that other work of the machine counts on both sides. */
static bool
measure_round(
    const struct bench_server *s, struct bench_enrolments *e, struct round *out)
{
	struct rates before, with, after;
	struct crowd crowd = { 0 };
	bool ok = measure_rates(s, e, &before);
	int threads = bench_threads(s->pid);
	out->before_mb = bench_resident_mb(s->pid);
	ok = ok && gather(&crowd, s->url, WAITING, NULL) &&
	    measure_rates(s, e, &with);
	out->threads = bench_threads(s->pid) - threads;
	out->mb = bench_resident_mb(s->pid);
	disperse(&crowd);
	if (!ok || !measure_rates(s, e, &after))
		return false;
	out->caps = 2 * with.caps / (before.caps + after.caps);
	out->enrolments =
	    2 * with.enrolments / (before.enrolments + after.enrolments);
	return true;
}

static int
judge(struct bench *b, const struct round r[ROUNDS])
{
	double caps[ROUNDS], enrolments[ROUNDS], mb = 0;
	int threads = 0;
	for (int i = 0; i < ROUNDS; i++) {
		caps[i] = r[i].caps;
		enrolments[i] = r[i].enrolments;
		threads = r[i].threads > threads ? r[i].threads : threads;
		mb = r[i].mb > mb ? r[i].mb : mb;
	}
	double of_caps = bench_median(caps, ROUNDS);
	double of_enrolments = bench_median(enrolments, ROUNDS);
	printf("%d connections in wait, drip and hang: %d threads more, "
	       "%.0f MB in all, of which %.0f without them\n",
	    WAITING, threads, mb, r[0].before_mb);
	printf("rate beside them, as a share of that without: GetCACaps %.2f, "
	       "enrolments %.2f%s\n",
	    of_caps, of_enrolments,
	    of_caps < SHARE_LEAST || of_enrolments < SHARE_LEAST
		? " (less than promised; is the machine busy?)"
		: "");
	if (threads)
		return client_fail(
		    &b->c, "waiting connections hold %d threads", threads);
	if (mb > MEMORY_MAX_MB)
		return client_fail(
		    &b->c, "waiting connections take %.0f MB", mb);
	return 0;
}

static int
measure_plain(struct bench *b, const struct bench_server *s)
{
	struct bench_enrolments e = { 0 };
	struct round r[ROUNDS] = { 0 };
	bool ok = true;
	if (bench_prepare(b, s->url, &e)) {
		bench_enrolments_clear(&e);
		return -1;
	}
	for (int i = 0; i < ROUNDS && ok; i++)
		ok = measure_round(s, &e, &r[i]);
	bench_enrolments_clear(&e);
	if (!ok)
		return client_fail(&b->c,
		    "%d connections cannot wait here (ulimit -Hn?)", WAITING);
	return judge(b, r);
}

static int
measure_tls(struct bench *b, const struct bench_server *s)
{
	struct crowd crowd = { 0 };
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	double before = bench_resident_mb(s->pid), after = 0;
	bool ok = tls && gather(&crowd, s->url_https, WAITING_TLS, tls);
	after = bench_resident_mb(s->pid);
	disperse(&crowd);
	SSL_CTX_free(tls);
	if (!ok)
		return client_fail(
		    &b->c, "%d connections cannot wait on HTTPS", WAITING_TLS);
	printf("a waiting connection on HTTPS: %.1f kB\n",
	    (after - before) * 1024 / WAITING_TLS);
	return 0;
}

int
bench_waiting(struct bench *b)
{
	char path[] = "/tmp/mockndes-bench-XXXXXX.yaml";
	const char *const options[] = { "--scenario", path, NULL };
	struct bench_server s = { 0 };
	int fd = mkstemps(path, 5), rc = 0;
	if (fd < 0 || write(fd, yaml, strlen(yaml)) != (ssize_t)strlen(yaml))
		rc = client_fail(&b->c, "cannot write %s", path);
	close(fd);
	for (int tls = 1; tls >= 0 && !rc; tls--) {
		if (bench_server_start(&s, b->program, options))
			rc =
			    client_fail(&b->c, "%s does not start", b->program);
		else
			rc = tls ? measure_tls(b, &s) : measure_plain(b, &s);
		bench_server_stop(&s);
	}
	unlink(path);
	return rc;
}
