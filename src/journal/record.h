/* SPDX-License-Identifier: MIT */
/*
 * A journal entry as a value: all that is known about one request and what
 * followed from it. The server fills it from its exchange, a part at a time;
 * the journal copies what it is given. Texts are UTF-8, spans are octets; p
 * NULL, or a text that is NULL, means that there is nothing.
 */
#ifndef JOURNAL_RECORD_H
#define JOURNAL_RECORD_H

#include "fault/facts.h"

/* A rule that was looked at: it did not apply, or did. */
struct journal_try {
	const char *rule;
	const char *verdict; /* the words of rule_verdict_name(); constant */
	const char *
	    why; /* the first condition that failed, as a sentence; NULL: none */
	uint64_t n; /* its count of matching requests; 0: not counted */
	bool drawn;
	uint32_t draw_ppm, chance_ppm;
};

/* What the client did that the RFC does not like, or that is peculiar. */
struct journal_finding {
	bool wrong; /* false: legal but worth knowing */
	const char *rfc; /* "RFC 8894 4.1"; "" when it is no rule of an RFC */
	const char *what; /* a sentence */
	const char *advice; /* what it should do; a sentence, or NULL */
};

#define JOURNAL_LAYERS_MAX 12

/* Of message, CSR and reply no more than so many octets are kept. */
#define JOURNAL_BLOB_MAX ((size_t)1 << 20)

/* At receipt. */
struct journal_receipt {
	const char *site; /* "", "x/NAME", "s/ID" */
	int64_t received_ms; /* unix milliseconds, the real clock */
	uint16_t peer_port;
	struct bytes target; /* as sent, below the site's prefix */
	const char *
	    prefix; /* of the site, which was taken off the target: "/x/NAME" */
	const struct facts
	    *facts; /* of stage FACT_AT_ARRIVAL, with the headers */
};

/* When the answer is settled, before its bytes are out. */
struct journal_answer {
	const struct facts *
	    facts; /* of stage FACT_AT_ANSWER; headers and FACT_END are not looked at */
	int64_t answered_us; /* since receipt */

	/* the message */
	struct bytes message; /* the decoded body of a PKIOperation */
	struct bytes csr; /* DER */
	const char
	    *read_up_to; /* the words of scep_stage_name(); NULL: no message */
	size_t stopped_at; /* offset in the message, or in its contents */
	const char *verdict_why; /* a sentence; "" when sound */
	struct bytes sender_nonce;
	const char *
	    challenge_state; /* the words of challenge_state_name(); NULL: not looked at */

	/* the deployment; names of layers are constants and are not copied */
	const char *layers
	    [JOURNAL_LAYERS_MAX]; /* walked, in order; FACT_LAYER is the one that answered */
	size_t layer_count;
	const char *why; /* why that layer answered so; NULL: plain success */
	const char *
	    host_key; /* the key of the model that made it: "rights.impersonate"; NULL: none */
	const char *host_value; /* its value in force, as text */
	const char *host_doc; /* what the key says, a sentence */
	unsigned event_id; /* NDES event; 0: none */
	uint32_t hresult; /* 0: none */

	/* rules */
	const struct journal_try *tries;
	size_t try_count, tries_more;
	size_t step; /* of the rule that applied (FACT_RULE), from 1 */
	const char *draw; /* the words of rule_choice_print(); NULL: none */
	const char
	    *did; /* what was done to the honest answer: "504 instead of 200" */
	bool commit; /* the deployment worked on it */

	/* the honest value beside the one sent */
	int honest_status; /* 0: there was none */
	const char *honest_pki_status, *honest_fail_info; /* NULL: no CertRep */
	int reply_status; /* of the status line as composed; 0: there is none */
	const char *reply_reason; /* constant, or in the exchange's memory */
	const struct http_header *reply_headers; /* as composed */
	size_t reply_header_count;
	struct bytes reply; /* body as sent */
	size_t reply_bytes; /* of the body, whole */

	/* the certificate issued for it; its serial number is FACT_SERIAL */
	const char *certificate_subject;

	const char *
	    nearest; /* for a request that is nothing of ours: what it may have meant; NULL: nothing is near */
	const struct journal_finding *findings;
	size_t finding_count;
	const char *
	    repeat; /* the command line that repeats it; NULL: nothing was drawn */
};

/* When the connection is through with it. */
struct journal_end {
	const char *how; /* a word of FACT_END; constant */
	int64_t ended_us; /* since receipt */
};

#endif
