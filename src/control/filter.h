/* SPDX-License-Identifier: MIT */
/* A condition out of the query of a call, in the vocabulary of `when:`. */
#ifndef CONTROL_FILTER_H
#define CONTROL_FILTER_H

#include "control/call.h"
#include "fault/when.h"

struct filter {
	struct arena arena;
	struct when *when; /* all of it must hold; NULL: nothing was asked */
};

/*
 * Read all parameters but those in known (up to a NULL): "op=PKIOperation",
 * "status=over:399", "header.X-Probe=present:true", as when_test_parse() has
 * values. -1: a problem is the answer. filter_clear() is right after both.
 */
MUST_USE int filter_read(
    struct control_call *c, const char *const *known, struct filter *out);

/* The same of any query; -1 with a sentence. */
MUST_USE int filter_parse(struct bytes query, const char *const *known,
    struct filter *out, struct err *e);

void filter_clear(struct filter *f); /* accepts a zeroed one */

/* For certain, as far as it is known. */
bool filter_holds(const struct filter *f, const struct facts *facts);

#endif
