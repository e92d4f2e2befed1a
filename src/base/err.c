/* SPDX-License-Identifier: MIT */
/* Errors as a caller-owned struct: no allocation, the first one wins. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const names[ERR_CODES] = {
	[ERR_NONE] = "none",
	[ERR_USAGE] = "usage",
	[ERR_SCENARIO] = "scenario",
	[ERR_BIND] = "bind",
	[ERR_MEMORY] = "memory",
	[ERR_LIMIT] = "limit",
	[ERR_INPUT] = "input",
	[ERR_SYSTEM] = "system",
	[ERR_CRYPTO] = "crypto",
	[ERR_STORE] = "store",
};

const char *
err_code_name(enum err_code code)
{
	if ((unsigned)code >= ERR_CODES)
		return "unknown";
	return names[code];
}

int
err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL || e->code != ERR_NONE)
		return -1;
	e->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *e, enum err_code code, const char *fmt, ...)
{
	int saved = errno;
	char reason[128];
	size_t n;
	va_list ap;

	if (e == NULL || e->code != ERR_NONE)
		return -1;
	e->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	(void)snprintf(e->text + n, sizeof(e->text) - n, ": %s",
	    strerror_r(saved, reason, sizeof(reason)));
	return -1;
}
