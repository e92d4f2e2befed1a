/* SPDX-License-Identifier: MIT */
/*
 * Who signed, and whether the signature holds: the certificate that the
 * SignerInfo names, its key, the digest of the content, the signed form of
 * the attributes (RFC 5652 5.4).
 */
#include "scep/walk.h"

/* ---- the certificate ---- */

/* Keep this certificate if it is the one; SCEP_STOP when it is not. */
static int
try_certificate(struct scep_walk *w, const struct pki_cert *cert, struct err *e)
{
	enum scep_match found;

	if (scep_id_match(w->ctx, &w->sid, cert, &found, e) == SCEP_FAILED)
		return SCEP_FAILED;
	if (found == SCEP_NO_MATCH)
		return SCEP_STOP;
	w->m->signer = *cert;
	w->m->has_signer = true;
	return SCEP_GO_ON;
}

/* SCEP_STOP: none of them. *unreadable counts those that are no certificates. */
static int
find_signer(struct scep_walk *w, size_t *unreadable, struct err *e)
{
	int rc = SCEP_STOP;

	for (size_t i = 0; i < w->m->cert_count && rc == SCEP_STOP; i++) {
		struct asn1_fault fault = { 0 };
		struct pki_cert cert = { 0 };

		if (pki_cert_parse(&cert, w->m->certs[i], &fault))
			rc = try_certificate(w, &cert, e);
		else
			(*unreadable)++;
	}
	for (size_t i = 0; i < w->trusted_count && rc == SCEP_STOP; i++)
		rc = try_certificate(w, &w->trusted[i], e);
	return rc;
}

static int
check_self_signed(struct scep_walk *w, struct err *e)
{
	struct scep_message *m = w->m;

	if (!bytes_eq(m->signer.issuer, m->signer.subject))
		return SCEP_GO_ON;
	int good = pki_cert_verify(w->ctx, &m->signer, m->signer_key, e);

	m->signer_self_signed = good == 1;
	return good == -1 ? SCEP_FAILED : SCEP_GO_ON;
}

int
scep_walk_signer(struct scep_walk *w, struct err *e)
{
	struct scep_message *m = w->m;
	size_t unreadable = 0;
	const char *why = NULL;

	if (!w->has_signer_info)
		return SCEP_GO_ON;
	int rc = find_signer(w, &unreadable, e);

	if (rc == SCEP_FAILED)
		return rc;
	if (rc == SCEP_STOP) {
		scep_walk_refuse(w, SCEP_NO_SIGNER_CERTIFICATE,
		    w->sid.issuer.p != NULL ? w->sid.issuer.p : w->sid.ski.p,
		    "none of the message's %zu certificates is the signer's (%zu of them unreadable)",
		    m->cert_count, unreadable);
		return SCEP_GO_ON;
	}
	rc = pki_key_from_spki(&m->signer_key, w->ctx, m->signer.spki, &why, e);
	if (rc == -1)
		return SCEP_FAILED;
	if (rc == 0) {
		scep_walk_refuse(w, SCEP_SIGNER_KEY_BAD, m->signer.spki.p,
		    "the signer's key: %s", why == NULL ? "not usable" : why);
		return SCEP_GO_ON;
	}
	return check_self_signed(w, e);
}

/* ---- the signed form of the attributes ---- */

/* One attribute in DER: definite lengths, its values' strings in one piece. */
static bool
put_attribute(struct asn1_writer *out, struct bytes whole, uint8_t *scratch,
    size_t scratch_size)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r, in, values;
	struct asn1_item oid, value;
	struct bytes octets;
	size_t all = asn1_mark(out);

	asn1_open(&r, whole, &fault);
	if (!asn1_take_enter(&r, ASN1_ID_SEQUENCE, &in) ||
	    !asn1_take(&in, ASN1_ID_OID, &oid) ||
	    !asn1_take_enter(&in, ASN1_ID_SET, &values) ||
	    !asn1_next(&values, &value) || values.rest.n > 0)
		return false;
	if ((value.id & ASN1_ID_CONSTRUCTED) != 0 &&
	    value.id < ASN1_ID_SEQUENCE) {
		if (!asn1_octets(
			&values, &value, scratch, scratch_size, &octets))
			return false;
		asn1_put(
		    out, (uint8_t)(value.id & ~ASN1_ID_CONSTRUCTED), octets);
	} else if (value.indefinite) {
		asn1_put(out, value.id, value.body);
	} else {
		asn1_put_raw(out, value.whole);
	}
	asn1_put_header(out, ASN1_ID_SET, all);
	asn1_put_oid(out, oid.body);
	asn1_put_header(out, ASN1_ID_SEQUENCE, all);
	return true;
}

/* Replace attributes that are not DER by their DER form, in the arena. */
static int
make_attributes_der(struct scep_walk *w, struct err *e)
{
	for (size_t i = 0; i < w->attribute_count; i++) {
		struct bytes *a = &w->attribute[i];
		struct asn1_writer out;
		uint8_t *room, *scratch;
		int rc = scep_walk_room(w, a->n + 16, &room, e);

		if (rc == SCEP_GO_ON)
			rc = scep_walk_room(w, a->n, &scratch, e);
		if (rc != SCEP_GO_ON)
			return rc;
		asn1_write_into(&out, room, a->n + 16);
		if (put_attribute(&out, *a, scratch, a->n) && !out.overflow)
			*a = asn1_written(&out);
	}
	return SCEP_GO_ON;
}

/* The attributes as a DER SET OF: sorted, lengths definite. */
static int
signed_form(struct scep_walk *w, struct bytes *der, struct err *e)
{
	struct asn1_writer out;
	size_t size = w->attributes.whole.n + 64;
	uint8_t *room;
	int rc = w->attributes_ber ? make_attributes_der(w, e) : SCEP_GO_ON;

	if (rc == SCEP_GO_ON)
		rc = scep_walk_room(w, size, &room, e);
	if (rc != SCEP_GO_ON)
		return rc;
	asn1_write_into(&out, room, size);
	size_t all = asn1_mark(&out);

	asn1_put_sorted(&out, w->attribute, w->attribute_count);
	asn1_put_header(&out, ASN1_ID_SET, all);
	*der = asn1_written(&out);
	return SCEP_GO_ON;
}

/* The attributes as sent, with the tag that signers hash. */
static int
sent_form(struct scep_walk *w, struct bytes *sent, struct err *e)
{
	uint8_t *room;
	int rc = scep_walk_room(w, w->attributes.whole.n, &room, e);

	if (rc != SCEP_GO_ON)
		return rc;
	memcpy(room, w->attributes.whole.p, w->attributes.whole.n);
	room[0] = ASN1_ID_SET;
	*sent = bytes_of(room, w->attributes.whole.n);
	return SCEP_GO_ON;
}

/* ---- the signature ---- */

static int
check_digest(struct scep_walk *w, struct err *e)
{
	uint8_t digest[PKI_DIGEST_MAX];
	size_t n;

	if (pki_digest(w->ctx, w->m->digest, w->digested, digest, &n, e) == -1)
		return SCEP_FAILED;
	if (w->attr_digest.p != NULL &&
	    !bytes_eq(w->attr_digest, bytes_of(digest, n)))
		scep_walk_refuse(w, SCEP_DIGEST_WRONG, w->attr_digest.p,
		    "messageDigest is not the %s digest of the content",
		    pki_digest_row(w->m->digest)->name);
	return SCEP_GO_ON;
}

static int
verify(struct scep_walk *w, struct bytes data, struct err *e)
{
	return pki_verify(w->ctx, w->m->signer_key, &w->m->sigalg, w->m->digest,
	    data, w->signature, e);
}

static int
check_signature(struct scep_walk *w, struct err *e)
{
	struct bytes der, sent;
	int rc = sent_form(w, &sent, e);

	if (rc == SCEP_GO_ON)
		rc = signed_form(w, &der, e);
	if (rc != SCEP_GO_ON)
		return rc;
	bool same = bytes_eq(der, sent);
	int good = verify(w, der, e);

	if (good == 1 && !same)
		w->m->notes |= SCEP_NOTE_ATTRIBUTES_UNSORTED;
	if (good == 0 && !same) {
		good = verify(w, sent, e);
		if (good == 1)
			w->m->notes |= SCEP_NOTE_ATTRIBUTES_AS_SENT;
	}
	if (good == 0)
		scep_walk_refuse(w, SCEP_SIGNATURE_WRONG, w->signature.p,
		    "the signature over the signed attributes is not by the signer's key");
	return good == -1 ? SCEP_FAILED : SCEP_GO_ON;
}

static void
note_weak(struct scep_walk *w)
{
	if (w->m->digest == PKI_MD5 || w->m->sigalg.digest == PKI_MD5)
		w->m->notes |= SCEP_NOTE_WEAK;
}

int
scep_walk_signature(struct scep_walk *w, struct err *e)
{
	const struct pki_alg *alg = &w->m->sigalg;
	char text[SCEP_OID_TEXT_MAX];

	if (w->signature.p == NULL || !w->has_attributes)
		return SCEP_GO_ON;
	note_weak(w);
	if (w->m->digest == PKI_DIGEST_UNKNOWN) {
		scep_walk_refuse(w, SCEP_ALGORITHM_UNKNOWN, w->digest_oid.p,
		    "digest algorithm %s", scep_walk_oid(w->digest_oid, text));
		return SCEP_GO_ON;
	}
	int rc = check_digest(w, e);

	if (rc != SCEP_GO_ON)
		return rc;
	if (alg->padding == PKI_PADDING_UNKNOWN || alg->padding == PKI_OAEP) {
		scep_walk_refuse(w, SCEP_ALGORITHM_UNKNOWN, alg->oid.p,
		    "signature algorithm %s", scep_walk_oid(alg->oid, text));
		return SCEP_GO_ON;
	}
	return w->m->signer_key == NULL ? SCEP_GO_ON : check_signature(w, e);
}
