/* SPDX-License-Identifier: MIT */
/*
 * The logs of one simulated host, together: an exchange's notes go to the
 * files they belong in. A log that cannot be written does not keep the others
 * from being written; the first failure is the one that is told of.
 *
 * NDESPlugin.log has one line for each entry in the form that the CMTrace
 * viewer reads; CertificateRegistrationPoint.svclog one E2ETraceEvent element
 * for each entry, on one line. Both are UTC.
 */
#include "ndes/evidence.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "ndes/event_log.h"
#include "ndes/exchange.h"
#include "ndes/httperr_log.h"
#include "ndes/iis_log.h"
#include "ndes/log_file.h"
#include "ndes/recent_logs.h"
#include "ndes/setup_log.h"

#define SETUP_MAX ((size_t)16 << 10)

struct evidence {
	const struct env *env;
	char *dir; /* NULL: no files, and none of the logs but the next */
	char *computer;
	struct recent_logs *recent;
	struct iis_log *iis;
	struct httperr_log *httperr;
	struct event_log *events;
	struct log_file plugin, crp, setup;
};

static int
open_logs(
    struct evidence *ev, const char *dir, const char *computer, struct err *e)
{
	ev->computer = strdup(computer);
	ev->recent = recent_logs_new(computer);
	if (ev->computer == NULL || ev->recent == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the logs");
	if (dir == NULL)
		return 0;
	ev->dir = strdup(dir);
	if (ev->dir == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the logs");
	ev->iis = iis_log_open(dir, e);
	if (ev->iis == NULL)
		return -1;
	ev->httperr = httperr_log_open(dir, e);
	if (ev->httperr == NULL)
		return -1;
	ev->events = event_log_open(dir, computer, e);
	return ev->events == NULL ? -1 : 0;
}

struct evidence *
evidence_open(
    const char *dir, const char *computer, const struct env *env, struct err *e)
{
	struct evidence *ev = calloc(1, sizeof(*ev));

	if (ev == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the logs");
		return NULL;
	}
	ev->env = env;
	log_file_init(&ev->plugin);
	log_file_init(&ev->crp);
	log_file_init(&ev->setup);
	if (open_logs(ev, dir, computer, e) == -1) {
		evidence_close(ev);
		return NULL;
	}
	return ev;
}

void
evidence_close(struct evidence *ev)
{
	if (ev == NULL)
		return;
	iis_log_close(ev->iis);
	httperr_log_close(ev->httperr);
	event_log_close(ev->events);
	log_file_clear(&ev->plugin);
	log_file_clear(&ev->crp);
	log_file_clear(&ev->setup);
	recent_logs_free(ev->recent);
	free(ev->dir);
	free(ev->computer);
	free(ev);
}

/* ---- the Intune connector's logs ---- */

typedef void entry_fn(struct buf *out, const struct evidence *ev,
    struct bytes text, int64_t now_ms);

static void
plugin_entry(struct buf *out, const struct evidence *ev, struct bytes text,
    int64_t now_ms)
{
	struct civil c = civil_from_unix(now_ms / 1000);

	(void)ev;
	buf_add_str(out, "<![LOG[");
	buf_add(out, text);
	buf_addf(out,
	    "]LOG]!><time=\"%02d:%02d:%02d.%03d+000\" "
	    "date=\"%02d-%02d-%04d\" component=\"NDESPlugin\" context=\"\" "
	    "type=\"1\" thread=\"3036\" file=\"\">\r\n",
	    c.hour, c.minute, c.second, (int)(now_ms % 1000), c.month, c.day,
	    c.year);
}

static void
crp_entry(struct buf *out, const struct evidence *ev, struct bytes text,
    int64_t now_ms)
{
	struct civil c = civil_from_unix(now_ms / 1000);

	buf_addf(out,
	    "<E2ETraceEvent xmlns=\"http://schemas.microsoft.com/2004/06/"
	    "E2ETraceEvent\"><System xmlns=\"http://schemas.microsoft.com/"
	    "2004/06/windows/eventlog/system\"><EventID>0</EventID>"
	    "<Type>3</Type><SubType Name=\"Information\">0</SubType>"
	    "<Level>8</Level><TimeCreated SystemTime=\""
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03d0000Z\"/>",
	    c.year, c.month, c.day, c.hour, c.minute, c.second,
	    (int)(now_ms % 1000));
	buf_add_str(out,
	    "<Source Name=\"CertificateRegistrationPoint\"/>"
	    "<Correlation ActivityID=\"{00000000-0000-0000-0000-"
	    "000000000000}\"/><Execution ProcessName=\"w3wp\" "
	    "ProcessID=\"0\" ThreadID=\"0\"/><Channel/><Computer>");
	event_xml_text(out, bytes_str(ev->computer));
	buf_add_str(out, "</Computer></System><ApplicationData>");
	event_xml_text(out, text);
	buf_add_str(out, "</ApplicationData></E2ETraceEvent>\r\n");
}

static void
add_entries(struct buf *out, const struct evidence *ev, struct bytes lines,
    entry_fn *entry, int64_t now_ms)
{
	while (lines.n > 0) {
		const uint8_t *end = memchr(lines.p, '\n', lines.n);
		size_t n = end == NULL ? lines.n : (size_t)(end - lines.p);

		entry(out, ev, bytes_of(lines.p, n), now_ms);
		lines = bytes_from(lines, n + 1);
	}
}

/* The lines of one exchange are one write. */
static int
write_lines(struct evidence *ev, struct log_file *f, const char *name,
    const struct buf *entries, struct err *e)
{
	int rc = 0;

	log_file_lock(f);
	if (!log_file_is_current(f))
		rc = log_file_open(f, e, "%s/%s", ev->dir, name);
	if (rc == 0)
		rc = log_file_append(f, entries, e);
	log_file_unlock(f);
	return rc;
}

static int
write_plugin(struct evidence *ev, const struct ndes_exchange *x, int64_t now_ms,
    struct err *e)
{
	struct buf b;
	int rc;

	if (x->evidence.plugin.n == 0)
		return 0;
	buf_init(&b, LOG_FILE_ENTRY_MAX);
	add_entries(
	    &b, ev, buf_bytes(&x->evidence.plugin), plugin_entry, now_ms);
	recent_logs_plugin(ev->recent, buf_bytes(&b));
	rc = ev->dir == NULL
	    ? 0
	    : write_lines(ev, &ev->plugin, "NDESPlugin.log", &b, e);
	buf_clear(&b);
	return rc;
}

static int
write_crp(struct evidence *ev, const struct ndes_exchange *x, int64_t now_ms,
    struct err *e)
{
	struct buf b;
	int rc;

	if (x->evidence.crp.n == 0 || ev->dir == NULL)
		return 0;
	buf_init(&b, LOG_FILE_ENTRY_MAX);
	add_entries(&b, ev, buf_bytes(&x->evidence.crp), crp_entry, now_ms);
	rc = write_lines(
	    ev, &ev->crp, "CertificateRegistrationPoint.svclog", &b, e);
	buf_clear(&b);
	return rc;
}

/* ---- what others call ---- */

int
evidence_exchange(struct evidence *ev, const struct ndes_exchange *x,
    int64_t taken_ms, struct err *e)
{
	int64_t now_ms = env_now_ms(ev->env);
	int rc = 0;

	recent_logs_exchange(ev->recent, x, now_ms, taken_ms);
	if (write_plugin(ev, x, now_ms, e) == -1)
		rc = -1;
	if (ev->dir == NULL)
		return rc;
	if (httperr_log_write(ev->httperr, x, now_ms, e) == -1)
		rc = -1;
	if (iis_log_write(ev->iis, x, now_ms, taken_ms, e) == -1)
		rc = -1;
	if (write_crp(ev, x, now_ms, e) == -1)
		rc = -1;
	for (size_t i = 0; i < x->evidence.event_count; i++)
		if (event_log_write(
			ev->events, &x->evidence.events[i], now_ms, e) == -1)
			rc = -1;
	return rc;
}

int
evidence_event(struct evidence *ev, const struct event *event, struct err *e)
{
	int64_t now_ms = env_now_ms(ev->env);

	recent_logs_event(ev->recent, event, now_ms);
	if (ev->dir == NULL)
		return 0;
	return event_log_write(ev->events, event, now_ms, e);
}

int
evidence_setup(struct evidence *ev, const struct host *host, struct err *e)
{
	struct log_file *f = &ev->setup;
	struct buf b;
	int rc;

	if (ev->dir == NULL)
		return 0;
	buf_init(&b, SETUP_MAX);
	setup_log_text(&b, host, env_now_ms(ev->env));
	log_file_lock(f);
	rc = log_file_open(f, e, "%s/SetupMsi.log", ev->dir);
	if (rc == 0)
		rc = log_file_cut(f, 0, e);
	if (rc == 0)
		rc = log_file_append(f, &b, e);
	log_file_shut(f);
	log_file_unlock(f);
	buf_clear(&b);
	return rc;
}

/* ---- reading ---- */

const char *
evidence_log_name(enum evidence_log log)
{
	static const char *const names[EVIDENCE_LOGS] = { "iis", "httperr",
		"events", "mscep", "ndesplugin" };

	return (unsigned)log < EVIDENCE_LOGS ? names[log] : NULL;
}

void
evidence_read(struct evidence *ev, enum evidence_log log, bool xml,
    const struct host *host, struct buf *out)
{
	recent_logs_read(ev->recent, log, xml, host, env_now_ms(ev->env), out);
}

void
evidence_forget(struct evidence *ev)
{
	recent_logs_forget(ev->recent);
}
