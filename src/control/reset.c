/* SPDX-License-Identifier: MIT */
/* Back to the start, whole or in parts. */
#include "control/shown.h"

#define PARTS_TEXT_MAX 1024

/* ", " between the words of all parts. */
static void
add_all_names(struct buf *out)
{
	const char *name;
	unsigned part;

	for (size_t i = 0; (name = server_part_name(i, &part)) != NULL; i++)
		buf_addf(out, "%s%s", i == 0 ? "" : ", ", name);
}

static unsigned
part_named(struct bytes wanted)
{
	const char *name;
	unsigned part;

	for (size_t i = 0; (name = server_part_name(i, &part)) != NULL; i++) {
		if (bytes_eq(wanted, bytes_str(name)))
			return part;
	}
	return 0;
}

/* 0: a problem is the answer. */
static unsigned
read_only(struct control_call *c, const char *only)
{
	unsigned parts = 0, part;
	struct buf names;

	for (const char *at = only;; at++) {
		size_t n = strcspn(at, ",");

		part = part_named(bytes_of(at, n));
		if (part == 0) {
			buf_init(&names, PARTS_TEXT_MAX);
			add_all_names(&names);
			call_problem(c, 400,
			    "there is no part \"%.*s\" to reset; the parts are "
			    "%s",
			    (int)(n > 40 ? 40 : n), at, buf_str(&names));
			buf_clear(&names);
			return 0;
		}
		parts |= part;
		at += n;
		if (*at == '\0')
			return parts;
	}
}

/* What is to be reset is said in the query; a body that says it would be passed over. */
static bool
says_nothing(struct control_call *c)
{
	json_t *body;
	bool nothing;

	if (c->rq->body.n == 0)
		return true;
	body = call_body(c);
	if (body == NULL)
		return false;
	nothing = json_is_object(body) && json_object_size(body) == 0;
	json_decref(body);
	if (!nothing)
		call_problem(c, 400,
		    "a reset takes no body; name the parts in the query, as in "
		    "?only=journal,counters");
	return nothing;
}

static void
reset(struct control_call *c)
{
	struct site *site = call_site(c);
	const char *only = call_query(c, "only"), *name;
	unsigned parts = SERVER_ALL, part;
	struct err e = { 0 };
	json_t *list;

	if (site == NULL || !says_nothing(c))
		return;
	if (only != NULL)
		parts = read_only(c, only);
	if (parts == 0)
		return;
	parts = server_parts_of(c->control->server, site, parts);
	if (parts == 0) {
		call_problem(c, 400,
		    "sessions and catalogue are the default site's alone");
		return;
	}
	if (server_reset(c->control->server, site, parts, &e) == -1) {
		call_failed(c, &e);
		return;
	}
	list = json_array();
	for (size_t i = 0; (name = server_part_name(i, &part)) != NULL; i++) {
		if ((parts & part) != 0)
			json_array_append_new(list, json_string(name));
	}
	call_json(c, 200, json_pack("{s:o}", "reset", list));
}

const struct control_route control_reset_routes[] = {
	{ "POST", "/v1/reset", CALL_TOKEN | CALL_SERVER | CALL_SITE, reset,
	    "only" },
	{ 0 },
};
