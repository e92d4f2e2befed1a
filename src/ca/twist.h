/* SPDX-License-Identifier: MIT */
/*
 * A certificate that is not as it should be: what is different from the one
 * that the CA would make. Plain data; zero is "nothing is different". One
 * twist serves the certificates that are issued and those of a deployment's
 * bundle.
 */
#ifndef CA_TWIST_H
#define CA_TWIST_H

#include "base/arena.h"
#include "ca/material.h"

enum ca_twist_key {
	CA_KEY_AS_IS,
	CA_KEY_OTHER_RSA, /* another RSA-2048 key: the stranger's */
	CA_KEY_RSA_1024,
	CA_KEY_EC, /* P-256 */
	CA_KEY_DSA,
	CA_KEY_ED25519,
	CA_KEY_MLDSA, /* ML-DSA-44; its octets are arbitrary, as any are a key */
};
enum ca_twist_issuer {
	CA_ISSUER_AS_IS,
	CA_ISSUER_STRANGER, /* its name and its key */
	CA_ISSUER_FORGED, /* the right name, the stranger's key */
	CA_ISSUER_SELF, /* self-signed by the key that is in it; where that is not ours, by the stranger's */
	CA_ISSUER_NEXT, /* the next generation of the CA */
	CA_ISSUER_ROOT,
};
enum ca_twist_signature {
	CA_SIGNATURE_AS_IS,
	CA_SIGNATURE_SHA1,
	CA_SIGNATURE_MD5,
	CA_SIGNATURE_PSS,
	CA_SIGNATURE_BROKEN, /* bits flipped */
};
enum ca_twist_serial {
	CA_SERIAL_AS_IS,
	CA_SERIAL_ZERO,
	CA_SERIAL_NEGATIVE,
	CA_SERIAL_LONG, /* 33 octets */
	CA_SERIAL_REPEATED, /* that of the certificate issued last */
};
enum ca_twist_when {
	CA_WHEN_AS_IS,
	CA_WHEN_OFFSET /* from now */,
	CA_WHEN_YEAR_9999,
	CA_WHEN_YEAR_1950
};
enum ca_twist_basic {
	CA_BASIC_AS_IS,
	CA_BASIC_CA,
	CA_BASIC_LEAF /* CA:FALSE */,
	CA_BASIC_ABSENT
};
enum ca_twist_list { CA_LIST_AS_IS, CA_LIST_ABSENT, CA_LIST_GIVEN };

struct ca_twist {
	enum ca_twist_key key;
	enum ca_twist_issuer issuer;
	enum ca_twist_signature signature;
	enum ca_twist_serial serial;
	enum ca_twist_when not_before, not_after;
	int64_t not_before_s,
	    not_after_s; /* of CA_WHEN_OFFSET, seconds from now */
	bool version_1; /* no extensions, no version field */
	bool has_subject;
	const char
	    *subject; /* "CN=x, O=y" (pki_name_parse); "" is the empty name */
	enum ca_twist_list san; /* GIVEN: dns names */
	const char *const *san_dns;
	size_t san_count;
	enum ca_twist_basic basic_constraints;
	enum ca_twist_list key_usage; /* GIVEN: key_usage_bits */
	unsigned
	    key_usage_bits; /* 1 << bit number of RFC 5280 4.2.1.3: digitalSignature is 1 << 0 */
	enum ca_twist_list ext_key_usage; /* GIVEN: OIDs as text */
	const char *const *ext_key_usages;
	size_t ext_key_usage_count;
	bool unknown_critical; /* an extension nobody knows, critical */
	uint64_t padding; /* an extension of so many bytes, not critical */
	bool
	    previous; /* instead: the certificate that signed the request, or the last one of this key; none: as it is */
};

/* What a twist begins with. All borrowed. */
struct ca_twisting {
	const struct pki_cert *honest;
	const struct pki_key *signer; /* the key that signed it */
	const struct pki_key
	    *own; /* the private key that belongs to it; NULL: nobody has it */
	struct bytes
	    last; /* serial of the certificate issued last, for CA_SERIAL_REPEATED; empty: none yet */
};

/* A certificate as it is, twisted: appended to out. now is in unix seconds. -1 when we failed. */
MUST_USE int ca_twist_cert(struct pki_ctx *ctx, const struct ca_material *m,
    const struct ca_twisting *from, const struct ca_twist *twist, int64_t now,
    struct buf *out, struct err *e);

/*
 * A variant of a deployment's own certificate. *out lends from the arena, or
 * from m when twist is NULL; *key is its private key, lent from the material,
 * or NULL when nobody has it. ctx may be NULL when twist is.
 */
MUST_USE int ca_twisted_role(struct pki_ctx *ctx, const struct ca_material *m,
    enum ca_role role, const struct ca_twist *twist, int64_t now,
    struct arena *arena, struct pki_cert *out, const struct pki_key **key,
    struct err *e);

/* A leaf of the stranger's that has to do with nothing; seed makes each another. DER in the arena. */
MUST_USE int ca_unrelated(struct pki_ctx *ctx, const struct ca_material *m,
    uint64_t seed, int64_t now, struct arena *arena, struct bytes *out,
    struct err *e);

enum ca_tls_kind {
	CA_TLS_EXPIRED,
	CA_TLS_NOT_YET,
	CA_TLS_SELF_SIGNED,
	CA_TLS_WRONG_NAME,
	CA_TLS_UNTRUSTED,
	CA_TLS_LEAF_ONLY,
	CA_TLS_NEXT, /* by the next generation of the CA */
	CA_TLS_KINDS
};

/* The chain of a TLS certificate that should be refused, PEM, appended. Its key is the material's. */
MUST_USE int ca_tls_variant(struct pki_ctx *ctx, const struct ca_material *m,
    enum ca_tls_kind kind, int64_t now, struct buf *chain_pem, struct err *e);

#endif
