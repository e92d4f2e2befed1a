/* SPDX-License-Identifier: MIT */
/*
 * Lines are written when they happen, since what they are made of does not
 * last; the header of a log, and the document around events, when it is read.
 */
#include "ndes/recent_logs.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "ndes/exchange.h"
#include "ndes/httperr_log.h"
#include "ndes/iis_log.h"
#include "ndes/recent.h"

#define LOG_MAX ((size_t)256 << 10) /* of each log */
#define LINE_MAX_BYTES ((size_t)512 << 10)

enum ring {
	RING_IIS,
	RING_HTTPERR,
	RING_PLUGIN,
	/* each followed by its XML */
	RING_EVENTS,
	RING_EVENTS_XML,
	RING_MSCEP,
	RING_MSCEP_XML,
	RINGS
};

struct recent_logs {
	char *computer;
	struct recent rings[RINGS];
	/* Number of the last event, at the first kind whose row has the same log. */
	atomic_uint_fast64_t records[EVENTS];
};

struct recent_logs *
recent_logs_new(const char *computer)
{
	struct recent_logs *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	for (size_t i = 0; i < RINGS; i++)
		recent_init(&r->rings[i], LOG_MAX);
	r->computer = strdup(computer);
	if (r->computer != NULL)
		return r;
	recent_logs_free(r);
	return NULL;
}

void
recent_logs_free(struct recent_logs *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < RINGS; i++)
		recent_clear(&r->rings[i]);
	free(r->computer);
	free(r);
}

void
recent_logs_forget(struct recent_logs *r)
{
	for (size_t i = 0; i < RINGS; i++)
		recent_forget(&r->rings[i]);
	for (size_t i = 0; i < EVENTS; i++)
		atomic_store(&r->records[i], 0);
}

/* ---- adding ---- */

static uint64_t
next_record(struct recent_logs *r, const struct event_row *row)
{
	for (int k = 0; k < EVENTS; k++) {
		const struct event_row *other = event_row((enum event_kind)k);

		if (other != NULL && strcmp(other->log, row->log) == 0)
			return atomic_fetch_add(&r->records[k], 1) + 1;
	}
	return 1;
}

static bool
is_mscep(const struct event_row *row)
{
	return strstr(row->provider, "NetworkDeviceEnrollmentService") != NULL;
}

void
recent_logs_event(
    struct recent_logs *r, const struct event *event, int64_t now_ms)
{
	const struct event_row *row = event_row(event->kind);
	struct buf line, xml;

	if (row == NULL)
		return;
	buf_init(&line, LINE_MAX_BYTES);
	buf_init(&xml, LINE_MAX_BYTES);
	event_line(&line, event, now_ms);
	buf_add_str(&line, "\r\n");
	event_xml(&xml, event, r->computer, next_record(r, row), now_ms);
	buf_add_str(&xml, "\r\n");
	recent_add(&r->rings[RING_EVENTS], buf_bytes(&line));
	recent_add(&r->rings[RING_EVENTS_XML], buf_bytes(&xml));
	if (is_mscep(row)) {
		recent_add(&r->rings[RING_MSCEP], buf_bytes(&line));
		recent_add(&r->rings[RING_MSCEP_XML], buf_bytes(&xml));
	}
	buf_clear(&line);
	buf_clear(&xml);
}

void
recent_logs_exchange(struct recent_logs *r, const struct ndes_exchange *x,
    int64_t now_ms, int64_t taken_ms)
{
	const struct ndes_evidence *ev = &x->evidence;
	struct buf lines;

	buf_init(&lines, LINE_MAX_BYTES);
	iis_log_lines(&lines, x, now_ms, taken_ms);
	if (lines.n > 0)
		recent_add(&r->rings[RING_IIS], buf_bytes(&lines));
	if (ev->httperr_reason != NULL) {
		lines.n = 0;
		httperr_log_line(&lines, x, now_ms);
		buf_add_str(&lines, "\r\n");
		recent_add(&r->rings[RING_HTTPERR], buf_bytes(&lines));
	}
	buf_clear(&lines);
	for (size_t i = 0; i < ev->event_count; i++)
		recent_logs_event(r, &ev->events[i], now_ms);
}

void
recent_logs_plugin(struct recent_logs *r, struct bytes lines)
{
	recent_add(&r->rings[RING_PLUGIN], lines);
}

/* ---- reading ---- */

static void
read_events(struct recent_logs *r, enum ring ring, bool xml, struct buf *out)
{
	if (!xml) {
		recent_copy(&r->rings[ring], out);
		return;
	}
	buf_add_str(out,
	    "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n"
	    "<Events>\r\n");
	recent_copy(&r->rings[ring + 1], out);
	buf_add_str(out, "</Events>\r\n");
}

void
recent_logs_read(struct recent_logs *r, enum evidence_log log, bool xml,
    const struct host *host, int64_t now_ms, struct buf *out)
{
	switch (log) {
	case EVIDENCE_IIS:
		iis_log_head(out, host, now_ms);
		recent_copy(&r->rings[RING_IIS], out);
		break;
	case EVIDENCE_HTTPERR:
		httperr_log_head(out, host, now_ms);
		recent_copy(&r->rings[RING_HTTPERR], out);
		break;
	case EVIDENCE_EVENTS:
		read_events(r, RING_EVENTS, xml, out);
		break;
	case EVIDENCE_MSCEP:
		read_events(r, RING_MSCEP, xml, out);
		break;
	case EVIDENCE_NDESPLUGIN:
		recent_copy(&r->rings[RING_PLUGIN], out);
		break;
	case EVIDENCE_LOGS:
		break;
	}
}
