/* SPDX-License-Identifier: MIT */
/*
 * The signed attributes: SCEP's and those that CMS requires. One row a known
 * attribute; others are let pass. Real messages are forgiven another string
 * type, and a nonce of another length or none, with a note.
 */
#include "scep/walk.h"

#include "base/text.h"

#define NONCE_LENGTH 16
#define NUMBER_MAX 999999999

enum kind { KIND_NUMBER, KIND_TEXT, KIND_OCTETS, KIND_OID, KIND_TIME };

/* An attribute being read. */
struct attribute {
	struct asn1_reader r; /* behind its value */
	struct asn1_item value;
};

struct row {
	const struct bytes *oid;
	const char *name;
	enum kind kind;
	bool in_walk; /* offset is in struct scep_walk, not in the message */
	size_t offset;
};

#define IN_MESSAGE(field) false, offsetof(struct scep_message, field)
#define IN_WALK(field) true, offsetof(struct scep_walk, field)

static const struct row rows[] = {
	{ &pki_oid_scep_transaction_id, "transactionID", KIND_TEXT,
	    IN_MESSAGE(transaction_id) },
	{ &pki_oid_scep_message_type, "messageType", KIND_NUMBER,
	    IN_MESSAGE(type) },
	{ &pki_oid_scep_sender_nonce, "senderNonce", KIND_OCTETS,
	    IN_MESSAGE(sender_nonce) },
	{ &pki_oid_scep_recipient_nonce, "recipientNonce", KIND_OCTETS,
	    IN_MESSAGE(recipient_nonce) },
	{ &pki_oid_scep_pki_status, "pkiStatus", KIND_NUMBER,
	    IN_MESSAGE(status) },
	{ &pki_oid_scep_fail_info, "failInfo", KIND_NUMBER,
	    IN_MESSAGE(fail_info) },
	{ &pki_oid_ms_scep_error, "SCEP_ERROR", KIND_TEXT,
	    IN_MESSAGE(scep_error) },
	{ &pki_oid_content_type, "contentType", KIND_OID,
	    IN_WALK(attr_content_type) },
	{ &pki_oid_message_digest, "messageDigest", KIND_OCTETS,
	    IN_WALK(attr_digest) },
	{ &pki_oid_signing_time, "signingTime", KIND_TIME,
	    IN_MESSAGE(signing_time) },
};

static void *
field_of(struct scep_walk *w, const struct row *row)
{
	return row->in_walk ? (uint8_t *)w + row->offset
			    : (uint8_t *)w->m + row->offset;
}

static void
refuse_bad(struct scep_walk *w, const uint8_t *where, const struct row *row,
    const char *why)
{
	scep_walk_refuse(w, SCEP_ATTRIBUTE_BAD, where, "%s %s", row->name, why);
}

/* ---- values ---- */

static bool
is_text(uint8_t id)
{
	static const uint8_t ids[] = { ASN1_ID_PRINTABLE_STRING,
		ASN1_ID_UTF8_STRING, ASN1_ID_T61_STRING, ASN1_ID_IA5_STRING,
		ASN1_ID_BMP_STRING, 0x12, /* NumericString */
		0x1a, /* VisibleString */
		0x1e };

	return memchr(ids, id & ~ASN1_ID_CONSTRUCTED, sizeof(ids)) != NULL;
}

static int
from_bmp(struct scep_walk *w, struct bytes *text, struct err *e)
{
	struct buf utf8;
	int rc;

	buf_init(&utf8, text->n * 2 + 16);
	text_from_utf16be(&utf8, *text);
	if (buf_ok(&utf8)) {
		uint8_t *room = NULL;

		rc = scep_walk_room(w, utf8.n, &room, e);
		if (rc == SCEP_GO_ON && utf8.n > 0)
			memcpy(room, utf8.p, utf8.n);
		if (rc == SCEP_GO_ON)
			*text = bytes_of(room, utf8.n);
	} else {
		rc = err_set(e, ERR_MEMORY, "no memory for an attribute");
	}
	buf_clear(&utf8);
	return rc;
}

static int
read_text(struct scep_walk *w, struct attribute *a, const struct row *row,
    struct bytes *out, struct err *e)
{
	uint8_t id = (uint8_t)(a->value.id & ~ASN1_ID_CONSTRUCTED);
	int rc;

	if (!is_text(a->value.id)) {
		refuse_bad(w, a->value.whole.p, row, "is not a string");
		return SCEP_STOP;
	}
	if (id != ASN1_ID_PRINTABLE_STRING)
		w->m->notes |= SCEP_NOTE_STRING_TYPE;
	rc = scep_walk_octets(w, &a->r, &a->value, out, e);
	if (rc == SCEP_GO_ON && id == ASN1_ID_BMP_STRING)
		rc = from_bmp(w, out, e);
	if (rc == SCEP_STOP)
		refuse_bad(w, a->value.whole.p, row, "is in broken pieces");
	if (rc == SCEP_GO_ON && out->n == 0) {
		refuse_bad(w, a->value.whole.p, row, "is empty");
		return SCEP_STOP;
	}
	return rc;
}

static int
read_number(struct scep_walk *w, struct attribute *a, const struct row *row,
    struct err *e)
{
	struct bytes text = { 0 };
	uint64_t n;
	int rc = read_text(w, a, row, &text, e);

	if (rc != SCEP_GO_ON)
		return rc;
	if (text_u64(text, NUMBER_MAX, &n) == -1) {
		refuse_bad(w, a->value.whole.p, row, "is not a number");
		return SCEP_STOP;
	}
	*(int *)field_of(w, row) = (int)n;
	return SCEP_GO_ON;
}

static int
read_octets(struct scep_walk *w, struct attribute *a, const struct row *row,
    struct err *e)
{
	struct bytes octets = { 0 };
	int rc;

	if ((a->value.id & ~ASN1_ID_CONSTRUCTED) != ASN1_ID_OCTET_STRING) {
		refuse_bad(w, a->value.whole.p, row, "is not an OCTET STRING");
		return SCEP_STOP;
	}
	rc = scep_walk_octets(w, &a->r, &a->value, &octets, e);
	if (rc == SCEP_STOP)
		refuse_bad(w, a->value.whole.p, row, "is in broken pieces");
	if (rc == SCEP_GO_ON)
		*(struct bytes *)field_of(w, row) = octets;
	return rc;
}

static int
read_value(struct scep_walk *w, struct attribute *a, const struct row *row,
    struct err *e)
{
	struct bytes text = { 0 };
	int rc;

	switch (row->kind) {
	case KIND_NUMBER:
		return read_number(w, a, row, e);
	case KIND_OCTETS:
		return read_octets(w, a, row, e);
	case KIND_TEXT:
		rc = read_text(w, a, row, &text, e);
		if (rc == SCEP_GO_ON)
			*(struct bytes *)field_of(w, row) = text;
		return rc;
	case KIND_OID:
		if (a->value.id != ASN1_ID_OID) {
			refuse_bad(w, a->value.whole.p, row,
			    "is not an OBJECT IDENTIFIER");
			return SCEP_STOP;
		}
		*(struct bytes *)field_of(w, row) = a->value.body;
		return SCEP_GO_ON;
	case KIND_TIME:
		break;
	}
	/* a time in an odd form harms nobody */
	w->m->has_signing_time = asn1_time(&a->value, &w->m->signing_time);
	return SCEP_GO_ON;
}

/* ---- the set ---- */

static const struct row *
row_of(struct bytes oid)
{
	for (size_t i = 0; i < nitems(rows); i++) {
		if (bytes_eq(*rows[i].oid, oid))
			return &rows[i];
	}
	return NULL;
}

/* Is anything in it not DER? Then its signed form has to be made anew. */
static void
see_form(struct scep_walk *w, const struct asn1_item *item)
{
	unsigned before = w->m->notes;

	w->m->notes &= ~(unsigned)SCEP_NOTE_BER;
	scep_walk_see(w, item, "a signed attribute");
	if ((w->m->notes & SCEP_NOTE_BER) != 0)
		w->attributes_ber = true;
	w->m->notes |= before;
}

/* A known attribute whose values come next in r. */
static int
read_known(struct scep_walk *w, struct asn1_reader *r, const struct row *row,
    struct err *e)
{
	struct attribute a = { .r = *r };
	struct asn1_item extra;

	if (!asn1_next(&a.r, &a.value)) {
		refuse_bad(w, r->rest.p, row, "has no value");
		return SCEP_STOP;
	}
	see_form(w, &a.value);
	if (asn1_next(&a.r, &extra)) {
		refuse_bad(w, extra.whole.p, row, "has several values");
		return SCEP_STOP;
	}
	return read_value(w, &a, row, e);
}

/* SCEP_STOP: no attribute at all. A bad one has its verdict and is passed by. */
static int
read_attribute(struct scep_walk *w, struct asn1_reader *r,
    const struct asn1_item *item, unsigned *seen, struct err *e)
{
	struct asn1_reader in, values;
	struct asn1_item oid, set;

	see_form(w, item);
	asn1_enter(&in, r, item);
	if (item->id != ASN1_ID_SEQUENCE ||
	    !asn1_take(&in, ASN1_ID_OID, &oid) ||
	    !asn1_take(&in, ASN1_ID_SET, &set))
		return SCEP_STOP;
	see_form(w, &set);
	const struct row *row = row_of(oid.body);

	if (row == NULL)
		return SCEP_GO_ON;
	unsigned bit = 1U << (row - rows);

	if ((*seen & bit) != 0) {
		refuse_bad(w, item->whole.p, row, "is there twice");
		return SCEP_GO_ON;
	}
	*seen |= bit;
	asn1_enter(&values, &in, &set);
	return read_known(w, &values, row, e) == SCEP_FAILED ? SCEP_FAILED
							     : SCEP_GO_ON;
}

static int
read_set(struct scep_walk *w, struct err *e)
{
	struct asn1_fault fault = { 0 };
	struct asn1_reader r;
	struct asn1_item item;
	unsigned seen = 0;

	asn1_open(&r, w->attributes.body, &fault);
	while (asn1_next(&r, &item)) {
		if (w->attribute_count == SCEP_ATTRIBUTES_MAX) {
			scep_walk_refuse(w, SCEP_OVER_LIMIT, item.whole.p,
			    "more than %d signed attributes",
			    SCEP_ATTRIBUTES_MAX);
			return SCEP_STOP;
		}
		w->attribute[w->attribute_count++] = item.whole;
		int rc = read_attribute(w, &r, &item, &seen, e);

		if (rc == SCEP_FAILED)
			return rc;
		if (rc == SCEP_STOP)
			scep_walk_broken(
			    w, &r, SCEP_ATTRIBUTE_BAD, "the signed attributes");
	}
	if (fault.why != NULL)
		scep_walk_broken(
		    w, &r, SCEP_ATTRIBUTE_BAD, "the signed attributes");
	return SCEP_GO_ON;
}

/* ---- rules ---- */

static void
refuse_missing(struct scep_walk *w, const char *name)
{
	scep_walk_refuse(w, SCEP_ATTRIBUTE_MISSING, w->attributes.whole.p,
	    "%s is missing from the signed attributes", name);
}

static void
check_required(struct scep_walk *w)
{
	const struct scep_message *m = w->m;

	if (m->transaction_id.p == NULL)
		refuse_missing(w, "transactionID");
	if (m->type == -1)
		refuse_missing(w, "messageType");
	if (w->attr_content_type.p == NULL)
		refuse_missing(w, "contentType");
	if (w->attr_digest.p == NULL)
		refuse_missing(w, "messageDigest");
	if (m->type == SCEP_CERTREP && m->status == -1)
		refuse_missing(w, "pkiStatus");
	if (m->type == SCEP_CERTREP && m->status == SCEP_FAILURE &&
	    m->fail_info == -1)
		refuse_missing(w, "failInfo");
}

static void
check_values(struct scep_walk *w)
{
	struct scep_message *m = w->m;

	if (m->transaction_id.n > SCEP_TRANSACTION_ID_MAX)
		scep_walk_refuse(w, SCEP_OVER_LIMIT, m->transaction_id.p,
		    "transactionID has %zu bytes, at most %d",
		    m->transaction_id.n, SCEP_TRANSACTION_ID_MAX);
	if (w->attr_content_type.p != NULL &&
	    !bytes_eq(w->attr_content_type, w->content_type))
		scep_walk_refuse(w, SCEP_ATTRIBUTE_BAD, w->attr_content_type.p,
		    "contentType differs from the SignedData's eContentType");
	if (m->sender_nonce.p == NULL)
		m->notes |= SCEP_NOTE_NO_SENDER_NONCE;
	else if (m->sender_nonce.n != NONCE_LENGTH)
		m->notes |= SCEP_NOTE_NONCE_LENGTH;
}

int
scep_walk_attributes(struct scep_walk *w, struct err *e)
{
	if (w->no_signer_info)
		scep_walk_refuse(w, SCEP_NO_SIGNER_INFO, w->body.p,
		    "the SignedData has no SignerInfo");
	if (!w->has_signer_info)
		return SCEP_GO_ON;
	if (!w->has_attributes) {
		scep_walk_refuse(w, SCEP_NO_SIGNED_ATTRIBUTES, w->sid.issuer.p,
		    "the SignerInfo has no signed attributes");
		return SCEP_GO_ON;
	}
	int rc = read_set(w, e);

	if (rc != SCEP_GO_ON)
		return rc;
	check_required(w);
	check_values(w);
	return SCEP_GO_ON;
}
