/* SPDX-License-Identifier: MIT */
/* Rules as clients meet them, on real sockets: what goes over the wire byte for byte, what is kept of it, and the same again under the same seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "support/served.h"

#define HEAD "mockndes: 1\nrules:\n"

/* ---- a socket of our own ---- */

struct seen {
	char bytes[400000];
	size_t n;
	int how; /* 0: an orderly end, ECONNRESET, EAGAIN: nothing more came in time */
};

static int
connect_to(const char *url)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct timeval wait = { .tv_sec = 1, .tv_usec = 500000 };
	const char *colon = strrchr(url + 8, ':');
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_port = htons((uint16_t)atoi(colon + 1));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

static void
read_all(int fd, struct seen *s)
{
	ssize_t n = 0;

	s->n = 0;
	while (s->n < sizeof(s->bytes) - 1 &&
	    (n = recv(fd, s->bytes + s->n, sizeof(s->bytes) - 1 - s->n, 0)) > 0)
		s->n += (size_t)n;
	s->how = n == 0 ? 0 : errno;
	s->bytes[s->n] = '\0';
}

/* Ask for GetCACaps under a User-Agent, and see all that comes. */
static void
ask(const char *url, const char *agent, struct seen *s)
{
	char rq[512];
	int n = snprintf(rq, sizeof(rq),
	    "GET /certsrv/mscep/mscep.dll?operation=GetCACaps HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: close\r\nUser-Agent: %s\r\n\r\n",
	    agent);
	int fd = connect_to(url);

	assert_int_equal(send(fd, rq, (size_t)n, MSG_NOSIGNAL), n);
	read_all(fd, s);
	close(fd);
}

static bool
has(const struct seen *s, const char *text)
{
	return memmem(s->bytes, s->n, text, strlen(text)) != NULL;
}

static const char *
body_of(const struct seen *s)
{
	const char *end = strstr(s->bytes, "\r\n\r\n");

	return end == NULL ? "" : end + 4;
}

/* ---- effects ---- */

static const char effects[] = HEAD
    "  - { id: raw, when: { user_agent: raw }, then: { raw: { text: what } } }\n"
    "  - { id: hex, when: { user_agent: hex }, then: { raw: { hex: 00ff10 } } }\n"
    "  - { id: short, when: { user_agent: short }, then: { form: { length: short } } }\n"
    "  - { id: long, when: { user_agent: long }, then: { form: { length: long } } }\n"
    "  - { id: twice, when: { user_agent: twice }, then: { form: { length: twice } } }\n"
    "  - { id: both, when: { user_agent: both }, then: { form: { length: both, chunks: 20 } } }\n"
    "  - { id: chunks, when: { user_agent: chunks }, then: { caps: { text: abcdefg }, form: { chunks: 3, trailers: { X-T: y } } } }\n"
    "  - { id: ten, when: { user_agent: ten }, then: { form: { version: \"1.0\" } } }\n"
    "  - { id: nine, when: { user_agent: nine }, then: { caps: { text: bare }, form: { version: \"0.9\" } } }\n"
    "  - { id: two, when: { user_agent: two }, then: { form: { version: \"2\" } } }\n"
    "  - { id: hundred, when: { user_agent: hundred }, then: { form: { first: continue } } }\n"
    "  - { id: gzip, when: { user_agent: gzip }, then: { form: { coding: gzip } } }\n"
    "  - { id: flood, when: { user_agent: flood }, then: { form: { flood: { lines: 200, bytes: 64KiB } } } }\n"
    "  - { id: upper, when: { user_agent: upper }, then: { form: { names: upper } } }\n"
    "  - { id: open, when: { user_agent: open }, then: { form: { keep_open: true } } }\n"
    "  - { id: start, when: { user_agent: start }, then: { cut: { at: start, how: close } } }\n"
    "  - { id: rst, when: { user_agent: rst }, then: { cut: { at: start } } }\n"
    "  - { id: heads, when: { user_agent: heads }, then: { cut: { at: headers } } }\n"
    "  - { id: half, when: { user_agent: half }, then: { caps: { text: 0123456789 }, cut: { at: 50%, how: close } } }\n"
    "  - { id: halfrst, when: { user_agent: halfrst }, then: { caps: { text: 0123456789 }, cut: { at: 4 } } }\n"
    "  - { id: stall, when: { user_agent: stall }, then: { caps: { text: 0123456789 }, cut: { at: 50%, how: stall } } }\n"
    "  - { id: hang, when: { user_agent: hang }, then: { hang: true } }\n"
    "  - { id: hanghead, when: { user_agent: hanghead }, then: { hang: headers } }\n"
    "  - { id: drip, when: { user_agent: drip }, then: { caps: { text: drops }, drip: { bytes: 60, every: 5ms } } }\n"
    "  - { id: retry, when: { user_agent: retry }, then: { reply: { status: 503, retry_after: 7s } } }\n"
    "  - { id: retrydate, when: { user_agent: date }, then: { reply: { status: 429, retry_after: { date: 7s } } } }\n"
    "  - { id: loop, when: { user_agent: loop }, then: { reply: { status: 302, location: loop } } }\n"
    "  - { id: other, when: { user_agent: other }, then: { reply: { status: 302, location: other } } }\n"
    "  - { id: login, when: { user_agent: login }, then: { reply: { page: login } } }\n"
    "  - { id: empty, when: { user_agent: empty }, then: { reply: { headers: { Content-Type: a/b } } } }\n"
    "  - { id: odd, when: { user_agent: odd }, then: { reply: { status: 299, reason: Odd, body: hello } } }\n"
    "  - { id: nohead, when: { user_agent: nohead }, then: { headers: { Content-Type: null, X-Two: [a, b] } } }\n"
    "  - { id: junk, when: { user_agent: junk }, then: { damage: { junk: 33 } } }\n"
    "  - { id: append, when: { user_agent: append }, then: { caps: { text: ab }, damage: { append: \"cd\" } } }\n";

static void
check_lengths(const char *url, struct seen *s)
{
	ask(url, "short", s);
	assert_true(has(s, "Content-Length: 29\r\n"));
	assert_int_equal(strlen(body_of(s)), 58);
	ask(url, "long", s);
	assert_true(has(s, "Content-Length: 88\r\n"));
	ask(url, "twice", s);
	assert_true(has(s, "Content-Length: 58\r\n"));
	assert_true(has(s, "Content-Length: 29\r\n"));
	ask(url, "both", s);
	assert_true(has(s, "Content-Length: 58\r\n"));
	assert_true(has(s, "Transfer-Encoding: chunked\r\n"));
	ask(url, "chunks", s);
	assert_string_equal(body_of(s),
	    "3\r\nabc\r\n3\r\ndef\r\n1\r\ng\r\n0\r\nX-T: y\r\n\r\n");
	assert_false(has(s, "Content-Length"));
}

static void
check_forms(const char *url, struct seen *s)
{
	ask(url, "raw", s);
	assert_string_equal(s->bytes, "what");
	assert_int_equal(s->how, 0);
	ask(url, "hex", s);
	assert_int_equal(s->n, 3);
	assert_memory_equal(s->bytes, "\x00\xff\x10", 3);
	ask(url, "ten", s);
	assert_memory_equal(s->bytes, "HTTP/1.0 200 OK\r\n", 17);
	ask(url, "nine", s);
	assert_string_equal(s->bytes, "bare");
	ask(url, "two", s);
	assert_int_equal(s->n, 9);
	assert_memory_equal(s->bytes, "\0\0\0\4\0\0\0\0\0", 9);
	ask(url, "hundred", s);
	assert_memory_equal(
	    s->bytes, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 42);
	ask(url, "gzip", s);
	assert_true(has(s, "Content-Encoding: gzip\r\n"));
	assert_memory_equal(body_of(s), "\x1f\x8b\x08", 3);
	ask(url, "flood", s);
	assert_in_range(s->n, 60000, 70000);
	assert_true(has(s, "\r\nX-Flood-0199: "));
	ask(url, "upper", s);
	assert_true(has(s, "\r\nCONTENT-TYPE: "));
	ask(url, "open", s);
	assert_int_equal(s->how, EAGAIN);
	assert_int_equal(strlen(body_of(s)), 58);
	ask(url, "drip", s);
	assert_string_equal(body_of(s), "drops");
}

static void
check_cuts(const char *url, struct seen *s)
{
	ask(url, "start", s);
	assert_int_equal(s->n, 0);
	assert_int_equal(s->how, 0);
	ask(url, "rst", s);
	assert_int_equal(s->n, 0);
	assert_int_equal(s->how, ECONNRESET);
	ask(url, "heads", s);
	assert_string_equal(body_of(s), "");
	assert_true(has(s, "\r\n\r\n"));
	assert_int_equal(s->how, ECONNRESET);
	ask(url, "half", s);
	assert_string_equal(body_of(s), "01234");
	assert_int_equal(s->how, 0);
	ask(url, "halfrst", s);
	assert_string_equal(body_of(s), "0123");
	assert_int_equal(s->how, ECONNRESET);
	ask(url, "stall", s);
	assert_string_equal(body_of(s), "01234");
	assert_int_equal(s->how, EAGAIN);
	ask(url, "hang", s);
	assert_int_equal(s->n, 0);
	assert_int_equal(s->how, EAGAIN);
	ask(url, "hanghead", s);
	assert_true(has(s, "HTTP/1.1 200 OK\r\n"));
	assert_string_equal(body_of(s), "");
	assert_int_equal(s->how, EAGAIN);
}

static void
check_answers(const char *url, struct seen *s)
{
	ask(url, "retry", s);
	assert_true(has(s, "HTTP/1.1 503 Service Unavailable\r\n"));
	assert_true(has(s, "\r\nRetry-After: 7\r\n"));
	ask(url, "date", s);
	assert_true(has(s, "HTTP/1.1 429 "));
	assert_true(has(s, " GMT\r\n"));
	ask(url, "loop", s);
	assert_true(has(s,
	    "\r\nLocation: http://localhost/certsrv/mscep/mscep.dll?operation"
	    "=GetCACaps\r\n"));
	ask(url, "other", s);
	assert_true(has(s, "\r\nLocation: http://elsewhere.invalid/"));
	ask(url, "login", s);
	assert_true(has(s, "HTTP/1.1 200 OK\r\n"));
	assert_true(has(s, "<form"));
	ask(url, "empty", s);
	assert_true(has(s, "\r\nContent-Length: 0\r\n"));
	assert_true(has(s, "Content-Type: a/b\r\n"));
	ask(url, "odd", s);
	assert_memory_equal(s->bytes, "HTTP/1.1 299 Odd\r\n", 18);
	assert_string_equal(body_of(s), "hello");
	ask(url, "nohead", s);
	assert_false(has(s, "Content-Type"));
	assert_true(has(s, "X-Two: a\r\nX-Two: b\r\n"));
	ask(url, "junk", s);
	assert_true(has(s, "Content-Length: 33\r\n"));
	ask(url, "append", s);
	assert_string_equal(body_of(s), "abcd");
	assert_true(has(s, "Content-Length: 4\r\n"));
	ask(url, "nothing", s);
	assert_true(has(s, "POSTPKIOperation"));
}

static void
writes_the_bytes_that_were_asked_for(void **state)
{
	struct seen *s = malloc(sizeof(*s));
	struct served sv;

	(void)state;
	served_start_text(&sv, effects, NULL);
	check_lengths(sv.url, s);
	check_forms(sv.url, s);
	check_cuts(sv.url, s);
	check_answers(sv.url, s);
	served_stop(&sv);
	free(s);
}

/* ---- connections ---- */

static void
resets_what_it_accepts(void **state)
{
	static const char yaml[] = HEAD
	    "  - id: once\n    times: 1\n    then: { cut: { at: accept } }\n"
	    "  - id: closed\n    times: 1\n    then: { cut: { at: accept, how: close } }\n";
	struct seen *s = malloc(sizeof(*s));
	struct served sv;
	int fd;

	(void)state;
	served_start_text(&sv, yaml, NULL);
	fd = connect_to(sv.url);
	read_all(fd, s);
	assert_int_equal(s->how, ECONNRESET);
	close(fd);
	fd = connect_to(sv.url);
	read_all(fd, s);
	assert_int_equal(s->how, 0);
	assert_int_equal(s->n, 0);
	close(fd);
	ask(sv.url, "x", s);
	assert_true(has(s, "POSTPKIOperation"));
	served_stop(&sv);
	free(s);
}

/* What a TLS client that verifies nothing is told: 0, or the alert's reason. */
static int
handshake(const char *url, char subject[256])
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	int fd = connect_to(url), reason = -1;
	unsigned long error;
	X509 *x;

	SSL_set_fd(ssl, fd);
	ERR_clear_error();
	if (SSL_connect(ssl) == 1) {
		reason = 0;
		x = SSL_get1_peer_certificate(ssl);
		X509_NAME_oneline(X509_get_issuer_name(x), subject, 256);
		if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
			strcat(subject, " expired");
		X509_free(x);
	} else {
		error = ERR_peek_error();
		if (error != 0)
			reason = ERR_GET_REASON(error);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	return reason;
}

static void
shakes_hands_as_it_was_told(void **state)
{
	static const char yaml[] =
	    HEAD "  - id: tls\n    when: { scheme: https }\n    steps:\n"
		 "      - tls: { certificate: expired }\n"
		 "      - tls: { certificate: untrusted }\n"
		 "      - tls: { alert: handshake_failure }\n"
		 "      - tls: { alert: 112 }\n"
		 "      - tls: { cut: middle, how: close }\n"
		 "      - tls: { cut: hello, how: reset }\n";
	static const char *const options[] = { "https-port", "0", NULL };
	char subject[256] = "";
	struct served sv;

	(void)state;
	served_start_text(&sv, yaml, options);
	assert_int_equal(handshake(sv.url_https, subject), 0);
	assert_non_null(strstr(subject, "expired"));
	assert_int_equal(handshake(sv.url_https, subject), 0);
	assert_non_null(strstr(subject, "tranger"));
	assert_int_equal(handshake(sv.url_https, subject),
	    SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
	assert_int_equal(
	    handshake(sv.url_https, subject), SSL_R_TLSV1_UNRECOGNIZED_NAME);
	assert_int_not_equal(handshake(sv.url_https, subject), 0);
	assert_int_not_equal(handshake(sv.url_https, subject), 0);
	assert_int_equal(handshake(sv.url_https, subject), 0);
	assert_null(strstr(subject, "expired"));
	served_stop(&sv);
}

static void
speaks_http_on_the_tls_port(void **state)
{
	static const char yaml[] = HEAD
	    "  - id: plain\n    when: { scheme: https }\n    then: { tls: { plain: true } }\n";
	static const char *const options[] = { "https-port", "0", NULL };
	struct seen *s = malloc(sizeof(*s));
	struct served sv;

	(void)state;
	served_start_text(&sv, yaml, options);
	ask(sv.url_https, "x", s);
	assert_true(has(s, "POSTPKIOperation"));
	served_stop(&sv);
	free(s);
}

/* ---- what is kept ---- */

static void
keeps_or_loses_what_the_ca_did(void **state)
{
	static const char yaml[] = HEAD
	    "  - id: lost\n    when: { op: PKIOperation, csr: { subject: CN=lost } }\n    times: 1\n"
	    "    then: { commit: true, cut: { at: 50% } }\n"
	    "  - id: dry\n    when: { op: PKIOperation, csr: { subject: CN=dry } }\n    times: 1\n"
	    "    then: { commit: false, cut: { at: 50% } }\n"
	    "  - id: never\n    when: { op: PKIOperation, csr: { subject: CN=never } }\n    times: 1\n"
	    "    then: { reply: { status: 504 } }\n";
	static const char *const subjects[] = { "/CN=lost", "/CN=dry",
		"/CN=never" };
	struct world *w = *state;
	char challenge[CLIENT_TEXT_MAX];
	struct client_certrep r = { 0 };
	struct client_enrolment e;
	struct served sv;

	served_start_text(&sv, yaml, NULL);
	served_ca(&sv, &w->c);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(client_admin_password(
				     &w->c, sv.admin, SERVED_ADMIN, challenge),
		    0);
		e = served_enrolment(&sv, w, subjects[i]);
		e.csr.challenge = challenge;
		assert_int_equal(client_enrol(&w->c, &e, &r), -1);
		client_certrep_clear(&r);
		/* The password is used up where the CA has acted, and good where it has not. */
		enrol_status(&w->c, &e, i == 0 ? 2 : 0, subjects[i]);
	}
	served_stop(&sv);
}

/* ---- the same again ---- */

#define CLIENTS 8
#define ASKS 40

struct asker {
	const char *url;
	char agent[16];
	char hits[ASKS + 1];
};

static void *
ask_often(void *arg)
{
	struct asker *a = arg;
	struct seen *s = malloc(sizeof(*s));

	for (int i = 0; i < ASKS; i++) {
		ask(a->url, a->agent, s);
		a->hits[i] = has(s, "HTTP/1.1 500 ") ? '#' : '.';
	}
	free(s);
	return NULL;
}

/* Each client has a rule of its own, since all come from one address. */
static void
run_askers(const char *seed, const char *threads, bool together,
    struct asker askers[CLIENTS])
{
	const char *const options[] = { "seed", seed, "threads", threads,
		NULL };
	char yaml[4096] = HEAD;
	pthread_t t[CLIENTS];
	struct served sv;

	if (together)
		strcat(yaml,
		    "  - { id: new, when: { user_agent: nobody }, "
		    "chance: 50%, then: { hang: true } }\n");
	for (int i = 0; i < CLIENTS; i++)
		sprintf(yaml + strlen(yaml),
		    "  - { id: r%d, when: { user_agent: a%d }, chance: 40%%, "
		    "then: { reply: { status: 500 } } }\n",
		    i, i);
	served_start_text(&sv, yaml, options);
	for (int i = 0; i < CLIENTS; i++) {
		askers[i] = (struct asker){ .url = sv.url };
		sprintf(askers[i].agent, "a%d", i);
		if (together)
			assert_int_equal(
			    pthread_create(&t[i], NULL, ask_often, &askers[i]),
			    0);
		else
			ask_often(&askers[i]);
	}
	for (int i = 0; together && i < CLIENTS; i++)
		pthread_join(t[i], NULL);
	served_stop(&sv);
}

static void
draws_the_same_whatever_runs_beside_it(void **state)
{
	static struct asker alone[CLIENTS], beside[CLIENTS], other[CLIENTS];
	int differ = 0;

	(void)state;
	run_askers("7", "1", false, alone);
	run_askers("7", "4", true, beside);
	run_askers("8", "1", false, other);
	for (int i = 0; i < CLIENTS; i++) {
		assert_string_equal(alone[i].hits, beside[i].hits);
		assert_non_null(strchr(alone[i].hits, '#'));
		assert_non_null(strchr(alone[i].hits, '.'));
		differ += strcmp(alone[i].hits, other[i].hits) != 0;
	}
	assert_int_equal(differ, CLIENTS);
}

/* ---- the examples of the manual ---- */

static void
ends_the_log_line_in_500_0_1346(void **state)
{
	static const char yaml[] = HEAD
	    "  - id: impersonation\n    then:\n      reply: { status: 500 }\n"
	    "      evidence: { iis: { substatus: 0, win32: 1346 } }\n";
	char dir[] = "/tmp/mockndes-rules-XXXXXX", command[200];
	struct seen *s = malloc(sizeof(*s));
	struct served sv;

	(void)state;
	assert_non_null(mkdtemp(dir));
	const char *const options[] = { "log-dir", dir, NULL };
	served_start_text(&sv, yaml, options);
	ask(sv.url, "x", s);
	assert_true(has(s, "HTTP/1.1 500 Internal Server Error\r\n"));
	assert_true(has(s, "Microsoft-IIS/10.0"));
	served_stop(&sv);
	snprintf(command, sizeof(command),
	    "grep -q ' 500 0 1346 [0-9]*' %s/W3SVC1/u_ex*.log", dir);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	free(s);
}

static void
refuses_the_long_get_and_takes_the_post(void **state)
{
	static const char yaml[] = HEAD
	    "  - id: too-long\n    when: { op: PKIOperation, method: GET, "
	    "query_bytes: { over: 2048 } }\n    then: { reply: { status: 414, "
	    "page: http-sys }, evidence: { httperr: { reason: URL_Length } } "
	    "}\n";
	struct world *w = *state;
	struct client_enrolment e;
	struct served sv;

	served_start_text(&sv, yaml, NULL);
	served_ca(&sv, &w->c);
	e = served_enrolment(&sv, w, "/CN=long");
	e.by_get = true;
	enrol_http_status(&w->c, &e, 414, "GET");
	e.by_get = false;
	enrol_status(&w->c, &e, 0, "POST");
	served_stop(&sv);
}

static void
times_out_twice_and_then_resets_now_and_then(void **state)
{
	static const char yaml[] = HEAD
	    "  - id: gateway\n    when: { op: PKIOperation }\n    times: 2\n"
	    "    then: { wait: 50ms, reply: { status: 504, page: proxy }, commit: false }\n"
	    "  - id: reset\n    when: { op: PKIOperation }\n    chance: 10%\n    in_a_row: 2\n"
	    "    then: { commit: true, cut: { at: 50%, how: reset } }\n";
	static const char *const options[] = { "seed", "1", NULL };
	struct world *w = *state;
	struct client_certrep r = { 0 };
	struct client_enrolment e;
	struct served sv;
	int resets = 0;

	served_start_text(&sv, yaml, options);
	served_ca(&sv, &w->c);
	for (int i = 0; i < 60; i++) {
		e = served_enrolment(&sv, w, "/CN=flaky");
		if (i < 2)
			enrol_http_status(&w->c, &e, 504, "gateway");
		else
			resets += client_enrol(&w->c, &e, &r) == -1;
		client_certrep_clear(&r);
	}
	assert_in_range(resets, 2, 14);
	served_stop(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_bytes_that_were_asked_for),
		cmocka_unit_test(resets_what_it_accepts),
		cmocka_unit_test(shakes_hands_as_it_was_told),
		cmocka_unit_test(speaks_http_on_the_tls_port),
		cmocka_unit_test(keeps_or_loses_what_the_ca_did),
		cmocka_unit_test(draws_the_same_whatever_runs_beside_it),
		cmocka_unit_test(ends_the_log_line_in_500_0_1346),
		cmocka_unit_test(refuses_the_long_get_and_takes_the_post),
		cmocka_unit_test(times_out_twice_and_then_resets_now_and_then),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
