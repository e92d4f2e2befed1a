/* SPDX-License-Identifier: MIT */
/*
 * Makes pkiMessages for tests of the codec, with libcrypto alone: by its CMS
 * and PKCS#7 functions where those can, element by element where a form is
 * wanted that they never write. Knows nothing of our codec. What cannot be
 * made aborts the test program.
 */
#ifndef SUPPORT_CMSMAKE_H
#define SUPPORT_CMSMAKE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

/* Abort with the place and libcrypto's errors unless this holds. */
#define CM_NEED(c) cm_need((c) ? 1 : 0, #c, __FILE__, __LINE__)
void cm_need(int ok, const char *what, const char *file, int line);

/* Load the default and the legacy provider into the default context; give them back at the end. */
void cm_providers(OSSL_PROVIDER *out[2]);
void cm_providers_free(OSSL_PROVIDER *providers[2]);

/* ---- bytes and elements ---- */

struct cm_bytes {
	unsigned char *p; /* owned */
	size_t n;
};

void cm_free(struct cm_bytes *b);
struct cm_bytes cm_copy(const void *p, size_t n);

/* An identifier or-ed with this: indefinite length. */
#define CM_INDEFINITE 0x100

/* An element around parts, which are consumed; ends with a struct whose p is NULL. */
struct cm_bytes cm_tlv(int id, const struct cm_bytes *parts);
#define CM_TLV(id, ...) \
	cm_tlv((id), (struct cm_bytes[]){ __VA_ARGS__, { NULL, 0 } })
#define CM_JOIN(...) cm_join((struct cm_bytes[]){ __VA_ARGS__, { NULL, 0 } })
struct cm_bytes cm_join(const struct cm_bytes *parts);

struct cm_bytes cm_element(int id, const void *p, size_t n);
struct cm_bytes cm_string(int id, const char *text);
struct cm_bytes cm_oid(const char *dotted);
struct cm_bytes cm_int(long v);
struct cm_bytes cm_empty(void); /* no bytes at all, but a part */

/* An OCTET STRING, or [0] of that kind, in pieces of at most `piece` octets, with indefinite length. */
struct cm_bytes cm_pieces(int id, const void *p, size_t n, size_t piece);

/* ---- parties ---- */

struct cm_party {
	X509 *cert;
	EVP_PKEY *key;
	struct cm_bytes der;
};

struct cm_party_spec {
	const char *key_file; /* PEM; NULL: a new RSA key of `bits` */
	unsigned bits;
	const char *cn;
	const char *o; /* NULL: none */
	const struct cm_party *issuer; /* NULL: self-signed */
	const char *serial_hex; /* NULL: 1 */
	bool v1; /* version 1, no extensions */
	bool ski; /* state a subject key identifier */
	bool ec; /* a P-256 key instead */
};

void cm_party_make(struct cm_party *p, const struct cm_party_spec *spec);
void cm_party_free(struct cm_party *p);

/* Issuer and serial of a certificate as an IssuerAndSerialNumber; RDNs turned round on demand. */
struct cm_bytes cm_issuer_serial(X509 *cert, bool reversed);

/* ---- PKCS#10 ---- */

struct cm_csr_spec {
	EVP_PKEY *key;
	EVP_PKEY *signer; /* NULL: key */
	const char *cn;
	const char *challenge; /* NULL: none */
	int challenge_type; /* V_ASN1_*, 0: PrintableString */
	const char *digest; /* NULL: SHA256 */
	bool pss;
};

struct cm_bytes cm_csr(const struct cm_csr_spec *spec);

/* ---- envelopes ---- */

struct cm_envelope_spec {
	const struct cm_party *to[40]; /* up to the first NULL */
	const char *cipher; /* OpenSSL's name: "DES-EDE3-CBC" */
	bool oaep;
	const char *oaep_digest; /* NULL: SHA1 */
	bool ski; /* recipients by key identifier */
	bool stream; /* BER as libcrypto streams it */
};

/* By libcrypto's CMS functions. */
struct cm_bytes cm_envelope(
    const struct cm_envelope_spec *spec, const void *inner, size_t n);

struct cm_hand_envelope {
	const struct cm_party *to;
	const char *cipher; /* "AES-128-CBC", "AES-128-GCM" */
	const char *cipher_oid;
	const char *keytrans_oid; /* NULL: rsaEncryption */
	bool reversed; /* RDNs of the recipient's issuer turned round */
	bool ski;
	size_t
	    piece; /* 0: primitive; else encryptedContent in pieces, indefinite lengths */
	unsigned strangers; /* RecipientInfos in front that are not `to`'s */
	bool damage_key; /* the wrapped key does not open */
	bool damage_padding; /* the last block is not what was encrypted */
	bool no_content; /* encryptedContent left out */
	const char *outer_oid; /* NULL: envelopedData */
};

/* Element by element. */
struct cm_bytes cm_envelope_by_hand(
    const struct cm_hand_envelope *spec, const void *inner, size_t n);

/* ---- SignedData ---- */

struct cm_attr {
	const char *oid;
	int type; /* identifier octet of the value */
	const char *text; /* or octets with n; NULL text: no value at all */
	size_t n; /* 0: length of text */
	unsigned values; /* 0: one */
};

#define CM_ATTRS_MAX 80
#define CM_TRANSACTION "2.16.840.1.113733.1.9.7"
#define CM_TYPE "2.16.840.1.113733.1.9.2"
#define CM_STATUS "2.16.840.1.113733.1.9.3"
#define CM_FAILINFO "2.16.840.1.113733.1.9.4"
#define CM_SENDER_NONCE "2.16.840.1.113733.1.9.5"
#define CM_RECIPIENT_NONCE "2.16.840.1.113733.1.9.6"
#define CM_CONTENT_TYPE "1.2.840.113549.1.9.3"
#define CM_MESSAGE_DIGEST "1.2.840.113549.1.9.4"

struct cm_signed_spec {
	const struct cm_party *signer;
	const char *digest; /* NULL: SHA256 */
	bool pss;
	bool with_digest; /* signatureAlgorithm shaNNNWithRSA */
	bool ski; /* signer by key identifier */
	bool stream; /* BER as libcrypto streams it */
	bool no_certs;
	const struct cm_party
	    *extra[8]; /* more certificates, up to the first NULL */
	const struct cm_attr *attrs; /* SCEP's; up to one whose oid is NULL */
};

/* By libcrypto's CMS functions. */
struct cm_bytes cm_signed(
    const struct cm_signed_spec *spec, const void *content, size_t n);

/* By its PKCS#7 functions, as old clients do. */
struct cm_bytes cm_signed_pkcs7(
    const struct cm_signed_spec *spec, const void *content, size_t n);

enum cm_order {
	CM_SORTED,
	CM_REVERSED, /* sent the other way round, signed as DER sorts them */
	CM_REVERSED_AS_SENT, /* signed as they are sent */
};

struct cm_hand_signed {
	const struct cm_party *signer;
	const char *digest; /* NULL: SHA256 */
	const char *digest_oid; /* instead of the digest's own */
	const char *sig_oid; /* NULL: rsaEncryption */
	enum cm_order order;
	const struct cm_attr *attrs; /* SCEP's; up to one whose oid is NULL */
	bool no_attributes;
	bool no_content_type, no_digest;
	bool damage_digest, damage_signature;
	bool no_signer_info, no_content, pkcs7_content;
	unsigned
	    certs; /* how many times the signer's certificate comes along */
	size_t piece; /* 0: DER; else eContent in pieces, indefinite lengths */
	bool
	    attributes_ber; /* attributes with indefinite lengths, signed as DER */
	const char *outer_oid; /* NULL: signedData */
	const char *content_oid; /* NULL: data */
};

/* Element by element. */
struct cm_bytes cm_signed_by_hand(
    const struct cm_hand_signed *spec, const void *content, size_t n);

/* A certificates-only SignedData by libcrypto. */
struct cm_bytes cm_certs_only(X509 *const *certs, size_t n);

#endif
