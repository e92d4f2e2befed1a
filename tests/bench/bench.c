/* SPDX-License-Identifier: MIT */
/*
 * The figures of `make bench`, one a line: start to ready line, resident
 * memory, enrolments and GetCACaps a second over keep-alive connections, and
 * the limit that the cryptography alone sets, measured in the same run.
 * Requests are made before the clock starts, replies are checked after it
 * stopped. Usage: MOCKNDES=build/release/mockndes bench
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rsa.h>

#include "support/client.h"

#define SECRET "bench"
#define STARTS 10
#define CONNECTIONS 8
#define REQUESTS 800 /* a round */
#define ROUNDS 3
#define CAPS 8000
#define LIMIT_THREADS 2
#define LIMIT_OPS 900 /* private operations of a thread */
#define PER_ENROLMENT 3 /* decrypt, issue, sign */
#define REPLY_MAX 8192

static double
now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double
median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_size);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* ---- the server ---- */

struct server {
	pid_t pid;
	double ready_s; /* from fork to the ready line */
	char url[CLIENT_TEXT_MAX];
};

/* Read one line; bounded. */
static bool
read_line(int fd, char *out, size_t size)
{
	size_t n = 0;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	while (n + 1 < size && poll(&p, 1, 10000) == 1 &&
	    read(fd, out + n, 1) == 1)
		if (out[n++] == '\n') {
			out[n - 1] = 0;
			return true;
		}
	return false;
}

static void
run_server(const char *program, int out)
{
	int null = open("/dev/null", O_RDWR);
	dup2(out, 1);
	dup2(null, 2);
	execl(program, program, "--http-port", "0", "--https-port", "0",
	    "--control-port", "0", "--challenge", SECRET, (char *)NULL);
	_exit(127);
}

static int
server_start(struct server *s, const char *program)
{
	int fd[2];
	char line[2048];
	if (pipe2(fd, O_CLOEXEC))
		return -1;
	double start = now_s();
	s->pid = fork();
	if (s->pid == 0)
		run_server(program, fd[1]);
	close(fd[1]);
	bool ready = read_line(fd[0], line, sizeof line);
	s->ready_s = now_s() - start;
	close(fd[0]);
	const char *at = ready ? strstr(line, "\"scep_url\":\"") : NULL;
	if (!at)
		return -1;
	at += strlen("\"scep_url\":\"");
	snprintf(s->url, sizeof s->url, "%.*s", (int)strcspn(at, "\""), at);
	return 0;
}

static void
server_stop(struct server *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}

static double
resident_mb(pid_t pid)
{
	char path[64], line[256];
	long kb = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmRSS: %ld kB", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return (double)kb / 1024;
}

/* ---- load ---- */

/* One HTTP request with the place for its answer. */
struct shot {
	struct client_bytes request;
	char reply[REPLY_MAX];
	size_t reply_n; /* head and body */
	size_t body_at;
};

struct load {
	const char *url;
	struct shot *shots;
	size_t n; /* this connection fires every CONNECTIONS-th from first on */
	size_t first;
	bool keep; /* the replies are looked at later */
	bool failed;
};

static int
dial(const char *url)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned port = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	if (sscanf(url, "http://127.0.0.1:%u/", &port) != 1)
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
receive(int fd, struct shot *s)
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
	struct shot scratch = { 0 };
	int fd = dial(l->url);
	l->failed = fd < 0;
	for (size_t i = l->first; i < l->n && !l->failed; i += CONNECTIONS) {
		struct shot *s = l->keep ? &l->shots[i] : &scratch;
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
static double
volley(const char *url, struct shot *shots, size_t n, bool keep)
{
	struct load load[CONNECTIONS];
	pthread_t thread[CONNECTIONS];
	bool ok = true;
	double start = now_s();
	for (size_t i = 0; i < CONNECTIONS; i++) {
		load[i] = (struct load){ url, shots, n, i, keep, false };
		pthread_create(&thread[i], NULL, fire, &load[i]);
	}
	for (size_t i = 0; i < CONNECTIONS; i++) {
		pthread_join(thread[i], NULL);
		ok = ok && !load[i].failed;
	}
	return ok ? (double)n / (now_s() - start) : 0;
}

/* ---- what the cryptography allows ---- */

struct grind {
	EVP_PKEY *key;
	bool failed;
};

static void *
grind(void *arg)
{
	struct grind *g = arg;
	unsigned char digest[32] = { 1 }, out[256];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(g->key, NULL);
	g->failed = !ctx || EVP_PKEY_sign_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) <= 0;
	for (unsigned i = 0; i < LIMIT_OPS && !g->failed; i++) {
		size_t n = sizeof out;
		digest[1] = (unsigned char)i;
		g->failed =
		    EVP_PKEY_sign(ctx, out, &n, digest, sizeof digest) <= 0;
	}
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* Enrolments a second that two threads could do if nothing else cost anything. */
static double
crypto_limit(EVP_PKEY *key)
{
	struct grind g[LIMIT_THREADS];
	pthread_t thread[LIMIT_THREADS];
	double start = now_s();
	for (int i = 0; i < LIMIT_THREADS; i++) {
		g[i] = (struct grind){ key, false };
		pthread_create(&thread[i], NULL, grind, &g[i]);
	}
	for (int i = 0; i < LIMIT_THREADS; i++)
		pthread_join(thread[i], NULL);
	return LIMIT_THREADS * LIMIT_OPS / (double)PER_ENROLMENT /
	    (now_s() - start);
}

/* ---- enrolments ---- */

struct bench {
	struct client c;
	EVP_PKEY *key;
	struct client_ca ca;
	struct server server;
	struct client_prepared *prepared; /* REQUESTS */
	struct shot *shots;
};

static int
post(struct shot *s, const char *query, const struct client_bytes *body)
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

static int
prepare(struct bench *b)
{
	struct client_cert self = { .key = b->key, .subject = "/CN=bench" };
	X509 *signer = client_cert_make(&b->c, &self);
	int rc = signer ? 0 : -1;
	for (size_t i = 0; i < REQUESTS && !rc; i++) {
		char subject[64];
		snprintf(subject, sizeof subject, "/O=Probe/CN=bench-%zu", i);
		struct client_enrolment e = {
			.url = b->server.url,
			.ca = &b->ca,
			.csr = { .key = b->key,
			    .subject = subject,
			    .challenge = SECRET },
			.signer = signer,
			.signer_key = b->key,
		};
		rc = client_prepare(&b->c, &e, &b->prepared[i]);
		if (rc)
			break;
		X509_up_ref(signer);
		b->prepared[i].own_signer = signer;
		rc = post(&b->shots[i], "?operation=PKIOperation",
		    &b->prepared[i].der);
	}
	X509_free(signer);
	return rc;
}

/* Every reply in full, as a strict client. */
static int
check(struct bench *b)
{
	for (size_t i = 0; i < REQUESTS; i++) {
		struct shot *s = &b->shots[i];
		struct client_expect x = { &b->prepared[i].message, &b->ca,
			b->key };
		struct client_bytes body = { (unsigned char *)s->reply +
			    s->body_at,
			s->reply_n - s->body_at };
		struct client_certrep r = { 0 };
		if (client_certrep_read(&b->c, &x, &body, &r))
			return -1;
		int status = r.status;
		client_certrep_clear(&r);
		if (status != 0)
			return client_fail(
			    &b->c, "reply %zu has pkiStatus %d", i, status);
	}
	return 0;
}

static int
measure_enrolments(struct bench *b)
{
	double rate[ROUNDS], ratio[ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		double before = crypto_limit(b->key);
		rate[i] = volley(b->server.url, b->shots, REQUESTS, true);
		double limit = (before + crypto_limit(b->key)) / 2;
		if (rate[i] <= 0)
			return client_fail(&b->c, "an exchange failed");
		ratio[i] = rate[i] / limit;
	}
	if (check(b))
		return -1;
	printf("enrolments by POST, %d connections: %.0f /s\n", CONNECTIONS,
	    median(rate, ROUNDS));
	printf(
	    "share of the cryptographic limit: %.2f\n", median(ratio, ROUNDS));
	return 0;
}

static int
measure_caps(struct bench *b)
{
	struct shot caps = { 0 };
	int rc = post(&caps, "?operation=GetCACaps", NULL);
	double rate = rc ? 0 : volley(b->server.url, &caps, CAPS, false);
	client_bytes_clear(&caps.request);
	if (rate <= 0)
		return client_fail(&b->c, "a GetCACaps failed");
	printf("GetCACaps, %d connections: %.0f /s\n", CONNECTIONS, rate);
	return 0;
}

static int
measure_starts(struct bench *b, const char *program)
{
	double ms[STARTS];
	for (int i = 0; i < STARTS; i++) {
		server_stop(&b->server);
		if (server_start(&b->server, program))
			return client_fail(&b->c, "%s does not start", program);
		ms[i] = b->server.ready_s * 1000;
	}
	printf("start to ready line, median of %d: %.0f ms\n", STARTS,
	    median(ms, STARTS));
	printf("resident memory, idle: %.1f MB\n", resident_mb(b->server.pid));
	return 0;
}

static int
bench(struct bench *b, const char *program)
{
	if (client_open(&b->c, NULL) || measure_starts(b, program) ||
	    client_ca_fetch(&b->c, b->server.url, &b->ca))
		return -1;
	b->key = EVP_RSA_gen(2048);
	b->prepared = calloc(REQUESTS, sizeof *b->prepared);
	b->shots = calloc(REQUESTS, sizeof *b->shots);
	if (!b->key || !b->prepared || !b->shots)
		return client_fail(&b->c, "out of memory");
	if (prepare(b) || measure_enrolments(b) || measure_caps(b))
		return -1;
	printf("resident memory, after the load: %.1f MB\n",
	    resident_mb(b->server.pid));
	return 0;
}

int
main(void)
{
	struct bench b = { 0 };
	const char *program = getenv("MOCKNDES");
	int rc = bench(&b, program ? program : "build/mockndes");
	if (rc)
		fprintf(stderr, "bench: %s\n", b.c.why);
	server_stop(&b.server);
	for (size_t i = 0; i < REQUESTS && b.shots && b.prepared; i++) {
		client_bytes_clear(&b.shots[i].request);
		client_prepared_clear(&b.prepared[i]);
	}
	free(b.shots);
	free(b.prepared);
	client_ca_clear(&b.ca);
	EVP_PKEY_free(b.key);
	client_close(&b.c);
	return rc ? 1 : 0;
}
