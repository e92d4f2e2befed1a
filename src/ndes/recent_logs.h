/* SPDX-License-Identifier: MIT */
/* The logs of one simulated host in memory; a part of its evidence. Any thread. */
#ifndef NDES_RECENT_LOGS_H
#define NDES_RECENT_LOGS_H

#include "ndes/evidence.h"

struct recent_logs;

/* computer is copied. NULL: no memory. */
struct recent_logs *recent_logs_new(const char *computer);
void recent_logs_free(struct recent_logs *r); /* accepts NULL */
void recent_logs_forget(struct recent_logs *r);

/* What a finished exchange noted for IIS and http.sys, and its events. */
void recent_logs_exchange(struct recent_logs *r, const struct ndes_exchange *x,
    int64_t now_ms, int64_t taken_ms);
void recent_logs_event(
    struct recent_logs *r, const struct event *event, int64_t now_ms);
/* Whole lines of NDESPlugin.log. */
void recent_logs_plugin(struct recent_logs *r, struct bytes lines);

/* As evidence_read(). */
void recent_logs_read(struct recent_logs *r, enum evidence_log log, bool xml,
    const struct host *host, int64_t now_ms, struct buf *out);

#endif
