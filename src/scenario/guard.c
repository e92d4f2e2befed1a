/* SPDX-License-Identifier: MIT */
/*
 * The limits here were found by trying libfyaml 0.7.12 with hostile files:
 * runs of blank lines inside a text cost it the square of their length; what
 * is open or listed inside brackets on one line stays in memory as tokens,
 * 200 to 400 bytes each; every directive is kept as a message.
 */
#include "scenario/guard.h"

#include "scenario/scenario.h"

#define BLANK_LINES_MAX 200 /* in a row */
#define BLANK_BYTES_MAX 1024 /* in a row, line ends included */
#define BRACKETS_OPEN_MAX 1000
#define LINE_MARKS_MAX 262144 /* of []{},:&*! on one line */

struct scan {
	struct place at;
	unsigned blank_lines, blank_bytes, line_marks, open;
};

size_t
guard_utf8(struct bytes s, size_t at, uint32_t *code)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};

	for (size_t i = 0; i < nitems(forms); i++) {
		uint32_t v = s.p[at] & (uint8_t)~forms[i].mask;

		if ((s.p[at] & forms[i].mask) != forms[i].lead)
			continue;
		if (i >= s.n - at)
			return 0;
		for (size_t k = 1; k <= i; k++) {
			if ((s.p[at + k] & 0xc0) != 0x80)
				return 0;
			v = v << 6 | (s.p[at + k] & 0x3f);
		}
		if (v < forms[i].least || v > 0x10ffff ||
		    (v >= 0xd800 && v <= 0xdfff))
			return 0;
		*code = v;
		return i + 1;
	}
	return 0;
}

static bool
is_control(uint32_t code)
{
	return (code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
	    (code >= 0x7f && code < 0xa0);
}

bool
guard_text_clean(struct bytes text)
{
	uint32_t code;

	for (size_t at = 0; at < text.n;) {
		size_t n = guard_utf8(text, at, &code);

		if (n == 0 || is_control(code))
			return false;
		at += n;
	}
	return true;
}

/* What stands open in brackets, and how many tokens may be on this line. */
static void
count_brackets(struct scan *s, uint32_t code)
{
	if (code == '[' || code == '{')
		s->open++;
	else if ((code == ']' || code == '}') && s->open > 0)
		s->open--;
	else if (code > 0x7f || strchr("]},:&*!", (int)code) == NULL)
		return;
	s->line_marks++;
}

static void
count_blanks(struct scan *s, uint32_t code)
{
	if (code != ' ' && code != '\t' && code != '\n' && code != '\r') {
		s->blank_lines = 0;
		s->blank_bytes = 0;
		return;
	}
	s->blank_bytes++;
	if (code == '\n')
		s->blank_lines++;
}

static void
move_on(struct scan *s, uint32_t code, bool line_ends)
{
	if (line_ends) {
		s->at.line++;
		s->at.column = 1;
		s->line_marks = 0;
	} else if (code != 0xfeff || s->at.line > 1 || s->at.column > 1) {
		s->at.column++;
	}
}

/* What is wrong here, if anything. */
static const char *
objection(const struct scan *s, uint32_t code, size_t n)
{
	if (n == 0)
		return "this is not UTF-8";
	if (is_control(code))
		return "a control character stands here";
	if (code == '%' && s->at.column == 1 && s->at.line > 1)
		return "a line may not begin with '%'";
	/* the last line of a text ends before the blank ones begin */
	if (s->blank_lines > BLANK_LINES_MAX + 1)
		return "more than 200 blank lines in a row";
	if (s->blank_bytes > BLANK_BYTES_MAX)
		return "more than 1024 blanks in a row";
	if (s->open > BRACKETS_OPEN_MAX)
		return "brackets nest too deep";
	if (s->line_marks > LINE_MARKS_MAX)
		return "too much stands on one line; break it into lines";
	return NULL;
}

bool
guard_passes(struct bytes text, struct complaints *c)
{
	struct scan s = { .at = { 1, 1 } };

	if (text.n > SCENARIO_FILE_MAX) {
		complain(c, s.at, "the file is larger than %u bytes",
		    SCENARIO_FILE_MAX);
		return false;
	}
	for (size_t i = 0, n; i < text.n; i += n) {
		uint32_t code = 0;
		const char *why;

		n = guard_utf8(text, i, &code);
		count_brackets(&s, code);
		count_blanks(&s, code);
		why = objection(&s, code, n);
		if (why != NULL) {
			complain(c, s.at, "%s", why);
			return false;
		}
		move_on(&s, code,
		    code == '\n' ||
			(code == '\r' &&
			    (i + 1 == text.n || text.p[i + 1] != '\n')));
	}
	return true;
}
