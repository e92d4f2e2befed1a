/* SPDX-License-Identifier: MIT */
/*
 * The issuing CA: what AD CS does with a request that NDES submits. Templates
 * by name, AD CS style serials (19 bytes), the subject copied byte for byte,
 * requested extensions honoured, everything issued kept in the store. Any
 * thread; each brings its own pki_ctx.
 */
#ifndef CA_CA_H
#define CA_CA_H

#include "ca/material.h"
#include "ca/twist.h"
#include "store/store.h"

struct ca;

/* store and env are borrowed and must outlive the CA. NULL on failure. */
struct ca *ca_new(struct store *store, const struct env *env, struct err *e);
void ca_free(struct ca *ca); /* accepts NULL */

/*
 * Several CAs may share a key and a name. A private one knows as its own only
 * what is in its store; else what its key signed is its own, for the store
 * may have died with an earlier run. Before anything is asked of it.
 */
void ca_set_private(struct ca *ca, bool is_private);

struct ca_request {
	const struct pki_csr *csr;
	const struct pki_key
	    *key; /* of the csr; NULL: its size is not looked at */
	const char *template_name; /* "IPSECIntermediateOffline" */
	struct bytes transaction_id; /* kept beside the certificate */
	int64_t
	    valid_s; /* validity period in seconds, cut at the issuing CA's own end */
	int64_t backdate_s; /* notBefore is now minus this; AD CS: 600 */
	bool withdrawn; /* the template is not among those that the CA issues */
	bool may_enroll; /* the permissions on the template let the caller */
	unsigned minimum_key_size; /* of the template, in bits; RSA keys only */
	const struct ca_twist *
	    twist; /* what is to be wrong with the certificate; NULL: nothing */
	struct bytes
	    previous; /* the certificate that signed the request, for twist->previous; p NULL: none */
	bool dry; /* make the answer and keep nothing but the number */
};

/* What the CA said: AD CS's disposition. */
struct ca_answer {
	bool issued;
	uint32_t hresult; /* when refused, e.g. 0x80094001 */
	const char *reason; /* when refused: a constant sentence */
	uint64_t request_id; /* as the CA's console numbers requests */
	struct buf der; /* when issued: the certificate; the caller clears it */
};

/*
 * Issue a certificate with the material of the deployment. 0 with the answer
 * filled (refusals are answers), or -1 with *e when we failed; then nothing
 * was issued. The certificate is in the store before this returns.
 */
MUST_USE int ca_issue(struct ca *ca, struct pki_ctx *ctx,
    const struct ca_material *m, const struct ca_request *rq,
    struct ca_answer *answer, struct err *e);

/* Is this one that this CA issued with this material, in date, and not revoked? */
enum ca_standing {
	CA_NOT_OURS, /* another issuer, or the signature is not by our key */
	CA_STANDS,
	CA_EXPIRED,
	CA_NOT_YET_VALID,
	CA_REVOKED,
};

MUST_USE int ca_standing(struct ca *ca, struct pki_ctx *ctx,
    const struct ca_material *m, const struct pki_cert *cert,
    enum ca_standing *standing, struct err *e);

/*
 * The current CRL of the issuing CA, DER appended; kept and re-signed when the
 * revoked set changed or half its week is over. ca_root_crl: an empty one by the root.
 */
MUST_USE int ca_crl(struct ca *ca, struct pki_ctx *ctx,
    const struct ca_material *m, struct buf *out, struct err *e);
MUST_USE int ca_root_crl(struct ca *ca, struct pki_ctx *ctx,
    const struct ca_material *m, struct buf *out, struct err *e);

/* The CRL of either (CA_ISSUING, CA_ROOT) as if it had been made age_s ago; never kept. */
MUST_USE int ca_aged_crl(struct ca *ca, struct pki_ctx *ctx,
    const struct ca_material *m, enum ca_role issuer, int64_t age_s,
    struct buf *out, struct err *e);

#endif
