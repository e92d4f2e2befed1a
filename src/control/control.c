/* SPDX-License-Identifier: MIT */
/* The life of the control API, and the way of a call through it. */
#include "control/control.h"

#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "control/facts.h"
#include "control/inside.h"
#include "control/requests.h"
#include "control/shown.h"

#define INFO_MAX ((size_t)64 << 10)

/* "http://host:port" of a SCEP URL. */
static char *
origin_of(const char *url, bool *ok)
{
	const char *host = url == NULL ? NULL : strstr(url, "://");
	const char *slash = host == NULL ? NULL : strchr(host + 3, '/');
	char *c;

	if (slash == NULL)
		return text_dup(url, ok);
	c = strndup(url, (size_t)(slash - url));
	if (c == NULL)
		*ok = false;
	return c;
}

struct control *
control_new(struct server *server, const struct control_facts *facts,
    const char *token, struct err *e)
{
	struct control *c = calloc(1, sizeof(*c));
	bool ok = c != NULL;
	struct buf b;

	buf_init(&b, INFO_MAX);
	if (ok && control_info(facts, &b, e) == 0) {
		c->server = server;
		c->started_ms = env_now_ms(env_system());
		c->info = text_dup(buf_str(&b), &ok);
		c->token = text_dup(token, &ok);
		c->scep_url = text_dup(facts->scep_url, &ok);
		c->scep_url_https = text_dup(facts->scep_url_https, &ok);
		c->admin_page_url = text_dup(facts->admin_page_url, &ok);
		c->control_url = text_dup(facts->control_url, &ok);
		c->bind = text_dup(facts->control_bind, &ok);
		c->hostname = text_dup(facts->hostname, &ok);
		c->serve_keys = facts->serve_keys;
		c->url =
		    origin_of(facts->scep_url != NULL ? facts->scep_url
						      : facts->scep_url_https,
			&ok);
	} else {
		ok = false;
	}
	buf_clear(&b);
	if (ok)
		c->clerk = clerk_new(e);
	if (ok && c->clerk != NULL)
		return c;
	(void)err_set(e, ERR_MEMORY, "no memory for the control API");
	control_free(c);
	return NULL;
}

void
control_on_shutdown(struct control *c, void (*asked)(void *ctx), void *ctx)
{
	c->shutdown = asked;
	c->shutdown_ctx = ctx;
}

void
control_free(struct control *c)
{
	if (c == NULL)
		return;
	clerk_free(c->clerk);
	free(c->info);
	free(c->token);
	free(c->scep_url);
	free(c->scep_url_https);
	free(c->admin_page_url);
	free(c->control_url);
	free(c->url);
	free(c->bind);
	free(c->hostname);
	free(c);
}

/* Is it one of a list with blanks between? Without case, as call_query() finds them. */
static bool
is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (; *list != '\0'; list += strspn(list, " ")) {
		size_t n = strcspn(list, " ");

		if (n == length && strncasecmp(list, name, n) == 0)
			return true;
		list += n;
	}
	return false;
}

/* Nothing is done when what was said of it was not understood. False: a problem is the answer. */
static bool
knows_query(struct control_call *c, const struct control_route *route)
{
	bool of_site = (route->needs & CALL_SITE) != 0;
	struct bytes rest = c->rq->query, name, value;

	if (route->query == NULL)
		return true;
	while (shown_next_pair(&rest, &name, &value)) {
		const char *text = shown_text(c, name);

		if (name.n == 0 || is_listed(route->query, text) ||
		    (of_site && is_listed("site", text)))
			continue;
		call_problem(c, 400,
		    "there is no parameter \"%.60s\"; this resource takes "
		    "%s%s%s",
		    text, route->query,
		    of_site && route->query[0] != '\0' ? " and " : "",
		    of_site                       ? "site"
			: route->query[0] == '\0' ? "none"
						  : "");
		return false;
	}
	return true;
}

static void
handle(struct control_call *c, const struct control_route *route)
{
	if ((route->needs & CALL_SERVER) != 0 && c->control->server == NULL) {
		call_problem(c, 503, "there is no server behind this API");
		return;
	}
	if (!knows_query(c, route))
		return;
	route->handle(c);
	if (!c->open && c->reply->status == 0)
		call_problem(c, 500, "mockndes has no answer");
}

/* Texts of a call are C strings: a zero byte would end one early, and mean another thing. */
static bool
has_zero(struct bytes target)
{
	const struct bytes zero = BYTES_LIT("%00");

	return memmem(target.p, target.n, zero.p, zero.n) != NULL;
}

void
control_dispatch(struct control_call *c)
{
	const struct control_route *route;

	if (!guard_origin(c))
		return;
	if (has_zero(c->rq->target)) {
		call_problem(
		    c, 400, "no text here has a zero byte in it (%%00)");
		return;
	}
	route = route_find(c);
	if ((route == NULL || (route->needs & CALL_TOKEN) != 0) &&
	    !guard_token(c))
		return;
	if (route == NULL)
		return; /* with the problem of route_find() */
	if (c->rq->body_too_long)
		call_problem(c, 413, "the body is longer than 1 MiB");
	else
		handle(c, route);
}

void
control_answer(struct control *control, const struct http_request *rq,
    struct arena *arena, struct http_reply *reply)
{
	struct control_call c;

	call_begin(&c, control, rq, arena, reply);
	control_dispatch(&c);
	call_end(&c);
}
