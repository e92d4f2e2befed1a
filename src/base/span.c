/* SPDX-License-Identifier: MIT */
/* Comparisons of spans without regard to ASCII letter case. */
#include "base/span.h"

#include "base/text.h"

bool
bytes_eq_nocase(struct bytes a, struct bytes b)
{
	return a.n == b.n && bytes_starts_nocase(a, b);
}

bool
bytes_starts_nocase(struct bytes a, struct bytes b)
{
	if (a.n < b.n)
		return false;
	for (size_t i = 0; i < b.n; i++) {
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	}
	return true;
}
