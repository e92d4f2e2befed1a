/* SPDX-License-Identifier: MIT */
/*
 * Authentication of mscep_admin, inside this room. auth.c has the order of
 * schemes and Basic; the Windows schemes have a file of their own.
 */
#ifndef NDES_AUTH_H
#define NDES_AUTH_H

#include "ndes/exchange.h"

/* True: let through, x->evidence.username is set. False: answered with a 401. */
bool ndes_authenticate(struct ndes_exchange *x);

/* 401 with every scheme that the application offers. why is a constant or in the arena. */
void ndes_auth_demand(
    struct ndes_exchange *x, int substatus, uint32_t win32, const char *why);

/* Is this the administrator? Any domain before the name is taken for ours. Whether the account may log on (account.admin_locked) is another question. */
bool ndes_auth_is_admin(
    const struct ndes_exchange *x, struct bytes user, struct bytes password);

#endif
