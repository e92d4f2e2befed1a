/* SPDX-License-Identifier: MIT */
/* Calendar dates, UTC only (proleptic Gregorian), without the C library's time zone state. */
#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include "base/span.h"

struct civil {
	int year; /* 0 to 9999 */
	int month; /* 1 to 12 */
	int day; /* 1 to 31 */
	int hour, minute, second;
	int weekday; /* 0 = Sunday */
};

/* Seconds since 1970-01-01 UTC to a date; clamps to years 0..9999. */
struct civil civil_from_unix(int64_t seconds);

/* The reverse; weekday is not read. Fields must be in range. */
int64_t civil_to_unix(const struct civil *c);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7); out holds 30 bytes. */
void civil_http_date(int64_t seconds, char out[30]);

#endif
