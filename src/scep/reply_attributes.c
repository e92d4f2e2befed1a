/* SPDX-License-Identifier: MIT */
/* The attributes of a reply: those that it has, as the oddities want them. */
#include "scep/encoding.h"

#include <stdio.h>

#include "pki/oid.h"

/* 1.3.6.1.5.5.7.24.2: next to failInfoText's, and nobody's. */
static const struct bytes wrong_text_oid = {
	(const uint8_t *)"\x2b\x06\x01\x05\x05\x07\x18\x02", 8
};

struct row {
	const struct bytes *oid;
	uint8_t id;
	const char *name;
};

static const struct row rows[SCEP_ATTRIBUTES] = {
	[SCEP_A_MESSAGE_TYPE] = { &pki_oid_scep_message_type,
	    ASN1_ID_PRINTABLE_STRING, "messageType" },
	[SCEP_A_STATUS] = { &pki_oid_scep_pki_status, ASN1_ID_PRINTABLE_STRING,
	    "pkiStatus" },
	[SCEP_A_FAIL_INFO] = { &pki_oid_scep_fail_info,
	    ASN1_ID_PRINTABLE_STRING, "failInfo" },
	[SCEP_A_CONTENT_TYPE] = { &pki_oid_content_type, ASN1_ID_OID,
	    "contentType" },
	[SCEP_A_MESSAGE_DIGEST] = { &pki_oid_message_digest,
	    ASN1_ID_OCTET_STRING, "messageDigest" },
	[SCEP_A_SENDER_NONCE] = { &pki_oid_scep_sender_nonce,
	    ASN1_ID_OCTET_STRING, "senderNonce" },
	[SCEP_A_RECIPIENT_NONCE] = { &pki_oid_scep_recipient_nonce,
	    ASN1_ID_OCTET_STRING, "recipientNonce" },
	[SCEP_A_TRANSACTION_ID] = { &pki_oid_scep_transaction_id,
	    ASN1_ID_PRINTABLE_STRING, "transactionID" },
	[SCEP_A_FAIL_INFO_TEXT] = { &pki_oid_scep_fail_info_text,
	    ASN1_ID_UTF8_STRING, "failInfoText" },
};

const char *
scep_attribute_name(enum scep_attribute a)
{
	return (unsigned)a < SCEP_ATTRIBUTES ? rows[a].name : "unknown";
}

/* An attribute with one value, or two, each an element of its own. */
static int
add(struct encoding *c, struct bytes oid, uint8_t id, const struct bytes *body,
    const struct bytes *body2, bool is_unsigned, struct err *e)
{
	size_t room_size =
	    oid.n + body->n + (body2 == NULL ? 0 : body2->n) + 64;
	uint8_t *room = arena_alloc(&c->arena, room_size);
	size_t *count = is_unsigned ? &c->unsigned_count : &c->attribute_count;
	struct asn1_writer w;
	size_t all;

	if (room == NULL)
		return err_set(e, ERR_MEMORY, "no memory for an attribute");
	if (*count == ENCODING_ATTRIBUTES_MAX)
		return err_set(e, ERR_LIMIT, "too many attributes");
	asn1_write_into(&w, room, room_size);
	all = asn1_mark(&w);
	if (body2 != NULL)
		asn1_put(&w, id, *body2);
	asn1_put(&w, id, *body);
	asn1_put_header(&w, ASN1_ID_SET, all);
	asn1_put_oid(&w, oid);
	asn1_put_header(&w, ASN1_ID_SEQUENCE, all);
	(is_unsigned ? c->unsigned_attribute : c->attribute)[(*count)++] =
	    asn1_written(&w);
	return 0;
}

/* What the reply says of one of them; p == NULL: nothing. */
static struct bytes
stated(const struct encoding *c, enum scep_attribute a, char number[16])
{
	const struct scep_reply *r = c->reply;
	int n = 0;

	switch (a) {
	case SCEP_A_MESSAGE_TYPE:
		n = r->type;
		break;
	case SCEP_A_STATUS:
		if (!r->has_status)
			return bytes_of(NULL, 0);
		n = r->status;
		break;
	case SCEP_A_FAIL_INFO:
		if (!r->has_fail_info)
			return bytes_of(NULL, 0);
		n = r->fail_info;
		break;
	case SCEP_A_CONTENT_TYPE:
		return pki_oid_cms_data;
	case SCEP_A_MESSAGE_DIGEST:
		return bytes_of(c->digest, c->digest_size);
	case SCEP_A_SENDER_NONCE:
		return r->sender_nonce;
	case SCEP_A_RECIPIENT_NONCE:
		return r->recipient_nonce;
	case SCEP_A_TRANSACTION_ID:
		return r->transaction_id;
	case SCEP_A_FAIL_INFO_TEXT:
		return r->fail_info_text;
	case SCEP_ATTRIBUTES:
		return bytes_of(NULL, 0);
	}
	(void)snprintf(number, 16, "%d", n);
	return bytes_str(number);
}

/* The same with its first octet flipped. */
static int
spoil(struct encoding *c, enum scep_attribute a, struct bytes *value,
    struct err *e)
{
	uint8_t *copy;

	if (a == SCEP_A_CONTENT_TYPE) {
		*value = pki_oid_cms_signed_data;
		return 0;
	}
	if (value->n == 0)
		return 0;
	copy = arena_alloc(&c->arena, value->n);
	if (copy == NULL)
		return err_set(e, ERR_MEMORY, "no memory for an attribute");
	memcpy(copy, value->p, value->n);
	copy[0] ^= 0x01;
	*value = bytes_of(copy, value->n);
	return 0;
}

/* ---- other types ---- */

/* The number that decimal digits say, as far as they go. */
static int64_t
number_of(struct bytes digits)
{
	int64_t n = 0;

	for (size_t i = 0; i < digits.n && i < 18; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			break;
		n = n * 10 + (digits.p[i] - '0');
	}
	return n;
}

/* Two octets for each, the first of them zero. */
static void
put_bmp(struct asn1_writer *w, struct bytes text)
{
	for (size_t i = text.n; i-- > 0;) {
		uint8_t pair[2] = { 0, text.p[i] };

		asn1_put_raw(w, bytes_of(pair, sizeof(pair)));
	}
}

static bool
is_number(enum scep_attribute a)
{
	return a == SCEP_A_MESSAGE_TYPE || a == SCEP_A_STATUS ||
	    a == SCEP_A_FAIL_INFO;
}

/* Contents octets of a value in the type that was asked for. */
static int
retype(struct encoding *c, enum scep_attribute a, struct bytes *value,
    struct err *e)
{
	uint8_t id = c->odd->types[a].id;
	size_t room_size = 2 * value->n + 32;
	struct asn1_writer w;
	uint8_t *room;

	if (id == 0 || value->p == NULL)
		return 0;
	room = arena_alloc(&c->arena, room_size);
	if (room == NULL)
		return err_set(e, ERR_MEMORY, "no memory for an attribute");
	asn1_write_into(&w, room, room_size);
	if (id == ASN1_ID_BMP_STRING) {
		put_bmp(&w, *value);
	} else if (id == ASN1_ID_BIT_STRING) {
		asn1_put_raw(&w, *value);
		asn1_put_raw(&w, BYTES_LIT("\0"));
	} else if (id == ASN1_ID_INTEGER && is_number(a)) {
		asn1_put_int(&w, number_of(*value));
	} else if ((id & ASN1_ID_CONSTRUCTED) != 0) {
		asn1_put(&w, rows[a].id, *value);
	} else if (id != ASN1_ID_NULL) {
		asn1_put_raw(&w, *value);
	}
	*value = asn1_written(&w);
	if (id == ASN1_ID_INTEGER && is_number(a))
		*value = bytes_from(*value, 2); /* its header */
	return 0;
}

/* ---- one after the other ---- */

/* The second attribute of a kind, or the second value of one. */
struct second {
	struct bytes attribute, value; /* p == NULL: none */
};

static int
find_second(
    struct encoding *c, enum scep_attribute a, struct second *s, struct err *e)
{
	s->attribute = c->odd->second[a];
	s->value = c->odd->second_value[a];
	if (retype(c, a, &s->attribute, e) == -1)
		return -1;
	return retype(c, a, &s->value, e);
}

static int
add_one(struct encoding *c, enum scep_attribute a, struct err *e)
{
	const struct scep_oddities *odd = c->odd;
	char number[16];
	struct bytes value =
	    odd->value[a].p != NULL ? odd->value[a] : stated(c, a, number);
	struct bytes oid = *rows[a].oid;
	uint8_t id = odd->types[a].id != 0 ? odd->types[a].id : rows[a].id;
	bool out = odd->attributes_unsigned && a != SCEP_A_CONTENT_TYPE &&
	    a != SCEP_A_MESSAGE_DIGEST;
	struct second second;

	if (odd->leave_out[a] || value.p == NULL)
		return 0;
	if (odd->wrong[a] && spoil(c, a, &value, e) == -1)
		return -1;
	if (retype(c, a, &value, e) == -1 ||
	    find_second(c, a, &second, e) == -1)
		return -1;
	if (a == SCEP_A_FAIL_INFO_TEXT && odd->fail_info_text_wrong_oid)
		oid = wrong_text_oid;
	if (add(c, oid, id, &value,
		second.value.p != NULL ? &second.value : NULL, out, e) == -1)
		return -1;
	if (second.attribute.p == NULL)
		return 0;
	return add(c, oid, id, &second.attribute, NULL, out, e);
}

static int
add_signing_time(struct encoding *c, struct err *e)
{
	uint8_t room[32];
	struct asn1_writer w;
	struct asn1_reader r;
	struct asn1_fault fault = { 0 };
	struct asn1_item item;

	asn1_write_into(&w, room, sizeof(room));
	asn1_put_time(&w, c->reply->signing_time);
	asn1_open(&r, asn1_written(&w), &fault);
	if (!asn1_next(&r, &item))
		return err_set(e, ERR_INPUT, "a signing time out of range");
	return add(
	    c, pki_oid_signing_time, item.id, &item.body, NULL, false, e);
}

/* Microsoft's, which have no oddities. */
static int
add_microsofts(struct encoding *c, struct err *e)
{
	const struct scep_reply *r = c->reply;
	bool out = c->odd->attributes_unsigned;

	if (r->ms_error.p != NULL &&
	    add(c, pki_oid_ms_scep_error, ASN1_ID_PRINTABLE_STRING,
		&r->ms_error, NULL, out, e) == -1)
		return -1;
	if (r->ms_server_message.p == NULL)
		return 0;
	return add(c, pki_oid_ms_scep_server_message, ASN1_ID_UTF8_STRING,
	    &r->ms_server_message, NULL, out, e);
}

int
encoding_attributes(struct encoding *c, struct err *e)
{
	for (int a = 0; a < SCEP_ATTRIBUTES; a++) {
		if (add_one(c, (enum scep_attribute)a, e) == -1)
			return -1;
	}
	if (c->reply->has_signing_time && add_signing_time(c, e) == -1)
		return -1;
	return add_microsofts(c, e);
}
