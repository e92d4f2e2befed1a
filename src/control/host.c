/* SPDX-License-Identifier: MIT */
/*
 * The model over HTTP: GET shows what is configured (?view=in-force: what is
 * in force), PATCH mends or breaks it, POST restarts bring into force what
 * waits for them. All driven by the table of keys.
 */
#include "control/call.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/path.h"
#include "control/shown.h"
#include "http/query.h"

#define TEXT_MAX ((size_t)64 << 10)
#define DEPTH_MAX 4 /* parts within parts; the table has two */

/* ---- the model as JSON ---- */

static json_t *
list_of(const struct host_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(list->item[i]));
	return array;
}

static json_t *
text_of(const struct host *h, const struct host_key *key)
{
	struct buf b;
	json_t *json;

	buf_init(&b, TEXT_MAX);
	host_get(h, key, &b);
	json = json_string(buf_str(&b));
	buf_clear(&b);
	return json;
}

static json_t *
value_of(const struct host *h, const struct host_key *key)
{
	const void *at = (const char *)h + key->offset;

	switch (key->type) {
	case HOST_BOOL:
		return json_boolean(*(const bool *)at);
	case HOST_INT:
		return json_integer(*(const int64_t *)at);
	case HOST_LIST:
		return list_of(at);
	case HOST_ENUM:
	case HOST_DURATION:
	case HOST_TEXT:
		break;
	}
	return text_of(h, key);
}

static json_t *
model(const struct host *h)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);
	json_t *root = json_object();

	for (size_t i = 0; i < n; i++)
		control_put_path(root, keys[i].path, value_of(h, &keys[i]));
	return root;
}

static bool
same_value(
    const struct host *a, const struct host *b, const struct host_key *key)
{
	json_t *va = value_of(a, key), *vb = value_of(b, key);
	bool same = json_equal(va, vb) == 1;

	json_decref(va);
	json_decref(vb);
	return same;
}

/* ---- what waits for a restart ---- */

static const char *const waits_for[HOST_EFFECTS] = {
	[HOST_NOW] = "",
	[HOST_POOL_START] = "app-pool",
	[HOST_SERVICE_RESTART] = "iis",
	[HOST_COMPUTER_RESTART] = "computer",
};

static json_t *
pending(const struct host *configured, const struct host *in_force)
{
	size_t n;
	const struct host_key *keys = host_keys(&n);
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		if (!same_value(configured, in_force, &keys[i]))
			json_array_append_new(array,
			    json_pack("{s:s, s:s}", "key", keys[i].path,
				"restart", waits_for[keys[i].effect]));
	}
	return array;
}

static void
in_force_of(struct site *site, struct host *out)
{
	struct site_snapshot *now = site_acquire(site);

	*out = now->host;
	site_release(now);
}

/* Both views of a site; the caller frees. NULL: a problem is the answer. */
static struct host *
two_hosts(struct control_call *c, struct site *site)
{
	struct host *two = calloc(2, sizeof(*two));

	if (two == NULL) {
		call_problem(c, 500, "mockndes is out of memory");
		return NULL;
	}
	site_configured(site, &two[0]);
	in_force_of(site, &two[1]);
	return two;
}

static void
answer_pending(struct control_call *c, struct site *site)
{
	struct host *two = two_hosts(c, site);

	if (two != NULL)
		call_json(c, 200,
		    json_pack("{s:o}", "pending", pending(&two[0], &two[1])));
	free(two);
}

static void
get(struct control_call *c)
{
	struct site *site = call_site(c);
	struct bytes view = bytes_of(NULL, 0);
	struct host *two;
	bool in_force;

	if (site == NULL)
		return;
	(void)http_query_find(c->rq->query, "view", &view);
	in_force = bytes_eq(view, bytes_str("in-force"));
	if (view.n > 0 && !in_force &&
	    !bytes_eq(view, bytes_str("configured"))) {
		call_problem(c, 400, "view is configured or in-force");
		return;
	}
	two = two_hosts(c, site);
	if (two != NULL)
		call_json(c, 200, model(&two[in_force ? 1 : 0]));
	free(two);
}

/* ---- PATCH ---- */

struct patch {
	json_t *json;
	struct host *host;
	bool *touched; /* in the order of host_keys() */
	char path[256]; /* of the part that is being read */
};

/* What host_set() refuses is the caller's mistake here, whatever else it is elsewhere. */
static int
set_text(struct host *host, const struct host_key *key, const char *text,
    struct err *e)
{
	struct err why = { 0 };

	if (host_set(host, key, bytes_str(text), &why) == -1)
		return err_set(e, ERR_USAGE, "%s", why.text);
	return 0;
}

static int
set_list(
    struct host *host, const struct host_key *key, json_t *array, struct err *e)
{
	size_t i;
	json_t *item;

	host_list_clear(host, key);
	json_array_foreach(array, i, item)
	{
		if (!json_is_string(item))
			return err_set(e, ERR_USAGE, "%s: item %zu is no text",
			    key->path, i);
		if (set_text(host, key, json_string_value(item), e) == -1)
			return -1;
	}
	return 0;
}

/* A JSON value as the text that host_set() takes; null is the default. */
static const char *
scalar_text(const struct host_key *key, json_t *value, char room[32])
{
	if (json_is_null(value))
		return key->fallback;
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (json_is_string(value) && key->type != HOST_BOOL &&
	    key->type != HOST_INT)
		return json_string_value(value);
	if (!json_is_integer(value))
		return NULL;
	snprintf(room, 32, "%lld", (long long)json_integer_value(value));
	return room;
}

static int
set_key(
    struct host *host, const struct host_key *key, json_t *value, struct err *e)
{
	char room[32];
	const char *text;

	if (key->type == HOST_LIST) {
		if (json_is_null(value)) {
			host_list_clear(host, key);
			return 0;
		}
		if (!json_is_array(value))
			return err_set(e, ERR_USAGE, "%s is a list", key->path);
		return set_list(host, key, value, e);
	}
	text = scalar_text(key, value, room);
	if (text == NULL)
		return err_set(e, ERR_USAGE,
		    "%s does not take a value of this kind: %s", key->path,
		    key->doc);
	return set_text(host, key, text, e);
}

static int
touch(struct patch *p, const struct host_key *key, json_t *value, struct err *e)
{
	size_t n;

	p->touched[key - host_keys(&n)] = true;
	return set_key(p->host, key, value, e);
}

static int
no_such_key(const char *path, struct err *e)
{
	const char *near = host_key_nearest(bytes_str(path));

	if (near == NULL)
		return err_set(e, ERR_USAGE, "there is no key %s", path);
	return err_set(
	    e, ERR_USAGE, "there is no key %s; did you mean %s?", path, near);
}

static int
patch_part(struct patch *p, json_t *object, unsigned depth, struct err *e)
{
	size_t before = strlen(p->path);
	const char *name;
	json_t *value;
	int rc = 0;

	json_object_foreach(object, name, value)
	{
		const struct host_key *key;

		if (snprintf(p->path + before, sizeof(p->path) - before, "%s%s",
			before > 0 ? "." : "",
			name) >= (int)(sizeof(p->path) - before))
			return err_set(e, ERR_USAGE, "a key is too long");
		key = host_key_find(bytes_str(p->path));
		if (key != NULL)
			rc = touch(p, key, value, e);
		else if (json_is_object(value) && depth < DEPTH_MAX &&
		    host_part_exists(bytes_str(p->path)))
			rc = patch_part(p, value, depth + 1, e);
		else
			rc = no_such_key(p->path, e);
		if (rc == -1)
			break;
	}
	p->path[before] = '\0';
	return rc;
}

static int
edit(void *ctx, struct host *configured, struct err *e)
{
	struct patch *p = ctx;
	struct err why = { 0 };

	p->host = configured;
	if (patch_part(p, p->json, 1, e) == -1)
		return -1;
	if (host_check(configured, &why) == -1)
		return err_set(e, ERR_USAGE, "%s", why.text);
	return 0;
}

static void
patch_with(
    struct control_call *c, struct site *site, json_t *json, int64_t ttl_ms)
{
	struct patch p = { .json = json };
	struct err e = { 0 };
	size_t n;

	(void)host_keys(&n);
	p.touched = arena_zalloc(c->arena, n * sizeof(*p.touched));
	if (p.touched == NULL)
		call_problem(c, 500, "mockndes is out of memory");
	else if (site_edit(site, edit, &p, p.touched, ttl_ms, &e) == -1)
		call_problem(c, e.code == ERR_USAGE ? 400 : 500, "%s", e.text);
	else
		answer_pending(c, site);
}

static void
patch(struct control_call *c)
{
	struct site *site = call_site(c);
	int64_t ttl_ms = 0;
	json_t *json;

	if (site == NULL || shown_ttl(c, &ttl_ms) == -1)
		return;
	json = call_body(c);
	if (json == NULL)
		return;
	if (!json_is_object(json))
		call_problem(c, 400,
		    "the body is an object with the keys of a scenario's "
		    "host:");
	else
		patch_with(c, site, json, ttl_ms);
	json_decref(json);
}

/* ---- restarts ---- */

static void
restart(struct control_call *c)
{
	struct site *site = call_site(c);
	const char *name = call_param(c, 0);
	struct err e = { 0 };

	if (site == NULL)
		return;
	for (unsigned i = 0; i < SITE_RESTARTS; i++) {
		enum site_restart what = (enum site_restart)i;

		if (strcmp(name, site_restart_name(what)) != 0)
			continue;
		if (site_restart(site, what, &e) == -1)
			call_problem(c, 500, "%s", e.text);
		else
			answer_pending(c, site);
		return;
	}
	call_problem(c, 404,
	    "there is nothing of that name to restart; app-pool, iis, "
	    "computer, connector and intune-connector are");
}

const struct control_route control_host_routes[] = {
	{ "GET", "/v1/host", CALL_TOKEN | CALL_SERVER | CALL_SITE, get, NULL },
	{ "PATCH", "/v1/host", CALL_TOKEN | CALL_SERVER | CALL_SITE, patch,
	    "ttl" },
	{ "POST", "/v1/restart/{what}", CALL_TOKEN | CALL_SERVER | CALL_SITE,
	    restart, "" },
	{ 0 },
};
