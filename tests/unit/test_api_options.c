/* SPDX-License-Identifier: MIT */
/* The options of a server: every row settable, bad values refused in words, rules across options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/options.h"

static void
every_default_is_what_the_table_says(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(options_init(&o, NULL), 0);
	assert_string_equal(o.bind, "127.0.0.1");
	assert_int_equal(o.http_port, 8080);
	assert_int_equal(o.https_port, 8443);
	assert_string_equal(o.control_bind, "127.0.0.1");
	assert_int_equal(o.control_port, 8081);
	assert_string_equal(o.admin_user, "ndes");
	assert_string_equal(o.admin_password, "ndes");
	assert_string_equal(o.hostname, "localhost");
	assert_null(o.challenge);
	assert_null(o.control_token);
	assert_false(o.has_seed);
	assert_int_equal(options_check(&o, NULL), 0);
	options_clear(&o);
	options_clear(&o);
}

static void
takes_what_is_sound(void **state)
{
	static const char *const rows[][2] = {
		{ "bind", "::1" },
		{ "http-port", "0" },
		{ "https-port", "off" },
		{ "control-bind", "0.0.0.0" },
		{ "control-port", "65535" },
		{ "control-token", "t" },
		{ "challenge", "any text, also with blanks" },
		{ "admin-user", "DOM\\user:pass:word" },
		{ "hostname", "ndes.corp.example" },
		{ "ca-dir", "/nowhere" },
		{ "fresh-keys", "false" },
		{ "log-dir", "logs" },
		{ "seed", "0" },
		{ "threads", "256" },
		{ "journal", "0" },
	};
	struct options o;

	(void)state;
	assert_int_equal(options_init(&o, NULL), 0);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct err e = { 0 };

		if (options_set(&o, rows[i][0], rows[i][1], &e) == -1)
			fail_msg("--%s %s: %s", rows[i][0], rows[i][1], e.text);
	}
	assert_string_equal(o.admin_user, "DOM\\user");
	assert_string_equal(o.admin_password, "pass:word");
	assert_int_equal(o.https_port, OPTION_PORT_OFF);
	assert_int_equal(o.control_port, 65535);
	assert_true(o.has_seed);
	assert_int_equal(o.threads, 256);
	assert_int_equal(o.journal, 0);
	assert_int_equal(options_check(&o, NULL), 0);
	options_clear(&o);
}

static void
refuses_bad_values_and_says_which_option(void **state)
{
	static const char *const rows[][2] = {
		{ "bind", "localhost" },
		{ "bind", "127.0.0.1:80" },
		{ "bind", "[::1]" },
		{ "http-port", "65536" },
		{ "http-port", "" },
		{ "http-port", "http" },
		{ "https-port", "-1" },
		{ "control-port", "OFF" },
		{ "control-token", "" },
		{ "challenge", "" },
		{ "admin-user", "nocolon" },
		{ "admin-user", ":p" },
		{ "hostname", "" },
		{ "hostname", "a b" },
		{ "hostname", "-x" },
		{ "state", "" },
		{ "fresh-keys", "yes" },
		{ "seed", "9007199254740993" },
		{ "seed", "abc" },
		{ "threads", "0" },
		{ "threads", "257" },
		{ "journal", "10000001" },
		{ "journal", "-1" },
	};
	struct options o;

	(void)state;
	assert_int_equal(options_init(&o, NULL), 0);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct err e = { 0 };

		if (options_set(&o, rows[i][0], rows[i][1], &e) == 0)
			fail_msg("--%s %s was taken", rows[i][0], rows[i][1]);
		assert_int_equal(e.code, ERR_USAGE);
		assert_non_null(strstr(e.text, rows[i][0]));
	}
	assert_string_equal(o.bind, "127.0.0.1");
	assert_int_equal(o.http_port, 8080);
	assert_string_equal(o.admin_user, "ndes");
	options_clear(&o);
}

static void
an_option_that_there_is_not_is_refused_with_a_sentence(void **state)
{
	struct err e = { 0 };
	struct options o;

	(void)state;
	assert_int_equal(options_init(&o, NULL), 0);
	assert_int_equal(options_set(&o, "nonsense", "1", &e), -1);
	assert_string_equal(e.text, "there is no option --nonsense");
	options_clear(&o);
}

static void
judges_options_together(void **state)
{
	static const struct {
		const char *set[3][2];
		const char *complaint; /* NULL: fine */
	} rows[] = {
		{ { { "http-port", "off" }, { "https-port", "off" } },
		    "both off" },
		{ { { "http-port", "off" } }, NULL },
		{ { { "control-bind", "0.0.0.0" } }, "--control-token" },
		{ { { "control-bind", "0.0.0.0" }, { "control-port", "off" } },
		    NULL },
		{ { { "control-bind", "::" }, { "control-token", "x" } },
		    NULL },
		{ { { "control-bind", "127.8.0.1" } }, NULL },
		{ { { "control-bind", "::1" } }, NULL },
		{ { { "ca-dir", "x" }, { "fresh-keys", "true" } }, "exclude" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct err e = { 0 };
		struct options o;
		int rc;

		assert_int_equal(options_init(&o, NULL), 0);
		for (size_t j = 0; j < 3 && rows[i].set[j][0] != NULL; j++)
			assert_int_equal(options_set(&o, rows[i].set[j][0],
					     rows[i].set[j][1], NULL),
			    0);
		rc = options_check(&o, &e);
		assert_int_equal(rc, rows[i].complaint == NULL ? 0 : -1);
		if (rows[i].complaint != NULL)
			assert_non_null(strstr(e.text, rows[i].complaint));
		options_clear(&o);
	}
}

static void
every_row_of_the_table_has_its_help(void **state)
{
	const struct mockndes_option *op;
	size_t n = 0;

	(void)state;
	for (; (op = mockndes_option(n)) != NULL; n++) {
		assert_true(strlen(op->name) > 2);
		assert_true(strlen(op->doc) > 10);
		assert_true(strlen(op->doc) < 60);
	}
	assert_int_equal(n, 18);
	assert_null(mockndes_option(n + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_default_is_what_the_table_says),
		cmocka_unit_test(takes_what_is_sound),
		cmocka_unit_test(refuses_bad_values_and_says_which_option),
		cmocka_unit_test(
		    an_option_that_there_is_not_is_refused_with_a_sentence),
		cmocka_unit_test(judges_options_together),
		cmocka_unit_test(every_row_of_the_table_has_its_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
