/* SPDX-License-Identifier: MIT */
/*
 * Windows events that the simulated host writes: one row for each, with its
 * log, provider, level and text (reference section 8). Texts are templates:
 * %1 to %4 are the data of the event.
 */
#ifndef NDES_EVENTS_H
#define NDES_EVENTS_H

#include "base/buf.h"

enum event_kind {
	EVENT_NONE,
	/* Application, Microsoft-Windows-NetworkDeviceEnrollmentService */
	EVENT_NDES_STARTED, /* 1 */
	EVENT_NDES_FAILED_TO_LOAD, /* 2: code, text */
	EVENT_NDES_STOPPED, /* 3 */
	EVENT_NDES_NO_PASSWORD, /* 6: code, text */
	EVENT_NDES_RA_CERT, /* 10: code, text */
	EVENT_NDES_DECODE, /* 16: code, text */
	EVENT_NDES_RETRIEVE, /* 17: code, text */
	EVENT_NDES_DECRYPT, /* 18: code, text */
	EVENT_NDES_RENEWAL, /* 28: code, text */
	EVENT_NDES_PASSWORD, /* 29 */
	EVENT_NDES_SUBMIT, /* 31: ErrorCode holds the text, ErrorMessage the code, as in the field */
	/* System, WAS */
	EVENT_WAS_RAPID_FAIL, /* 5002: pool */
	EVENT_WAS_CRASHED, /* 5009: pool, process id, exit code */
	EVENT_WAS_IDENTITY, /* 5021: pool */
	EVENT_WAS_IDENTITY_DISABLED, /* 5057: pool */
	EVENT_WAS_START_FAILED, /* 5059: pool */
	/* Application */
	EVENT_APP_ERROR, /* Application Error 1000: process id */
	EVENT_ASPNET, /* ASP.NET 1310, event code 3007 */
	EVENT_CA_DENIED, /* CertificationAuthority 53: request id, reason, code */
	/* Microsoft-Windows-CAPI2/Operational */
	EVENT_CAPI2_CHAIN, /* 11 build chain: subject, error */
	EVENT_CAPI2_POLICY, /* 30 verify chain policy: subject, error */
	EVENT_CAPI2_REVOCATION, /* 53 retrieve object from network: url, error */
	/* Microsoft Intune Connector (old names) and CertificateConnectors (new) */
	EVENT_CONNECTOR_VERIFY_OK, /* 20500: transaction */
	EVENT_CONNECTOR_REJECTED, /* 20501: transaction, diagnostic code, text */
	EVENT_CONNECTOR_VERIFY_FAILED, /* 20502: transaction, diagnostic code, text */
	EVENT_CONNECTORS_4004, /* verify ok: transaction */
	EVENT_CONNECTORS_4005, /* verify failed: transaction, diagnostic code, text */
	EVENTS
};

#define EVENT_DATA_MAX 4
#define EVENT_DATA_BYTES 2048 /* of each; the rest is cut */

struct event_row {
	const char *log; /* "Application": file name and Channel */
	const char *provider;
	const char *source; /* EventSourceName of a classic provider, or NULL */
	const char *guid; /* NULL: none known */
	unsigned id;
	unsigned level; /* 2 error, 3 warning, 4 information, as in event XML */
	const char
	    *names[EVENT_DATA_MAX]; /* of the data; NULL: unnamed or none */
	const char *text; /* with %1 to %4 */
};

/* NULL for EVENT_NONE and out of range. */
const struct event_row *event_row(enum event_kind kind);

/* One event that happened. Texts are copied where it is noted. */
struct event {
	enum event_kind kind;
	const char *data[EVENT_DATA_MAX]; /* NULL behind the last */
};

/* "Error", "Warning", "Information" */
const char *event_level_name(unsigned level);

/* The message with its data put in. Appended. */
void event_text(struct buf *out, const struct event *event);

/* Date, level, provider, id and message on one line, without line end. Appended. */
void event_line(struct buf *out, const struct event *event, int64_t now_ms);

/* An <Event> element on one line, as Windows' event viewer exports it; UTF-8, well-formed whatever the data. record numbers it. Appended. */
void event_xml(struct buf *out, const struct event *event, const char *computer,
    uint64_t record, int64_t now_ms);

/* Text of an element: markup escaped; what XML 1.0 cannot hold, or is no UTF-8, is U+FFFD. Appended. */
void event_xml_text(struct buf *out, struct bytes s);

#endif
