/* SPDX-License-Identifier: MIT */
/* What --state costs: volleys by turns to a server in memory and to one on disk, so that a busy machine is fair to both. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 5

/* A folder that bench_state() fills and takes away. */
static int
make_folder(struct bench *b, char path[CLIENT_TEXT_MAX])
{
	const char *tmp = getenv("TMPDIR");
	snprintf(path, CLIENT_TEXT_MAX, "%s/mockndes-bench-XXXXXX",
	    tmp ? tmp : "/tmp");
	return mkdtemp(path) ? 0 : client_fail(&b->c, "no folder %s", path);
}

static void
remove_folder(const char *path)
{
	char command[CLIENT_TEXT_MAX + 16];
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	if (system(command))
		fprintf(stderr, "bench: %s stays\n", path);
}

static int
compare(struct bench *b, const struct bench_server *on_disk,
    struct bench_enrolments *its)
{
	double rate[ROUNDS], ratio[ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		double memory = bench_volley(
		    b->server.url, b->enrolments.shots, REQUESTS, true);
		rate[i] =
		    bench_volley(on_disk->url, its->shots, REQUESTS, true);
		if (memory <= 0 || rate[i] <= 0)
			return client_fail(&b->c, "an exchange failed");
		ratio[i] = rate[i] / memory;
	}
	printf(
	    "enrolments with --state: %.0f /s\n", bench_median(rate, ROUNDS));
	printf("ratio to those without: %.2f\n", bench_median(ratio, ROUNDS));
	return 0;
}

int
bench_state(struct bench *b)
{
	char folder[CLIENT_TEXT_MAX];
	const char *options[] = { "--state", folder, NULL };
	struct bench_server on_disk = { 0 };
	struct bench_enrolments its = { 0 };
	if (make_folder(b, folder))
		return -1;
	int rc = bench_server_start(&on_disk, b->program, options);
	if (rc)
		client_fail(&b->c, "no server with --state %s", folder);
	else
		rc = bench_prepare(b, on_disk.url, &its);
	if (!rc)
		rc = compare(b, &on_disk, &its);
	bench_server_stop(&on_disk);
	bench_enrolments_clear(&its);
	remove_folder(folder);
	return rc;
}
