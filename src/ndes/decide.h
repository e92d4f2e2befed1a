/* SPDX-License-Identifier: MIT */
/* What the files that decide about messages share. */
#ifndef NDES_DECIDE_H
#define NDES_DECIDE_H

#include "ndes/exchange.h"
#include "ndes/hresult.h"

/* A CertRep FAILURE to be; or, where no CertRep can be made, an HTTP 500. */
struct ndes_refusal {
	int fail_info; /* enum scep_fail */
	uint32_t hresult; /* 0: no SCEP_ERROR */
	unsigned event_id; /* 0: none */
	const char *why; /* what is wrong, and what the client should do */
	const char *key; /* of the model, that made it so; NULL: none */
};

/* Refuse with a CertRep. */
void ndes_refuse(struct ndes_exchange *x, const struct ndes_refusal *refusal);

/* Refuse in the form that a key of the model chooses (enum host_rejection). */
void ndes_reject(
    struct ndes_exchange *x, const struct ndes_refusal *refusal, int form);

/*
 * A sound PKCSReq or RenewalReq: renewal or challenge, policy module,
 * template, CA. 0 with x->outcome decided, or -1.
 */
MUST_USE int ndes_enroll(
    struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e);

/* The template that the registry names for the key usage that the PKCS#10 asks for. Lent by the host. */
const char *ndes_template(const struct host *host, const struct pki_csr *csr);

#endif
