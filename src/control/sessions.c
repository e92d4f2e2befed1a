/* SPDX-License-Identifier: MIT */
/* Private sites: made, listed, ended. */
#include <stdlib.h>

#include "base/quantity.h"
#include "control/reading.h"
#include "control/shown.h"

#define SEED_MAX INT64_MAX

/* ---- showing ---- */

/* A URL of the server's with the site's prefix in it; null for one that is not there. */
static json_t *
below(const char *url, const char *id)
{
	const char *host = url == NULL ? NULL : strstr(url, "://");
	const char *path = host == NULL ? NULL : strchr(host + 3, '/');

	if (url == NULL)
		return json_null();
	if (path == NULL)
		path = url + strlen(url);
	return json_sprintf("%.*s/s/%s%s", (int)(path - url), url, id, path);
}

static json_t *
scenario_of(struct control_call *c, const struct server_session *s)
{
	struct site *site =
	    server_session_peek(c->control->server, bytes_str(s->id));
	struct site_snapshot *now;
	json_t *json;

	if (site == NULL)
		return json_null();
	now = site_acquire(site);
	json = json_string(scenario_set_names(now->plan->scenarios));
	site_release(now);
	site_unref(site);
	return json;
}

static json_t *
describe(struct control_call *c, const struct server_session *s)
{
	const struct control *k = c->control;

	return json_pack(
	    "{s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:o, s:I, s:s}", "id",
	    s->id, "scep_url", below(k->scep_url, s->id), "scep_url_https",
	    below(k->scep_url_https, s->id), "admin_page_url",
	    below(k->admin_page_url, s->id), "control_url",
	    below(k->control_url, s->id), "challenge", s->challenge, "scenario",
	    scenario_of(c, s), "seed", (json_int_t)s->seed, "ttl",
	    shown_duration(s->ttl_ms), "idle_ms", (json_int_t)s->idle_ms,
	    "site", arena_printf(c->arena, "s/%s", s->id));
}

static void
list(struct control_call *c)
{
	struct server_session *all;
	struct err e = { 0 };
	json_t *array;
	size_t n;

	if (server_sessions(c->control->server, &all, &n, &e) == -1) {
		call_failed(c, &e);
		return;
	}
	array = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, describe(c, &all[i]));
	free(all);
	call_json(c, 200, json_pack("{s:o}", "sessions", array));
}

static void
no_session(struct control_call *c, const char *id)
{
	call_problem(c, 404,
	    "there is no session \"%.40s\"; it was ended, or idle for too "
	    "long",
	    id);
}

static void
show(struct control_call *c)
{
	const char *id = call_param(c, 0);
	struct server_session s;

	if (server_session_get(c->control->server, bytes_str(id), &s))
		call_json(c, 200, describe(c, &s));
	else
		no_session(c, id);
}

/* ---- making ---- */

struct wish {
	struct server_session_options o;
	uint64_t seed;
	json_t *scenario; /* lent from the body; NULL: none */
};

static int
read_ttl(json_t *value, struct wish *w, struct err *e)
{
	if (shown_read_duration(value, "ttl", &w->o.ttl_ms, e) == -1)
		return -1;
	return w->o.ttl_ms > 0 ? 0
			       : err_set(e, ERR_USAGE, "ttl is more than 0");
}

static int
read_member(const char *name, json_t *value, struct wish *w, struct err *e)
{
	if (strcmp(name, "ttl") == 0)
		return read_ttl(value, w, e);
	if (strcmp(name, "scenario") == 0) {
		w->scenario = value;
		return 0;
	}
	if (strcmp(name, "challenge") == 0) {
		w->o.challenge = json_string_value(value);
		return w->o.challenge != NULL
		    ? 0
		    : err_set(e, ERR_USAGE, "challenge is a text");
	}
	if (strcmp(name, "seed") != 0)
		return err_set(e, ERR_USAGE,
		    "a session has no %.40s; it takes scenario, seed, ttl and "
		    "challenge",
		    name);
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return err_set(
		    e, ERR_USAGE, "seed is a number that is not negative");
	w->seed = (uint64_t)json_integer_value(value);
	w->o.seed = &w->seed;
	return 0;
}

static int
read_wish(json_t *body, struct wish *w, struct err *e)
{
	const char *name;
	json_t *value;

	if (!json_is_object(body))
		return err_set(e, ERR_USAGE,
		    "the body is an object with scenario, seed, ttl and "
		    "challenge");
	json_object_foreach(body, name, value)
	{
		/* null is as if it were not there */
		if (!json_is_null(value) &&
		    read_member(name, value, w, e) == -1)
			return -1;
	}
	return 0;
}

static void
make_of(struct control_call *c, struct wish *w)
{
	struct server_session s;
	struct err e = { 0 };

	if (server_session_new(c->control->server, &w->o, &s, &e) == 0)
		call_json(c, 201, describe(c, &s));
	else if (e.code == ERR_LIMIT)
		call_problem(c, 429, "%s", e.text);
	else
		call_failed(c, &e);
}

static void
make(struct control_call *c)
{
	json_t *body = c->rq->body.n == 0 ? json_object() : call_body(c);
	struct wish w = { .scenario = NULL };
	struct err e = { 0 };

	if (body == NULL)
		return;
	w.o.scenarios = scenario_set_new(&e);
	if (w.o.scenarios == NULL || read_wish(body, &w, &e) == -1)
		call_failed(c, &e);
	else if (w.scenario == NULL ||
	    reading_value(c, w.scenario, w.o.scenarios) == 0)
		make_of(c, &w);
	scenario_set_unref(w.o.scenarios);
	json_decref(body);
}

/* ---- ending ---- */

static void
end(struct control_call *c)
{
	const char *id = call_param(c, 0);

	if (server_session_end(c->control->server, bytes_str(id)))
		call_nothing(c);
	else
		no_session(c, id);
}

static void
end_all(struct control_call *c)
{
	server_sessions_end(c->control->server);
	call_nothing(c);
}

const struct control_route control_sessions_routes[] = {
	{ "GET", "/v1/sessions", CALL_TOKEN | CALL_SERVER, list, NULL },
	{ "POST", "/v1/sessions", CALL_TOKEN | CALL_SERVER, make, "" },
	{ "DELETE", "/v1/sessions", CALL_TOKEN | CALL_SERVER, end_all, "" },
	{ "GET", "/v1/sessions/{id}", CALL_TOKEN | CALL_SERVER, show, NULL },
	{ "DELETE", "/v1/sessions/{id}", CALL_TOKEN | CALL_SERVER, end, NULL },
	{ 0 },
};
