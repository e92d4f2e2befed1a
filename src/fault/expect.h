/* SPDX-License-Identifier: MIT */
/*
 * What a correct client does: the `expect:` of a scenario, as data. It is
 * read and checked here, and judged in journal/verify.h.
 */
#ifndef FAULT_EXPECT_H
#define FAULT_EXPECT_H

#include "fault/when.h"

enum expect_kind { EXPECT_CLIENT, EXPECT_REQUESTS, EXPECT_ORDER, EXPECT_NEVER };

/* What the client as a whole does. */
enum expect_client {
	EXPECT_SUCCEEDS, /* it ends with a certificate that the CA issued */
	EXPECT_REFUSES, /* it does not take what it was told, and says so */
	EXPECT_RETRIES, /* it asks again, and not without end */
	EXPECT_POLLS, /* it asks again for the same transaction, later */
	EXPECT_FALLS_BACK, /* it goes on another way (GET and POST, another cipher) and succeeds */
	EXPECT_CLIENTS
};
const char *expect_client_name(enum expect_client c); /* "succeeds" */

enum expect_severity { EXPECT_ERROR, EXPECT_WARNING };

#define EXPECT_ORDER_MAX 16

struct expect {
	enum expect_kind kind;
	enum expect_client client;
	const struct when *when
	    [EXPECT_ORDER_MAX]; /* REQUESTS, NEVER: one; ORDER: several, each behind the one before */
	size_t when_count;
	bool has_count;
	uint64_t count_min,
	    count_max; /* REQUESTS; max UINT64_MAX: no end. Without count: at least 1 */
	bool has_gap;
	int64_t gap_min_ms,
	    gap_max_ms; /* between two that follow each other; max INT64_MAX: no end */
	enum expect_severity severity;
	const char *say; /* for people; NULL: none */
	unsigned line, column;
};

/* As it stands in a file: "client: refuses". Appended. */
void expect_print(const struct expect *x, struct buf *out);

#endif
