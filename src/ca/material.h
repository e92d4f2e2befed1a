/* SPDX-License-Identifier: MIT */
/*
 * The keys and certificates of one simulated deployment: root, issuing CA, RA
 * signing, RA encryption, TLS. Keys come from certs/ (compiled in, public on
 * purpose), from a folder, or fresh; certificates are minted from them at
 * start with the dates that are asked for, so nothing in the repository ever
 * expires. Shapes: reference section 3. Every subject says that it is a mock.
 */
#ifndef CA_MATERIAL_H
#define CA_MATERIAL_H

#include "base/env.h"
#include "pki/cert.h"

enum ca_role {
	CA_ROOT,
	CA_ISSUING,
	CA_RA_SIGN, /* "Exchange Enrollment Agent (Offline request)" */
	CA_RA_ENCRYPT, /* "CEP Encryption" */
	CA_TLS,
	CA_STRANGER, /* a CA that nobody trusts, for lies */
	CA_NEXT, /* the next generation, for rollover */
	CA_ROLES
};

/* "root", "issuing", "ra-sign", "ra-encrypt", "tls", "stranger", "next": file names and API names. */
const char *ca_role_name(enum ca_role role);

/* The seven keys, and certificates where the folder brought its own. */
struct ca_keys;

struct ca_keys *ca_keys_builtin(const struct pki_lib *lib, struct err *e);

/*
 * From a folder: <role>.key (PEM) for each role and, where they exist,
 * <role>.pem certificates that are then used as they are instead of minted
 * ones. root, issuing, ra-sign and ra-encrypt keys must be there; a missing
 * tls, stranger or next key is the built-in one. A certificate that does not
 * belong to its key is refused.
 */
struct ca_keys *ca_keys_from_dir(
    const struct pki_lib *lib, const char *dir, struct err *e);

/* New RSA-2048 keys, made in parallel. */
struct ca_keys *ca_keys_fresh(const struct pki_lib *lib, struct err *e);

void ca_keys_free(struct ca_keys *keys); /* accepts NULL */
const struct pki_key *ca_keys_get(
    const struct ca_keys *keys, enum ca_role role);

struct ca_validity {
	int64_t not_before, not_after; /* unix seconds */
};

struct ca_material_spec {
	const struct ca_keys *keys; /* borrowed; must outlive the material */
	const char *
	    hostname; /* --hostname: TLS certificate, RA subject CN=<NETBIOS NAME>-MSCEP-RA */
	const char *
	    url_base; /* "http://localhost:8080": CRL and AIA URLs start with it */
	int64_t now; /* unix seconds */
	struct ca_validity ra_sign, ra_encrypt,
	    tls; /* both 0: the default (2 years around now; TLS 1 year) */
	/*
	 * States that are not healthy. What one of them is about, or dates
	 * were asked for, is minted even where the folder brought a
	 * certificate.
	 */
	bool
	    ra_by_old_ca; /* issued by a CA of the same name with the key of CA_NEXT */
	bool ra_unlisted; /* not in the body of GetCACert */
	bool
	    root_replaced; /* the issuing CA is under a root of another name, with the stranger's key */
	bool tls_wrong_name; /* for CA_WRONG_NAME and no other */
	bool tls_untrusted; /* issued by the stranger */
};

#define CA_WRONG_NAME "wrong-name.invalid"

/* Immutable after minting; any thread. */
struct ca_material;

MUST_USE int ca_material_mint(struct ca_material **out, struct pki_ctx *ctx,
    const struct ca_material_spec *spec, const struct env *env, struct err *e);

/*
 * The same keys and certificates, lent from of, which must outlive the view;
 * what the issuing CA issues by it names CRL and issuer below another URL.
 * NULL on failure.
 */
struct ca_material *ca_material_view(
    const struct ca_material *of, const char *url_base, struct err *e);
void ca_material_free(struct ca_material *m); /* accepts NULL */

/* Certificate and key by role, lent; the key of a replaced root is the stranger's. Stranger and next have keys and self-signed CA certificates. */
const struct pki_cert *ca_material_cert(
    const struct ca_material *m, enum ca_role role);
const struct pki_key *ca_material_key(
    const struct ca_material *m, enum ca_role role);

/*
 * The body of GetCACert: certificates-only SignedData with RA signing, RA
 * encryption (both unless ra_unlisted), issuing CA, root, in this order. Lent. (scep_certs_only() is
 * above this room, so the few bytes around the certificates are written here
 * with the DER writer.)
 */
struct bytes ca_material_chain_p7(const struct ca_material *m);

/* TLS certificate followed by its issuer, and the TLS key, as PEM with a final zero. Lent. */
const char *ca_material_tls_chain_pem(const struct ca_material *m);
const char *ca_material_tls_key_pem(const struct ca_material *m);

/* URL paths (without url_base) under which the CRL and the issuer certificate are served: "/CertEnroll/<CA name>.crl". Lent. */
const char *ca_material_crl_path(const struct ca_material *m);
const char *ca_material_aia_path(const struct ca_material *m);
const char *ca_material_root_crl_path(const struct ca_material *m);
const char *ca_material_root_aia_path(const struct ca_material *m);

/* Full URLs, lent. */
const char *ca_material_crl_url(const struct ca_material *m);
const char *ca_material_aia_url(const struct ca_material *m);

/* MD5 and SHA-256 of the issuing CA certificate. */
const uint8_t *ca_material_thumbprint_md5(
    const struct ca_material *m); /* 16 bytes */
const uint8_t *ca_material_fingerprint_sha256(
    const struct ca_material *m); /* 32 bytes */

#endif
