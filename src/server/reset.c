/* SPDX-License-Identifier: MIT */
/* A server as it was at its start. */
#include "server/inside.h"

static const struct {
	const char *name;
	unsigned part;
} parts[] = {
	{ "scenario", SITE_SCENARIO },
	{ "counters", SITE_COUNTERS },
	{ "challenges", SITE_CHALLENGES },
	{ "certificates", SITE_CERTIFICATES },
	{ "clock", SITE_CLOCK },
	{ "pool", SITE_POOL },
	{ "memory", SITE_MEMORY },
	{ "evidence", SITE_EVIDENCE },
	{ "journal", SERVER_JOURNAL },
	{ "sessions", SERVER_SESSIONS },
	{ "catalogue", SERVER_CATALOGUE },
};

const char *
server_part_name(size_t i, unsigned *part)
{
	if (i >= nitems(parts))
		return NULL;
	*part = parts[i].part;
	return parts[i].name;
}

unsigned
server_parts_of(const struct server *s, const struct site *site, unsigned which)
{
	if (site != s->site)
		which &= ~(unsigned)(SERVER_SESSIONS | SERVER_CATALOGUE);
	return which;
}

/* Other sites of the server, which the default one brings back too. */
static int
reset_others(struct server *s, unsigned which, struct err *e)
{
	if ((which & SERVER_SESSIONS) != 0)
		sessions_end_all(s->sessions);
	if ((which & SERVER_CATALOGUE) == 0)
		return 0;
	return catalogue_forget(s->catalogue, s->journal, e);
}

int
server_reset(struct server *s, struct site *site, unsigned which, struct err *e)
{
	if (site_reset(site, which & SITE_ALL, e) == -1)
		return -1;
	if (site == s->site && reset_others(s, which, e) == -1)
		return -1;
	if ((which & SERVER_JOURNAL) == 0 || s->journal == NULL)
		return 0;
	return journal_clear(s->journal, site_name(site), e);
}
