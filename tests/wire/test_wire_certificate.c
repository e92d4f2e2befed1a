/* SPDX-License-Identifier: MIT */
/*
 * What an enrolled device holds in its hands: subject and extensions as it
 * asked, a chain that verifies, CRL and issuer URLs that answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/served.h"

struct subject_row {
	const char *what;
	const char *name;
	int type; /* of its strings */
};

static const struct subject_row subjects[] = {
	{ "UTF8String", "/C=US/O=Probe/CN=plain", V_ASN1_UTF8STRING },
	{ "PrintableString", "/C=US/O=Probe/CN=plain", V_ASN1_PRINTABLESTRING },
	{ "T61String", "/O=Probe/CN=old", V_ASN1_T61STRING },
	{ "unusual order, CN first", "/CN=first/O=Probe/C=US", 0 },
	{ "several CNs and OUs", "/OU=a/OU=b/CN=one/CN=two/OU=a", 0 },
	{ "DC and e-mail",
	    "/DC=test/DC=example/CN=dc/emailAddress=a@example.test", 0 },
	{ "a multi-valued RDN",
	    "/CN=router+serialNumber=FTX1234+unstructuredName=r.example.test",
	    0 },
	{ "special characters",
	    "/O=\\/slash\\+plus, comma\"quote\"/CN= blanks ", 0 },
	{ "empty", "", 0 },
};

static void
copies_the_subject_byte_for_byte(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		const struct subject_row *row = &subjects[i];
		struct client_certrep r;
		struct client_enrolment e = served_enrolment(&s, w, row->name);
		e.csr.subject_type = row->type;
		e.signer_subject = "/CN=signer";
		if (!row->name[0])
			e.csr.extensions[0] =
			    "subjectAltName=critical,DNS:only.example.test";
		enrol_expect(&w->c, &e, 0, row->what, &r);
		X509_NAME *name = client_name(&w->c, row->name, row->type);
		const unsigned char *a, *b;
		size_t an, bn;
		assert_non_null(name);
		X509_NAME_get0_der(name, &a, &an);
		X509_NAME_get0_der(
		    X509_get_subject_name(r.certificate), &b, &bn);
		if (an != bn || memcmp(a, b, an) != 0)
			fail_msg("%s: the subject changed", row->what);
		X509_NAME_free(name);
		client_certrep_clear(&r);
	}
	served_stop(&s);
}

#define SAN                                                     \
	"subjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:" \
	"alice@example.test,URI:IntuneDeviceId://0e5c-9a0a,"    \
	"DNS:device.example.test,email:alice@example.test,IP:192.0.2.7"

/* The extension as DER, or fails. */
static struct client_bytes
extension(const X509 *x, int nid, const char *what)
{
	int at = X509_get_ext_by_NID(x, nid, -1);
	struct client_bytes b = { 0 };
	if (at < 0)
		fail_msg("no %s in the certificate", what);
	if (X509_get_ext_by_NID(x, nid, at) >= 0)
		fail_msg("%s twice in the certificate", what);
	const ASN1_OCTET_STRING *s =
	    X509_EXTENSION_get_data(X509_get_ext(x, at));
	client_bytes_add(
	    &b, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	return b;
}

static void
honours_extensions_of_both_request_attributes(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	X509_EXTENSION *want = X509V3_EXT_nconf(
	    NULL, NULL, "subjectAltName", strchr(SAN, '=') + 1);
	assert_non_null(want);
	ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(want);
	for (int i = 0; i < 2; i++) {
		struct client_certrep r;
		struct client_enrolment e =
		    served_enrolment(&s, w, "/CN=extensions");
		e.csr.extension_oid =
		    i ? CLIENT_EXT_MICROSOFT : CLIENT_EXT_PKCS9;
		e.csr.extensions[0] = SAN;
		e.csr.extensions[1] =
		    "extendedKeyUsage=clientAuth,emailProtection";
		e.csr.extensions[2] = "keyUsage=critical,digitalSignature";
		enrol_expect(&w->c, &e, 0, i ? "Microsoft" : "PKCS#9", &r);
		struct client_bytes san =
		    extension(r.certificate, NID_subject_alt_name, "SAN");
		assert_int_equal(san.n, (size_t)ASN1_STRING_length(value));
		assert_memory_equal(san.p, ASN1_STRING_get0_data(value), san.n);
		client_bytes_clear(&san);
		assert_int_equal(X509_get_extended_key_usage(r.certificate),
		    XKU_SSL_CLIENT | XKU_SMIME);
		assert_int_equal(
		    X509_get_key_usage(r.certificate), KU_DIGITAL_SIGNATURE);
		client_certrep_clear(&r);
	}
	X509_EXTENSION_free(want);
	served_stop(&s);
}

static void
the_chain_verifies_with_the_lists_that_it_names(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	struct client_certrep r;
	struct client_enrolment e = served_enrolment(&s, w, "/CN=chain");
	enrol_expect(&w->c, &e, 0, "chain", &r);
	if (client_chain_verify(&w->c, &s.ca, r.certificate, true))
		fail_msg("%s", w->c.why);
	X509 *of_ours[] = { s.ca.ra_sign, s.ca.ra_encrypt };
	for (int i = 0; i < 2; i++)
		if (client_chain_verify(&w->c, &s.ca, of_ours[i], false))
			fail_msg("RA certificate %d: %s", i + 1, w->c.why);
	client_certrep_clear(&r);
	served_stop(&s);
}

static void
the_issuer_url_brings_the_issuer(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	struct client_certrep r;
	struct client_enrolment e = served_enrolment(&s, w, "/CN=aia");
	enrol_expect(&w->c, &e, 0, "AIA", &r);
	X509 *of[] = { r.certificate, s.ca.issuing };
	X509 *issuer[] = { s.ca.issuing, s.ca.root };
	for (int i = 0; i < 2; i++) {
		char url[CLIENT_TEXT_MAX];
		struct client_http h;
		if (client_aia_url(&w->c, of[i], url) ||
		    client_get(&w->c, url, NULL, &h))
			fail_msg("%s", w->c.why);
		const unsigned char *p = h.body.p;
		X509 *x = d2i_X509(NULL, &p, (long)h.body.n);
		if (h.status != 200 || !x || X509_cmp(x, issuer[i]) != 0)
			fail_msg("%s: HTTP %ld, not the issuer", url, h.status);
		X509_free(x);
		client_http_clear(&h);
	}
	client_certrep_clear(&r);
	served_stop(&s);
}

static void
looks_like_a_certificate_of_ad_cs(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	struct client_certrep r;
	struct client_enrolment e = served_enrolment(&s, w, "/CN=shape");
	enrol_expect(&w->c, &e, 0, "shape", &r);
	X509 *x = r.certificate;
	assert_int_equal(X509_get_version(x), 2);
	assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(x)), 19);
	assert_int_equal(
	    X509_get_signature_nid(x), NID_sha256WithRSAEncryption);
	int days, seconds;
	assert_true(ASN1_TIME_diff(
	    &days, &seconds, X509_get0_notBefore(x), X509_get0_notAfter(x)));
	assert_in_range(days, 364, 366);
	assert_true(X509_cmp_current_time(X509_get0_notBefore(x)) < 0);
	assert_int_not_equal(X509_check_ca(x), 1);
	static const struct {
		int nid;
		const char *name;
	} wanted[] = { { NID_subject_key_identifier, "SKI" },
		{ NID_authority_key_identifier, "AKI" },
		{ NID_crl_distribution_points, "CRLDP" },
		{ NID_info_access, "AIA" } };
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		struct client_bytes b =
		    extension(x, wanted[i].nid, wanted[i].name);
		client_bytes_clear(&b);
	}
	const ASN1_OCTET_STRING *aki = X509_get0_authority_key_id(x);
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(s.ca.issuing);
	assert_int_equal(ASN1_OCTET_STRING_cmp(aki, ski), 0);
	client_certrep_clear(&r);
	served_stop(&s);
}

static void
a_repeated_transaction_is_not_refused(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=twice");
	e.transaction = "SAMEKEYSAMEID";
	struct client_certrep a, b;
	enrol_expect(&w->c, &e, 0, "first", &a);
	enrol_expect(&w->c, &e, 0, "second", &b);
	client_certrep_clear(&a);
	client_certrep_clear(&b);
	served_stop(&s);
}

static void
refuses_a_request_without_possession_of_its_key(void **state)
{
	struct world *w = *state;
	struct served s;
	served_start(&s, NULL, NULL);
	served_ca(&s, &w->c);
	struct client_enrolment e = served_enrolment(&s, w, "/CN=thief");
	e.csr.signed_by = w->other;
	enrol_status(&w->c, &e, 2, "PKCS#10 signed by another key");
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_the_subject_byte_for_byte),
		cmocka_unit_test(honours_extensions_of_both_request_attributes),
		cmocka_unit_test(
		    the_chain_verifies_with_the_lists_that_it_names),
		cmocka_unit_test(the_issuer_url_brings_the_issuer),
		cmocka_unit_test(looks_like_a_certificate_of_ad_cs),
		cmocka_unit_test(a_repeated_transaction_is_not_refused),
		cmocka_unit_test(
		    refuses_a_request_without_possession_of_its_key),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
