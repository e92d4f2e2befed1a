/* SPDX-License-Identifier: MIT */
/*
 * What an administrator would read on the simulated host: the last lines of
 * each log in memory, and files below one log folder where that is wanted. Layers note what they would write on the exchange (x->evidence);
 * the server hands the finished exchange to evidence_exchange(). What happens
 * without a request (a pool starts) goes in directly.
 *
 *   W3SVC1/u_exYYMMDD.log              IIS, W3C
 *   HTTPERR/httperr1.log               http.sys; 1 MB each, the number counts up
 *   events/<log>.xml, events/<log>.txt Windows events, as XML and as text
 *   NDESPlugin.log                     the policy module
 *   CertificateRegistrationPoint.svclog
 *   SetupMsi.log                       the connector's installation
 *
 * One lock for each file inside; lines are never interleaved. Any thread.
 */
#ifndef NDES_EVIDENCE_H
#define NDES_EVIDENCE_H

#include "base/env.h"
#include "ndes/events.h"
#include "ndes/host.h"

struct evidence;
struct ndes_exchange;

/* Makes dir and what is below it; dir NULL: no files. computer is the host's name in events; copied. NULL on failure. */
struct evidence *evidence_open(const char *dir, const char *computer,
    const struct env *env, struct err *e);
void evidence_close(struct evidence *ev); /* accepts NULL */

/* All that a finished exchange noted, each into its file, in the order of the layers. */
MUST_USE int evidence_exchange(struct evidence *ev,
    const struct ndes_exchange *x, int64_t taken_ms, struct err *e);

/* Events that no request caused. */
MUST_USE int evidence_event(
    struct evidence *ev, const struct event *event, struct err *e);

/* SetupMsi.log anew, as the installation that the model tells of left it. */
MUST_USE int evidence_setup(
    struct evidence *ev, const struct host *host, struct err *e);

/* ---- reading ---- */

enum evidence_log {
	EVIDENCE_IIS,
	EVIDENCE_HTTPERR,
	EVIDENCE_EVENTS, /* all Windows events */
	EVIDENCE_MSCEP, /* those of NetworkDeviceEnrollmentService, which is what mscep.dll logs */
	EVIDENCE_NDESPLUGIN,
	EVIDENCE_LOGS
};

/* "iis", "httperr", "events", "mscep", "ndesplugin"; NULL out of range. */
const char *evidence_log_name(enum evidence_log log);

/*
 * The log as its file has it, but for what is too long ago: header lines of
 * host (or the document around events), then the last lines. xml counts for
 * events alone. Appended.
 */
void evidence_read(struct evidence *ev, enum evidence_log log, bool xml,
    const struct host *host, struct buf *out);

/* Forget what is in memory; files stay. */
void evidence_forget(struct evidence *ev);

/* ---- noting on an exchange ---- */

#define EVIDENCE_EVENTS_MAX 12

/* Note an event; texts are copied into the exchange's arena. Beyond the maximum it is dropped. */
void ndes_note_event(struct ndes_exchange *x, enum event_kind kind,
    const char *d1, const char *d2, const char *d3);

/* One more line of NDESPlugin.log, and of the registration point's log. */
void ndes_note_plugin(struct ndes_exchange *x, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
void ndes_note_crp(struct ndes_exchange *x, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/* One more line of the IIS log: a request of the policy module to the registration point on the same host. path "/CertificateRegistrationSvc/Certificate/VerifyRequest". */
void ndes_note_crp_request(struct ndes_exchange *x, const char *path,
    int status, int substatus, uint32_t win32);

#endif
