/* SPDX-License-Identifier: MIT */
/* Scenario files by <mockndes.h>, without a server: their parts, and the calls that mend them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mockndes.h"
#include "support/by_hand.h"

static const char text[] =
    "mockndes: 1\n"
    "name: parts\n"
    "title: A title\n"
    "symptom: A symptom\n"
    "fidelity: inferred\n"
    "resolution:\n"
    "  - say: Talk about it.\n"
    "  - say: Set this and that.\n"
    "    do:\n"
    "      host.app_proxy.gateway_timeout: 85s\n"
    "      host.app_proxy.in_use: false\n"
    "      host.registry.PasswordMax: 9\n"
    "      host.iis.request_filtering.hiddenSegments: [a, \"b\\\"\"]\n"
    "  - say: Restart.\n"
    "    do: { restart: app-pool }\n"
    "evidence:\n"
    "  - log: iis\n"
    "    look_for: \"500\"\n"
    "  - log: none\n"
    "    look_for: Nothing else\n"
    "host:\n"
    "  app_proxy: { in_use: true, gateway_timeout: 1s }\n";

static void
tells_each_part(void **state)
{
	static const struct {
		const char *part, *text; /* NULL: there is no such part */
	} rows[] = {
		{ "name", "parts" },
		{ "title", "A title" },
		{ "source", "" },
		{ "symptom", "A symptom" },
		{ "cause", "" },
		{ "fidelity", "inferred" },
		{ "yaml", text },
		{ "resolution",
		    "1. Talk about it.\n2. Set this and that.\n3. Restart.\n" },
		{ "mend",
		    "1. Talk about it.\n"
		    "2. Set this and that.\n"
		    "\tPATCH /v1/host {\"app_proxy\":{\"in_use\":false,"
		    "\"gateway_timeout\":\"85s\"},\"iis\":{"
		    "\"request_filtering\":{\"hiddenSegments\":[\"a\","
		    "\"b\\\"\"]}},\"registry\":{\"PasswordMax\":9}}\n"
		    "3. Restart.\n"
		    "\tPOST /v1/restart/app-pool\n" },
		{ "evidence", "IIS log: 500\nNothing else\n" },
		{ "rules", NULL },
		{ "", NULL },
	};
	char path[] = "/tmp/partsXXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	for (size_t i = 0; i < sizeof(rows) / sizeof *rows; i++) {
		char *got = mockndes_scenario_part(path, rows[i].part);

		if (rows[i].text == NULL) {
			assert_null(got);
		} else {
			assert_non_null(got);
			assert_string_equal(got, rows[i].text);
		}
		free(got);
	}
	assert_int_equal(remove(path), 0);
	assert_null(mockndes_scenario_part(path, "title"));
}

static void
every_builtin_has_its_parts(void **state)
{
	static const char *const parts[] = { "name", "title", "symptom",
		"fidelity", "evidence", "yaml" };
	const char *name;
	size_t n = 0;

	(void)state;
	for (; (name = mockndes_builtin(n)) != NULL; n++) {
		unsigned errors = 1;
		char *got = mockndes_check(name, &errors);

		assert_int_equal(errors, 0);
		assert_string_equal(got, "");
		free(got);
		for (size_t i = 0;
		     i < sizeof(parts) / sizeof *parts && !is_by_hand(name);
		     i++) {
			got = mockndes_scenario_part(name, parts[i]);
			if (got == NULL || got[0] == '\0')
				fail_msg("%s has no %s", name, parts[i]);
			free(got);
		}
	}
	assert_true(n > 40);
	assert_null(mockndes_builtin(n + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_each_part),
		cmocka_unit_test(every_builtin_has_its_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
