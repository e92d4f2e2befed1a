/* SPDX-License-Identifier: MIT */
/*
 * Ten thousand rules: how long they take to load, and what they cost requests
 * that they are not for, in CPU time of the server beside that of one without
 * them; other work of the machine does not count there.
 */
#include "bench/bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RULES 10000
#define LOADS 5
#define ROUNDS 4 /* even: each comes first as often */
#define CAPS 8000
#define LOAD_MAX_S 1.0

static void
write_rule(FILE *f, unsigned i)
{
	static const char *const forms[][2] = {
		{ "when: { op: PKIOperation, csr: { subject: CN=device-",
		    " } }, then: { scep: { status: FAILURE, fail_info: badAlg } }" },
		{ "when: { op: PKIOperation, transaction: t-",
		    " }, times: 2, then: { wait: 5s, reply: { status: 504, page: proxy } }" },
		{ "when: { user_agent: agent-",
		    " }, chance: 10%, in_a_row: 2, then: { commit: true, cut: { at: 50% } }" },
		{ "when: { op: GetCACert, header: { X-Device: d-",
		    " } }, steps: [ { hang: true }, { drip: { bytes: 1 } } ]" },
		{ "when: { op: PKIOperation, challenge: c-",
		    " }, per: client, then: { reply: { status: 500 } }" },
	};
	unsigned k = i % (sizeof forms / sizeof *forms);
	fprintf(f, "  - { id: r%u, %s%u%s }\n", i, forms[k][0], i, forms[k][1]);
}

static int
write_rules(char *path)
{
	int fd = mkstemps(path, 5);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		return -1;
	fprintf(f, "mockndes: 1\nrules:\n");
	for (unsigned i = 0; i < RULES; i++)
		write_rule(f, i);
	return fclose(f);
}

/* Seconds that `mockndes check` takes; negative when it is not content. */
static double
check_s(const char *program, const char *path)
{
	double start = bench_now_s();
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(open("/dev/null", O_WRONLY), 1);
		execl(program, program, "check", path, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status == 0 ? bench_now_s() - start : -1;
}

static int
measure_load(struct bench *b, const char *path)
{
	double s[LOADS];
	for (int i = 0; i < LOADS; i++) {
		s[i] = check_s(b->program, path);
		if (s[i] < 0)
			return client_fail(
			    &b->c, "%s check is not content", b->program);
	}
	double m = bench_median(s, LOADS);
	printf("load of %d rules, median of %d: %.0f ms\n", RULES, LOADS,
	    m * 1000);
	return m < LOAD_MAX_S
	    ? 0
	    : client_fail(&b->c, "%d rules take %.2f s to load", RULES, m);
}

static int
measure_requests(struct bench *b, const struct bench_server *with,
    struct bench_enrolments *ruled_ones)
{
	struct bench_shot caps = { 0 };
	double of_caps[2] = { 0 }, of_enrolments[2] = { 0 };
	bool ok = !bench_request(&caps, "?operation=GetCACaps", NULL);
	for (int i = 0; i < ROUNDS && ok; i++) {
		/* in turns, so that who comes first has no advantage */
		for (int k = i % 2, n = 0; n < 2 && ok; k = 1 - k, n++) {
			const struct bench_server *s = k ? with : &b->server;
			struct bench_shot *shots =
			    k ? ruled_ones->shots : b->enrolments.shots;
			double start = bench_cpu_s(s->pid);
			ok = bench_volley(s->url, &caps, CAPS, false) > 0;
			double middle = bench_cpu_s(s->pid);
			ok = ok &&
			    bench_volley(s->url, shots, REQUESTS, true) > 0;
			of_caps[k] += middle - start;
			of_enrolments[k] += bench_cpu_s(s->pid) - middle;
		}
	}
	client_bytes_clear(&caps.request);
	if (!ok)
		return client_fail(
		    &b->c, "an exchange failed beside %d rules", RULES);
	printf("CPU time beside %d rules, as a share of that without: "
	       "GetCACaps %.2f, enrolments %.2f\n",
	    RULES, of_caps[1] / of_caps[0],
	    of_enrolments[1] / of_enrolments[0]);
	return 0;
}

int
bench_rules(struct bench *b)
{
	char path[] = "/tmp/mockndes-bench-XXXXXX.yaml";
	const char *const options[] = { "--scenario", path, NULL };
	struct bench_enrolments enrolments = { 0 };
	struct bench_server with = { 0 };
	if (write_rules(path))
		return client_fail(&b->c, "cannot write %s", path);
	int rc = measure_load(b, path);
	if (!rc && bench_server_start(&with, b->program, options))
		rc = client_fail(
		    &b->c, "%s does not start with rules", b->program);
	if (!rc)
		rc = bench_prepare(b, with.url, &enrolments);
	if (!rc)
		rc = measure_requests(b, &with, &enrolments);
	bench_enrolments_clear(&enrolments);
	bench_server_stop(&with);
	unlink(path);
	return rc;
}
