/* SPDX-License-Identifier: MIT */
/* Private sites: how one is made, and who asks for them. The table is sessions.c. */
#include <stdio.h>
#include <stdlib.h>

#include "server/folder.h"
#include "server/inside.h"

#define TTL_MAX_MS (INT64_C(365) * 86400000)

/* The site, with its password in about. NULL on failure. */
static struct site *
open_site(const struct server_session_options *options, struct site_options *o,
    struct server_session *about, struct err *e)
{
	struct site *site;

	o->scenarios = options->scenarios;
	o->seed = about->seed;
	o->challenge = options->challenge;
	o->private_ca = true;
	site = site_new(o, e);
	if (site == NULL)
		return NULL;
	if (options->challenge != NULL) {
		snprintf(about->challenge, sizeof(about->challenge), "%s",
		    options->challenge);
	} else if (site_challenge(site, about->challenge, e) == -1) {
		site_unref(site);
		return NULL;
	}
	return site;
}

static int
check(const struct server_session_options *o, struct err *e)
{
	if (o->ttl_ms < 0 || o->ttl_ms > TTL_MAX_MS)
		return err_set(e, ERR_USAGE,
		    "a session lives for more than nothing, and 365d at most");
	if (o->challenge != NULL &&
	    (o->challenge[0] == '\0' ||
		strlen(o->challenge) >= CHALLENGE_TEXT_MAX))
		return err_set(e, ERR_USAGE,
		    "a challenge password has 1 to %d bytes",
		    CHALLENGE_TEXT_MAX - 1);
	return 0;
}

/* With its folder, which the site does not keep. */
static struct site *
open_named(struct server *s, const struct server_session_options *options,
    struct server_session *about, struct err *e)
{
	struct site_options o;
	struct site *site = NULL;
	struct host host;
	char name[SERVER_SESSION_ID_SIZE + 2], *dir = NULL;

	snprintf(name, sizeof(name), "s/%s", about->id);
	server_site_options(s, &o);
	o.name = name;
	o.host = &host;
	if (folder_for(s->log_dir, name, &dir, e) == 0 &&
	    scenario_set_model(options->scenarios, &host, e) == 0) {
		o.log_dir = dir;
		site = open_site(options, &o, about, e);
	}
	free(dir);
	return site;
}

int
server_session_new(struct server *s,
    const struct server_session_options *options, struct server_session *out,
    struct err *e)
{
	struct server_session about = {
		.seed = options->seed != NULL ? *options->seed : s->seed,
		.ttl_ms = options->ttl_ms != 0 ? options->ttl_ms
					       : SERVER_SESSION_TTL_MS,
	};
	struct site *site;

	if (check(options, e) == -1 ||
	    sessions_id(s->sessions, about.id, e) == -1)
		return -1;
	site = open_named(s, options, &about, e);
	if (site == NULL)
		return -1;
	site_touch(site);
	if (sessions_add(s->sessions, site, &about, e) == -1) {
		site_unref(site);
		return -1;
	}
	*out = about;
	return 0;
}

bool
server_session_end(struct server *s, struct bytes id)
{
	return sessions_end(s->sessions, id);
}

bool
server_session_get(
    struct server *s, struct bytes id, struct server_session *out)
{
	return sessions_get(s->sessions, id, out);
}

int
server_sessions(
    struct server *s, struct server_session **list, size_t *n, struct err *e)
{
	return sessions_list(s->sessions, list, n, e);
}

size_t
server_session_count(struct server *s)
{
	return sessions_count(s->sessions);
}

void
server_sessions_end(struct server *s)
{
	sessions_end_all(s->sessions);
}

struct site *
server_session_peek(struct server *s, struct bytes id)
{
	return sessions_peek(s->sessions, id);
}
