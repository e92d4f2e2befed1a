/* SPDX-License-Identifier: MIT */
/*
 * The events, one row each. What the reference quotes is word for word, since
 * people search for it; the rest is our own. The faulting module of Application
 * Error 1000 is that of the article, whatever the product.
 */
#include "ndes/events.h"

#define ERROR 2
#define WARNING 3
#define INFORMATION 4

#define NDES "The Network Device Enrollment Service "

#define IN_NDES                                       \
	.log = "Application",                         \
	.provider = "Microsoft-Windows-"              \
		    "NetworkDeviceEnrollmentService", \
	.guid = "{73144342-19d1-47a4-94de-d38e6a054ad5}"
#define IN_WAS                                                                 \
	.log = "System", .provider = "Microsoft-Windows-WAS", .source = "WAS", \
	.guid = "{524B5D04-133C-4A62-8362-64E8EDB9CE40}"
#define IN_CAPI2                                      \
	.log = "Microsoft-Windows-CAPI2/Operational", \
	.provider = "Microsoft-Windows-CAPI2",        \
	.guid = "{5bbca4a8-b209-48dc-a8c7-b23d3e5216fb}", .level = ERROR
#define IN_OLD_CONNECTOR                     \
	.log = "Microsoft Intune Connector", \
	.provider = "Microsoft Intune Connector"
#define IN_NEW_CONNECTOR                                       \
	.log = "Microsoft-Intune-CertificateConnectors/Admin", \
	.provider = "Microsoft-Intune-CertificateConnectors"

#define CODE_AND_TEXT .names = { "ErrorCode", "ErrorMessage" }
#define POOL .names = { "AppPoolID" }
#define VERIFIED .names = { "TransactionId" }
#define NOT_VERIFIED \
	.names = { "TransactionId", "DiagnosticCode", "DiagnosticText" }

static const struct event_row rows[EVENTS] = {
	[EVENT_NDES_STARTED] = { IN_NDES, .id = 1, .level = INFORMATION,
	    .text = NDES "started successfully." },
	[EVENT_NDES_FAILED_TO_LOAD] = { IN_NDES, .id = 2, .level = ERROR,
	    CODE_AND_TEXT, .text = NDES "cannot be started (%1). %2" },
	[EVENT_NDES_STOPPED] = { IN_NDES, .id = 3, .level = INFORMATION,
	    .text = NDES "has been stopped." },
	[EVENT_NDES_NO_PASSWORD] = { IN_NDES, .id = 6, .level = ERROR,
	    CODE_AND_TEXT,
	    .text = NDES "cannot provide its password (%1). %2 The user who "
			 "asks needs Enroll permission on the configured "
			 "templates, and the CA must issue them." },
	[EVENT_NDES_RA_CERT] = { IN_NDES, .id = 10, .level = ERROR,
	    CODE_AND_TEXT,
	    .text = NDES
	    "cannot retrieve one of its required certificates (%1). %2" },
	[EVENT_NDES_DECODE] = { IN_NDES, .id = 16, .level = ERROR,
	    CODE_AND_TEXT,
	    .text = NDES
	    "cannot decode the http message from the client (%1). %2" },
	[EVENT_NDES_RETRIEVE] = { IN_NDES, .id = 17, .level = ERROR,
	    CODE_AND_TEXT,
	    .text = NDES "cannot retrieve required information, such as "
			 "transaction ID, message type or signing "
			 "certificate, from the client's PKCS7 message (%1). "
			 "%2" },
	[EVENT_NDES_DECRYPT] = { IN_NDES, .id = 18, .level = ERROR,
	    CODE_AND_TEXT,
	    .text = NDES "cannot decrypt the client's PKCS7 message (%1). %2" },
	[EVENT_NDES_RENEWAL] = { IN_NDES, .id = 28, .level = ERROR,
	    CODE_AND_TEXT,
	    .text = NDES "refused the client's renewal request (%1). %2" },
	[EVENT_NDES_PASSWORD] = { IN_NDES, .id = 29, .level = ERROR,
	    .text = "The password in the certificate request cannot be "
		    "verified. It may have been used already. Obtain a new "
		    "password to submit with this request." },
	[EVENT_NDES_SUBMIT] = { IN_NDES, .id = 31, .level = ERROR,
	    CODE_AND_TEXT,
	    .text = NDES "cannot submit the certificate request (%1). %2" },

	[EVENT_WAS_RAPID_FAIL] = { IN_WAS, .id = 5002, .level = ERROR, POOL,
	    .text = "Application pool '%1' is being automatically disabled "
		    "due to a series of failures in the process(es) serving "
		    "that application pool." },
	[EVENT_WAS_CRASHED] = { IN_WAS, .id = 5009, .level = WARNING,
	    .names = { "AppPoolID", "ProcessID", "ExitCode" },
	    .text = "A process serving application pool '%1' terminated "
		    "unexpectedly. The process id was '%2'. The process exit "
		    "code was '%3'." },
	[EVENT_WAS_IDENTITY] = { IN_WAS, .id = 5021, .level = WARNING, POOL,
	    .text = "The identity of application pool %1 is invalid: its "
		    "account may be locked, or its password expired or "
		    "wrong. The pool stays off until the identity is "
		    "mended." },
	[EVENT_WAS_IDENTITY_DISABLED] = { IN_WAS, .id = 5057, .level = WARNING,
	    POOL,
	    .text = "Application pool %1 has been disabled, because its "
		    "identity is invalid." },
	[EVENT_WAS_START_FAILED] = { IN_WAS, .id = 5059, .level = ERROR, POOL,
	    .text = "Application pool %1 has been disabled. WAS encountered "
		    "a failure when it started a worker process to serve the "
		    "application pool." },

	[EVENT_APP_ERROR] = { .log = "Application",
	    .provider = "Application Error",
	    .id = 1000,
	    .level = ERROR,
	    .names = { "ProcessId" },
	    .text = "Faulting application name: w3wp.exe, version: "
		    "8.5.9600.16384, time stamp: 0x5215df96\n"
		    "Faulting module name: ntdll.dll, version: "
		    "6.3.9600.18821, time stamp: 0x59ba86db\n"
		    "Exception code: 0xc0000005\n"
		    "Faulting process id: %1" },
	[EVENT_ASPNET] = { .log = "Application",
	    .provider = "ASP.NET 4.0.30319.0",
	    .id = 1310,
	    .level = WARNING,
	    .text = "Event code: 3007\n"
		    "Event message: A compilation error has occurred.\n"
		    "Application Virtual Path: /CertificateRegistrationSvc" },
	[EVENT_CA_DENIED] = { .log = "Application",
	    .provider = "Microsoft-Windows-CertificationAuthority",
	    .id = 53,
	    .level = WARNING,
	    .names = { "RequestId", "Reason", "ErrorCode" },
	    .text = "Active Directory Certificate Services denied request %1 "
		    "because %2 %3. Additional information: Denied by Policy "
		    "Module" },

	[EVENT_CAPI2_CHAIN] = { IN_CAPI2, .id = 11,
	    .names = { "Subject", "Result" },
	    .text = "Build Chain: %1. Result: %2" },
	[EVENT_CAPI2_POLICY] = { IN_CAPI2, .id = 30,
	    .names = { "Subject", "Result" },
	    .text = "Verify Chain Policy: %1. Result: %2" },
	[EVENT_CAPI2_REVOCATION] = { IN_CAPI2, .id = 53,
	    .names = { "URL", "Result" },
	    .text = "Retrieve Object from Network: %1. Result: %2" },

	[EVENT_CONNECTOR_VERIFY_OK] = { IN_OLD_CONNECTOR, .id = 20500,
	    .level = INFORMATION, VERIFIED,
	    .text = "The challenge of transaction %1 was verified." },
	[EVENT_CONNECTOR_REJECTED] = { IN_OLD_CONNECTOR, .id = 20501,
	    .level = ERROR, NOT_VERIFIED,
	    .text = "The challenge of transaction %1 was rejected "
		    "(diagnostic code %2). %3" },
	[EVENT_CONNECTOR_VERIFY_FAILED] = { IN_OLD_CONNECTOR, .id = 20502,
	    .level = ERROR, NOT_VERIFIED,
	    .text = "The challenge of transaction %1 could not be verified "
		    "(diagnostic code %2). %3" },
	[EVENT_CONNECTORS_4004] = { IN_NEW_CONNECTOR, .id = 4004,
	    .level = INFORMATION, VERIFIED,
	    .text = "The SCEP request with transaction %1 was verified." },
	[EVENT_CONNECTORS_4005] = { IN_NEW_CONNECTOR, .id = 4005,
	    .level = ERROR, NOT_VERIFIED,
	    .text = "Verification of the SCEP request with transaction %1 "
		    "failed (diagnostic code %2). %3" },
};

const struct event_row *
event_row(enum event_kind kind)
{
	if ((unsigned)kind >= EVENTS || rows[kind].log == NULL)
		return NULL;
	return &rows[kind];
}
