/* SPDX-License-Identifier: MIT */
/* Damage to the bytes of a body, and how long a wait is. */
#include <math.h>

#include "fault/draw.h"
#include "fault/seams.h"

enum { DRAW_JUNK = 1, DRAW_FLIP = 1000, DRAW_APPEND = 2 };

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the damaged body is too large");
}

static struct bytes
junk(const struct fault_site *s, uint64_t n, uint64_t which)
{
	uint8_t *p = arena_alloc(s->arena, n == 0 ? 1 : n);

	if (p == NULL)
		return bytes_of(NULL, 0);
	draw_bytes(draw_more(s->draw, which), p, n);
	if (n > 0 && p[0] == 0x30)
		p[0] = 0x31; /* no SEQUENCE */
	return bytes_of(p, n);
}

static void
flip(const struct fault *f, const struct fault_site *s, uint8_t *p, size_t n)
{
	for (unsigned i = 0; n > 0 && i < f->damage.flip; i++) {
		uint64_t bit = draw_below(
		    draw_more(s->draw, DRAW_FLIP + i), (uint64_t)n * 8);

		p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

uint64_t
fault_amount_of(const struct fault_amount *a, uint64_t whole)
{
	uint64_t n = a->share ? whole * a->n / 1000000 : a->n;

	return n > whole ? whole : n;
}

/* The body, with room behind it. */
static uint8_t *
copy_body(const struct fault *f, const struct fault_site *s, struct bytes body,
    size_t *n)
{
	size_t more = f->damage.append.n + f->damage.append_junk;
	uint8_t *p = arena_alloc(s->arena, body.n + more + 1);

	if (p == NULL)
		return NULL;
	if (body.n > 0)
		memcpy(p, body.p, body.n);
	flip(f, s, p, body.n);
	*n = f->damage.truncate.given
	    ? (size_t)fault_amount_of(&f->damage.truncate, body.n)
	    : body.n;
	if (f->damage.append.n > 0)
		memcpy(p + *n, f->damage.append.p, f->damage.append.n);
	*n += f->damage.append.n;
	if (f->damage.append_junk > 0)
		draw_bytes(draw_more(s->draw, DRAW_APPEND), p + *n,
		    f->damage.append_junk);
	*n += f->damage.append_junk;
	return p;
}

int
fault_damage(const struct fault *f, const struct fault_site *s,
    struct http_reply *reply, struct err *e)
{
	struct bytes body = reply->body;
	uint8_t *p;
	size_t n;

	if (!f->damage.on)
		return 0;
	if (f->damage.has_junk) {
		body = junk(s, f->damage.junk, DRAW_JUNK);
		if (body.p == NULL)
			return no_memory(e);
	}
	p = copy_body(f, s, body, &n);
	if (p == NULL)
		return no_memory(e);
	reply->body = bytes_of(p, n);
	return fault_set_length(s, reply, e);
}

int
fault_set_length(
    const struct fault_site *s, struct http_reply *reply, struct err *e)
{
	const char *text = arena_printf(s->arena, "%zu", reply->body.n);

	if (text == NULL)
		return no_memory(e);
	for (size_t i = 0; i < reply->header_count; i++) {
		if (bytes_eq_nocase(
			reply->headers[i].name, BYTES_LIT("Content-Length")))
			reply->headers[i].value = bytes_str(text);
	}
	return 0;
}

/* In (0, 1). */
static double
unit(uint64_t d)
{
	return ((double)(d >> 11) + 0.5) / 9007199254740992.0;
}

int64_t
fault_wait_ms(const struct fault_wait *w, uint64_t d)
{
	const double two_pi = 6.283185307179586;
	double normal, ms;
	int64_t cap;

	switch (w->kind) {
	case FAULT_NO_WAIT:
		break;
	case FAULT_FIXED:
		return w->a_ms;
	case FAULT_UNIFORM:
		return w->a_ms +
		    (int64_t)draw_below(
			draw_more(d, 0), (uint64_t)(w->b_ms - w->a_ms) + 1);
	case FAULT_LOGNORMAL: /* Box and Muller */
		normal = sqrt(-2 * log(unit(draw_more(d, 1)))) *
		    cos(two_pi * unit(draw_more(d, 2)));
		ms = (double)w->a_ms * exp(normal * w->sigma_ppm / 1e6);
		cap = w->b_ms == 0 ? 10 * w->a_ms : w->b_ms;
		return ms > (double)cap ? cap : (int64_t)ms;
	}
	return 0;
}
