/* SPDX-License-Identifier: MIT */
/*
 * GET /metrics by a parser of the text format 0.0.4 that knows nothing of what
 * wrote it: families whole and typed, labels well-formed, histograms sound;
 * and the numbers are those of what was done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/control.h"

#define SAMPLES_MAX 500
#define FAMILIES_MAX 50

struct sample {
	char name[100];
	char labels[300]; /* as written, without the braces */
	double value;
};

struct page {
	char families[FAMILIES_MAX][100], types[FAMILIES_MAX][20];
	size_t family_count;
	struct sample samples[SAMPLES_MAX];
	size_t count;
};

/* The length of a metric or label name at p; 0: none. */
static size_t
name_length(const char *p)
{
	size_t n = 0;

	while (isalpha((unsigned char)p[n]) || p[n] == '_' || p[n] == ':' ||
	    (n > 0 && isdigit((unsigned char)p[n])))
		n++;
	return n;
}

/* Behind the labels that begin at p; NULL: they are not well-formed. */
static const char *
skip_labels(const char *p)
{
	for (;;) {
		size_t n = name_length(p);

		if (n == 0 || p[n] != '=' || p[n + 1] != '"')
			return NULL;
		for (p += n + 2; *p != '"'; p++) {
			if (*p == '\\' && strchr("\\\"n", *++p) == NULL)
				return NULL;
			if (*p == '\0')
				return NULL;
		}
		p++;
		if (*p == '}')
			return p;
		if (*p++ != ',')
			return NULL;
	}
}

static void
read_comment(struct page *page, const char *line)
{
	char name[100], rest[300];

	if (sscanf(line, "# HELP %99s %299[^\n]", name, rest) == 2) {
		/* A family is there once. */
		for (size_t i = 0; i < page->family_count; i++)
			assert_string_not_equal(page->families[i], name);
		snprintf(page->families[page->family_count], 100, "%s", name);
		return;
	}
	assert_int_equal(sscanf(line, "# TYPE %99s %19s", name, rest), 2);
	assert_string_equal(name, page->families[page->family_count]);
	snprintf(page->types[page->family_count++], 20, "%.19s", rest);
}

static void
read_sample(struct page *page, const char *line)
{
	struct sample *s = &page->samples[page->count++];
	const char *family = page->families[page->family_count - 1];
	size_t n = name_length(line);
	const char *p = line + n, *end;
	char *after;

	assert_true(page->count < SAMPLES_MAX && n > 0 && n < sizeof s->name);
	snprintf(s->name, sizeof s->name, "%.*s", (int)n, line);
	/* It belongs to the family above. */
	assert_int_equal(strncmp(s->name, family, strlen(family)), 0);
	if (*p == '{') {
		end = skip_labels(p + 1);
		if (end == NULL)
			fail_msg("labels: %s", line);
		snprintf(s->labels, sizeof s->labels, "%.*s",
		    (int)(end - p - 1), p + 1);
		p = end + 1;
	}
	assert_int_equal(*p, ' ');
	s->value = strtod(p + 1, &after);
	if (after == p + 1 || *after != '\0')
		fail_msg("value: %s", line);
}

static struct page *
scrape(struct world *w, const struct served *s)
{
	struct page *page = calloc(1, sizeof *page);
	struct client_http h;
	char *line, *rest;

	assert_non_null(page);
	control_call_raw(w, s, "GET", "/metrics", NULL, NULL, &h);
	assert_int_equal(h.status, 200);
	assert_non_null(strstr(h.content_type, "version=0.0.4"));
	assert_int_equal(h.body.p[h.body.n - 1], '\n');
	rest = (char *)h.body.p;
	while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
		if (line[0] == '#')
			read_comment(page, line);
		else
			read_sample(page, line);
	}
	client_http_clear(&h);
	return page;
}

static double
value_of(const struct page *page, const char *name, const char *labels)
{
	for (size_t i = 0; i < page->count; i++)
		if (strcmp(page->samples[i].name, name) == 0 &&
		    strcmp(page->samples[i].labels, labels) == 0)
			return page->samples[i].value;
	return -1;
}

/* Buckets rise, by bound and by value, and the last is the count. */
static void
must_be_a_histogram(const struct page *page, const char *name)
{
	double bound = -1, below = 0, last = -1;
	char full[150];

	snprintf(full, sizeof full, "%s_bucket", name);
	for (size_t i = 0; i < page->count; i++) {
		const struct sample *s = &page->samples[i];
		double le;

		if (strcmp(s->name, full) != 0)
			continue;
		le = strtod(s->labels + strlen("le=\""), NULL);
		assert_true(le > bound && s->value >= below);
		bound = le;
		below = s->value;
		last = s->value;
	}
	assert_true(isinf(bound));
	snprintf(full, sizeof full, "%s_count", name);
	assert_true(value_of(page, full, "") == last);
}

static void
ask(struct world *w, const char *url, const char *query, long status)
{
	struct client_http h;
	char text[300];

	snprintf(text, sizeof text, "%s%s", url, query);
	if (client_get(&w->c, text, NULL, &h))
		fail_msg("%s", w->c.why);
	assert_int_equal(h.status, status);
	client_http_clear(&h);
}

static void
counts_what_was_done(void **state)
{
	static const char yaml[] = "mockndes: 1\n"
				   "rules:\n"
				   "  - id: busy\n"
				   "    when: { op: GetCACert }\n"
				   "    times: 2\n"
				   "    then: { reply: { status: 503 } }\n";
	static const char *const options[] = { "control-port", "0", NULL };
	const char *requests = "mockndes_requests_total";
	struct world *w = *state;
	struct client_enrolment e;
	struct served s;
	struct page *page;

	served_start_text(&s, yaml, options);
	ask(w, s.url, "?operation=GetCACaps", 200);
	ask(w, s.url, "?operation=GetCACaps", 200);
	ask(w, s.url, "?operation=GetCACert", 503);
	ask(w, s.url, "?operation=GetCACert", 503);
	served_ca(&s, &w->c);
	e = served_enrolment(&s, w, "/C=US/O=Probe/CN=counted");
	enrol_status(&w->c, &e, 0, "good");
	e = served_enrolment(&s, w, "/C=US/O=Probe/CN=refused");
	e.csr.challenge = "wrong";
	enrol_status(&w->c, &e, 2, "wrong password");
	page = scrape(w, &s);
	assert_true(value_of(page, requests,
			"operation=\"GetCACaps\",status=\"200\","
			"layer=\"mscep.dll\"") == 2);
	assert_true(
	    value_of(page, requests,
		"operation=\"GetCACert\",status=\"503\",layer=\"nobody\"") ==
	    2);
	assert_true(
	    value_of(page, "mockndes_faults_total", "rule=\"busy\"") == 2);
	assert_true(value_of(page, "mockndes_enrolments_total",
			"decision=\"issued\"") == 1);
	assert_true(value_of(page, "mockndes_enrolments_total",
			"decision=\"refused\"") == 1);
	assert_true(value_of(page, "mockndes_sessions", "") == 0);
	assert_true(value_of(page, "mockndes_journal_dropped_total", "") == 0);
	must_be_a_histogram(page, "mockndes_request_duration_seconds");
	assert_true(
	    value_of(page, "mockndes_request_duration_seconds_count", "") == 7);
	free(page);
	served_stop(&s);
}

static void
labels_stay_few_whatever_clients_send(void **state)
{
	static const char *const options[] = { "control-port", "0", NULL };
	struct world *w = *state;
	struct served s;
	struct page *page;

	served_start(&s, NULL, options);
	for (int i = 0; i < 200; i++) {
		struct client_http h;
		char url[400];

		snprintf(
		    url, sizeof url, "%s?operation=Odd%%22%%0A%d", s.url, i);
		if (client_get(&w->c, url, NULL, &h))
			fail_msg("%s", w->c.why);
		client_http_clear(&h);
	}
	page = scrape(w, &s);
	assert_true(page->count < 40);
	free(page);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_what_was_done),
		cmocka_unit_test(labels_stay_few_whatever_clients_send),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
