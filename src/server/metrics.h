/* SPDX-License-Identifier: MIT */
/*
 * What a server has counted since its start, over all sites: cheap to add to,
 * printed as Prometheus reads it (text format 0.0.4). Every label has few
 * values, whatever clients send. Any thread.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "ndes/exchange.h"

struct metrics;

struct metrics *metrics_new(void); /* NULL: no memory */
void metrics_free(struct metrics *m); /* accepts NULL */

/* An exchange whose reply is ready. rule: id of the one that applied, NULL: none. */
void metrics_count(struct metrics *m, const struct ndes_exchange *x,
    const char *rule, int64_t taken_us);

/* Appended. */
void metrics_print(struct metrics *m, struct buf *out);

#endif
