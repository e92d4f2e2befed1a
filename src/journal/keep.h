/* SPDX-License-Identifier: MIT */
/*
 * Copies of what the journal is handed, each in one piece of memory that
 * free() gives back. Private to the room.
 */
#ifndef JOURNAL_KEEP_H
#define JOURNAL_KEEP_H

#include "journal/record.h"

/* Facts without their gaps. */
struct kept_facts {
	struct kept_fact {
		enum fact fact;
		struct fact_value value;
	} * all;
	size_t count;
};

struct kept_receipt {
	struct journal_receipt r; /* but facts */
	struct kept_facts facts;
	struct http_header *headers; /* they lie in head */
	size_t header_count;
	struct bytes head; /* "Name: value\n" each */
};

struct kept_answer {
	struct kept_facts facts;
	struct kept_rest {
		struct journal_answer a; /* but facts and headers */
		struct bytes
		    head; /* headers of the reply, "Name: value\n" each */
	} * rest; /* NULL: the facts are all that is left */
};

/* NULL when memory ran out; *bytes is what it takes. */
struct kept_receipt *keep_receipt(
    const struct journal_receipt *r, size_t *bytes);
struct kept_answer *keep_answer(const struct journal_answer *a, size_t *bytes);

/* No more of an answer than its facts. */
struct kept_answer *keep_slim(const struct kept_answer *a, size_t *bytes);

/* The facts again; a NULL: as they were at arrival; end NULL: it has not ended. They lend from the copies. */
void keep_facts(const struct kept_receipt *r, const struct kept_answer *a,
    const struct journal_end *end, struct facts *out);

#endif
