/* SPDX-License-Identifier: MIT */
/*
 * The description of the control API against the API: the same resources in
 * both, and the answers of a running server, which tests/wire/openapi.py
 * validates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "control/openapi.h"
#include "support/control.h"

static json_t *
description(void)
{
	json_error_t why;
	json_t *json = json_loadb((const char *)control_openapi,
	    control_openapi_size, JSON_REJECT_DUPLICATES, &why);

	if (json == NULL)
		fail_msg(
		    "openapi.json:%d:%d: %s", why.line, why.column, why.text);
	return json;
}

static void
every_resource_of_the_server_is_described(void **state)
{
	json_t *json = description(), *item;
	const char *method, *path;
	char lower[16];
	size_t i;

	(void)state;
	for (i = 0; control_route_at(i, &method, &path); i++) {
		snprintf(lower, sizeof(lower), "%s", method);
		for (char *c = lower; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		item = json_object_get(json_object_get(json, "paths"), path);
		if (json_object_get(item, lower) == NULL)
			fail_msg("%s %s is not in openapi.json", method, path);
	}
	assert_true(i > 8);
	json_decref(json);
}

static bool
server_has(const char *lower, const char *path)
{
	const char *method, *have;

	for (size_t i = 0; control_route_at(i, &method, &have); i++)
		if (strcmp(have, path) == 0 && strcasecmp(method, lower) == 0)
			return true;
	return false;
}

static void
every_described_resource_is_the_servers(void **state)
{
	static const char *const methods[] = { "get", "put", "post", "patch",
		"delete" };
	json_t *json = description(), *item;
	const char *path;

	(void)state;
	json_object_foreach(json_object_get(json, "paths"), path, item)
	{
		for (size_t i = 0; i < nitems(methods); i++)
			if (json_object_get(item, methods[i]) != NULL &&
			    !server_has(methods[i], path))
				fail_msg("openapi.json has %s %s, and the "
					 "server has not",
				    methods[i], path);
	}
	json_decref(json);
}

/* The serial number of a certificate that the server issues now, in hex. */
static void
enrolled(struct world *w, struct served *s, char serial[CLIENT_TEXT_MAX])
{
	struct client_certrep r;
	struct client_enrolment e =
	    served_enrolment(s, w, "/C=US/O=Probe/CN=described");
	BIGNUM *n;
	char *hex;

	served_ca(s, &w->c);
	enrol_expect(&w->c, &e, 0, "plain", &r);
	n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(r.certificate), NULL);
	hex = BN_bn2hex(n);
	snprintf(serial, CLIENT_TEXT_MAX, "%s", hex);
	for (char *c = serial; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	OPENSSL_free(hex);
	BN_free(n);
	client_certrep_clear(&r);
}

static void
note(void *ctx)
{
	atomic_store((atomic_bool *)ctx, true);
}

/* As served_start(), but it lets itself be shut down. */
static void
start(struct served *s, atomic_bool *asked)
{
	static const char *const options[] = { "http-port", "0", "https-port",
		"off", "control-port", "0", "challenge", SERVED_SECRET, NULL };

	*s = (struct served){ .m = mockndes_new() };
	assert_non_null(s->m);
	for (size_t i = 0; options[i] != NULL; i += 2)
		assert_int_equal(
		    mockndes_set(s->m, options[i], options[i + 1]), 0);
	atomic_store(asked, false);
	mockndes_on_shutdown(s->m, note, asked);
	if (mockndes_start(s->m) != 0)
		fail_msg("%s", mockndes_error(s->m));
	s->url = mockndes_url(s->m, "http");
}

static void
answers_are_as_described(void **state)
{
	struct world *w = *state;
	struct served s;
	char serial[CLIENT_TEXT_MAX];
	char *command = NULL;
	atomic_bool asked;
	int rc;

	start(&s, &asked);
	enrolled(w, &s, serial);
	assert_true(asprintf(&command,
			"exec /usr/bin/python3 tests/wire/openapi.py %s %s",
			mockndes_url(s.m, "control"), serial) > 0);
	fflush(NULL);
	rc = system(command);
	free(command);
	served_stop(&s);
	assert_int_equal(rc, 0);
	/* The last call of the list is POST /v1/shutdown. */
	assert_true(atomic_load(&asked));
}

/* Break what the first example of the page mends. */
static void
impersonation(struct world *w, const struct served *s)
{
	json_decref(control_call_json(w, s, "PATCH", "/v1/host",
	    "{\"rights\":{\"impersonate\":false}}", 200));
	json_decref(
	    control_call_json(w, s, "POST", "/v1/restart/computer", NULL, 200));
}

static void
the_examples_of_the_manual_do_what_they_say(void **state)
{
	struct world *w = *state;
	struct served s;
	char serial[CLIENT_TEXT_MAX];
	char *command = NULL;
	atomic_bool asked;
	int rc;

	start(&s, &asked);
	enrolled(w, &s, serial);
	impersonation(w, &s);
	assert_true(asprintf(&command,
			"exec sh tests/wire/manual.sh %s "
			"src/control/mockndes-control.7",
			mockndes_url(s.m, "control")) > 0);
	fflush(NULL);
	rc = system(command);
	free(command);
	served_stop(&s);
	assert_int_equal(rc, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_resource_of_the_server_is_described),
		cmocka_unit_test(every_described_resource_is_the_servers),
		cmocka_unit_test(answers_are_as_described),
		cmocka_unit_test(the_examples_of_the_manual_do_what_they_say),
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
