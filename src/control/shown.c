/* SPDX-License-Identifier: MIT */
/* What several documents show or read. */
#include "control/shown.h"

#include "base/buf.h"
#include "base/quantity.h"
#include "http/query.h"

json_t *
shown_duration(int64_t ms)
{
	struct buf b;
	json_t *json;

	buf_init(&b, 64);
	quantity_duration_text(ms, &b);
	json = json_string(buf_str(&b));
	buf_clear(&b);
	return json;
}

int
shown_read_duration(
    json_t *value, const char *name, int64_t *out_ms, struct err *e)
{
	int64_t n = json_integer_value(value);

	if (json_is_integer(value) && n >= -CALL_SECONDS_MAX &&
	    n <= CALL_SECONDS_MAX) {
		*out_ms = n * 1000;
		return 0;
	}
	if (!json_is_string(value))
		return err_set(e, ERR_USAGE,
		    "%s is a duration, as in \"10m\", or a number of seconds",
		    name);
	if (quantity_duration(bytes_str(json_string_value(value)), out_ms, e) ==
	    0)
		return 0;
	e->code = ERR_USAGE;
	return -1;
}

int
shown_ttl(struct control_call *c, int64_t *out_ms)
{
	int64_t ms = -1;

	if (call_query_duration(c, "ttl", &ms) == -1)
		return -1;
	if (ms == 0) {
		call_problem(c, 400,
		    "ttl is more than 0; without it a change is for good");
		return -1;
	}
	if (ms > 0)
		*out_ms = ms;
	return 0;
}

json_t *
shown_share(uint32_t ppm)
{
	return json_real((double)ppm / 1000000.0);
}

bool
shown_next_pair(struct bytes *query, struct bytes *name, struct bytes *value)
{
	const uint8_t *end, *is;
	struct bytes pair;

	if (query->n == 0)
		return false;
	end = memchr(query->p, '&', query->n);
	pair = bytes_of(
	    query->p, end == NULL ? query->n : (size_t)(end - query->p));
	*query = bytes_from(*query, end == NULL ? query->n : pair.n + 1);
	is = pair.n == 0 ? NULL : memchr(pair.p, '=', pair.n);
	*name = bytes_of(pair.p, is == NULL ? pair.n : (size_t)(is - pair.p));
	*value = bytes_from(pair, is == NULL ? pair.n : name->n + 1);
	return true;
}

const char *
shown_text(struct control_call *c, struct bytes escaped)
{
	const char *s =
	    arena_str(c->arena, http_percent_decode(c->arena, escaped));

	return s == NULL ? "" : s;
}
