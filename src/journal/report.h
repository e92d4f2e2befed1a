/* SPDX-License-Identifier: MIT */
/* A judgement as a value. Private to the room. */
#ifndef JOURNAL_REPORT_H
#define JOURNAL_REPORT_H

#include "journal/judge.h"

struct verify_report {
	struct judge *judges; /* one an expectation */
	size_t count;
	char *site, *scenario, *repeat; /* "" for none */
	uint64_t seed;
	enum verify_client client;
	uint64_t entries, open, dropped;
	int64_t first_ms, last_ms; /* of the entries; unix milliseconds */
};

#endif
