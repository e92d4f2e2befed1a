/* SPDX-License-Identifier: MIT */
/* Calls of the control API as values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/control.h"
#include "support/office.h"

#define PATIENCE_S 60

static void
open_control(struct office *o)
{
	static const struct control_facts facts = {
		.version = "1",
		.scenario = "healthy",
		.scep_url = "http://127.0.0.1:1/certsrv/mscep/mscep.dll",
		.admin_page_url = "http://127.0.0.1:1/certsrv/mscep_admin/",
		.control_url = "http://127.0.0.1:2",
	};

	o->control = control_new(o->desk.server, &facts, NULL, NULL);
	assert_non_null(o->control);
}

void
office_open(struct office *o, const char *scenario)
{
	desk_open(&o->desk, scenario);
	open_control(o);
}

void
office_open_text(struct office *o, const char *yaml)
{
	desk_open_text(&o->desk, yaml);
	open_control(o);
}

void
office_close(struct office *o)
{
	control_free(o->control);
	desk_close(&o->desk);
}

json_t *
office_call(struct office *o, const char *method, const char *target,
    const char *body, int status)
{
	struct http_request rq = {
		.method_text = bytes_str(method),
		.target = bytes_str(target),
		.body = bytes_str(body ? body : ""),
	};
	struct http_reply reply = { 0 };
	struct arena arena;
	json_t *json = NULL;

	rq.method = http_method_of(rq.method_text);
	http_request_split(&rq);
	arena_init(&arena, (size_t)16 << 20);
	control_answer(o->control, &rq, &arena, &reply);
	if (reply.status != status)
		fail_msg("%s %s %s: %d %.*s", method, target, body ? body : "",
		    reply.status, (int)reply.body.n,
		    (const char *)reply.body.p);
	if (reply.body.n > 0)
		json = json_loadb((const char *)reply.body.p, reply.body.n,
		    JSON_REJECT_DUPLICATES, NULL);
	assert_true(reply.body.n == 0 || json != NULL);
	arena_clear(&arena);
	return json;
}

void
office_do(struct office *o, const char *method, const char *target,
    const char *body, int status)
{
	json_decref(office_call(o, method, target, body, status));
}

json_t *
office_at(const json_t *doc, const char *path)
{
	const json_t *at = doc;
	char part[128];

	while (at && *path) {
		size_t n = strcspn(path, ".");
		snprintf(part, sizeof(part), "%.*s", (int)n, path);
		at = json_is_array(at)
		    ? json_array_get(at, strtoul(part, NULL, 10))
		    : json_object_get(at, part);
		path += n + (path[n] == '.');
	}
	return (json_t *)(uintptr_t)at;
}

void
office_is(const json_t *doc, const char *path, const char *text)
{
	const char *got = json_string_value(office_at(doc, path));
	char *all;

	if (got && strcmp(got, text) == 0)
		return;
	all = json_dumps(doc, JSON_COMPACT);
	fail_msg(
	    "%s is %s, not %s: %s", path, got ? got : "no text", text, all);
}

void
office_is_number(const json_t *doc, const char *path, long long n)
{
	json_t *at = office_at(doc, path);
	char *all;

	if (json_is_integer(at) && json_integer_value(at) == n)
		return;
	all = json_dumps(doc, JSON_COMPACT);
	fail_msg("%s is %lld, not %lld: %s", path,
	    (long long)json_integer_value(at), n, all);
}

long
office_caps(struct office *o, const char *prefix)
{
	struct client_http out;
	struct desk_request rq = { .target = DESK_PATH "?operation=GetCACaps" };
	long status;

	o->desk.below = prefix;
	desk_ask(&o->desk, &rq, &out);
	o->desk.below = NULL;
	status = out.status;
	client_http_clear(&out);
	return status;
}

void
office_await(
    struct office *o, const char *target, const char *path, const char *text)
{
	time_t end = time(NULL) + PATIENCE_S;
	json_t *doc;
	bool is;

	do {
		doc = office_call(o, "GET", target, NULL, 200);
		const char *got = json_string_value(office_at(doc, path));
		is = got && strcmp(got, text) == 0;
		json_decref(doc);
		if (is)
			return;
		usleep(5000);
	} while (time(NULL) < end);
	fail_msg("%s of %s does not become %s", path, target, text);
}

void
office_enrol(struct office *o, struct client *c, EVP_PKEY *key,
    const char *password, struct client_certrep *out)
{
	struct client_enrolment e = {
		.ca = &o->desk.ca,
		.csr = { .key = key,
		    .subject = "/CN=client",
		    .challenge = password },
	};

	if (!o->desk.ca.all)
		desk_ca(&o->desk, c);
	memset(out, 0, sizeof(*out));
	desk_enrol(&o->desk, c, &e, out);
}

int
office_enrol_status(
    struct office *o, struct client *c, EVP_PKEY *key, const char *password)
{
	struct client_certrep r;
	int status;

	office_enrol(o, c, key, password, &r);
	status = r.status;
	client_certrep_clear(&r);
	return status;
}
