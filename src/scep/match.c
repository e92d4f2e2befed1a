/* SPDX-License-Identifier: MIT */
/*
 * Which certificate a SignerIdentifier or RecipientIdentifier names, as
 * tolerantly as real clients need it: odd serials, Names with their RDNs in
 * another order, key identifiers that the certificate does not state.
 */
#include "scep/walk.h"

#define NAME_RDNS_MAX 64

#define KEY_IDENTIFIER ASN1_ID_CONTEXT /* [0] IMPLICIT OCTET STRING */

bool
scep_id_read(struct asn1_reader *r, struct scep_id *id)
{
	struct asn1_reader in;
	struct asn1_item item;

	*id = (struct scep_id){ 0 };
	if (asn1_take_optional(r, KEY_IDENTIFIER, &item)) {
		id->ski = item.body;
		return true;
	}
	if (!asn1_take_enter(r, ASN1_ID_SEQUENCE, &in) ||
	    !asn1_take(&in, ASN1_ID_SEQUENCE, &item))
		return false;
	id->issuer = item.whole;
	if (!asn1_take(&in, ASN1_ID_INTEGER, &item))
		return false;
	id->serial = item.body;
	return true;
}

/* Some encoders drop or add leading zeros when they copy a serial. */
static struct bytes
without_zeros(struct bytes serial)
{
	while (serial.n > 1 && serial.p[0] == 0)
		serial = bytes_from(serial, 1);
	return serial;
}

static size_t
name_rdns(struct bytes name, struct bytes rdns[NAME_RDNS_MAX])
{
	struct asn1_fault unheard = { 0 };
	struct asn1_reader outer, in;
	struct asn1_item item;
	size_t n = 0;

	asn1_open(&outer, name, &unheard);
	if (!asn1_take_enter(&outer, ASN1_ID_SEQUENCE, &in))
		return 0;
	while (n < NAME_RDNS_MAX && asn1_next(&in, &item))
		rdns[n++] = item.whole;
	return unheard.why == NULL && in.rest.n == 0 ? n : 0;
}

/* The same RDNs, each as often, in any order. */
static bool
same_rdns(struct bytes a, struct bytes b)
{
	struct bytes left[NAME_RDNS_MAX], right[NAME_RDNS_MAX];
	size_t n = a.n == b.n ? name_rdns(a, left) : 0;

	if (n == 0 || name_rdns(b, right) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t k = i;

		while (k < n && !bytes_eq(left[i], right[k]))
			k++;
		if (k == n)
			return false;
		right[k] = right[i];
	}
	return true;
}

static int
match_key_id(struct pki_ctx *ctx, struct bytes ski, const struct pki_cert *cert,
    enum scep_match *found, struct err *e)
{
	uint8_t id[20];

	if (cert->ski.n > 0) {
		*found = bytes_eq(ski, cert->ski) ? SCEP_MATCH : SCEP_NO_MATCH;
		return SCEP_GO_ON;
	}
	if (pki_key_id(ctx, cert->spki, id, e) == -1)
		return SCEP_FAILED;
	*found = bytes_eq(ski, bytes_of(id, sizeof(id))) ? SCEP_MATCH
							 : SCEP_NO_MATCH;
	return SCEP_GO_ON;
}

int
scep_id_match(struct pki_ctx *ctx, const struct scep_id *id,
    const struct pki_cert *cert, enum scep_match *found, struct err *e)
{
	*found = SCEP_NO_MATCH;
	if (id->issuer.p == NULL && id->ski.p == NULL)
		return SCEP_GO_ON;
	if (id->issuer.p == NULL)
		return match_key_id(ctx, id->ski, cert, found, e);
	if (!bytes_eq(without_zeros(id->serial), without_zeros(cert->serial)))
		return SCEP_GO_ON;
	if (bytes_eq(id->issuer, cert->issuer))
		*found = SCEP_MATCH;
	else if (same_rdns(id->issuer, cert->issuer))
		*found = SCEP_MATCH_REORDERED;
	return SCEP_GO_ON;
}
