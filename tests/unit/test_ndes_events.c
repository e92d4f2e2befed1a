/* SPDX-License-Identifier: MIT */
/* Windows events: their rows, texts and XML. */
#include "ndes_logs.h"

#include "ndes/event_log.h"

#define NOW_MS INT64_C(1772600767089) /* 2026-03-04 05:06:07.089 */
#define NDES_PROVIDER "Microsoft-Windows-NetworkDeviceEnrollmentService"

static void
every_kind_has_a_row_that_is_whole(void **state)
{
	(void)state;
	assert_null(event_row(EVENT_NONE));
	assert_null(event_row(EVENTS));
	for (int k = EVENT_NONE + 1; k < EVENTS; k++) {
		const struct event_row *row = event_row((enum event_kind)k);

		assert_non_null(row);
		assert_non_null(row->log);
		assert_non_null(row->provider);
		assert_non_null(row->text);
		assert_in_range(row->level, 2, 4);
		assert_int_not_equal(row->id, 0);
	}
}

struct row {
	enum event_kind kind;
	const char *data[EVENT_DATA_MAX];
	const char *line;
};

static const struct row rows[] = {
	{ EVENT_NDES_STARTED, { NULL },
	    "Information " NDES_PROVIDER
	    " 1 The Network Device Enrollment Service started "
	    "successfully." },
	{ EVENT_NDES_FAILED_TO_LOAD,
	    { "0x80070057", "The parameter is incorrect." },
	    "Error " NDES_PROVIDER
	    " 2 The Network Device Enrollment Service cannot be started "
	    "(0x80070057). The parameter is incorrect." },
	{ EVENT_NDES_RA_CERT, { "0x80070057", "The parameter is incorrect." },
	    "Error " NDES_PROVIDER
	    " 10 The Network Device Enrollment Service cannot retrieve one "
	    "of its required certificates (0x80070057). The parameter is "
	    "incorrect." },
	{ EVENT_NDES_DECRYPT, { "0x80090005", "Bad Data." },
	    "Error " NDES_PROVIDER
	    " 18 The Network Device Enrollment Service cannot decrypt the "
	    "client's PKCS7 message (0x80090005). Bad Data." },
	{ EVENT_NDES_PASSWORD, { NULL },
	    "Error " NDES_PROVIDER
	    " 29 The password in the certificate request cannot be verified. "
	    "It may have been used already. Obtain a new password to submit "
	    "with this request." },
	{ EVENT_NDES_SUBMIT, { "The RPC server is unavailable.", "0x800706ba" },
	    "Error " NDES_PROVIDER
	    " 31 The Network Device Enrollment Service cannot submit the "
	    "certificate request (The RPC server is unavailable.). "
	    "0x800706ba" },
	{ EVENT_WAS_RAPID_FAIL, { "SCEP" },
	    "Error Microsoft-Windows-WAS 5002 Application pool 'SCEP' is "
	    "being automatically disabled due to a series of failures in the "
	    "process(es) serving that application pool." },
	{ EVENT_WAS_CRASHED, { "SCEP", "5128", "0xc0000005" },
	    "Warning Microsoft-Windows-WAS 5009 A process serving "
	    "application pool 'SCEP' terminated unexpectedly. The process id "
	    "was '5128'. The process exit code was '0xc0000005'." },
	{ EVENT_WAS_START_FAILED, { "SCEP" },
	    "Error Microsoft-Windows-WAS 5059 Application pool SCEP has been "
	    "disabled. WAS encountered a failure when it started a worker "
	    "process to serve the application pool." },
	{ EVENT_APP_ERROR, { "0x1408" },
	    "Error Application Error 1000 Faulting application name: "
	    "w3wp.exe, version: 8.5.9600.16384, time stamp: 0x5215df96 "
	    "Faulting module name: ntdll.dll, version: 6.3.9600.18821, time "
	    "stamp: 0x59ba86db Exception code: 0xc0000005 Faulting process "
	    "id: 0x1408" },
	{ EVENT_CONNECTOR_REJECTED, { "ABC", "0x411", "Expired." },
	    "Error Microsoft Intune Connector 20501 The challenge of "
	    "transaction ABC was rejected (diagnostic code 0x411). "
	    "Expired." },
	{ EVENT_CONNECTORS_4004, { "a\r\nb\033c" },
	    "Information Microsoft-Intune-CertificateConnectors 4004 The "
	    "SCEP request with transaction a  b c was verified." },
};

static void
lines_say_what_the_reference_quotes(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct event event = { .kind = rows[i].kind };
		char wanted[1024];
		struct buf b;

		memcpy(event.data, rows[i].data, sizeof(event.data));
		buf_init(&b, 4096);
		event_line(&b, &event, NOW_MS);
		snprintf(wanted, sizeof(wanted), "2026-03-04 05:06:07 %s",
		    rows[i].line);
		assert_string_equal(buf_str(&b), wanted);
		buf_clear(&b);
	}
}

static void
the_ca_and_asp_net_say_their_codes(void **state)
{
	struct event event = { EVENT_CA_DENIED,
		{ "7", "The key is too short.",
		    "0x80094811 (-2146875375 CERTSRV_E_KEY_LENGTH)" } };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	event_text(&b, &event);
	assert_non_null(strstr(buf_str(&b), "denied request 7 because"));
	assert_non_null(strstr(
	    buf_str(&b), "0x80094811 (-2146875375 CERTSRV_E_KEY_LENGTH)"));
	assert_non_null(strstr(buf_str(&b), "Denied by Policy Module"));
	buf_clear(&b);
	event = (struct event){ .kind = EVENT_ASPNET };
	event_text(&b, &event);
	assert_non_null(strstr(buf_str(&b), "Event code: 3007"));
	assert_non_null(
	    strstr(buf_str(&b), "A compilation error has occurred."));
	buf_clear(&b);
}

static void
xml_is_that_of_the_event_viewer(void **state)
{
	static const char wanted[] =
	    "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/"
	    "event\"><System><Provider Name=\"" NDES_PROVIDER
	    "\" Guid=\"{73144342-19d1-47a4-94de-d38e6a054ad5}\"/>"
	    "<EventID>31</EventID><Version>0</Version><Level>2</Level>"
	    "<Task>0</Task><Opcode>0</Opcode>"
	    "<Keywords>0x80000000000000</Keywords><TimeCreated "
	    "SystemTime=\"2026-03-04T05:06:07.089000000Z\"/>"
	    "<EventRecordID>42</EventRecordID><Correlation/>"
	    "<Execution ProcessID=\"0\" ThreadID=\"0\"/>"
	    "<Channel>Application</Channel><Computer>NDES01</Computer>"
	    "<Security/></System><EventData>"
	    "<Data Name=\"ErrorCode\">No such template.</Data>"
	    "<Data Name=\"ErrorMessage\">0x80004005</Data></EventData>"
	    "<RenderingInfo Culture=\"en-US\"><Message>The Network Device "
	    "Enrollment Service cannot submit the certificate request (No "
	    "such template.). 0x80004005</Message><Level>Error</Level>"
	    "<Channel>Application</Channel><Provider>" NDES_PROVIDER
	    "</Provider></RenderingInfo></Event>";
	const struct event event = { EVENT_NDES_SUBMIT,
		{ "No such template.", "0x80004005" } };
	struct buf b;

	(void)state;
	buf_init(&b, 8192);
	event_xml(&b, &event, "NDES01", 42, NOW_MS);
	assert_string_equal(buf_str(&b), wanted);
	buf_clear(&b);
}

static void
xml_text_escapes_markup_and_replaces_what_xml_cannot_hold(void **state)
{
	static const struct {
		const char *in, *out;
	} texts[] = {
		{ "a<b>&\"'", "a&lt;b&gt;&amp;\"'" },
		{ "]]>", "]]&gt;" },
		{ "a\r\n\tb", "a&#13;&#10;&#9;b" },
		{ "\x01\x1f", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\xc3", "\xef\xbf\xbd" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd" }, /* a surrogate */
		{ "\xef\xbf\xbe", "\xef\xbf\xbd" }, /* U+FFFE */
		{ "\xf4\x90\x80\x80",
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(texts); i++) {
		struct buf b;

		buf_init(&b, 256);
		event_xml_text(&b, bytes_str(texts[i].in));
		assert_string_equal(buf_str(&b), texts[i].out);
		buf_clear(&b);
	}
}

/* ---- the files ---- */

static void
write_event(
    struct event_log *log, enum event_kind kind, const char *d1, const char *d2)
{
	const struct event event = { kind, { d1, d2 } };
	struct err e = { 0 };

	if (event_log_write(log, &event, NOW_MS, &e) == -1)
		fail_msg("%s", e.text);
}

static struct event_log *
open_log(const struct folder *f)
{
	struct err e = { 0 };
	struct event_log *log = event_log_open(f->path, "NDES01", &e);

	if (log == NULL)
		fail_msg("%s", e.text);
	return log;
}

static void
each_log_has_a_file_of_its_name(void **state)
{
	static const struct {
		enum event_kind kind;
		const char *file;
	} logs[] = {
		{ EVENT_NDES_STARTED, "events/Application" },
		{ EVENT_APP_ERROR, "events/Application" },
		{ EVENT_WAS_CRASHED, "events/System" },
		{ EVENT_CAPI2_POLICY,
		    "events/Microsoft-Windows-CAPI2-Operational" },
		{ EVENT_CONNECTOR_VERIFY_OK,
		    "events/Microsoft Intune Connector" },
		{ EVENT_CONNECTORS_4005,
		    "events/Microsoft-Intune-CertificateConnectors-Admin" },
	};
	struct event_log *log;
	struct folder f;
	char name[256], wanted[64];

	(void)state;
	folder_make(&f);
	log = open_log(&f);
	for (size_t i = 0; i < nitems(logs); i++) {
		write_event(log, logs[i].kind, "a", "b");
		snprintf(wanted, sizeof(wanted), " %u ",
		    event_row(logs[i].kind)->id);
		snprintf(name, sizeof(name), "%s.txt", logs[i].file);
		assert_file_has(&f, name, wanted);
		snprintf(wanted, sizeof(wanted), "<EventID>%u</EventID>",
		    event_row(logs[i].kind)->id);
		snprintf(name, sizeof(name), "%s.xml", logs[i].file);
		assert_file_has(&f, name, wanted);
	}
	event_log_close(log);
	folder_remove(&f);
}

static void
a_kind_without_a_row_writes_nothing(void **state)
{
	struct event_log *log;
	struct folder f;

	(void)state;
	folder_make(&f);
	log = open_log(&f);
	write_event(log, EVENT_NONE, NULL, NULL);
	assert_false(folder_has(&f, "events/Application.xml"));
	event_log_close(log);
	folder_remove(&f);
}

/* Whatever the data, the document is whole after each event. */
static void
the_document_is_well_formed_after_every_event(void **state)
{
	static char all_bytes[256], long_text[70000];
	const char *const data[] = { NULL, "", "</Data></Event></Events>",
		"<![CDATA[", "]]>&#0;&x;", "<!--", all_bytes, long_text };
	struct xml_parser xml;
	struct event_log *log;
	struct folder f;

	(void)state;
	if (!xml_open(&xml))
		fail_msg("no libxml2.so.2 here: install libxml2");
	for (size_t i = 0; i < 255; i++)
		all_bytes[i] = (char)(i + 1);
	memset(long_text, '\'', sizeof(long_text) - 1);
	folder_make(&f);
	log = open_log(&f);
	for (size_t i = 0; i < nitems(data); i++) {
		char *text;

		write_event(log, EVENT_NDES_SUBMIT, data[i], data[i]);
		text = folder_text(&f, "events/Application.xml");
		if (!xml_is_well_formed(&xml, text))
			fail_msg("row %zu: %s", i, text);
		assert_int_equal(count_of(text, "<EventID>"), (int)i + 1);
		free(text);
	}
	assert_false(xml_is_well_formed(&xml, "<a><b></a>"));
	event_log_close(log);
	folder_remove(&f);
	xml_close(&xml);
}

static void
records_are_numbered_on_after_a_restart(void **state)
{
	struct folder f;
	char *text;

	(void)state;
	folder_make(&f);
	for (int i = 0; i < 2; i++) {
		struct event_log *log = open_log(&f);

		write_event(log, EVENT_NDES_STARTED, NULL, NULL);
		write_event(log, EVENT_NDES_PASSWORD, NULL, NULL);
		event_log_close(log);
	}
	text = folder_text(&f, "events/Application.xml");
	for (int i = 1; i <= 4; i++) {
		char wanted[64];

		snprintf(wanted, sizeof(wanted),
		    "<EventRecordID>%d</EventRecordID>", i);
		assert_int_equal(count_of(text, wanted), 1);
	}
	assert_int_equal(count_of(text, "<Events>"), 1);
	assert_int_equal(count_of(text, "</Events>"), 1);
	free(text);
	text = folder_text(&f, "events/Application.txt");
	assert_int_equal(count_of(text, "\r\n"), 4);
	free(text);
	folder_remove(&f);
}

/* A document as a crash may leave it, at every length. */
static void
a_document_that_was_left_open_is_closed(void **state)
{
	static const char name[] = "events/Application.xml";
	struct event_log *log;
	struct folder f;
	char *whole;

	(void)state;
	folder_make(&f);
	log = open_log(&f);
	write_event(log, EVENT_NDES_STARTED, NULL, NULL);
	write_event(log, EVENT_NDES_PASSWORD, NULL, NULL);
	event_log_close(log);
	whole = folder_text(&f, name);
	for (size_t n = 0; n < strlen(whole); n++) {
		char *text = strndup(whole, n);
		int kept = count_of(text, "</Event>\r\n");

		folder_put(&f, name, text);
		free(text);
		log = open_log(&f);
		write_event(log, EVENT_NDES_STOPPED, NULL, NULL);
		event_log_close(log);
		text = folder_text(&f, name);
		assert_int_equal(count_of(text, "</Event>\r\n"), kept + 1);
		assert_int_equal(count_of(text, "<Event "), kept + 1);
		assert_string_equal(
		    text + strlen(text) - 21, "</Event>\r\n</Events>\r\n");
		free(text);
	}
	free(whole);
	folder_remove(&f);
}

static void
a_file_that_is_no_event_log_is_left_alone(void **state)
{
	const struct event event = { .kind = EVENT_NDES_STARTED };
	struct err e = { 0 };
	struct event_log *log;
	struct folder f;

	(void)state;
	folder_make(&f);
	log = open_log(&f);
	folder_put(&f, "events/Application.xml", "my notes\n");
	assert_int_equal(event_log_write(log, &event, NOW_MS, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "events/Application.xml"));
	assert_file(&f, "events/Application.xml", "my notes\n");
	event_log_close(log);
	folder_remove(&f);
}

static void
a_file_that_was_removed_is_begun_anew(void **state)
{
	struct event_log *log;
	struct folder f;
	char path[FOLDER_PATH_MAX];

	(void)state;
	folder_make(&f);
	log = open_log(&f);
	write_event(log, EVENT_NDES_STARTED, NULL, NULL);
	folder_path(&f, "events/Application.xml", path);
	assert_int_equal(unlink(path), 0);
	write_event(log, EVENT_NDES_PASSWORD, NULL, NULL);
	assert_file_has(&f, "events/Application.xml", "<EventID>29<");
	assert_file_has(
	    &f, "events/Application.xml", "<EventRecordID>1</EventRecordID>");
	event_log_close(log);
	folder_remove(&f);
}

static void
a_full_disk_is_an_error(void **state)
{
	const struct event event = { .kind = EVENT_NDES_STARTED };
	struct err e = { 0 };
	struct event_log *log;
	struct folder f;
	char path[FOLDER_PATH_MAX];

	(void)state;
	folder_make(&f);
	log = open_log(&f);
	folder_path(&f, "events/Application.txt", path);
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_int_equal(event_log_write(log, &event, NOW_MS, &e), -1);
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.text, "events/Application.txt: No space"));
	event_log_close(log);
	folder_remove(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_a_row_that_is_whole),
		cmocka_unit_test(lines_say_what_the_reference_quotes),
		cmocka_unit_test(the_ca_and_asp_net_say_their_codes),
		cmocka_unit_test(xml_is_that_of_the_event_viewer),
		cmocka_unit_test(
		    xml_text_escapes_markup_and_replaces_what_xml_cannot_hold),
		cmocka_unit_test(each_log_has_a_file_of_its_name),
		cmocka_unit_test(a_kind_without_a_row_writes_nothing),
		cmocka_unit_test(the_document_is_well_formed_after_every_event),
		cmocka_unit_test(records_are_numbered_on_after_a_restart),
		cmocka_unit_test(a_document_that_was_left_open_is_closed),
		cmocka_unit_test(a_file_that_is_no_event_log_is_left_alone),
		cmocka_unit_test(a_file_that_was_removed_is_begun_anew),
		cmocka_unit_test(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
