/* SPDX-License-Identifier: MIT */
/* Sites by the head of a path. */
#include "server/find.h"

/*
 * What stands before the deployment's own path is taken off, so that it sees
 * the path that it would see in the field.
 */
static void
take_off(struct ndes_exchange *x, size_t prefix)
{
	struct bytes path = x->rq.path;
	size_t scheme = (size_t)(path.p - x->rq.target.p);

	x->url_prefix = arena_str(&x->arena, bytes_of(path.p, prefix));
	if (x->url_prefix == NULL)
		x->url_prefix = "";
	x->rq.target = bytes_from(x->rq.target, scheme + prefix);
	http_request_split(&x->rq);
	x->rq.head_bytes -= scheme + prefix;
}

/* "/x/NAME/...": a site of the catalogue; the default one where there is no such name. */
static struct site *
find_in_catalogue(struct server *s, struct ndes_exchange *x, size_t prefix)
{
	struct bytes name = bytes_from(x->rq.path, prefix);
	struct err e = { 0 };
	struct site *site;

	name.n = catalogue_name(name);
	site = catalogue_site(s->catalogue, name, &e);
	if (site != NULL)
		take_off(x, prefix + name.n);
	else if (e.code != ERR_USAGE)
		log_say(&s->log, LOG_ERROR, "%s", e.text);
	return site != NULL ? site : site_ref(s->site);
}

/* "/s/ID/...": a private site. NULL: there is none, and the default one is not asked instead. */
static struct site *
find_session(struct server *s, struct ndes_exchange *x, size_t prefix)
{
	struct bytes id = bytes_from(x->rq.path, prefix);
	struct site *site;
	size_t n = 0;

	while (n < id.n && id.p[n] != '/')
		n++;
	id.n = n;
	site = sessions_find(s->sessions, id);
	if (site != NULL)
		take_off(x, prefix + id.n);
	return site;
}

struct site *
find_site(struct server *s, struct ndes_exchange *x)
{
	struct bytes catalogue = BYTES_LIT("/x/"), session = BYTES_LIT("/s/");

	x->url_prefix = "";
	if (bytes_starts_nocase(x->rq.path, catalogue))
		return find_in_catalogue(s, x, catalogue.n);
	if (bytes_starts_nocase(x->rq.path, session))
		return find_session(s, x, session.n);
	return site_ref(s->site);
}
