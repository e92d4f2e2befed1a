/* SPDX-License-Identifier: MIT */
/* NegTokenInit and NegTokenResp by the reader and the writer of asn1/. */
#include "ndes/spnego.h"

#include "asn1/writer.h"

#define APPLICATION_0 0x60
#define TAG(n) ((uint8_t)(ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | (n)))
#define ANSWER_MAX 4096

/* 1.3.6.1.5.5.2 and 1.3.6.1.4.1.311.2.2.10 */
#define OID_SPNEGO BYTES_LIT("\x2b\x06\x01\x05\x05\x02")
#define OID_NTLM BYTES_LIT("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")

static void
read_mechanisms(struct ndes_spnego *s, struct asn1_reader *r)
{
	struct asn1_reader list;
	struct asn1_item item;

	if (asn1_peek(r, &item))
		s->mechanisms = item.whole;
	if (!asn1_take_enter(r, ASN1_ID_SEQUENCE, &list))
		return;
	for (bool first = true; asn1_take_optional(&list, ASN1_ID_OID, &item);
	     first = false) {
		if (!bytes_eq(item.body, OID_NTLM))
			continue;
		s->offers_ntlm = true;
		s->ntlm_first = s->ntlm_first || first;
	}
	asn1_end(&list);
}

/* An OCTET STRING in one piece. */
static struct bytes
read_octets(struct asn1_reader *r)
{
	struct asn1_item item;

	if (!asn1_take(r, ASN1_ID_OCTET_STRING, &item) ||
	    item.id != ASN1_ID_OCTET_STRING)
		return bytes_of(NULL, 0);
	return item.body;
}

/* The members of either kind: [2] and [3] are the same in both. */
static void
read_members(struct ndes_spnego *s, struct asn1_reader *r)
{
	struct asn1_reader member;
	struct asn1_item item;

	while (asn1_next(r, &item)) {
		asn1_enter(&member, r, &item);
		if (item.id == TAG(0) && s->initial)
			read_mechanisms(s, &member);
		else if (item.id == TAG(2))
			s->token = read_octets(&member);
		else if (item.id == TAG(3) && s->mic.p == NULL)
			s->mic = read_octets(&member);
	}
}

bool
ndes_spnego_read(struct ndes_spnego *out, struct bytes der)
{
	struct asn1_fault fault = { 0 };
	struct ndes_spnego s = { .initial = false };
	struct asn1_reader top, outer, choice, members;
	struct asn1_item item;

	asn1_open(&top, der, &fault);
	if (!asn1_peek(&top, &item))
		return false;
	s.initial = item.id == APPLICATION_0;
	outer = top;
	if (s.initial &&
	    (!asn1_take_enter(&top, APPLICATION_0, &outer) ||
		!asn1_take(&outer, ASN1_ID_OID, &item) ||
		!bytes_eq(item.body, OID_SPNEGO)))
		return false;
	if (!asn1_take_enter(&outer, s.initial ? TAG(0) : TAG(1), &choice) ||
	    !asn1_take_enter(&choice, ASN1_ID_SEQUENCE, &members))
		return false;
	read_members(&s, &members);
	if (fault.why != NULL)
		return false;
	*out = s;
	return true;
}

static void
put_tagged(struct asn1_writer *w, unsigned n, uint8_t id, struct bytes body)
{
	size_t m = asn1_mark(w);

	if (body.n == 0)
		return;
	asn1_put(w, id, body);
	asn1_put_header(w, TAG(n), m);
}

void
ndes_spnego_write(struct buf *out, enum ndes_spnego_state state, bool name_ntlm,
    struct bytes token, struct bytes mic)
{
	uint8_t room[ANSWER_MAX], number = (uint8_t)state;
	struct asn1_writer w;

	asn1_write_into(&w, room, sizeof(room));
	put_tagged(&w, 3, ASN1_ID_OCTET_STRING, mic);
	put_tagged(&w, 2, ASN1_ID_OCTET_STRING, token);
	put_tagged(
	    &w, 1, ASN1_ID_OID, name_ntlm ? OID_NTLM : bytes_of(NULL, 0));
	put_tagged(&w, 0, ASN1_ID_ENUMERATED, bytes_of(&number, 1));
	asn1_put_header(&w, ASN1_ID_SEQUENCE, 0);
	asn1_put_header(&w, TAG(1), 0);
	buf_add(out, asn1_written(&w));
}
