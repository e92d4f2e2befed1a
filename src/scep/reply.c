/* SPDX-License-Identifier: MIT */
/*
 * From struct scep_reply to bytes. Every part is written backwards into the
 * arena of one call; a function that writes is run twice, to measure and to
 * write. What the reply says is written, whether it makes sense or not.
 */
#include "scep/encoding.h"

#include "pki/oid.h"

#define EXPLICIT_0 (ASN1_ID_CONTEXT | ASN1_ID_CONSTRUCTED)
#define EXPLICIT_1 (EXPLICIT_0 | 1)

/* Far above any reply; what a caller hands in is the real bound. */
#define ARENA_MAX ((size_t)1 << 30)
#define NESTING_MAX 100000u

int
encoding_build(
    struct encoding *c, encoding_put_fn *put, struct bytes *out, struct err *e)
{
	struct asn1_writer w;
	uint8_t *room;
	size_t need;

	asn1_write_into(&w, NULL, 0);
	put(&w, c);
	need = w.need;
	room = arena_alloc(&c->arena, need == 0 ? 1 : need);
	if (room == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a reply");
	asn1_write_into(&w, room, need);
	put(&w, c);
	*out = asn1_written(&w);
	return 0;
}

/* ---- SignedData ---- */

/* Attributes under the given tag: SET to be signed, [0] or [1] to be sent. */
static void
put_attributes(
    struct asn1_writer *w, const struct bytes *list, size_t n, uint8_t id)
{
	struct bytes sorted[ENCODING_ATTRIBUTES_MAX];
	size_t all = asn1_mark(w);

	memcpy(sorted, list, n * sizeof(sorted[0]));
	asn1_put_sorted(w, sorted, n);
	asn1_put_header(w, id, all);
}

static void
put_signed_attributes(struct asn1_writer *w, const struct encoding *c)
{
	put_attributes(w, c->attribute, c->attribute_count, ASN1_ID_SET);
}

static void
put_digest_alg(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w);

	if (c->odd->digest_oid.p == NULL) {
		pki_put_digest_alg(w, c->reply->digest);
		return;
	}
	asn1_put_null(w);
	asn1_put_oid(w, c->odd->digest_oid);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

static void
put_signer_info(struct asn1_writer *w, const struct encoding *c)
{
	const struct pki_cert *signer = c->reply->signer;
	size_t all = asn1_mark(w), part;

	if (c->unsigned_count > 0)
		put_attributes(
		    w, c->unsigned_attribute, c->unsigned_count, EXPLICIT_1);
	asn1_put(w, ASN1_ID_OCTET_STRING, c->signature);
	if (c->reply->signature_alg_with_digest)
		pki_put_rsa_sign_alg(w, c->reply->digest);
	else
		pki_put_rsa_alg(w);
	if (c->attribute_count > 0)
		put_attributes(w, c->attribute, c->attribute_count, EXPLICIT_0);
	put_digest_alg(w, c);
	part = asn1_mark(w);
	asn1_put(w, ASN1_ID_INTEGER, signer->serial);
	asn1_put_raw(w, signer->issuer);
	asn1_put_header(w, ASN1_ID_SEQUENCE, part);
	asn1_put_int(w, 1);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

void
encoding_put_signer_infos(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w);

	if (!c->odd->no_signer_info)
		put_signer_info(w, c);
	asn1_put_header(w, ASN1_ID_SET, all);
}

void
encoding_put_digest_algs(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w);

	put_digest_alg(w, c);
	asn1_put_header(w, ASN1_ID_SET, all);
}

void
encoding_put_certificates(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w);

	for (size_t i = c->odd->cert_count; i-- > 0;)
		asn1_put_raw(w, c->odd->certs[i]);
	if (c->reply->include_signer && c->reply->signer != NULL)
		asn1_put_raw(w, c->reply->signer->der);
	if (asn1_mark(w) > all)
		asn1_put_header(w, EXPLICIT_0, all);
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
	size_t all = asn1_mark(w);

	encoding_put_signer_infos(w, c);
	encoding_put_certificates(w, c);
	put_encapsulated(w, c);
	encoding_put_digest_algs(w, c);
	asn1_put_int(w, 1);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
	asn1_put_header(w, EXPLICIT_0, all);
	asn1_put_oid(w, pki_oid_cms_signed_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

/* id-data around the message. */
static void
put_as_data(struct asn1_writer *w, const struct encoding *c)
{
	size_t all = asn1_mark(w);

	put_message(w, c);
	asn1_put_header(w, ASN1_ID_OCTET_STRING, all);
	asn1_put_header(w, EXPLICIT_0, all);
	asn1_put_oid(w, pki_oid_cms_data);
	asn1_put_header(w, ASN1_ID_SEQUENCE, all);
}

/* The content where SignedData should be: an envelope, when it is one. */
static void
put_content_alone(struct asn1_writer *w, const struct encoding *c)
{
	asn1_put_raw(w, c->content);
}

static int
sign(struct encoding *c, struct buf *signature, struct err *e)
{
	struct bytes what = c->content;

	if (c->odd->no_signer_info)
		return 0;
	if (c->reply->signer == NULL || c->reply->signer_key == NULL)
		return err_set(e, ERR_INPUT, "a reply without a signer");
	if (c->attribute_count > 0 &&
	    encoding_build(c, put_signed_attributes, &what, e) == -1)
		return -1;
	if (pki_sign(c->ctx, c->reply->signer_key, c->reply->digest, PKI_PKCS1,
		what, signature, e) == -1)
		return -1;
	if (c->odd->break_signature && signature->n > 0)
		signature->p[signature->n - 1] ^= 0x01;
	c->signature = buf_bytes(signature);
	return 0;
}

/* ---- the whole ---- */

static int
write_der(struct encoding *c, struct buf *out, struct err *e)
{
	static encoding_put_fn *const puts[] = {
		[SCEP_IS_SIGNED_DATA] = put_message,
		[SCEP_IS_ENVELOPED_DATA] = put_content_alone,
		[SCEP_IS_DATA] = put_as_data,
	};
	struct bytes message;

	if (encoding_build(c, puts[c->odd->structure], &message, e) == -1)
		return -1;
	if (c->odd->encoding == SCEP_OVERFLOW ||
	    c->odd->encoding == SCEP_SHORT_LENGTH)
		return encoding_write_length(
		    message, c->odd->encoding == SCEP_OVERFLOW, out, e);
	buf_add(out, message);
	return buf_ok(out) ? 0 : err_set(e, ERR_MEMORY, "no room for a reply");
}

/* What a number of nested strings comes to: BER's one, or those asked for. */
static unsigned
nesting_of(const struct scep_oddities *odd)
{
	if (odd->encoding == SCEP_BER)
		return 1;
	return odd->nesting > NESTING_MAX ? NESTING_MAX : odd->nesting;
}

/* id-data around the message, in BER all through or with a deep string. */
static int
write_ber_data(struct encoding *c, struct buf *out, struct err *e)
{
	struct bytes message;
	struct buf inner;
	int rc;

	if (c->odd->encoding == SCEP_DEEP) {
		if (encoding_build(c, put_message, &message, e) == -1)
			return -1;
		return encoding_write_ber_data(
		    message, nesting_of(c->odd), out, e);
	}
	buf_init(&inner, ARENA_MAX);
	rc = encoding_write_ber(c, 1, &inner, e);
	if (rc == 0)
		rc = encoding_write_ber_data(buf_bytes(&inner), 1, out, e);
	buf_clear(&inner);
	return rc;
}

static int
write_out(struct encoding *c, struct buf *out, struct err *e)
{
	enum scep_encoding encoding = c->odd->encoding;

	/* an envelope alone is in its encoding already */
	if ((encoding != SCEP_BER && encoding != SCEP_DEEP) ||
	    c->odd->structure == SCEP_IS_ENVELOPED_DATA)
		return write_der(c, out, e);
	if (c->odd->structure == SCEP_IS_DATA)
		return write_ber_data(c, out, e);
	return encoding_write_ber(c, nesting_of(c->odd), out, e);
}

/* Counts and enums that would lead out of a table. */
static int
check(
    const struct scep_reply *r, const struct scep_oddities *odd, struct err *e)
{
	if ((unsigned)r->content > SCEP_CONTENT_RAW ||
	    (unsigned)odd->structure > SCEP_IS_DATA ||
	    (unsigned)odd->encoding > SCEP_SHORT_LENGTH)
		return err_set(e, ERR_INPUT, "a reply of a kind that is not");
	if (odd->cert_count > SCEP_CERTS_MAX ||
	    odd->more_recipient_count > SCEP_RECIPIENTS_MAX)
		return err_set(e, ERR_LIMIT,
		    "more certificates or recipients than a reply holds");
	for (size_t i = 0; i < odd->more_recipient_count; i++) {
		if (odd->more_recipients[i] == NULL)
			return err_set(
			    e, ERR_INPUT, "a recipient without a certificate");
	}
	return 0;
}

/* What is signed, and the signature; an envelope alone has neither. */
static int
make_signature(struct encoding *c, struct buf *signature, struct err *e)
{
	if (c->odd->structure == SCEP_IS_ENVELOPED_DATA)
		return 0;
	if (pki_digest(c->ctx, c->reply->digest, c->content, c->digest,
		&c->digest_size, e) == -1 ||
	    encoding_attributes(c, e) == -1)
		return -1;
	return sign(c, signature, e);
}

int
scep_reply_encode(const struct scep_reply *reply, struct pki_ctx *ctx,
    struct buf *out, struct err *e)
{
	static const struct scep_oddities nothing_odd;
	struct encoding c = { .reply = reply,
		.odd = reply->odd != NULL ? reply->odd : &nothing_odd,
		.ctx = ctx };
	size_t before = out->n;
	struct buf signature;
	int rc = -1;

	if (check(reply, c.odd, e) == -1)
		return -1;
	arena_init(&c.arena, ARENA_MAX);
	buf_init(&signature, 16384);
	if (encoding_content(&c, nesting_of(c.odd), e) == 0 &&
	    make_signature(&c, &signature, e) == 0)
		rc = write_out(&c, out, e);
	if (rc == -1 && out->n > before) {
		out->n = before;
		out->p[before] = '\0';
	}
	buf_clear(&signature);
	arena_clear(&c.arena);
	return rc;
}
