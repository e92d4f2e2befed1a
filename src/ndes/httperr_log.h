/* SPDX-License-Identifier: MIT */
/*
 * The log of http.sys as evidence: HTTPERR/httperrN.log below the log folder,
 * 1 MB each, N counting up from 1; header and fields of Windows Server 2016
 * and later (reference section 8). Lines are never interleaved. Any thread.
 */
#ifndef NDES_HTTPERR_LOG_H
#define NDES_HTTPERR_LOG_H

#include "ndes/exchange.h"

#define HTTPERR_FILE_MAX INT64_C(1048576)
#define HTTPERR_URI_MAX 4096

struct httperr_log;

/* Makes dir and dir/HTTPERR when they are missing. NULL on failure. */
struct httperr_log *httperr_log_open(const char *dir, struct err *e);
void httperr_log_close(struct httperr_log *log); /* accepts NULL */

/* One line for a finished exchange, when x->evidence has a reason for it. */
MUST_USE int httperr_log_write(struct httperr_log *log,
    const struct ndes_exchange *x, int64_t now_ms, struct err *e);

/* The header lines. Appended. */
void httperr_log_head(struct buf *out, const struct host *host, int64_t now_ms);

/* The line itself, without line end; for tests. Appended. */
void httperr_log_line(
    struct buf *out, const struct ndes_exchange *x, int64_t now_ms);

#endif
