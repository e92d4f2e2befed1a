/* SPDX-License-Identifier: MIT */
/*
 * Certificates and extensions by our own reader. Strict about the frame that
 * X.509 gives, lenient about what devices put into it: odd extension contents
 * are no reason to call a certificate none.
 */
#include "pki/cert.h"

#include "pki/oid.h"

#define VERSION_MAX 3

/* ---- extensions ---- */

bool
pki_ext_next(struct asn1_reader *r, struct pki_ext *ext)
{
	struct asn1_item whole, oid, flag, value;
	struct asn1_reader in;

	if (r->rest.n == 0 || !asn1_take(r, ASN1_ID_SEQUENCE, &whole))
		return false;
	asn1_enter(&in, r, &whole);
	bool flagged = false;

	if (!asn1_take(&in, ASN1_ID_OID, &oid))
		return false;
	if (asn1_take_optional(&in, ASN1_ID_BOOLEAN, &flag)) {
		if (flag.body.n != 1)
			return asn1_refuse(
			    &in, flag.whole.p, "a BOOLEAN that is not 1 octet");
		flagged = flag.body.p[0] != 0;
	}
	if (!asn1_take(&in, ASN1_ID_OCTET_STRING, &value) || value.truncated)
		return false;
	if ((value.id & ASN1_ID_CONSTRUCTED) != 0)
		return asn1_refuse(
		    &in, value.whole.p, "an extension value in pieces");
	if (!asn1_end(&in))
		return false;
	*ext = (struct pki_ext){ .whole = whole.whole,
		.oid = oid.body,
		.critical = flagged,
		.value = value.body };
	return true;
}

bool
pki_ext_find(struct bytes extensions, struct bytes oid, struct pki_ext *ext)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct pki_ext found;

	asn1_open(&r, extensions, &fault);
	while (pki_ext_next(&r, &found)) {
		if (bytes_eq(found.oid, oid)) {
			*ext = found;
			return true;
		}
	}
	return false;
}

int
pki_key_usage_read(struct bytes ext_value)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct asn1_item bits;

	asn1_open(&r, ext_value, &fault);
	if (!asn1_take(&r, ASN1_ID_BIT_STRING, &bits) || !asn1_end(&r) ||
	    fault.why != NULL || bits.body.n == 0 || bits.body.p[0] > 7)
		return -1;
	return bits.body.n == 1 ? 0 : bits.body.p[1];
}

static struct bytes
read_ski(struct bytes value)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct asn1_item id;

	asn1_open(&r, value, &fault);
	if (!asn1_take(&r, ASN1_ID_OCTET_STRING, &id) || fault.why != NULL ||
	    (id.id & ASN1_ID_CONSTRUCTED) != 0)
		return bytes_of(NULL, 0);
	return id.body;
}

static struct bytes
read_aki(struct bytes value)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r, in;
	struct asn1_item id;

	asn1_open(&r, value, &fault);
	if (!asn1_take_enter(&r, ASN1_ID_SEQUENCE, &in) ||
	    !asn1_take_optional(&in, ASN1_ID_CONTEXT, &id) || fault.why != NULL)
		return bytes_of(NULL, 0);
	return id.body;
}

static bool
read_is_ca(struct bytes value)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r, in;
	struct asn1_item flag;

	asn1_open(&r, value, &fault);
	return asn1_take_enter(&r, ASN1_ID_SEQUENCE, &in) &&
	    asn1_take_optional(&in, ASN1_ID_BOOLEAN, &flag) &&
	    fault.why == NULL && flag.body.n == 1 && flag.body.p[0] != 0;
}

static void
keep_extension(struct pki_cert *c, const struct pki_ext *ext)
{
	if (bytes_eq(ext->oid, pki_oid_subject_key_id)) {
		c->ski = read_ski(ext->value);
	} else if (bytes_eq(ext->oid, pki_oid_authority_key_id)) {
		c->aki = read_aki(ext->value);
	} else if (bytes_eq(ext->oid, pki_oid_basic_constraints)) {
		c->is_ca = read_is_ca(ext->value);
	} else if (bytes_eq(ext->oid, pki_oid_key_usage)) {
		int usage = pki_key_usage_read(ext->value);

		c->has_key_usage = true;
		c->key_usage = usage < 0 ? 0 : (unsigned)usage;
	}
}

static bool
read_extensions(struct pki_cert *c, struct asn1_reader *tbs)
{
	struct asn1_reader explicit, list;
	struct asn1_item item, seq;
	struct pki_ext ext;

	if (!asn1_take_optional(
		tbs, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | 3, &item))
		return true;
	asn1_enter(&explicit, tbs, &item);
	if (!asn1_take(&explicit, ASN1_ID_SEQUENCE, &seq) ||
	    !asn1_end(&explicit))
		return false;
	c->extensions = seq.body;
	asn1_enter(&list, &explicit, &seq);
	while (pki_ext_next(&list, &ext))
		keep_extension(c, &ext);
	return list.fault->why == NULL;
}

/* ---- certificates ---- */

static bool
read_version(struct pki_cert *c, struct asn1_reader *tbs)
{
	struct asn1_item item;
	struct asn1_reader in;
	uint64_t v = 0;

	c->version = 1;
	if (!asn1_take_optional(
		tbs, ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED, &item))
		return true;
	asn1_enter(&in, tbs, &item);
	if (!asn1_take(&in, ASN1_ID_INTEGER, &item) || !asn1_end(&in))
		return false;
	if (!asn1_uint(&item, &v) || v >= VERSION_MAX)
		return asn1_refuse(&in, item.whole.p,
		    "a certificate version that does not exist");
	c->version = (unsigned)v + 1;
	return true;
}

static bool
read_time(struct asn1_reader *r, int64_t *out)
{
	struct asn1_item item;

	if (!asn1_peek(r, &item))
		return asn1_refuse(r, r->rest.p, "expected a time");
	if (!asn1_time(&item, out))
		return asn1_refuse(
		    r, item.whole.p, "a time that cannot be read");
	return asn1_next(r, &item);
}

static bool
read_validity(struct pki_cert *c, struct asn1_reader *tbs)
{
	struct asn1_reader in;

	return asn1_take_enter(tbs, ASN1_ID_SEQUENCE, &in) &&
	    read_time(&in, &c->not_before) && read_time(&in, &c->not_after) &&
	    asn1_end(&in);
}

/* One element of that type, kept whole. */
static bool
keep_whole(struct asn1_reader *r, struct bytes *out)
{
	struct asn1_item item;

	if (!asn1_take(r, ASN1_ID_SEQUENCE, &item))
		return false;
	*out = item.whole;
	return true;
}

static bool
read_serial(struct pki_cert *c, struct asn1_reader *tbs)
{
	struct asn1_item item;

	if (!asn1_take(tbs, ASN1_ID_INTEGER, &item))
		return false;
	c->serial = item.body;
	if (item.body.n == 0)
		return asn1_refuse(
		    tbs, item.whole.p, "a serial number without octets");
	return true;
}

/* issuerUniqueID and subjectUniqueID, which nobody uses. */
static void
skip_unique_ids(struct asn1_reader *tbs)
{
	struct asn1_item item;

	for (uint8_t number = 1; number <= 2; number++) {
		if (asn1_peek(tbs, &item) &&
		    (item.id & ~ASN1_ID_CONSTRUCTED) ==
			(ASN1_ID_CONTEXT | number))
			asn1_next(tbs, &item);
	}
}

static bool
read_tbs(struct pki_cert *c, struct asn1_reader *tbs)
{
	struct bytes inner_alg;

	if (!read_version(c, tbs) || !read_serial(c, tbs) ||
	    !keep_whole(tbs, &inner_alg) || !keep_whole(tbs, &c->issuer) ||
	    !read_validity(c, tbs) || !keep_whole(tbs, &c->subject) ||
	    !keep_whole(tbs, &c->spki))
		return false;
	skip_unique_ids(tbs);
	return read_extensions(c, tbs) && asn1_end(tbs);
}

static bool
read_signature(struct asn1_reader *r, struct bytes *out)
{
	struct asn1_item bits;

	if (!asn1_take(r, ASN1_ID_BIT_STRING, &bits))
		return false;
	*out = bytes_from(bits.body, 1);
	if (bits.truncated || (bits.body.n > 0 && bits.body.p[0] == 0))
		return true;
	return asn1_refuse(
	    r, bits.whole.p, "a signature that is not whole octets");
}

static bool
read_certificate(struct pki_cert *c, struct asn1_reader *r)
{
	struct asn1_reader in, tbs;
	struct asn1_item item;

	if (!asn1_take(r, ASN1_ID_SEQUENCE, &item))
		return false;
	c->der = item.whole;
	asn1_enter(&in, r, &item);
	if (!asn1_take(&in, ASN1_ID_SEQUENCE, &item))
		return false;
	c->tbs = item.whole;
	asn1_enter(&tbs, &in, &item);
	return read_tbs(c, &tbs) && pki_alg_read(&in, &c->sigalg) &&
	    read_signature(&in, &c->signature) && asn1_end(&in);
}

bool
pki_cert_read(struct pki_cert *c, struct asn1_reader *r)
{
	/* a fault of another part of the message says nothing about this one */
	struct asn1_fault own = { 0 };
	struct asn1_fault *shared = r->fault;

	*c = (struct pki_cert){ .sigalg = { .salt_len = -1 } };
	r->fault = &own;
	read_certificate(c, r);
	r->fault = shared;
	if (own.why == NULL)
		return true;
	if (shared->why == NULL)
		*shared = own;
	return false;
}

bool
pki_cert_parse(struct pki_cert *c, struct bytes der, struct asn1_fault *fault)
{
	struct asn1_reader r;

	asn1_open(&r, der, fault);
	return pki_cert_read(c, &r) && asn1_end(&r);
}

int
pki_cert_verify(struct pki_ctx *ctx, const struct pki_cert *c,
    const struct pki_key *issuer, struct err *e)
{
	return pki_verify(ctx, issuer, &c->sigalg, PKI_DIGEST_UNKNOWN, c->tbs,
	    c->signature, e);
}
