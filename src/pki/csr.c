/* SPDX-License-Identifier: MIT */
/*
 * PKCS#10 requests by our own reader. Attributes may come in any order, be
 * absent, or be unknown; three of them ask for extensions.
 */
#include "pki/cert.h"

#include "pki/oid.h"

/* The rank of an attribute's lists among pki_csr.extensions. */
enum rank { RANK_PKCS9, RANK_MICROSOFT, RANK_VERISIGN, RANKS };

struct csr_reading {
	struct pki_csr *csr;
	enum rank ranks[PKI_CSR_EXTENSION_LISTS_MAX];
};

static bool
is_string(const struct asn1_item *item)
{
	switch (item->id & ~ASN1_ID_CONSTRUCTED) {
	case ASN1_ID_OCTET_STRING:
	case ASN1_ID_UTF8_STRING:
	case ASN1_ID_PRINTABLE_STRING:
	case ASN1_ID_T61_STRING:
	case ASN1_ID_IA5_STRING:
	case ASN1_ID_BMP_STRING:
	case 0x12: /* NumericString */
	case 0x1a: /* VisibleString */
	case 0x1c: /* UniversalString */
		return true;
	default:
		return false;
	}
}

static bool
keep_challenge(struct pki_csr *csr, struct asn1_reader *values)
{
	struct asn1_item item;

	while (asn1_next(values, &item)) {
		if (!is_string(&item))
			return asn1_refuse(values, item.whole.p,
			    "a challengePassword that is no string");
		if (!csr->has_challenge)
			csr->challenge = item;
		csr->has_challenge = true;
		csr->challenge_count++;
	}
	return values->fault->why == NULL;
}

/* Is every element of this list an extension? */
static bool
check_list(const struct asn1_reader *values, const struct asn1_item *list,
    struct asn1_fault *fault)
{
	struct asn1_reader in;
	struct pki_ext ext;

	asn1_enter(&in, values, list);
	in.fault = fault;
	while (pki_ext_next(&in, &ext))
		continue;
	return fault->why == NULL;
}

/* Behind the lists of the same or a better rank. */
static void
insert_list(struct csr_reading *x, struct bytes list, enum rank rank)
{
	struct pki_csr *csr = x->csr;
	size_t i = csr->extension_lists++;

	for (; i > 0 && x->ranks[i - 1] > rank; i--) {
		x->ranks[i] = x->ranks[i - 1];
		csr->extensions[i] = csr->extensions[i - 1];
	}
	x->ranks[i] = rank;
	csr->extensions[i] = list;
}

static bool
keep_lists(struct csr_reading *x, struct asn1_reader *values, enum rank rank)
{
	/* VeriSign's is old and loosely used: what cannot be read is not asked */
	bool lenient = rank == RANK_VERISIGN;
	struct asn1_item list;

	while (asn1_next(values, &list)) {
		struct asn1_fault own = { 0 };
		bool sound = list.id == ASN1_ID_SEQUENCE &&
		    check_list(values, &list, lenient ? &own : values->fault);

		if (!sound && !lenient)
			return asn1_refuse(values, list.whole.p,
			    "an extension request that is no list");
		if (!sound)
			continue;
		if (x->csr->extension_lists == PKI_CSR_EXTENSION_LISTS_MAX)
			return asn1_refuse(values, list.whole.p,
			    "more than 4 lists of extensions");
		insert_list(x, list.body, rank);
	}
	return values->fault->why == NULL;
}

static bool
read_attribute(struct csr_reading *x, struct asn1_reader *attributes)
{
	const struct bytes requests[RANKS] = {
		[RANK_PKCS9] = pki_oid_extension_request,
		[RANK_MICROSOFT] = pki_oid_ms_extension_request,
		[RANK_VERISIGN] = pki_oid_verisign_extension_request,
	};
	struct asn1_reader in, values;
	struct asn1_item oid;

	if (!asn1_take_enter(attributes, ASN1_ID_SEQUENCE, &in) ||
	    !asn1_take(&in, ASN1_ID_OID, &oid) ||
	    !asn1_take_enter(&in, ASN1_ID_SET, &values) || !asn1_end(&in))
		return false;
	if (bytes_eq(oid.body, pki_oid_challenge_password))
		return keep_challenge(x->csr, &values);
	for (unsigned rank = 0; rank < RANKS; rank++) {
		if (bytes_eq(oid.body, requests[rank]))
			return keep_lists(x, &values, (enum rank)rank);
	}
	return true;
}

static bool
read_attributes(struct pki_csr *csr, struct asn1_reader *info)
{
	struct csr_reading x = { .csr = csr };
	struct asn1_item item;
	struct asn1_reader in;

	if (!asn1_take_optional(
		info, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED, &item))
		return true;
	csr->attributes = item.body;
	asn1_enter(&in, info, &item);
	while (in.rest.n > 0) {
		if (!read_attribute(&x, &in))
			return false;
	}
	return true;
}

static bool
read_info(struct pki_csr *csr, struct asn1_reader *info)
{
	struct asn1_item item;

	/* the version is 0; nobody gains from refusing another one */
	if (!asn1_take(info, ASN1_ID_INTEGER, &item) ||
	    !asn1_take(info, ASN1_ID_SEQUENCE, &item))
		return false;
	csr->subject = item.whole;
	if (!asn1_take(info, ASN1_ID_SEQUENCE, &item))
		return false;
	csr->spki = item.whole;
	return read_attributes(csr, info) && asn1_end(info);
}

static bool
read_request(struct pki_csr *csr, struct asn1_reader *r)
{
	struct asn1_reader in, info;
	struct asn1_item item;

	if (!asn1_take(r, ASN1_ID_SEQUENCE, &item))
		return false;
	csr->der = item.whole;
	asn1_enter(&in, r, &item);
	if (!asn1_take(&in, ASN1_ID_SEQUENCE, &item))
		return false;
	csr->info = item.whole;
	asn1_enter(&info, &in, &item);
	if (!read_info(csr, &info) || !pki_alg_read(&in, &csr->sigalg) ||
	    !asn1_take(&in, ASN1_ID_BIT_STRING, &item))
		return false;
	csr->signature = bytes_from(item.body, 1);
	if (!item.truncated && (item.body.n == 0 || item.body.p[0] != 0))
		return asn1_refuse(
		    &in, item.whole.p, "a signature that is not whole octets");
	return asn1_end(&in) && asn1_end(r);
}

bool
pki_csr_parse(struct pki_csr *csr, struct bytes der, struct asn1_fault *fault)
{
	struct asn1_reader r;

	*csr = (struct pki_csr){ .sigalg = { .salt_len = -1 } };
	asn1_open(&r, der, fault);
	return read_request(csr, &r) && fault->why == NULL;
}

int
pki_csr_verify(struct pki_ctx *ctx, const struct pki_csr *csr,
    const struct pki_key *key, struct err *e)
{
	return pki_verify(ctx, key, &csr->sigalg, PKI_DIGEST_UNKNOWN, csr->info,
	    csr->signature, e);
}

bool
pki_csr_extension(
    const struct pki_csr *csr, struct bytes oid, struct pki_ext *ext)
{
	for (size_t i = 0; i < csr->extension_lists; i++) {
		if (pki_ext_find(csr->extensions[i], oid, ext))
			return true;
	}
	return false;
}
