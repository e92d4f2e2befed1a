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
	struct bytes ciphertext, wrapped, iv, ski;
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

/* reply_envelope.c: what eContent holds. */
MUST_USE int encoding_content(struct encoding *c, struct err *e);

/* reply_ber.c: the message in another encoding than DER, from the same parts; appended. */
encoding_put_fn encoding_put_digest_algs; /* SET OF digestAlgorithm */
encoding_put_fn encoding_put_signer_infos; /* SET OF SignerInfo */
encoding_put_fn encoding_put_certificates; /* [0], or nothing */
MUST_USE int encoding_write_ber(
    struct encoding *c, unsigned nesting, struct buf *out, struct err *e);
/* A DER message whose outermost length is not what follows. */
MUST_USE int encoding_write_length(
    struct bytes message, bool overflow, struct buf *out, struct err *e);

#endif
