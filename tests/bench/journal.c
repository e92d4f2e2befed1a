/* SPDX-License-Identifier: MIT */
/*
 * What the journal costs: GetCACaps from a server that keeps one and from one
 * that does not, in turns. The rates share the machine with the clients that
 * make them, so the processor's time that the server spends is the finer
 * figure.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 5
#define CAPS 40000
#define COST_MAX 0.1 /* of the rate */

struct side {
	struct bench_server server;
	double rate[ROUNDS], cpu_us[ROUNDS];
};

/* Seconds of processor time, of all its threads. */
static double
cpu_s(pid_t pid)
{
	char path[64], line[1024] = "";
	unsigned long user = 0, system = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	const char *at =
	    fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
	fclose(f);
	if (!at ||
	    sscanf(at + 1,
		" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		&system) != 2)
		return 0;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static bool
fire(struct side *s, struct bench_shot *shot, int round)
{
	double before = cpu_s(s->server.pid);
	s->rate[round] = bench_volley(s->server.url, shot, CAPS, false);
	s->cpu_us[round] = (cpu_s(s->server.pid) - before) * 1e6 / CAPS;
	return s->rate[round] > 0;
}

/* What else the machine does only adds. */
static double
least(const double *v)
{
	double min = v[0];
	for (int i = 1; i < ROUNDS; i++)
		min = v[i] < min ? v[i] : min;
	return min;
}

static void
tell(struct side *with, struct side *without)
{
	double rate = bench_median(with->rate, ROUNDS) /
	    bench_median(without->rate, ROUNDS);
	double cpu = least(with->cpu_us), bare = least(without->cpu_us);
	printf("GetCACaps with the journal, share of the rate without: %.2f\n",
	    rate);
	printf("processor time of a GetCACaps: %.1f us, %.1f without the "
	       "journal (%+.0f%%; at most %+.0f%%)\n",
	    cpu, bare, (cpu / bare - 1) * 100, COST_MAX * 100);
	printf("resident memory with a full journal: %.1f MB, %.1f without\n",
	    bench_resident_mb(with->server.pid),
	    bench_resident_mb(without->server.pid));
}

int
bench_journal(struct bench *b)
{
	static const char *const none[] = { "--journal", "0", NULL };
	struct side with = { 0 }, without = { 0 };
	struct bench_shot shot = { 0 };
	int rc = bench_request(&shot, "?operation=GetCACaps", NULL);
	if (bench_server_start(&with.server, b->program, NULL) ||
	    bench_server_start(&without.server, b->program, none))
		rc = client_fail(&b->c, "%s does not start", b->program);
	for (int i = 0; i < ROUNDS && !rc; i++)
		if (!fire(&with, &shot, i) || !fire(&without, &shot, i))
			rc = client_fail(&b->c, "a GetCACaps failed");
	if (!rc)
		tell(&with, &without);
	bench_server_stop(&with.server);
	bench_server_stop(&without.server);
	client_bytes_clear(&shot.request);
	return rc;
}
