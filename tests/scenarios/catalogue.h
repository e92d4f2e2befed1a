/* SPDX-License-Identifier: MIT */
/*
 * What is expected of each built-in scenario: a row for every file in
 * scenarios/, with what each request meets and which log has which line.
 */
#ifndef SCENARIOS_CATALOGUE_H
#define SCENARIOS_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define LINES 8

/* Other answers are HTTP statuses. */
enum {
	NOTHING =
	    0, /* the connection ends, or stays silent, without an answer */
	ISSUED = 1, /* a CertRep with a certificate */
	REFUSED = 2, /* a CertRep FAILURE at HTTP 200 */
};

struct row {
	const char *id;
	int caps, cacert, get, post, browse, admin;
	const char *
	    page; /* in the body of what fails first, browse to admin; NULL: not looked at */
	const char
	    *present[LINES]; /* "LOG: pattern" of a line; LOG as in evidence: */
	const char *absent[LINES];
	const char *
	    strict; /* why a strict client takes no GetCACert answer; NULL: it does */
	const char *patch; /* body of a PATCH to begin with; NULL: none */
	bool impatient; /* nothing will come: do not wait for it */
};

#define CAPS "GET /certsrv/mscep/mscep.dll operation=GetCACaps "
#define CACERT "GET /certsrv/mscep/mscep.dll operation=GetCACert "
#define BY_GET "GET /certsrv/mscep/mscep.dll operation=PKIOperation&message="
#define BY_POST "POST /certsrv/mscep/mscep.dll operation=PKIOperation "
#define BROWSE "GET /certsrv/mscep/mscep.dll - "
#define ADMIN "GET /certsrv/mscep_admin/ - "
#define VERIFY \
	"iis: POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - * NDES_Plugin - "
#define NOTIFY \
	"iis: POST /CertificateRegistrationSvc/Certificate/Notify - 443 - * NDES_Plugin - "
#define NDES "Microsoft-Windows-NetworkDeviceEnrollmentService"
#define NOTHING_AT_ALL \
	"iis: GET ", "iis: POST ", "httperr: GET ", "httperr: POST "
#define CRASH                                                                                             \
	"events: Application Error 1000 Faulting application name: w3wp.exe*0xc0000005",                  \
	    "events: Microsoft-Windows-WAS 5009 A process serving application pool 'SCEP' terminated",    \
	    "events: Microsoft-Windows-WAS 5002 Application pool 'SCEP' is being automatically disabled", \
	    "httperr: " CAPS_URI "- 1 Connection_Abandoned_By_ReqQueue SCEP",                             \
	    "httperr: 503 1 AppOffline SCEP"
#define CAPS_URI "GET /certsrv/mscep/mscep.dll[?]operation=GetCACaps - "

#define FINE 200, 200, ISSUED, ISSUED, 403, 200
#define NO_CERT(answer) 200, 200, answer, answer, 403, 200
#define ALL(answer) answer, answer, answer, answer, answer, answer

static const struct row rows[] = {
	{ "healthy", FINE, "403 - Forbidden: Access is denied.",
	    { "iis: " CAPS "* - 200 0 0 ", "iis: " CACERT "* - 200 0 0 ",
		"iis: " BY_GET "* - 200 0 0 ", "iis: " BROWSE "* - 403 0 0 ",
		VERIFY "201 0 0 ", NOTIFY "204 0 0 ",
		"ndesplugin: Verify challenge returns true",
		"setup: Installation success or error status: 0." },
	    { "httperr: GET ", "ndesplugin: returns false", "events: Faulting",
		"events: cannot" },
	    NULL, NULL, false },
	{ "caps-modern", FINE, NULL, { "iis: " CAPS "* - 200 0 0 " },
	    { "httperr: GET " }, NULL, NULL, false },
	{ "no-contact", ALL(NOTHING), NULL, { NULL }, { NOTHING_AT_ALL }, NULL,
	    NULL, false },
	{ "no-contact-reset", ALL(NOTHING), NULL, { NULL }, { NOTHING_AT_ALL },
	    NULL, NULL, false },
	{ "no-contact-silent", ALL(NOTHING), NULL, { NULL }, { NOTHING_AT_ALL },
	    NULL, NULL, true },
	{ "impersonation", ALL(500), "500 - Internal server error.",
	    { "iis: " CAPS "* - 500 0 1346 ", "iis: " BY_GET "* - 500 0 1346 ",
		"iis: " BY_POST "* - 500 0 1346 " },
	    { "iis: " CAPS "* 200 0", "httperr: GET " }, NULL, NULL, false },
	{ "general-page", 200, 200, ISSUED, ISSUED, 200, 200,
	    "This URL is used by network devices to submit certificate requests.",
	    { "iis: " BROWSE "* - 200 0 0 " },
	    { "setup: Installation completed successfully",
		"ndesplugin: VerifyRequest", VERIFY },
	    NULL, NULL, false },
	{ "setup-site-renamed", 200, 200, ISSUED, ISSUED, 200, 200,
	    "This URL is used by network devices to submit certificate requests.",
	    { "iis: " BROWSE "* - 200 0 0 ", "setup: 0x80070002",
		"setup: ConfigureIISLimits",
		"setup: returned actual error code 1603" },
	    { "setup: Installation completed successfully", VERIFY }, NULL,
	    NULL, false },
	{ "setup-cng-cert", 200, 200, ISSUED, ISSUED, 200, 200,
	    "This URL is used by network devices to submit certificate requests.",
	    { "iis: " BROWSE "* - 200 0 0 ", "setup: AddNDESToCertPrivKey",
		"setup: 0x80090014", "setup: returned actual error code 1603" },
	    { "setup: Installation completed successfully", VERIFY }, NULL,
	    NULL, false },
	{ "pool-stopped", ALL(503),
	    "HTTP Error 503. The service is unavailable.",
	    { "httperr: GET /certsrv/mscep/mscep.dll[?]operation=GetCACaps - 503 1 AppOffline SCEP",
		"httperr: GET /certsrv/mscep_admin/ - 503 1 AppOffline SCEP",
		"events: WAS 5002 ", "events: WAS 5059 " },
	    { "iis: GET ", "iis: POST ", "events: Faulting" }, NULL, NULL,
	    false },
	{ "pool-crash-root-store", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING,
	    503, "HTTP Error 503. The service is unavailable.", { CRASH },
	    { "iis: GET ", "iis: POST " }, NULL, NULL, false },
	{ "pool-crash-crl", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, 503,
	    "HTTP Error 503. The service is unavailable.",
	    { CRASH,
		"events: Microsoft-Windows-CAPI2 53 Retrieve Object from Network: http*80092013" },
	    { "iis: GET ", "iis: POST " }, NULL, NULL, false },
	{ "pool-crash-winauth", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING,
	    503, "HTTP Error 503. The service is unavailable.", { CRASH },
	    { "iis: GET ", "iis: POST " }, NULL, NULL, false },
	{ "pool-crash-ndescert", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING,
	    503, "HTTP Error 503. The service is unavailable.",
	    { CRASH,
		"events: Microsoft-Windows-CAPI2 *NDESCertThumbprint*800B0101" },
	    { "iis: GET ", "iis: POST " }, NULL, NULL, false },
	{ "gateway-timeout", ALL(504), "GatewayTimeout", { NULL },
	    { NOTHING_AT_ALL }, NULL,
	    "{\"app_proxy\":{\"gateway_timeout\":\"150ms\"}}", false },
	{ "bad-gateway", ALL(502), "BadGateway", { NULL }, { NOTHING_AT_ALL },
	    NULL, NULL, false },
	{ "page-not-displayed", ALL(NOTHING), NULL, { NULL },
	    { NOTHING_AT_ALL }, NULL, NULL, false },
	{ "uri-too-long", 200, 200, 414, ISSUED, 403, 200, NULL,
	    { "httperr: GET /certsrv/mscep/mscep.dll[?]operation=PKIOperation&message=* 414 - URL_Length -",
		"iis: " BY_POST "* - 200 0 0 " },
	    { "iis: " BY_GET }, NULL, NULL, false },
	{ "svc-account-locked", ALL(500), "500 - Internal server error.",
	    { "iis: " CAPS "* - 500 0 ",
		"events: Microsoft-Windows-WAS 5021 The identity of application pool SCEP is invalid",
		"events: Microsoft-Windows-WAS 5057 Application pool SCEP has been disabled" },
	    { "httperr: GET ", "iis: * - 200 0 0 " }, NULL, NULL, false },
	{ "svc-account-expired", ALL(500), "500 - Internal server error.",
	    { "iis: " CAPS "* - 500 0 ",
		"events: Microsoft-Windows-WAS 5021 The identity of application pool SCEP is invalid",
		"events: Microsoft-Windows-WAS 5057 Application pool SCEP has been disabled" },
	    { "httperr: GET ", "iis: * - 200 0 0 " }, NULL, NULL, false },
	{ "ra-expired", ALL(500), "500 - Internal server error.",
	    { "iis: " CAPS "* - 500 0 ", "events: " NDES " 2 *(0x80070057)",
		"events: " NDES " 10 *(0x80070057)" },
	    { "events: started successfully", "iis: * - 200 0 0 " }, NULL, NULL,
	    false },
	{ "handler-order", 200, 200, ISSUED, ISSUED, 403, 500, NULL,
	    { "iis: GET /certsrv/mscep_admin/ - * - 500 0 ",
		"events: " NDES " 2 *(0x800700ea)" },
	    { "httperr: GET " }, NULL, NULL, false },
	{ "admin-hidden", 200, 200, ISSUED, ISSUED, 403, 404, NULL,
	    { "iis: " ADMIN "* - 404 8 " }, { "iis: " ADMIN "* - 401 " }, NULL,
	    NULL, false },
	{ "admin-unauthorised", 200, 200, ISSUED, ISSUED, 403, 401, NULL,
	    { "iis: " ADMIN "* - 401 2 5 ", "iis: " ADMIN "* - 401 1 " },
	    { "iis: " ADMIN "* - 200 " }, NULL, NULL, false },
	{ "admin-no-permission", FINE,
	    "You do not have sufficient permission to enroll with SCEP.",
	    { "iis: " ADMIN "* - 200 0 0 ", "events: " NDES " 6 " },
	    { "httperr: GET " }, NULL, NULL, false },
	{ "password-cache-full", FINE, "The password cache is full.",
	    { "iis: " ADMIN "* - 200 0 0 " }, { "httperr: GET " }, NULL, NULL,
	    false },
	{ "bad-password", NO_CERT(REFUSED), NULL,
	    { "iis: " BY_POST "* - 200 0 0 ",
		"events: " NDES
		" 29 The password in the certificate request cannot be verified." },
	    { NOTIFY }, NULL, NULL, false },
	{ "ndescert-no-eku", NO_CERT(500), NULL,
	    { VERIFY "403 ", "ndesplugin: 403 - Forbidden" },
	    { NOTIFY, "ndesplugin: returns true" }, NULL, NULL, false },
	{ "crp-cn-mismatch", NO_CERT(500), NULL,
	    { "ndesplugin: WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID",
		"ndesplugin: Failed to send http request /CertificateRegistrationSvc/Certificate/VerifyRequest. Error 12175" },
	    { VERIFY, NOTIFY, "crp: VerifyRequest Started" }, NULL, NULL,
	    false },
	{ "crp-403-16", NO_CERT(500), NULL,
	    { VERIFY "403 16 2148204809 ", "ndesplugin: 403 - Forbidden" },
	    { NOTIFY, "crp: VerifyRequest Started" }, NULL, NULL, false },
	{ "crp-500", NO_CERT(NOTHING), NULL,
	    { VERIFY "500 0 0 ", "events: ASP.NET * 1310 Event code: 3007",
		"events: Application Error 1000 Faulting application name: w3wp.exe*0xc0000005",
		"events: Microsoft-Windows-WAS 5009 A process serving application pool 'SCEP' terminated",
		"httperr: POST /certsrv/mscep/mscep.dll[?]operation=PKIOperation - - 1 Connection_Abandoned_By_ReqQueue SCEP" },
	    { NOTIFY, "crp: VerifyRequest Started", "iis: " BY_GET,
		"iis: " BY_POST, "ndesplugin: Exiting VerifyRequest" },
	    NULL, NULL, false },
	{ "crp-signing-cert", NO_CERT(REFUSED), NULL,
	    { "crp: Signing certificate could not be retrieved.*m_safeCertContext is an invalid handle",
		"crp: VerifyRequest Finished with status False",
		"ndesplugin: Verify challenge returns false" },
	    { NOTIFY, "ndesplugin: returns true" }, NULL, NULL, false },
	{ "crp-encryption-cert", NO_CERT(REFUSED), NULL,
	    { "events: Microsoft Intune Connector 20502 *0x408",
		"ndesplugin: Verify challenge returns false" },
	    { NOTIFY, "ndesplugin: returns true" }, NULL, NULL, false },
	{ "crp-deserialize", NO_CERT(REFUSED), NULL,
	    { "events: Microsoft Intune Connector 20502 *0x410",
		"ndesplugin: Verify challenge returns false" },
	    { NOTIFY, "ndesplugin: returns true" }, NULL, NULL, false },
	{ "challenge-expired", NO_CERT(REFUSED), NULL,
	    { "events: Microsoft Intune Connector 20501 *0x411",
		"ndesplugin: Verify challenge returns false" },
	    { NOTIFY, "ndesplugin: returns true" }, NULL, NULL, false },
	{ "reporting-stuck", FINE, NULL, { VERIFY "201 0 0 " },
	    { NOTIFY, "ndesplugin: Exiting Notify", "crp: Notify Started" },
	    NULL, NULL, false },
	{ "template-unsupported", NO_CERT(REFUSED), NULL,
	    { "events: " NDES " 31 *cannot submit the certificate request" },
	    { NULL }, NULL, NULL, false },
	{ "key-too-small", NO_CERT(REFUSED), NULL,
	    { "events: " NDES " 31 *cannot submit the certificate request",
		"events: CertificationAuthority 53 *0x80094811*Denied by Policy Module" },
	    { NULL }, NULL, NULL, false },
	{ "template-denied", NO_CERT(REFUSED), NULL,
	    { "events: " NDES
	      " 31 *cannot submit the certificate request*80094012" },
	    { NULL }, NULL, NULL, false },
	{ "ca-down", NO_CERT(REFUSED), NULL,
	    { "events: " NDES
	      " 31 *cannot submit the certificate request*0x800706ba",
		"iis: " CACERT "* - 200 0 0 " },
	    { NULL }, NULL, NULL, false },
	{ "ios-ra-invalid", FINE, NULL, { "iis: " CACERT "* - 200 0 0 " },
	    { "httperr: GET " }, "another root", NULL, false },
	{ "ra-old-ca", FINE, NULL, { "iis: " CACERT "* - 200 0 0 " },
	    { "httperr: GET " }, "the certificates do not chain", NULL, false },
	{ "wrong-recipient", NO_CERT(500), NULL,
	    { "events: " NDES " 18 *(0x80090005)",
		"iis: " BY_POST "* - 500 0 " },
	    { NOTIFY }, "GetCACert brings 2 certificates", NULL, false },
};

#endif
