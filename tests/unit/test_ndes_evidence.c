/* SPDX-License-Identifier: MIT */
/* The host's logs together: what an exchange noted is in its files and in no other. */
#include "ndes_logs.h"

#include <pthread.h>

#include "support/ndes_room.h"

#define DLL "/certsrv/mscep/mscep.dll"
#define IIS "W3SVC1/u_ex260304.log"
#define HTTPERR "HTTPERR/httperr1.log"
#define PLUGIN "NDESPlugin.log"
#define CRP "CertificateRegistrationPoint.svclog"
#define APPLICATION "events/Application.txt"
#define SYSTEM "events/System.txt"

struct desk {
	struct room r;
	struct folder f;
	struct evidence *ev;
};

static void
desk_open(struct desk *d)
{
	struct err e = { 0 };

	room_open(&d->r, false);
	folder_make(&d->f);
	d->ev = evidence_open(d->f.path, "NDES01", &d->r.env, &e);
	if (d->ev == NULL)
		fail_msg("%s", e.text);
}

static void
desk_close(struct desk *d)
{
	evidence_close(d->ev);
	folder_remove(&d->f);
	room_close(&d->r);
}

static void
receive(struct desk *d, struct ndes_exchange *x)
{
	struct room_request rq = { .target = DLL "?operation=GetCACaps" };

	room_receive(&d->r, x, &rq);
	ndes_route(x);
}

static void
finish(struct desk *d, struct ndes_exchange *x)
{
	struct err e = { 0 };

	if (evidence_exchange(d->ev, x, 31, &e) == -1)
		fail_msg("%s", e.text);
}

/* ---- noting ---- */

static void
what_is_noted_is_copied(void **state)
{
	char id[] = "0x80070057", text[] = "The parameter is incorrect.";
	struct ndes_exchange x;
	struct desk d;

	(void)state;
	desk_open(&d);
	receive(&d, &x);
	ndes_note_event(&x, EVENT_NDES_FAILED_TO_LOAD, id, text, NULL);
	memset(id, '!', sizeof(id) - 1);
	memset(text, '!', sizeof(text) - 1);
	finish(&d, &x);
	assert_file(&d.f, APPLICATION,
	    "2026-03-04 05:06:07 Error Microsoft-Windows-"
	    "NetworkDeviceEnrollmentService 2 The Network Device Enrollment "
	    "Service cannot be started (0x80070057). The parameter is "
	    "incorrect.\r\n");
	ndes_exchange_clear(&x);
	desk_close(&d);
}

static void
events_beyond_the_maximum_are_dropped(void **state)
{
	struct ndes_exchange x;
	struct desk d;

	(void)state;
	desk_open(&d);
	receive(&d, &x);
	ndes_note_event(&x, EVENT_NONE, NULL, NULL, NULL);
	ndes_note_event(&x, EVENTS, NULL, NULL, NULL);
	assert_int_equal(x.evidence.event_count, 0);
	for (int i = 0; i < EVIDENCE_EVENTS_MAX + 1; i++)
		ndes_note_event(&x, EVENT_NDES_STARTED, NULL, NULL, NULL);
	assert_int_equal(x.evidence.event_count, EVIDENCE_EVENTS_MAX);
	for (int i = 0; i < NDES_CRP_REQUESTS_MAX + 1; i++)
		ndes_note_crp_request(&x, "/", 201, 0, 0);
	assert_int_equal(x.evidence.crp_request_count, NDES_CRP_REQUESTS_MAX);
	ndes_exchange_clear(&x);
	desk_close(&d);
}

static void
texts_are_cut_and_stay_one_line(void **state)
{
	static char long_text[100000];
	struct ndes_exchange x;
	struct desk d;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	desk_open(&d);
	receive(&d, &x);
	ndes_note_plugin(&x, "a%sb", "\r\n\t\x7f");
	assert_string_equal(buf_str(&x.evidence.plugin), "a    b\n");
	ndes_note_plugin(&x, "%.2048s", long_text);
	assert_int_equal(x.evidence.plugin.n, 7 + 2048 + 1);
	ndes_note_plugin(&x, "%.2049s", long_text);
	assert_int_equal(x.evidence.plugin.n, 7 + 2 * (2048 + 1));
	for (int i = 0; i < 100; i++)
		ndes_note_plugin(&x, "%.2048s", long_text);
	assert_true(buf_ok(&x.evidence.plugin));
	assert_int_equal(x.evidence.plugin.p[x.evidence.plugin.n - 1], '\n');
	assert_in_range(x.evidence.plugin.n, 60000, 65536);
	ndes_note_event(&x, EVENT_WAS_RAPID_FAIL, long_text, NULL, NULL);
	assert_int_equal(strlen(x.evidence.events[0].data[0]), 2048);
	ndes_exchange_clear(&x);
	desk_close(&d);
}

/* ---- the files of an exchange ---- */

static void
nothing_is_written_for_what_never_arrived(void **state)
{
	static const char *const files[] = { IIS, HTTPERR, PLUGIN, CRP,
		APPLICATION, SYSTEM, "SetupMsi.log" };
	struct ndes_exchange x;
	struct desk d;

	(void)state;
	desk_open(&d);
	receive(&d, &x);
	finish(&d, &x);
	for (size_t i = 0; i < nitems(files); i++)
		assert_false(folder_has(&d.f, files[i]));
	ndes_exchange_clear(&x);
	desk_close(&d);
}

static void
a_crash_is_told_by_http_sys_and_the_event_logs(void **state)
{
	struct ndes_exchange x;
	struct desk d;

	(void)state;
	desk_open(&d);
	receive(&d, &x);
	x.evidence.httperr_reason = "Connection_Abandoned_By_ReqQueue";
	x.evidence.httperr_no_status = true;
	ndes_note_event(&x, EVENT_APP_ERROR, "0x1408", NULL, NULL);
	ndes_note_event(&x, EVENT_WAS_CRASHED, "SCEP", "5128", "0xc0000005");
	ndes_note_event(&x, EVENT_WAS_RAPID_FAIL, "SCEP", NULL, NULL);
	finish(&d, &x);
	assert_false(folder_has(&d.f, IIS));
	assert_file_has(&d.f, HTTPERR,
	    " GET " DLL "?operation=GetCACaps - - 1 "
	    "Connection_Abandoned_By_ReqQueue SCEP\r\n");
	assert_file_has(&d.f, APPLICATION, "Application Error 1000 ");
	assert_file_has(&d.f, SYSTEM, "WAS 5009 ");
	assert_file_has(&d.f, SYSTEM, "WAS 5002 ");
	assert_false(folder_has(&d.f, PLUGIN));
	ndes_exchange_clear(&x);
	desk_close(&d);
}

static void
the_policy_modules_log_is_in_cmtraces_form(void **state)
{
	struct ndes_exchange x;
	struct desk d;

	(void)state;
	desk_open(&d);
	d.r.now_ms += 89;
	receive(&d, &x);
	ndes_note_plugin(&x, "Calling VerifyRequest ...");
	ndes_note_plugin(&x, "Verify challenge returns %s", "true");
	finish(&d, &x);
	assert_file(&d.f, PLUGIN,
	    "<![LOG[Calling VerifyRequest ...]LOG]!><time=\"05:06:07.089+000\""
	    " date=\"03-04-2026\" component=\"NDESPlugin\" context=\"\" "
	    "type=\"1\" thread=\"3036\" file=\"\">\r\n"
	    "<![LOG[Verify challenge returns true]LOG]!>"
	    "<time=\"05:06:07.089+000\" date=\"03-04-2026\" "
	    "component=\"NDESPlugin\" context=\"\" type=\"1\" "
	    "thread=\"3036\" file=\"\">\r\n");
	ndes_exchange_clear(&x);
	desk_close(&d);
}

static void
the_registration_points_log_is_xml_on_each_line(void **state)
{
	struct ndes_exchange x;
	struct xml_parser xml;
	struct desk d;
	char *text, *line, *rest;
	int n = 0;

	(void)state;
	if (!xml_open(&xml))
		fail_msg("no libxml2.so.2 here: install libxml2");
	desk_open(&d);
	receive(&d, &x);
	ndes_note_crp(&x, "VerifyRequest Started.");
	ndes_note_crp(&x, "%s", "</E2ETraceEvent> & \xff <!--");
	finish(&d, &x);
	assert_file_has(&d.f, CRP,
	    "<ApplicationData>VerifyRequest Started.</ApplicationData>");
	assert_file_has(
	    &d.f, CRP, "SystemTime=\"2026-03-04T05:06:07.0000000Z\"");
	assert_file_has(&d.f, CRP, "<Computer>NDES01</Computer>");
	text = folder_text(&d.f, CRP);
	for (rest = text; (line = strtok_r(rest, "\r\n", &rest)) != NULL; n++)
		assert_true(xml_is_well_formed(&xml, line));
	assert_int_equal(n, 2);
	free(text);
	ndes_exchange_clear(&x);
	desk_close(&d);
	xml_close(&xml);
}

static void
events_without_a_request_and_the_setup_are_written_at_once(void **state)
{
	const struct event event = { EVENT_WAS_START_FAILED, { "SCEP" } };
	struct err e = { 0 };
	struct desk d;
	char *text;

	(void)state;
	desk_open(&d);
	assert_int_equal(evidence_event(d.ev, &event, &e), 0);
	assert_file_has(&d.f, SYSTEM, "WAS 5059 Application pool SCEP");
	room_set(&d.r, "policy_module.installed", "false");
	assert_int_equal(evidence_setup(d.ev, &d.r.host, &e), 0);
	assert_file_has(&d.f, "SetupMsi.log", "1603");
	room_set(&d.r, "policy_module.installed", "true");
	assert_int_equal(evidence_setup(d.ev, &d.r.host, &e), 0);
	text = folder_text(&d.f, "SetupMsi.log");
	assert_null(strstr(text, "1603"));
	assert_int_equal(count_of(text, "completed successfully"), 1);
	free(text);
	desk_close(&d);
}

/* ---- failures ---- */

static void
a_folder_that_cannot_be_used_is_an_error(void **state)
{
	static const char *const blocked[] = { "W3SVC1", "HTTPERR", "events" };
	const struct env *env = env_system();
	struct err e = { 0 };

	(void)state;
	assert_null(evidence_open("/dev/null/logs", "NDES01", env, &e));
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.text, "/dev/null/logs: Not a directory"));
	for (size_t i = 0; i < nitems(blocked); i++) {
		struct folder f;

		err_clear(&e);
		folder_make(&f);
		folder_put(&f, blocked[i], "a file");
		assert_null(evidence_open(f.path, "NDES01", env, &e));
		assert_int_equal(e.code, ERR_SYSTEM);
		assert_non_null(strstr(e.text, blocked[i]));
		folder_remove(&f);
	}
}

/* One log on a full disk: an error that names it, and the other logs have their lines. */
static void
one_log_that_fails_does_not_stop_the_others(void **state)
{
	static const char *const full[] = { IIS, HTTPERR, PLUGIN, CRP, SYSTEM };

	(void)state;
	for (size_t i = 0; i < nitems(full); i++) {
		struct ndes_exchange x;
		struct err e = { 0 };
		struct desk d;
		char path[FOLDER_PATH_MAX];

		desk_open(&d);
		folder_path(&d.f, full[i], path);
		assert_int_equal(symlink("/dev/full", path), 0);
		receive(&d, &x);
		x.evidence.in_iis_log = true;
		x.evidence.status = 503;
		x.evidence.httperr_reason = "AppOffline";
		ndes_note_plugin(&x, "one line");
		ndes_note_crp(&x, "one line");
		ndes_note_event(&x, EVENT_WAS_RAPID_FAIL, "SCEP", NULL, NULL);
		assert_int_equal(evidence_exchange(d.ev, &x, 31, &e), -1);
		assert_int_equal(e.code, ERR_SYSTEM);
		assert_non_null(strstr(e.text, full[i]));
		assert_non_null(strstr(e.text, "No space left on device"));
		for (size_t k = 0; k < nitems(full); k++)
			if (k != i)
				assert_file_has(&d.f, full[k], "2026");
		ndes_exchange_clear(&x);
		desk_close(&d);
	}
}

/* ---- threads ---- */

#define WRITERS 8
#define EXCHANGES 50

struct writer {
	struct desk *desk;
	const struct ndes_exchange *x;
};

static void *
write_many(void *arg)
{
	const struct writer *w = arg;

	for (int i = 0; i < EXCHANGES; i++)
		if (evidence_exchange(w->desk->ev, w->x, 31, NULL) == -1)
			return arg;
	return NULL;
}

/* Every line that is no header is one of those wanted; each is there as often as it was written. */
static void
assert_lines(
    const struct folder *f, const char *name, const char *const *wanted)
{
	int seen[2] = { 0 };
	char *text = folder_text(f, name), *line, *rest;

	for (rest = text; (line = strtok_r(rest, "\r\n", &rest)) != NULL;) {
		size_t k;

		if (line[0] == '#')
			continue;
		for (k = 0; k < 2 && strcmp(line, wanted[k]) != 0; k++)
			;
		if (k < 2)
			seen[k]++;
		else
			fail_msg("%s has a line \"%s\"", name, line);
	}
	free(text);
	assert_int_equal(seen[0], WRITERS / 2 * EXCHANGES);
	assert_int_equal(seen[1], WRITERS / 2 * EXCHANGES);
}

static const char *const iis_lines[] = {
	"2026-03-04 05:06:07 192.0.2.1 GET " DLL " operation=GetCACaps 80 - "
	"192.0.2.7 - - 200 0 0 31",
	"2026-03-04 05:06:07 192.0.2.1 GET " DLL " operation=GetCACaps 80 - "
	"192.0.2.7 - - 500 0 1346 31",
};
static const char *const application_lines[] = {
	"2026-03-04 05:06:07 Information Microsoft-Windows-"
	"NetworkDeviceEnrollmentService 1 The Network Device Enrollment "
	"Service started successfully.",
	"2026-03-04 05:06:07 Information Microsoft-Windows-"
	"NetworkDeviceEnrollmentService 3 The Network Device Enrollment "
	"Service has been stopped.",
};

static void
fill_two(struct desk *d, struct ndes_exchange *x)
{
	for (size_t i = 0; i < 2; i++) {
		receive(d, &x[i]);
		x[i].evidence.in_iis_log = true;
		x[i].evidence.status = i == 0 ? 200 : 500;
		x[i].evidence.win32 = i == 0 ? 0 : 1346;
		ndes_note_event(&x[i],
		    i == 0 ? EVENT_NDES_STARTED : EVENT_NDES_STOPPED, NULL,
		    NULL, NULL);
		ndes_note_plugin(&x[i], "first %zu", i);
		ndes_note_plugin(&x[i], "second %zu", i);
	}
}

/* The two lines of an exchange stand together. */
static void
assert_pairs(const struct folder *f)
{
	char *text = folder_text(f, PLUGIN), *line, *rest, last = 0;
	int n = 0;

	for (rest = text; (line = strtok_r(rest, "\r\n", &rest)) != NULL; n++) {
		bool first = strstr(line, "[first ") != NULL;
		char id = strstr(line, "]LOG]")[-1];

		assert_int_equal(first, n % 2 == 0);
		if (!first)
			assert_int_equal(id, last);
		last = id;
	}
	assert_int_equal(n, 2 * WRITERS * EXCHANGES);
	free(text);
}

static void
threads_do_not_mix_their_lines(void **state)
{
	pthread_t threads[WRITERS];
	struct writer w[WRITERS];
	struct ndes_exchange x[2];
	struct desk d;
	void *failed;

	(void)state;
	desk_open(&d);
	fill_two(&d, x);
	for (int i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){ &d, &x[i % 2] };
		assert_int_equal(
		    pthread_create(&threads[i], NULL, write_many, &w[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_lines(&d.f, IIS, iis_lines);
	assert_lines(&d.f, APPLICATION, application_lines);
	assert_pairs(&d.f);
	assert_file_has(&d.f, "events/Application.xml",
	    "<EventRecordID>400</EventRecordID>");
	ndes_exchange_clear(&x[0]);
	ndes_exchange_clear(&x[1]);
	desk_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_noted_is_copied),
		cmocka_unit_test(events_beyond_the_maximum_are_dropped),
		cmocka_unit_test(texts_are_cut_and_stay_one_line),
		cmocka_unit_test(nothing_is_written_for_what_never_arrived),
		cmocka_unit_test(
		    a_crash_is_told_by_http_sys_and_the_event_logs),
		cmocka_unit_test(the_policy_modules_log_is_in_cmtraces_form),
		cmocka_unit_test(
		    the_registration_points_log_is_xml_on_each_line),
		cmocka_unit_test(
		    events_without_a_request_and_the_setup_are_written_at_once),
		cmocka_unit_test(a_folder_that_cannot_be_used_is_an_error),
		cmocka_unit_test(one_log_that_fails_does_not_stop_the_others),
		cmocka_unit_test(threads_do_not_mix_their_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
