/* SPDX-License-Identifier: MIT */
/*
 * The algorithms that SCEP clients use, as enums and tables: name, OID,
 * sizes. An AlgorithmIdentifier is read into one struct whatever it says, so
 * that an unknown one can be reported by its dotted OID.
 */
#ifndef PKI_ALG_H
#define PKI_ALG_H

#include "asn1/reader.h"
#include "asn1/writer.h"

enum pki_digest {
	PKI_DIGEST_UNKNOWN,
	PKI_MD5,
	PKI_SHA1,
	PKI_SHA224,
	PKI_SHA256,
	PKI_SHA384,
	PKI_SHA512,
	PKI_DIGESTS
};

#define PKI_DIGEST_MAX 64 /* bytes of the longest digest */

enum pki_cipher {
	PKI_CIPHER_UNKNOWN,
	PKI_DES_CBC,
	PKI_DES3_CBC,
	PKI_AES128_CBC,
	PKI_AES192_CBC,
	PKI_AES256_CBC,
	PKI_AES128_GCM,
	PKI_AES192_GCM,
	PKI_AES256_GCM,
	PKI_BLOWFISH_CBC,
	PKI_RC2_CBC,
	PKI_CIPHERS
};

enum pki_padding {
	PKI_PADDING_UNKNOWN,
	PKI_PKCS1, /* RSASSA-PKCS1-v1_5, RSAES-PKCS1-v1_5 */
	PKI_PSS,
	PKI_OAEP,
	PKI_ECDSA,
	PKI_PADDINGS
};

struct pki_digest_row {
	const char *name; /* "SHA-256", as GetCACaps spells it */
	struct bytes oid;
	struct bytes rsa_oid; /* shaNNNWithRSAEncryption */
	size_t size;
};

struct pki_cipher_row {
	const char
	    *name; /* "AES-128-CBC", "DES-EDE3-CBC": OpenSSL's fetch name */
	struct bytes oid;
	size_t key_size; /* bytes; for RC2 and Blowfish the default of 16 */
	size_t iv_size;
	size_t block_size; /* 1 for GCM */
	bool legacy; /* from the legacy provider */
};

/* Rows by enum; the UNKNOWN row (name "unknown", empty oid) out of range. */
const struct pki_digest_row *pki_digest_row(enum pki_digest d);
const struct pki_cipher_row *pki_cipher_row(enum pki_cipher c);
enum pki_digest pki_digest_by_oid(struct bytes oid);
enum pki_cipher pki_cipher_by_oid(struct bytes oid);

/* A signature, key transport or digest algorithm as an AlgorithmIdentifier states it. */
struct pki_alg {
	struct bytes whole; /* the AlgorithmIdentifier, lent */
	struct bytes oid; /* lent */
	struct bytes
	    params; /* whole element behind the OID; p == NULL when absent */
	enum pki_padding padding;
	enum pki_digest
	    digest; /* UNKNOWN where the algorithm names none (rsaEncryption) */
	enum pki_digest mgf1; /* for PSS and OAEP */
	int salt_len; /* for PSS; -1 otherwise */
	struct bytes label; /* for OAEP; may be empty */
};

/*
 * Read a signature algorithm (rsaEncryption, shaNNNWithRSA, RSASSA-PSS,
 * ecdsa-with-SHANNN) or a key transport algorithm (rsaEncryption,
 * RSAES-OAEP) from an AlgorithmIdentifier. False (fault set) when it is not
 * even a SEQUENCE with an OID; an unknown OID is true with padding UNKNOWN.
 */
bool pki_alg_read(struct asn1_reader *r, struct pki_alg *alg);

/* A content encryption algorithm with its parameters. */
struct pki_cipher_alg {
	struct bytes oid; /* lent */
	enum pki_cipher cipher; /* UNKNOWN: see oid */
	struct bytes iv; /* lent; nonce for GCM */
	size_t tag_len; /* for GCM, default 12 per RFC 5084; 0 otherwise */
	int rc2_bits; /* effective key bits for RC2; 0 otherwise */
};

bool pki_cipher_alg_read(struct asn1_reader *r, struct pki_cipher_alg *alg);

/* AlgorithmIdentifier writers (backward). The digest one carries NULL parameters. */
void pki_put_digest_alg(struct asn1_writer *w, enum pki_digest d);
void pki_put_rsa_sign_alg(
    struct asn1_writer *w, enum pki_digest d); /* shaNNNWithRSA + NULL */
void pki_put_rsa_alg(struct asn1_writer *w); /* rsaEncryption + NULL */
void pki_put_oaep_alg(
    struct asn1_writer *w); /* RSAES-OAEP, empty parameters: SHA-1 */
void pki_put_cipher_alg(
    struct asn1_writer *w, enum pki_cipher c, struct bytes iv);

#endif
