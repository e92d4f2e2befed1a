/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a file, collected while it is read and checked, in any
 * order, and written in the order of the file at the end.
 */
#ifndef SCENARIO_COMPLAINT_H
#define SCENARIO_COMPLAINT_H

#include "base/arena.h"
#include "base/err.h"

struct scenario_report;

#define COMPLAINTS_MAX 1000 /* listed; further ones are only counted */

struct place {
	unsigned line, column; /* from 1; columns count characters */
};

struct complaint {
	struct place at;
	const char *text; /* in the arena */
	bool warning; /* it does not refuse the file */
};

struct complaints {
	struct arena arena;
	struct complaint list[COMPLAINTS_MAX];
	size_t count; /* in list */
	unsigned more; /* beyond it */
	struct place more_at; /* the first of them */
	bool failed; /* memory ran out */
	unsigned warnings; /* of those in list */
};

void complaints_init(struct complaints *c);
void complaints_clear(struct complaints *c);

/* Is there room for one more? If not, spare the search for a suggestion. */
bool complaints_wanted(const struct complaints *c);

void complain(struct complaints *c, struct place at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The same, and the file is sound all the same. Dropped when the list is full. */
void warn(struct complaints *c, struct place at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Complaints, without warnings. */
static inline unsigned
complaints_total(const struct complaints *c)
{
	return (unsigned)c->count - c->warnings + c->more;
}

/* Add them to a report, in file order. -1 when memory ran out. */
MUST_USE int complaints_report(struct complaints *c, const char *file,
    struct scenario_report *report, struct err *e);

/* A piece of the file, fit for one line of a sentence and cut when long. */
struct shown {
	char s[80];
};

struct shown show(struct bytes text);

#endif
