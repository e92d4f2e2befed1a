/* SPDX-License-Identifier: MIT */
/* Complaints: collecting, sorting, and the form in which they are printed. */
#include "scenario/complaint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "scenario/scenario.h"

#define ARENA_MAX ((size_t)4 << 20)
#define SENTENCE_MAX 640
#define SHOWN_MAX 60
#define FILE_NAME_MAX 1024

void
complaints_init(struct complaints *c)
{
	arena_init(&c->arena, ARENA_MAX);
	c->count = 0;
	c->more = 0;
	c->failed = false;
	c->warnings = 0;
}

void
complaints_clear(struct complaints *c)
{
	arena_clear(&c->arena);
}

bool
complaints_wanted(const struct complaints *c)
{
	return c->count < COMPLAINTS_MAX;
}

static void
keep(struct complaints *c, struct place at, const char *sentence, bool warning)
{
	char *text = arena_str(&c->arena, bytes_str(sentence));

	if (text == NULL) {
		c->failed = true;
		return;
	}
	c->list[c->count++] = (struct complaint){ at, text, warning };
	c->warnings += warning;
}

void
complain(struct complaints *c, struct place at, const char *fmt, ...)
{
	char sentence[SENTENCE_MAX];
	va_list ap;

	if (!complaints_wanted(c)) {
		if (c->more++ == 0)
			c->more_at = at;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	keep(c, at, sentence, false);
}

void
warn(struct complaints *c, struct place at, const char *fmt, ...)
{
	char sentence[SENTENCE_MAX];
	va_list ap;

	if (!complaints_wanted(c))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	keep(c, at, sentence, true);
}

static int
compare(const void *a, const void *b)
{
	const struct complaint *x = a, *y = b;

	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	if (x->at.column != y->at.column)
		return x->at.column < y->at.column ? -1 : 1;
	return strcmp(x->text, y->text);
}

/* The name as complaints carry it: one line whatever the file is called. */
static void
file_name(char out[FILE_NAME_MAX], const char *file)
{
	(void)snprintf(out, FILE_NAME_MAX, "%s", file);
	for (char *p = out; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
}

int
complaints_report(struct complaints *c, const char *file,
    struct scenario_report *report, struct err *e)
{
	char name[FILE_NAME_MAX];

	if (c->failed)
		return err_set(e, ERR_MEMORY, "no memory for complaints");
	file_name(name, file);
	qsort(c->list, c->count, sizeof(c->list[0]), compare);
	for (size_t i = 0; i < c->count; i++)
		buf_addf(&report->lines, "%s:%u:%u: %s: %s\n", name,
		    c->list[i].at.line, c->list[i].at.column,
		    c->list[i].warning ? "warning" : "error", c->list[i].text);
	if (c->more > 0)
		buf_addf(&report->lines,
		    "%s:%u:%u: error: %u more mistakes, from here on, are not "
		    "listed\n",
		    name, c->more_at.line, c->more_at.column, c->more);
	for (size_t i = 0; i < c->count && report->errors == 0; i++) {
		if (c->list[i].warning || report->line != 0)
			continue;
		report->line = c->list[i].at.line;
		report->column = c->list[i].at.column;
	}
	report->errors += complaints_total(c);
	report->warnings += c->warnings;
	if (!buf_ok(&report->lines))
		return err_set(e, ERR_MEMORY, "no memory for complaints");
	return 0;
}

struct shown
show(struct bytes text)
{
	struct shown out;
	size_t n = text.n;

	if (n > SHOWN_MAX) {
		n = SHOWN_MAX;
		/* not in the middle of a character */
		while (n > 0 && (text.p[n] & 0xc0) == 0x80)
			n--;
	}
	for (size_t i = 0; i < n; i++)
		out.s[i] = text.p[i] < 0x20 || text.p[i] == 0x7f
		    ? ' '
		    : (char)text.p[i];
	(void)snprintf(
	    out.s + n, sizeof(out.s) - n, "%s", n < text.n ? "..." : "");
	return out;
}
