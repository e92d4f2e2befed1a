/* SPDX-License-Identifier: MIT */
/* Days to dates and back by counting in 400-year eras that begin on 1 March. */
#include "base/civil.h"

#include <stdio.h>

#define DAY 86400
#define ERA_DAYS 146097 /* days in 400 years */
#define ERA_SHIFT 719468 /* days from 0000-03-01 to 1970-01-01 */
#define FIRST_SECOND (-INT64_C(62167219200)) /* 0000-01-01T00:00:00 */
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59 */

struct civil
civil_from_unix(int64_t seconds)
{
	int64_t days, rest, era, doe, yoe, doy, mp;
	struct civil c;

	if (seconds < FIRST_SECOND)
		seconds = FIRST_SECOND;
	if (seconds > LAST_SECOND)
		seconds = LAST_SECOND;
	days = seconds / DAY;
	rest = seconds % DAY;
	if (rest < 0) {
		rest += DAY;
		days--;
	}
	c.weekday = (int)(((days + 4) % 7 + 7) % 7);
	days += ERA_SHIFT;
	era = (days >= 0 ? days : days - ERA_DAYS + 1) / ERA_DAYS;
	doe = days - era * ERA_DAYS;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c.year = (int)(yoe + era * 400 + (c.month <= 2));
	c.hour = (int)(rest / 3600);
	c.minute = (int)(rest / 60 % 60);
	c.second = (int)(rest % 60);
	return c;
}

int64_t
civil_to_unix(const struct civil *c)
{
	int64_t y = c->month <= 2 ? c->year - 1 : c->year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t mp = c->month > 2 ? c->month - 3 : c->month + 9;
	int64_t doy = (153 * mp + 2) / 5 + c->day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return (era * ERA_DAYS + doe - ERA_SHIFT) * DAY + c->hour * 3600 +
	    c->minute * 60 + c->second;
}

void
civil_http_date(int64_t seconds, char out[30])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil c = civil_from_unix(seconds);
	char room[64];

	(void)snprintf(room, sizeof(room),
	    "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * c.weekday,
	    c.day, months + 3 * (c.month - 1), c.year, c.hour, c.minute,
	    c.second);
	memcpy(out, room, 29);
	out[29] = '\0';
}
