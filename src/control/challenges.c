/* SPDX-License-Identifier: MIT */
/*
 * Challenge passwords: a fresh one, and what became of those that were given
 * out. They are shown as they are: whoever calls runs the test.
 */
#include "control/shown.h"
#include "control/times.h"

#include "base/quantity.h"

/* The words of the API, which are about a password and not about an exchange. */
static const char *
state_word(enum challenge_state state)
{
	if (state == CHALLENGE_GOOD)
		return "unused";
	return challenge_state_name(state);
}

static json_t *
maybe_time(bool known, int64_t unix_ms)
{
	return known ? time_of_ms(unix_ms) : json_null();
}

static void
add_one(void *ctx, const struct challenge_view *v)
{
	bool used = v->state == CHALLENGE_USED;

	json_array_append_new(ctx,
	    json_pack("{s:s, s:s, s:o, s:o, s:o}", "challenge", v->text,
		"state", state_word(v->state), "made_at",
		maybe_time(!v->fixed, v->made_ms), "expires_at",
		maybe_time(!v->fixed, v->expires_ms), "used_at",
		maybe_time(used, v->used_ms)));
}

static void
list(struct control_call *c)
{
	struct site *site = call_site(c);
	struct site_snapshot *now;
	json_t *array;

	if (site == NULL)
		return;
	array = json_array();
	now = site_acquire(site);
	challenge_each(now->dep.challenges, &now->host,
	    env_now_ms(now->dep.env), add_one, array);
	site_release(now);
	call_json(c, 200, json_pack("{s:o}", "challenges", array));
}

/* One member of the body. */
static int
read_member(
    struct challenge_wish *w, const char *name, json_t *value, struct err *e)
{
	if (strcmp(name, "static") == 0 && json_is_boolean(value)) {
		w->lasting = json_is_true(value);
		return 0;
	}
	if (strcmp(name, "static") == 0)
		return err_set(e, ERR_USAGE, "static is true or false");
	if (strcmp(name, "ttl") != 0)
		return err_set(e, ERR_USAGE,
		    "there is no %.40s; a challenge takes ttl and static",
		    name);
	if (shown_read_duration(value, "ttl", &w->life_ms, e) == -1)
		return -1;
	if (w->life_ms <= 0)
		return err_set(e, ERR_USAGE, "ttl is more than 0");
	return 0;
}

/* What is wished, from a body that may be empty. False: a problem is the answer. */
static bool
read_wish(struct control_call *c, struct challenge_wish *w)
{
	json_t *body, *value;
	const char *name;
	struct err e = { 0 };
	int rc = 0;

	if (c->rq->body.n == 0)
		return true;
	body = call_body(c);
	if (body == NULL)
		return false;
	if (!json_is_object(body))
		rc = err_set(
		    &e, ERR_USAGE, "the body is an object with ttl and static");
	json_object_foreach(body, name, value)
	{
		if (rc == 0)
			rc = read_member(w, name, value, &e);
	}
	json_decref(body);
	if (rc == -1)
		call_failed(c, &e);
	return rc == 0;
}

struct found {
	const char *text;
	json_t *one;
};

static void
find_one(void *ctx, const struct challenge_view *v)
{
	struct found *f = ctx;
	json_t *one = json_array();

	if (f->one == NULL && strcmp(v->text, f->text) == 0) {
		add_one(one, v);
		f->one = json_incref(json_array_get(one, 0));
	}
	json_decref(one);
}

static void
make(struct control_call *c)
{
	struct site *site = call_site(c);
	struct challenge_wish wish = { 0 };
	char text[CHALLENGE_TEXT_MAX];
	struct found f = { text, NULL };
	struct site_snapshot *now;
	struct err e = { 0 };

	if (site == NULL || !read_wish(c, &wish))
		return;
	now = site_acquire(site);
	if (challenge_make(now->dep.challenges, &now->host, now->dep.env, &wish,
		text, &e) == -1) {
		call_failed(c, &e);
	} else {
		challenge_each(now->dep.challenges, &now->host,
		    env_now_ms(now->dep.env), find_one, &f);
		call_json(c, 201, f.one);
	}
	site_release(now);
}

const struct control_route control_challenges_routes[] = {
	{ "GET", "/v1/challenges", CALL_TOKEN | CALL_SERVER | CALL_SITE, list,
	    NULL },
	{ "POST", "/v1/challenges", CALL_TOKEN | CALL_SERVER | CALL_SITE, make,
	    "" },
	{ 0 },
};
