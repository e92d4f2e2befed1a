/* SPDX-License-Identifier: MIT */
/* The table of facts: what each is called in files and queries. */
#include "fault/facts.h"

#include "base/text.h"
#include "pki/alg.h"
#include "scep/message.h"

static const char *const schemes[] = { "http", "https", NULL };
static const char *const signers[] = { "self-signed", "issued", NULL };
static const char *const encodings[] = { "DER", "BER", NULL };
static const char *const transports[] = { "PKCS1", "OAEP", NULL };
static const char *const key_kinds[] = { "RSA", "EC", NULL };
static const char *const statuses[] = { "SUCCESS", "FAILURE", "PENDING", NULL };
static const char *const ops[] = { "GetCACaps", "GetCACert", "PKIOperation",
	"browse", "other", "admin", "slash", "CertEnroll", "none", "connection",
	NULL };
static const char *const ends[] = { "sent", "client gone", "cut", "reset",
	"closed", "stalled", "hung", "taken", "stopped", "lost", NULL };

#define TEXT(p, s, w, d)                     \
	{                                    \
		p, FACT_TEXT, s, false, w, d \
	}
#define NUMBER(p, s, d)                           \
	{                                         \
		p, FACT_NUMBER, s, false, NULL, d \
	}
#define SIZE(p, s, d)                            \
	{                                        \
		p, FACT_NUMBER, s, true, NULL, d \
	}

static const struct fact_key keys[FACTS] = {
	[FACT_OP] = TEXT("op", FACT_AT_ARRIVAL, ops,
	    "The operation that the request asks for."),
	[FACT_METHOD] =
	    TEXT("method", FACT_AT_ARRIVAL, NULL, "The method as it was sent."),
	[FACT_PATH] = TEXT("path", FACT_AT_ARRIVAL, NULL,
	    "The path as the deployment sees it, its escapes as sent."),
	[FACT_SCHEME] = TEXT("scheme", FACT_AT_ARRIVAL, schemes,
	    "Whether the connection has TLS."),
	[FACT_QUERY_BYTES] =
	    SIZE("query_bytes", FACT_AT_ARRIVAL, "How long the query is."),
	[FACT_BODY_BYTES] =
	    SIZE("body_bytes", FACT_AT_ARRIVAL, "How long the body is."),
	[FACT_USER_AGENT] =
	    TEXT("user_agent", FACT_AT_ARRIVAL, NULL, "The header User-Agent."),
	[FACT_CLIENT] = TEXT("client", FACT_AT_ARRIVAL, NULL,
	    "The client's address, without its port."),
	[FACT_SESSION] = TEXT("session", FACT_AT_ARRIVAL, NULL,
	    "The site: empty for the default one, x/NAME, s/ID."),
	[FACT_MESSAGE_TYPE] = TEXT("message_type", FACT_AT_MESSAGE, NULL,
	    "messageType by name; a number that has none as it is."),
	[FACT_TRANSACTION] =
	    TEXT("transaction", FACT_AT_MESSAGE, NULL, "The transactionID."),
	[FACT_CHALLENGE] =
	    TEXT("challenge", FACT_AT_MESSAGE, NULL, "The challengePassword."),
	[FACT_POLL] = NUMBER("poll", FACT_AT_MESSAGE,
	    "How many messages of this transaction came before."),
	[FACT_CSR_SUBJECT] = TEXT("csr.subject", FACT_AT_MESSAGE, NULL,
	    "The subject of the PKCS#10, as CN=x, O=y."),
	[FACT_CSR_SAN] = TEXT("csr.san", FACT_AT_MESSAGE, NULL,
	    "The alternative names it asks for, as DNS:a, DNS:b."),
	[FACT_CSR_KEY] = TEXT("csr.key", FACT_AT_MESSAGE, key_kinds,
	    "The kind of its key: RSA, EC."),
	[FACT_CSR_KEY_BITS] =
	    NUMBER("csr.key_bits", FACT_AT_MESSAGE, "The size of its key."),
	[FACT_CSR_DIGEST] = TEXT("csr.digest", FACT_AT_MESSAGE, NULL,
	    "The digest of its signature: SHA-256."),
	[FACT_CMS_DIGEST] = TEXT("cms.digest", FACT_AT_MESSAGE, NULL,
	    "The digest of the message's signature: SHA-1."),
	[FACT_CMS_CIPHER] = TEXT("cms.cipher", FACT_AT_MESSAGE, NULL,
	    "The cipher of the envelope: AES-128-CBC."),
	[FACT_CMS_KEY_TRANSPORT] = TEXT("cms.key_transport", FACT_AT_MESSAGE,
	    transports, "How the content key is wrapped."),
	[FACT_CMS_SIGNER] = TEXT("cms.signer", FACT_AT_MESSAGE, signers,
	    "Whether the signer's certificate is self-signed or a CA's."),
	[FACT_CMS_RECIPIENTS] = NUMBER("cms.recipients", FACT_AT_MESSAGE,
	    "How many recipients the envelope has."),
	[FACT_CMS_ENCODING] = TEXT("cms.encoding", FACT_AT_MESSAGE, encodings,
	    "How the message is encoded."),
	[FACT_CMS_VERDICT] = TEXT("cms.verdict", FACT_AT_MESSAGE, NULL,
	    "What the decoder found: sound, signature wrong, ..."),
	[FACT_STATUS] =
	    NUMBER("status", FACT_AT_ANSWER, "The HTTP status that was sent."),
	[FACT_SUBSTATUS] = NUMBER(
	    "substatus", FACT_AT_ANSWER, "The substatus of the IIS log."),
	[FACT_WIN32] =
	    NUMBER("win32", FACT_AT_ANSWER, "The win32 code of the IIS log."),
	[FACT_LAYER] = TEXT("layer", FACT_AT_ANSWER, NULL,
	    "The layer that answered: IIS, mscep.dll, ..."),
	[FACT_RULE] =
	    TEXT("rule", FACT_AT_ANSWER, NULL, "The rule that applied."),
	[FACT_PKI_STATUS] = TEXT("pki_status", FACT_AT_ANSWER, statuses,
	    "The pkiStatus that was sent."),
	[FACT_FAIL_INFO] = TEXT(
	    "fail_info", FACT_AT_ANSWER, NULL, "The failInfo that was sent."),
	[FACT_SERIAL] = TEXT("serial", FACT_AT_ANSWER, NULL,
	    "The serial number of the certificate that was issued."),
	[FACT_END] =
	    TEXT("end", FACT_AT_ANSWER, ends, "How the connection ended."),
};

const struct fact_key *
fact_key(enum fact f)
{
	return &keys[f];
}

const char *
fact_word(enum fact f, size_t i)
{
	static const int types[] = { SCEP_PKCSREQ, SCEP_RENEWALREQ,
		SCEP_UPDATEREQ, SCEP_CERTPOLL, SCEP_GETCERT, SCEP_GETCRL,
		SCEP_CERTREP };

	switch ((int)f) {
	case FACT_MESSAGE_TYPE:
		return i < nitems(types) ? scep_type_name(types[i]) : NULL;
	case FACT_CMS_CIPHER:
		return i + 1 < PKI_CIPHERS
		    ? pki_cipher_row((enum pki_cipher)(i + 1))->name
		    : NULL;
	case FACT_CSR_DIGEST:
	case FACT_CMS_DIGEST:
		return i + 1 < PKI_DIGESTS
		    ? pki_digest_row((enum pki_digest)(i + 1))->name
		    : NULL;
	case FACT_CMS_VERDICT:
		return i < SCEP_VERDICTS
		    ? scep_verdict_name((enum scep_verdict)i)
		    : NULL;
	default:
		return f < FACTS && keys[f].words != NULL ? keys[f].words[i]
							  : NULL;
	}
}

bool
fact_is_word(enum fact f, struct bytes value)
{
	const char *word;

	for (size_t i = 0; (word = fact_word(f, i)) != NULL; i++) {
		if (bytes_eq_nocase(value, bytes_str(word)))
			return true;
	}
	return false;
}

struct bytes
fact_canonical(enum fact f, struct bytes value)
{
	const char *name = "unknown";
	uint64_t n;

	/* "03" is no messageType of its own */
	if (value.n == 0 || (value.n > 1 && value.p[0] == '0') ||
	    text_u64(value, 999999, &n) == -1)
		return value;
	if (f == FACT_MESSAGE_TYPE)
		name = scep_type_name((int)n);
	else if (f == FACT_PKI_STATUS)
		name = scep_status_name((int)n);
	else if (f == FACT_FAIL_INFO)
		name = scep_fail_name((int)n);
	return strcmp(name, "unknown") == 0 ? value : bytes_str(name);
}

int
fact_find(struct bytes path)
{
	for (int i = 0; i < FACTS; i++) {
		if (bytes_eq(path, bytes_str(keys[i].path)))
			return i;
	}
	return -1;
}
