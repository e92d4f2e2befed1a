/* SPDX-License-Identifier: MIT */
/*
 * Loading scenario files: every complaint with its exact text and place
 * (tests/vectors/scenarios), and what a sound file says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "scenario_load.h"

#define VECTORS "tests/vectors/scenarios/"

static struct buf
file_read(const char *path)
{
	struct buf b;
	FILE *f = fopen(path, "rb");
	int c;

	if (f == NULL)
		fail_msg("cannot open %s", path);
	buf_init(&b, 8u << 20);
	while ((c = fgetc(f)) != EOF)
		buf_add_byte(&b, (uint8_t)c);
	fclose(f);
	return b;
}

/* ---- vectors ---- */

static void
check_unsound(const char *name)
{
	char path[512];
	struct buf text, expected;
	struct scenario_report r;
	struct err e = { 0 };
	unsigned lines = 0, line, column;

	snprintf(path, sizeof(path), VECTORS "unsound/%s", name);
	text = file_read(path);
	snprintf(path, sizeof(path), VECTORS "unsound/%.*s.expected",
	    (int)(strlen(name) - strlen(".yaml")), name);
	expected = file_read(path);
	scenario_report_init(&r);
	assert_null(scenario_load(name, buf_bytes(&text), &r, &e));
	assert_int_equal(e.code, ERR_NONE);
	if (strcmp(buf_str(&r.lines), buf_str(&expected)) != 0)
		fail_msg("%s gives\n%swanted\n%s", name, buf_str(&r.lines),
		    buf_str(&expected));
	for (size_t i = 0; i < expected.n; i++)
		lines += expected.p[i] == '\n';
	assert_int_equal(r.errors, lines);
	assert_int_equal(r.warnings, 0);
	assert_int_equal(
	    sscanf(strchr(buf_str(&expected), ':'), ":%u:%u", &line, &column),
	    2);
	assert_int_equal(r.line, line);
	assert_int_equal(r.column, column);
	scenario_report_clear(&r);
	buf_clear(&text);
	buf_clear(&expected);
}

static void
check_sound(const char *name)
{
	char path[512];
	struct buf text;
	struct scenario_report r;
	struct scenario *s;
	struct err e = { 0 };

	snprintf(path, sizeof(path), VECTORS "sound/%s", name);
	text = file_read(path);
	scenario_report_init(&r);
	s = scenario_load(name, buf_bytes(&text), &r, &e);
	if (s == NULL)
		fail_msg("%s: %s%s", name, buf_str(&r.lines), e.text);
	assert_int_equal(r.lines.n, 0);
	scenario_free(s);
	scenario_report_clear(&r);
	buf_clear(&text);
}

/* How many files of the folder were checked. */
static size_t
each_file(const char *folder, const char *tail, void (*check)(const char *))
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		size_t n = strlen(entry->d_name), t = strlen(tail);

		if (entry->d_name[0] == '.' || n < t ||
		    strcmp(entry->d_name + n - t, tail) != 0)
			continue;
		check(entry->d_name);
		count++;
	}
	closedir(d);
	return count;
}

static void
complains_of_unsound_files_exactly(void **state)
{
	(void)state;
	assert_in_range(
	    each_file(VECTORS "unsound", ".yaml", check_unsound), 70, 1000);
}

static void
takes_sound_files_without_a_word(void **state)
{
	(void)state;
	assert_in_range(each_file(VECTORS "sound", "", check_sound), 9, 1000);
}

/* ---- what a file says ---- */

static struct scenario *
load_every_key(void)
{
	struct buf text = file_read(VECTORS "sound/every-key-at-the-top.yaml");
	struct scenario *s = load_sound(buf_str(&text));

	buf_clear(&text);
	return s;
}

static void
tells_every_text(void **state)
{
	struct scenario *s = load_every_key();
	struct buf text;

	(void)state;
	assert_string_equal(scenario_name(s), "every-key-at-the-top");
	assert_string_equal(scenario_title(s), "Every key");
	assert_string_equal(scenario_source(s), "The manual");
	assert_string_equal(scenario_symptom(s), "Text over\ntwo lines.\n");
	assert_string_equal(scenario_cause(s), "Text that is folded.\n");
	text = file_read(VECTORS "sound/every-key-at-the-top.yaml");
	assert_string_equal(scenario_text(s), buf_str(&text));
	buf_clear(&text);
	scenario_free(s);
}

static void
tells_every_step(void **state)
{
	struct scenario *s = load_every_key();
	struct host host;

	(void)state;
	assert_int_equal(scenario_step_count(s), 4);
	assert_string_equal(scenario_step_say(s, 0), "Only words.");
	assert_int_equal(scenario_step_action(s, 0), SCENARIO_SAY_ONLY);
	assert_string_equal(scenario_step_say(s, 1), "Two edits.");
	assert_int_equal(scenario_step_action(s, 1), SCENARIO_SET);
	assert_int_equal(scenario_step_action(s, 2), SCENARIO_SET);
	assert_int_equal(scenario_step_action(s, 3), SCENARIO_RESTART);
	assert_int_equal(scenario_step_restart(s, 3), SCENARIO_APP_POOL);
	host_init(&host);
	host.rights.impersonate = false;
	host.app_pool.state = HOST_POOL_STOPPED;
	host.caps.tokens.count = 1;
	scenario_step_apply(s, 1, &host);
	assert_true(host.rights.impersonate);
	assert_int_equal(host.app_pool.state, HOST_POOL_STARTED);
	assert_int_equal(host.caps.tokens.count, 1);
	scenario_step_apply(s, 2, &host);
	assert_int_equal(host.caps.tokens.count, 0);
	scenario_free(s);
}

static void
names_every_restart(void **state)
{
	static const char *const names[] = { "app-pool", "iis", "computer",
		"connector", "intune-connector" };

	(void)state;
	for (int i = 0; i < SCENARIO_RESTARTS; i++) {
		char text[160];
		struct scenario *s;

		assert_string_equal(
		    scenario_restart_name((enum scenario_restart)i), names[i]);
		snprintf(text, sizeof(text),
		    "mockndes: 1\nresolution: [{say: x, do: {restart: %s}}]\n",
		    names[i]);
		s = load_sound(text);
		assert_int_equal(scenario_step_restart(s, 0), i);
		scenario_free(s);
	}
	assert_string_equal(
	    scenario_restart_name(SCENARIO_RESTARTS), "unknown");
}

static void
names_every_fidelity_and_log(void **state)
{
	static const char *const fidelities[] = { "documented", "seen",
		"inferred" };
	static const char *const logs[] = { "iis", "httperr", "events",
		"ndesplugin", "crp", "setup", "none" };
	char text[200];
	struct scenario *s;

	(void)state;
	for (int i = 0; i < SCENARIO_FIDELITIES; i++) {
		assert_string_equal(
		    scenario_fidelity_name((enum scenario_fidelity)i),
		    fidelities[i]);
		snprintf(text, sizeof(text), "mockndes: 1\nfidelity: %s\n",
		    fidelities[i]);
		s = load_sound(text);
		assert_int_equal(scenario_fidelity(s), i);
		scenario_free(s);
	}
	for (int i = 0; i < SCENARIO_LOGS; i++) {
		struct scenario_clue clue;

		assert_string_equal(
		    scenario_log_name((enum scenario_log)i), logs[i]);
		snprintf(text, sizeof(text),
		    "mockndes: 1\nevidence: [{log: %s, look_for: it %d}]\n",
		    logs[i], i);
		s = load_sound(text);
		assert_int_equal(scenario_evidence_count(s), 1);
		clue = scenario_evidence_get(s, 0);
		assert_int_equal(clue.log, i);
		snprintf(text, sizeof(text), "it %d", i);
		assert_string_equal(clue.look_for, text);
		scenario_free(s);
	}
	assert_string_equal(
	    scenario_fidelity_name(SCENARIO_FIDELITIES), "unknown");
	assert_string_equal(scenario_log_name(SCENARIO_LOGS), "unknown");
	assert_string_equal(scenario_log_title(SCENARIO_LOGS), "unknown");
}

static void
leaves_empty_what_a_file_leaves_out(void **state)
{
	struct scenario *s = load_sound("mockndes: 1\n");

	(void)state;
	assert_string_equal(scenario_title(s), "");
	assert_string_equal(scenario_source(s), "");
	assert_string_equal(scenario_symptom(s), "");
	assert_string_equal(scenario_cause(s), "");
	assert_int_equal(scenario_fidelity(s), SCENARIO_DOCUMENTED);
	assert_int_equal(scenario_evidence_count(s), 0);
	assert_int_equal(scenario_step_count(s), 0);
	scenario_free(s);
}

static void
is_named_by_its_file_when_it_does_not_say(void **state)
{
	static const struct {
		const char *file, *name;
	} rows[] = {
		{ "slow-ca.yaml", "slow-ca" },
		{ "a/b.c/slow-ca.yml", "slow-ca" },
		{ "Slow CA.yaml", "scenario" },
		{ "", "scenario" },
		{ "<body>", "scenario" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct scenario_report r;
		struct err e = { 0 };
		struct scenario *s;

		scenario_report_init(&r);
		s = scenario_load(
		    rows[i].file, BYTES_LIT("mockndes: 1\n"), &r, &e);
		assert_non_null(s);
		assert_string_equal(scenario_name(s), rows[i].name);
		scenario_free(s);
		scenario_report_clear(&r);
	}
}

static void
adds_one_file_to_another(void **state)
{
	struct scenario *first = load_sound(
	    "mockndes: 1\nhost: { ra: { signing: expired }, caps: { tokens: "
	    "[A, B] }, registry: { PasswordMax: 7 } }\n");
	struct scenario *second = load_sound(
	    "mockndes: 1\nhost: { caps: { tokens: [C] }, registry: { "
	    "PasswordMax: 9 } }\n");
	struct host host;

	(void)state;
	host_init(&host);
	scenario_apply(first, &host);
	scenario_apply(second, &host);
	assert_int_equal(host.ra.signing, HOST_CERT_EXPIRED);
	assert_int_equal(host.registry.password_max, 9);
	assert_int_equal(host.caps.tokens.count, 1);
	assert_string_equal(host.caps.tokens.item[0], "C");
	scenario_free(first);
	scenario_free(second);
}

static void
reads_texts_that_look_like_other_types_as_texts(void **state)
{
	struct scenario *s = load_sound(
	    "mockndes: 1\ntitle: 2024\ncause: 'null'\nhost: { registry: { "
	    "SignatureTemplate: 5 }, caps: { content_type: '' } }\n");
	struct host host;

	(void)state;
	host_init(&host);
	scenario_apply(s, &host);
	assert_string_equal(scenario_title(s), "2024");
	assert_string_equal(scenario_cause(s), "null");
	assert_string_equal(host.registry.signature_template, "5");
	assert_string_equal(host.caps.content_type, "");
	scenario_free(s);
}

static void
reads_each_way_to_quote(void **state)
{
	static const struct {
		const char *written, *meant;
	} rows[] = {
		{ "'it''s'", "it's" },
		{ "''", "" },
		{ "''''", "'" },
		{ "''''''''''''''''''''", "'''''''''" },
		{ "' a  b '", " a  b " },
		{ "'a\n  b'", "a b" },
		{ "'a \n\n  b'", "a\nb" },
		{ "'a\n\n\n  b  '", "a\n\nb  " },
		{ "'\n a\n '", " a " },
		{ "'a\r\n\r\n b''c'", "a\nb'c" },
		{ "'a\\nb'", "a\\nb" },
		{ "'\xc3\xa9''\xe2\x82\xac'", "\xc3\xa9'\xe2\x82\xac" },
		{ "\"it's\"", "it's" },
		{ "\"a\\tb\\u00e9\\/\"", "a\tb\xc3\xa9/" },
		{ "\"a\n  b\"", "a b" },
		{ "it's", "it's" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char text[160];
		struct scenario *s;

		snprintf(text, sizeof(text), "mockndes: 1\ncause: %s\n",
		    rows[i].written);
		s = load_sound(text);
		assert_string_equal(scenario_cause(s), rows[i].meant);
		scenario_free(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complains_of_unsound_files_exactly),
		cmocka_unit_test(takes_sound_files_without_a_word),
		cmocka_unit_test(tells_every_text),
		cmocka_unit_test(tells_every_step),
		cmocka_unit_test(names_every_restart),
		cmocka_unit_test(names_every_fidelity_and_log),
		cmocka_unit_test(leaves_empty_what_a_file_leaves_out),
		cmocka_unit_test(is_named_by_its_file_when_it_does_not_say),
		cmocka_unit_test(adds_one_file_to_another),
		cmocka_unit_test(
		    reads_texts_that_look_like_other_types_as_texts),
		cmocka_unit_test(reads_each_way_to_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
