/* SPDX-License-Identifier: MIT */
/* What the resources of the journal share; private to the room. */
#ifndef CONTROL_REQUESTS_H
#define CONTROL_REQUESTS_H

#include "base/quantity.h"
#include "control/call.h"
#include "control/filter.h"
#include "journal/journal.h"

/* The journal; NULL: a problem is the answer. */
struct journal *requests_journal(struct control_call *c);

/* An answer with entries, as it grows. */
struct requests_list {
	struct buf json; /* owned */
	size_t n, want;
	bool more; /* there are more than were wanted */
};

void requests_begin(struct requests_list *l, size_t want);
/* For journal_query(). */
bool requests_add(void *ctx, const struct journal_entry *entry);
void requests_end(struct requests_list *l, struct journal *j, const char *site);

/* wait.c: GET /v1/requests/wait */
void requests_wait(struct control_call *c);

/* Who answers those that wait: one thread for all, which runs while there are any. */
struct clerk;
struct clerk *clerk_new(struct err *e); /* NULL on failure */
void clerk_free(struct clerk *k); /* accepts NULL; nobody waits any more */

#endif
