/* SPDX-License-Identifier: MIT */
/*
 * IIS's W3C log as evidence: W3SVC1/u_exYYMMDD.log below the log folder, UTC,
 * one file a day, with the header lines and field sets of reference section 8.
 * Lines are never interleaved. Any thread.
 */
#ifndef NDES_IIS_LOG_H
#define NDES_IIS_LOG_H

#include "ndes/exchange.h"

struct iis_log;

/* Makes dir and dir/W3SVC1 when they are missing. NULL on failure. */
struct iis_log *iis_log_open(const char *dir, struct err *e);
void iis_log_close(struct iis_log *log); /* accepts NULL */

/*
 * The lines of a finished exchange: those of the requests to the registration
 * point that it caused, then its own when x->evidence says that IIS saw it.
 * x->host says which fields are logged.
 */
MUST_USE int iis_log_write(struct iis_log *log, const struct ndes_exchange *x,
    int64_t now_ms, int64_t taken_ms, struct err *e);

/* The header lines; and what iis_log_write() writes below them. Appended. */
void iis_log_head(struct buf *out, const struct host *host, int64_t now_ms);
void iis_log_lines(struct buf *out, const struct ndes_exchange *x,
    int64_t now_ms, int64_t taken_ms);

/* The exchange's own line, without line end; for tests. Appended. */
void iis_log_line(struct buf *out, const struct ndes_exchange *x,
    int64_t now_ms, int64_t taken_ms);

#endif
