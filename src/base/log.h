/* SPDX-License-Identifier: MIT */
/*
 * The operator's log: what the mock says about itself. The library never
 * prints; it calls this function with a finished line (UTF-8, no newline, no
 * control characters). The function is called from any thread, one line at a
 * time per call; it must be thread-safe.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/span.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVELS };

const char *log_level_name(enum log_level level);

struct log {
	void (*line)(void *ctx, enum log_level level,
	    const char *text); /* NULL: silent */
	void *ctx;
};

/* Bytes below 0x20 and 0x7f in what is formatted become '?'. Cut at 2 KiB. */
void log_say(const struct log *log, enum log_level level, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
