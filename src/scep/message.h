/* SPDX-License-Identifier: MIT */
/*
 * The SCEP codec: pkiMessages (RFC 8894 section 3) between bytes and values,
 * in both directions. Pure: no I/O, no clock, no randomness of its own, no
 * printing.
 *
 * Decoding never refuses: it fills struct scep_message with all that was
 * readable and states a verdict, the first rule broken in the order in which
 * a server meets them, with the place and a sentence. Encoding is obedient:
 * it writes whatever struct scep_reply says, sensible or not.
 */
#ifndef SCEP_MESSAGE_H
#define SCEP_MESSAGE_H

#include "base/arena.h"
#include "pki/cert.h"

/* RFC 8894 3.2.1.2 (18 is from drafts) */
enum scep_type {
	SCEP_CERTREP = 3,
	SCEP_RENEWALREQ = 17,
	SCEP_UPDATEREQ = 18,
	SCEP_PKCSREQ = 19,
	SCEP_CERTPOLL = 20,
	SCEP_GETCERT = 21,
	SCEP_GETCRL = 22,
};

/* "PKCSReq"; "unknown" for others. */
const char *scep_type_name(int type);

/* RFC 8894 3.2.1.3 */
enum scep_status { SCEP_SUCCESS = 0, SCEP_FAILURE = 2, SCEP_PENDING = 3 };

/* RFC 8894 3.2.1.4 */
enum scep_fail {
	SCEP_BAD_ALG = 0,
	SCEP_BAD_MESSAGE_CHECK = 1,
	SCEP_BAD_REQUEST = 2,
	SCEP_BAD_TIME = 3,
	SCEP_BAD_CERT_ID = 4,
};

const char *scep_status_name(int status); /* "SUCCESS" */
const char *scep_fail_name(int fail); /* "badRequest" */

/*
 * How far a message is sound: the last stage that was completed before the
 * first rule was broken. Decoding goes on behind that place where it can, so
 * fields of later stages may be filled all the same.
 */
enum scep_stage {
	SCEP_AT_START,
	SCEP_AT_CONTENT_INFO, /* ContentInfo says SignedData */
	SCEP_AT_SIGNED_DATA, /* SignedData read to its end */
	SCEP_AT_ATTRIBUTES, /* SCEP's signed attributes read */
	SCEP_AT_SIGNER, /* signer certificate found, its key read */
	SCEP_AT_SIGNATURE, /* messageDigest and signature hold */
	SCEP_AT_ENVELOPE, /* EnvelopedData read */
	SCEP_AT_RECIPIENT, /* a RecipientInfo is ours and the key came out */
	SCEP_AT_CONTENT, /* contents decrypted */
	SCEP_AT_INNER, /* messageData (PKCS#10, ...) read */
	SCEP_AT_POSSESSION, /* the PKCS#10 is signed by its own key */
	SCEP_STAGES
};

const char *scep_stage_name(enum scep_stage
	stage); /* "the signed attributes", to follow "read up to" */

enum scep_verdict {
	SCEP_SOUND,
	SCEP_NOT_ASN1, /* not BER at all, or an element with impossible contents */
	SCEP_TRUNCATED, /* ends early */
	SCEP_OVER_LIMIT, /* nesting, certificates, recipients, attributes: more than we take */
	SCEP_NOT_SIGNED_DATA, /* another CMS type or another structure */
	SCEP_NO_SIGNER_INFO,
	SCEP_NO_SIGNED_ATTRIBUTES,
	SCEP_ATTRIBUTE_MISSING, /* transactionID, messageType, or what CMS requires */
	SCEP_ATTRIBUTE_BAD, /* wrong type, twice, empty, not a number */
	SCEP_NO_SIGNER_CERTIFICATE,
	SCEP_SIGNER_KEY_BAD, /* the signer's key is not one we can use */
	SCEP_ALGORITHM_UNKNOWN, /* digest, signature, key transport or cipher; what says which OID */
	SCEP_DIGEST_WRONG, /* messageDigest is not the content's */
	SCEP_SIGNATURE_WRONG,
	SCEP_NO_CONTENT, /* no pkcsPKIEnvelope where the type needs one */
	SCEP_NOT_ENVELOPED, /* the content is not EnvelopedData */
	SCEP_WRONG_RECIPIENT, /* no RecipientInfo names our certificate */
	SCEP_KEY_NOT_UNWRAPPED, /* ours by name, but the private key does not open it */
	SCEP_NOT_DECRYPTED, /* bad padding, length, tag */
	SCEP_BAD_INNER, /* the decrypted contents are not what the type needs */
	SCEP_NO_POSSESSION, /* the PKCS#10 signature is not by its own key */
	SCEP_VERDICTS
};

const char *scep_verdict_name(enum scep_verdict v); /* "signature wrong" */

/* Legal or tolerated peculiarities, for the log and for grading. */
enum scep_note {
	SCEP_NOTE_BER = 1 << 0, /* indefinite lengths or constructed strings */
	SCEP_NOTE_ATTRIBUTES_UNSORTED = 1
	    << 1, /* signed over the re-sorted DER form */
	SCEP_NOTE_ATTRIBUTES_AS_SENT = 1
	    << 2, /* signature holds over the bytes as sent only */
	SCEP_NOTE_SEVERAL_RECIPIENTS = 1 << 3,
	SCEP_NOTE_RECIPIENT_BY_SKI = 1 << 4,
	SCEP_NOTE_RECIPIENT_REORDERED = 1
	    << 5, /* issuer's RDNs in another order */
	SCEP_NOTE_TRAILING_BYTES = 1 << 6,
	SCEP_NOTE_NO_SENDER_NONCE = 1 << 7,
	SCEP_NOTE_NONCE_LENGTH = 1 << 8, /* not 16 bytes */
	SCEP_NOTE_KEY_DIFFERS = 1
	    << 9, /* self-signed signer's key is not the PKCS#10's */
	SCEP_NOTE_SUBJECT_DIFFERS = 1 << 10,
	SCEP_NOTE_WEAK = 1 << 11, /* MD5 or single DES */
	SCEP_NOTE_STRING_TYPE = 1
	    << 12, /* an attribute that should be PrintableString is another string type */
};

/* Limits: beyond them SCEP_OVER_LIMIT, so memory stays bounded. */
#define SCEP_CERTS_MAX 32
#define SCEP_RECIPIENTS_MAX 32
#define SCEP_ATTRIBUTES_MAX 64
#define SCEP_TRANSACTION_ID_MAX 1024 /* bytes; real ones have 28 to 88 */

#define SCEP_WHAT_MAX 192

struct scep_message {
	struct arena *
	    arena; /* borrowed; holds what had to be put together or decrypted */

	enum scep_verdict verdict;
	enum scep_stage stage;
	size_t
	    stopped_at; /* offset in the input (or in the decrypted contents, when stage is SCEP_AT_CONTENT or later) */
	char what
	    [SCEP_WHAT_MAX]; /* a sentence about the verdict: which element, which OID; "" when sound */
	unsigned notes; /* enum scep_note */

	/* signed attributes; spans lend from the input or the arena, p == NULL when absent */
	int type; /* enum scep_type or whatever number was sent; -1 when unreadable */
	struct bytes transaction_id;
	struct bytes sender_nonce;
	struct bytes recipient_nonce;
	int status; /* CertRep: enum scep_status or the number sent; -1 when absent */
	int fail_info; /* CertRep: -1 when absent */
	struct bytes scep_error; /* Microsoft's, text; p == NULL when absent */
	bool has_signing_time;
	int64_t signing_time;

	/* signer */
	enum pki_digest digest; /* of the SignerInfo */
	struct pki_alg sigalg;
	struct bytes
	    certs[SCEP_CERTS_MAX]; /* DER certificates that came along */
	size_t cert_count;
	bool has_signer;
	struct pki_cert signer; /* the signer's certificate */
	struct pki_key *signer_key; /* owned; NULL when unreadable */
	bool
	    signer_self_signed; /* issuer equals subject and its own key verifies it */

	/* envelope */
	size_t recipient_count;
	/* names of the RecipientInfo that was ours, else of the first; p == NULL when absent */
	struct bytes recipient_issuer; /* Name, whole element */
	struct bytes recipient_serial; /* contents octets */
	struct bytes recipient_ski;
	struct pki_alg keytrans; /* of the RecipientInfo that was ours */
	struct pki_cipher_alg cipher;
	struct bytes content; /* decrypted messageData; in the arena */

	/* inner */
	bool has_csr; /* PKCSReq, RenewalReq */
	struct pki_csr csr;
	struct pki_key *csr_key; /* owned, or the same pointer as signer_key */
	bool challenge_present;
	struct bytes challenge; /* challengePassword as UTF-8; in the arena */
	struct bytes inner_issuer; /* CertPoll, GetCert, GetCRL: issuer Name */
	struct bytes inner_subject; /* CertPoll: subject Name */
	struct bytes inner_serial; /* GetCert, GetCRL: contents octets */
	struct bytes inner_certs
	    [SCEP_CERTS_MAX]; /* CertRep: certificates of the degenerate SignedData */
	size_t inner_cert_count;
	struct bytes inner_crl; /* CertRep: the first CRL of it */
};

/* An identity that envelopes may be made for: certificate and private key. Borrowed. */
struct scep_identity {
	const struct pki_cert *cert;
	const struct pki_key *key;
};

/*
 * Decode a PKIOperation body, or a CertRep.
 *
 * m       is initialised here; release it with scep_message_clear().
 * body    borrowed; must live as long as m.
 * open    identities to open the envelope with, in order of preference.
 * trusted certificates to look for the signer in when the message brings none
 *         (a CertRep of NDES); may be NULL. What they lend from must live as
 *         long as m.
 * arena   borrowed; must live as long as m. When it is full: SCEP_OVER_LIMIT.
 *
 * Returns 0 with the verdict set, or -1 with *e filled if we failed ourselves.
 * After -1, scep_message_clear() is still right.
 */
MUST_USE int scep_message_decode(struct scep_message *m, struct pki_ctx *ctx,
    struct arena *arena, struct bytes body, const struct scep_identity *open,
    size_t open_count, const struct pki_cert *trusted, size_t trusted_count,
    struct err *e);

void scep_message_clear(
    struct scep_message *m); /* accepts a zeroed struct; twice is fine */

/*
 * Decode a bare PKCS#10 as the inner part of a message would be (for tests,
 * fuzzing and the control API): fills csr, csr_key, challenge, verdict.
 */
MUST_USE int scep_csr_decode(struct scep_message *m, struct pki_ctx *ctx,
    struct arena *arena, struct bytes der, struct err *e);

/* What the content of an encoded message is. */
enum scep_content {
	SCEP_CONTENT_ABSENT, /* no eContent: RFC-literal FAILURE */
	SCEP_CONTENT_EMPTY, /* an OCTET STRING without octets */
	SCEP_CONTENT_ZERO_BYTE, /* one octet 00: what NDES sends with FAILURE and PENDING */
	SCEP_CONTENT_ENVELOPE, /* EnvelopedData around `inner` */
	SCEP_CONTENT_RAW, /* `inner` as it is */
};

/* The signed attributes of a reply, for what an oddity is about. */
enum scep_attribute {
	SCEP_A_MESSAGE_TYPE,
	SCEP_A_STATUS,
	SCEP_A_FAIL_INFO,
	SCEP_A_CONTENT_TYPE,
	SCEP_A_MESSAGE_DIGEST,
	SCEP_A_SENDER_NONCE,
	SCEP_A_RECIPIENT_NONCE,
	SCEP_A_TRANSACTION_ID,
	SCEP_A_FAIL_INFO_TEXT,
	SCEP_ATTRIBUTES
};

/* As the field calls it: "pkiStatus"; "unknown" out of range. */
const char *scep_attribute_name(enum scep_attribute a);

/*
 * The ASN.1 type of an attribute's value: an identifier octet
 * (ASN1_ID_UTF8_STRING, ASN1_ID_INTEGER, ...); 0: the right one. The octets
 * stay as they are where another string type can hold them. A BMPString gets
 * two octets for each, a BIT STRING its count of unused bits, an INTEGER the
 * number that digits say, a NULL nothing, and a constructed type holds the
 * value in its right type.
 */
struct scep_attribute_type {
	uint8_t id;
};

enum scep_structure {
	SCEP_IS_SIGNED_DATA,
	SCEP_IS_ENVELOPED_DATA,
	SCEP_IS_DATA
};
enum scep_encoding {
	SCEP_DER,
	SCEP_BER, /* indefinite lengths, eContent and encryptedContent in pieces */
	SCEP_DEEP, /* the outermost string that holds the content is wrapped in `nesting` constructed OCTET STRINGs of indefinite length */
	SCEP_OVERFLOW, /* the outermost length says 2^63-1 */
	SCEP_SHORT_LENGTH, /* the outermost length is 1 less than what follows */
};

/*
 * What an obedient encoder can be told beyond the fields of a sound reply.
 * Everything zero is sound. Nothing here is checked for sense, but counts and
 * enums that are out of range are refused.
 */
struct scep_oddities {
	/* Octets of an attribute's value in place of those the reply's fields give; p == NULL: theirs. n may be 0. */
	struct bytes value[SCEP_ATTRIBUTES];
	bool leave_out
	    [SCEP_ATTRIBUTES]; /* contentType and messageDigest too; when none is left to be signed, the content itself is */
	bool wrong
	    [SCEP_ATTRIBUTES]; /* contentType is SignedData's, messageDigest has its first octet flipped; others: the first octet flipped */
	struct scep_attribute_type types[SCEP_ATTRIBUTES];
	struct bytes second
	    [SCEP_ATTRIBUTES]; /* p != NULL: the attribute stands twice, the second time with these octets */
	struct bytes second_value
	    [SCEP_ATTRIBUTES]; /* p != NULL: one attribute, two values */
	bool fail_info_text_wrong_oid; /* 1.3.6.1.5.5.7.24.2 */
	bool
	    attributes_unsigned; /* SCEP's attributes are unsignedAttrs; contentType and messageDigest stay signed */
	enum scep_structure
	    structure; /* of the outer message; ENVELOPED_DATA: the envelope alone; DATA: id-data around the SignedData */
	enum scep_encoding encoding;
	unsigned nesting; /* of SCEP_DEEP; above 100,000 it is that */
	bool no_signer_info;
	bool break_signature; /* its last octet flipped */
	struct bytes
	    digest_oid; /* contents octets of an OID in place of the digestAlgorithm's; p == NULL: the right one */
	struct bytes
	    certs[SCEP_CERTS_MAX]; /* in `certificates`, beside the signer's */
	size_t cert_count;
	bool recipient_by_ski;
	const struct pki_cert *more_recipients
	    [SCEP_RECIPIENTS_MAX]; /* RecipientInfos before the right one, with a key that opens nothing */
	size_t more_recipient_count;
	bool bad_padding; /* the last block does not decrypt to padding */
	bool empty_ciphertext;
	bool odd_ciphertext; /* one octet more than whole blocks */
	bool bad_iv; /* an IV of one octet less */
};

/* A pkiMessage to be encoded, every field explicit. All spans are borrowed for the call. */
struct scep_reply {
	int type; /* messageType; SCEP_CERTREP for replies */
	bool has_status;
	int status;
	bool has_fail_info;
	int fail_info;
	struct bytes transaction_id; /* p == NULL: attribute left out */
	struct bytes sender_nonce;
	struct bytes recipient_nonce;
	struct bytes
	    ms_error; /* SCEP_ERROR, PrintableString; p == NULL: left out */
	struct bytes
	    ms_server_message; /* SCEP_SERVER_MESSAGE, UTF8String; p == NULL: left out */
	struct bytes fail_info_text; /* UTF8String; p == NULL: left out */
	bool has_signing_time;
	int64_t signing_time;

	/* signing; neither is needed where nothing is signed */
	const struct pki_cert *signer;
	const struct pki_key *signer_key;
	enum pki_digest digest;
	bool
	    signature_alg_with_digest; /* shaNNNWithRSA; false: rsaEncryption, as NDES */
	bool
	    include_signer; /* the signer's certificate in SignedData.certificates */

	/* content */
	enum scep_content content;
	struct bytes inner; /* what is enveloped: see scep_certs_only() */
	const struct pki_cert *recipient; /* certificate to envelope for */
	const struct pki_key *recipient_key;
	enum pki_cipher cipher;
	enum pki_padding keytrans; /* PKI_PKCS1 or PKI_OAEP */
	struct bytes
	    content_key; /* the cipher's key length, random; from the caller, so that the codec stays pure */
	struct bytes content_iv; /* the cipher's IV length, random */
	/*
	 * Of another length, they are sent as they are; what is encrypted with
	 * is cut, or filled with zeros, to the cipher's.
	 */

	const struct scep_oddities *
	    odd; /* what else is not as it should be; NULL: nothing. Borrowed */
};

/*
 * Encode and sign; DER appended to out. Signed attributes stand in the order
 * of reference section 4, which is DER's SET OF order. -1 with a sentence for
 * what cannot be made: an envelope without a recipient, a key that cannot sign
 * or that is too small. After -1, out holds what it held before.
 */
MUST_USE int scep_reply_encode(const struct scep_reply *reply,
    struct pki_ctx *ctx, struct buf *out, struct err *e);

/*
 * A degenerate, certificates-only SignedData (RFC 8894 3.4), certificates in
 * the order given; DER appended. With a CRL (p != NULL) in crls.
 */
MUST_USE int scep_certs_only(const struct bytes *certs, size_t n,
    struct bytes crl, struct buf *out, struct err *e);

#endif
