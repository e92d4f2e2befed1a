/* SPDX-License-Identifier: MIT */
/*
 * The inside of struct ca_material, for the files of this room: mint.c fills
 * it, material.c hands it out, issue.c and crl.c sign with it.
 */
#ifndef CA_PARTS_H
#define CA_PARTS_H

#include "ca/ext.h"
#include "ca/keys.h"

#define CA_CERT_MAX 65536

struct ca_material {
	const struct ca_keys *keys; /* borrowed */
	bool
	    view; /* only the issuing CA's URLs and issued_extensions are owned */
	bool root_replaced; /* the root's key is the stranger's */
	bool ra_unlisted;
	enum ca_role tls_issuer;
	struct buf der[CA_ROLES];
	struct pki_cert cert[CA_ROLES]; /* lend from der */
	struct buf crl_url, aia_url, root_crl_url, root_aia_url;
	struct buf chain_p7, tls_chain_pem, tls_key_pem;
	/* AKI, CRL and issuer URLs of all that the issuing CA (root: the root) signs, encoded once */
	struct buf issued_extensions, root_issued_extensions;
	uint8_t key_id[CA_ROLES][20]; /* SKI of each key */
	uint8_t md5[16], sha256[32]; /* of the issuing CA certificate */
};

/* Key identifier that certificates and CRLs by this CA name: its SKI, or what we'd give it. */
struct bytes ca_material_authority_id(
    const struct ca_material *m, enum ca_role role);

/* Mint or take over one certificate after the other, in order of issue. */
MUST_USE int ca_mint_all(struct ca_material *m, struct pki_ctx *ctx,
    const struct ca_material_spec *spec, const struct env *env, struct err *e);

/* issued_extensions anew, of the URLs that are there. */
MUST_USE int ca_mint_issued_extensions(struct ca_material *m, struct err *e);

#endif
