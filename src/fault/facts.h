/* SPDX-License-Identifier: MIT */
/*
 * What is known about one request, flat, by the keys that `when:` and the
 * queries of the journal share. One table of keys says how each is called,
 * what kind of value it has, and when it becomes known.
 */
#ifndef FAULT_FACTS_H
#define FAULT_FACTS_H

#include "http/request.h"

enum fact {
	/* known when the request has arrived */
	FACT_OP, /* "GetCACaps", "GetCACert", "PKIOperation", "browse", "admin", ...: the words of ndes_op_name() */
	FACT_METHOD, /* "GET", as sent */
	FACT_PATH, /* as the deployment sees it, still escaped */
	FACT_SCHEME, /* "http", "https" */
	FACT_QUERY_BYTES,
	FACT_BODY_BYTES,
	FACT_USER_AGENT,
	FACT_CLIENT, /* the peer's address */
	FACT_SESSION, /* the site: "" the default one, "x/NAME", "s/ID" */
	/* known when a PKIOperation was decoded; absent when it could not be */
	FACT_MESSAGE_TYPE, /* "PKCSReq"; a number that has no name as it came: "99" */
	FACT_TRANSACTION, /* transactionID */
	FACT_CHALLENGE, /* challengePassword */
	FACT_POLL, /* how many messages of this transaction came to the site before */
	FACT_CSR_SUBJECT, /* "CN=x, O=y" */
	FACT_CSR_SAN, /* "DNS:a, DNS:b" */
	FACT_CSR_KEY, /* "RSA", "EC", ... */
	FACT_CSR_KEY_BITS,
	FACT_CSR_DIGEST, /* "SHA-256" */
	FACT_CMS_DIGEST, /* "SHA-1", of the SignerInfo */
	FACT_CMS_CIPHER, /* "AES-128-CBC" */
	FACT_CMS_KEY_TRANSPORT, /* "PKCS1", "OAEP" */
	FACT_CMS_SIGNER, /* "self-signed", "issued" (by a CA) */
	FACT_CMS_RECIPIENTS, /* how many RecipientInfos */
	FACT_CMS_ENCODING, /* "DER", "BER" */
	FACT_CMS_VERDICT, /* "sound", or the words of scep_verdict_name() */
	/* known when the answer is: for queries and expectations only */
	FACT_STATUS, /* HTTP status that was sent; absent when none was */
	FACT_SUBSTATUS,
	FACT_WIN32,
	FACT_LAYER, /* the words of ndes_layer_name() */
	FACT_RULE, /* id of the rule that applied */
	FACT_PKI_STATUS, /* "SUCCESS", "FAILURE", "PENDING", as sent */
	FACT_FAIL_INFO, /* "badRequest", as sent */
	FACT_SERIAL, /* of the certificate that was issued; lower-case hex */
	FACT_END, /* how the connection ended: "sent", "client gone", "cut", "reset", "closed", "stalled", "hung"; "taken" (of a connection), "stopped" (the server), "lost" (it died) */
	FACTS
};

enum fact_kind { FACT_TEXT, FACT_NUMBER };
enum fact_stage { FACT_AT_ARRIVAL, FACT_AT_MESSAGE, FACT_AT_ANSWER };

struct fact_key {
	const char
	    *path; /* "csr.subject": nested in a file, dotted in a query */
	enum fact_kind kind;
	enum fact_stage stage;
	bool size; /* a number that may be written "4KiB" */
	const char *const *
	    words; /* the closed set of its values, NULL-terminated; NULL: free */
	const char *doc; /* one sentence */
};

/* The row of a fact; FACTS rows in the order of enum fact. */
const struct fact_key *fact_key(enum fact f);
/*
 * The i-th word of the closed set of a fact's values; NULL behind the last,
 * and where any text may come. A messageType and a pkiStatus may be a number besides.
 */
const char *fact_word(enum fact f, size_t i);
bool fact_is_word(enum fact f, struct bytes value);
/* A value as the fact has it: "19" is PKCSReq. Lent. */
struct bytes fact_canonical(enum fact f, struct bytes value);
/* By path, exact; -1 when there is none. */
int fact_find(struct bytes path);

struct fact_value {
	bool present;
	struct bytes text; /* of FACT_TEXT; lent */
	int64_t number; /* of FACT_NUMBER */
};

struct facts {
	enum fact_stage
	    stage; /* what is filled so far; later ones are unknown */
	struct fact_value v[FACTS];
	const struct http_header *headers; /* of the request; lent */
	size_t header_count;
};

static inline void
facts_text(struct facts *f, enum fact which, struct bytes text)
{
	f->v[which] = (struct fact_value){ true, text, 0 };
}

static inline void
facts_number(struct facts *f, enum fact which, int64_t number)
{
	f->v[which] = (struct fact_value){ true, { NULL, 0 }, number };
}

#endif
