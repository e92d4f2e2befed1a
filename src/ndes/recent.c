/* SPDX-License-Identifier: MIT */
/* Lines in one run of memory; the older half is dropped at once, so that most additions move nothing. */
#include "ndes/recent.h"

void
recent_init(struct recent *r, size_t max)
{
	*r = (struct recent){ .max = max };
	pthread_mutex_init(&r->lock, NULL);
	buf_init(&r->lines, 2 * max);
}

void
recent_clear(struct recent *r)
{
	recent_forget(r);
	pthread_mutex_destroy(&r->lock);
	pthread_mutex_init(&r->lock, NULL);
}

/* Where the lines begin that are among the last n bytes. */
static size_t
begin_of_last(const struct buf *b, size_t n)
{
	size_t at = b->n > n ? b->n - n : 0;
	const uint8_t *end;

	if (at == 0)
		return 0;
	end = memchr(b->p + at - 1, '\n', b->n - at + 1);
	return end == NULL ? b->n : (size_t)(end - b->p) + 1;
}

static void
drop_oldest(struct recent *r, size_t keep)
{
	size_t at = begin_of_last(&r->lines, keep);

	if (at == 0)
		return;
	memmove(r->lines.p, r->lines.p + at, r->lines.n - at);
	r->lines.n -= at;
	r->lines.p[r->lines.n] = 0;
	r->given_up += at;
}

void
recent_add(struct recent *r, struct bytes lines)
{
	pthread_mutex_lock(&r->lock);
	if (lines.n > r->lines.max - r->lines.n)
		drop_oldest(r, lines.n > r->max ? 0 : r->max - lines.n);
	buf_add(&r->lines, lines);
	if (!buf_ok(&r->lines)) {
		r->given_up += lines.n;
		r->lines.failed = false;
	}
	pthread_mutex_unlock(&r->lock);
}

void
recent_copy(struct recent *r, struct buf *out)
{
	pthread_mutex_lock(&r->lock);
	buf_add(out,
	    bytes_from(buf_bytes(&r->lines), begin_of_last(&r->lines, r->max)));
	pthread_mutex_unlock(&r->lock);
}

void
recent_forget(struct recent *r)
{
	pthread_mutex_lock(&r->lock);
	buf_clear(&r->lines);
	buf_init(&r->lines, 2 * r->max);
	r->given_up = 0;
	pthread_mutex_unlock(&r->lock);
}
