/* SPDX-License-Identifier: MIT */
/*
 * One thread that does things later: what was made for a while is undone,
 * what is idle ends. Times are those of a clock that never goes back. Any
 * thread may call.
 */
#ifndef SERVER_TIMER_H
#define SERVER_TIMER_H

#include "base/err.h"

struct timer;

struct timer *timer_start(struct err *e); /* NULL on failure */
/* What is not due yet is dropped, and no more is taken. Accepts NULL; twice is fine. Not from the timer's own thread. */
void timer_stop(struct timer *t);
void timer_free(struct timer *t); /* stops it; accepts NULL */

/*
 * run(ctx) in the timer's thread, after so many milliseconds, with no lock
 * held; then drop(ctx). Returns a number for timer_cancel(), or 0 when memory
 * ran out or the timer has stopped; then drop is not called.
 */
uint64_t timer_add(struct timer *t, int64_t after_ms, void (*run)(void *ctx),
    void (*drop)(void *ctx), void *ctx);

/* Not any more: drop(ctx) is called before this returns. False: it runs, has run, or there was none. */
bool timer_cancel(struct timer *t, uint64_t number);

#endif
