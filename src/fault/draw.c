/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 (Aumasson, Bernstein) over what a draw depends on. Its key is
 * the seed, with the purpose of the draw in the other half.
 */
#include "fault/draw.h"

struct sip {
	uint64_t v0, v1, v2, v3;
	uint64_t tail; /* octets that make no whole word yet */
	unsigned tail_n;
	uint64_t n; /* octets so far */
};

static uint64_t
rotl(uint64_t x, unsigned b)
{
	return x << b | x >> (64 - b);
}

static void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static void
sip_word(struct sip *s, uint64_t m)
{
	s->v3 ^= m;
	sip_round(s);
	sip_round(s);
	s->v0 ^= m;
}

static struct sip
sip_start(uint64_t k0, uint64_t k1)
{
	return (struct sip){
		.v0 = k0 ^ UINT64_C(0x736f6d6570736575),
		.v1 = k1 ^ UINT64_C(0x646f72616e646f6d),
		.v2 = k0 ^ UINT64_C(0x6c7967656e657261),
		.v3 = k1 ^ UINT64_C(0x7465646279746573),
	};
}

static void
sip_add(struct sip *s, struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		s->tail |= (uint64_t)b.p[i] << (8 * s->tail_n++);
		if (s->tail_n == 8) {
			sip_word(s, s->tail);
			s->tail = 0;
			s->tail_n = 0;
		}
	}
	s->n += b.n;
}

static uint64_t
sip_end(struct sip *s)
{
	sip_word(s, s->tail | s->n << 56);
	s->v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t
draw_siphash(uint64_t k0, uint64_t k1, struct bytes s)
{
	struct sip sip = sip_start(k0, k1);

	sip_add(&sip, s);
	return sip_end(&sip);
}

static void
add_number(struct sip *s, uint64_t n)
{
	uint8_t b[8];

	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(n >> (8 * i));
	sip_add(s, bytes_of(b, sizeof(b)));
}

/* Lengths go in before texts, so that no two lists of texts run together. */
uint64_t
draw(uint64_t seed, struct bytes rule, struct bytes key, uint64_t n,
    const char *which)
{
	struct sip s = sip_start(seed, draw_siphash(0, 0, bytes_str(which)));

	add_number(&s, rule.n);
	sip_add(&s, rule);
	add_number(&s, key.n);
	sip_add(&s, key);
	add_number(&s, n);
	return sip_end(&s);
}

uint32_t
draw_ppm(uint64_t d)
{
	return (uint32_t)draw_below(d, 1000000);
}

/* The upper half of a product: even to one part in 2^32 and more. */
uint64_t
draw_below(uint64_t d, uint64_t n)
{
	__extension__ typedef unsigned __int128 product;

	return (uint64_t)(((product)d * n) >> 64);
}

uint64_t
draw_more(uint64_t d, uint64_t i)
{
	struct sip s = sip_start(d, UINT64_C(0x6d6f7265));

	add_number(&s, i);
	return sip_end(&s);
}

void
draw_bytes(uint64_t d, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t word = draw_more(d, i);

		for (size_t k = 0; k < 8 && i + k < n; k++)
			p[i + k] = (uint8_t)(word >> (8 * k));
	}
}
