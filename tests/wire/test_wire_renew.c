/* SPDX-License-Identifier: MIT */
/*
 * Renewals over real sockets: signed by a certificate that this CA issued,
 * with message type 17 or 19, the same key or a new one, with and without a
 * challenge; and what is not a renewal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "support/served.h"

#define SUBJECT "/C=US/O=Probe/CN=renew"

static X509 *
first_certificate(struct world *w, const struct served *s)
{
	struct client_certrep r;
	struct client_enrolment e = served_enrolment(s, w, SUBJECT);
	enrol_expect(&w->c, &e, 0, "the first certificate", &r);
	return r.certificate;
}

struct renewal_row {
	const char *what;
	int type;
	bool new_key;
	const char *challenge;
	bool by_get;
};

static const struct renewal_row renewals[] = {
	{ "RenewalReq, same key, no challenge", 17, false, NULL, false },
	{ "RenewalReq, new key, no challenge", 17, true, NULL, false },
	{ "RenewalReq, new key, no challenge, GET", 17, true, NULL, true },
	{ "RenewalReq, same key, fixed challenge", 17, false, SERVED_SECRET,
	    false },
	{ "RenewalReq, same key, the old and used challenge", 17, false,
	    "0123456789ABCDEF", false },
	{ "PKCSReq, same key, no challenge", 19, false, NULL, false },
	{ "PKCSReq, new key, no challenge", 19, true, NULL, false },
	{ "PKCSReq, new key, fixed challenge", 19, true, SERVED_SECRET, false },
	{ "PKCSReq, same key, the old and used challenge", 19, false,
	    "0123456789ABCDEF", false },
};

static void
renews_with_either_type_any_key_and_any_challenge(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	X509 *old = first_certificate(w, &s);
	for (size_t i = 0; i < sizeof renewals / sizeof *renewals; i++) {
		const struct renewal_row *row = &renewals[i];
		struct client_certrep r;
		struct client_enrolment e = served_enrolment(&s, w, SUBJECT);
		e.type = row->type;
		e.signer = old;
		e.signer_key = w->key;
		e.csr.key = row->new_key ? w->other : w->key;
		e.csr.challenge = row->challenge;
		e.by_get = row->by_get;
		enrol_expect(&w->c, &e, 0, row->what, &r);
		if (!X509_cmp(r.certificate, old) ||
		    !ASN1_INTEGER_cmp(X509_get0_serialNumber(r.certificate),
			X509_get0_serialNumber(old)))
			fail_msg("%s: the old certificate again", row->what);
		if (client_chain_verify(&w->c, &s.ca, r.certificate, false))
			fail_msg("%s: %s", row->what, w->c.why);
		client_certrep_clear(&r);
	}
	X509_free(old);
	served_stop(&s);
}

static void
renews_a_renewed_certificate(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	X509 *old = first_certificate(w, &s);
	EVP_PKEY *old_key = w->key;
	for (int i = 0; i < 3; i++) {
		struct client_certrep r;
		struct client_enrolment e = served_enrolment(&s, w, SUBJECT);
		e.type = 17;
		e.signer = old;
		e.signer_key = old_key;
		e.csr.key = i % 2 ? w->key : w->other;
		e.csr.challenge = NULL;
		/* The same transactionID each time, as clients that hash the key. */
		e.transaction = "0E5C9A0A7C5B4B56A0F1";
		enrol_expect(&w->c, &e, 0, "a chain of renewals", &r);
		X509_free(old);
		old = r.certificate;
		old_key = e.csr.key;
	}
	X509_free(old);
	served_stop(&s);
}

/* Must be answered by FAILURE, whatever the type. */
static void
must_refuse(struct world *w, const struct served *s, X509 *signer,
    EVP_PKEY *key, const char *row)
{
	for (int type = 17; type <= 19; type += 2) {
		struct client_enrolment e = served_enrolment(s, w, SUBJECT);
		e.type = type;
		e.signer = signer;
		e.signer_key = key;
		e.csr.key = key;
		e.csr.challenge = NULL;
		enrol_status(&w->c, &e, 2, row);
	}
}

static void
refuses_signers_that_it_did_not_issue(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	struct client_cert self = { .key = w->key, .subject = SUBJECT };
	X509 *x = client_cert_make(&w->c, &self);
	assert_non_null(x);
	must_refuse(w, &s, x, w->key, "self-signed, without a challenge");
	X509_free(x);

	/* A CA of our own with the very name of the issuing CA. */
	struct client_cert ca = { .key = w->other,
		.subject = "/CN=x",
		.extensions = { "basicConstraints=critical,CA:TRUE" } };
	X509 *foreign = client_cert_make(&w->c, &ca);
	assert_non_null(foreign);
	X509_set_subject_name(foreign, X509_get_subject_name(s.ca.issuing));
	struct client_cert leaf = { .key = w->key,
		.subject = SUBJECT,
		.issuer = foreign,
		.issuer_key = w->other };
	x = client_cert_make(&w->c, &leaf);
	assert_non_null(x);
	must_refuse(w, &s, x, w->key, "by another CA of the same name");
	X509_free(x);
	X509_free(foreign);
	served_stop(&s);
}

static void
refuses_a_signer_of_another_deployment(void **state)
{
	struct world *w = *state;
	struct served here, there;
	const char *fresh[] = { "fresh-keys", "true", NULL };
	served_start(&here, NULL, NULL);
	served_start(&there, NULL, fresh);
	served_ca(&here, &w->c);
	served_ca(&there, &w->c);
	X509 *x = first_certificate(w, &there);
	must_refuse(w, &here, x, w->key, "issued by another deployment");
	X509_free(x);
	served_stop(&there);
	served_stop(&here);
}

/* A certificate is good to the end of its last second. */
static void
wait_for_end(const X509 *x)
{
	time_t last;
	do {
		nanosleep(
		    &(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
		last = time(NULL) - 1;
	} while (X509_cmp_time(X509_get0_notAfter(x), &last) > 0);
}

static void
refuses_an_expired_signer(void **state)
{
	static const char yaml[] = "mockndes: 1\n"
				   "name: short\n"
				   "host: { ca: { validity: 2s } }\n";
	struct world *w = *state;
	struct served s;
	served_start_text(&s, yaml, NULL);
	served_ca(&s, &w->c);
	X509 *x = first_certificate(w, &s);
	wait_for_end(x);
	must_refuse(w, &s, x, w->key, "expired");
	X509_free(x);
	served_stop(&s);
}

static void
type_17_by_a_self_signed_certificate_is_refused_with_a_challenge_too(
    void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	struct client_certrep r;
	struct client_enrolment e = served_enrolment(&s, w, SUBJECT);
	e.type = 17;
	enrol_expect(&w->c, &e, 2, "RenewalReq by a self-signed signer", &r);
	assert_int_equal(r.fail_info, 2);
	client_certrep_clear(&r);
	served_stop(&s);
}

static void
a_renewal_keeps_the_subject(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	X509 *old = first_certificate(w, &s);
	struct client_enrolment e =
	    served_enrolment(&s, w, "/C=US/O=Probe/CN=somebody else");
	e.type = 17;
	e.signer = old;
	e.signer_key = w->key;
	e.csr.challenge = NULL;
	enrol_status(&w->c, &e, 2, "another subject");
	served_stop(&s);
	static const char yaml[] =
	    "mockndes: 1\n"
	    "name: any\n"
	    "host: { registry: { DisableRenewalSubjectNameMatch: 1 } }\n";
	served_start_text(&s, yaml, NULL);
	served_ca(&s, &w->c);
	e.url = s.url;
	enrol_status(&w->c, &e, 0, "another subject, the check switched off");
	X509_free(old);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    renews_with_either_type_any_key_and_any_challenge),
		cmocka_unit_test(renews_a_renewed_certificate),
		cmocka_unit_test(refuses_signers_that_it_did_not_issue),
		cmocka_unit_test(refuses_a_signer_of_another_deployment),
		cmocka_unit_test(refuses_an_expired_signer),
		cmocka_unit_test(
		    type_17_by_a_self_signed_certificate_is_refused_with_a_challenge_too),
		cmocka_unit_test(a_renewal_keeps_the_subject),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
