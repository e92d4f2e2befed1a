/* SPDX-License-Identifier: MIT */
/* GET /metrics: what Prometheus scrapes. */
#include "server/metrics.h"
#include "control/call.h"
#include "journal/journal.h"

#define BODY_MAX ((size_t)1 << 20)

static void
print_one(struct buf *out, const char *name, const char *type, const char *help,
    uint64_t value)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name,
	    type, name, (unsigned long long)value);
}

static void
get(struct control_call *c)
{
	struct server *s = c->control->server;
	struct journal *journal = server_journal(s);
	struct bytes body;
	struct buf b;

	buf_init(&b, BODY_MAX);
	metrics_print(server_metrics(s), &b);
	print_one(&b, "mockndes_sessions", "gauge",
	    "Private sites that there are now.", server_session_count(s));
	if (journal != NULL)
		print_one(&b, "mockndes_journal_dropped_total", "counter",
		    "Entries that the journal gave up for want of room.",
		    journal_dropped_in_all(journal));
	body = arena_copy(c->arena, buf_bytes(&b));
	if (buf_ok(&b) && body.p != NULL)
		call_bytes(
		    c, 200, "text/plain; version=0.0.4; charset=utf-8", body);
	else
		call_problem(c, 500, "mockndes is out of memory");
	buf_clear(&b);
}

const struct control_route control_metrics_routes[] = {
	{ "GET", "/metrics", CALL_TOKEN | CALL_SERVER, get, NULL },
	{ 0 },
};
