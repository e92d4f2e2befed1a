/* SPDX-License-Identifier: MIT */
/*
 * The outer layer: ContentInfo, SignedData and the first SignerInfo, CMS and
 * PKCS#7 alike. Finds the parts; what the attributes say is in attributes.c,
 * whether the signature holds in signer.c.
 */
#include "scep/walk.h"

#define EXPLICIT_0 (ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED)
#define EXPLICIT_1 (ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED | 1)

/* Does the body stop before it told how long its first element is? */
static bool
ends_in_first_header(struct bytes body)
{
	if (body.n < 2)
		return body.n == 0 || body.p[0] == ASN1_ID_SEQUENCE;
	return body.p[0] == ASN1_ID_SEQUENCE && body.p[1] > 0x80 &&
	    body.p[1] <= 0x88 && body.n < 2 + (size_t)(body.p[1] & 0x7f);
}

static void
refuse_start(struct scep_walk *w, const struct asn1_reader *r)
{
	struct asn1_item item;

	if (ends_in_first_header(w->body))
		scep_walk_refuse(w, SCEP_TRUNCATED,
		    bytes_from(w->body, w->body.n).p,
		    "the message ends after %zu bytes, inside its first header",
		    w->body.n);
	else if (asn1_peek(r, &item) && !item.truncated)
		scep_walk_refuse(w, SCEP_NOT_SIGNED_DATA, w->body.p,
		    "the message starts with 0x%02x, not with a SEQUENCE",
		    w->body.p[0]);
	else
		scep_walk_refuse(w, SCEP_NOT_ASN1, w->body.p,
		    "the message starts with 0x%02x and is not ASN.1",
		    w->body.p[0]);
}

/* Why an element has no end: the reader marks all such as truncated. */
static enum scep_verdict
why_cut(const struct scep_walk *w, const struct asn1_item *item)
{
	if (!item->truncated)
		return SCEP_SOUND;
	return w->fault.at == w->body.n ? SCEP_TRUNCATED : SCEP_NOT_ASN1;
}

int
scep_walk_content_info(struct scep_walk *w, struct err *e)
{
	struct asn1_reader r, in;
	struct asn1_item item;
	char text[SCEP_OID_TEXT_MAX];

	(void)e;
	asn1_open(&r, w->body, &w->fault);
	if (w->body.n == 0 || w->body.p[0] != ASN1_ID_SEQUENCE ||
	    !asn1_take(&r, ASN1_ID_SEQUENCE, &item)) {
		refuse_start(w, &r);
		return SCEP_STOP;
	}
	scep_walk_see(w, &item, "the ContentInfo");
	w->cut = why_cut(w, &item);
	if (r.rest.n > 0)
		w->m->notes |= SCEP_NOTE_TRAILING_BYTES;
	asn1_enter(&in, &r, &item);
	if (!asn1_take(&in, ASN1_ID_OID, &item)) {
		scep_walk_broken(w, &in, SCEP_NOT_SIGNED_DATA, "contentType");
		return SCEP_STOP;
	}
	if (!item.truncated && !bytes_eq(item.body, pki_oid_cms_signed_data)) {
		scep_walk_refuse(w, SCEP_NOT_SIGNED_DATA, item.whole.p,
		    "contentType is %s, not SignedData",
		    scep_walk_oid(item.body, text));
		return SCEP_STOP;
	}
	if (!asn1_take(&in, EXPLICIT_0, &item)) {
		scep_walk_broken(w, &in, SCEP_NOT_SIGNED_DATA, "content");
		return SCEP_STOP;
	}
	scep_walk_see(w, &item, "the ContentInfo's content");
	asn1_enter(&w->signed_data, &in, &item);
	return SCEP_GO_ON;
}

/* ---- SignedData ---- */

/* eContent: [0] around an OCTET STRING; PKCS#7 lets it be any element. */
static int
read_content(struct scep_walk *w, struct asn1_reader *encap, struct err *e)
{
	struct asn1_reader in = *encap;
	struct asn1_item item;
	int rc = SCEP_GO_ON;

	if (asn1_take_optional(encap, EXPLICIT_0, &item)) {
		scep_walk_see(w, &item, "eContent");
		asn1_enter(&in, encap, &item);
	}
	if (!asn1_next(&in, &item))
		return SCEP_GO_ON;
	scep_walk_see(w, &item, "eContent");
	w->content_item = item;
	if ((item.id & ~ASN1_ID_CONSTRUCTED) == ASN1_ID_OCTET_STRING) {
		rc = scep_walk_octets(w, &in, &item, &w->content, e);
		if (rc == SCEP_STOP)
			scep_walk_broken(
			    w, &in, SCEP_NOT_SIGNED_DATA, "eContent");
		w->digested = w->content;
	} else {
		w->content = item.whole;
		w->digested = item.body;
	}
	w->has_content = rc == SCEP_GO_ON;
	return rc;
}

static int
read_encapsulated(struct scep_walk *w, struct asn1_reader *sd, struct err *e)
{
	struct asn1_reader in;
	struct asn1_item item;

	if (!asn1_take(sd, ASN1_ID_SEQUENCE, &item))
		return SCEP_STOP;
	scep_walk_see(w, &item, "the encapsulated content");
	asn1_enter(&in, sd, &item);
	if (!asn1_take(&in, ASN1_ID_OID, &item))
		return SCEP_STOP;
	w->content_type = item.body;
	return read_content(w, &in, e);
}

bool
scep_walk_certificates(struct scep_walk *w, struct asn1_reader *r,
    struct bytes certs[SCEP_CERTS_MAX], size_t *count, struct bytes *crl)
{
	struct asn1_reader in;
	struct asn1_item item;

	if (asn1_take_optional(r, EXPLICIT_0, &item)) {
		scep_walk_see(w, &item, "the certificates");
		asn1_enter(&in, r, &item);
		while (asn1_next(&in, &item)) {
			if (item.id != ASN1_ID_SEQUENCE || item.truncated)
				continue;
			if (*count == SCEP_CERTS_MAX)
				return false;
			certs[(*count)++] = item.whole;
		}
	}
	if (!asn1_take_optional(r, EXPLICIT_1, &item))
		return true;
	scep_walk_see(w, &item, "the CRLs");
	asn1_enter(&in, r, &item);
	if (asn1_next(&in, &item) && crl != NULL)
		*crl = item.whole;
	return true;
}

static int
read_signature(struct scep_walk *w, struct asn1_reader *info, struct err *e)
{
	struct asn1_item item;

	if (!pki_alg_read(info, &w->m->sigalg) ||
	    !asn1_take(info, ASN1_ID_OCTET_STRING, &item))
		return SCEP_STOP;
	if (item.truncated) {
		scep_walk_see(w, &item, "the signature");
		return SCEP_STOP;
	}
	return scep_walk_octets(w, info, &item, &w->signature, e);
}

static int
read_signer_info(struct scep_walk *w, struct asn1_reader *infos, struct err *e)
{
	struct asn1_reader in;
	struct asn1_item item;

	if (!asn1_take(infos, ASN1_ID_SEQUENCE, &item))
		return SCEP_STOP;
	scep_walk_see(w, &item, "the SignerInfo");
	asn1_enter(&in, infos, &item);
	if (!asn1_take(&in, ASN1_ID_INTEGER, &item) ||
	    !scep_id_read(&in, &w->sid) ||
	    !scep_walk_alg_oid(&in, &w->digest_oid))
		return SCEP_STOP;
	w->m->digest = pki_digest_by_oid(w->digest_oid);
	if (asn1_take_optional(&in, EXPLICIT_0, &item)) {
		scep_walk_see(w, &item, "the signed attributes");
		w->attributes = item;
		w->has_attributes = true;
	}
	return read_signature(w, &in, e);
}

/* SCEP_STOP: what is there is not what belongs there; the reader's fault says why. */
static int
read_signers(struct scep_walk *w, struct asn1_reader *sd, struct err *e)
{
	struct asn1_reader infos;
	struct asn1_item item;

	if (!asn1_take(sd, ASN1_ID_SET, &item))
		return SCEP_STOP;
	scep_walk_see(w, &item, "the signerInfos");
	asn1_enter(&infos, sd, &item);
	if (infos.rest.n == 0) {
		if (item.truncated)
			return SCEP_STOP;
		w->no_signer_info = true;
		return SCEP_GO_ON;
	}
	w->has_signer_info = true;
	return read_signer_info(w, &infos, e);
}

static bool
read_head(struct scep_walk *w, struct asn1_reader *sd)
{
	struct asn1_reader algs;
	struct asn1_item item;
	struct bytes oid;

	if (!asn1_take(sd, ASN1_ID_INTEGER, &item) ||
	    !asn1_take(sd, ASN1_ID_SET, &item))
		return false;
	scep_walk_see(w, &item, "digestAlgorithms");
	asn1_enter(&algs, sd, &item);
	/* what the SignerInfo says counts; this is for messages cut before it */
	if (algs.rest.n > 0 && scep_walk_alg_oid(&algs, &oid))
		w->m->digest = pki_digest_by_oid(oid);
	return true;
}

/* The parts in their order, as far as they can be read. */
static int
read_signed_data(struct scep_walk *w, struct asn1_reader *sd, struct err *e)
{
	int rc = read_head(w, sd) ? read_encapsulated(w, sd, e) : SCEP_STOP;

	if (rc != SCEP_GO_ON)
		return rc;
	if (scep_walk_certificates(w, sd, w->m->certs, &w->m->cert_count, NULL))
		return read_signers(w, sd, e);
	scep_walk_refuse(w, SCEP_OVER_LIMIT, sd->origin,
	    "the message brings more than %d certificates", SCEP_CERTS_MAX);
	return SCEP_STOP;
}

int
scep_walk_signed_data(struct scep_walk *w, struct err *e)
{
	struct asn1_reader sd;
	struct asn1_item item;

	if (!asn1_take(&w->signed_data, ASN1_ID_SEQUENCE, &item)) {
		scep_walk_broken(
		    w, &w->signed_data, SCEP_NOT_SIGNED_DATA, "SignedData");
		return SCEP_STOP;
	}
	scep_walk_see(w, &item, "the SignedData");
	asn1_enter(&sd, &w->signed_data, &item);
	int rc = read_signed_data(w, &sd, e);

	if (rc == SCEP_FAILED)
		return rc;
	if (rc == SCEP_STOP || w->cut != SCEP_SOUND)
		scep_walk_broken(
		    w, &sd, SCEP_NOT_SIGNED_DATA, "the SignedData");
	return SCEP_GO_ON;
}
