/* SPDX-License-Identifier: MIT */
/*
 * The degenerate SignedData that carries certificates and CRLs: in GetCACert,
 * and inside the envelope of a SUCCESS. Written straight into the buffer.
 */
#include "scep/message.h"

#include "pki/oid.h"

#define EXPLICIT_0 (ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED)
#define EXPLICIT_1 (ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | 1)

static void
put_signed_data(struct asn1_writer *w, const struct bytes *certs, size_t n,
    struct bytes crl)
{
	size_t all = asn1_mark(w), part;
	const struct bytes none = { 0 };

	asn1_put(w, ASN1_ID_SET, none);
	if (crl.p != NULL)
		asn1_put(w, EXPLICIT_1, crl);
	if (n > 0) {
		part = asn1_mark(w);
		for (size_t i = n; i > 0; i--)
			asn1_put_raw(w, certs[i - 1]);
		asn1_put_header(w, EXPLICIT_0, part);
	}
	part = asn1_mark(w);
	asn1_put_oid(w, pki_oid_cms_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, part);
	asn1_put(w, ASN1_ID_SET, none);
	asn1_put_int(w, 1);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
	asn1_put_header(w, EXPLICIT_0, all);
	asn1_put_oid(w, pki_oid_cms_signed_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

int
scep_certs_only(const struct bytes *certs, size_t n, struct bytes crl,
    struct buf *out, struct err *e)
{
	struct asn1_writer w;
	uint8_t *room;

	asn1_write_into(&w, NULL, 0);
	put_signed_data(&w, certs, n, crl);
	size_t need = w.need;

	room = buf_grow(out, need);
	if (room == NULL)
		return err_set(e, ERR_MEMORY, "no room for certificates");
	asn1_write_into(&w, room, need);
	put_signed_data(&w, certs, n, crl);
	return 0;
}
