/* SPDX-License-Identifier: MIT */
/* SPNEGO (RFC 4178, MS-SPNG) as far as NTLM travels in it: tokens of the client read, answers written. */
#ifndef NDES_SPNEGO_H
#define NDES_SPNEGO_H

#include "base/buf.h"

/* negState */
enum ndes_spnego_state {
	NDES_SPNEGO_COMPLETED,
	NDES_SPNEGO_INCOMPLETE,
	NDES_SPNEGO_REJECT,
	NDES_SPNEGO_REQUEST_MIC,
};

struct ndes_spnego {
	bool initial; /* a NegTokenInit */
	bool offers_ntlm, ntlm_first; /* initial: in its list of mechanisms */
	struct bytes
	    mechanisms; /* initial: that list, as encoded: what the MIC is over */
	struct bytes token, mic; /* p == NULL: absent; lent from the input */
};

/* False: it is none, and *out is untouched. */
bool ndes_spnego_read(struct ndes_spnego *out, struct bytes der);

/* A NegTokenResp, appended. token and mic empty: absent. name_ntlm: supportedMech, which only the first answer has. */
void ndes_spnego_write(struct buf *out, enum ndes_spnego_state state,
    bool name_ntlm, struct bytes token, struct bytes mic);

#endif
