/* SPDX-License-Identifier: MIT */
/*
 * What a correct client looks at in the certificate that it is given.
 */
#include "support/wary.h"

#include <string.h>
#include <time.h>

#include <openssl/err.h>

#define SKEW_S 600 /* clocks may differ by so much */

static int
check_dates(struct client *c, const struct wary_bundle *b, X509 *x)
{
	const ASN1_TIME *from = X509_get0_notBefore(x);
	const ASN1_TIME *until = X509_get0_notAfter(x);
	time_t soon = time(NULL) + SKEW_S, late = time(NULL) + 60;

	if (X509_cmp_time(from, &soon) > 0)
		return client_fail(c, "the certificate does not hold yet");
	if (X509_cmp_time(until, &late) < 0)
		return client_fail(c,
		    "the certificate has expired, or ends at "
		    "once");
	if (ASN1_TIME_compare(from, X509_get0_notBefore(b->issuing)) < 0)
		return client_fail(c, "the certificate is older than its CA");
	return 0;
}

static int
check_serial(struct client *c, const struct wary *w, X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	BIGNUM *n = ASN1_INTEGER_to_BN(serial, NULL);
	bool sound = n != NULL && !BN_is_negative(n) && !BN_is_zero(n) &&
	    BN_num_bytes(n) <= 20;

	BN_free(n);
	if (!sound)
		return client_fail(c, "the serial number is not sound");
	if (w->earlier != NULL &&
	    ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(w->earlier)) == 0)
		return client_fail(c, "the serial number was used before");
	return 0;
}

static int
check_names(struct client *c, const struct wary *w, X509 *x)
{
	X509_NAME *asked = client_name(c, w->subject, 0);
	bool same = asked != NULL &&
	    X509_NAME_cmp(asked, X509_get_subject_name(x)) == 0;

	X509_NAME_free(asked);
	if (!same)
		return client_fail(c, "the certificate is for another subject");
	if (w->dns != NULL &&
	    X509_check_host(
		x, w->dns, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) != 1)
		return client_fail(
		    c, "the certificate lacks the name asked for");
	return 0;
}

/* An extended key usage must be for clients, if there is one. */
static int
check_usage(struct client *c, X509 *x)
{
	EXTENDED_KEY_USAGE *eku =
	    X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	bool fits = eku == NULL;

	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i));

		fits |= nid == NID_client_auth || nid == NID_ipsec_IKE;
		char oid[80];

		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(eku, i), 1);
		fits |= strcmp(oid, "1.3.6.1.5.5.8.2.2") == 0;
	}
	EXTENDED_KEY_USAGE_free(eku);
	if (!fits)
		return client_fail(c, "the certificate is for something else");
	if ((X509_get_extension_flags(x) & EXFLAG_CA) != 0)
		return client_fail(c, "the certificate is a CA's");
	return 0;
}

/* By the CA that GetCACert brought; whether that is the right one was asked before. */
static int
check_chain(struct client *c, const struct wary_bundle *b, X509 *x)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int rc = 0;

	X509_STORE_add_cert(store, b->issuing);
	X509_STORE_set_flags(
	    store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
	X509_STORE_CTX_init(ctx, store, x, NULL);
	if (X509_verify_cert(ctx) != 1)
		rc = client_fail(c, "the chain does not verify: %s",
		    X509_verify_cert_error_string(
			X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return rc;
}

int
wary_certificate_check(
    const struct wary *w, const struct wary_bundle *b, X509 *x)
{
	struct client *c = w->c;

	ERR_clear_error();
	if (EVP_PKEY_eq(X509_get0_pubkey(x), w->key) != 1)
		return client_fail(c, "the certificate is not for our key");
	if (w->old != NULL && X509_cmp(x, w->old) == 0)
		return client_fail(c, "the certificate is the old one");
	if (check_usage(c, x) == -1 || check_chain(c, b, x) == -1 ||
	    check_dates(c, b, x) == -1 || check_serial(c, w, x) == -1 ||
	    check_names(c, w, x) == -1)
		return -1;
	return 0;
}
