/* SPDX-License-Identifier: MIT */
/*
 * What a request asks for, weighed: which of its extensions the certificate
 * gets, and why a request is refused. Internal to this room.
 */
#ifndef CA_GRANT_H
#define CA_GRANT_H

#include "pki/cert.h"

#define CA_EXTENSIONS_MAX 64

struct ca_grant {
	/* in the order of the request; lend from it */
	struct pki_ext granted[CA_EXTENSIONS_MAX];
	size_t n;
	bool has_key_usage, has_eku;
	bool subject_empty;
	/* why not: 0 when the request is acceptable */
	uint32_t hresult;
	const char *reason; /* constant */
};

/* True: g says what is granted. False: g->hresult and g->reason say why not. */
bool ca_grant_weigh(struct ca_grant *g, const struct pki_csr *csr);

#endif
