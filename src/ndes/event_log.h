/* SPDX-License-Identifier: MIT */
/*
 * The Windows event logs as evidence, below dir/events: for each log an XML
 * document, well-formed after every event, and a text file with one line for
 * each. A log's name becomes a file's by '-' for '/':
 * "Microsoft-Windows-CAPI2-Operational.xml". Record numbers go on across
 * restarts. Any thread.
 */
#ifndef NDES_EVENT_LOG_H
#define NDES_EVENT_LOG_H

#include "base/err.h"
#include "ndes/events.h"

struct event_log;

/* Makes dir and dir/events when they are missing. computer is copied. NULL on failure. */
struct event_log *event_log_open(
    const char *dir, const char *computer, struct err *e);
void event_log_close(struct event_log *log); /* accepts NULL */

/* A kind without a row writes nothing. */
MUST_USE int event_log_write(struct event_log *log, const struct event *event,
    int64_t now_ms, struct err *e);

#endif
