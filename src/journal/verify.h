/* SPDX-License-Identifier: MIT */
/*
 * Judging: expectations against a site's journal. Where entries were dropped
 * or are still open, a verdict that could be another with them is
 * "incomplete", never a guess.
 */
#ifndef JOURNAL_VERIFY_H
#define JOURNAL_VERIFY_H

#include "fault/expect.h"
#include "journal/journal.h"

enum verify_verdict { VERIFY_HELD, VERIFY_FAILED, VERIFY_INCOMPLETE };
const char *verify_verdict_name(enum verify_verdict v); /* "held" */

/* What is known of the client besides its requests. */
enum verify_client {
	VERIFY_CLIENT_UNKNOWN,
	VERIFY_CLIENT_SUCCEEDED,
	VERIFY_CLIENT_FAILED
};

struct verify_options {
	const char *site;
	const char *scenario; /* name, for the report */
	uint64_t seed;
	enum verify_client client; /* how the command of `run` ended */
	const char
	    *repeat; /* the command line that repeats the run; NULL: none */
};

struct verify_result {
	enum verify_verdict verdict; /* of all that are errors */
	unsigned held, failed, incomplete, warnings;
};

struct
    verify_report; /* each expectation with verdict, sentence, the numbers of the entries it is about */

/* NULL when we failed. */
struct verify_report *verify_run(struct journal *j,
    const struct expect *const *expects, size_t n,
    const struct verify_options *o, struct err *e);
void verify_report_free(struct verify_report *r); /* accepts NULL */
struct verify_result verify_result(const struct verify_report *r);

/* Appended. The JUnit one is a <testsuites> document with one testcase an expectation; warnings are <system-out>, incomplete is <error>. */
MUST_USE int verify_write_json(
    const struct verify_report *r, struct buf *out, struct err *e);
MUST_USE int verify_write_junit(
    const struct verify_report *r, struct buf *out, struct err *e);
MUST_USE int verify_write_text(
    const struct verify_report *r, struct buf *out, struct err *e);

#endif
