/* SPDX-License-Identifier: MIT */
/*
 * What NDES answers to a message: the table of verdicts, the message types it
 * does not serve, and for the rest enroll.c; and the event that it logs about
 * it. Codes are those of reference section 4; where that leaves a case open,
 * the row says what was chosen.
 */
#include "ndes/decide.h"

#include <stdio.h>

#include "ndes/product.h"

#define E_DECODE 16 /* events: cannot decode the http message */
#define E_RETRIEVE 17 /* cannot retrieve information from the PKCS#7 */
#define E_DECRYPT 18 /* cannot decrypt the PKCS#7 */
#define E_SUBMIT 31 /* cannot submit the request to the CA */

enum answer {
	ANSWER_HTTP, /* an error page */
	ANSWER_CERTREP, /* FAILURE, when there is a transaction to answer */
};

struct verdict_row {
	enum answer answer;
	int fail_info;
	uint32_t hresult;
	unsigned event_id;
	const char *why;
};

/* clang-format off */
static const struct verdict_row verdict_rows[SCEP_VERDICTS] = {
	[SCEP_SOUND] = { ANSWER_HTTP, 0, 0, 0, "" },
	[SCEP_NOT_ASN1] = { ANSWER_HTTP, 0, HRESULT_ASN1_BAD_TAG, E_DECODE,
	    "the message is not a CMS structure; send the DER of a pkiMessage, base64 in a GET, binary in a POST" },
	[SCEP_TRUNCATED] = { ANSWER_HTTP, 0, HRESULT_ASN1_BAD_TAG, E_DECODE,
	    "the message ends early; send all of it, with '+' and '=' unharmed" },
	[SCEP_OVER_LIMIT] = { ANSWER_HTTP, 0, HRESULT_MSG_ERROR, E_DECODE,
	    "the message has more of something than is taken" },
	[SCEP_NOT_SIGNED_DATA] = { ANSWER_HTTP, 0, HRESULT_MSG_ERROR, E_RETRIEVE,
	    "the message is not SignedData; wrap the enveloped PKCS#10 in SignedData" },
	[SCEP_NO_SIGNER_INFO] = { ANSWER_HTTP, 0, HRESULT_MSG_ERROR, E_RETRIEVE,
	    "the SignedData has no SignerInfo; sign the message" },
	[SCEP_NO_SIGNED_ATTRIBUTES] = { ANSWER_HTTP, 0, HRESULT_MSG_ERROR, E_RETRIEVE,
	    "the SignerInfo has no signed attributes; SCEP keeps transactionID and messageType there" },
	[SCEP_ATTRIBUTE_MISSING] = { ANSWER_HTTP, 0, HRESULT_MSG_ERROR, E_RETRIEVE,
	    "a signed attribute is missing; send transactionID, messageType, senderNonce, contentType, messageDigest" },
	[SCEP_ATTRIBUTE_BAD] = { ANSWER_HTTP, 0, HRESULT_MSG_ERROR, E_RETRIEVE,
	    "a signed attribute is malformed" },
	[SCEP_NO_SIGNER_CERTIFICATE] = { ANSWER_HTTP, 0, HRESULT_MSG_ERROR, E_RETRIEVE,
	    "the signer's certificate is not in the message; put the self-signed or old one into SignedData.certificates" },
	[SCEP_SIGNER_KEY_BAD] = { ANSWER_HTTP, 0, HRESULT_BAD_ALGORITHM, E_RETRIEVE,
	    "the signer's key is not usable; sign with an RSA key" },
	[SCEP_ALGORITHM_UNKNOWN] = { ANSWER_CERTREP, SCEP_BAD_ALG, HRESULT_BAD_ALGORITHM, E_RETRIEVE,
	    "an algorithm of the message is not known; use those that GetCACaps lists" },
	[SCEP_DIGEST_WRONG] = { ANSWER_CERTREP, SCEP_BAD_MESSAGE_CHECK, HRESULT_BAD_SIGNATURE, E_RETRIEVE,
	    "messageDigest is not the digest of the content" },
	[SCEP_SIGNATURE_WRONG] = { ANSWER_CERTREP, SCEP_BAD_MESSAGE_CHECK, HRESULT_BAD_SIGNATURE, E_RETRIEVE,
	    "the signature does not hold; sign the DER of the signed attributes as a SET OF with the signer's own key" },
	[SCEP_NO_CONTENT] = { ANSWER_HTTP, 0, HRESULT_BAD_DATA, E_DECRYPT,
	    "there is no pkcsPKIEnvelope; envelope the PKCS#10 for the RA encryption certificate" },
	[SCEP_NOT_ENVELOPED] = { ANSWER_HTTP, 0, HRESULT_BAD_DATA, E_DECRYPT,
	    "the content is not EnvelopedData; envelope the PKCS#10 for the RA encryption certificate" },
	[SCEP_WRONG_RECIPIENT] = { ANSWER_HTTP, 0, HRESULT_BAD_DATA, E_DECRYPT,
	    "the envelope is for another certificate; encrypt for the RA certificate with keyEncipherment, the second of GetCACert" },
	[SCEP_KEY_NOT_UNWRAPPED] = { ANSWER_HTTP, 0, HRESULT_BAD_DATA, E_DECRYPT,
	    "the RA encryption key does not open the envelope; encrypt with the key of the second certificate of GetCACert" },
	[SCEP_NOT_DECRYPTED] = { ANSWER_HTTP, 0, HRESULT_BAD_DATA, E_DECRYPT,
	    "the contents of the envelope do not decrypt" },
	[SCEP_BAD_INNER] = { ANSWER_CERTREP, SCEP_BAD_REQUEST, HRESULT_ASN1_BAD_TAG, E_SUBMIT,
	    "the decrypted contents are not what the message type needs; for PKCSReq send a PKCS#10" },
	[SCEP_NO_POSSESSION] = { ANSWER_CERTREP, SCEP_BAD_REQUEST, HRESULT_BAD_SIGNATURE, E_SUBMIT,
	    "the PKCS#10 is not signed by its own key" },
};
/* clang-format on */

/* ---- outcomes ---- */

/* The sentence, with the decoder's own words behind. */
static void
say(struct ndes_exchange *x, const char *why, const char *what)
{
	if (what == NULL || what[0] == '\0')
		snprintf(x->outcome.why, sizeof(x->outcome.why), "%s", why);
	else
		snprintf(x->outcome.why, sizeof(x->outcome.why), "%s (%s)", why,
		    what);
}

void
ndes_refuse(struct ndes_exchange *x, const struct ndes_refusal *refusal)
{
	x->outcome.decision = NDES_REFUSED;
	x->outcome.fail_info = refusal->fail_info;
	x->outcome.hresult = refusal->hresult;
	x->outcome.event_id = refusal->event_id;
	x->key = refusal->key;
	if (refusal->why != x->outcome.why)
		say(x, refusal->why, NULL);
}

static void
no_certrep(struct ndes_exchange *x, uint32_t hresult, unsigned event_id)
{
	x->outcome.decision = NDES_NO_CERTREP;
	x->outcome.hresult = hresult;
	x->outcome.event_id = event_id;
}

static bool
is_meant_for(const struct scep_message *m, const struct pki_cert *cert)
{
	return m->recipient_serial.n > 0 &&
	    bytes_eq(m->recipient_serial, cert->serial) &&
	    bytes_eq(m->recipient_issuer, cert->issuer);
}

/* Whose the envelope is, where that is a certificate of ours; else the decoder's words. */
static const char *
detail(const struct ndes_exchange *x)
{
	static const struct {
		enum ca_role role;
		const char *text;
	} others[] = {
		{ CA_ISSUING, "it is for the CA certificate, the third" },
		{ CA_RA_SIGN,
		    "it is for the RA signing certificate, the first" },
		{ CA_ROOT, "it is for the root certificate" },
	};
	const struct scep_message *m = &x->message;

	if (m->verdict != SCEP_WRONG_RECIPIENT)
		return m->what;
	for (size_t i = 0; i < nitems(others); i++) {
		if (is_meant_for(
			m, ca_material_cert(x->dep->material, others[i].role)))
			return others[i].text;
	}
	return m->what;
}

void
ndes_reject(
    struct ndes_exchange *x, const struct ndes_refusal *refusal, int form)
{
	ndes_refuse(x, refusal);
	if (form == HOST_REJECT_500)
		no_certrep(x, refusal->hresult, refusal->event_id);
}

static void
decide_by_verdict(struct ndes_exchange *x)
{
	const struct scep_message *m = &x->message;
	const struct verdict_row *row = &verdict_rows[m->verdict];

	say(x, row->why, detail(x));
	if (row->answer == ANSWER_CERTREP && m->transaction_id.n > 0) {
		struct ndes_refusal refusal = {
			.fail_info = row->fail_info,
			.hresult = row->hresult,
			.event_id = row->event_id,
			.why = x->outcome.why,
		};

		ndes_refuse(x, &refusal);
		return;
	}
	no_certrep(x, row->hresult, row->event_id);
}

/* ---- what a message may be ---- */

/* message= is missing or not base64: nothing to look into. */
static bool
refuse_transport(struct ndes_exchange *x)
{
	if (x->message_der.n == 0 && x->base64_fault == NULL) {
		say(x,
		    ndes_product(x->host)->post == NDES_POST_UNREAD
			? "PKIOperation without message=; this product does "
			  "not read the body of a POST, so send the message "
			  "base64 in message= of a GET"
			: "PKIOperation without a message; send it base64 in "
			  "message= of a GET, or binary as the body of a POST",
		    NULL);
	} else if (x->base64_fault != NULL) {
		char what[SCEP_WHAT_MAX];

		snprintf(what, sizeof(what),
		    "message= is not base64 at offset %zu (%s), read up to %s",
		    x->base64_fault_at, x->base64_fault,
		    scep_stage_name(x->message.stage));
		say(x, "send base64 of the DER, percent-encoded", what);
	} else {
		return false;
	}
	no_certrep(x, HRESULT_ASN1_BAD_TAG, E_DECODE);
	return true;
}

static const struct {
	int type;
	const char *why;
} unserved[] = {
	{ SCEP_CERTPOLL,
	    "no request is pending under this transactionID; NDES decides at "
	    "once here, so send a PKCSReq" },
	{ SCEP_GETCERT, "NDES does not answer GetCert" },
	{ SCEP_GETCRL,
	    "NDES does not answer GetCRL; fetch the CRL from the URL in the "
	    "certificate" },
	{ SCEP_CERTREP, "a CertRep is an answer and no request" },
};

static bool
is_enrollment(int type)
{
	return type == SCEP_PKCSREQ || type == SCEP_RENEWALREQ;
}

/* A type that is not served is told so even when its contents are odd. */
static bool
is_readable(const struct scep_message *m)
{
	switch (m->verdict) {
	case SCEP_SOUND:
	case SCEP_NO_CONTENT:
	case SCEP_NOT_ENVELOPED:
	case SCEP_BAD_INNER:
	case SCEP_NO_POSSESSION:
		return m->transaction_id.n > 0;
	case SCEP_NOT_ASN1:
	case SCEP_TRUNCATED:
	case SCEP_OVER_LIMIT:
	case SCEP_NOT_SIGNED_DATA:
	case SCEP_NO_SIGNER_INFO:
	case SCEP_NO_SIGNED_ATTRIBUTES:
	case SCEP_ATTRIBUTE_MISSING:
	case SCEP_ATTRIBUTE_BAD:
	case SCEP_NO_SIGNER_CERTIFICATE:
	case SCEP_SIGNER_KEY_BAD:
	case SCEP_ALGORITHM_UNKNOWN:
	case SCEP_DIGEST_WRONG:
	case SCEP_SIGNATURE_WRONG:
	case SCEP_WRONG_RECIPIENT:
	case SCEP_KEY_NOT_UNWRAPPED:
	case SCEP_NOT_DECRYPTED:
	case SCEP_VERDICTS:
		break;
	}
	return false;
}

/* A captured NDES answers badRequest with 0x80070057 to these, without an event. */
static void
refuse_type(struct ndes_exchange *x)
{
	struct ndes_refusal refusal = {
		.fail_info = SCEP_BAD_REQUEST,
		.hresult = HRESULT_INVALID_ARGUMENT,
		.why = "NDES does not know this messageType; it serves "
		       "PKCSReq (19) and RenewalReq (17)",
	};

	for (size_t i = 0; i < nitems(unserved); i++) {
		if (unserved[i].type == x->message.type)
			refusal.why = unserved[i].why;
	}
	ndes_refuse(x, &refusal);
}

static int
decide(struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e)
{
	const struct scep_message *m = &x->message;

	if (refuse_transport(x))
		return 0;
	if (is_readable(m) && !is_enrollment(m->type)) {
		refuse_type(x);
		return 0;
	}
	if (m->verdict != SCEP_SOUND) {
		decide_by_verdict(x);
		return 0;
	}
	return ndes_enroll(x, ctx, e);
}

/* ---- the event ---- */

enum event_data {
	DATA_CODE_TEXT,
	DATA_TEXT_CODE, /* the two were seen swapped in event 31 */
	DATA_NONE,
};

static const struct {
	unsigned id;
	enum event_kind kind;
	enum event_data data;
} event_rows[] = {
	{ 16, EVENT_NDES_DECODE, DATA_CODE_TEXT },
	{ 17, EVENT_NDES_RETRIEVE, DATA_CODE_TEXT },
	{ 18, EVENT_NDES_DECRYPT, DATA_CODE_TEXT },
	{ 28, EVENT_NDES_RENEWAL, DATA_CODE_TEXT },
	{ 29, EVENT_NDES_PASSWORD, DATA_NONE },
	{ 31, EVENT_NDES_SUBMIT, DATA_TEXT_CODE },
};

static void
note_event(struct ndes_exchange *x, enum event_kind kind, enum event_data data)
{
	uint32_t hresult = x->outcome.hresult;
	const char *text = hresult_text(hresult);
	char code[HRESULT_TEXT_SIZE];

	/* A captured event 31 has the general code for what the CA called 0x80094800. */
	if (kind == EVENT_NDES_SUBMIT &&
	    hresult == HRESULT_UNSUPPORTED_TEMPLATE)
		hresult = HRESULT_FAIL;
	hresult_code(hresult, code);
	switch (data) {
	case DATA_CODE_TEXT:
		ndes_note_event(x, kind, code, text, NULL);
		break;
	case DATA_TEXT_CODE:
		ndes_note_event(x, kind, text, code, NULL);
		break;
	case DATA_NONE:
		ndes_note_event(x, kind, NULL, NULL, NULL);
		break;
	}
}

int
ndes_pki_decide(struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e)
{
	if (x->reply.status != 0)
		return 0;
	if (decide(x, ctx, e) == -1)
		return -1;
	for (size_t i = 0; i < nitems(event_rows); i++) {
		if (event_rows[i].id == x->outcome.event_id)
			note_event(x, event_rows[i].kind, event_rows[i].data);
	}
	return 0;
}
