/* SPDX-License-Identifier: MIT */
/*
 * The pkcsPKIEnvelope: EnvelopedData inside the signed content, the
 * RecipientInfo that is ours, the content key, the decrypted contents.
 */
#include "scep/walk.h"

#define EXPLICIT_0 (ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED)

/* ---- EnvelopedData ---- */

/* Types whose messages mean nothing without messageData. */
static bool
needs_envelope(const struct scep_message *m)
{
	switch (m->type) {
	case SCEP_RENEWALREQ:
	case SCEP_UPDATEREQ:
	case SCEP_PKCSREQ:
	case SCEP_CERTPOLL:
	case SCEP_GETCERT:
	case SCEP_GETCRL:
		return true;
	case SCEP_CERTREP:
		return m->status == SCEP_SUCCESS;
	default:
		return false;
	}
}

/* Is the content a ContentInfo that says EnvelopedData? */
static bool
looks_enveloped(struct bytes content)
{
	struct asn1_fault unheard = { 0 };
	struct asn1_reader r, in;
	struct asn1_item item;

	asn1_open(&r, content, &unheard);
	return asn1_take_enter(&r, ASN1_ID_SEQUENCE, &in) &&
	    asn1_take(&in, ASN1_ID_OID, &item) &&
	    bytes_eq(item.body, pki_oid_cms_enveloped_data);
}

static void
see_recipient(struct scep_walk *w, const struct scep_id *id)
{
	w->m->recipient_issuer = id->issuer;
	w->m->recipient_serial = id->serial;
	w->m->recipient_ski = id->ski;
}

/* A KeyTransRecipientInfo up to its key transport algorithm. */
static bool
read_recipient(struct asn1_reader *r, const struct asn1_item *item,
    struct scep_id *id, struct pki_alg *alg, struct asn1_reader *rest)
{
	struct asn1_item version;

	if (item->id != ASN1_ID_SEQUENCE)
		return false;
	asn1_enter(rest, r, item);
	return asn1_take(rest, ASN1_ID_INTEGER, &version) &&
	    scep_id_read(rest, id) && pki_alg_read(rest, alg);
}

/* Count the recipients and keep the first one's name. False: too many. */
static bool
count_recipients(struct scep_walk *w)
{
	struct asn1_fault unheard = { 0 };
	struct asn1_reader r, in;
	struct asn1_item item;
	struct scep_id id = { 0 };

	asn1_open(&r, w->recipients, &unheard);
	while (asn1_next(&r, &item)) {
		scep_walk_see(w, &item, "a RecipientInfo");
		if (w->m->recipient_count == SCEP_RECIPIENTS_MAX) {
			scep_walk_refuse(w, SCEP_OVER_LIMIT, item.whole.p,
			    "more than %d RecipientInfos", SCEP_RECIPIENTS_MAX);
			return false;
		}
		if (w->m->recipient_count++ == 0 &&
		    read_recipient(&r, &item, &id, &w->m->keytrans, &in))
			see_recipient(w, &id);
	}
	if (w->m->recipient_count > 1)
		w->m->notes |= SCEP_NOTE_SEVERAL_RECIPIENTS;
	return true;
}

static bool
read_encrypted(struct scep_walk *w, struct asn1_reader *r)
{
	struct asn1_reader in;
	struct asn1_item item;

	if (!asn1_take(r, ASN1_ID_SEQUENCE, &item))
		return false;
	scep_walk_see(w, &item, "the EncryptedContentInfo");
	asn1_enter(&in, r, &item);
	if (!asn1_take(&in, ASN1_ID_OID, &item) ||
	    !pki_cipher_alg_read(&in, &w->m->cipher))
		return false;
	if (w->m->cipher.cipher == PKI_DES_CBC)
		w->m->notes |= SCEP_NOTE_WEAK;
	if (!asn1_take_optional(&in, ASN1_ID_CONTEXT, &item) &&
	    !asn1_take_optional(&in, EXPLICIT_0, &item))
		return true;
	scep_walk_see(w, &item, "the encrypted contents");
	w->encrypted = item;
	w->has_encrypted = true;
	return true;
}

/* From the ContentInfo to the encrypted contents. */
static bool
read_enveloped_data(struct scep_walk *w, struct asn1_reader *r)
{
	struct asn1_reader info, content, ed;
	struct asn1_item item;

	if (!asn1_take(r, ASN1_ID_SEQUENCE, &item))
		return false;
	scep_walk_see(w, &item, "the EnvelopedData's ContentInfo");
	asn1_enter(&info, r, &item);
	if (!asn1_take(&info, ASN1_ID_OID, &item) ||
	    !asn1_take_enter(&info, EXPLICIT_0, &content) ||
	    !asn1_take(&content, ASN1_ID_SEQUENCE, &item))
		return false;
	scep_walk_see(w, &item, "the EnvelopedData");
	asn1_enter(&ed, &content, &item);
	if (!asn1_take(&ed, ASN1_ID_INTEGER, &item))
		return false;
	(void)asn1_take_optional(&ed, EXPLICIT_0, &item); /* originatorInfo */
	if (!asn1_take(&ed, ASN1_ID_SET, &item))
		return false;
	w->recipients = item.body;
	return count_recipients(w) && read_encrypted(w, &ed);
}

/* Refuse what does not even start as it should; false when it did. */
static bool
refuse_content(struct scep_walk *w)
{
	const struct scep_message *m = w->m;
	char text[SCEP_OID_TEXT_MAX];

	if (!w->has_content || w->content.n == 0) {
		scep_walk_refuse(w, SCEP_NO_CONTENT, w->content_type.p,
		    "the content is %s, but %s needs a pkcsPKIEnvelope",
		    w->has_content ? "empty" : "absent",
		    scep_type_name(m->type));
		return true;
	}
	if (w->content_type.p != NULL &&
	    !bytes_eq(w->content_type, pki_oid_cms_data))
		scep_walk_refuse(w, SCEP_NOT_ENVELOPED, w->content_type.p,
		    "eContentType is %s, not data",
		    scep_walk_oid(w->content_type, text));
	if (looks_enveloped(w->content))
		return false;
	scep_walk_refuse(w, SCEP_NOT_ENVELOPED, w->content.p,
	    "the content of %zu bytes is not EnvelopedData", w->content.n);
	return true;
}

int
scep_walk_envelope(struct scep_walk *w, struct err *e)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;

	(void)e;
	if (!needs_envelope(w->m) &&
	    (w->m->type == SCEP_CERTREP || !w->has_content ||
		!looks_enveloped(w->content)))
		return SCEP_STOP;
	if (refuse_content(w))
		return SCEP_STOP;
	asn1_open(&r, w->content, &fault);
	bool whole = read_enveloped_data(w, &r);

	if (!whole || fault.why != NULL) {
		scep_walk_broken(
		    w, &r, SCEP_NOT_ENVELOPED, "the EnvelopedData");
		return SCEP_STOP;
	}
	if (r.rest.n > 0)
		w->m->notes |= SCEP_NOTE_TRAILING_BYTES;
	return SCEP_GO_ON;
}

/* ---- the recipient ---- */

/* One RecipientInfo and one identity. */
struct attempt {
	const struct scep_identity *who;
	struct scep_id id;
	struct pki_alg alg;
	struct asn1_reader rest; /* behind the algorithm */
	enum scep_match match;
};

static void
note_match(struct scep_walk *w, const struct attempt *a)
{
	see_recipient(w, &a->id);
	w->m->keytrans = a->alg;
	if (a->id.issuer.p == NULL)
		w->m->notes |= SCEP_NOTE_RECIPIENT_BY_SKI;
	if (a->match == SCEP_MATCH_REORDERED)
		w->m->notes |= SCEP_NOTE_RECIPIENT_REORDERED;
}

/* SCEP_STOP: the key does not open it; why in *v and *what. */
static int
unwrap(
    struct scep_walk *w, struct attempt *a, enum scep_verdict *v, struct err *e)
{
	struct asn1_item item;
	struct bytes wrapped;
	uint8_t *room;
	size_t n = 0;
	int rc;

	if (a->alg.padding != PKI_PKCS1 && a->alg.padding != PKI_OAEP) {
		*v = SCEP_ALGORITHM_UNKNOWN;
		return SCEP_STOP;
	}
	*v = SCEP_KEY_NOT_UNWRAPPED;
	if (!asn1_take(&a->rest, ASN1_ID_OCTET_STRING, &item) || item.truncated)
		return SCEP_STOP;
	rc = scep_walk_octets(w, &a->rest, &item, &wrapped, e);
	if (rc == SCEP_GO_ON)
		rc = scep_walk_room(
		    w, (pki_key_bits(a->who->key) + 7) / 8, &room, e);
	if (rc != SCEP_GO_ON)
		return rc;
	rc = pki_unwrap(w->ctx, a->who->key, &a->alg, wrapped, room, &n, e);
	if (rc == 1)
		w->content_key = bytes_of(room, n);
	return rc == -1 ? SCEP_FAILED : rc == 1 ? SCEP_GO_ON : SCEP_STOP;
}

/* SCEP_GO_ON: this identity opened one. SCEP_STOP: none; *v the best reason yet. */
static int
try_identity(struct scep_walk *w, const struct scep_identity *who,
    enum scep_verdict *v, struct err *e)
{
	struct asn1_fault unheard = { 0 };
	struct asn1_reader r;
	struct asn1_item item;

	asn1_open(&r, w->recipients, &unheard);
	while (asn1_next(&r, &item)) {
		struct attempt a = { .who = who };

		if (!read_recipient(&r, &item, &a.id, &a.alg, &a.rest))
			continue;
		if (scep_id_match(w->ctx, &a.id, who->cert, &a.match, e) ==
		    SCEP_FAILED)
			return SCEP_FAILED;
		if (a.match == SCEP_NO_MATCH)
			continue;
		note_match(w, &a);
		int rc = unwrap(w, &a, v, e);

		if (rc != SCEP_STOP)
			return rc;
	}
	return SCEP_STOP;
}

static void
refuse_recipient(struct scep_walk *w, enum scep_verdict v)
{
	const uint8_t *where = w->recipients.p;
	const struct pki_alg *alg = &w->m->keytrans;
	char text[SCEP_OID_TEXT_MAX];

	if (v == SCEP_ALGORITHM_UNKNOWN)
		scep_walk_refuse(w, v, alg->oid.p, "key transport algorithm %s",
		    scep_walk_oid(alg->oid, text));
	else if (v == SCEP_KEY_NOT_UNWRAPPED)
		scep_walk_refuse(w, v, where,
		    "the RecipientInfo names our certificate, but our key does not open it");
	else
		scep_walk_refuse(w, v, where,
		    "none of %zu RecipientInfos names a certificate of ours",
		    w->m->recipient_count);
}

int
scep_walk_recipient(struct scep_walk *w, struct err *e)
{
	enum scep_verdict v = SCEP_WRONG_RECIPIENT;
	int rc = SCEP_STOP;

	for (size_t i = 0; i < w->open_count && rc == SCEP_STOP; i++)
		rc = try_identity(w, &w->open[i], &v, e);
	if (rc == SCEP_STOP)
		refuse_recipient(w, v);
	return rc;
}

/* ---- the contents ---- */

int
scep_walk_content(struct scep_walk *w, struct err *e)
{
	const struct pki_cipher_alg *alg = &w->m->cipher;
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct bytes cipher;
	uint8_t *room;
	size_t n = 0;
	const char *why = NULL;
	char text[SCEP_OID_TEXT_MAX];

	if (alg->cipher == PKI_CIPHER_UNKNOWN) {
		scep_walk_refuse(w, SCEP_ALGORITHM_UNKNOWN, alg->oid.p,
		    "content encryption algorithm %s",
		    scep_walk_oid(alg->oid, text));
		return SCEP_STOP;
	}
	if (!w->has_encrypted || w->encrypted.truncated) {
		scep_walk_refuse(w, SCEP_NOT_DECRYPTED, alg->oid.p,
		    "the EnvelopedData has no encrypted contents");
		return SCEP_STOP;
	}
	asn1_open(&r, w->encrypted.body, &fault);
	int rc = scep_walk_octets(w, &r, &w->encrypted, &cipher, e);

	if (rc == SCEP_STOP)
		scep_walk_broken(
		    w, &r, SCEP_NOT_DECRYPTED, "the encrypted contents");
	if (rc == SCEP_GO_ON)
		rc = scep_walk_room(w, cipher.n + 32, &room, e);
	if (rc != SCEP_GO_ON)
		return rc;
	rc =
	    pki_decrypt(w->ctx, alg, w->content_key, cipher, room, &n, &why, e);
	if (rc == -1)
		return SCEP_FAILED;
	if (rc == 0) {
		scep_walk_refuse(w, SCEP_NOT_DECRYPTED, w->encrypted.whole.p,
		    "the contents do not decrypt: %s",
		    why == NULL ? "no reason given" : why);
		return SCEP_STOP;
	}
	w->m->content = bytes_of(room, n);
	return SCEP_GO_ON;
}
