/* SPDX-License-Identifier: MIT */
/*
 * From struct scep_reply to bytes. Every part is written backwards into the
 * arena of one call; a function that writes is run twice, to measure and to
 * write. What the reply says is written, whether it makes sense or not.
 */
#include "scep/message.h"

#include <stdio.h>

#include "pki/oid.h"

#define EXPLICIT_0 (ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED)

/* Far above any reply; what a caller hands in is the real bound. */
#define ARENA_MAX ((size_t)1 << 30)

#define ATTRIBUTES_MAX 12

/* One call of scep_reply_encode. */
struct encoding {
	const struct scep_reply *reply;
	struct pki_ctx *ctx;
	struct arena arena;

	/* parts that are ready */
	struct bytes content; /* octets of eContent */
	struct bytes ciphertext, wrapped;
	uint8_t digest[PKI_DIGEST_MAX];
	size_t digest_size;
	struct bytes attribute[ATTRIBUTES_MAX];
	size_t attribute_count;
	struct bytes signature;
};

typedef void put_fn(struct asn1_writer *w, const struct encoding *c);

/* Run put twice: the size, then the bytes, which end up in the arena. */
static int
build(struct encoding *c, put_fn *put, struct bytes *out, struct err *e)
{
	struct asn1_writer w;
	uint8_t *room;

	asn1_write_into(&w, NULL, 0);
	put(&w, c);
	size_t need = w.need;

	room = arena_alloc(&c->arena, need);
	if (room == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a reply");
	asn1_write_into(&w, room, need);
	put(&w, c);
	*out = asn1_written(&w);
	return 0;
}

/* ---- content ---- */

static void
put_issuer_and_serial(struct asn1_writer *w, const struct pki_cert *cert)
{
	size_t all = asn1_mark(w);

	asn1_put(w, ASN1_ID_INTEGER, cert->serial);
	asn1_put_raw(w, cert->issuer);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

static void
put_recipient_info(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w);

	asn1_put(w, ASN1_ID_OCTET_STRING, c->wrapped);
	if (c->reply->keytrans == PKI_OAEP)
		pki_put_oaep_alg(w);
	else
		pki_put_rsa_alg(w);
	put_issuer_and_serial(w, c->reply->recipient);
	asn1_put_int(w, 0);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

static void
put_envelope(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w), part = all;

	asn1_put(w, ASN1_ID_CONTEXT, c->ciphertext);
	pki_put_cipher_alg(w, c->reply->cipher, c->reply->content_iv);
	asn1_put_oid(w, pki_oid_cms_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, part);
	part = asn1_mark(w);
	put_recipient_info(w, c);
	asn1_put_header(w, ASN1_ID_SET, part);
	asn1_put_int(w, 0);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
	asn1_put_header(w, EXPLICIT_0, all);
	asn1_put_oid(w, pki_oid_cms_enveloped_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

static int
make_envelope(struct encoding *c, struct err *e)
{
	const struct scep_reply *r = c->reply;
	struct buf ciphertext, wrapped;
	int rc = -1;

	buf_init(&ciphertext, r->inner.n + 256);
	buf_init(&wrapped, 16384);
	if (pki_encrypt(c->ctx, r->cipher, r->content_key, r->content_iv,
		r->inner, &ciphertext, e) == -1 ||
	    pki_wrap(c->ctx, r->recipient_key, r->keytrans, r->content_key,
		&wrapped, e) == -1)
		goto out;
	c->ciphertext = buf_bytes(&ciphertext);
	c->wrapped = buf_bytes(&wrapped);
	rc = build(c, put_envelope, &c->content, e);
out:
	buf_clear(&ciphertext);
	buf_clear(&wrapped);
	return rc;
}

static int
make_content(struct encoding *c, struct err *e)
{
	switch (c->reply->content) {
	case SCEP_CONTENT_ABSENT:
	case SCEP_CONTENT_EMPTY:
		return 0;
	case SCEP_CONTENT_ZERO_BYTE:
		c->content = BYTES_LIT("\0");
		return 0;
	case SCEP_CONTENT_RAW:
		c->content = c->reply->inner;
		return 0;
	case SCEP_CONTENT_ENVELOPE:
		break;
	}
	return make_envelope(c, e);
}

/* ---- signed attributes ---- */

/* An attribute with one value; the value's element is given in parts. */
static int
add_attribute(struct encoding *c, struct bytes oid, uint8_t id,
    struct bytes body, struct err *e)
{
	struct asn1_writer w;
	size_t room_size = oid.n + body.n + 64;
	uint8_t *room = arena_alloc(&c->arena, room_size);

	if (room == NULL)
		return err_set(e, ERR_MEMORY, "no memory for an attribute");
	asn1_write_into(&w, room, room_size);
	size_t all = asn1_mark(&w);

	asn1_put(&w, id, body);
	asn1_put_header(&w, ASN1_ID_SET, all);
	asn1_put_oid(&w, oid);
	asn1_put_header(&w, ASN1_ID_SEQUENCE, all);
	c->attribute[c->attribute_count++] = asn1_written(&w);
	return 0;
}

/* A span that is there becomes an attribute. */
static int
add_optional(struct encoding *c, struct bytes oid, uint8_t id,
    struct bytes body, struct err *e)
{
	return body.p == NULL ? 0 : add_attribute(c, oid, id, body, e);
}

static int
add_number(struct encoding *c, struct bytes oid, int number, struct err *e)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", number);
	return add_attribute(
	    c, oid, ASN1_ID_PRINTABLE_STRING, bytes_str(text), e);
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
	return add_attribute(c, pki_oid_signing_time, item.id, item.body, e);
}

static int
add_numbers(struct encoding *c, struct err *e)
{
	const struct scep_reply *r = c->reply;

	if (add_number(c, pki_oid_scep_message_type, r->type, e) == -1)
		return -1;
	if (r->has_status &&
	    add_number(c, pki_oid_scep_pki_status, r->status, e) == -1)
		return -1;
	if (r->has_fail_info &&
	    add_number(c, pki_oid_scep_fail_info, r->fail_info, e) == -1)
		return -1;
	return r->has_signing_time ? add_signing_time(c, e) : 0;
}

struct text_row {
	const struct bytes *oid;
	uint8_t id;
	size_t offset; /* of a struct bytes in struct scep_reply */
};

static const struct text_row text_rows[] = {
	{ &pki_oid_scep_transaction_id, ASN1_ID_PRINTABLE_STRING,
	    offsetof(struct scep_reply, transaction_id) },
	{ &pki_oid_scep_sender_nonce, ASN1_ID_OCTET_STRING,
	    offsetof(struct scep_reply, sender_nonce) },
	{ &pki_oid_scep_recipient_nonce, ASN1_ID_OCTET_STRING,
	    offsetof(struct scep_reply, recipient_nonce) },
	{ &pki_oid_ms_scep_error, ASN1_ID_PRINTABLE_STRING,
	    offsetof(struct scep_reply, ms_error) },
	{ &pki_oid_ms_scep_server_message, ASN1_ID_UTF8_STRING,
	    offsetof(struct scep_reply, ms_server_message) },
	{ &pki_oid_scep_fail_info_text, ASN1_ID_UTF8_STRING,
	    offsetof(struct scep_reply, fail_info_text) },
};

static int
make_attributes(struct encoding *c, struct err *e)
{
	const uint8_t *reply = (const uint8_t *)c->reply;

	if (add_numbers(c, e) == -1 ||
	    add_attribute(c, pki_oid_content_type, ASN1_ID_OID,
		pki_oid_cms_data, e) == -1 ||
	    add_attribute(c, pki_oid_message_digest, ASN1_ID_OCTET_STRING,
		bytes_of(c->digest, c->digest_size), e) == -1)
		return -1;
	for (size_t i = 0; i < nitems(text_rows); i++) {
		struct bytes body;

		memcpy(&body, reply + text_rows[i].offset, sizeof(body));
		if (add_optional(
			c, *text_rows[i].oid, text_rows[i].id, body, e) == -1)
			return -1;
	}
	return 0;
}

/* ---- SignedData ---- */

/* The attributes under the given tag: SET to be signed, [0] to be sent. */
static void
put_attributes(struct asn1_writer *w, const struct encoding *c, uint8_t id)
{
	struct bytes sorted[ATTRIBUTES_MAX];
	size_t all = asn1_mark(w);

	memcpy(sorted, c->attribute, sizeof(sorted));
	asn1_put_sorted(w, sorted, c->attribute_count);
	asn1_put_header(w, id, all);
}

static void
put_signed_attributes(struct asn1_writer *w, const struct encoding *c)
{
	put_attributes(w, c, ASN1_ID_SET);
}

static void
put_signer_info(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w);

	asn1_put(w, ASN1_ID_OCTET_STRING, c->signature);
	if (c->reply->signature_alg_with_digest)
		pki_put_rsa_sign_alg(w, c->reply->digest);
	else
		pki_put_rsa_alg(w);
	put_attributes(w, c, EXPLICIT_0);
	pki_put_digest_alg(w, c->reply->digest);
	put_issuer_and_serial(w, c->reply->signer);
	asn1_put_int(w, 1);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

static void
put_encapsulated(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w);

	if (c->reply->content != SCEP_CONTENT_ABSENT) {
		asn1_put(w, ASN1_ID_OCTET_STRING, c->content);
		asn1_put_header(w, EXPLICIT_0, all);
	}
	asn1_put_oid(w, pki_oid_cms_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

static void
put_message(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w), part = all;

	put_signer_info(w, c);
	asn1_put_header(w, ASN1_ID_SET, part);
	if (c->reply->include_signer)
		asn1_put(w, EXPLICIT_0, c->reply->signer->der);
	put_encapsulated(w, c);
	part = asn1_mark(w);
	pki_put_digest_alg(w, c->reply->digest);
	asn1_put_header(w, ASN1_ID_SET, part);
	asn1_put_int(w, 1);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
	asn1_put_header(w, EXPLICIT_0, all);
	asn1_put_oid(w, pki_oid_cms_signed_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

static int
sign(struct encoding *c, struct buf *signature, struct err *e)
{
	struct bytes attributes;

	if (build(c, put_signed_attributes, &attributes, e) == -1 ||
	    pki_sign(c->ctx, c->reply->signer_key, c->reply->digest, PKI_PKCS1,
		attributes, signature, e) == -1)
		return -1;
	c->signature = buf_bytes(signature);
	return 0;
}

int
scep_reply_encode(const struct scep_reply *reply, struct pki_ctx *ctx,
    struct buf *out, struct err *e)
{
	struct encoding c = { .reply = reply, .ctx = ctx };
	struct buf signature;
	struct bytes message;
	int rc = -1;

	arena_init(&c.arena, ARENA_MAX);
	buf_init(&signature, 16384);
	if (make_content(&c, e) == -1 ||
	    pki_digest(ctx, reply->digest, c.content, c.digest, &c.digest_size,
		e) == -1 ||
	    make_attributes(&c, e) == -1 || sign(&c, &signature, e) == -1 ||
	    build(&c, put_message, &message, e) == -1)
		goto out;
	buf_add(out, message);
	rc = buf_ok(out) ? 0 : err_set(e, ERR_MEMORY, "no room for a reply");
out:
	buf_clear(&signature);
	arena_clear(&c.arena);
	return rc;
}
