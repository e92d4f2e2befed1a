/* SPDX-License-Identifier: MIT */
/*
 * DER and BER by hand, as far as the test client needs them.
 */
#include "support/client_der.h"

bool
client_tlv_next(struct client_walk *w, struct client_tlv *out)
{
	if (w->n < 2)
		return false;
	size_t head = 2, n = w->p[1];
	if (n == 0x80)
		return false;
	if (n > 0x80) {
		size_t octets = n & 0x7f;
		if (octets > 4 || w->n < 2 + octets)
			return false;
		n = 0;
		for (size_t i = 0; i < octets; i++)
			n = n << 8 | w->p[2 + i];
		head += octets;
	}
	if (n > w->n - head)
		return false;
	*out = (struct client_tlv){ w->p[0], w->p, head + n, w->p + head, n };
	w->p += head + n;
	w->n -= head + n;
	return true;
}

bool
client_tlv_child(
    const struct client_tlv *parent, unsigned k, struct client_tlv *out)
{
	struct client_walk w = { parent->p, parent->n };
	do
		if (!client_tlv_next(&w, out))
			return false;
	while (k--);
	return true;
}

int
client_tlv_write(
    struct client_bytes *out, unsigned char tag, const void *p, size_t n)
{
	unsigned char head[6] = { tag };
	size_t used = 2;
	if (n < 0x80) {
		head[1] = (unsigned char)n;
	} else {
		unsigned octets = n > 0xffffff ? 4
		    : n > 0xffff               ? 3
		    : n > 0xff                 ? 2
					       : 1;
		head[1] = (unsigned char)(0x80 | octets);
		for (unsigned i = octets; i > 0; i--)
			head[used++] = (unsigned char)(n >> (8 * (i - 1)));
	}
	if (client_bytes_add(out, head, used))
		return -1;
	return client_bytes_add(out, p, n);
}

static int
ber_open(struct client_bytes *out, unsigned char tag)
{
	return client_bytes_add(out, (unsigned char[2]){ tag, 0x80 }, 2);
}

static int
ber_close(struct client_bytes *out, unsigned levels)
{
	while (levels--)
		if (client_bytes_add(out, "\0", 2))
			return -1;
	return 0;
}

static int
ber_copy(struct client_bytes *out, const struct client_tlv *t)
{
	return client_bytes_add(out, t->whole, t->whole_n);
}

/* A constructed string of pieces, closed. */
static int
ber_string(struct client_bytes *out, unsigned char tag,
    const struct client_tlv *t, size_t piece)
{
	int rc = ber_open(out, tag);
	for (size_t at = 0; !rc && at < t->n; at += piece) {
		size_t n = t->n - at < piece ? t->n - at : piece;
		rc = client_tlv_write(out, 0x04, t->p + at, n);
	}
	return rc ? -1 : ber_close(out, 1);
}

/* ContentInfo: its OID and the CMS type inside [0]. */
static bool
content_info(const struct client_bytes *der, struct client_tlv *oid,
    struct client_tlv *inside)
{
	struct client_walk w = { der->p, der->n };
	struct client_tlv all, wrap;
	return client_tlv_next(&w, &all) && client_tlv_child(&all, 0, oid) &&
	    client_tlv_child(&all, 1, &wrap) &&
	    client_tlv_child(&wrap, 0, inside);
}

int
client_ber_enveloped(
    const struct client_bytes *der, size_t piece, struct client_bytes *out)
{
	struct client_tlv oid, ed, version, recipients, eci, type, alg, text;
	if (!content_info(der, &oid, &ed) ||
	    !client_tlv_child(&ed, 0, &version) ||
	    !client_tlv_child(&ed, 1, &recipients) ||
	    !client_tlv_child(&ed, 2, &eci) ||
	    !client_tlv_child(&eci, 0, &type) ||
	    !client_tlv_child(&eci, 1, &alg) ||
	    !client_tlv_child(&eci, 2, &text))
		return -1;
	if (ber_open(out, 0x30) || ber_copy(out, &oid) || ber_open(out, 0xa0) ||
	    ber_open(out, 0x30) || ber_copy(out, &version) ||
	    ber_copy(out, &recipients) || ber_open(out, 0x30) ||
	    ber_copy(out, &type) || ber_copy(out, &alg) ||
	    ber_string(out, 0xa0, &text, piece))
		return -1;
	return ber_close(out, 4);
}

int
client_ber_signed(
    const struct client_bytes *der, size_t piece, struct client_bytes *out)
{
	struct client_tlv oid, sd, version, digests, eci, type, wrap, text, t;
	if (!content_info(der, &oid, &sd) ||
	    !client_tlv_child(&sd, 0, &version) ||
	    !client_tlv_child(&sd, 1, &digests) ||
	    !client_tlv_child(&sd, 2, &eci) ||
	    !client_tlv_child(&eci, 0, &type) ||
	    !client_tlv_child(&eci, 1, &wrap) ||
	    !client_tlv_child(&wrap, 0, &text))
		return -1;
	if (ber_open(out, 0x30) || ber_copy(out, &oid) || ber_open(out, 0xa0) ||
	    ber_open(out, 0x30) || ber_copy(out, &version) ||
	    ber_copy(out, &digests) || ber_open(out, 0x30) ||
	    ber_copy(out, &type) || ber_open(out, 0xa0) ||
	    ber_string(out, 0x24, &text, piece) || ber_close(out, 2))
		return -1;
	for (unsigned k = 3; client_tlv_child(&sd, k, &t); k++)
		if (ber_copy(out, &t))
			return -1;
	return ber_close(out, 3);
}
