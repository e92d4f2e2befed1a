/* SPDX-License-Identifier: MIT */
/* Formats a line of the operator's log and hands it to whoever prints it. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LOG_LINE_MAX 2048

static const char *const names[LOG_LEVELS] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warning",
	[LOG_ERROR] = "error",
};

const char *
log_level_name(enum log_level level)
{
	return (unsigned)level < LOG_LEVELS ? names[level] : "unknown";
}

void
log_say(const struct log *log, enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	va_list ap;

	if (log == NULL || log->line == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *p = line; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	log->line(log->ctx, level, line);
}
