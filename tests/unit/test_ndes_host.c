/* SPDX-License-Identifier: MIT */
/* The host model: every row of its table can be set, printed, refused and brought into force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "ndes/host.h"

/* One more than the longest text of a row. */
#define LONG_TEXT HOST_TEXT_MAX

static const struct host_key *
must_find(const char *path)
{
	const struct host_key *key = host_key_find(bytes_str(path));

	if (key == NULL)
		fail_msg("no key %s", path);
	return key;
}

static int
set(struct host *h, const char *path, const char *value, struct err *e)
{
	return host_set(h, must_find(path), bytes_str(value), e);
}

static void
assert_value(
    const struct host *h, const struct host_key *key, const char *wanted)
{
	struct buf b;

	buf_init(&b, 8192);
	host_get(h, key, &b);
	assert_string_equal(buf_str(&b), wanted);
	buf_clear(&b);
}

/* What has to be refused for a row, whatever it is. */
static void
assert_refused(struct host *h, const struct host_key *key, const char *value)
{
	struct host before = *h;
	struct err e = { 0 };

	if (host_set(h, key, bytes_str(value), &e) != -1)
		fail_msg("%s took %s", key->path, value);
	assert_memory_equal(h, &before, sizeof(before));
	assert_int_equal(e.code, ERR_SCENARIO);
	assert_non_null(strstr(e.text, key->path));
}

static void
every_row_prints_its_default(void **state)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);
	struct host h;

	(void)state;
	host_init(&h);
	assert_true(n >= 30);
	for (size_t i = 0; i < n; i++) {
		assert_value(&h, &keys[i], keys[i].fallback);
		assert_ptr_equal(
		    host_key_find(bytes_str(keys[i].path)), &keys[i]);
		assert_true(strlen(keys[i].doc) > 20);
		assert_int_equal(keys[i].doc[strlen(keys[i].doc) - 1], '.');
	}
}

static void
take_and_refuse_numbers(struct host *h, const struct host_key *key)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)key->lo);
	assert_int_equal(host_set(h, key, bytes_str(text), NULL), 0);
	assert_value(h, key, text);
	snprintf(text, sizeof(text), "%lld", (long long)key->hi);
	assert_int_equal(host_set(h, key, bytes_str(text), NULL), 0);
	assert_value(h, key, text);
	snprintf(text, sizeof(text), "%lld", (long long)key->lo - 1);
	assert_refused(h, key, text);
	snprintf(text, sizeof(text), "%lld", (long long)key->hi + 1);
	assert_refused(h, key, text);
	assert_refused(h, key, "12x");
	assert_refused(h, key, "");
	assert_refused(h, key, "true");
}

static void
take_and_refuse_durations(struct host *h, const struct host_key *key)
{
	char text[40];

	snprintf(text, sizeof(text), "%lldms", (long long)key->lo);
	assert_int_equal(host_set(h, key, bytes_str(text), NULL), 0);
	snprintf(text, sizeof(text), "%lldms", (long long)key->lo - 1);
	assert_refused(h, key, text);
	snprintf(text, sizeof(text), "%lldms", (long long)key->hi);
	assert_int_equal(host_set(h, key, bytes_str(text), NULL), 0);
	snprintf(text, sizeof(text), "%lldms", (long long)key->hi + 1);
	assert_refused(h, key, text);
	assert_refused(h, key, "365");
}

static void
take_and_refuse_texts(struct host *h, const struct host_key *key)
{
	char text[LONG_TEXT + 1];

	memset(text, 'x', sizeof(text));
	text[LONG_TEXT] = '\0';
	assert_refused(h, key, text);
	text[LONG_TEXT - 1] = '\0';
	assert_int_equal(host_set(h, key, bytes_str(text), NULL), 0);
	assert_value(h, key, text);
	assert_int_equal(host_set(h, key, bytes_str(""), NULL), 0);
	assert_value(h, key, "");
	assert_refused(h, key, "a\r\nb");
}

static void
take_and_refuse_lists(struct host *h, const struct host_key *key)
{
	char text[HOST_ITEM_MAX + 1];

	memset(text, 'x', sizeof(text));
	text[HOST_ITEM_MAX] = '\0';
	assert_refused(h, key, text);
	assert_refused(h, key, "");
	for (int i = 0; i < HOST_LIST_MAX; i++)
		assert_int_equal(host_set(h, key, bytes_str("a"), NULL), 0);
	assert_refused(h, key, "one too many");
	host_list_clear(h, key);
	assert_int_equal(host_set(h, key, bytes_str("AES"), NULL), 0);
	assert_int_equal(host_set(h, key, bytes_str("SHA-384"), NULL), 0);
	assert_value(h, key, "[AES, SHA-384]");
}

static void
every_row_takes_what_is_in_range_and_refuses_the_rest(void **state)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);
	struct host h;

	(void)state;
	host_init(&h);
	for (size_t i = 0; i < n; i++) {
		switch (keys[i].type) {
		case HOST_BOOL:
			assert_int_equal(
			    host_set(&h, &keys[i], bytes_str("false"), NULL),
			    0);
			assert_value(&h, &keys[i], "false");
			assert_int_equal(
			    host_set(&h, &keys[i], bytes_str("true"), NULL), 0);
			assert_value(&h, &keys[i], "true");
			assert_refused(&h, &keys[i], "yes");
			break;
		case HOST_INT:
			take_and_refuse_numbers(&h, &keys[i]);
			break;
		case HOST_ENUM:
			for (size_t j = 0; keys[i].names[j] != NULL; j++) {
				assert_int_equal(
				    host_set(&h, &keys[i],
					bytes_str(keys[i].names[j]), NULL),
				    0);
				assert_value(&h, &keys[i], keys[i].names[j]);
			}
			assert_refused(&h, &keys[i], "neither");
			break;
		case HOST_DURATION:
			take_and_refuse_durations(&h, &keys[i]);
			break;
		case HOST_TEXT:
			take_and_refuse_texts(&h, &keys[i]);
			break;
		case HOST_LIST:
			take_and_refuse_lists(&h, &keys[i]);
			break;
		}
	}
}

static void
a_refusal_names_the_value_and_what_is_wanted(void **state)
{
	static const struct {
		const char *path, *value, *text;
	} rows[] = {
		{ "rights.impersonate", "no",
		    "rights.impersonate: \"no\" is not true or false" },
		{ "app_pool.state", "crashed",
		    "app_pool.state: \"crashed\" is not one of started, "
		    "stopped, disabled" },
		{ "registry.PasswordMax", "-1",
		    "registry.PasswordMax: \"-1\" is not a whole number from "
		    "0 to 100000" },
		{ "ca.validity", "soon",
		    "ca.validity: \"soon\" is not a duration from 1s to "
		    "36500d, such as 5s, 30m or 365d" },
	};
	struct host h;

	(void)state;
	host_init(&h);
	for (size_t i = 0; i < nitems(rows); i++) {
		struct err e = { 0 };

		assert_int_equal(set(&h, rows[i].path, rows[i].value, &e), -1);
		assert_string_equal(e.text, rows[i].text);
	}
}

static void
the_default_host_is_the_healthy_intune_one(void **state)
{
	struct host h;

	(void)state;
	host_init(&h);
	assert_int_equal(h.http_sys.max_field_length, 65534);
	assert_int_equal(h.http_sys.max_request_bytes, 65534);
	assert_int_equal(h.iis.max_url, 65534);
	assert_int_equal(h.iis.max_query_string, 65534);
	assert_int_equal(h.app_pool.state, HOST_POOL_STARTED);
	assert_true(h.policy_module.installed && h.policy_module.loaded);
	assert_true(h.rights.impersonate);
	assert_int_equal(h.registry.password_max, 5);
	assert_int_equal(h.registry.password_validity_min, 60);
	assert_int_equal(h.registry.password_length, 8);
	assert_int_equal(h.ca.validity_ms, 365 * INT64_C(86400000));
	assert_int_equal(h.mscep.bad_password_fail_info, 2);
	assert_string_equal(
	    h.registry.general_purpose_template, "IPSECIntermediateOffline");
}

static void
parts_are_known_and_leaves_are_no_parts(void **state)
{
	(void)state;
	assert_true(host_part_exists(bytes_str("registry")));
	assert_true(host_part_exists(bytes_str("iis.request_filtering")));
	assert_false(host_part_exists(bytes_str("iis.request")));
	assert_false(host_part_exists(bytes_str("registry.PasswordMax")));
	assert_false(host_part_exists(bytes_str("")));
	assert_null(host_key_find(bytes_str("registry")));
	assert_null(host_key_find(bytes_str("registry.passwordmax")));
}

static void
a_misspelt_key_finds_its_neighbour(void **state)
{
	static const struct {
		const char *wrong, *right;
	} rows[] = {
		{ "registry.passwordmax", "registry.PasswordMax" },
		{ "registry.PaswordMax", "registry.PasswordMax" },
		{ "iis.maxQueryString",
		    "iis.request_filtering.maxQueryString" },
		{ "rights.impersonation", "rights.impersonate" },
		{ "rigths.impersonate", "rights.impersonate" },
		{ "weather.tomorrow", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const char *near = host_key_nearest(bytes_str(rows[i].wrong));

		if (rows[i].right == NULL) {
			assert_null(near);
			continue;
		}
		assert_non_null(near);
		assert_string_equal(near, rows[i].right);
	}
}

static void
each_value_waits_for_its_restart(void **state)
{
	static const struct {
		const char *path, *value;
		enum host_effect effect;
	} rows[] = {
		{ "app_pool.state", "stopped", HOST_NOW },
		{ "iis.request_filtering.maxUrl", "10", HOST_NOW },
		{ "ra.signing", "expired", HOST_POOL_START },
		{ "registry.PasswordMax", "9", HOST_SERVICE_RESTART },
		{ "rights.impersonate", "false", HOST_COMPUTER_RESTART },
		{ "http_sys.MaxFieldLength", "16384", HOST_COMPUTER_RESTART },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct host_key *key = must_find(rows[i].path);
		struct host configured, in_force;

		assert_int_equal(key->effect, rows[i].effect);
		host_init(&configured);
		host_init(&in_force);
		assert_int_equal(
		    host_set(&configured, key, bytes_str(rows[i].value), NULL),
		    0);
		if (rows[i].effect > HOST_NOW) {
			host_take_effect(&in_force, &configured,
			    (enum host_effect)((int)rows[i].effect - 1));
			assert_value(&in_force, key, key->fallback);
		}
		host_take_effect(&in_force, &configured, rows[i].effect);
		assert_value(&in_force, key, rows[i].value);
		host_take_effect(&in_force, &configured, HOST_COMPUTER_RESTART);
		assert_memory_equal(&in_force, &configured, sizeof(in_force));
	}
}

static void
every_pair_of_tls_versions_leaves_one_or_is_refused(void **state)
{
	struct host h;
	struct err e = { 0 };

	(void)state;
	host_init(&h);
	for (int lo = 0; lo < HOST_TLS_VERSIONS; lo++)
		for (int hi = 0; hi < HOST_TLS_VERSIONS; hi++) {
			err_clear(&e);
			h.tls.minimum_version = lo;
			h.tls.maximum_version = hi;
			assert_int_equal(host_check(&h, &e), lo > hi ? -1 : 0);
			assert_int_equal(
			    e.code, lo > hi ? ERR_SCENARIO : ERR_NONE);
		}
	assert_string_equal(e.text, "");
	h.tls.minimum_version = HOST_TLS_1_3;
	h.tls.maximum_version = HOST_TLS_1_2;
	assert_int_equal(host_check(&h, &e), -1);
	assert_string_equal(e.text,
	    "tls.minimum_version (tls1.3) is above tls.maximum_version (tls1.2): "
	    "no version of TLS is left");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_prints_its_default),
		cmocka_unit_test(
		    every_row_takes_what_is_in_range_and_refuses_the_rest),
		cmocka_unit_test(a_refusal_names_the_value_and_what_is_wanted),
		cmocka_unit_test(the_default_host_is_the_healthy_intune_one),
		cmocka_unit_test(parts_are_known_and_leaves_are_no_parts),
		cmocka_unit_test(a_misspelt_key_finds_its_neighbour),
		cmocka_unit_test(each_value_waits_for_its_restart),
		cmocka_unit_test(
		    every_pair_of_tls_versions_leaves_one_or_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
