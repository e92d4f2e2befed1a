/* SPDX-License-Identifier: MIT */
/*
 * Inside the codec only: what the stages of decoding hand to each other. One
 * stage is one function; message.c calls them in order. Each finds what
 * earlier stages left in struct scep_walk and says what it found wrong with
 * scep_walk_refuse(), of which only the first counts.
 */
#ifndef SCEP_WALK_H
#define SCEP_WALK_H

#include "pki/oid.h"
#include "scep/message.h"

/* What a stage returns; SCEP_FAILED is ours, with err filled. */
enum { SCEP_FAILED = -1, SCEP_STOP = 0, SCEP_GO_ON = 1 };

/* Who is meant by a SignerIdentifier or a RecipientIdentifier. */
struct scep_id {
	struct bytes issuer; /* p == NULL: by key identifier */
	struct bytes serial;
	struct bytes ski;
};

struct scep_walk {
	struct scep_message *m;
	struct pki_ctx *ctx;
	struct bytes body;
	const struct scep_identity *open;
	size_t open_count;
	const struct pki_cert *trusted;
	size_t trusted_count;

	/* ContentInfo */
	struct asn1_fault fault;
	struct asn1_reader signed_data; /* contents of its [0] */
	enum scep_verdict
	    cut; /* why the ContentInfo has no end; SCEP_SOUND when it has */
	const char *inside; /* the innermost part that is cut off */

	/* SignedData */
	bool has_content;
	struct bytes content_type; /* eContentType */
	struct asn1_item content_item; /* the element that holds eContent */
	struct bytes content; /* eContent, put together */
	struct bytes digested; /* what messageDigest covers */

	/* the first SignerInfo */
	bool has_signer_info;
	bool no_signer_info; /* signerInfos is there and empty */
	struct scep_id sid;
	struct bytes digest_oid;
	bool has_attributes;
	struct asn1_item attributes; /* [0] */
	struct bytes signature;

	/* the signed attributes, one by one */
	struct bytes attribute[SCEP_ATTRIBUTES_MAX];
	size_t attribute_count;
	bool attributes_ber; /* one of them is not DER */
	struct bytes attr_content_type, attr_digest;

	/* EnvelopedData */
	struct bytes recipients; /* contents of recipientInfos */
	bool has_encrypted;
	struct asn1_item encrypted; /* encryptedContent */
	struct bytes content_key;
};

/* ---- walk.c ---- */

/*
 * Record a verdict, unless there is one already. where points into the body,
 * the content put together, or the decrypted contents; NULL: nowhere.
 */
void scep_walk_refuse(struct scep_walk *w, enum scep_verdict v,
    const uint8_t *where, const char *fmt, ...) PRINTF_LIKE(4, 5);

/*
 * The reader could not go on in this part: refuse with v, or with what
 * explains it better (ends early, too deep, not BER).
 */
void scep_walk_broken(struct scep_walk *w, const struct asn1_reader *r,
    enum scep_verdict v, const char *part);

/* Note what is peculiar about an element: BER forms, and that it is cut off. */
void scep_walk_see(
    struct scep_walk *w, const struct asn1_item *item, const char *part);

/* Room in the arena. SCEP_STOP: it is full, and said so. */
MUST_USE int scep_walk_room(
    struct scep_walk *w, size_t n, uint8_t **out, struct err *e);

/*
 * The octets of an OCTET STRING, or of an implicitly tagged one, in either
 * form. SCEP_STOP: it can't be put together; only a full arena is a verdict
 * already.
 */
MUST_USE int scep_walk_octets(struct scep_walk *w, struct asn1_reader *r,
    const struct asn1_item *item, struct bytes *out, struct err *e);

#define SCEP_OID_TEXT_MAX 80

/* Dotted text for a sentence. Returns out. */
const char *scep_walk_oid(struct bytes oid, char out[SCEP_OID_TEXT_MAX]);

/* The OID of an AlgorithmIdentifier, which must be the next element. */
bool scep_walk_alg_oid(struct asn1_reader *r, struct bytes *oid);

/* ---- match.c ---- */

enum scep_match { SCEP_NO_MATCH, SCEP_MATCH, SCEP_MATCH_REORDERED };

/* IssuerAndSerialNumber, or a key identifier under [0]. */
bool scep_id_read(struct asn1_reader *r, struct scep_id *id);

/* Is this certificate meant? *found says how; SCEP_FAILED when libcrypto did. */
MUST_USE int scep_id_match(struct pki_ctx *ctx, const struct scep_id *id,
    const struct pki_cert *cert, enum scep_match *found, struct err *e);

/* ---- the stages ---- */

MUST_USE int scep_walk_content_info(struct scep_walk *w, struct err *e);
MUST_USE int scep_walk_signed_data(struct scep_walk *w, struct err *e);
MUST_USE int scep_walk_attributes(struct scep_walk *w, struct err *e);
MUST_USE int scep_walk_signer(struct scep_walk *w, struct err *e);
MUST_USE int scep_walk_signature(struct scep_walk *w, struct err *e);
MUST_USE int scep_walk_envelope(struct scep_walk *w, struct err *e);
MUST_USE int scep_walk_recipient(struct scep_walk *w, struct err *e);
MUST_USE int scep_walk_content(struct scep_walk *w, struct err *e);
MUST_USE int scep_walk_inner(struct scep_walk *w, struct err *e);
MUST_USE int scep_walk_possession(struct scep_walk *w, struct err *e);

/*
 * The [0] certificates and [1] CRLs of a SignedData, both optional. False:
 * more than SCEP_CERTS_MAX, *count then tells how many were kept.
 */
bool scep_walk_certificates(struct scep_walk *w, struct asn1_reader *r,
    struct bytes certs[SCEP_CERTS_MAX], size_t *count, struct bytes *crl);

#endif
