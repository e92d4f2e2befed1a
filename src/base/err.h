/* SPDX-License-Identifier: MIT */
/*
 * How a function says that *we* failed. The caller owns the struct, usually
 * on its stack; reporting allocates nothing; the first error wins. What a
 * client did wrong is a verdict (scep/), what policy refuses is an outcome
 * (ndes/): neither is an error.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/span.h"

enum err_code {
	ERR_NONE,
	ERR_USAGE, /* the caller's options or arguments; exit code 2 */
	ERR_SCENARIO, /* a scenario file is not sound; exit code 3 */
	ERR_BIND, /* a listener could not be opened; exit code 4 */
	ERR_MEMORY,
	ERR_LIMIT, /* something is larger than we take */
	ERR_INPUT, /* data handed to us (a key file, say) is not what it should be */
	ERR_SYSTEM, /* the operating system refused */
	ERR_CRYPTO, /* libcrypto refused sound input */
	ERR_STORE, /* SQLite refused */
	ERR_CODES
};

#define ERR_TEXT_MAX 1024

struct err {
	enum err_code code;
	char text[ERR_TEXT_MAX]; /* a sentence without a full stop; UTF-8 */
};

/* A short stable name ("memory", "bind"); "unknown" out of range. */
const char *err_code_name(enum err_code code);

/*
 * Record a failure and return -1, so that saying and returning are one line.
 * Keeps an error that is already there. e may be NULL.
 */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* As err_set, with ": " and the text of errno (as it was on entry) behind. */
int err_sys(struct err *e, enum err_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Forget what is recorded. */
static inline void
err_clear(struct err *e)
{
	e->code = ERR_NONE;
	e->text[0] = '\0';
}

#endif
