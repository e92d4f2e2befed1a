/* SPDX-License-Identifier: MIT */
/* The logs of the simulated host, as an administrator would read them there. */
#include "ndes/evidence.h"
#include "control/call.h"

#define BODY_MAX ((size_t)4 << 20)

static bool
has_events(enum evidence_log log)
{
	return log == EVIDENCE_EVENTS || log == EVIDENCE_MSCEP;
}

/* False: a problem is the answer. */
static bool
read_format(struct control_call *c, enum evidence_log log, bool *xml)
{
	const char *format = call_query(c, "format");

	*xml = format != NULL && strcmp(format, "xml") == 0;
	if (format == NULL || strcmp(format, "text") == 0 ||
	    (*xml && has_events(log)))
		return true;
	call_problem(c, 400, "%s is there as format=text%s",
	    evidence_log_name(log), has_events(log) ? " and xml" : " only");
	return false;
}

static void
answer(
    struct control_call *c, struct site *site, enum evidence_log log, bool xml)
{
	struct site_snapshot *now = site_acquire(site);
	struct bytes body;
	struct buf b;

	buf_init(&b, BODY_MAX);
	evidence_read(now->dep.evidence, log, xml, &now->host, &b);
	body = arena_copy(c->arena, buf_bytes(&b));
	if (buf_ok(&b) && body.p != NULL)
		call_bytes(c, 200,
		    xml ? "application/xml" : "text/plain; charset=utf-8",
		    body);
	else
		call_problem(c, 500, "mockndes is out of memory");
	buf_clear(&b);
	site_release(now);
}

static void
get(struct control_call *c)
{
	struct site *site = call_site(c);
	const char *name = call_param(c, 0);
	bool xml;

	if (site == NULL)
		return;
	for (unsigned i = 0; i < EVIDENCE_LOGS; i++) {
		enum evidence_log log = (enum evidence_log)i;

		if (strcmp(name, evidence_log_name(log)) != 0)
			continue;
		if (read_format(c, log, &xml))
			answer(c, site, log, xml);
		return;
	}
	call_problem(c, 404,
	    "there are the logs iis, httperr, events, mscep and ndesplugin");
}

const struct control_route control_evidence_routes[] = {
	{ "GET", "/v1/evidence/{log}", CALL_TOKEN | CALL_SERVER | CALL_SITE,
	    get, NULL },
	{ 0 },
};
