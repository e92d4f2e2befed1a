/* SPDX-License-Identifier: MIT */
/* Unix times as RFC 3339 writes them, in UTC. */
#include "control/times.h"

#include "base/civil.h"

json_t *
time_of_unix(int64_t seconds)
{
	struct civil c = civil_from_unix(seconds);

	return json_sprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month,
	    c.day, c.hour, c.minute, c.second);
}

json_t *
time_of_ms(int64_t unix_ms)
{
	struct civil c = civil_from_unix(unix_ms / 1000);

	return json_sprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year,
	    c.month, c.day, c.hour, c.minute, c.second, (int)(unix_ms % 1000));
}
