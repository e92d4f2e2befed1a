/* SPDX-License-Identifier: MIT */
/*
 * The messageData that came out of the envelope: a PKCS#10 with its proof of
 * possession and challenge, the names that polls and queries carry, the
 * certificates of a CertRep.
 */
#include "scep/walk.h"

#define EXPLICIT_0 (ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED)

static int
bad_inner(struct scep_walk *w, const struct asn1_reader *r, const char *part)
{
	scep_walk_broken(w, r, SCEP_BAD_INNER, part);
	return SCEP_STOP;
}

/* ---- PKCS#10 ---- */

static int
take_challenge(struct scep_walk *w, struct err *e)
{
	struct scep_message *m = w->m;
	struct buf utf8;
	uint8_t *room;
	int rc;

	if (!m->csr.has_challenge)
		return SCEP_GO_ON;
	buf_init(&utf8, m->csr.challenge.body.n * 4 + 16);
	pki_string_utf8(&utf8, &m->csr.challenge);
	if (buf_ok(&utf8))
		rc = scep_walk_room(w, utf8.n, &room, e);
	else
		rc = err_set(e, ERR_MEMORY, "no memory for a challenge");
	if (rc == SCEP_GO_ON) {
		if (utf8.n > 0)
			memcpy(room, utf8.p, utf8.n);
		m->challenge = bytes_of(room, utf8.n);
		m->challenge_present = true;
	}
	buf_clear(&utf8);
	return rc;
}

static int
take_key(struct scep_walk *w, struct err *e)
{
	struct scep_message *m = w->m;
	const char *why = NULL;

	if (m->signer_key != NULL && bytes_eq(m->csr.spki, m->signer.spki)) {
		m->csr_key = m->signer_key;
		return SCEP_GO_ON;
	}
	int rc = pki_key_from_spki(&m->csr_key, w->ctx, m->csr.spki, &why, e);

	if (rc == -1)
		return SCEP_FAILED;
	if (rc == 0)
		scep_walk_refuse(w, SCEP_BAD_INNER, m->csr.spki.p,
		    "the key of the PKCS#10: %s",
		    why == NULL ? "not usable" : why);
	return rc == 1 ? SCEP_GO_ON : SCEP_STOP;
}

/* The request by itself, without what may stand behind it. */
static struct bytes
first_element(struct scep_walk *w, struct bytes all)
{
	struct asn1_fault unheard = { 0 };
	struct asn1_reader r;
	struct asn1_item item;

	asn1_open(&r, all, &unheard);
	if (!asn1_next(&r, &item) || r.rest.n == 0)
		return all;
	w->m->notes |= SCEP_NOTE_TRAILING_BYTES;
	return item.whole;
}

static int
read_csr(struct scep_walk *w, struct err *e)
{
	struct scep_message *m = w->m;
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct bytes der = first_element(w, m->content);

	asn1_open(&r, der, &fault);
	if (!pki_csr_parse(&m->csr, der, &fault))
		return bad_inner(w, &r, "the PKCS#10");
	m->has_csr = true;
	if (m->has_signer) {
		if (m->signer_self_signed &&
		    !bytes_eq(m->csr.spki, m->signer.spki))
			m->notes |= SCEP_NOTE_KEY_DIFFERS;
		if (!bytes_eq(m->csr.subject, m->signer.subject))
			m->notes |= SCEP_NOTE_SUBJECT_DIFFERS;
	}
	int rc = take_challenge(w, e);

	return rc == SCEP_GO_ON ? take_key(w, e) : rc;
}

/* ---- names ---- */

/* IssuerAndSubject, IssuerAndSerialNumber: a Name and something else. */
static int
read_names(struct scep_walk *w, uint8_t second_id, const char *part,
    struct asn1_item *second)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r, in;
	struct asn1_item issuer;

	asn1_open(&r, w->m->content, &fault);
	if (!asn1_take_enter(&r, ASN1_ID_SEQUENCE, &in) ||
	    !asn1_take(&in, ASN1_ID_SEQUENCE, &issuer) ||
	    !asn1_take(&in, second_id, second) || !asn1_end(&in) ||
	    fault.why != NULL)
		return bad_inner(w, &r, part);
	w->m->inner_issuer = issuer.whole;
	if (r.rest.n > 0)
		w->m->notes |= SCEP_NOTE_TRAILING_BYTES;
	return SCEP_GO_ON;
}

static int
read_poll(struct scep_walk *w, struct err *e)
{
	struct asn1_item subject;

	(void)e;
	if (read_names(w, ASN1_ID_SEQUENCE, "the IssuerAndSubject", &subject) ==
	    SCEP_STOP)
		return SCEP_STOP;
	w->m->inner_subject = subject.whole;
	return SCEP_GO_ON;
}

static int
read_query(struct scep_walk *w, struct err *e)
{
	struct asn1_item serial;

	(void)e;
	if (read_names(w, ASN1_ID_INTEGER, "the IssuerAndSerialNumber",
		&serial) == SCEP_STOP)
		return SCEP_STOP;
	w->m->inner_serial = serial.body;
	return SCEP_GO_ON;
}

/* ---- certificates ---- */

static bool
enter_signed_data(struct asn1_reader *r, struct asn1_reader *sd)
{
	struct asn1_reader info, content;
	struct asn1_item item;

	if (!asn1_take_enter(r, ASN1_ID_SEQUENCE, &info) ||
	    !asn1_take(&info, ASN1_ID_OID, &item))
		return false;
	if (!bytes_eq(item.body, pki_oid_cms_signed_data))
		return asn1_refuse(r, item.whole.p, "expected SignedData");
	return asn1_take_enter(&info, EXPLICIT_0, &content) &&
	    asn1_take_enter(&content, ASN1_ID_SEQUENCE, sd) &&
	    asn1_take(sd, ASN1_ID_INTEGER, &item) &&
	    asn1_take(sd, ASN1_ID_SET, &item) &&
	    asn1_take(sd, ASN1_ID_SEQUENCE, &item);
}

static int
read_certificates(struct scep_walk *w, struct err *e)
{
	struct scep_message *m = w->m;
	struct asn1_fault fault = { 0 };
	struct asn1_reader r, sd;

	(void)e;
	asn1_open(&r, m->content, &fault);
	if (!enter_signed_data(&r, &sd))
		return bad_inner(w, &r, "the certificates");
	if (!scep_walk_certificates(
		w, &sd, m->inner_certs, &m->inner_cert_count, &m->inner_crl)) {
		scep_walk_refuse(w, SCEP_OVER_LIMIT, m->content.p,
		    "the reply holds more than %d certificates",
		    SCEP_CERTS_MAX);
		return SCEP_STOP;
	}
	if (fault.why != NULL)
		return bad_inner(w, &r, "the certificates");
	return SCEP_GO_ON;
}

/* ---- the stages ---- */

int
scep_walk_inner(struct scep_walk *w, struct err *e)
{
	switch (w->m->type) {
	case -1: /* refused already; but worth a look */
	case SCEP_RENEWALREQ:
	case SCEP_UPDATEREQ:
	case SCEP_PKCSREQ:
		return read_csr(w, e);
	case SCEP_CERTPOLL:
		return read_poll(w, e);
	case SCEP_GETCERT:
	case SCEP_GETCRL:
		return read_query(w, e);
	case SCEP_CERTREP:
		return read_certificates(w, e);
	default:
		return SCEP_STOP;
	}
}

int
scep_walk_possession(struct scep_walk *w, struct err *e)
{
	struct scep_message *m = w->m;

	if (!m->has_csr || m->csr_key == NULL)
		return SCEP_STOP;
	int good = pki_csr_verify(w->ctx, &m->csr, m->csr_key, e);

	if (good == 0)
		scep_walk_refuse(w, SCEP_NO_POSSESSION, m->csr.signature.p,
		    "the PKCS#10 is not signed by the key that it asks for");
	return good == -1 ? SCEP_FAILED : good == 1 ? SCEP_GO_ON : SCEP_STOP;
}
