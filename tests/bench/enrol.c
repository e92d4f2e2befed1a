/* SPDX-License-Identifier: MIT */
/*
 * Enrolments and GetCACaps a second over kept connections, and the limit that
 * the cryptography alone sets, measured in the same run. Replies are checked
 * after the clock stopped.
 */
#include "bench/bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rsa.h>

#define ROUNDS 3
#define CAPS 8000
#define LIMIT_THREADS 2
#define LIMIT_OPS 900 /* private operations of a thread */
#define PER_ENROLMENT 3 /* decrypt, issue, sign */

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
	double start = bench_now_s();
	for (int i = 0; i < LIMIT_THREADS; i++) {
		g[i] = (struct grind){ key, false };
		pthread_create(&thread[i], NULL, grind, &g[i]);
	}
	for (int i = 0; i < LIMIT_THREADS; i++)
		pthread_join(thread[i], NULL);
	return LIMIT_THREADS * LIMIT_OPS / (double)PER_ENROLMENT /
	    (bench_now_s() - start);
}

/* ---- enrolments ---- */

static int
prepare_one(struct bench *b, const char *url, struct bench_enrolments *out,
    size_t i, X509 *signer)
{
	char subject[64];
	snprintf(subject, sizeof subject, "/O=Probe/CN=bench-%zu", i);
	struct client_enrolment e = {
		.url = url,
		.ca = &out->ca,
		.csr = { .key = b->key,
		    .subject = subject,
		    .challenge = SECRET },
		.signer = signer,
		.signer_key = b->key,
	};
	if (client_prepare(&b->c, &e, &out->prepared[i]))
		return -1;
	X509_up_ref(signer);
	out->prepared[i].own_signer = signer;
	return bench_request(
	    &out->shots[i], "?operation=PKIOperation", &out->prepared[i].der);
}

int
bench_prepare(struct bench *b, const char *url, struct bench_enrolments *out)
{
	struct client_cert self = { .key = b->key, .subject = "/CN=bench" };
	out->prepared = calloc(REQUESTS, sizeof *out->prepared);
	out->shots = calloc(REQUESTS, sizeof *out->shots);
	if (!out->prepared || !out->shots)
		return client_fail(&b->c, "out of memory");
	if (client_ca_fetch(&b->c, url, &out->ca))
		return -1;
	X509 *signer = client_cert_make(&b->c, &self);
	int rc = signer ? 0 : -1;
	for (size_t i = 0; i < REQUESTS && !rc; i++)
		rc = prepare_one(b, url, out, i, signer);
	X509_free(signer);
	return rc;
}

void
bench_enrolments_clear(struct bench_enrolments *e)
{
	for (size_t i = 0; i < REQUESTS && e->shots && e->prepared; i++) {
		client_bytes_clear(&e->shots[i].request);
		client_prepared_clear(&e->prepared[i]);
	}
	free(e->shots);
	free(e->prepared);
	client_ca_clear(&e->ca);
	memset(e, 0, sizeof *e);
}

/* Every reply in full, as a strict client. */
static int
check(struct bench *b)
{
	for (size_t i = 0; i < REQUESTS; i++) {
		struct bench_shot *s = &b->enrolments.shots[i];
		struct client_expect x = {
			.message = &b->enrolments.prepared[i].message,
			.ca = &b->enrolments.ca,
			.csr_key = b->key,
		};
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

int
bench_enrolments(struct bench *b)
{
	double rate[ROUNDS], ratio[ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		double before = crypto_limit(b->key);
		rate[i] = bench_volley(
		    b->server.url, b->enrolments.shots, REQUESTS, true);
		double limit = (before + crypto_limit(b->key)) / 2;
		if (rate[i] <= 0)
			return client_fail(&b->c, "an exchange failed");
		ratio[i] = rate[i] / limit;
	}
	if (check(b))
		return -1;
	printf("enrolments by POST, %d connections: %.0f /s\n", CONNECTIONS,
	    bench_median(rate, ROUNDS));
	printf("share of the cryptographic limit: %.2f\n",
	    bench_median(ratio, ROUNDS));
	return 0;
}

int
bench_caps(struct bench *b)
{
	struct bench_shot caps = { 0 };
	int rc = bench_request(&caps, "?operation=GetCACaps", NULL);
	double rate = rc ? 0 : bench_volley(b->server.url, &caps, CAPS, false);
	client_bytes_clear(&caps.request);
	if (rate <= 0)
		return client_fail(&b->c, "a GetCACaps failed");
	printf("GetCACaps, %d connections: %.0f /s\n", CONNECTIONS, rate);
	return 0;
}
