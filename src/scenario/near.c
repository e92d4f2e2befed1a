/* SPDX-License-Identifier: MIT */
/*
 * Edit distance (insert, drop, change, swap of neighbours) between short
 * words, letter case aside. The work is bounded by NEAR_WORD_MAX squared.
 */
#include "scenario/near.h"

#include "base/text.h"

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool
same(struct bytes a, size_t i, struct bytes b, size_t j)
{
	return ascii_lower(a.p[i]) == ascii_lower(b.p[j]);
}

/* Both at most NEAR_WORD_MAX bytes. */
static size_t
distance(struct bytes a, struct bytes b)
{
	size_t rows[3][NEAR_WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b.n; j++)
		before[j] = above[j] = j;
	for (size_t i = 0; i < a.n; i++) {
		size_t *free_row = before;

		row[0] = i + 1;
		for (size_t j = 0; j < b.n; j++) {
			row[j + 1] = least(above[j] + !same(a, i, b, j),
			    least(above[j + 1], row[j]) + 1);
			if (i > 0 && j > 0 && same(a, i, b, j - 1) &&
			    same(a, i - 1, b, j))
				row[j + 1] =
				    least(row[j + 1], before[j - 1] + 1);
		}
		before = above;
		above = row;
		row = free_row;
	}
	return above[b.n];
}

void
near_start(struct near *n, struct bytes misspelt)
{
	*n = (struct near){ .word = misspelt };
	/* one slip in a short word, more in a long one */
	n->distance = misspelt.n < 3 ? 2 : 2 + misspelt.n / 5;
}

void
near_offer(struct near *n, struct bytes known)
{
	size_t d;

	if (n->word.n == 0 || n->word.n > NEAR_WORD_MAX ||
	    known.n > NEAR_WORD_MAX)
		return;
	d = distance(n->word, known);
	if (d < n->distance && d < n->word.n) {
		n->distance = d;
		n->best = known;
	}
}
