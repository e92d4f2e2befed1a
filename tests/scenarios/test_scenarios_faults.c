/* SPDX-License-Identifier: MIT */
/*
 * Every ready-made fault, below /x/ of one server: first a correct client
 * enrols where nothing is wrong, then it meets the fault, and what becomes of
 * it is held against what the file expects. Where it refuses, it must be for
 * the reason that the file is about; that the fault was really there is read
 * from the operator's log, which names the rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/reasons.h"
#include "support/served.h"
#include "support/wary.h"

#define LOG_LINES 400

/* The last lines of the operator's log. */
struct lines {
	pthread_mutex_t lock;
	char text[LOG_LINES][512];
	size_t n;
};

static struct lines lines = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
keep_line(void *ctx, int level, const char *text)
{
	struct lines *l = ctx;

	(void)level;
	pthread_mutex_lock(&l->lock);
	snprintf(
	    l->text[l->n++ % LOG_LINES], sizeof(l->text[0]), "%.500s", text);
	pthread_mutex_unlock(&l->lock);
}

static bool
was_logged(struct lines *l, size_t from, const char *part)
{
	bool found = false;

	pthread_mutex_lock(&l->lock);
	for (size_t i = from; i < l->n && !found; i++)
		found = strstr(l->text[i % LOG_LINES], part) != NULL;
	pthread_mutex_unlock(&l->lock);
	return found;
}

/* ---- what a file says ---- */

struct wanted {
	const char *client; /* "refuses".. */
	bool warning; /* it may be otherwise */
};

static struct wanted
read_wanted(const char *yaml)
{
	static const char *const kinds[] = { "succeeds", "refuses", "retries",
		"polls", "falls-back", NULL };
	const char *at = strstr(yaml, "  - client: ");
	struct wanted w = { NULL, false };

	for (size_t i = 0; at != NULL && kinds[i] != NULL; i++) {
		size_t n = strlen(kinds[i]);

		if (strncmp(at + 12, kinds[i], n) == 0 && at[12 + n] == '\n') {
			w.client = kinds[i];
			w.warning = strncmp(at + 13 + n,
					"    severity: warning", 21) == 0;
		}
	}
	return w;
}

/* The page shows the thumbprint of the CA as it is; where the fault is in the CA's certificate itself, that would be all that one sees. */
static bool
twists_the_ca(const char *part)
{
	static const char *const names[] = { "ca-expired", "ca-notyet",
		"ca-not-ca", "ca-weak-", "ca-pss", "ca-changed", "ca-rollover",
		"st-ca-expired", "st-restart", NULL };

	return reasons_have(names, part, true);
}

/* Every rule of the file was at work; for a client that refused, one of them. */
static bool
has_acted(const char *name, const char *yaml, size_t from, bool refused)
{
	char part[128];
	size_t rules = 0, acted = 0;

	for (const char *at = yaml; (at = strstr(at, "  - id: ")) != NULL;) {
		at += 8;
		snprintf(part, sizeof(part), "[rule %.*s,",
		    (int)strcspn(at, "\n"), at);
		rules++;
		if (was_logged(&lines, from, part))
			acted++;
		else if (!refused)
			print_message("%s: no trace of %s\n", name, part);
	}
	return acted == rules || (refused && acted > 0);
}

/* ---- meeting it ---- */

static void
url_of(const struct served *s, const char *name, char out[512])
{
	const char *host = strstr(s->url, "://") + 3;
	const char *path = strchr(host, '/');

	snprintf(
	    out, 512, "%.*s/x/%s%s", (int)(path - s->url), s->url, name, path);
}

/* Requests that a correct client has no need of, for the faults that are about them. */
static void
ask_oddly(struct client *c, const char *url)
{
	static const char *const tails[] = { "?operation=GetNextCACert",
		"?operation=PKIOperation&message=AAAA" };
	struct client_http h = { 0 };
	char at[600];

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		snprintf(at, sizeof(at), "%s%s", url, tails[i]);
		(void)client_get(c, at, NULL, &h);
		client_http_clear(&h);
	}
}

static struct wary
client_at(struct client *c, struct world *w, const char *url)
{
	return (struct wary){
		.c = c,
		.url = url,
		.userpwd = SERVED_ADMIN,
		.key = w->key,
		.subject = "/CN=fault",
		.dns = "fault.example.test",
	};
}

/* It has enrolled there, and comes again: for another certificate, or to renew. */
static int
come_again(struct client *c, struct world *w, const char *name, bool renewal,
    bool same_key, struct wary *v)
{
	struct wary first = *v;
	int rc;

	if (wary_enrol(&first) == -1)
		fail_msg("%s: what comes before the fault: %s", name, c->why);
	v->known_ca = first.ca;
	v->earlier = first.certificate;
	if (renewal) {
		v->key = same_key ? w->key : w->other;
		v->old = first.certificate;
		v->old_key = w->key;
	}
	rc = wary_enrol(v);
	wary_clear(&first);
	return rc;
}

static int
meet(struct client *c, struct world *w, const char *url, const char *name,
    const char *yaml, struct wary *v)
{
	const char *part = strchr(name, '/') + 1;
	bool renewal = strstr(yaml, "signer: issued") != NULL ||
	    strstr(yaml, "RenewalReq") != NULL;
	bool known = strstr(yaml, "poll: { over: 0 }") != NULL;
	/* a restart is between GetCACert and the message */
	bool second = known ||
	    (strstr(yaml, "\n    after: 1") != NULL &&
		strcmp(part, "st-restart") != 0);

	*v = client_at(c, w, url);
	v->expects_continue = strncmp(part, "http-100", 8) == 0;
	v->no_page_thumbprint = twists_the_ca(part);
	v->transaction = known ? "fault-1" : NULL;
	return renewal || second
	    ? come_again(c, w, name, renewal,
		  strstr(yaml, "previous: true") != NULL, v)
	    : wary_enrol(v);
}

/* ---- judging ---- */

static bool
held(const char *client, int rc, const struct wary *v)
{
	if (strcmp(client, "succeeds") == 0)
		return rc == 0;
	if (strcmp(client, "refuses") == 0)
		return rc == -1;
	if (strcmp(client, "retries") == 0)
		return v->retried > 0;
	if (strcmp(client, "polls") == 0)
		return v->polled > 0;
	return v->fell_back > 0 && rc == 0;
}

/* 0: as the file says, for its reason, and in the right folder. */
static int
judge(const char *name, const char *yaml, int rc, const struct wary *v)
{
	const char *part = strchr(name, '/') + 1;
	bool hostile = strncmp(name, "hostile/", 8) == 0;
	struct wanted want = read_wanted(yaml);
	bool differs = reasons_have(reasons_to_differ, part, false);
	const char *reason = reason_of(part);
	int wrong = 0;

	if (want.client == NULL || held(want.client, rc, v) == differs ||
	    (differs && !want.warning)) {
		print_message("%s: expected %s, and the client %s (%u, %u, "
			      "%u): %s\n",
		    name, want.client == NULL ? "nothing" : want.client,
		    rc == 0 ? "enrolled" : "refused", v->retried, v->polled,
		    v->fell_back, rc == 0 ? "" : v->c->why);
		wrong = -1;
	}
	if (!differs && hostile != (rc == -1)) {
		print_message("%s is in the wrong folder\n", name);
		wrong = -1;
	}
	if (rc == -1 && (reason == NULL || !strstr(v->c->why, reason))) {
		print_message("%s: refused since \"%s\", not \"%s\"\n", name,
		    v->c->why, reason == NULL ? "" : reason);
		wrong = -1;
	}
	return wrong;
}

static void
each_ends_as_its_file_says(void **state)
{
	struct world *w = *state;
	static const char *const options[] = { "https-port", "off", "seed", "1",
		NULL };
	struct client *c = &w->c, plain;
	struct wary v = { 0 };
	struct served s;
	const char *name;
	size_t n = 0, wrong = 0;
	char url[512];

	served_start(&s, NULL, options);
	mockndes_log(s.m, keep_line, &lines);
	assert_int_equal(client_open(&plain, c), 0);
	c->timeout_s = plain.timeout_s = 10;
	v = client_at(c, w, s.url);
	if (wary_enrol(&v) == -1)
		fail_msg("where nothing is wrong: %s", c->why);
	wary_clear(&v);
	for (size_t i = 0; (name = mockndes_builtin(i)) != NULL; i++) {
		size_t from = lines.n;
		char *yaml;
		int rc;

		if (strchr(name, '/') == NULL ||
		    reasons_have(
			reasons_elsewhere, strchr(name, '/') + 1, true))
			continue;
		yaml = mockndes_scenario_part(name, "yaml");
		url_of(&s, name, url);
		rc = meet(c, w, url, name, yaml, &v);
		wrong += judge(name, yaml, rc, &v) == -1;
		wary_clear(&v);
		ask_oddly(&plain, url);
		wrong += !has_acted(name, yaml, from, rc == -1);
		free(yaml);
		n++;
	}
	client_close(&plain);
	assert_int_equal(wrong, 0);
	assert_in_range(n, 250, 1000);
	v = client_at(c, w, s.url);
	assert_int_equal(wary_enrol(&v), 0);
	wary_clear(&v);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_ends_as_its_file_says),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
