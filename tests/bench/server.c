/* SPDX-License-Identifier: MIT */
/* Figures, and servers that are measured. */
#include "bench/bench.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double
bench_now_s(void)
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

double
bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_size);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* ---- servers ---- */

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
run_server(const char *program, const char *const *options, int out)
{
	const char *args[32] = { program, "--http-port", "0", "--https-port",
		"0", "--control-port", "0", "--challenge", SECRET };
	size_t n = 9;
	int null = open("/dev/null", O_RDWR);

	while (options && *options && n < 31)
		args[n++] = *options++;
	dup2(out, 1);
	dup2(null, 2);
	execv(program, (char *const *)(uintptr_t)args);
	_exit(127);
}

/* The text of a key of the ready line. */
static bool
field(const char *line, const char *key, char out[CLIENT_TEXT_MAX])
{
	char name[64];
	snprintf(name, sizeof name, "\"%s\":\"", key);
	const char *at = strstr(line, name);
	if (!at)
		return false;
	at += strlen(name);
	snprintf(out, CLIENT_TEXT_MAX, "%.*s", (int)strcspn(at, "\""), at);
	return true;
}

int
bench_server_start(
    struct bench_server *s, const char *program, const char *const *options)
{
	int fd[2];
	char line[4096];
	if (pipe2(fd, O_CLOEXEC))
		return -1;
	double start = bench_now_s();
	s->pid = fork();
	if (s->pid == 0)
		run_server(program, options, fd[1]);
	close(fd[1]);
	bool ready = read_line(fd[0], line, sizeof line);
	s->ready_s = bench_now_s() - start;
	close(fd[0]);
	return ready && field(line, "scep_url", s->url) &&
		field(line, "scep_url_https", s->url_https)
	    ? 0
	    : -1;
}

void
bench_server_stop(struct bench_server *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}

/* A number of /proc/PID/status. */
static long
status_of(pid_t pid, const char *key)
{
	char path[64], line[256];
	long n = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, key, strlen(key)))
			n = strtol(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return n;
}

double
bench_resident_mb(pid_t pid)
{
	return (double)status_of(pid, "VmRSS:") / 1024;
}

int
bench_threads(pid_t pid)
{
	return (int)status_of(pid, "Threads:");
}

double
bench_cpu_s(pid_t pid)
{
	char path[64], text[1024] = "";
	unsigned long long user = 0, system = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	if (f) {
		(void)!fread(text, 1, sizeof text - 1, f);
		fclose(f);
	}
	/* behind the name: the state, ten numbers, and the times in ticks */
	const char *at = strrchr(text, ')');
	if (!at ||
	    sscanf(at + 1,
		" %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu", &user,
		&system) != 2)
		return 0;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}
