/* SPDX-License-Identifier: MIT */
/*
 * One expectation under judgement: it sees every entry of the site, oldest
 * first, and then concludes. Private to the room.
 */
#ifndef JOURNAL_JUDGE_H
#define JOURNAL_JUDGE_H

#include "journal/verify.h"

#define JUDGE_IDS 20 /* entries that a report names of one expectation */
#define JUDGE_OPS 4

/* An answer that was bad, and what followed. */
struct judge_try {
	uint64_t bad; /* the entry; 0: none */
	uint64_t again; /* how often the same was asked after it */
};

struct judge {
	const struct expect *x; /* borrowed */
	enum verify_verdict verdict;
	struct buf why;
	uint64_t ids[JUDGE_IDS];
	size_t id_count;

	uint64_t seen; /* requests that match */
	uint64_t maybe; /* those of which it is not known yet */
	/* of requests: the last one that matched, and the first gap that is wrong */
	int64_t last_ms;
	bool has_last, gap_short, gap_long;
	int64_t gap_ms;
	/* of order */
	size_t step;
	/* of a client */
	bool
	    settled; /* entries that are not seen could not change the verdict */
	uint64_t requests, messages;
	uint64_t issued; /* the entry that brought a certificate; 0: none */
	struct judge_try tries[JUDGE_OPS];
	uint64_t lie,
	    after_lie; /* a reply that a rule falsified, and a message that came after it */
	bool lie_in_message; /* it was a CertRep */
	uint64_t polled; /* a transaction that came again */
	struct judge_way {
		uint64_t id;
		char method[16], cipher[32], digest[16], transport[16],
		    scheme[8];
	} failed_way,
	    way; /* that failed last, and another one that went well */
};

/* What all of them know when they conclude. */
struct judge_world {
	uint64_t dropped; /* entries of the site that nobody can see */
	enum verify_client client;
};

void judge_see(struct judge *j, const struct journal_entry *entry);
void judge_conclude(struct judge *j, const struct judge_world *w);

/* judge_client.c */
void judge_client_see(struct judge *j, const struct journal_entry *entry);
void judge_client_conclude(struct judge *j, const struct judge_world *w);

/* Note an entry that the expectation is about. */
void judge_note(struct judge *j, uint64_t id);
/* A verdict and its sentence. */
void judge_say(struct judge *j, enum verify_verdict v, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
