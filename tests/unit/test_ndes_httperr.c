/* SPDX-License-Identifier: MIT */
/* The log of http.sys: what it refused, and what a worker process died of. */
#include "ndes_logs.h"

#include "ndes/httperr_log.h"
#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"
#define FIRST "HTTPERR/httperr1.log"
#define SECOND "HTTPERR/httperr2.log"
#define START "2026-03-04 05:06:07 192.0.2.7 40000 192.0.2.1 80 HTTP/1.1 "
#define HEAD                                                     \
	"#Software: Microsoft HTTP API 2.0\r\n"                  \
	"#Version: 1.0\r\n"                                      \
	"#Date: 2026-03-04 05:06:07\r\n"                         \
	"#Fields: date time c-ip c-port s-ip s-port cs-version " \
	"cs-method cs-uri streamid sc-status s-siteid s-reason " \
	"s-queuename\r\n"

struct line_row {
	const char *method, *target, *reason;
	int status;
	bool no_status;
	const char *line;
};

static const struct line_row lines[] = {
	{ "GET", DLL, "AppOffline", 503, false,
	    START "GET " DLL " - 503 1 AppOffline SCEP" },
	{ "GET", DLL "?operation=GetCACaps&message=a%20b", "Disabled", 503,
	    false,
	    START "GET " DLL "?operation=GetCACaps&message=a%20b - 503 1 "
		  "Disabled SCEP" },
	{ "POST", DLL "?operation=PKIOperation",
	    "Connection_Abandoned_By_ReqQueue", 0, true,
	    START "POST " DLL "?operation=PKIOperation - - 1 "
		  "Connection_Abandoned_By_ReqQueue SCEP" },
	{ "GET", "/clm", "RequestLength", 400, false,
	    START "GET /clm - 400 - RequestLength -" },
	{ "GET", "/clm", "FieldLength", 400, false,
	    START "GET /clm - 400 - FieldLength -" },
	{ "GET", "/clm", "URL_Length", 414, false,
	    START "GET /clm - 414 - URL_Length -" },
	{ "GET", "http://ndes01:80/clm?", "URL", 400, false,
	    START "GET /clm? - 400 - URL -" },
	{ "GET", "/a b\r\n", "URL", 400, false,
	    START "GET /a%20b%0D%0A - 400 - URL -" },
	{ "", "", "BadRequest", 400, false, START "- - - 400 - BadRequest -" },
};

static void
fill(struct room *r, struct ndes_exchange *x, const struct line_row *row)
{
	struct room_request rq = { .method = row->method,
		.target = row->target };

	room_receive(r, x, &rq);
	x->rq.peer_port = 40000;
	x->evidence.status = row->status;
	x->evidence.httperr_reason = row->reason;
	x->evidence.httperr_no_status = row->no_status;
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
		httperr_log_line(&b, &x, r.now_ms);
		assert_string_equal(buf_str(&b), lines[i].line);
		buf_clear(&b);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

/* The length of cs-uri as logged, for a target with `n` bytes of which the last is `last`. */
static size_t
logged_length(struct room *r, size_t n, char last)
{
	struct line_row row = { "GET", NULL, "URL_Length", 414, false, NULL };
	char *target = malloc(n + 1);
	struct ndes_exchange x;
	const char *uri, *end;
	struct buf b;
	size_t length;

	assert_non_null(target);
	memset(target, 'a', n);
	target[0] = '/';
	target[5] = '?';
	target[n - 1] = last;
	target[n] = '\0';
	row.target = target;
	fill(r, &x, &row);
	buf_init(&b, 1 << 16);
	httperr_log_line(&b, &x, r->now_ms);
	uri = strstr(buf_str(&b), " /");
	assert_non_null(uri);
	end = strstr(uri, " - 414 - URL_Length -");
	assert_non_null(end);
	length = (size_t)(end - uri - 1);
	buf_clear(&b);
	ndes_exchange_clear(&x);
	free(target);
	return length;
}

static void
the_uri_is_cut_at_4096_bytes(void **state)
{
	struct room r;

	(void)state;
	room_open(&r, false);
	assert_int_equal(logged_length(&r, 4095, 'z'), 4095);
	assert_int_equal(logged_length(&r, 4096, 'z'), 4096);
	assert_int_equal(logged_length(&r, 4097, 'z'), 4096);
	assert_int_equal(logged_length(&r, 20000, 'z'), 4096);
	assert_int_equal(logged_length(&r, 4096, '\n'), 4096);
	room_close(&r);
}

/* ---- the files ---- */

static void
write_line(
    struct httperr_log *log, const struct ndes_exchange *x, int64_t now_ms)
{
	struct err e = { 0 };

	if (httperr_log_write(log, x, now_ms, &e) == -1)
		fail_msg("%s", e.text);
}

static void
a_file_has_one_header_though_it_is_continued(void **state)
{
	struct ndes_exchange x;
	struct folder f;
	struct room r;
	char wanted[2048];

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	fill(&r, &x, &lines[0]);
	for (int i = 0; i < 2; i++) {
		struct httperr_log *log = httperr_log_open(f.path, NULL);

		assert_non_null(log);
		write_line(log, &x, r.now_ms);
		httperr_log_close(log);
	}
	snprintf(wanted, sizeof(wanted), HEAD "%s\r\n%s\r\n", lines[0].line,
	    lines[0].line);
	assert_file(&f, FIRST, wanted);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

static void
what_http_sys_passed_on_is_not_in_its_log(void **state)
{
	struct line_row row = { "GET", DLL, NULL, 200, false, NULL };
	struct httperr_log *log;
	struct ndes_exchange x;
	struct folder f;
	struct room r;

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	fill(&r, &x, &row);
	log = httperr_log_open(f.path, NULL);
	assert_non_null(log);
	write_line(log, &x, r.now_ms);
	assert_false(folder_has(&f, FIRST));
	httperr_log_close(log);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

/* A file of n bytes that begins with a header. */
static void
put_bytes(const struct folder *f, size_t n)
{
	char *text = malloc(n + 1);

	assert_non_null(text);
	memset(text, '#', n);
	text[n] = '\0';
	folder_put(f, FIRST, text);
	free(text);
}

static void
a_full_file_is_followed_by_the_next_number(void **state)
{
	const size_t line = strlen(lines[0].line) + 2;
	struct ndes_exchange x;
	struct folder f;
	struct room r;
	char wanted[2048];

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	fill(&r, &x, &lines[0]);
	for (size_t over = 0; over < 2; over++) {
		struct httperr_log *log = httperr_log_open(f.path, NULL);

		assert_non_null(log);
		put_bytes(&f, (size_t)HTTPERR_FILE_MAX - line + over);
		write_line(log, &x, r.now_ms);
		assert_int_equal(folder_has(&f, SECOND), over == 1);
		write_line(log, &x, r.now_ms);
		httperr_log_close(log);
		if (over == 0) {
			char path[FOLDER_PATH_MAX];

			folder_path(&f, SECOND, path);
			assert_int_equal(unlink(path), 0);
		}
	}
	snprintf(wanted, sizeof(wanted), HEAD "%s\r\n%s\r\n", lines[0].line,
	    lines[0].line);
	assert_file(&f, SECOND, wanted);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

/* After a restart the first file with room is continued. */
static void
a_restart_goes_on_in_the_last_file(void **state)
{
	struct httperr_log *log;
	struct ndes_exchange x;
	struct folder f;
	struct room r;

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	fill(&r, &x, &lines[0]);
	log = httperr_log_open(f.path, NULL);
	assert_non_null(log);
	put_bytes(&f, (size_t)HTTPERR_FILE_MAX);
	folder_put(&f, SECOND, "#\r\n");
	write_line(log, &x, r.now_ms);
	httperr_log_close(log);
	assert_file_has(&f, SECOND, "#\r\n2026-03-04");
	assert_false(folder_has(&f, "HTTPERR/httperr3.log"));
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

static void
a_folder_that_cannot_be_made_is_an_error(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_null(httperr_log_open("/dev/null/logs", &e));
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.text, "/dev/null/logs"));
}

static void
a_full_disk_is_an_error_that_names_the_file(void **state)
{
	struct err e = { 0 };
	struct httperr_log *log;
	struct ndes_exchange x;
	struct folder f;
	struct room r;
	char path[FOLDER_PATH_MAX];

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	fill(&r, &x, &lines[0]);
	log = httperr_log_open(f.path, NULL);
	assert_non_null(log);
	folder_path(&f, FIRST, path);
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_int_equal(httperr_log_write(log, &x, r.now_ms, &e), -1);
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.text, FIRST ": No space left"));
	httperr_log_close(log);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_of_the_reference),
		cmocka_unit_test(the_uri_is_cut_at_4096_bytes),
		cmocka_unit_test(a_file_has_one_header_though_it_is_continued),
		cmocka_unit_test(what_http_sys_passed_on_is_not_in_its_log),
		cmocka_unit_test(a_full_file_is_followed_by_the_next_number),
		cmocka_unit_test(a_restart_goes_on_in_the_last_file),
		cmocka_unit_test(a_folder_that_cannot_be_made_is_an_error),
		cmocka_unit_test(a_full_disk_is_an_error_that_names_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
