/* SPDX-License-Identifier: MIT */
/* To which site a request belongs; private to the room. */
#ifndef SERVER_FIND_H
#define SERVER_FIND_H

#include "ndes/exchange.h"
#include "server/inside.h"

/*
 * A reference to it; NULL: a private one that is not there. A prefix ("/x/NAME",
 * "/s/ID") goes from the request to x->url_prefix.
 */
struct site *find_site(struct server *s, struct ndes_exchange *x);

#endif
