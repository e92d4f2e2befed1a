/* SPDX-License-Identifier: MIT */
/* Durations, sizes, shares, booleans and numbers as people write them. */
#include "base/quantity.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/text.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 3600 * 1000 },
	{ "d", (uint64_t)86400 * 1000 },
	{ "y", (uint64_t)365 * 86400 * 1000 },
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KiB", 1024 },
	{ "MiB", 1024 * 1024 },
	{ "GiB", 1024 * 1024 * 1024 },
};

#define PRECISION 20 /* how much of a bad value an error repeats */

static int
refuse(struct err *e, struct bytes s, const char *wanted)
{
	struct buf b;

	buf_init(&b, 256);
	text_printable(&b, s.n > PRECISION ? bytes_of(s.p, PRECISION) : s);
	(void)err_set(e, ERR_USAGE, "\"%s%s\" is not %s", buf_str(&b),
	    s.n > PRECISION ? "..." : "", wanted);
	buf_clear(&b);
	return -1;
}

/* Number and unit; 0, or -1 when it is neither or too large for max. */
static int
scaled(struct bytes s, const struct unit *units, size_t n, uint64_t max,
    uint64_t *out)
{
	size_t digits = 0;
	uint64_t v;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (text_u64(bytes_of(s.p, digits), UINT64_MAX, &v) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!bytes_eq(bytes_from(s, digits), bytes_str(units[i].name)))
			continue;
		if (v > max / units[i].factor)
			return -1;
		*out = v * units[i].factor;
		return 0;
	}
	return -1;
}

int
quantity_duration(struct bytes s, int64_t *ms, struct err *e)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	struct bytes rest = bytes_from(s, negative ? 1 : 0);
	uint64_t v = 0;

	if (!bytes_eq(rest, bytes_str("0")) &&
	    scaled(rest, durations, nitems(durations), INT64_MAX, &v) == -1)
		return refuse(e, s,
		    "a duration; write a number with ms, s, m, h, d or y, as "
		    "in 5s");
	*ms = negative ? -(int64_t)v : (int64_t)v;
	return 0;
}

int
quantity_size(struct bytes s, uint64_t *bytes, struct err *e)
{
	if (scaled(s, sizes, nitems(sizes), INT64_MAX, bytes) == -1)
		return refuse(e, s,
		    "a size; write a number of bytes, or one with KiB, MiB or "
		    "GiB");
	return 0;
}

int
quantity_share(struct bytes s, uint32_t *ppm, struct err *e)
{
	const char *wanted = "a share; write a number from 0% to 100%, as in "
			     "0.5%";
	uint64_t whole, part = 0, scale = 10000;
	size_t dot = 0;

	if (s.n < 2 || s.p[s.n - 1] != '%')
		return refuse(e, s, wanted);
	while (dot < s.n - 1 && s.p[dot] != '.')
		dot++;
	if (text_u64(bytes_of(s.p, dot), 100, &whole) == -1)
		return refuse(e, s, wanted);
	if (dot < s.n - 1) {
		struct bytes digits = bytes_of(s.p + dot + 1, s.n - dot - 2);

		if (digits.n > 4 || text_u64(digits, 9999, &part) == -1)
			return refuse(e, s, wanted);
		for (size_t i = 0; i < digits.n; i++)
			scale /= 10;
		part *= scale;
	}
	if (whole * 10000 + part > 1000000)
		return refuse(e, s, wanted);
	*ppm = (uint32_t)(whole * 10000 + part);
	return 0;
}

int
quantity_bool(struct bytes s, bool *b, struct err *e)
{
	if (bytes_eq(s, bytes_str("true")))
		*b = true;
	else if (bytes_eq(s, bytes_str("false")))
		*b = false;
	else
		return refuse(e, s, "true or false");
	return 0;
}

int
quantity_int(
    struct bytes s, int64_t lo, int64_t hi, int64_t *out, struct err *e)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	struct bytes digits = bytes_from(s, negative ? 1 : 0);
	uint64_t v;
	int64_t signed_v;

	if (text_u64(digits, INT64_MAX, &v) == -1)
		return refuse(e, s, "a whole number");
	signed_v = negative ? -(int64_t)v : (int64_t)v;
	if (signed_v < lo || signed_v > hi)
		return err_set(e, ERR_USAGE, "%lld is not in %lld to %lld",
		    (long long)signed_v, (long long)lo, (long long)hi);
	*out = signed_v;
	return 0;
}

void
quantity_duration_text(int64_t ms, struct buf *out)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} rows[] = {
		{ 86400000, "d" },
		{ 3600000, "h" },
		{ 60000, "m" },
		{ 1000, "s" },
		{ 1, "ms" },
	};

	for (size_t i = 0; ms != 0 && i < nitems(rows); i++) {
		if (ms % rows[i].ms == 0) {
			buf_addf(out, "%" PRId64 "%s", ms / rows[i].ms,
			    rows[i].unit);
			return;
		}
	}
	buf_add_str(out, "0");
}
