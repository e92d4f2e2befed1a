/* SPDX-License-Identifier: MIT */
/*
 * The Intune policy module in mscep.dll, and the certificate registration
 * point (CRP) on the same host that it asks by HTTPS: is the challenge good
 * (VerifyRequest), and what came of it (Notify). What the module's own
 * certificates and stores do to the pool is worker_process.c's; here is what lets the
 * pool live and the request fail. One row for each state of health.
 *
 * Not established and chosen here: the exit codes of VerifyRequest other than
 * 0x0 (those that Windows has for the error that was met), 403.7 for a client
 * certificate that may not be used as one, 201 for a "false", and SCEP_ERROR
 * (0x80004005) and no NDES event for the device's refusal. That a device sees
 * an HTTP error when the registration point gave no verdict, and a dropped
 * connection when the pool crashed over it, is documented; the form of a
 * plain no is not. policy_module.rejection chooses otherwise.
 */
#include <stdio.h>

#include "base/text.h"
#include "ndes/decide.h"

#define VERIFY "/CertificateRegistrationSvc/Certificate/VerifyRequest"
#define NOTIFY "/CertificateRegistrationSvc/Certificate/Notify"
#define UNTRUSTED_ROOT 2148204809u /* 0x800b0109 */

#define LINES_MAX 4
#define TRANSACTION_MAX 256

enum health {
	GOOD,
	NAME_MISMATCH,
	NO_CLIENT_AUTH,
	UNTRUSTED,
	TEMP_NOT_WRITABLE,
	NO_SIGNING_CERT,
	NO_ENCRYPTION_CERT,
	NOT_READ,
	TOO_OLD,
	HEALTHS
};

/* The connector's event, in its old log and its new one. */
struct connector_events {
	enum event_kind before, now;
	const char *code, *text; /* NULL: verified */
};

/* What follows when policy_module.rejection is by-cause. */
enum consequence {
	CERTREP_FAILURE, /* the registration point said no */
	HTTP_ERROR, /* it said nothing that can be used */
	CRASH, /* the worker process does not outlive it */
};

struct health_row {
	const char *why; /* NULL: the answer is yes */
	const char *key; /* of the model, that is why */
	enum consequence consequence;
	const char *plugin[LINES_MAX]; /* between the call and its end */
	uint32_t exit_code; /* of VerifyRequest */
	const char *crp[LINES_MAX];
	struct ndes_crp_request answer; /* path NULL: no request arrived */
	struct connector_events events;
};

#define STARTED "VerifyRequest Started."
#define PHASE_1 "Validation Phase 1 finished with status True."
#define PHASE_3 "Validation Phase 3 finished with status True."
#define FINISHED(status) "VerifyRequest Finished with status " status
#define RETURNS "Verify challenge returns "
#define PAGE(title)                                                           \
	RETURNS "<html><head><title>" title "</title></head><body><h2>" title \
		"</h2></body></html>"
#define FAILED(code, text)                                                  \
	{                                                                   \
		EVENT_CONNECTOR_VERIFY_FAILED, EVENT_CONNECTORS_4005, code, \
		    text                                                    \
	}

static const struct health_row health_rows[HEALTHS] = {
	[GOOD] = {
		.plugin = { RETURNS "true" },
		.crp = { STARTED, PHASE_1, PHASE_3, FINISHED("True") },
		.answer = { VERIFY, 201, 0, 0 },
		.events = { EVENT_CONNECTOR_VERIFY_OK, EVENT_CONNECTORS_4004,
		    NULL, NULL },
	},
	[NAME_MISMATCH] = {
		.key = "policy_module.crp_tls",
		.why = "the registration point's TLS certificate is for "
		       "another name (policy_module.crp_tls, error 12175)",
		.consequence = HTTP_ERROR,
		.plugin = { "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID",
		    "Failed to send http request " VERIFY ". Error 12175" },
		.exit_code = 0x80072f8f,
	},
	[NO_CLIENT_AUTH] = {
		.key = "policy_module.client_certificate",
		.why = "the registration point answered 403: the policy "
		       "module's certificate is not for Client "
		       "Authentication (policy_module.client_certificate)",
		.consequence = HTTP_ERROR,
		.plugin = { PAGE("403 - Forbidden: Access is denied.") },
		.exit_code = 0x80190193,
		.answer = { VERIFY, 403, 7, 0 },
	},
	[UNTRUSTED] = {
		.key = "root_store.crp_intermediates",
		.why = "the registration point answered 403.16: intermediate "
		       "certificates are among its trusted roots "
		       "(root_store.crp_intermediates)",
		.consequence = HTTP_ERROR,
		.plugin = { PAGE("403 - Forbidden: Access is denied.") },
		.exit_code = 0x80190193,
		.answer = { VERIFY, 403, 16, UNTRUSTED_ROOT },
	},
	[TEMP_NOT_WRITABLE] = {
		.key = "policy_module.crp_health",
		.why = "the registration point answered 500: it may not write "
		       "to C:\\Windows\\Temp (policy_module.crp_health)",
		.consequence = CRASH,
		.plugin = { PAGE("500 - Internal server error.") },
		.exit_code = 0x801901f4,
		.answer = { VERIFY, 500, 0, 0 },
	},
	[NO_SIGNING_CERT] = {
		.key = "policy_module.crp_health",
		.why = "the registration point has no signing certificate "
		       "(policy_module.crp_health, 0x409)",
		.plugin = { RETURNS "false" },
		.crp = { STARTED,
		    "Signing certificate could not be retrieved. "
		    "System.Security.Cryptography.CryptographicException: "
		    "m_safeCertContext is an invalid handle.",
		    FINISHED("False") },
		.answer = { VERIFY, 201, 0, 0 },
		.events = FAILED(
		    "0x409", "The signing certificate could not be retrieved."),
	},
	[NO_ENCRYPTION_CERT] = {
		.key = "policy_module.crp_health",
		.why = "the registration point has no encryption certificate "
		       "(policy_module.crp_health, 0x408)",
		.plugin = { RETURNS "false" },
		.crp = { STARTED,
		    "Encryption certificate could not be retrieved.",
		    FINISHED("False") },
		.answer = { VERIFY, 201, 0, 0 },
		.events = FAILED("0x408",
		    "The encryption certificate could not be retrieved."),
	},
	[NOT_READ] = {
		.key = "policy_module.crp_health",
		.why = "the registration point cannot read the challenge "
		       "(policy_module.crp_health, 0x410)",
		.plugin = { RETURNS "false" },
		.crp = { STARTED,
		    "The challenge parameters could not be deserialized.",
		    FINISHED("False") },
		.answer = { VERIFY, 201, 0, 0 },
		.events = FAILED("0x410",
		    "The challenge parameters could not be deserialized."),
	},
	[TOO_OLD] = {
		.key = "policy_module.challenge",
		.why = "the challenge of the Intune profile has expired "
		       "(policy_module.challenge, 0x411); the device needs a "
		       "new one",
		.plugin = { RETURNS "false" },
		.crp = { STARTED, PHASE_1, "The challenge has expired.",
		    FINISHED("False") },
		.answer = { VERIFY, 201, 0, 0 },
		.events = { EVENT_CONNECTOR_REJECTED, EVENT_CONNECTORS_4005,
		    "0x411", "The challenge has expired." },
	},
};

static const enum health crp_healths[] = {
	[HOST_CRP_HEALTHY] = GOOD,
	[HOST_CRP_TEMP_NOT_WRITABLE] = TEMP_NOT_WRITABLE,
	[HOST_CRP_NO_SIGNING_CERT] = NO_SIGNING_CERT,
	[HOST_CRP_NO_ENCRYPTION_CERT] = NO_ENCRYPTION_CERT,
	[HOST_CRP_DESERIALIZE] = NOT_READ,
};

/* What the request to the registration point meets first. */
static enum health
find_health(const struct host *h)
{
	if (h->policy_module.crp_tls == HOST_CRP_TLS_CN_MISMATCH)
		return NAME_MISMATCH;
	if (h->policy_module.client_certificate == HOST_CLIENT_NO_EKU)
		return NO_CLIENT_AUTH;
	if (h->root_store.crp_intermediates)
		return UNTRUSTED;
	if (h->policy_module.crp_health != HOST_CRP_HEALTHY)
		return crp_healths[h->policy_module.crp_health];
	if (h->policy_module.challenge == HOST_CHALLENGE_EXPIRED)
		return TOO_OLD;
	return GOOD;
}

/* The transactionID as logs can show it. */
static const char *
transaction(struct ndes_exchange *x)
{
	struct bytes id = x->message.transaction_id;
	const char *text;
	struct buf b;

	if (id.n > TRANSACTION_MAX)
		id.n = TRANSACTION_MAX;
	buf_init(&b, 4 * TRANSACTION_MAX + 1);
	text_printable(&b, id);
	text = arena_str(&x->arena, buf_bytes(&b));
	buf_clear(&b);
	return text == NULL ? "" : text;
}

static void
note_call(struct ndes_exchange *x, const struct health_row *row, bool returns)
{
	ndes_note_plugin(x, "Calling VerifyRequest ...");
	ndes_note_plugin(
	    x, "Sending request to certificate registration point.");
	for (size_t i = 0; i < LINES_MAX && row->plugin[i] != NULL; i++)
		ndes_note_plugin(x, "%s", row->plugin[i]);
	if (returns)
		ndes_note_plugin(x, "Exiting VerifyRequest with 0x%lx",
		    (unsigned long)row->exit_code);
}

static void
note_answer(struct ndes_exchange *x, const struct health_row *row)
{
	const struct ndes_crp_request *answer = &row->answer;
	const struct connector_events *events = &row->events;
	const char *id;

	for (size_t i = 0; i < LINES_MAX && row->crp[i] != NULL; i++)
		ndes_note_crp(x, "%s", row->crp[i]);
	if (answer->path != NULL)
		ndes_note_crp_request(x, answer->path, answer->status,
		    answer->substatus, answer->win32);
	if (events->before == EVENT_NONE)
		return;
	id = transaction(x);
	ndes_note_event(x, events->before, id, events->code, events->text);
	ndes_note_event(x, events->now, id, events->code, events->text);
}

/* The form in which a device is told; with CRASH there is none. */
static enum consequence
find_consequence(const struct host *h, const struct health_row *row)
{
	switch ((enum host_rejection)h->policy_module.rejection) {
	case HOST_REJECT_CERTREP:
		return CERTREP_FAILURE;
	case HOST_REJECT_500:
		return HTTP_ERROR;
	case HOST_REJECT_BY_CAUSE:
		break;
	}
	return row->consequence;
}

static void
reject(struct ndes_exchange *x, const struct health_row *row,
    enum consequence consequence)
{
	const struct ndes_refusal refusal = {
		.fail_info = SCEP_BAD_REQUEST,
		.hresult = HRESULT_FAIL,
		.why = row->why,
		.key = row->key,
	};

	ndes_reject(x, &refusal,
	    consequence == CERTREP_FAILURE ? HOST_REJECT_CERTREP
					   : HOST_REJECT_500);
	if (consequence == CRASH)
		ndes_worker_die(x, NULL, row->why);
	x->answered_by = NDES_LAYER_POLICY_MODULE;
}

bool
ndes_policy_verify(struct ndes_exchange *x)
{
	enum health health = find_health(x->host);
	const struct health_row *row = &health_rows[health];
	enum consequence consequence = find_consequence(x->host, row);

	note_call(x, row, row->why == NULL || consequence != CRASH);
	note_answer(x, row);
	if (health == TEMP_NOT_WRITABLE)
		ndes_note_event(x, EVENT_ASPNET, NULL, NULL, NULL);
	if (row->why == NULL)
		return true;
	reject(x, row, consequence);
	return false;
}

void
ndes_policy_notify(struct ndes_exchange *x)
{
	if (x->host->policy_module.connector_service != HOST_RUNNING)
		return;
	ndes_note_plugin(x, "Calling Notifyrequest ...");
	ndes_note_plugin(
	    x, "Sending request to certificate registration point.");
	ndes_note_plugin(x, "Exiting Notify with 0x0");
	ndes_note_crp(x, "Notify Started");
	ndes_note_crp(x, "Notify Finished");
	ndes_note_crp_request(x, NOTIFY, 204, 0, 0);
}
