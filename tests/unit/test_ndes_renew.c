/* SPDX-License-Identifier: MIT */
/*
 * Whose certificate renews what, from bytes to bytes: requests are made and
 * replies read by the test client, which is libcrypto's CMS alone.
 */
#include "ndes_flow.h"

/* ---- renewal ---- */

/* Enrol, and make the certificate the signer of what comes next. */
static X509 *
old_certificate(struct flow *f)
{
	X509 *old;

	f->e.type = 0;
	f->e.signer = NULL;
	f->e.csr.challenge = STATIC;
	enrol(f);
	assert_issued(f);
	old = f->rep.certificate;
	X509_up_ref(old);
	f->e.signer = old;
	f->e.signer_key = f->e.csr.key;
	return old;
}

static void
renews_in_every_form(void **state)
{
	static const struct {
		int type;
		bool new_key;
		const char *challenge;
	} rows[] = {
		{ 19, false, NULL },
		{ 19, true, NULL },
		{ 17, false, NULL },
		{ 17, true, NULL },
		{ 19, true, "an old and useless one" },
		{ 17, false, STATIC },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		struct flow f;
		X509 *old;

		flow_open(&f, state);
		old = old_certificate(&f);
		f.e.type = rows[i].type;
		f.e.csr.challenge = rows[i].challenge;
		if (rows[i].new_key)
			f.e.csr.key = f.w->key2;
		enrol(&f);
		assert_issued(&f);
		assert_true(f.x.outcome.renewal);
		assert_int_equal(f.x.outcome.challenge, CHALLENGE_NOT_NEEDED);
		assert_int_not_equal(X509_cmp(old, f.rep.certificate), 0);
		X509_free(old);
		flow_close(&f);
	}
}

static void
a_renewal_keeps_its_subject_unless_told_otherwise(void **state)
{
	struct flow f;
	X509 *old;

	flow_open(&f, state);
	old = old_certificate(&f);
	f.e.csr.subject = "/C=US/O=Probe/CN=another";
	enrol(&f);
	assert_refused(&f, 2, "-2146877439", 28); /* 0x80094001 */
	room_set(&f.room, "registry.DisableRenewalSubjectNameMatch", "1");
	enrol(&f);
	assert_issued(&f);
	X509_free(old);
	flow_close(&f);
}

static void
a_subject_in_another_string_type_is_the_same(void **state)
{
	struct flow f;
	X509 *old;

	flow_open(&f, state);
	f.e.csr.subject_type = V_ASN1_PRINTABLESTRING;
	old = old_certificate(&f);
	f.e.csr.subject_type = V_ASN1_UTF8STRING;
	enrol(&f);
	assert_issued(&f);
	assert_true(f.x.outcome.renewal);
	X509_free(old);
	flow_close(&f);
}

static void
expired_and_revoked_certificates_renew_nothing(void **state)
{
	struct bytes serial;
	struct pki_cert cert;
	struct asn1_fault fault = { 0 };
	struct err e = { 0 };
	struct flow f;
	unsigned char *der = NULL;
	bool found = false;
	X509 *old;
	int n;

	flow_open(&f, state);
	old = old_certificate(&f);
	f.room.now_ms += 366 * DAY_MS;
	enrol(&f);
	assert_refused(&f, 2, "-2146762495", 28); /* 0x800b0101 */
	f.room.now_ms -= 366 * DAY_MS;
	enrol(&f);
	assert_issued(&f);
	n = i2d_X509(old, &der);
	assert_true(pki_cert_parse(&cert, bytes_of(der, (size_t)n), &fault));
	serial = cert.serial;
	assert_int_equal(store_cert_revoke(f.room.store, serial,
			     f.room.now_ms / 1000, 1, &found, &e),
	    0);
	assert_true(found);
	enrol(&f);
	assert_refused(&f, 2, "-2146885616", 28); /* 0x80092010 */
	OPENSSL_free(der);
	X509_free(old);
	flow_close(&f);
}

static void
a_renewal_request_by_a_self_signed_certificate_is_refused(void **state)
{
	struct flow f;

	flow_open(&f, state);
	f.e.type = 17;
	enrol(&f);
	assert_refused(&f, 2, "-2147024809", 28);
	flow_close(&f);
}

static void
another_cas_certificate_enrols_with_a_challenge_only(void **state)
{
	struct client_cert spec = { .subject = "/CN=foreign" };
	struct flow f;
	X509 *foreign, *issuer;

	flow_open(&f, state);
	spec.key = f.w->key2;
	issuer = client_cert_make(&f.w->c, &spec);
	assert_non_null(issuer);
	spec.key = f.w->key;
	spec.subject = f.e.csr.subject;
	spec.issuer = issuer;
	spec.issuer_key = f.w->key2;
	foreign = client_cert_make(&f.w->c, &spec);
	assert_non_null(foreign);
	f.e.signer = foreign;
	f.e.signer_key = f.w->key;
	enrol(&f);
	assert_issued(&f);
	assert_false(f.x.outcome.renewal);
	f.e.csr.challenge = NULL;
	enrol(&f);
	assert_refused(&f, 2, "-2147024810", 29);
	X509_free(foreign);
	X509_free(issuer);
	flow_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renews_in_every_form),
		cmocka_unit_test(
		    a_renewal_keeps_its_subject_unless_told_otherwise),
		cmocka_unit_test(a_subject_in_another_string_type_is_the_same),
		cmocka_unit_test(
		    expired_and_revoked_certificates_renew_nothing),
		cmocka_unit_test(
		    a_renewal_request_by_a_self_signed_certificate_is_refused),
		cmocka_unit_test(
		    another_cas_certificate_enrols_with_a_challenge_only),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
