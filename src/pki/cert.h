/* SPDX-License-Identifier: MIT */
/*
 * Certificates and PKCS#10 requests as spans and fields, read by our own
 * reader: libcrypto's decoders cost a third of an enrolment. Everything lends
 * from the input; nothing is owned.
 */
#ifndef PKI_CERT_H
#define PKI_CERT_H

#include "base/arena.h"
#include "base/buf.h"
#include "pki/key.h"

/* Key usage bits as RFC 5280 4.2.1.3 numbers them, first octet most significant bit first. */
enum {
	PKI_KU_DIGITAL_SIGNATURE = 0x80,
	PKI_KU_NON_REPUDIATION = 0x40,
	PKI_KU_KEY_ENCIPHERMENT = 0x20,
	PKI_KU_DATA_ENCIPHERMENT = 0x10,
	PKI_KU_KEY_AGREEMENT = 0x08,
	PKI_KU_KEY_CERT_SIGN = 0x04,
	PKI_KU_CRL_SIGN = 0x02,
};

struct pki_cert {
	struct bytes der; /* the whole certificate */
	struct bytes tbs; /* what is signed, whole element */
	unsigned version; /* 1 to 3 */
	struct bytes serial; /* contents octets of the INTEGER, as they stand */
	struct bytes issuer; /* Name, whole element */
	struct bytes subject; /* Name, whole element */
	struct bytes spki; /* whole element */
	int64_t not_before, not_after; /* unix seconds */
	struct bytes
	    extensions; /* contents of the SEQUENCE OF Extension; may be empty */
	struct pki_alg sigalg;
	struct bytes signature;
	/* out of the extensions: */
	struct bytes
	    ski; /* contents of the key identifier; empty when absent */
	struct bytes aki; /* keyIdentifier of the AKI; empty when absent */
	bool has_key_usage;
	unsigned key_usage; /* PKI_KU_* */
	bool is_ca;
};

/*
 * Takes version 1 to 3, serials of any length, UTCTime and GeneralizedTime
 * anywhere (interop B.4). False with fault set when it is not a certificate;
 * *c then holds what was readable.
 */
bool pki_cert_read(struct pki_cert *c, struct asn1_reader *r);

/* The same for a span of its own. */
bool pki_cert_parse(
    struct pki_cert *c, struct bytes der, struct asn1_fault *fault);

/* Is it signed by this key? 1, 0, -1 as pki_verify. */
MUST_USE int pki_cert_verify(struct pki_ctx *ctx, const struct pki_cert *c,
    const struct pki_key *issuer, struct err *e);

/* One extension out of a SEQUENCE OF Extension's contents. */
struct pki_ext {
	struct bytes whole;
	struct bytes oid;
	bool critical;
	struct bytes value; /* contents of the extnValue OCTET STRING */
};

/* Walk extensions: asn1_open() on the contents, then this until false. */
bool pki_ext_next(struct asn1_reader *r, struct pki_ext *ext);

/* Find one by OID; false when absent. */
bool pki_ext_find(
    struct bytes extensions, struct bytes oid, struct pki_ext *ext);

/* The key usage octet of a keyUsage extension value; -1 when it is malformed. */
int pki_key_usage_read(struct bytes ext_value);

#define PKI_CSR_EXTENSION_LISTS_MAX 4

struct pki_csr {
	struct bytes der;
	struct bytes info; /* CertificationRequestInfo, what is signed */
	struct bytes subject; /* Name, whole element */
	struct bytes spki;
	struct bytes attributes; /* contents of [0]; may be empty */
	struct pki_alg sigalg;
	struct bytes signature;
	bool has_challenge;
	unsigned
	    challenge_count; /* more than one is a client's mistake worth telling */
	struct asn1_item challenge; /* the string element of the first one */
	/* contents of each SEQUENCE OF Extension asked for, PKCS#9 first, then Microsoft, then VeriSign */
	struct bytes extensions[PKI_CSR_EXTENSION_LISTS_MAX];
	size_t extension_lists;
};

bool pki_csr_parse(
    struct pki_csr *csr, struct bytes der, struct asn1_fault *fault);

/* Proof of possession: 1, 0, -1. key is the request's own. */
MUST_USE int pki_csr_verify(struct pki_ctx *ctx, const struct pki_csr *csr,
    const struct pki_key *key, struct err *e);

/* The first extension of that OID in any of the lists. */
bool pki_csr_extension(
    const struct pki_csr *csr, struct bytes oid, struct pki_ext *ext);

/* A DirectoryString or IA5String as UTF-8 (BMP and T61 converted); appended. */
void pki_string_utf8(struct buf *out, const struct asn1_item *item);

/*
 * A Name as one line, "C=US, O=Probe, CN=x", in the order of the encoding;
 * unknown types by dotted OID; multi-valued RDNs joined with " + ". What is
 * not printable is escaped. Appended.
 */
void pki_name_text(struct buf *out, struct bytes name);

/* ---- writing ---- */

/* One RDN of a Name: a type OID and a UTF-8 value. */
struct pki_rdn {
	struct bytes oid;
	const char *value;
};

/* A Name of single-valued RDNs, in this order: PrintableString where it fits (always for C), else UTF8String; DC as IA5String. */
void pki_put_name(struct asn1_writer *w, const struct pki_rdn *rdns, size_t n);

/* One extension around a DER value. */
void pki_put_extension(
    struct asn1_writer *w, struct bytes oid, bool critical, struct bytes value);

struct pki_cert_spec {
	struct bytes serial; /* contents octets of the INTEGER, positive */
	struct bytes issuer; /* Name, whole element */
	struct bytes subject;
	struct bytes spki;
	int64_t not_before, not_after;
	struct bytes
	    extensions; /* contents of the SEQUENCE OF Extension; empty: a version 1 certificate */
	enum pki_digest digest; /* signed with RSA PKCS#1 v1.5 */
	bool pss; /* with RSASSA-PSS instead; digest must be SHA-256 */
	bool break_signature; /* its last octet flipped */
};

/* Make and sign a certificate; DER appended to out. */
MUST_USE int pki_cert_make(struct pki_ctx *ctx,
    const struct pki_cert_spec *spec, const struct pki_key *issuer,
    struct buf *out, struct err *e);

struct pki_crl_entry {
	struct bytes serial;
	int64_t revoked_at;
	int reason; /* RFC 5280 5.3.1; 0 writes no reason */
};

struct pki_crl_spec {
	struct bytes issuer;
	struct bytes aki; /* key identifier of the issuer */
	int64_t this_update, next_update;
	uint64_t number;
	const struct pki_crl_entry *entries;
	size_t entry_count;
	enum pki_digest digest;
};

/* Make and sign a version 2 CRL; DER appended to out. */
MUST_USE int pki_crl_make(struct pki_ctx *ctx, const struct pki_crl_spec *spec,
    const struct pki_key *issuer, struct buf *out, struct err *e);

/* PEM text of a DER object ("CERTIFICATE", "X509 CRL"). Appended. */
void pki_pem(struct buf *out, const char *label, struct bytes der);

/* DER of the first PEM block with that label into out; 0, or -1 (err says). */
MUST_USE int pki_pem_der(
    struct buf *out, const char *label, struct bytes pem, struct err *e);

/* subjectKeyIdentifier of RFC 5280 4.2.1.2 (1): SHA-1 of the key's bits. */
MUST_USE int pki_key_id(
    struct pki_ctx *ctx, struct bytes spki, uint8_t id[20], struct err *e);

#endif
