/* SPDX-License-Identifier: MIT */
/*
 * Causes behind mscep.dll: the CA, its templates, the passwords. What the
 * device gets, who answered, and the events of NDES and of the CA.
 */
#include "ndes_flow.h"

/* ---- the CA says no ---- */

struct ca_row {
	const char *key, *value;
	const char *scep_error;
	const char *why;
	const char *reason; /* in event 31 */
	const char *
	    code; /* there; the field report has the general one for the template */
	const char *denied; /* in the CA's event 53 */
};

static const struct ca_row ca_rows[] = {
	{ "registry.GeneralPurposeTemplate", "NDES Device Template",
	    "-2146875392", "0x80094800",
	    "The requested certificate template is not supported by this CA.",
	    "0x80004005",
	    "0x80094800 (-2146875392 CERTSRV_E_UNSUPPORTED_CERT_TYPE)" },
	{ "ca.template_published", "false", "-2146875392", "0x80094800",
	    "The requested certificate template is not supported by this CA.",
	    "0x80004005",
	    "0x80094800 (-2146875392 CERTSRV_E_UNSUPPORTED_CERT_TYPE)" },
	{ "ca.minimum_key_size", "8192", "-2146875375", "0x80094811",
	    "The public key does not meet the minimum size required by the "
	    "specified certificate template.",
	    "0x80094811", "0x80094811 (-2146875375 CERTSRV_E_KEY_LENGTH)" },
	{ "account.enroll", "false", "-2146877422", "0x80094012",
	    "The permissions on the certificate template do not allow the "
	    "current user to enroll for this type of certificate.",
	    "0x80094012",
	    "0x80094012 (-2146877422 CERTSRV_E_TEMPLATE_DENIED)" },
};

static void
assert_event_31(
    const struct ndes_exchange *x, const char *text, const char *code)
{
	const struct event *event = room_event(x, EVENT_NDES_SUBMIT);

	assert_int_equal(room_events(x, EVENT_NDES_SUBMIT), 1);
	assert_string_equal(event->data[0], text);
	assert_string_equal(event->data[1], code);
	assert_null(event->data[2]);
}

static void
the_ca_refuses_with_its_code_and_both_log_it(void **state)
{
	char password[CHALLENGE_TEXT_MAX];

	for (size_t i = 0; i < nitems(ca_rows); i++) {
		const struct ca_row *row = &ca_rows[i];
		const struct event *denied;
		struct flow f;

		flow_open(&f, state);
		new_password(&f, password);
		f.e.csr.challenge = password;
		room_set(&f.room, row->key, row->value);
		enrol(&f);
		assert_refused(&f, 2, row->scep_error, 31);
		assert_int_equal(f.x.answered_by, NDES_LAYER_CA);
		assert_non_null(strstr(f.x.why, row->why));
		assert_event_31(&f.x, row->reason, row->code);
		denied = room_event(&f.x, EVENT_CA_DENIED);
		assert_int_equal(room_events(&f.x, EVENT_CA_DENIED), 1);
		assert_string_equal(denied->data[0], "1");
		assert_string_equal(denied->data[1], row->reason);
		assert_string_equal(denied->data[2], row->denied);
		room_set(&f.room, row->key,
		    host_key_find(bytes_str(row->key))->fallback);
		enrol(&f);
		assert_issued(&f);
		assert_int_equal(f.x.outcome.challenge, CHALLENGE_GOOD);
		assert_int_equal(room_events(&f.x, EVENT_CA_DENIED), 0);
		flow_close(&f);
	}
}

static void
the_fail_info_of_the_cas_no_can_be_chosen(void **state)
{
	struct flow f;

	flow_open(&f, state);
	room_set(&f.room, "mscep.ca_refusal_fail_info", "0");
	room_set(&f.room, "account.enroll", "false");
	enrol(&f);
	assert_refused(&f, 0, "-2146877422", 31);
	flow_close(&f);
}

/* Encrypted to the CA, as by a client that GetCACert gave no RA certificate. */
static void
what_cannot_be_decrypted_gets_the_page_that_is_chosen(void **state)
{
	static const struct {
		const char *undecryptable, *type;
		int status;
	} rows[] = {
		{ "http-500", "text/html", 500 },
		{ "page-200", "text/html", 200 },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		struct flow f;

		flow_open(&f, state);
		room_set(&f.room, "mscep.undecryptable", rows[i].undecryptable);
		f.ca.ra_encrypt = f.ca.issuing;
		prepare(&f);
		post(&f, f.sent.der.p, f.sent.der.n);
		assert_int_equal(f.x.reply.status, rows[i].status);
		assert_string_equal(
		    room_header(&f.x, "Content-Type"), rows[i].type);
		assert_int_equal(f.x.outcome.event_id, 18);
		assert_int_equal(room_events(&f.x, EVENT_NDES_DECRYPT), 1);
		assert_non_null(strstr(f.x.why, "for the CA certificate"));
		flow_close(&f);
	}
}

static void
a_key_of_the_minimum_is_long_enough(void **state)
{
	static const struct {
		const char *minimum;
		int status;
	} rows[] = { { "2048", 0 }, { "2049", 2 } };
	struct flow f;

	flow_open(&f, state);
	for (size_t i = 0; i < nitems(rows); i++) {
		room_set(&f.room, "ca.minimum_key_size", rows[i].minimum);
		enrol(&f);
		assert_int_equal(f.rep.status, rows[i].status);
	}
	flow_close(&f);
}

/* The key that counts is the one to be certified, not the one that signs. */
static void
the_key_of_the_request_is_measured(void **state)
{
	struct flow f;
	EVP_PKEY *small = client_key(&((struct world *)*state)->c, 1024);
	X509 *old;

	flow_open(&f, state);
	enrol(&f);
	assert_issued(&f);
	old = f.rep.certificate;
	X509_up_ref(old);
	f.e.signer = old;
	f.e.signer_key = f.w->key;
	f.e.csr.key = small;
	room_set(&f.room, "ca.minimum_key_size", "2048");
	enrol(&f);
	assert_refused(&f, 2, "-2146875375", 31);
	f.e.csr.key = f.w->key2;
	enrol(&f);
	assert_issued(&f);
	X509_free(old);
	EVP_PKEY_free(small);
	flow_close(&f);
}

static void
all_three_templates_must_be_known_to_the_ca(void **state)
{
	static const struct {
		const char *key, *usage;
	} rows[] = {
		{ "registry.SignatureTemplate", "keyUsage=digitalSignature" },
		{ "registry.EncryptionTemplate", "keyUsage=keyEncipherment" },
		{ "registry.GeneralPurposeTemplate",
		    "keyUsage=digitalSignature,keyEncipherment" },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		struct flow f;

		flow_open(&f, state);
		f.e.csr.extensions[0] = rows[i].usage;
		room_set(&f.room, rows[i].key, "NDES Device Template");
		enrol(&f);
		assert_refused(&f, 2, "-2146875392", 31);
		f.e.csr.extensions[0] = rows[(i + 1) % nitems(rows)].usage;
		enrol(&f);
		assert_issued(&f);
		flow_close(&f);
	}
}

/* ---- the CA is away ---- */

static void
without_the_ca_enrolment_fails_and_the_rest_works(void **state)
{
	static const char *const targets[] = { DLL "?operation=GetCACaps",
		DLL "?operation=GetCACert" };
	char password[CHALLENGE_TEXT_MAX];
	struct flow f;

	flow_open(&f, state);
	new_password(&f, password);
	f.e.csr.challenge = password;
	room_set(&f.room, "ca.running", "false");
	enrol(&f);
	assert_refused(&f, 2, "-2147023174", 31); /* 0x800706ba */
	assert_int_equal(f.x.answered_by, NDES_LAYER_CA);
	assert_event_31(&f.x, "The RPC server is unavailable.", "0x800706ba");
	assert_int_equal(room_events(&f.x, EVENT_CA_DENIED), 0);
	for (size_t i = 0; i < nitems(targets); i++) {
		struct room_request rq = { .target = targets[i] };
		struct ndes_exchange x;

		room_arrive(&f.room, &x, &rq);
		assert_int_equal(x.reply.status, 200);
		ndes_exchange_clear(&x);
	}
	room_set(&f.room, "mscep.ca_unreachable", "http-500");
	prepare(&f);
	post(&f, f.sent.der.p, f.sent.der.n);
	assert_int_equal(f.x.reply.status, 500);
	assert_int_equal(f.x.outcome.decision, NDES_NO_CERTREP);
	assert_int_equal(f.x.answered_by, NDES_LAYER_CA);
	assert_event_31(&f.x, "The RPC server is unavailable.", "0x800706ba");
	room_set(&f.room, "ca.running", "true");
	enrol(&f); /* with the same password */
	assert_issued(&f);
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_GOOD);
	flow_close(&f);
}

static void
a_renewal_needs_the_ca_too(void **state)
{
	struct flow f;
	X509 *old;

	flow_open(&f, state);
	enrol(&f);
	assert_issued(&f);
	old = f.rep.certificate;
	X509_up_ref(old);
	f.e.signer = old;
	f.e.signer_key = f.w->key;
	room_set(&f.room, "ca.running", "false");
	enrol(&f);
	assert_refused(&f, 2, "-2147023174", 31);
	X509_free(old);
	flow_close(&f);
}

/* ---- passwords ---- */

static void
passwords_of_another_node_are_all_wrong_here(void **state)
{
	char password[CHALLENGE_TEXT_MAX];
	struct flow f;
	const char *challenges[2];

	flow_open(&f, state);
	new_password(&f, password);
	challenges[0] = password;
	challenges[1] = STATIC;
	room_set(&f.room, "mscep.passwords", "other-node");
	for (size_t i = 0; i < nitems(challenges); i++) {
		f.e.csr.challenge = challenges[i];
		enrol(&f);
		assert_refused(&f, 2, "-2147024810", 29);
		assert_int_equal(f.x.outcome.challenge, CHALLENGE_WRONG);
		assert_int_equal(f.x.answered_by, NDES_LAYER_MSCEP);
		assert_non_null(strstr(f.x.why, "mscep.passwords"));
	}
	f.e.csr.challenge = NULL;
	enrol(&f);
	assert_refused(&f, 2, "-2147024810", 29);
	assert_int_equal(f.x.outcome.challenge, CHALLENGE_MISSING);
	room_set(&f.room, "mscep.passwords", "here");
	for (size_t i = 0; i < nitems(challenges); i++) {
		f.e.csr.challenge = challenges[i];
		enrol(&f);
		assert_issued(&f);
	}
	room_set(&f.room, "mscep.passwords", "other-node");
	room_set(&f.room, "registry.EnforcePassword", "0");
	enrol(&f); /* nobody looks */
	assert_issued(&f);
	flow_close(&f);
}

/* ---- events ---- */

static void
assert_event(const struct ndes_exchange *x, enum event_kind kind,
    const char *code, const char *text)
{
	const struct event *event = room_event(x, kind);

	assert_int_equal(x->evidence.event_count, 1);
	assert_non_null(event);
	if (code == NULL) {
		assert_null(event->data[0]);
		return;
	}
	assert_string_equal(event->data[0], code);
	assert_string_equal(event->data[1], text);
	assert_null(event->data[2]);
}

static void
a_message_that_is_none_is_event_16(void **state)
{
	struct flow f;

	flow_open(&f, state);
	post(&f, "hello", 5);
	assert_event(
	    &f.x, EVENT_NDES_DECODE, "0x8009310b", "ASN1 bad tag value met.");
	flow_close(&f);
}

static void
a_broken_signature_is_event_17(void **state)
{
	struct flow f;

	flow_open(&f, state);
	prepare(&f);
	f.sent.der.p[f.sent.der.n - 1] ^= 1;
	post(&f, f.sent.der.p, f.sent.der.n);
	assert_event(
	    &f.x, EVENT_NDES_RETRIEVE, "0x80090006", "Invalid Signature.");
	flow_close(&f);
}

/* The way of a client that found no RA certificates in GetCACert. */
static void
an_envelope_for_the_ca_is_event_18(void **state)
{
	struct flow f;

	flow_open(&f, state);
	room_mint(&f.room, (struct ca_material_spec){ .ra_unlisted = true });
	f.ca.ra_encrypt = f.ca.issuing;
	prepare(&f);
	post(&f, f.sent.der.p, f.sent.der.n);
	assert_int_equal(f.x.reply.status, 500);
	assert_int_equal(f.x.answered_by, NDES_LAYER_MSCEP);
	assert_event(&f.x, EVENT_NDES_DECRYPT, "0x80090005", "Bad Data.");
	flow_close(&f);
}

static void
a_renewal_with_another_subject_is_event_28(void **state)
{
	struct flow f;
	X509 *old;

	flow_open(&f, state);
	enrol(&f);
	old = f.rep.certificate;
	X509_up_ref(old);
	f.e.signer = old;
	f.e.signer_key = f.w->key;
	f.e.csr.subject = "/C=US/O=Probe/CN=another";
	enrol(&f);
	assert_event(&f.x, EVENT_NDES_RENEWAL, "0x80094001",
	    "The request subject name is invalid or too long.");
	X509_free(old);
	flow_close(&f);
}

static void
a_bad_password_is_event_29_without_data(void **state)
{
	struct flow f;

	flow_open(&f, state);
	f.e.csr.challenge = "0123456789ABCDEF";
	enrol(&f);
	assert_event(&f.x, EVENT_NDES_PASSWORD, NULL, NULL);
	flow_close(&f);
}

static void
types_that_ndes_does_not_serve_leave_no_event(void **state)
{
	struct flow f;

	flow_open(&f, state);
	f.e.type = 22;
	enrol(&f);
	assert_refused(&f, 2, "-2147024809", 0);
	assert_int_equal(f.x.evidence.event_count, 0);
	flow_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ca_refuses_with_its_code_and_both_log_it),
		cmocka_unit_test(the_fail_info_of_the_cas_no_can_be_chosen),
		cmocka_unit_test(
		    what_cannot_be_decrypted_gets_the_page_that_is_chosen),
		cmocka_unit_test(a_key_of_the_minimum_is_long_enough),
		cmocka_unit_test(the_key_of_the_request_is_measured),
		cmocka_unit_test(all_three_templates_must_be_known_to_the_ca),
		cmocka_unit_test(
		    without_the_ca_enrolment_fails_and_the_rest_works),
		cmocka_unit_test(a_renewal_needs_the_ca_too),
		cmocka_unit_test(passwords_of_another_node_are_all_wrong_here),
		cmocka_unit_test(a_message_that_is_none_is_event_16),
		cmocka_unit_test(a_broken_signature_is_event_17),
		cmocka_unit_test(an_envelope_for_the_ca_is_event_18),
		cmocka_unit_test(a_renewal_with_another_subject_is_event_28),
		cmocka_unit_test(a_bad_password_is_event_29_without_data),
		cmocka_unit_test(types_that_ndes_does_not_serve_leave_no_event),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
