/* SPDX-License-Identifier: MIT */
/*
 * The Windows schemes, NTLM and Negotiate. They authenticate a connection,
 * not a request: the challenge and then the user are kept on
 * x->rq.connection, for the simulated host that asked for them.
 */
#ifndef NDES_AUTH_WINDOWS_H
#define NDES_AUTH_WINDOWS_H

#include "ndes/exchange.h"

/* Does the Authorization header name a Windows scheme that is switched on? */
bool ndes_auth_windows_sent(const struct ndes_exchange *x);

/* Take the token in it. True: let through, x->evidence.username is set. False: answered, with the next leg or a demand. */
bool ndes_auth_windows(struct ndes_exchange *x);

/* For a request without Authorization: is its connection authenticated already? Then as above. */
bool ndes_auth_windows_kept(struct ndes_exchange *x);

#endif
