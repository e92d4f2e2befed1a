/* SPDX-License-Identifier: MIT */
/* SetupMsi.log from the model. */
#include "ndes_logs.h"

#include "ndes/setup_log.h"

#define NOW_MS INT64_C(1772600767089) /* 2026-03-04 05:06:07.089 */
#define OPENED "=== Verbose logging started: 3/4/2026  05:06:07 ===\r\n"
#define CLOSED "=== Verbose logging stopped: 3/4/2026  05:06:07 ===\r\n"

static void
setup_text(struct buf *b, const char *key, const char *value)
{
	struct host h;

	host_init(&h);
	if (key != NULL)
		assert_int_equal(host_set(&h, host_key_find(bytes_str(key)),
				     bytes_str(value), NULL),
		    0);
	buf_init(b, 8192);
	setup_log_text(b, &h, NOW_MS);
	assert_true(buf_ok(b));
}

static void
a_success_has_the_lines_of_the_article(void **state)
{
	struct buf b;

	(void)state;
	setup_text(&b, NULL, NULL);
	assert_string_equal(buf_str(&b),
	    OPENED
	    "MSI (c) (28:54) [05:06:07:089]: Product: Microsoft Intune "
	    "Connector -- Installation completed successfully.\r\n"
	    "MSI (c) (28:54) [05:06:07:089]: Windows Installer installed the "
	    "product. Product Name: Microsoft Intune Connector. Product "
	    "Version: 6.1711.4.0. Product Language: 1033. Manufacturer: "
	    "Microsoft Corporation. Installation success or error status: "
	    "0.\r\n" CLOSED);
	buf_clear(&b);
}

static void
a_module_that_is_not_loaded_was_installed_all_the_same(void **state)
{
	struct buf b;

	(void)state;
	setup_text(&b, "policy_module.loaded", "false");
	assert_non_null(
	    strstr(buf_str(&b), "-- Installation completed successfully."));
	buf_clear(&b);
}

static void
no_failure_has_a_line_of_the_success(void **state)
{
	static const struct {
		const char *key, *value;
		const char *has[3];
	} rows[] = {
		{ "policy_module.installed", "false",
		    { "returned actual error code 1603" } },
		{ "policy_module.installation", "site-renamed",
		    { "0x80070002", "ConfigureIISLimits failed. Error 1168",
			"CustomAction ConfigureIISLimits returned actual "
			"error code 1603" } },
		{ "policy_module.installation", "cng-certificate",
		    { "AddNDESToCertPrivKey failed. Error 0x80090014",
			"CustomAction AddNDESToCertPrivKey returned actual "
			"error code 1603" } },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf b;

		setup_text(&b, rows[i].key, rows[i].value);
		assert_null(strstr(buf_str(&b), "completed successfully"));
		assert_null(strstr(buf_str(&b), "Installation success"));
		for (size_t k = 0; k < 3 && rows[i].has[k] != NULL; k++)
			if (strstr(buf_str(&b), rows[i].has[k]) == NULL)
				fail_msg(
				    "row %zu has no \"%s\"", i, rows[i].has[k]);
		assert_non_null(strstr(buf_str(&b), CLOSED));
		buf_clear(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_success_has_the_lines_of_the_article),
		cmocka_unit_test(
		    a_module_that_is_not_loaded_was_installed_all_the_same),
		cmocka_unit_test(no_failure_has_a_line_of_the_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
