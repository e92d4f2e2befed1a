/* SPDX-License-Identifier: MIT */
/*
 * A journal entry as a value: all that is known about one request and what
 * followed from it. The server fills it from its exchange, a part at a time;
 * the journal copies what it is given. Texts are UTF-8, spans are octets; p
 * NULL means that there is nothing.
 */
#ifndef JOURNAL_RECORD_H
#define JOURNAL_RECORD_H

#include "fault/facts.h"

/* A rule that was looked at and did not apply, or did. */
struct journal_try {
	const char *rule;
	const char *verdict; /* the words of rule_verdict_name() */
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

#define JOURNAL_TRIES_MAX 32
#define JOURNAL_FINDINGS_MAX 16
#define JOURNAL_LAYERS_MAX 12

/* At receipt. */
struct journal_receipt {
	const char *site; /* "", "x/NAME", "s/ID" */
	int64_t received_ms; /* unix milliseconds, the real clock */
	const char *peer; /* "127.0.0.1" */
	uint16_t peer_port;
	bool tls;
	struct bytes method, target; /* as sent, below the site's prefix */
	struct bytes headers; /* "Name: value\n" each, in order */
	size_t body_bytes;
};

/* When the answer is settled, before its bytes are out. */
struct journal_answer {
	const struct facts *facts; /* of stage FACT_AT_ANSWER */
	int64_t answered_us; /* since receipt */
	/* the message */
	struct bytes message; /* the decoded body of a PKIOperation, DER */
	struct bytes csr; /* DER */
	const char
	    *read_up_to; /* the words of scep_stage_name(); NULL: no message */
	size_t stopped_at;
	const char *verdict_why; /* sentence; "" when sound */
	struct bytes sender_nonce;
	const char *
	    challenge_state; /* the words of challenge_state_name(); NULL: not looked at */
	/* the deployment */
	const char *layers
	    [JOURNAL_LAYERS_MAX]; /* walked, in order; the last one answered */
	size_t layer_count;
	const char *why; /* why that layer answered so; NULL: plain success */
	const char *
	    host_key; /* the key of the model that made it: "rights.impersonate"; NULL: none */
	const char *host_value; /* its value in force, as text */
	unsigned event_id; /* NDES event; 0: none */
	uint32_t hresult;
	/* rules */
	struct journal_try tries[JOURNAL_TRIES_MAX];
	size_t try_count, tries_more;
	const char *rule; /* the one that applied; NULL: none */
	size_t step;
	const char *draw; /* the words of rule_choice_print(); NULL: none */
	const char *
	    did; /* what was done to the honest answer, a phrase: "status 504 instead of 200" */
	bool commit; /* the deployment worked on it */
	/* honest value beside the one sent */
	int honest_status;
	const char *honest_pki_status, *honest_fail_info; /* NULL: no CertRep */
	struct bytes reply_head; /* status line and headers as composed */
	struct bytes reply; /* body as sent */
	uint64_t reply_bytes; /* of the body */
	/* the certificate issued for it */
	const char *certificate_subject; /* NULL: none */
	struct journal_finding findings[JOURNAL_FINDINGS_MAX];
	size_t finding_count;
	const char *
	    repeat; /* the command line that repeats it; NULL: nothing was drawn */
};

/* When the connection is through with it. */
struct journal_end {
	const char *
	    how; /* "sent", "client gone", "cut", "reset", "closed", "stalled", "hung", "stopped" */
	int64_t ended_us; /* since receipt */
};

#endif
