/* SPDX-License-Identifier: MIT */
/* What a correct client does, for people. */
#include "fault/expect.h"

#include <inttypes.h>

static void
print_bounds(struct buf *out, const char *name, int64_t least, int64_t most,
    int64_t endless, const char *unit)
{
	if (least == most) {
		buf_addf(out, ", %s: %" PRId64 "%s", name, least, unit);
		return;
	}
	buf_addf(out, ", %s: {", name);
	if (least > 0)
		buf_addf(out, "at_least: %" PRId64 "%s%s", least, unit,
		    most == endless ? "" : ", ");
	if (most != endless)
		buf_addf(out, "at_most: %" PRId64 "%s", most, unit);
	buf_add_str(out, "}");
}

void
expect_print(const struct expect *x, struct buf *out)
{
	switch (x->kind) {
	case EXPECT_CLIENT:
		buf_addf(out, "client: %s", expect_client_name(x->client));
		break;
	case EXPECT_NEVER:
	case EXPECT_REQUESTS:
		buf_add_str(
		    out, x->kind == EXPECT_NEVER ? "never: " : "requests: ");
		when_print(x->when[0], out);
		if (x->has_count)
			print_bounds(out, "count", (int64_t)x->count_min,
			    (int64_t)x->count_max, (int64_t)UINT64_MAX, "");
		if (x->has_gap)
			print_bounds(out, "gap", x->gap_min_ms, x->gap_max_ms,
			    INT64_MAX, "ms");
		break;
	case EXPECT_ORDER:
		buf_add_str(out, "order: [");
		for (size_t i = 0; i < x->when_count; i++) {
			if (i > 0)
				buf_add_str(out, ", ");
			when_print(x->when[i], out);
		}
		buf_add_str(out, "]");
		break;
	}
}
