/* SPDX-License-Identifier: MIT */
/*
 * Why a correct client refuses each ready-made fault, as the test client says
 * it: the file has to be about that and nothing else. And where the client
 * makes the other choice of those that a file allows.
 */
#ifndef SCENARIOS_REASONS_H
#define SCENARIOS_REASONS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The longest beginning of a file's id counts. */
static const struct {
	const char *part, *why;
} reasons[] = {
	{ "ca-changed", "the CA is another one than before" },
	{ "ca-dsa", "the RA certificate has no RSA key" },
	{ "ca-ec", "the RA certificate has no RSA key" },
	{ "ca-mldsa", "the RA certificate has no RSA key" },
	{ "ca-empty", "GetCACert brings nothing" },
	{ "ca-emptyp7", "GetCACert brings no certificate" },
	{ "ca-expired", "the issuing CA's certificate has expired" },
	{ "ca-fpr-wrong", "no certificate has the page's thumbprint" },
	{ "ca-garbage", "GetCACert is no certificate" },
	{ "ca-not-ca", "the issuing CA's certificate is no CA's" },
	{ "ca-notyet", "the issuing CA's certificate does not hold yet" },
	{ "ca-pem", "GetCACert is PEM" },
	{ "ca-ra-expired", "an RA certificate has expired" },
	{ "ca-ra-otherissuer", "no RA certificate by a CA of GetCACert" },
	{ "ca-weak-1024", "an RA certificate has a key that is too small" },
	{ "ca-weak-md5", "is signed with a weak digest" },
	{ "ca-weak-sha1", "is signed with a weak digest" },
	{ "ca-weak-v1", "the issuing CA's certificate is no CA's" },
	{ "cr-attr-dup",
	    "attribute 2.16.840.1.113733.1.9.3 is there more than once" },
	{ "cr-attr-empty", "recipientNonce is not what we sent" },
	{ "cr-attr-type",
	    "attribute 2.16.840.1.113733.1.9.2 is of ASN.1 type 12, not 19" },
	{ "cr-attr-type-nonce",
	    "attribute 2.16.840.1.113733.1.9.6 is of ASN.1 type 2, not 4" },
	{ "cr-attr-unsigned", "recipientNonce is not what we sent" },
	{ "cr-badsig", "the signature does not verify" },
	{ "cr-ber-", "the CertRep is not a CMS ContentInfo" },
	{ "cr-ctattr-wrong", "the contentType attribute is not data" },
	{ "cr-digest-oid", "the signature does not verify" },
	{ "cr-digest-unknown", "unknown digest algorithm" },
	{ "cr-dup-cert", "the serial number was used before" },
	{ "cr-env-des", "the envelope is in a weak cipher" },
	{ "cr-env-rc2", "the envelope is in a weak cipher" },
	{ "cr-env-empty", "the envelope does not decrypt" },
	{ "cr-env-iv", "the envelope does not decrypt" },
	{ "cr-env-none", "the envelope is not a CMS ContentInfo" },
	{ "cr-env-odd", "the envelope does not decrypt" },
	{ "cr-env-padding", "the envelope does not decrypt" },
	{ "cr-env-plain", "the content is no EnvelopedData" },
	{ "cr-env-wrongrcpt", "the envelope" },
	{ "cr-fail-", "FAILURE, failInfo 2" },
	{ "cr-failinfo-unknown", "FAILURE, failInfo 9" },
	{ "cr-failinfo-unknown-5", "FAILURE, failInfo 5" },
	{ "cr-failinfo-unknown-99", "failInfo is \"99\"" },
	{ "cr-failtext", "FAILURE, failInfo 2" },
	{ "cr-failure-nofailinfo", "failInfo is missing with pkiStatus 2" },
	{ "cr-forged-signer",
	    "another certificate has the signer's name and number" },
	{ "cr-garbage", "the CertRep is not a CMS ContentInfo" },
	{ "cr-inner-empty", "among the 0 inside" },
	{ "cr-inner-garbage",
	    "the envelope's content is not a CMS ContentInfo" },
	{ "cr-inner-nothing",
	    "the envelope's content is not a CMS ContentInfo" },
	{ "cr-inner-rawcert",
	    "the envelope's content is not a CMS ContentInfo" },
	{ "cr-leaf-badsig", "certificate signature failure" },
	{ "cr-leaf-before-ca", "the certificate is older than its CA" },
	{ "cr-leaf-critical", "unhandled critical extension" },
	{ "cr-leaf-eku", "the certificate is for something else" },
	{ "cr-leaf-is-ca", "the certificate is a CA's" },
	{ "cr-leaf-nosan", "the certificate lacks the name asked for" },
	{ "cr-leaf-notyet", "the certificate does not hold yet" },
	{ "cr-leaf-second", "the certificate has expired, or ends at once" },
	{ "cr-leaf-serial", "the serial number is not sound" },
	{ "cr-leaf-validity", "the certificate has expired, or ends at once" },
	{ "cr-md-missing", "the signature does not verify" },
	{ "cr-md-wrong", "content verify error" },
	{ "cr-msgtype-03", "messageType is \"03\", not 3" },
	{ "cr-msgtype-2", "messageType is \"2\", not 3" },
	{ "cr-msgtype-20", "messageType is \"20\", not 3" },
	{ "cr-msgtype-999", "messageType is \"999\", not 3" },
	{ "cr-msgtype-wrong", "messageType is \"19\", not 3" },
	{ "cr-no-ctattr", "the signature does not verify" },
	{ "cr-nocert-badsig", "the signature does not verify" },
	{ "cr-nonce-", "recipientNonce is not what we sent" },
	{ "cr-nosigner", "not one SignerInfo" },
	{ "cr-notsigned", "the CertRep is no SignedData of id-data" },
	{ "cr-old-cert", "the certificate is the old one" },
	{ "cr-pending-forever", "still PENDING" },
	{ "cr-pending-nocontent", "still PENDING" },
	{ "cr-pending-then-changed-tid", "transactionID is" },
	{ "cr-pending-then-drop", "reset" },
	{ "cr-pending-then-fail", "FAILURE, failInfo 2" },
	{ "cr-replay", "recipientNonce is not what we sent" },
	{ "cr-signer-expired",
	    "another certificate has the signer's name and number" },
	{ "cr-signer-unknown", "not signed by a certificate of GetCACert" },
	{ "cr-status-missing", "pkiStatus is \"\"" },
	{ "cr-status-unknown", "pkiStatus is 7" },
	{ "cr-status-unknown-00", "pkiStatus is \"00\"" },
	{ "cr-status-unknown-1", "pkiStatus is 1" },
	{ "cr-status-unknown-4", "pkiStatus is 4" },
	{ "cr-status-unknown-text", "pkiStatus is \"success\"" },
	{ "cr-success-failinfo", "failInfo came with pkiStatus 0" },
	{ "cr-tid-", "transactionID is" },
	{ "cr-tid-missing", "transactionID is \"\"" },
	{ "cr-wrongissuer", "unable to get local issuer certificate" },
	{ "cr-wrongissuer-forged", "certificate signature failure" },
	{ "cr-wrongkey", "no certificate for our key among the 1 inside" },
	{ "cr-wrongsubject", "the certificate is for another subject" },
	{ "cr-wrongsubject-san", "the certificate lacks the name asked for" },
	{ "http-401", "GetCACert answers 401" },
	{ "http-403-waf", "GetCACert answers 403" },
	{ "http-413", "PKIOperation answers 413" },
	{ "http-500", "PKIOperation answers 500" },
	{ "http-cl-long", "transfer closed with" },
	{ "http-cl-short", "GetCACert is no certificate" },
	{ "http-cl-twice", "GetCACert is no certificate" },
	{ "http-ct-swapped-single", "no RA certificate by a CA of GetCACert" },
	{ "http-empty-200", "PKIOperation answers 200" },
	{ "http-html-200", "GetCACert is no certificate" },
	{ "http-redirect-https", "port 443" },
	{ "http-redirect-loop", "Maximum (5) redirects followed" },
	{ "http-redirect-other", "Could not resolve host" },
	{ "http-version-09", "HTTP/0.9" },
	{ "http-version-2", "HTTP/0.9" },
	{ "po-alg", "FAILURE, failInfo 0" },
	{ "po-badtime", "FAILURE, failInfo 3" },
	{ "po-chal-", "FAILURE, failInfo 2" },
	{ "po-chal-cachefull", "no password on the page" },
	{ "po-chal-empty", "no password on the page" },
	{ "po-chal-nopassword", "no password on the page" },
	{ "po-chal-nopermission", "no password on the page" },
	{ "po-", "FAILURE, failInfo 2" },
	{ "po-subject-override", "the certificate is for another subject" },
	{ "st-ca-expired", "the issuing CA's certificate has expired" },
	{ "st-cached", "the serial number was used before" },
	{ "st-clock-hours", "the certificate does not hold yet" },
	{ "st-dup-dn", "FAILURE, failInfo 2" },
	{ "st-restart", "the CA is another one than before" },
	{ "st-revoked-signer", "FAILURE, failInfo 2" },
	{ "st-two-nodes", "FAILURE, failInfo 2" },
	{ "tr-reset-", "reset" },
	{ "tr-truncate", "transfer closed with" },
};

static inline const char *
reason_of(const char *part)
{
	const char *why = NULL;
	size_t best = 0;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		size_t n = strlen(reasons[i].part);

		if (n > best && strncmp(part, reasons[i].part, n) == 0) {
			best = n;
			why = reasons[i].why;
		}
	}
	return why;
}

/* Warnings that do not hold with this client, each a choice that its file allows. */
static const char *const reasons_to_differ[] = {
	"http-cl-both", /* goes by the chunks */
	NULL,
};

/* Beginnings of those that test_scenarios_connections.c meets. */
static const char *const reasons_elsewhere[] = { "tls-", "tr-refuse", "tr-drip",
	"tr-stall", "tr-reset-accept", "http-head-only", "http-keepalive",
	"st-crl-", NULL };

/* beginning: the names in the list may go on. */
static inline bool
reasons_have(const char *const *list, const char *name, bool beginning)
{
	for (size_t i = 0; list[i] != NULL; i++)
		if (beginning ? strncmp(list[i], name, strlen(list[i])) == 0
			      : strcmp(list[i], name) == 0)
			return true;
	return false;
}

#endif
