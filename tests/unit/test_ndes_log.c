/* SPDX-License-Identifier: MIT */
/* IIS's log as an administrator would read it, and the operator's line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ndes/iis_log.h"
#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"
#define HEAD_FORMAT                                                          \
	"#Software: Microsoft Internet Information Services 10.0\r\n"        \
	"#Version: 1.0\r\n"                                                  \
	"#Date: %s\r\n"                                                      \
	"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port " \
	"cs-username c-ip cs(User-Agent) cs(Referer) sc-status "             \
	"sc-substatus sc-win32-status time-taken\r\n"

/* ---- the line ---- */

struct line_row {
	const char *method, *target, *agent, *referer, *username;
	int status, substatus;
	uint32_t win32;
	int64_t taken_ms;
	const char *line;
};

static const struct line_row lines[] = {
	{ "GET", DLL "?operation=GetCACert&message=SCEP%20Authority",
	    "User-Agent: profiled/1.0 CFNetwork/811.5.4 Darwin/16.6.0", NULL,
	    NULL, 500, 0, 1346, 31,
	    "2026-03-04 05:06:07 192.0.2.1 GET " DLL " operation=GetCACert"
	    "&message=SCEP%20Authority 80 - 192.0.2.7 "
	    "profiled/1.0+CFNetwork/811.5.4+Darwin/16.6.0 - 500 0 1346 31" },
	{ "GET", DLL "/pkiclient.exe?operation=GetCACaps&message=default",
	    "User-Agent: Mozilla/4.0 (compatible; Win32; NDES client)", NULL,
	    NULL, 200, 0, 0, 0,
	    "2026-03-04 05:06:07 192.0.2.1 GET " DLL "/pkiclient.exe "
	    "operation=GetCACaps&message=default 80 - 192.0.2.7 "
	    "Mozilla/4.0+(compatible;+Win32;+NDES+client) - 200 0 0 0" },
	{ "POST", DLL "?operation=PKIOperation", NULL, NULL, NULL, 200, 0, 0,
	    565,
	    "2026-03-04 05:06:07 192.0.2.1 POST " DLL
	    " operation=PKIOperation 80 - 192.0.2.7 - - 200 0 0 565" },
	{ "GET", "/certsrv/mscep_admin", "User-Agent: Wget/1.20.3 (linux-gnu)",
	    "Referer: http://x/ y", "dom\\user", 301, 0, 0, 180,
	    "2026-03-04 05:06:07 192.0.2.1 GET /certsrv/mscep_admin - 80 "
	    "dom\\user 192.0.2.7 Wget/1.20.3+(linux-gnu) http://x/+y 301 0 0 "
	    "180" },
	{ "GET", "/a%0ab%20c?x=\r\n1 2", "User-Agent: \t", NULL, "a b\nc", 404,
	    15, 0, 1,
	    "2026-03-04 05:06:07 192.0.2.1 GET /a%0Ab+c x=%0D%0A1%202 80 "
	    "a+b%0Ac 192.0.2.7 %09 - 404 15 0 1" },
	{ "GET", "/", NULL, NULL, NULL, 403, 16, 2148204809u, 2,
	    "2026-03-04 05:06:07 192.0.2.1 GET / - 80 - 192.0.2.7 - - 403 16 "
	    "2148204809 2" },
};

static void
fill(struct room *r, struct ndes_exchange *x, const struct line_row *row)
{
	struct room_request rq = { .method = row->method,
		.target = row->target };
	size_t n = 0;

	if (row->agent != NULL)
		rq.headers[n++] = row->agent;
	if (row->referer != NULL)
		rq.headers[n++] = row->referer;
	room_receive(r, x, &rq);
	ndes_route(x);
	x->evidence = (struct ndes_evidence){
		.in_iis_log = true,
		.status = row->status,
		.substatus = row->substatus,
		.win32 = row->win32,
		.username = row->username,
	};
}

static void
lines_are_those_of_the_reference(void **state)
{
	struct room r;

	(void)state;
	room_open(&r, false);
	for (size_t i = 0; i < nitems(lines); i++) {
		struct ndes_exchange x;
		struct buf b;

		fill(&r, &x, &lines[i]);
		buf_init(&b, 4096);
		iis_log_line(&b, &x, r.now_ms, lines[i].taken_ms);
		assert_string_equal(buf_str(&b), lines[i].line);
		buf_clear(&b);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

/* ---- the files ---- */

struct folder {
	char path[64];
	char site[96];
};

static void
folder_make(struct folder *f)
{
	snprintf(f->path, sizeof(f->path), "/tmp/mockndes-log-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->site, sizeof(f->site), "%s/W3SVC1", f->path);
}

static void
folder_remove(const struct folder *f)
{
	struct dirent *entry;
	DIR *d = opendir(f->site);
	char path[400];

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", f->site, entry->d_name);
		unlink(path);
	}
	closedir(d);
	assert_int_equal(rmdir(f->site), 0);
	assert_int_equal(rmdir(f->path), 0);
}

/* The file's text, malloc'ed. */
static char *
file_text(const struct folder *f, const char *name)
{
	char path[400], *text;
	struct stat st;
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s", f->site, name);
	fp = fopen(path, "rb");
	if (fp == NULL)
		fail_msg("no %s", path);
	assert_int_equal(fstat(fileno(fp), &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(
	    fread(text, 1, (size_t)st.st_size, fp), (size_t)st.st_size);
	text[st.st_size] = '\0';
	fclose(fp);
	return text;
}

static void
assert_file(const struct folder *f, const char *name, const char *wanted)
{
	char *text = file_text(f, name);

	assert_string_equal(text, wanted);
	free(text);
}

static void
write_line(struct iis_log *log, const struct ndes_exchange *x, int64_t now_ms)
{
	struct err e = { 0 };

	if (iis_log_write(log, x, now_ms, 31, &e) == -1)
		fail_msg("%s", e.text);
}

static void
a_file_begins_with_its_header_and_ends_with_the_day(void **state)
{
	struct iis_log *log;
	struct ndes_exchange x;
	struct folder f;
	struct room r;
	char wanted[2048];
	int64_t midnight = INT64_C(1772668800000); /* 2026-03-05 */

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	fill(&r, &x, &lines[0]);
	log = iis_log_open(f.path, NULL);
	assert_non_null(log);
	write_line(log, &x, r.now_ms);
	write_line(log, &x, midnight - 1);
	write_line(log, &x, midnight);
	iis_log_close(log);
	snprintf(wanted, sizeof(wanted),
	    HEAD_FORMAT "%s\r\n2026-03-04 23:59:59%s\r\n",
	    "2026-03-04 05:06:07", lines[0].line, lines[0].line + 19);
	assert_file(&f, "u_ex260304.log", wanted);
	snprintf(wanted, sizeof(wanted),
	    HEAD_FORMAT "2026-03-05 00:00:00%s\r\n", "2026-03-05 00:00:00",
	    lines[0].line + 19);
	assert_file(&f, "u_ex260305.log", wanted);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

static void
an_existing_file_is_continued(void **state)
{
	struct iis_log *log;
	struct ndes_exchange x;
	struct folder f;
	struct room r;
	char wanted[4096];

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	fill(&r, &x, &lines[0]);
	for (int i = 0; i < 2; i++) {
		log = iis_log_open(f.path, NULL);
		assert_non_null(log);
		write_line(log, &x, r.now_ms);
		iis_log_close(log);
	}
	snprintf(wanted, sizeof(wanted),
	    HEAD_FORMAT "%s\r\n" HEAD_FORMAT "%s\r\n", "2026-03-04 05:06:07",
	    lines[0].line, "2026-03-04 05:06:07", lines[0].line);
	assert_file(&f, "u_ex260304.log", wanted);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

static void
what_iis_did_not_see_is_not_in_its_log(void **state)
{
	struct room_request rq = { .target = DLL };
	struct iis_log *log;
	struct ndes_exchange x;
	struct folder f;
	struct room r;
	char path[200];

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	room_set(&r, "app_pool.state", "stopped");
	room_arrive(&r, &x, &rq);
	log = iis_log_open(f.path, NULL);
	assert_non_null(log);
	write_line(log, &x, r.now_ms);
	iis_log_close(log);
	snprintf(path, sizeof(path), "%s/u_ex260304.log", f.site);
	assert_int_equal(access(path, F_OK), -1);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

static void
a_log_folder_that_cannot_be_made_is_an_error(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_null(iis_log_open("/dev/null/logs", &e));
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.text, "/dev/null/logs"));
}

#define WRITERS 4
#define LINES_EACH 100

struct writer {
	struct iis_log *log;
	const struct ndes_exchange *x;
	int64_t now_ms;
};

static void *
write_many(void *arg)
{
	const struct writer *w = arg;

	for (int i = 0; i < LINES_EACH; i++)
		if (iis_log_write(w->log, w->x, w->now_ms, 31, NULL) == -1)
			return arg;
	return NULL;
}

static void
threads_do_not_mix_their_lines(void **state)
{
	struct writer w = { 0 };
	pthread_t threads[WRITERS];
	struct ndes_exchange x;
	struct folder f;
	struct room r;
	char *text, *line, *rest;
	void *failed;
	int n = 0;

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	fill(&r, &x, &lines[0]);
	w = (struct writer){ iis_log_open(f.path, NULL), &x, r.now_ms };
	assert_non_null(w.log);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, write_many, &w), 0);
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	iis_log_close(w.log);
	text = file_text(&f, "u_ex260304.log");
	for (rest = text; (line = strtok_r(rest, "\r\n", &rest)) != NULL;) {
		if (line[0] == '#')
			continue;
		assert_string_equal(line, lines[0].line);
		n++;
	}
	assert_int_equal(n, WRITERS * LINES_EACH);
	free(text);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

/* ---- the operator's line ---- */

static void
the_operators_line_says_who_answered_and_why(void **state)
{
	static const struct {
		const char *key, *value; /* NULL: healthy */
		const char *target, *line;
	} rows[] = {
		{ NULL, NULL, DLL "?operation=GetCACaps",
		    "192.0.2.7 GET GetCACaps -> 200" },
		{ "app_pool.state", "stopped", DLL "?operation=GetCACaps",
		    "192.0.2.7 GET GetCACaps -> 503 by http.sys: the "
		    "application pool SCEP is stopped" },
		{ NULL, NULL, "/x\r\ny",
		    "192.0.2.7 GET unknown path /x\\x0D\\x0Ay -> 404 by IIS: "
		    "nothing has this path; SCEP is at "
		    "/certsrv/mscep/mscep.dll" },
		{ NULL, NULL, DLL,
		    "192.0.2.7 GET browse -> 403 by mscep.dll: browsing is "
		    "forbidden while the policy module is loaded; devices ask "
		    "with operation=" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct room_request rq = { .target = rows[i].target };
		struct ndes_exchange x;
		struct room r;
		struct buf b;

		room_open(&r, false);
		if (rows[i].key != NULL)
			room_set(&r, rows[i].key, rows[i].value);
		room_arrive(&r, &x, &rq);
		buf_init(&b, 4096);
		ndes_exchange_line(&x, &b);
		assert_string_equal(buf_str(&b), rows[i].line);
		buf_clear(&b);
		ndes_exchange_clear(&x);
		room_close(&r);
	}
}

static void
layers_and_operations_have_names(void **state)
{
	(void)state;
	assert_string_equal(ndes_layer_name(NDES_LAYER_HTTP_SYS), "http.sys");
	assert_string_equal(ndes_layer_name(NDES_LAYER_IIS), "IIS");
	assert_string_equal(ndes_layer_name(NDES_LAYER_MSCEP), "mscep.dll");
	assert_string_equal(ndes_layer_name(NDES_LAYERS), "unknown");
	assert_string_equal(ndes_op_name(NDES_OP_GETCACAPS), "GetCACaps");
	assert_string_equal(ndes_op_name(NDES_OP_BROWSE), "browse");
	assert_string_equal(ndes_op_name(NDES_OPS), "unknown");
	for (int i = 0; i < NDES_OPS; i++)
		assert_non_null(ndes_op_name((enum ndes_op)i));
}

static void
an_exchange_can_be_cleared_twice_and_unborn(void **state)
{
	struct ndes_exchange x;

	(void)state;
	memset(&x, 0, sizeof(x));
	ndes_exchange_clear(&x);
	ndes_exchange_init(&x, 4096);
	ndes_exchange_clear(&x);
	ndes_exchange_clear(&x);
	assert_int_equal(x.arena.used, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_of_the_reference),
		cmocka_unit_test(
		    a_file_begins_with_its_header_and_ends_with_the_day),
		cmocka_unit_test(an_existing_file_is_continued),
		cmocka_unit_test(what_iis_did_not_see_is_not_in_its_log),
		cmocka_unit_test(a_log_folder_that_cannot_be_made_is_an_error),
		cmocka_unit_test(threads_do_not_mix_their_lines),
		cmocka_unit_test(the_operators_line_says_who_answered_and_why),
		cmocka_unit_test(layers_and_operations_have_names),
		cmocka_unit_test(an_exchange_can_be_cleared_twice_and_unborn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
