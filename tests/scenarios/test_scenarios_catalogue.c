/* SPDX-License-Identifier: MIT */
/*
 * Every built-in scenario from outside: what each request meets at its site
 * below /x/, which log has which line and which has none, and that performing
 * the resolution by the control API, with the calls that `mockndes scenarios`
 * prints, lets a real client enrol. A file in scenarios/ without a row here
 * fails the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "catalogue.h"
#include "support/by_hand.h"
#include "support/served.h"

/* ---- what is expected ---- */

static const struct row *
row_of(const char *id)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].id, id) == 0)
			return &rows[i];
	return NULL;
}

static void
has_a_row_for_every_file(void **state)
{
	const char *name;
	size_t n = 0;

	(void)state;
	for (size_t k = 0; (name = mockndes_builtin(k)) != NULL; k++) {
		if (is_by_hand(name))
			continue;
		n++;
		if (row_of(name) == NULL)
			fail_msg("scenarios/%s.yaml has no row", name);
	}
	assert_int_equal(n, COUNT(rows));
}

/* ---- asking ---- */

/* A client of its own for each scenario: no connection is left from before. */
struct probe {
	const struct row *row;
	const struct world *w;
	struct client c;
	char url[CLIENT_TEXT_MAX], admin[CLIENT_TEXT_MAX];
	struct client_ca ca;
	bool page_seen;
};

static void
site_url(char out[CLIENT_TEXT_MAX], const char *url, const char *id)
{
	const char *path = strstr(url, "/certsrv");

	assert_non_null(path);
	snprintf(out, CLIENT_TEXT_MAX, "%.*s/x/%s%s", (int)(path - url), url,
	    id, path);
}

static void
probe_open(struct probe *p, const struct row *row, const struct served *s,
    const struct world *w)
{
	memset(p, 0, sizeof *p);
	p->row = row;
	p->w = w;
	assert_int_equal(client_open(&p->c, &w->c), 0);
	if (row->impatient)
		p->c.timeout_s = 1;
	site_url(p->url, s->url, row->id);
	site_url(p->admin, s->admin, row->id);
}

static void
probe_close(struct probe *p)
{
	client_ca_clear(&p->ca);
	client_close(&p->c);
}

/* http.sys, IIS and the proxy call themselves by different names. */
static void
check_server(const struct probe *p, const struct client_http *h)
{
	const char *want = "Microsoft-IIS/10.0";
	char server[CLIENT_TEXT_MAX];

	if (h->status == NOTHING || h->status == 502 || h->status == 504)
		return;
	if (h->status == 503 || h->status == 414)
		want = "Microsoft-HTTPAPI/2.0";
	if (!client_header(h, "Server", server) || strcmp(server, want) != 0)
		fail_msg(
		    "%s: %ld comes from another server", p->row->id, h->status);
}

/* The pages of mscep.dll are UTF-16: compare without the zero octets. */
static bool
body_has(const struct client_http *h, const char *text)
{
	char *plain = calloc(1, h->body.n + 1);
	size_t n = 0;
	bool has;

	assert_non_null(plain);
	for (size_t i = 0; i < h->body.n; i++)
		if (h->body.p[i] != 0)
			plain[n++] = (char)h->body.p[i];
	has = strstr(plain, text) != NULL;
	free(plain);
	return has;
}

static const char *const credentials[] = { "Authorization: Basic bmRlczpuZGVz",
	NULL };

static void
answers(struct probe *p, const char *url, const char *const *headers, int want,
    struct client_http *h)
{
	(void)client_get(&p->c, url, headers, h);
	if (h->status != want)
		fail_msg("%s: %s answers %ld, not %d", p->row->id, url,
		    h->status, want);
	check_server(p, h);
	if (p->row->page != NULL && body_has(h, p->row->page))
		p->page_seen = true;
}

static void
asks(struct probe *p, const char *operation, int want)
{
	char url[2 * CLIENT_TEXT_MAX];
	struct client_http h;

	snprintf(url, sizeof url, "%s%s", p->url, operation);
	answers(p, url, NULL, want, &h);
	client_http_clear(&h);
}

/* The certificates of GetCACert, whatever a strict client says of them. */
static void
read_loosely(struct probe *p, const struct client_http *h)
{
	const unsigned char *at = h->body.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)h->body.n);
	int n;

	assert_non_null(cms);
	p->ca.all = CMS_get1_certs(cms);
	CMS_ContentInfo_free(cms);
	n = sk_X509_num(p->ca.all);
	assert_in_range(n, 2, 4);
	p->ca.ra_sign = sk_X509_value(p->ca.all, 0);
	p->ca.ra_encrypt = sk_X509_value(p->ca.all, n == 4 ? 1 : 0);
	p->ca.issuing = sk_X509_value(p->ca.all, n - 2);
	p->ca.root = sk_X509_value(p->ca.all, n - 1);
}

static bool
same_key(X509 *a, X509 *b)
{
	return EVP_PKEY_eq(X509_get0_pubkey(a), X509_get0_pubkey(b)) == 1;
}

/* GetCACert, and what a strict client that knows the deployed root says. */
static void
asks_for_certificates(struct probe *p, const struct client_ca *deployed)
{
	const char *strict = p->row->strict, *said = NULL;
	char url[2 * CLIENT_TEXT_MAX];
	struct client_http h;

	snprintf(url, sizeof url, "%s?operation=GetCACert", p->url);
	answers(p, url, NULL, p->row->cacert, &h);
	if (h.status == 200) {
		if (client_ca_read(&p->c, &h, &p->ca) != 0) {
			said = p->c.why;
			read_loosely(p, &h);
		} else if (!same_key(p->ca.root, deployed->root)) {
			said = "another root";
		}
		if (strict == NULL && said != NULL)
			fail_msg("%s: GetCACert: %s", p->row->id, said);
		if (strict != NULL &&
		    (said == NULL || strcmp(said, strict) != 0))
			fail_msg("%s: a strict client says: %s", p->row->id,
			    said == NULL ? "nothing" : said);
	}
	client_http_clear(&h);
}

static void
enrols(struct probe *p, const struct client_ca *deployed, bool by_get, int want)
{
	struct client_enrolment e = {
		.url = p->url,
		.ca = p->ca.all != NULL ? &p->ca : deployed,
		.csr = { .key = p->w->key,
		    .subject = "/CN=catalogue",
		    .challenge = SERVED_SECRET },
		.by_get = by_get,
	};
	struct client_certrep r = { 0 };
	int got;

	if (client_enrol(&p->c, &e, &r) != 0)
		got = (int)e.http_status;
	else
		got = r.status == 0 ? ISSUED : r.status;
	if (got != want)
		fail_msg("%s: PKIOperation by %s gives %d, not %d: %s",
		    p->row->id, by_get ? "GET" : "POST", got, want, p->c.why);
	if (got == REFUSED)
		assert_int_equal(r.fail_info, 2);
	client_certrep_clear(&r);
}

static void
visits_admin_page(struct probe *p)
{
	bool asks_first = p->row->admin == 200 || p->row->admin == 401;
	struct client_http h;
	char value[CLIENT_TEXT_MAX];

	answers(p, p->admin, credentials, p->row->admin, &h);
	if (p->row->admin == 404 &&
	    client_header(&h, "WWW-Authenticate", value))
		fail_msg(
		    "%s: the hidden page asks for credentials", p->row->id);
	client_http_clear(&h);
	if (!asks_first)
		return;
	answers(p, p->admin, NULL, 401, &h);
	client_http_clear(&h);
}

/* ---- the control API ---- */

static size_t
swallow(char *text, size_t size, size_t n, void *ctx)
{
	(void)text;
	(void)ctx;
	return size * n;
}

static void
call(const char *control, const char *method, const char *path,
    const char *site, const char *body)
{
	CURL *curl = curl_easy_init();
	char url[2 * CLIENT_TEXT_MAX];
	long status = 0;

	assert_non_null(curl);
	snprintf(url, sizeof url, "%s%s%s%s", control, path,
	    site == NULL ? "" : "?site=x/", site == NULL ? "" : site);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body == NULL ? "" : body);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (status != 200)
		fail_msg("%s %s %s: %ld", method, url, body == NULL ? "" : body,
		    status);
}

/* The calls below the steps, as they are printed: "\tMETHOD PATH [BODY]". */
static unsigned
mend(const char *control, const char *id, const char *site)
{
	char *text = mockndes_scenario_part(id, "mend"), *rest = text, *line;
	unsigned calls = 0;

	assert_non_null(text);
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *method, *path;

		if (line[0] != '\t')
			continue;
		line++;
		method = strsep(&line, " ");
		path = strsep(&line, " ");
		assert_non_null(path);
		call(control, method, path, site, line);
		calls++;
	}
	free(text);
	return calls;
}

/* ---- logs ---- */

static const struct log {
	const char *name, *path, *ending; /* ending NULL: path is the file */
} logs[] = {
	{ "iis", "W3SVC1", ".log" },
	{ "httperr", "HTTPERR", ".log" },
	{ "events", "events", ".txt" },
	{ "ndesplugin", "NDESPlugin.log", NULL },
	{ "crp", "CertificateRegistrationPoint.svclog", NULL },
	{ "setup", "SetupMsi.log", NULL },
};

static bool
file_matches(const char *path, const char *pattern)
{
	FILE *f = fopen(path, "r");
	size_t room = 0;
	char *line = NULL;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && getline(&line, &room, f) != -1)
		found = line[0] != '#' && fnmatch(pattern, line, 0) == 0;
	free(line);
	fclose(f);
	return found;
}

static bool
folder_matches(const char *path, const char *ending, const char *pattern)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	bool found = false;

	if (d == NULL)
		return false;
	while (!found && (entry = readdir(d)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');
		char file[1024];

		if (dot == NULL || strcmp(dot, ending) != 0)
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		found = file_matches(file, pattern);
	}
	closedir(d);
	return found;
}

/* Has a log of this site a line like that? clue: "LOG: pattern". */
static bool
is_logged(const char *dir, const char *id, const char *clue)
{
	char path[512], pattern[512];

	for (size_t i = 0; i < COUNT(logs); i++) {
		size_t n = strlen(logs[i].name);

		if (strncmp(clue, logs[i].name, n) != 0 || clue[n] != ':')
			continue;
		snprintf(
		    path, sizeof path, "%s/x/%s/%s", dir, id, logs[i].path);
		snprintf(pattern, sizeof pattern, "*%s*", clue + n + 2);
		return logs[i].ending == NULL
		    ? file_matches(path, pattern)
		    : folder_matches(path, logs[i].ending, pattern);
	}
	fail_msg("no log is meant by: %s", clue);
	return false;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static unsigned
check_logs(const char *dir, const struct row *row)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < LINES && row->present[i] != NULL; i++) {
		if (!is_logged(dir, row->id, row->present[i])) {
			print_error("%s lacks %s\n", row->id, row->present[i]);
			wrong++;
		}
	}
	for (size_t i = 0; i < LINES && row->absent[i] != NULL; i++) {
		if (is_logged(dir, row->id, row->absent[i])) {
			print_error("%s has %s\n", row->id, row->absent[i]);
			wrong++;
		}
	}
	return wrong;
}

/* ---- the tests ---- */

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
probe_row(const struct row *row, const struct served *s, const struct world *w,
    const char *control)
{
	struct probe p;
	int64_t started;

	probe_open(&p, row, s, w);
	if (row->patch != NULL)
		call(control, "PATCH", "/v1/host", row->id, row->patch);
	started = now_ms();
	asks(&p, "?operation=GetCACaps", row->caps);
	if (row->caps == 504)
		assert_in_range(now_ms() - started, 150, 10000);
	asks_for_certificates(&p, &s->ca);
	enrols(&p, &s->ca, true, row->get);
	enrols(&p, &s->ca, false, row->post);
	asks(&p, "", row->browse);
	visits_admin_page(&p);
	if (row->page != NULL && !p.page_seen)
		fail_msg("%s: no page says: %s", row->id, row->page);
	probe_close(&p);
}

static void
shows_its_symptoms_and_evidence(void **state)
{
	struct world *w = *state;
	char dir[] = "/tmp/catalogueXXXXXX";
	struct served s;
	unsigned wrong = 0;

	assert_non_null(mkdtemp(dir));
	served_start(&s, NULL,
	    (const char *[]){ "log-dir", dir, "control-port", "0", NULL });
	served_ca(&s, &w->c);
	for (size_t i = 0; i < COUNT(rows); i++)
		probe_row(&rows[i], &s, w, mockndes_url(s.m, "control"));
	served_stop(&s); /* everything is written now */
	for (size_t i = 0; i < COUNT(rows); i++)
		wrong += check_logs(dir, &rows[i]);
	assert_int_equal(nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
	assert_int_equal(wrong, 0);
}

/* A server that has this scenario, broken first, mended then, enrols. */
static void
heal(const struct row *row, const struct world *w)
{
	struct served s;
	struct client c;
	struct client_http h;
	struct client_enrolment e;
	char url[CLIENT_TEXT_MAX];
	const char *control;

	served_start(
	    &s, row->id, (const char *[]){ "control-port", "0", NULL });
	control = mockndes_url(s.m, "control");
	assert_int_equal(client_open(&c, &w->c), 0);
	if (row->impatient)
		c.timeout_s = 1;
	if (row->patch != NULL)
		call(control, "PATCH", "/v1/host", NULL, row->patch);
	snprintf(url, sizeof url, "%s?operation=GetCACaps", s.url);
	for (int i = 0; i < 6;
	     i++) { /* the pool of some does not live as long */
		int want = i == 5 && row->admin == 503 ? 503 : row->caps;

		(void)client_get(&c, url, NULL, &h);
		if (h.status != want)
			fail_msg("%s: GetCACaps answers %ld, not %d", row->id,
			    h.status, want);
		client_http_clear(&h);
		if (row->impatient)
			break;
	}
	assert_in_range(mend(control, row->id, NULL), 1, 32);
	if (client_ca_fetch(&c, s.url, &s.ca) != 0)
		fail_msg("%s: mended, but %s", row->id, c.why);
	e = served_enrolment(&s, w, "/CN=healed");
	enrol_status(&c, &e, 0, row->id);
	client_close(&c);
	served_stop(&s);
}

static void
is_healed_by_its_resolution(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].id, "healthy") != 0)
			heal(&rows[i], *state);
}

static void
is_healed_below_x_alone(void **state)
{
	struct world *w = *state;
	const struct row *row = row_of("impersonation");
	struct served s;
	struct probe p, other;

	served_start(&s, NULL, (const char *[]){ "control-port", "0", NULL });
	probe_open(&p, row, &s, w);
	probe_open(&other, row_of("ra-expired"), &s, w);
	asks(&p, "?operation=GetCACaps", 500);
	asks(&other, "?operation=GetCACaps", 500);
	mend(mockndes_url(s.m, "control"), row->id, row->id);
	asks(&p, "?operation=GetCACaps", 200);
	asks(&other, "?operation=GetCACaps", 500);
	probe_close(&p);
	probe_close(&other);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_a_row_for_every_file),
		cmocka_unit_test(shows_its_symptoms_and_evidence),
		cmocka_unit_test(is_healed_by_its_resolution),
		cmocka_unit_test(is_healed_below_x_alone),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
