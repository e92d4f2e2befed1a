/* SPDX-License-Identifier: MIT */
/*
 * The policy module and the registration point: what a device gets, and what
 * each log shows, for every state of their health. Devices are the test
 * client, which is libcrypto's CMS alone.
 */
#include "ndes_flow.h"

#define VERIFY "/CertificateRegistrationSvc/Certificate/VerifyRequest"
#define NOTIFY "/CertificateRegistrationSvc/Certificate/Notify"

#define CALLING                       \
	"Calling VerifyRequest ...\n" \
	"Sending request to certificate registration point.\n"
#define NOTIFYING                                              \
	"Calling Notifyrequest ...\n"                          \
	"Sending request to certificate registration point.\n" \
	"Exiting Notify with 0x0\n"

/* What a device gets of it by default. */
enum gets { GETS_CERTREP, GETS_500, GETS_NOTHING };

struct health_row {
	enum gets gets;
	const char *key, *value;
	const char *why; /* part of it */
	const char *plugin; /* part of NDESPlugin.log */
	const char
	    *crp; /* part of the registration point's log; "": it is empty */
	int status, substatus; /* of VerifyRequest; 0: it has no line */
	uint32_t win32;
	enum event_kind event; /* of the connector's old log */
	const char *code;
};

static const struct health_row health_rows[] = {
	{ GETS_500, "policy_module.crp_tls", "cn-mismatch", "12175",
	    CALLING "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID\n"
		    "Failed to send http request " VERIFY ". Error 12175\n"
		    "Exiting VerifyRequest with 0x80072f8f\n",
	    "", 0, 0, 0, EVENT_NONE, NULL },
	{ GETS_500, "policy_module.client_certificate", "no-eku",
	    "Client Authentication", "403 - Forbidden: Access is denied.", "",
	    403, 7, 0, EVENT_NONE, NULL },
	{ GETS_500, "root_store.crp_intermediates", "true", "403.16",
	    "403 - Forbidden: Access is denied.", "", 403, 16, 2148204809,
	    EVENT_NONE, NULL },
	{ GETS_NOTHING, "policy_module.crp_health", "temp-not-writable", "Temp",
	    "500 - Internal server error.", "", 500, 0, 0, EVENT_NONE, NULL },
	{ GETS_CERTREP, "policy_module.crp_health",
	    "signing-certificate-missing", "0x409",
	    CALLING "Verify challenge returns false\n"
		    "Exiting VerifyRequest with 0x0\n",
	    "m_safeCertContext is an invalid handle", 201, 0, 0,
	    EVENT_CONNECTOR_VERIFY_FAILED, "0x409" },
	{ GETS_CERTREP, "policy_module.crp_health",
	    "encryption-certificate-missing", "0x408",
	    "Verify challenge returns false\n",
	    "Encryption certificate could not be retrieved.", 201, 0, 0,
	    EVENT_CONNECTOR_VERIFY_FAILED, "0x408" },
	{ GETS_CERTREP, "policy_module.crp_health", "deserialize", "0x410",
	    "Verify challenge returns false\n",
	    "VerifyRequest Finished with status False", 201, 0, 0,
	    EVENT_CONNECTOR_VERIFY_FAILED, "0x410" },
	{ GETS_CERTREP, "policy_module.challenge", "expired", "0x411",
	    "Verify challenge returns false\n",
	    "VerifyRequest Finished with status False", 201, 0, 0,
	    EVENT_CONNECTOR_REJECTED, "0x411" },
};

static void
has(const struct buf *log, const char *part, const char *where)
{
	if (memmem(log->p, log->n, part, strlen(part)) == NULL)
		fail_msg("%s lacks: %s\n%.*s", where, part, (int)log->n,
		    (const char *)log->p);
}

static void
has_not(const struct buf *log, const char *part, const char *where)
{
	if (log->n > 0 && memmem(log->p, log->n, part, strlen(part)) != NULL)
		fail_msg("%s has: %s", where, part);
}

static void
assert_connector_events(
    const struct ndes_exchange *x, enum event_kind kind, const char *code)
{
	enum event_kind newer = kind == EVENT_CONNECTOR_VERIFY_OK
	    ? EVENT_CONNECTORS_4004
	    : EVENT_CONNECTORS_4005;
	const enum event_kind kinds[] = { kind, newer };

	for (size_t i = 0; i < nitems(kinds); i++) {
		const struct event *event = room_event(x, kinds[i]);

		assert_int_equal(room_events(x, kinds[i]), 1);
		assert_string_equal(event->data[0], "T-1");
		if (code == NULL) {
			assert_null(event->data[1]);
			continue;
		}
		assert_string_equal(event->data[1], code);
		assert_true(strlen(event->data[2]) > 10);
	}
}

/* How much is in the logs that only a registration point writes. */
static void
assert_evidence(const struct ndes_exchange *x, const struct health_row *row)
{
	const struct ndes_evidence *ev = &x->evidence;
	bool uncompiled = row->status == 500;
	bool crashed = x->reply.wire.act == WIRE_CLOSE;

	has(&ev->plugin, row->plugin, "NDESPlugin.log");
	has_not(&ev->plugin, "Notify", "NDESPlugin.log");
	if (row->crp[0] == '\0')
		assert_int_equal(ev->crp.n, 0);
	else
		has(&ev->crp, row->crp, "the registration point's log");
	assert_int_equal(ev->crp_request_count, row->status == 0 ? 0 : 1);
	if (row->status != 0) {
		assert_string_equal(ev->crp_requests[0].path, VERIFY);
		assert_int_equal(ev->crp_requests[0].status, row->status);
		assert_int_equal(ev->crp_requests[0].substatus, row->substatus);
		assert_int_equal(ev->crp_requests[0].win32, row->win32);
	}
	assert_int_equal(ev->event_count,
	    (row->event != EVENT_NONE ? 2 : 0) + uncompiled +
		(crashed ? 2 : 0));
	if (row->event != EVENT_NONE)
		assert_connector_events(x, row->event, row->code);
	assert_int_equal(room_events(x, EVENT_ASPNET), uncompiled);
	assert_int_equal(room_events(x, EVENT_APP_ERROR), crashed);
	assert_int_equal(room_events(x, EVENT_WAS_CRASHED), crashed);
}

/* An enrolment of which no CertRep comes back. */
static void
ask_in_vain(struct flow *f)
{
	prepare(f);
	deliver(f, f->sent.der.p, f->sent.der.n);
	assert_int_equal(f->x.outcome.decision, NDES_NO_CERTREP);
}

static void
meets(struct flow *f, enum gets gets)
{
	switch (gets) {
	case GETS_CERTREP:
		enrol(f);
		assert_refused(f, 2, "-2147467259", 0); /* 0x80004005 */
		break;
	case GETS_500:
		ask_in_vain(f);
		assert_int_equal(f->x.reply.status, 500);
		assert_int_equal(f->x.reply.body.n, 1208);
		assert_true(f->x.evidence.in_iis_log);
		break;
	case GETS_NOTHING:
		ask_in_vain(f);
		assert_int_equal(f->x.reply.status, 0);
		assert_int_equal(f->x.reply.wire.act, WIRE_CLOSE);
		assert_false(f->x.evidence.in_iis_log);
		assert_string_equal(f->x.evidence.httperr_reason,
		    "Connection_Abandoned_By_ReqQueue");
		break;
	}
}

static void
every_state_of_health_refuses_and_leaves_its_evidence(void **state)
{
	char password[CHALLENGE_TEXT_MAX];

	for (size_t i = 0; i < nitems(health_rows); i++) {
		const struct health_row *row = &health_rows[i];
		struct flow f;

		flow_open(&f, state);
		new_password(&f, password);
		f.e.csr.challenge = password;
		f.e.transaction = "T-1";
		room_set(&f.room, row->key, row->value);
		meets(&f, row->gets);
		assert_int_equal(f.x.answered_by, NDES_LAYER_POLICY_MODULE);
		assert_non_null(strstr(f.x.why, row->why));
		assert_non_null(strstr(f.x.why, row->key));
		assert_evidence(&f.x, row);
		/* given back, so that it is good once the cause is mended */
		room_set(&f.room, row->key,
		    host_key_find(bytes_str(row->key))->fallback);
		enrol(&f);
		assert_issued(&f);
		assert_int_equal(f.x.outcome.challenge, CHALLENGE_GOOD);
		flow_close(&f);
	}
}

static void
the_form_of_a_no_can_be_chosen(void **state)
{
	static const struct {
		const char *rejection;
		enum gets gets;
	} forms[] = {
		{ "certrep", GETS_CERTREP },
		{ "http-500", GETS_500 },
	};

	for (size_t i = 0; i < nitems(health_rows) * nitems(forms); i++) {
		const struct health_row *row = &health_rows[i / nitems(forms)];
		struct flow f;

		flow_open(&f, state);
		f.e.transaction = "T-1";
		room_set(&f.room, "policy_module.rejection",
		    forms[i % nitems(forms)].rejection);
		room_set(&f.room, row->key, row->value);
		meets(&f, forms[i % nitems(forms)].gets);
		assert_int_equal(f.x.answered_by, NDES_LAYER_POLICY_MODULE);
		assert_evidence(&f.x, row);
		flow_close(&f);
	}
}

static void
the_fifth_broken_verification_disables_the_pool(void **state)
{
	struct flow f;

	flow_open(&f, state);
	room_set(&f.room, "policy_module.crp_health", "temp-not-writable");
	for (int i = 1; i <= 5; i++) {
		meets(&f, GETS_NOTHING);
		assert_int_equal(
		    room_events(&f.x, EVENT_WAS_RAPID_FAIL), i == 5);
		has_not(&f.x.evidence.plugin, "Exiting", "NDESPlugin.log");
	}
	prepare(&f);
	deliver(&f, f.sent.der.p, f.sent.der.n);
	assert_int_equal(f.x.reply.status, 503);
	assert_string_equal(f.x.evidence.httperr_reason, "AppOffline");
	assert_int_equal(f.x.evidence.crp_request_count, 0);
	flow_close(&f);
}

static void
a_challenge_that_is_consumed_when_seen_is_gone_after_a_no(void **state)
{
	char password[CHALLENGE_TEXT_MAX];
	struct flow f;

	flow_open(&f, state);
	new_password(&f, password);
	f.e.csr.challenge = password;
	room_set(&f.room, "mscep.password_consumed", "seen");
	room_set(&f.room, "policy_module.challenge", "expired");
	enrol(&f);
	assert_refused(&f, 2, "-2147467259", 0);
	room_set(&f.room, "policy_module.challenge", "accepted");
	enrol(&f);
	assert_refused(&f, 2, "-2147024810", 29);
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_USED);
	flow_close(&f);
}

static void
a_good_enrolment_is_verified_and_reported(void **state)
{
	struct ndes_evidence *ev;
	struct flow f;

	flow_open(&f, state);
	f.e.transaction = "T-1";
	enrol(&f);
	assert_issued(&f);
	ev = &f.x.evidence;
	has(&ev->plugin,
	    CALLING "Verify challenge returns true\n"
		    "Exiting VerifyRequest with 0x0\n" NOTIFYING,
	    "NDESPlugin.log");
	has(&ev->crp,
	    "VerifyRequest Started.\n"
	    "Validation Phase 1 finished with status True.\n"
	    "Validation Phase 3 finished with status True.\n"
	    "VerifyRequest Finished with status True\n"
	    "Notify Started\n"
	    "Notify Finished\n",
	    "the registration point's log");
	assert_int_equal(ev->crp_request_count, 2);
	assert_string_equal(ev->crp_requests[0].path, VERIFY);
	assert_int_equal(ev->crp_requests[0].status, 201);
	assert_int_equal(ev->crp_requests[0].substatus, 0);
	assert_int_equal(ev->crp_requests[0].win32, 0);
	assert_string_equal(ev->crp_requests[1].path, NOTIFY);
	assert_int_equal(ev->crp_requests[1].status, 204);
	assert_int_equal(ev->event_count, 2);
	assert_connector_events(&f.x, EVENT_CONNECTOR_VERIFY_OK, NULL);
	flow_close(&f);
}

static void
a_stopped_connector_reports_nothing(void **state)
{
	struct flow f;

	flow_open(&f, state);
	room_set(&f.room, "policy_module.connector_service", "stopped");
	enrol(&f);
	assert_issued(&f);
	has(&f.x.evidence.plugin, "Verify challenge returns true\n",
	    "NDESPlugin.log");
	has_not(&f.x.evidence.plugin, "Notify", "NDESPlugin.log");
	has_not(&f.x.evidence.crp, "Notify", "the registration point's log");
	assert_int_equal(f.x.evidence.crp_request_count, 1);
	flow_close(&f);
}

static void
what_the_ca_refused_is_reported_too(void **state)
{
	struct flow f;

	flow_open(&f, state);
	room_set(&f.room, "account.enroll", "false");
	enrol(&f);
	assert_int_equal(f.x.outcome.decision, NDES_REFUSED);
	assert_int_equal(f.x.answered_by, NDES_LAYER_CA);
	has(&f.x.evidence.plugin, NOTIFYING, "NDESPlugin.log");
	assert_int_equal(f.x.evidence.crp_request_count, 2);
	flow_close(&f);
}

/* ---- when it is not asked ---- */

static void
assert_not_asked(const struct flow *f)
{
	assert_int_equal(f->x.evidence.plugin.n, 0);
	assert_int_equal(f->x.evidence.crp.n, 0);
	assert_int_equal(f->x.evidence.crp_request_count, 0);
}

static void
without_the_module_nobody_is_asked(void **state)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{ "policy_module.installed", "false" },
		{ "policy_module.loaded", "false" },
		{ "policy_module.installation", "site-renamed" },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		struct flow f;

		flow_open(&f, state);
		room_set(&f.room, rows[i].key, rows[i].value);
		room_set(&f.room, "policy_module.challenge", "expired");
		enrol(&f);
		assert_issued(&f);
		assert_not_asked(&f);
		assert_int_equal(f.x.evidence.event_count, 0);
		flow_close(&f);
	}
}

static void
renewals_and_bad_passwords_do_not_come_that_far(void **state)
{
	struct flow f;
	X509 *old;

	flow_open(&f, state);
	enrol(&f);
	assert_issued(&f);
	old = f.rep.certificate;
	X509_up_ref(old);
	room_set(&f.room, "policy_module.challenge", "expired");
	f.e.csr.challenge = "0123456789ABCDEF";
	enrol(&f);
	assert_refused(&f, 2, "-2147024810", 29);
	assert_not_asked(&f);
	f.e.signer = old;
	f.e.signer_key = f.w->key;
	enrol(&f);
	assert_issued(&f);
	assert_true(f.x.outcome.renewal);
	assert_not_asked(&f);
	X509_free(old);
	flow_close(&f);
}

/* ---- what comes first ---- */

static void
the_connection_breaks_before_the_application(void **state)
{
	static const struct {
		const char *key, *value, *why;
	} rows[] = {
		/* mended from here on, one after the other */
		{ "policy_module.crp_tls", "cn-mismatch", "12175" },
		{ "policy_module.client_certificate", "no-eku",
		    "Client Authentication" },
		{ "root_store.crp_intermediates", "true", "403.16" },
		{ "policy_module.crp_health", "deserialize", "0x410" },
		{ "policy_module.challenge", "expired", "0x411" },
		{ "ca.running", "false", "0x800706ba" },
	};
	struct flow f;

	flow_open(&f, state);
	room_set(&f.room, "policy_module.rejection", "certrep");
	for (size_t i = 0; i < nitems(rows); i++)
		room_set(&f.room, rows[i].key, rows[i].value);
	for (size_t i = 0; i < nitems(rows); i++) {
		enrol(&f);
		if (f.x.why == NULL || strstr(f.x.why, rows[i].why) == NULL)
			fail_msg("not %s: %s", rows[i].why, f.x.why);
		room_set(&f.room, rows[i].key,
		    host_key_find(bytes_str(rows[i].key))->fallback);
	}
	enrol(&f);
	assert_issued(&f);
	flow_close(&f);
}

static void
a_hostile_transaction_cannot_break_a_log(void **state)
{
	struct flow f;
	const struct event *event;

	flow_open(&f, state);
	f.e.transaction = "a\nb\r\n<c>";
	enrol(&f);
	event = room_event(&f.x, EVENT_CONNECTOR_VERIFY_OK);
	assert_non_null(event);
	assert_null(strpbrk(event->data[0], "\r\n"));
	flow_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_state_of_health_refuses_and_leaves_its_evidence),
		cmocka_unit_test(the_form_of_a_no_can_be_chosen),
		cmocka_unit_test(
		    the_fifth_broken_verification_disables_the_pool),
		cmocka_unit_test(
		    a_challenge_that_is_consumed_when_seen_is_gone_after_a_no),
		cmocka_unit_test(a_good_enrolment_is_verified_and_reported),
		cmocka_unit_test(a_stopped_connector_reports_nothing),
		cmocka_unit_test(what_the_ca_refused_is_reported_too),
		cmocka_unit_test(without_the_module_nobody_is_asked),
		cmocka_unit_test(
		    renewals_and_bad_passwords_do_not_come_that_far),
		cmocka_unit_test(the_connection_breaks_before_the_application),
		cmocka_unit_test(a_hostile_transaction_cannot_break_a_log),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
