/* SPDX-License-Identifier: MIT */
/* GET /v1/info: the facts of the ready line, as they are now and for the site that is asked about. */
#include "base/text.h"
#include "control/call.h"
#include "control/times.h"

#define HEX_MAX 128

static void
set(json_t *info, const char *name, json_t *value)
{
	if (value != NULL)
		json_object_set_new(info, name, value);
}

/* "http://host:1/certsrv/..." with the site's prefix in it. */
static void
prefix_url(json_t *info, const char *name, const char *site)
{
	const char *url = json_string_value(json_object_get(info, name));
	const char *path = url == NULL ? NULL : strstr(url, "/certsrv/");

	if (path != NULL)
		set(info, name,
		    json_sprintf(
			"%.*s/%s%s", (int)(path - url), url, site, path));
	else if (url != NULL)
		set(info, name, json_sprintf("%s/%s", url, site));
}

static json_t *
hex(const uint8_t *p, size_t n)
{
	struct buf b;
	json_t *text;

	buf_init(&b, HEX_MAX);
	text_hex(&b, bytes_of(p, n), false);
	text = json_string(buf_str(&b));
	buf_clear(&b);
	return text;
}

static void
add_site(json_t *info, struct site *site)
{
	static const char *const urls[] = { "scep_url", "scep_url_https",
		"admin_page_url", "control_url" };
	const char *name = site_name(site);
	struct site_snapshot *now = site_acquire(site);

	for (size_t i = 0; i < nitems(urls) && name[0] != '\0'; i++)
		prefix_url(info, urls[i], name);
	set(info, "site", json_string(name));
	set(info, "scenario",
	    json_string(scenario_set_names(now->plan->scenarios)));
	set(info, "seed", json_integer((json_int_t)now->plan->seed));
	set(info, "ca_fingerprint_sha256",
	    hex(ca_material_fingerprint_sha256(now->dep.material), 32));
	set(info, "clock", time_of_ms(env_now_ms(now->dep.env)));
	site_release(now);
}

static void
info(struct control_call *c)
{
	json_t *json = json_loads(c->control->info, 0, NULL);
	struct site *site = NULL;

	if (json != NULL && c->control->server != NULL) {
		site = call_site(c);
		if (site == NULL) {
			json_decref(json);
			return;
		}
		add_site(json, site);
	}
	set(json, "started_at", time_of_ms(c->control->started_ms));
	call_json(c, 200, json);
}

const struct control_route control_info_routes[] = {
	{ "GET", "/v1/info", CALL_TOKEN | CALL_SITE, info, NULL },
	{ 0 },
};
