/* SPDX-License-Identifier: MIT */
/*
 * The figures of `make bench`, one a line. Requests are made before a clock
 * starts. Usage: MOCKNDES=build/release/mockndes bench [NAME...]
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <openssl/rsa.h>

#define STARTS 10

static const struct {
	const char *name;
	int (*run)(struct bench *b);
} benches[] = {
	{ "starts", bench_starts },
	{ "enrolments", bench_enrolments },
	{ "caps", bench_caps },
	{ "journal", bench_journal },
	{ "rules", bench_rules },
	{ "state", bench_state },
	{ "waiting", bench_waiting },
};

int
bench_starts(struct bench *b)
{
	double ms[STARTS];
	for (int i = 0; i < STARTS; i++) {
		struct bench_server s = { 0 };
		if (bench_server_start(&s, b->program, NULL))
			return client_fail(
			    &b->c, "%s does not start", b->program);
		ms[i] = s.ready_s * 1000;
		if (i == 0)
			printf("resident memory, idle: %.1f MB\n",
			    bench_resident_mb(s.pid));
		bench_server_stop(&s);
	}
	printf("start to ready line, median of %d: %.0f ms\n", STARTS,
	    bench_median(ms, STARTS));
	return 0;
}

static int
begin(struct bench *b)
{
	struct rlimit files;
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (client_open(&b->c, NULL))
		return -1;
	if (bench_server_start(&b->server, b->program, NULL))
		return client_fail(&b->c, "%s does not start", b->program);
	b->key = EVP_RSA_gen(2048);
	if (!b->key)
		return client_fail(&b->c, "out of memory");
	return bench_prepare(b, b->server.url, &b->enrolments);
}

static bool
is_wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	struct bench b = { .program = getenv("MOCKNDES") };
	(void)argc;
	if (!b.program)
		b.program = "build/mockndes";
	int rc = begin(&b);
	for (size_t i = 0; i < sizeof benches / sizeof *benches && !rc; i++)
		if (is_wanted(benches[i].name, argv + 1))
			rc = benches[i].run(&b);
	if (rc)
		fprintf(stderr, "bench: %s\n", b.c.why);
	bench_server_stop(&b.server);
	bench_enrolments_clear(&b.enrolments);
	EVP_PKEY_free(b.key);
	client_close(&b.c);
	return rc ? 1 : 0;
}
