/* SPDX-License-Identifier: MIT */
/*
 * Judging: expectations against a site's journal. Where entries were dropped,
 * are open, or the client's own end is not known, a verdict that could be
 * another one if they were known is "incomplete", never a guess. Requests are
 * judged; entries about connections only where a condition asks for them.
 */
#ifndef JOURNAL_VERIFY_H
#define JOURNAL_VERIFY_H

#include "fault/expect.h"
#include "journal/journal.h"

enum verify_verdict { VERIFY_HELD, VERIFY_FAILED, VERIFY_INCOMPLETE };
const char *verify_verdict_name(enum verify_verdict v); /* "held" */

/* What is known of the client besides its requests: how the command of `run` ended. */
enum verify_client {
	VERIFY_CLIENT_UNKNOWN,
	VERIFY_CLIENT_SUCCEEDED,
	VERIFY_CLIENT_FAILED,
	VERIFY_CLIENTS
};
const char *verify_client_name(enum verify_client c); /* "succeeded" */

struct verify_options {
	const char *site;
	const char *scenario; /* names, for the report; copied */
	uint64_t seed;
	enum verify_client client;
	const char *
	    repeat; /* the command line that repeats the run; NULL: none; copied */
};

struct verify_result {
	enum verify_verdict verdict; /* of all that are no warnings */
	unsigned held, failed, incomplete, warnings;
};

struct
    verify_report; /* each expectation with verdict, sentence, and the numbers of the entries it is about */

/* The expectations are borrowed until verify_report_free(). NULL when we failed. */
struct verify_report *verify_run(struct journal *j,
    const struct expect *const *expects, size_t n,
    const struct verify_options *o, struct err *e);
void verify_report_free(struct verify_report *r); /* accepts NULL */
struct verify_result verify_result(const struct verify_report *r);

/*
 * Appended. The JUnit one is a <testsuites> document with one testcase an
 * expectation: failed is <failure>, incomplete is <error>, warnings pass and
 * are told in <system-out>. The JSON one has the text of the last as "text".
 */
MUST_USE int verify_write_json(
    const struct verify_report *r, struct buf *out, struct err *e);
MUST_USE int verify_write_junit(
    const struct verify_report *r, struct buf *out, struct err *e);
MUST_USE int verify_write_text(
    const struct verify_report *r, struct buf *out, struct err *e);

#endif
