/* SPDX-License-Identifier: MIT */
/* One call of scep_reply_encode(), as the files that write replies share it. */
#ifndef SCEP_ENCODING_H
#define SCEP_ENCODING_H

#include "scep/message.h"

#define ENCODING_ATTRIBUTES_MAX 32

struct encoding {
	const struct scep_reply *reply;
	const struct scep_oddities *odd; /* never NULL */
	struct pki_ctx *ctx;
	struct arena arena;

	/* parts that are ready */
	struct bytes content; /* octets of eContent */
	struct bytes ciphertext, wrapped, iv, ski; /* as they are sent */
	uint8_t digest[PKI_DIGEST_MAX];
	size_t digest_size;
	struct bytes attribute[ENCODING_ATTRIBUTES_MAX];
	size_t attribute_count;
	struct bytes unsigned_attribute[ENCODING_ATTRIBUTES_MAX];
	size_t unsigned_count;
	struct bytes signature;
};

typedef void encoding_put_fn(struct asn1_writer *w, const struct encoding *c);

/* Run put twice: the size, then the bytes, which end up in the arena. */
MUST_USE int encoding_build(
    struct encoding *c, encoding_put_fn *put, struct bytes *out, struct err *e);

/* reply_attributes.c: all attributes, once the digest is there. */
MUST_USE int encoding_attributes(struct encoding *c, struct err *e);

/* reply_envelope.c: what eContent holds. nesting: of an envelope alone, when it is to be deep. */
MUST_USE int encoding_content(
    struct encoding *c, unsigned nesting, struct err *e);

/* The parts that BER takes over from DER. */
encoding_put_fn encoding_put_digest_algs; /* SET OF digestAlgorithm */
encoding_put_fn encoding_put_signer_infos; /* SET OF SignerInfo */
encoding_put_fn encoding_put_certificates; /* [0], or nothing */
encoding_put_fn
    encoding_put_recipient_infos; /* version, SET OF RecipientInfo */
encoding_put_fn encoding_put_cipher; /* contentType and algorithm */

/*
 * reply_ber.c: in another encoding than DER; appended. nesting is how many
 * constructed strings are around the pieces of a content; 0: one string.
 */
MUST_USE int encoding_write_ber(
    struct encoding *c, unsigned nesting, struct buf *out, struct err *e);
MUST_USE int encoding_write_ber_envelope(
    struct encoding *c, unsigned nesting, struct buf *out, struct err *e);
/* id-data around a message. */
MUST_USE int encoding_write_ber_data(
    struct bytes message, unsigned nesting, struct buf *out, struct err *e);
/* A DER message whose outermost length is not what follows; what is no element stays as it is. */
MUST_USE int encoding_write_length(
    struct bytes message, bool overflow, struct buf *out, struct err *e);

#endif
