/* SPDX-License-Identifier: MIT */
/* The clock of a site: moved by so much, set to a time, or standing still. */
#include "base/civil.h"
#include "base/quantity.h"
#include "control/shown.h"
#include "control/times.h"

#define LAST_MS INT64_C(253402300799000) /* 9999-12-31T23:59:59Z */

/* ---- showing ---- */

static void
answer(struct control_call *c, struct site *site)
{
	struct site_snapshot *now = site_acquire(site);
	const struct site_time *t = &now->time;
	int64_t shown_ms = env_now_ms(&t->env);
	json_t *doc = json_pack("{s:o, s:b, s:o, s:o}", "now",
	    time_of_ms(shown_ms), "frozen", (int)t->clock.frozen, "offset",
	    t->clock.frozen ? json_null() : shown_duration(t->clock.at_ms),
	    "host_offset", shown_duration(t->offset_ms));

	site_release(now);
	call_json(c, 200, doc);
}

static void
get(struct control_call *c)
{
	struct site *site = call_site(c);

	if (site != NULL)
		answer(c, site);
}

/* ---- setting ---- */

static bool
digits(const char **p, unsigned n, int lo, int hi, int *out)
{
	*out = 0;
	for (unsigned i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return *out >= lo && *out <= hi;
}

static bool
sign(const char **p, const char *any)
{
	if (**p == '\0' || strchr(any, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

/* "2027-01-31T12:00:00Z", with a fraction or without. */
static bool
read_time(const char *p, int64_t *ms)
{
	struct civil c = { 0 };
	int milli = 0, digit = 100;

	if (!digits(&p, 4, 1, 9999, &c.year) || !sign(&p, "-") ||
	    !digits(&p, 2, 1, 12, &c.month) || !sign(&p, "-") ||
	    !digits(&p, 2, 1, 31, &c.day) || !sign(&p, "Tt ") ||
	    !digits(&p, 2, 0, 23, &c.hour) || !sign(&p, ":") ||
	    !digits(&p, 2, 0, 59, &c.minute) || !sign(&p, ":") ||
	    !digits(&p, 2, 0, 59, &c.second))
		return false;
	if (sign(&p, ".")) {
		for (; *p >= '0' && *p <= '9'; p++, digit /= 10)
			milli += (*p - '0') * digit;
	}
	if (!sign(&p, "Zz") || *p != '\0')
		return false;
	*ms = civil_to_unix(&c) * 1000 + milli;
	/* the 31st of a month that has none */
	return civil_from_unix(*ms / 1000).day == c.day;
}

static int
time_value(json_t *value, const char *name, int64_t *ms, struct err *e)
{
	if (json_is_string(value) && read_time(json_string_value(value), ms))
		return 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0 &&
	    json_integer_value(value) <= LAST_MS / 1000) {
		*ms = json_integer_value(value) * 1000;
		return 0;
	}
	return err_set(e, ERR_USAGE,
	    "%s is a time as in \"2027-01-31T12:00:00Z\", or seconds since "
	    "1970",
	    name);
}

/* What is asked for. */
struct wish {
	bool has_offset, has_now, freezes, thaws;
	int64_t offset_ms, now_ms;
};

static int
read_offset(json_t *value, struct wish *w, struct err *e)
{
	w->has_offset = true;
	return shown_read_duration(value, "offset", &w->offset_ms, e);
}

static int
read_member(const char *name, json_t *value, struct wish *w, struct err *e)
{
	if (strcmp(name, "offset") == 0)
		return read_offset(value, w, e);
	if (strcmp(name, "now") == 0) {
		w->has_now = true;
		return time_value(value, name, &w->now_ms, e);
	}
	if (strcmp(name, "frozen") != 0)
		return err_set(e, ERR_USAGE,
		    "a clock has no %.40s; it takes offset, now and frozen",
		    name);
	w->thaws = json_is_false(value);
	w->freezes = !w->thaws;
	if (json_is_boolean(value))
		return 0;
	if (w->has_now)
		return err_set(
		    e, ERR_USAGE, "frozen is true or false beside now");
	w->has_now = true;
	return time_value(value, name, &w->now_ms, e);
}

static int
read_wish(json_t *body, struct wish *w, struct err *e)
{
	const char *name;
	json_t *value;

	if (!json_is_object(body) || json_object_size(body) == 0)
		return err_set(e, ERR_USAGE,
		    "the body is an object with offset, now or frozen");
	json_object_foreach(body, name, value)
	{
		if (read_member(name, value, w, e) == -1)
			return -1;
	}
	if (w->has_offset && w->has_now)
		return err_set(e, ERR_USAGE,
		    "a clock takes an offset or a time, not both");
	return 0;
}

/* What is shown is to be now_ms; the model's offset is part of that. */
static int
decide(const struct site_time *t, const struct wish *w, struct site_clock *out,
    struct err *e)
{
	int64_t real_ms = env_now_ms(t->real), world_ms;

	world_ms = t->clock.frozen ? t->clock.at_ms : real_ms + t->clock.at_ms;
	if (w->has_now)
		world_ms = w->now_ms - t->offset_ms;
	else if (w->has_offset)
		world_ms = real_ms + w->offset_ms;
	if (world_ms < 0 || world_ms > LAST_MS || world_ms + t->offset_ms < 0 ||
	    world_ms + t->offset_ms > LAST_MS)
		return err_set(e, ERR_USAGE,
		    "the clock would be before 1970 or after 9999");
	out->frozen = w->freezes || (t->clock.frozen && !w->thaws);
	out->at_ms = out->frozen ? world_ms
	    : w->has_offset      ? w->offset_ms
				 : world_ms - real_ms;
	return 0;
}

static void
set(struct control_call *c, struct site *site, const struct wish *w,
    int64_t ttl_ms)
{
	struct site_snapshot *now = site_acquire(site);
	struct site_clock clock;
	struct err e = { 0 };
	int rc = decide(&now->time, w, &clock, &e);

	site_release(now);
	if (rc == -1 || site_set_clock(site, &clock, ttl_ms, &e) == -1)
		call_failed(c, &e);
	else
		answer(c, site);
}

static void
put(struct control_call *c)
{
	struct site *site = call_site(c);
	struct wish w = { 0 };
	struct err e = { 0 };
	int64_t ttl_ms = 0;
	json_t *body;

	if (site == NULL || shown_ttl(c, &ttl_ms) == -1)
		return;
	body = call_body(c);
	if (body == NULL)
		return;
	if (read_wish(body, &w, &e) == -1)
		call_failed(c, &e);
	else
		set(c, site, &w, ttl_ms);
	json_decref(body);
}

const struct control_route control_clock_routes[] = {
	{ "GET", "/v1/clock", CALL_TOKEN | CALL_SERVER | CALL_SITE, get, NULL },
	{ "PUT", "/v1/clock", CALL_TOKEN | CALL_SERVER | CALL_SITE, put,
	    "ttl" },
	{ 0 },
};
