/* SPDX-License-Identifier: MIT */
/*
 * The built-in scenarios as a device meets them, and the log that the
 * simulated host leaves: from the file to the wire to the evidence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/process.h"
#include "support/served.h"

/* ---- a log folder ---- */

struct folder {
	char path[256];
	char text[16384]; /* of the one log file in it */
	char name[64]; /* "u_ex261122.log" */
};

static void
folder_make(struct folder *f)
{
	memset(f, 0, sizeof *f);
	folder_new(f->path);
}

/* Read the log and take the folder away. */
static void
folder_take(struct folder *f)
{
	char dir[300], path[600];
	snprintf(dir, sizeof dir, "%s/W3SVC1", f->path);
	DIR *d = opendir(dir);
	struct dirent *entry;
	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(f->name, sizeof f->name, "%.60s", entry->d_name);
		snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		FILE *file = fopen(path, "r");
		if (file) {
			size_t n = fread(f->text, 1, sizeof f->text - 1, file);
			f->text[n] = 0;
			fclose(file);
		}
	}
	if (d)
		closedir(d);
	folder_remove(f->path);
}

/* Does a line of the log have all of these pieces? */
static void
log_has(const struct folder *f, const char *a, const char *b)
{
	for (const char *p = f->text; *p;) {
		size_t n = strcspn(p, "\n");
		if (memmem(p, n, a, strlen(a)) && memmem(p, n, b, strlen(b)))
			return;
		p += n + (p[n] == '\n');
	}
	fail_msg(
	    "no line with \"%s\" and \"%s\" in the log:\n%s", a, b, f->text);
}

/* ---- statuses ---- */

static long
status_of(struct world *w, const struct served *s, const char *query)
{
	char url[CLIENT_TEXT_MAX];
	struct client_http h;
	snprintf(url, sizeof url, "%s%s", s->url, query);
	if (client_get(&w->c, url, NULL, &h))
		fail_msg("%s", w->c.why);
	long status = h.status;
	client_http_clear(&h);
	return status;
}

static void
body_of(struct world *w, const struct served *s, const char *query, char *out,
    size_t size)
{
	char url[CLIENT_TEXT_MAX];
	struct client_http h;
	snprintf(url, sizeof url, "%s%s", s->url, query);
	if (client_get(&w->c, url, NULL, &h))
		fail_msg("%s", w->c.why);
	snprintf(out, size, "%s", h.body.p ? (char *)h.body.p : "");
	client_http_clear(&h);
}

static void
a_healthy_server_lists_what_ndes_lists(void **state)
{
	struct world *w = *state;
	struct served s;
	char text[512];
	served_start(&s, "healthy", NULL);
	body_of(w, &s, "?operation=GetCACaps", text, sizeof text);
	assert_string_equal(text,
	    "POSTPKIOperation\r\nRenewal\r\nSHA-512\r\nSHA-256\r\nSHA-1\r\n"
	    "DES3\r\n");
	assert_int_equal(status_of(w, &s, ""), 403);
	assert_int_equal(status_of(w, &s, "?operation=GetCACerts"), 200);
	served_stop(&s);
}

static void
the_log_tells_an_enrolment_as_iis_does(void **state)
{
	struct world *w = *state;
	struct served s;
	struct folder f;
	folder_make(&f);
	const char *options[] = { "log-dir", f.path, NULL };
	served_start(&s, NULL, options);
	served_ca(&s, &w->c);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=log");
	e.by_get = true;
	e.user_agent = "profiled/1.0 CFNetwork/811.5.4 Darwin/16.6.0";
	enrol_status(&w->c, &e, 0, "for the log");
	e.csr.challenge = "wrong";
	e.by_get = false;
	enrol_status(&w->c, &e, 2, "for the log");
	assert_int_equal(status_of(w, &s, ""), 403);
	char secret[CLIENT_TEXT_MAX];
	assert_int_equal(
	    client_admin_password(&w->c, s.admin, SERVED_ADMIN, secret), 0);
	served_stop(&s);
	folder_take(&f);
	assert_int_equal(strlen(f.name), 14);
	assert_memory_equal(f.name, "u_ex", 4);
	const char *head =
	    "#Software: Microsoft Internet Information Services 10.0\r\n"
	    "#Version: 1.0\r\n#Date: ";
	assert_memory_equal(f.text, head, strlen(head));
	assert_non_null(strstr(f.text,
	    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port "
	    "cs-username c-ip cs(User-Agent) cs(Referer) sc-status "
	    "sc-substatus sc-win32-status time-taken"));
	log_has(&f, " GET /certsrv/mscep/mscep.dll operation=GetCACert ",
	    " 200 0 0 ");
	log_has(&f,
	    " GET /certsrv/mscep/mscep.dll operation=PKIOperation&message=",
	    "profiled/1.0+CFNetwork/811.5.4+Darwin/16.6.0 - 200 0 0 ");
	log_has(&f, " POST /certsrv/mscep/mscep.dll operation=PKIOperation ",
	    " 200 0 0 ");
	log_has(&f, " GET /certsrv/mscep/mscep.dll - ", " 403 0 0 ");
	log_has(&f, " GET /certsrv/mscep_admin/ - ", " ndes 127.0.0.1 ");
}

struct dead_row {
	const char *scenario;
	long status;
	const char *tail; /* in the IIS log; NULL: no line at all */
};

static const struct dead_row dead[] = {
	{ "impersonation", 500, " 500 0 1346 " },
	{ "pool-stopped", 503, NULL },
	{ "ra-expired", 500, " 500 0 " },
};

static void
broken_deployments_answer_every_operation_alike(void **state)
{
	struct world *w = *state;
	struct served well;
	served_start(&well, NULL, NULL);
	served_ca(&well, &w->c);
	for (size_t i = 0; i < sizeof dead / sizeof *dead; i++) {
		struct served s;
		struct folder f;
		folder_make(&f);
		const char *options[] = { "log-dir", f.path, NULL };
		served_start(&s, dead[i].scenario, options);
		static const char *const queries[] = { "?operation=GetCACaps",
			"?operation=GetCACert&message=SCEP%20Authority", "" };
		for (size_t k = 0; k < 3; k++)
			if (status_of(w, &s, queries[k]) != dead[i].status)
				fail_msg("%s answers %s otherwise",
				    dead[i].scenario, queries[k]);
		struct client_enrolment e = served_enrolment(&well, w, "/CN=x");
		e.url = s.url;
		enrol_http_status(&w->c, &e, dead[i].status, dead[i].scenario);
		served_stop(&s);
		folder_take(&f);
		if (dead[i].tail)
			log_has(&f,
			    "operation=GetCACert&message=SCEP%20Authority",
			    dead[i].tail);
		else if (strstr(f.text, "GetCACert"))
			fail_msg("%s is in the IIS log:\n%s", dead[i].scenario,
			    f.text);
	}
	served_stop(&well);
}

static void
a_long_uri_fails_where_a_post_enrols(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, "uri-too-long", NULL);
	served_ca(&s, &w->c);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=uri");
	enrol_status(&w->c, &e, 0, "by POST");
	e.by_get = true;
	enrol_http_status(&w->c, &e, 414, "by GET");
	served_stop(&s);
}

static void
modern_capabilities_are_a_scenario(void **state)
{
	struct world *w = *state;
	struct served s;
	char text[512];
	served_start(&s, "caps-modern", NULL);
	served_ca(&s, &w->c);
	body_of(w, &s, "?operation=GetCACaps", text, sizeof text);
	static const char *const want[] = { "AES\r\n", "SHA-384\r\n",
		"SCEPStandard\r\n", "DES3\r\n", "POSTPKIOperation\r\n" };
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		if (!strstr(text, want[i]))
			fail_msg("no %s in:\n%s", want[i], text);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=modern");
	e.digest = "SHA384";
	enrol_status(&w->c, &e, 0, "caps-modern");
	served_stop(&s);
}

static void
two_servers_in_a_process_know_nothing_of_each_other(void **state)
{
	struct world *w = *state;
	struct served well, ill;
	char secret[CLIENT_TEXT_MAX];
	served_start(&well, "healthy", NULL);
	served_start(&ill, "pool-stopped", NULL);
	served_ca(&well, &w->c);
	assert_string_not_equal(well.url, ill.url);
	assert_int_equal(status_of(w, &ill, "?operation=GetCACaps"), 503);
	struct client_enrolment e = served_enrolment(&well, w, "/CN=two");
	enrol_status(&w->c, &e, 0, "beside a stopped pool");
	served_stop(&ill);

	struct served other;
	served_start(&other, NULL, NULL);
	assert_int_equal(
	    client_admin_password(&w->c, other.admin, SERVED_ADMIN, secret), 0);
	e.csr.challenge = secret;
	enrol_status(&w->c, &e, 2, "a password of the other server");
	served_ca(&other, &w->c);
	e.ca = &other.ca;
	e.url = other.url;
	enrol_status(&w->c, &e, 0, "its own password");
	served_stop(&other);
	served_stop(&well);
}

static void
later_scenarios_add_to_earlier_ones(void **state)
{
	struct world *w = *state;
	struct mockndes *m = mockndes_new();
	assert_non_null(m);
	assert_int_equal(mockndes_scenario_file(m, "ra-expired"), 0);
	assert_int_equal(mockndes_scenario_file(m, "pool-stopped"), 0);
	assert_int_equal(mockndes_set(m, "http-port", "0"), 0);
	assert_int_equal(mockndes_set(m, "https-port", "off"), 0);
	assert_int_equal(mockndes_set(m, "control-port", "off"), 0);
	if (mockndes_start(m))
		fail_msg("%s", mockndes_error(m));
	struct served s = { .m = m, .url = mockndes_url(m, "http") };
	/* A stopped pool hides the expired certificates. */
	assert_int_equal(status_of(w, &s, "?operation=GetCACert"), 503);
	mockndes_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_server_lists_what_ndes_lists),
		cmocka_unit_test(the_log_tells_an_enrolment_as_iis_does),
		cmocka_unit_test(
		    broken_deployments_answer_every_operation_alike),
		cmocka_unit_test(a_long_uri_fails_where_a_post_enrols),
		cmocka_unit_test(modern_capabilities_are_a_scenario),
		cmocka_unit_test(
		    two_servers_in_a_process_know_nothing_of_each_other),
		cmocka_unit_test(later_scenarios_add_to_earlier_ones),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
