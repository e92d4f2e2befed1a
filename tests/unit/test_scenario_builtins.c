/* SPDX-License-Identifier: MIT */
/*
 * The built-in scenarios: each is sound, tells its story, edits exactly the
 * keys it should, and is healed by its own resolution; and how scenarios are
 * found, by name and by path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "scenario/scenario.h"
#include "support/by_hand.h"

static struct scenario *
open_builtin(const char *name)
{
	struct scenario_report r;
	struct err e = { 0 };
	struct scenario *s;

	scenario_report_init(&r);
	s = scenario_open(name, &r, &e);
	if (s == NULL)
		fail_msg("%s: %s%s", name, buf_str(&r.lines), e.text);
	assert_int_equal(r.lines.n, 0);
	assert_int_equal(e.code, ERR_NONE);
	scenario_report_clear(&r);
	return s;
}

static void
value_of(const struct host *h, const struct host_key *key, struct buf *out)
{
	buf_clear(out);
	buf_init(out, 8192);
	host_get(h, key, out);
}

/* ---- each of them ---- */

static void
tells_the_whole_story_in_each_file(void **state)
{
	size_t n;
	const struct scenario_builtin *rows = scenario_builtins(&n);

	(void)state;
	assert_in_range(n, 43, 1000);
	for (size_t i = 0; i < n; i++) {
		struct scenario *s = open_builtin(rows[i].name);
		const char *slash = strrchr(rows[i].name, '/');

		assert_string_equal(
		    scenario_name(s), slash == NULL ? rows[i].name : slash + 1);
		assert_string_not_equal(scenario_title(s), "");
		assert_string_not_equal(scenario_source(s), "");
		assert_string_not_equal(scenario_symptom(s), "");
		if (is_by_hand(rows[i].name)) {
			assert_in_range(scenario_expect_count(s), 1, 16);
			scenario_free(s);
			continue;
		}
		assert_string_not_equal(scenario_cause(s), "");
		for (size_t k = 0; k < scenario_step_count(s); k++)
			assert_string_not_equal(scenario_step_say(s, k), "");
		assert_in_range(scenario_evidence_count(s), 1, 16);
		if (strcmp(rows[i].name, "healthy") == 0)
			assert_int_equal(scenario_step_count(s), 0);
		else
			assert_in_range(scenario_step_count(s), 1, 16);
		scenario_free(s);
	}
}

/* Every key that a scenario changes, and to what. */
static const struct {
	const char *scenario, *key, *value;
} edits[] = {
	{ "admin-hidden", "iis.request_filtering.hiddenSegments",
	    "[mscep_admin]" },
	{ "admin-no-permission", "account.admin_enroll", "false" },
	{ "admin-unauthorised", "account.admin_locked", "true" },
	{ "bad-gateway", "app_proxy.in_use", "true" },
	{ "bad-gateway", "app_proxy.backend", "unreachable" },
	{ "bad-password", "mscep.passwords", "other-node" },
	{ "ca-down", "ca.running", "false" },
	{ "challenge-expired", "policy_module.challenge", "expired" },
	{ "crp-403-16", "root_store.crp_intermediates", "true" },
	{ "crp-500", "policy_module.crp_health", "temp-not-writable" },
	{ "crp-cn-mismatch", "policy_module.crp_tls", "cn-mismatch" },
	{ "crp-deserialize", "policy_module.crp_health", "deserialize" },
	{ "crp-encryption-cert", "policy_module.crp_health",
	    "encryption-certificate-missing" },
	{ "crp-signing-cert", "policy_module.crp_health",
	    "signing-certificate-missing" },
	{ "gateway-timeout", "app_proxy.in_use", "true" },
	{ "gateway-timeout", "app_proxy.connector", "stopped" },
	{ "gateway-timeout", "app_proxy.gateway_timeout", "2s" },
	{ "general-page", "policy_module.installed", "false" },
	{ "handler-order", "iis.handler_order", "extensionless-first" },
	{ "impersonation", "rights.impersonate", "false" },
	{ "ios-ra-invalid", "ca.root", "replaced" },
	{ "key-too-small", "ca.minimum_key_size", "8192" },
	{ "ndescert-no-eku", "policy_module.client_certificate", "no-eku" },
	{ "no-contact", "network.state", "refused" },
	{ "no-contact-reset", "network.state", "reset" },
	{ "no-contact-silent", "network.state", "silent" },
	{ "page-not-displayed", "app_proxy.in_use", "true" },
	{ "page-not-displayed", "app_proxy.external_url", "wrong" },
	{ "password-cache-full", "mscep.cached_passwords", "5" },
	{ "pool-crash-crl", "crl.reachable", "false" },
	{ "pool-crash-ndescert", "policy_module.client_certificate",
	    "expired" },
	{ "pool-crash-root-store", "root_store.ndes_intermediates", "true" },
	{ "pool-crash-winauth", "policy_module.crp_authentication", "windows" },
	{ "pool-stopped", "app_pool.state", "disabled" },
	{ "ra-expired", "ra.signing", "expired" },
	{ "ra-expired", "ra.encryption", "expired" },
	{ "ra-old-ca", "ra.issuer", "old-ca" },
	{ "reporting-stuck", "policy_module.connector_service", "stopped" },
	{ "setup-cng-cert", "policy_module.installation", "cng-certificate" },
	{ "setup-site-renamed", "policy_module.installation", "site-renamed" },
	{ "svc-account-expired", "account.password_expired", "true" },
	{ "svc-account-locked", "account.locked", "true" },
	{ "template-denied", "account.enroll", "false" },
	{ "template-unsupported", "registry.SignatureTemplate",
	    "NDES Device Template" },
	{ "template-unsupported", "registry.EncryptionTemplate",
	    "NDES Device Template" },
	{ "template-unsupported", "registry.GeneralPurposeTemplate",
	    "NDES Device Template" },
	{ "uri-too-long", "http_sys.MaxFieldLength", "2048" },
	{ "uri-too-long", "http_sys.MaxRequestBytes", "16384" },
	{ "uri-too-long", "iis.request_filtering.maxUrl", "4096" },
	{ "uri-too-long", "iis.request_filtering.maxQueryString", "2048" },
	{ "wrong-recipient", "ra.listed", "false" },
	{ "caps-modern", "caps.tokens",
	    "[POSTPKIOperation, Renewal, SHA-512, SHA-384, SHA-256, SHA-1, "
	    "DES3, AES, SCEPStandard]" },
};

/* NULL: the scenario leaves the key as it is. */
static const char *
edit_of(const char *scenario, const struct host_key *key)
{
	for (size_t i = 0; i < nitems(edits); i++) {
		if (strcmp(edits[i].scenario, scenario) == 0 &&
		    strcmp(edits[i].key, key->path) == 0)
			return edits[i].value;
	}
	return NULL;
}

/* Fails the test unless the key has the value; NULL: that of a healthy deployment. */
static void
has_value(const char *scenario, const struct host *host,
    const struct host_key *key, const char *value)
{
	struct buf is = { 0 }, fallback = { 0 };
	struct host healthy;

	host_init(&healthy);
	value_of(&healthy, key, &fallback);
	value_of(host, key, &is);
	if (value == NULL)
		value = buf_str(&fallback);
	if (strcmp(buf_str(&is), value) != 0)
		fail_msg("%s has %s at %s, not %s", scenario, key->path,
		    buf_str(&is), value);
	buf_clear(&is);
	buf_clear(&fallback);
}

static void
edits_exactly_the_keys_it_names(void **state)
{
	size_t n, count;
	const struct scenario_builtin *all = scenario_builtins(&count);
	const struct host_key *keys = host_keys(&n);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct scenario *s;
		struct host host;

		if (is_by_hand(all[i].name))
			continue;
		s = open_builtin(all[i].name);
		host_init(&host);
		scenario_apply(s, &host);
		for (size_t k = 0; k < n; k++)
			has_value(all[i].name, &host, &keys[k],
			    edit_of(all[i].name, &keys[k]));
		scenario_free(s);
	}
}

static enum host_effect
effect_of(enum scenario_restart restart)
{
	switch (restart) {
	case SCENARIO_APP_POOL:
		return HOST_POOL_START;
	case SCENARIO_IIS:
		return HOST_SERVICE_RESTART;
	case SCENARIO_COMPUTER:
		return HOST_COMPUTER_RESTART;
	case SCENARIO_CONNECTOR:
	case SCENARIO_INTUNE_CONNECTOR:
	case SCENARIO_RESTARTS:
		break;
	}
	return HOST_NOW;
}

/* Restarting a connector starts its service. */
static void
start_service(enum scenario_restart restart, struct host *configured)
{
	if (restart == SCENARIO_CONNECTOR)
		configured->app_proxy.connector = HOST_RUNNING;
	if (restart == SCENARIO_INTUNE_CONNECTOR)
		configured->policy_module.connector_service = HOST_RUNNING;
}

/* Perform a scenario's steps as a site would: configure, then restart. */
static void
perform(const struct scenario *s, struct host *in_force)
{
	struct host configured = *in_force;

	for (size_t i = 0; i < scenario_step_count(s); i++) {
		enum host_effect event = HOST_NOW;

		if (scenario_step_action(s, i) == SCENARIO_SET) {
			scenario_step_apply(s, i, &configured);
		} else if (scenario_step_action(s, i) == SCENARIO_RESTART) {
			start_service(scenario_step_restart(s, i), &configured);
			event = effect_of(scenario_step_restart(s, i));
		}
		host_take_effect(in_force, &configured, event);
	}
}

/* That clients come by the proxy, and how long it waits, needs no mending. */
static bool
is_no_fault(const struct host_key *key)
{
	return strcmp(key->path, "app_proxy.in_use") == 0 ||
	    strcmp(key->path, "app_proxy.gateway_timeout") == 0;
}

static void
is_healed_by_its_own_resolution(void **state)
{
	size_t n, count;
	const struct scenario_builtin *rows = scenario_builtins(&count);
	const struct host_key *keys = host_keys(&n);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct scenario *s;
		struct host host;

		if (is_by_hand(rows[i].name))
			continue;
		s = open_builtin(rows[i].name);
		host_init(&host);
		scenario_apply(s, &host);
		perform(s, &host);
		for (size_t k = 0; k < n; k++) {
			if (!is_no_fault(&keys[k]))
				has_value(rows[i].name, &host, &keys[k], NULL);
		}
		scenario_free(s);
	}
}

static void
is_the_file_in_the_folder_byte_for_byte(void **state)
{
	size_t n;
	const struct scenario_builtin *rows = scenario_builtins(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char path[256];
		FILE *f;
		size_t at = 0;
		int c;

		snprintf(path, sizeof(path), "scenarios/%s.yaml", rows[i].name);
		f = fopen(path, "rb");
		assert_non_null(f);
		while ((c = fgetc(f)) != EOF) {
			assert_in_range(at, 0, rows[i].text.n - 1);
			assert_int_equal(c, rows[i].text.p[at]);
			at++;
		}
		fclose(f);
		assert_int_equal(at, rows[i].text.n);
	}
}

/* ---- finding ---- */

static void
finds_each_by_its_name(void **state)
{
	size_t n;
	const struct scenario_builtin *rows = scenario_builtins(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(scenario_builtin_find(rows[i].name), &rows[i]);
		if (i > 0)
			assert_true(strcmp(rows[i - 1].name, rows[i].name) < 0);
	}
	assert_null(scenario_builtin_find(""));
	assert_null(scenario_builtin_find("health"));
	assert_null(scenario_builtin_find("healthy2"));
	assert_null(scenario_builtin_find("zzz"));
}

static void
finds_the_name_that_was_meant(void **state)
{
	static const struct {
		const char *typed, *meant;
	} rows[] = {
		{ "imperonation", "impersonation" },
		{ "pool-stoped", "pool-stopped" },
		{ "Healthy", "healthy" },
		{ "ra_expired", "ra-expired" },
		{ "haelthy", "healthy" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		assert_string_equal(
		    scenario_builtin_nearest(rows[i].typed), rows[i].meant);
	assert_null(scenario_builtin_nearest(""));
	assert_null(scenario_builtin_nearest("weather"));
}

static void
fails_to_open(const char *name, const char *sentence)
{
	struct scenario_report r;
	struct err e = { 0 };

	scenario_report_init(&r);
	assert_null(scenario_open(name, &r, &e));
	assert_int_equal(e.code, ERR_SCENARIO);
	assert_string_equal(e.text, sentence);
	assert_int_equal(r.errors, 0);
	scenario_report_clear(&r);
}

static void
says_what_it_looked_for(void **state)
{
	(void)state;
	fails_to_open("imperonation",
	    "there is no built-in scenario \"imperonation\", and no file of "
	    "that name; did you mean \"impersonation\"?");
	fails_to_open("weather",
	    "there is no built-in scenario \"weather\", and no file of that "
	    "name; `mockndes scenarios` lists them");
	fails_to_open("healthy.yaml",
	    "cannot open the scenario \"healthy.yaml\": No such file or "
	    "directory");
	fails_to_open("./healthy",
	    "cannot open the scenario \"./healthy\": No such file or "
	    "directory");
	fails_to_open("scenarios/",
	    "cannot read the scenario \"scenarios/\": Is a directory");
}

static void
write_file(const char *path, const char *text, size_t padding)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	fputs(text, f);
	while (padding-- > 0)
		fputc('#', f);
	fclose(f);
}

/* A folder of our own to be in; the one we were in is kept in back. */
static void
enter_folder(char folder[32], char back[4096])
{
	assert_non_null(getcwd(back, 4096));
	strcpy(folder, "/tmp/scenarioXXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
}

static void
leave_folder(const char *folder, const char *back)
{
	assert_int_equal(chdir(back), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void
opens_name(const char *what, const char *name)
{
	struct scenario *s = open_builtin(what);

	assert_string_equal(scenario_name(s), name);
	scenario_free(s);
}

static void
prefers_a_built_in_name_to_a_file_and_a_path_to_both(void **state)
{
	char folder[32], back[4096];

	(void)state;
	enter_folder(folder, back);
	write_file("healthy", "mockndes: 1\nname: other\n", 0);
	write_file("mine", "mockndes: 1\nname: by-file\n", 0);
	write_file("mine.json", "{\"mockndes\": 1}", 0);
	opens_name("healthy", "healthy");
	opens_name("./healthy", "other");
	opens_name("mine", "by-file");
	opens_name("mine.json", "mine");
	unlink("healthy");
	unlink("mine");
	unlink("mine.json");
	leave_folder(folder, back);
}

static void
reports_a_bad_file_under_the_path_it_was_given(void **state)
{
	char folder[32], back[4096];
	struct scenario_report r;
	struct err e = { 0 };

	(void)state;
	enter_folder(folder, back);
	write_file("bad.yaml", "mockndes: 3\n", 0);
	scenario_report_init(&r);
	assert_null(scenario_open("./bad.yaml", &r, &e));
	assert_int_equal(e.code, ERR_NONE);
	assert_string_equal(buf_str(&r.lines),
	    "./bad.yaml:1:11: error: this version of mockndes reads format 1, "
	    "not \"3\"\n");
	scenario_report_clear(&r);
	unlink("bad.yaml");
	leave_folder(folder, back);
}

static void
reads_no_more_of_a_file_than_it_takes(void **state)
{
	static const char head[] = "mockndes: 1\n";
	size_t fits = SCENARIO_FILE_MAX - strlen(head);
	char folder[32], back[4096];
	struct scenario_report r;
	struct err e = { 0 };

	(void)state;
	enter_folder(folder, back);
	write_file("big.yaml", head, fits);
	opens_name("big.yaml", "big");
	write_file("big.yaml", head, fits + 1);
	scenario_report_init(&r);
	assert_null(scenario_open("big.yaml", &r, &e));
	assert_int_equal(e.code, ERR_NONE);
	assert_string_equal(buf_str(&r.lines),
	    "big.yaml:1:1: error: the file is larger than 4194304 bytes\n");
	assert_null(scenario_open("/dev/zero", &r, &e));
	assert_int_equal(r.errors, 2);
	scenario_report_clear(&r);
	unlink("big.yaml");
	leave_folder(folder, back);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_whole_story_in_each_file),
		cmocka_unit_test(edits_exactly_the_keys_it_names),
		cmocka_unit_test(is_healed_by_its_own_resolution),
		cmocka_unit_test(is_the_file_in_the_folder_byte_for_byte),
		cmocka_unit_test(finds_each_by_its_name),
		cmocka_unit_test(finds_the_name_that_was_meant),
		cmocka_unit_test(says_what_it_looked_for),
		cmocka_unit_test(
		    prefers_a_built_in_name_to_a_file_and_a_path_to_both),
		cmocka_unit_test(
		    reports_a_bad_file_under_the_path_it_was_given),
		cmocka_unit_test(reads_no_more_of_a_file_than_it_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
