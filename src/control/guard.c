/* SPDX-License-Identifier: MIT */
/*
 * Who may call. The token is for callers on other machines. A page in a
 * browser on this one needs no token to reach a loopback address, and a name
 * that suddenly means 127.0.0.1 makes any page of that name "the same origin";
 * so Host must be a name of ours, and Origin too where there is one.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "control/inside.h"

/* ---- the token ---- */

/* The same time whatever differs, so that a token cannot be felt out byte by byte. */
static bool
same_secret(struct bytes a, struct bytes b)
{
	unsigned differ = a.n != b.n;

	for (size_t i = 0; i < a.n; i++)
		differ |= (unsigned)(a.p[i] ^ (i < b.n ? b.p[i] : 0));
	return differ == 0;
}

bool
guard_token(struct control_call *c)
{
	const char *token = c->control->token;
	const struct http_header *h;
	struct bytes scheme = BYTES_LIT("Bearer ");

	if (token == NULL)
		return true;
	h = http_request_header(c->rq, "Authorization");
	if (h != NULL && bytes_starts_nocase(h->value, scheme) &&
	    same_secret(bytes_from(h->value, scheme.n), bytes_str(token)))
		return true;
	call_problem(c, 401,
	    "this control API asks for Authorization: Bearer TOKEN, "
	    "the token of --control-token");
	http_reply_add(c->reply, "WWW-Authenticate", "Bearer");
	return false;
}

/* ---- Host and Origin ---- */

/* "name", "name:port", "[v6]:port": the name without brackets, and the port, 80 without one. */
static bool
split_authority(struct bytes s, struct bytes *name, struct bytes *port)
{
	const uint8_t *end, *colon;

	*port = BYTES_LIT("80");
	if (s.n > 0 && s.p[0] == '[') {
		end = memchr(s.p, ']', s.n);
		if (end == NULL)
			return false;
		*name = bytes_of(s.p + 1, (size_t)(end - s.p) - 1);
		s = bytes_from(s, (size_t)(end - s.p) + 1);
		if (s.n > 0 && s.p[0] != ':')
			return false;
		if (s.n > 0)
			*port = bytes_from(s, 1);
		return true;
	}
	colon = s.n == 0 ? NULL : memchr(s.p, ':', s.n);
	*name = bytes_of(s.p, colon == NULL ? s.n : (size_t)(colon - s.p));
	if (colon != NULL)
		*port = bytes_from(s, name->n + 1);
	return name->n > 0;
}

static bool
is_literal(struct bytes name)
{
	uint8_t address[sizeof(struct in6_addr)];
	char text[HTTP_ADDR_MAX];

	if (name.n >= sizeof(text))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return inet_pton(AF_INET, text, address) == 1 ||
	    inet_pton(AF_INET6, text, address) == 1;
}

/* Bound to more than loopback: then there is a token, which no page knows, and what is in front of us may have ports of its own. */
static bool
is_public(const struct control *c)
{
	return c->token != NULL && c->bind != NULL &&
	    strcmp(c->bind, "::1") != 0 && strncmp(c->bind, "127.", 4) != 0;
}

static bool
is_ours(const struct control_call *c, struct bytes authority)
{
	const struct control *k = c->control;
	const char *const names[] = { "127.0.0.1", "localhost", "::1", k->bind,
		k->hostname, c->rq->local };
	struct bytes name, port;
	char ours[8];

	if (!split_authority(authority, &name, &port))
		return false;
	snprintf(ours, sizeof(ours), "%u", (unsigned)c->rq->local_port);
	if (!is_public(k) && !bytes_eq(port, bytes_str(ours)))
		return false;
	if (is_public(k) && is_literal(name))
		return true;
	for (size_t i = 0; i < nitems(names); i++)
		if (names[i] != NULL &&
		    bytes_eq_nocase(name, bytes_str(names[i])))
			return true;
	return false;
}

bool
guard_origin(struct control_call *c)
{
	const struct http_header *host = http_request_header(c->rq, "Host");
	const struct http_header *origin = http_request_header(c->rq, "Origin");
	const struct bytes scheme = BYTES_LIT("http://");

	if (host != NULL && !is_ours(c, host->value)) {
		call_problem(c, 403,
		    "the Host \"%.*s\" is not one of this control API's names; "
		    "use its address, localhost or the name of --hostname, "
		    "and its port",
		    (int)(host->value.n > 100 ? 100 : host->value.n),
		    (const char *)host->value.p);
		return false;
	}
	if (origin == NULL ||
	    (bytes_starts_nocase(origin->value, scheme) &&
		is_ours(c, bytes_from(origin->value, scheme.n))))
		return true;
	call_problem(c, 403,
	    "this control API answers no page of another origin, such as "
	    "\"%.*s\"",
	    (int)(origin->value.n > 100 ? 100 : origin->value.n),
	    (const char *)origin->value.p);
	return false;
}
