/* SPDX-License-Identifier: MIT */
/* IIS's log as an administrator would read it, and the operator's line. */
#include "ndes_logs.h"

#include <pthread.h>

#include "ndes/iis_log.h"
#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"
#define HEAD_FORMAT                                                          \
	"#Software: Microsoft Internet Information Services 10.0\r\n"        \
	"#Version: 1.0\r\n"                                                  \
	"#Date: %s\r\n"                                                      \
	"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port " \
	"cs-username c-ip cs(User-Agent) cs(Referer) sc-status "             \
	"sc-substatus sc-win32-status%s time-taken\r\n"
#define DAY_FILE "W3SVC1/u_ex260304.log"

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
	    "2026-03-04 05:06:07", "", lines[0].line, lines[0].line + 19);
	assert_file(&f, DAY_FILE, wanted);
	snprintf(wanted, sizeof(wanted),
	    HEAD_FORMAT "2026-03-05 00:00:00%s\r\n", "2026-03-05 00:00:00", "",
	    lines[0].line + 19);
	assert_file(&f, "W3SVC1/u_ex260305.log", wanted);
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
	    "", lines[0].line, "2026-03-04 05:06:07", "", lines[0].line);
	assert_file(&f, DAY_FILE, wanted);
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

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	room_set(&r, "app_pool.state", "stopped");
	room_arrive(&r, &x, &rq);
	log = iis_log_open(f.path, NULL);
	assert_non_null(log);
	write_line(log, &x, r.now_ms);
	iis_log_close(log);
	assert_false(folder_has(&f, DAY_FILE));
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

/* ---- sc-bytes, and the registration point's lines ---- */

#define CRP_START "2026-03-04 05:06:07 192.0.2.1 POST "
#define CRP_MIDDLE " - 443 - 192.0.2.1 NDES_Plugin - "
#define VERIFY "/CertificateRegistrationSvc/Certificate/VerifyRequest"
#define NOTIFY "/CertificateRegistrationSvc/Certificate/Notify"

static void
the_field_set_may_change_in_an_open_file(void **state)
{
	struct iis_log *log;
	struct ndes_exchange x;
	struct folder f;
	struct room r;
	char wanted[4096], start[1024];

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	fill(&r, &x, &lines[0]);
	snprintf(start, sizeof(start), "%.*s",
	    (int)(strlen(lines[0].line) - strlen(" 31")), lines[0].line);
	x.reply.status = 500;
	x.reply.body = BYTES_LIT("1234567890");
	http_reply_add(&x.reply, "Content-Length", "10");
	log = iis_log_open(f.path, NULL);
	assert_non_null(log);
	write_line(log, &x, r.now_ms);
	room_set(&r, "iis.log_fields", "sc-bytes");
	write_line(log, &x, r.now_ms);
	write_line(log, &x, r.now_ms);
	room_set(&r, "iis.log_fields", "default");
	write_line(log, &x, r.now_ms);
	iis_log_close(log);
	/* "HTTP/1.1 500 Internal Server Error", "Content-Length: 10", an empty line, and the body. */
	snprintf(wanted, sizeof(wanted),
	    HEAD_FORMAT "%s\r\n" HEAD_FORMAT
			"%s 68 31\r\n%s 68 31\r\n" HEAD_FORMAT "%s\r\n",
	    "2026-03-04 05:06:07", "", lines[0].line, "2026-03-04 05:06:07",
	    " sc-bytes", start, start, "2026-03-04 05:06:07", "",
	    lines[0].line);
	assert_file(&f, DAY_FILE, wanted);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

static void
sc_bytes_count_the_connection_header(void **state)
{
	static const struct {
		const char *version, *connection; /* NULL: no such header */
		bool close;
		unsigned extra;
	} rows[] = {
		{ "HTTP/1.1", NULL, false, 0 },
		{ "HTTP/1.1", NULL, true, 19 },
		{ "HTTP/1.1", "keep-alive", false, 0 },
		{ "HTTP/1.1", "Close", false, 19 },
		{ "HTTP/1.0", NULL, false, 19 },
		{ "HTTP/1.0", "keep-alive", false, 24 },
	};
	struct room r;

	(void)state;
	room_open(&r, false);
	room_set(&r, "iis.log_fields", "sc-bytes");
	for (size_t i = 0; i < nitems(rows); i++) {
		struct http_header header;
		struct ndes_exchange x;
		char tail[32];
		struct buf b;

		fill(&r, &x, &lines[0]);
		x.rq.version = bytes_str(rows[i].version);
		header = (struct http_header){ BYTES_LIT("Connection"),
			bytes_str(rows[i].connection == NULL
				? ""
				: rows[i].connection) };
		x.rq.headers = &header;
		x.rq.header_count = rows[i].connection != NULL;
		x.reply.status = 500;
		x.reply.close = rows[i].close;
		x.reply.body = BYTES_LIT("1234567890");
		http_reply_add(&x.reply, "Content-Length", "10");
		buf_init(&b, 4096);
		iis_log_line(&b, &x, r.now_ms, 31);
		snprintf(tail, sizeof(tail), " %u 31", 68 + rows[i].extra);
		assert_true(b.n > strlen(tail));
		assert_string_equal(buf_str(&b) + b.n - strlen(tail), tail);
		buf_clear(&b);
		ndes_exchange_clear(&x);
	}
	room_close(&r);
}

static void
requests_to_the_registration_point_come_before_the_own_line(void **state)
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
	ndes_note_crp_request(&x, VERIFY, 201, 0, 0);
	ndes_note_crp_request(&x, NOTIFY, 204, 0, 0);
	log = iis_log_open(f.path, NULL);
	assert_non_null(log);
	write_line(log, &x, r.now_ms);
	iis_log_close(log);
	snprintf(wanted, sizeof(wanted),
	    HEAD_FORMAT CRP_START VERIFY CRP_MIDDLE
	    "201 0 0 31\r\n" CRP_START NOTIFY CRP_MIDDLE "204 0 0 31\r\n%s\r\n",
	    "2026-03-04 05:06:07", "", lines[0].line);
	assert_file(&f, DAY_FILE, wanted);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

/* The device's request never came to an end there, the registration point's did. */
static void
they_are_logged_without_an_own_line_too(void **state)
{
	struct iis_log *log;
	struct ndes_exchange x;
	struct folder f;
	struct room r;
	char wanted[4096];

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	room_set(&r, "iis.log_fields", "sc-bytes");
	fill(&r, &x, &lines[0]);
	x.evidence.in_iis_log = false;
	ndes_note_crp_request(&x, VERIFY, 403, 16, 2148204809u);
	ndes_note_crp_request(&x, VERIFY, 201, 0, 0);
	log = iis_log_open(f.path, NULL);
	assert_non_null(log);
	write_line(log, &x, r.now_ms);
	iis_log_close(log);
	snprintf(wanted, sizeof(wanted),
	    HEAD_FORMAT CRP_START VERIFY CRP_MIDDLE
	    "403 16 2148204809 1394 31\r\n" CRP_START VERIFY CRP_MIDDLE
	    "201 0 0 341 31\r\n",
	    "2026-03-04 05:06:07", " sc-bytes");
	assert_file(&f, DAY_FILE, wanted);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

static void
a_full_disk_is_an_error_that_names_the_file(void **state)
{
	struct err e = { 0 };
	struct iis_log *log;
	struct ndes_exchange x;
	struct folder f;
	struct room r;
	char path[FOLDER_PATH_MAX];

	(void)state;
	room_open(&r, false);
	folder_make(&f);
	fill(&r, &x, &lines[0]);
	log = iis_log_open(f.path, NULL);
	assert_non_null(log);
	folder_path(&f, DAY_FILE, path);
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_int_equal(iis_log_write(log, &x, r.now_ms, 31, &e), -1);
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.text, DAY_FILE ": No space left"));
	/* And goes on when there is room again, header first. */
	assert_int_equal(unlink(path), 0);
	write_line(log, &x, r.now_ms);
	assert_file_has(&f, DAY_FILE, "#Fields: ");
	iis_log_close(log);
	ndes_exchange_clear(&x);
	folder_remove(&f);
	room_close(&r);
}

#define WRITERS 8
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
	text = folder_text(&f, DAY_FILE);
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
		cmocka_unit_test(the_field_set_may_change_in_an_open_file),
		cmocka_unit_test(sc_bytes_count_the_connection_header),
		cmocka_unit_test(
		    requests_to_the_registration_point_come_before_the_own_line),
		cmocka_unit_test(they_are_logged_without_an_own_line_too),
		cmocka_unit_test(a_full_disk_is_an_error_that_names_the_file),
		cmocka_unit_test(threads_do_not_mix_their_lines),
		cmocka_unit_test(the_operators_line_says_who_answered_and_why),
		cmocka_unit_test(layers_and_operations_have_names),
		cmocka_unit_test(an_exchange_can_be_cleared_twice_and_unborn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
