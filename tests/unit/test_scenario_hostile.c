/* SPDX-License-Identifier: MIT */
/*
 * Files that mean harm: damaged copies of good ones, nesting bombs, and the
 * shapes that cost libfyaml time or memory out of proportion. Each must end
 * in a scenario or in complaints, soon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "scenario/scenario.h"
#include "support/sweep.h"

/*
 * Processor time that one file may take. Generous: with the sanitizers on a
 * slow machine the largest takes two seconds, what the guard refuses would
 * take minutes.
 */
#define SECONDS_MAX 30

/* One line of complaints for each error, or a scenario and none. */
static void
load_any(const uint8_t *p, size_t n)
{
	struct scenario_report r;
	struct err e = { 0 };
	struct scenario *s;
	struct host host;

	scenario_report_init(&r);
	s = scenario_load("f", bytes_of(p, n), &r, &e);
	assert_int_equal(e.code, ERR_NONE);
	if (s == NULL) {
		assert_in_range(r.errors, 1, UINT32_MAX);
		assert_in_range(r.line, 1, UINT32_MAX);
		assert_in_range(r.column, 1, UINT32_MAX);
		assert_int_equal(r.lines.p[r.lines.n - 1], '\n');
	} else {
		assert_int_equal(r.errors, 0);
		assert_int_equal(r.lines.n == 0, r.warnings == 0);
		host_init(&host);
		scenario_apply(s, &host);
	}
	scenario_free(s);
	scenario_report_clear(&r);
}

static void
load_variant(void *ctx, const uint8_t *p, size_t n, size_t which)
{
	(void)ctx;
	(void)which;
	load_any(p, n);
}

/* ---- damage ---- */

static void
survives_every_truncation_of_every_built_in(void **state)
{
	size_t n;
	const struct scenario_builtin *rows = scenario_builtins(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		sweep_truncations(
		    rows[i].text.p, rows[i].text.n, load_variant, NULL);
}

static void
survives_flipped_bits_in_every_built_in(void **state)
{
	size_t n;
	const struct scenario_builtin *rows = scenario_builtins(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		sweep_bit_flips(
		    rows[i].text.p, rows[i].text.n, 11, load_variant, NULL);
}

static uint32_t
next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Put a piece of YAML, or of the file itself, somewhere into the file. */
static void
mutate(struct buf *out, struct bytes text, uint32_t *seed)
{
	static const char *const pieces[] = { "[", "]", "{", "}", ":", ": ",
		"- ", "\n", "\"", "'", "&a ", "*a ", "!t ", "? ", "#", " #",
		"|", ">", "\n---\n", "\n...\n", "%", "@", ",", "~", "\t",
		"\n\n", "  ", "\xc3", "\xef\xbb\xbf", "\r", "<<: ", "host:" };
	size_t at = next(seed) % text.n;
	size_t drop = next(seed) % 8;
	size_t from = next(seed) % text.n;

	buf_add(out, bytes_of(text.p, at));
	if (next(seed) % 4 == 0)
		buf_add(out, bytes_of(text.p + from, (text.n - from) % 200));
	else
		buf_add_str(out, pieces[next(seed) % nitems(pieces)]);
	buf_add(out, bytes_from(text, at + drop));
}

static void
survives_random_edits_of_every_built_in(void **state)
{
	size_t n;
	const struct scenario_builtin *rows = scenario_builtins(&n);
	uint32_t seed = 20200130;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct bytes text = rows[next(&seed) % n].text;
		struct buf b[2];

		buf_init(&b[0], 1u << 20);
		buf_init(&b[1], 1u << 20);
		mutate(&b[0], text, &seed);
		mutate(&b[1], buf_bytes(&b[0]), &seed);
		load_any(b[0].p, b[0].n);
		load_any(b[1].p, b[1].n);
		buf_clear(&b[0]);
		buf_clear(&b[1]);
	}
}

/* ---- bombs ---- */

struct bomb {
	const char *what; /* a sentence */
	const char *head, *unit, *tail; /* unit is repeated up to size */
	size_t size;
	const char *line; /* that must be among the complaints; NULL: any */
};

#define ALL SCENARIO_FILE_MAX

static const struct bomb bombs[] = {
	{ "lists in lists on one line", "", "[", "", ALL,
	    "f:1:1001: error: brackets nest too deep\n" },
	{ "mappings in mappings on one line", "", "{", "", ALL,
	    "f:1:1001: error: brackets nest too deep\n" },
	{ "lists in lists, one a line", "", "[\n", "", ALL,
	    "f:1001:1: error: brackets nest too deep\n" },
	{ "block lists in block lists", "", "- ", "", ALL,
	    "f:1:65: error: this is nested deeper than 32 levels\n" },
	{ "keys that are mappings", "", "? ", "", ALL,
	    "error: this is nested deeper than 32 levels\n" },
	{ "a list of a million on one line", "[", "a,", "]", ALL,
	    "error: too much stands on one line; break it into lines\n" },
	{ "a list of a million, one a line", "- a\n", "- a\n", "", ALL,
	    "error: the file holds more than 400000 values\n" },
	{ "empty lists in a list", "[", "[],", "]", ALL,
	    "error: too much stands on one line; break it into lines\n" },
	{ "anchors on one line", "", "&a ", "", ALL,
	    "error: too much stands on one line; break it into lines\n" },
	{ "a million aliases", "", "- *a\n", "", ALL,
	    "f:1:3: error: aliases (*) are not taken; write the value out\n" },
	{ "one key a million times", "", "a: 1\n", "", ALL,
	    "f:2:1: error: \"a\" is given twice; the first is on line 1\n" },
	{ "a million documents", "", "---\n", "", ALL,
	    "f:2:1: error: a second document begins here; a file holds "
	    "one\n" },
	{ "a million directives", "", "%A b\n", "", ALL,
	    "f:2:1: error: a line may not begin with '%'\n" },
	{ "blank lines in a block text", "a: |\n x\n", "\n", " x", ALL,
	    "f:203:1: error: more than 200 blank lines in a row\n" },
	{ "blank lines in a plain text", "a: x\n", "\n", " x", ALL,
	    "f:202:1: error: more than 200 blank lines in a row\n" },
	{ "blanks in a text", "a: x", " ", "x", ALL,
	    "f:1:1029: error: more than 1024 blanks in a row\n" },
	{ "one long text", "title: \"", "x", "\"\n", ALL, NULL },
	{ "one long key", "", "x", ": 1\n", ALL, NULL },
	{ "one long text of quotes", "title: '", "''", "'\n", ALL, NULL },
	{ "one long text in a thousand lines", "title: >\n", "  xxxx\n", "",
	    ALL, NULL },
	{ "a comment in each line", "", "#\n", "", ALL,
	    "f:1:1: error: the file is empty; it must begin with "
	    "\"mockndes: 1\"\n" },
	{ "a quote that never ends", "title: \"", "x\n", "", ALL, NULL },
	{ "escapes", "title: \"", "\\u0041", "\"\n", ALL, NULL },
	{ "one byte more than is taken", "#", "x", "x", ALL + 1,
	    "f:1:1: error: the file is larger than 4194304 bytes\n" },
};

static void
build(struct buf *b, const struct bomb *bomb)
{
	size_t unit = strlen(bomb->unit), tail = strlen(bomb->tail);

	buf_init(b, 2 * (size_t)SCENARIO_FILE_MAX);
	buf_add_str(b, bomb->head);
	while (b->n + unit + tail <= bomb->size)
		buf_add_str(b, bomb->unit);
	buf_add_str(b, bomb->tail);
}

static void
refuses_bombs_soon(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(bombs); i++) {
		struct scenario_report r;
		struct err e = { 0 };
		struct buf b;
		clock_t start;

		build(&b, &bombs[i]);
		scenario_report_init(&r);
		start = clock();
		assert_null(scenario_load("f", buf_bytes(&b), &r, &e));
		if ((clock() - start) / CLOCKS_PER_SEC >= SECONDS_MAX)
			fail_msg("%s: takes too long", bombs[i].what);
		assert_int_equal(e.code, ERR_NONE);
		if (bombs[i].line != NULL &&
		    strstr(buf_str(&r.lines), bombs[i].line) == NULL)
			fail_msg(
			    "%s: %.500s", bombs[i].what, buf_str(&r.lines));
		scenario_report_clear(&r);
		buf_clear(&b);
	}
}

/* ---- each limit, at it and one over it ---- */

static void
has_line(const char *text, const char *line)
{
	struct scenario_report r;
	struct err e = { 0 };

	scenario_report_init(&r);
	assert_null(scenario_load("f", bytes_str(text), &r, &e));
	if (strstr(buf_str(&r.lines), line) == NULL)
		fail_msg("no \"%s\" in %s", line, buf_str(&r.lines));
	scenario_report_clear(&r);
}

static void
loads(const char *text)
{
	struct scenario_report r;
	struct err e = { 0 };
	struct scenario *s;

	scenario_report_init(&r);
	s = scenario_load("f", bytes_str(text), &r, &e);
	assert_string_equal(buf_str(&r.lines), "");
	assert_non_null(s);
	scenario_free(s);
	scenario_report_clear(&r);
}

static const char *
repeat(struct buf *b, const char *head, const char *unit, size_t n,
    const char *tail)
{
	buf_clear(b);
	buf_init(b, 8u << 20);
	buf_add_str(b, head);
	while (n-- > 0)
		buf_add_str(b, unit);
	buf_add_str(b, tail);
	return buf_str(b);
}

static void
holds_each_limit_exactly(void **state)
{
	struct buf b = { 0 };

	(void)state;
	loads(repeat(&b, "mockndes: 1\nsource: |\n  x\n", "\n", 200, "  y\n"));
	has_line(
	    repeat(&b, "mockndes: 1\nsource: |\n  x\n", "\n", 201, "  y\n"),
	    "error: more than 200 blank lines in a row\n");
	loads(repeat(&b, "mockndes: 1\nsource: x", " ", 1024, "y\n"));
	has_line(repeat(&b, "mockndes: 1\nsource: x", " ", 1025, "y\n"),
	    "error: more than 1024 blanks in a row\n");
	loads(repeat(&b, "mockndes: 1 #", "[", 1000, "\n"));
	has_line(repeat(&b, "mockndes: 1 #", "[", 1001, "\n"),
	    "error: brackets nest too deep\n");
	/* the key's own colon is one of them */
	loads(repeat(&b, "mockndes: 1 #", ",", 262143, "\n#,,\n"));
	has_line(repeat(&b, "mockndes: 1 #", ",", 262144, "\n"),
	    "error: too much stands on one line; break it into lines\n");
	/* the mapping at the top is the first level */
	has_line(repeat(&b, "mockndes: 1\ntitle: ", "[", 31, ""),
	    "error: this is not YAML");
	has_line(repeat(&b, "mockndes: 1\ntitle: ", "[", 32, ""),
	    "f:2:39: error: this is nested deeper than 32 levels\n");
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_every_truncation_of_every_built_in),
		cmocka_unit_test(survives_flipped_bits_in_every_built_in),
		cmocka_unit_test(survives_random_edits_of_every_built_in),
		cmocka_unit_test(refuses_bombs_soon),
		cmocka_unit_test(holds_each_limit_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
