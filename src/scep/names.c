/* SPDX-License-Identifier: MIT */
/* The words for the codec's numbers, as RFC 8894 and our log spell them. */
#include "scep/message.h"

struct name_row {
	int number;
	const char *name;
};

static const struct name_row types[] = {
	{ SCEP_CERTREP, "CertRep" },
	{ SCEP_RENEWALREQ, "RenewalReq" },
	{ SCEP_UPDATEREQ, "UpdateReq" },
	{ SCEP_PKCSREQ, "PKCSReq" },
	{ SCEP_CERTPOLL, "CertPoll" },
	{ SCEP_GETCERT, "GetCert" },
	{ SCEP_GETCRL, "GetCRL" },
};

static const struct name_row statuses[] = {
	{ SCEP_SUCCESS, "SUCCESS" },
	{ SCEP_FAILURE, "FAILURE" },
	{ SCEP_PENDING, "PENDING" },
};

static const struct name_row fails[] = {
	{ SCEP_BAD_ALG, "badAlg" },
	{ SCEP_BAD_MESSAGE_CHECK, "badMessageCheck" },
	{ SCEP_BAD_REQUEST, "badRequest" },
	{ SCEP_BAD_TIME, "badTime" },
	{ SCEP_BAD_CERT_ID, "badCertId" },
};

static const char *const stages[SCEP_STAGES] = {
	[SCEP_AT_START] = "nothing",
	[SCEP_AT_CONTENT_INFO] = "the ContentInfo",
	[SCEP_AT_SIGNED_DATA] = "the SignedData",
	[SCEP_AT_ATTRIBUTES] = "the signed attributes",
	[SCEP_AT_SIGNER] = "the signer's certificate",
	[SCEP_AT_SIGNATURE] = "the signature",
	[SCEP_AT_ENVELOPE] = "the EnvelopedData",
	[SCEP_AT_RECIPIENT] = "the RecipientInfo",
	[SCEP_AT_CONTENT] = "the decrypted contents",
	[SCEP_AT_INNER] = "the messageData",
	[SCEP_AT_POSSESSION] = "the proof of possession",
};

static const char *const verdicts[SCEP_VERDICTS] = {
	[SCEP_SOUND] = "sound",
	[SCEP_NOT_ASN1] = "not ASN.1",
	[SCEP_TRUNCATED] = "truncated",
	[SCEP_OVER_LIMIT] = "over limit",
	[SCEP_NOT_SIGNED_DATA] = "not SignedData",
	[SCEP_NO_SIGNER_INFO] = "no SignerInfo",
	[SCEP_NO_SIGNED_ATTRIBUTES] = "no signed attributes",
	[SCEP_ATTRIBUTE_MISSING] = "attribute missing",
	[SCEP_ATTRIBUTE_BAD] = "attribute bad",
	[SCEP_NO_SIGNER_CERTIFICATE] = "no signer certificate",
	[SCEP_SIGNER_KEY_BAD] = "signer key bad",
	[SCEP_ALGORITHM_UNKNOWN] = "algorithm unknown",
	[SCEP_DIGEST_WRONG] = "digest wrong",
	[SCEP_SIGNATURE_WRONG] = "signature wrong",
	[SCEP_NO_CONTENT] = "no content",
	[SCEP_NOT_ENVELOPED] = "not enveloped",
	[SCEP_WRONG_RECIPIENT] = "wrong recipient",
	[SCEP_KEY_NOT_UNWRAPPED] = "key not unwrapped",
	[SCEP_NOT_DECRYPTED] = "not decrypted",
	[SCEP_BAD_INNER] = "bad inner message",
	[SCEP_NO_POSSESSION] = "no proof of possession",
};

static const char *
name_of(const struct name_row *rows, size_t n, int number)
{
	for (size_t i = 0; i < n; i++) {
		if (rows[i].number == number)
			return rows[i].name;
	}
	return "unknown";
}

const char *
scep_type_name(int type)
{
	return name_of(types, nitems(types), type);
}

const char *
scep_status_name(int status)
{
	return name_of(statuses, nitems(statuses), status);
}

const char *
scep_fail_name(int fail)
{
	return name_of(fails, nitems(fails), fail);
}

const char *
scep_stage_name(enum scep_stage stage)
{
	return (unsigned)stage < SCEP_STAGES ? stages[stage] : "unknown";
}

const char *
scep_verdict_name(enum scep_verdict v)
{
	return (unsigned)v < SCEP_VERDICTS ? verdicts[v] : "unknown";
}
