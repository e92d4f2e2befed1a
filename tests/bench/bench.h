/* SPDX-License-Identifier: MIT */
/*
 * What the benches share: a server in a process of its own, requests that are
 * made before the clock starts, and volleys of them over kept connections.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <sys/types.h>

#include <openssl/ssl.h>

#include "support/client.h"

#define SECRET "bench"
#define CONNECTIONS 8
#define REQUESTS 800 /* a round of enrolments */
#define REPLY_MAX 8192

/* ---- figures ---- */

double bench_now_s(void);
double bench_median(double *v, size_t n); /* sorts v */

/* ---- a server ---- */

struct bench_server {
	pid_t pid; /* 0: none */
	double ready_s; /* from fork to the ready line */
	char url[CLIENT_TEXT_MAX], url_https[CLIENT_TEXT_MAX];
};

/* With these options beside ports and challenge, up to a NULL; NULL: none. */
int bench_server_start(
    struct bench_server *s, const char *program, const char *const *options);
void bench_server_stop(struct bench_server *s); /* twice is fine */
double bench_resident_mb(pid_t pid);
int bench_threads(pid_t pid);
double bench_cpu_s(pid_t pid); /* that it has used */

/* ---- load ---- */

/* One HTTP request with the place for its answer. */
struct bench_shot {
	struct client_bytes request;
	char reply[REPLY_MAX];
	size_t reply_n; /* head and body */
	size_t body_at;
};

/* A GET or, with a body, a POST to mscep.dll. */
int bench_request(
    struct bench_shot *s, const char *query, const struct client_bytes *body);
int bench_dial(const char *url); /* http: and https: URLs; -1 */
/* n requests over CONNECTIONS at once; keep: each shot once, with its reply, else the first one again and again. Requests a second; 0 when any failed. */
double bench_volley(
    const char *url, struct bench_shot *shots, size_t n, bool keep);

/* ---- what the benches work with ---- */

/* REQUESTS enrolments that are ready to go to one server. */
struct bench_enrolments {
	struct client_ca ca;
	struct client_prepared *prepared;
	struct bench_shot *shots;
};

struct bench {
	const char *program;
	struct client c;
	EVP_PKEY *key;
	struct bench_server server; /* a healthy one */
	struct bench_enrolments enrolments; /* for it */
};

int bench_prepare(
    struct bench *b, const char *url, struct bench_enrolments *out);
void bench_enrolments_clear(struct bench_enrolments *e);

/* Each prints its figures. -1: c.why says what failed, or what is not as promised. */
int bench_starts(struct bench *b);
int bench_enrolments(struct bench *b);
int bench_caps(struct bench *b);
int bench_journal(struct bench *b);
int bench_rules(struct bench *b);
int bench_waiting(struct bench *b);
int bench_state(struct bench *b);

#endif
