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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "control/openapi.h"
#include "support/served.h"

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
answers_are_as_described(void **state)
{
	static const char *const options[] = { "control-port", "0", NULL };
	struct world *w = *state;
	struct served s;
	char serial[CLIENT_TEXT_MAX];
	char *command = NULL;
	int rc;

	served_start(&s, "healthy", options);
	enrolled(w, &s, serial);
	assert_true(asprintf(&command,
			"exec /usr/bin/python3 tests/wire/openapi.py %s %s",
			mockndes_url(s.m, "control"), serial) > 0);
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
	};

	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
