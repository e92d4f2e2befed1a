/* SPDX-License-Identifier: MIT */
/* What rules ask about an exchange, from its values. Texts lend from the exchange. */
#ifndef SERVER_FACTS_H
#define SERVER_FACTS_H

#include "fault/facts.h"
#include "ndes/exchange.h"

/* When the request is in; site is its name. */
void facts_arrival(
    struct facts *f, const struct ndes_exchange *x, const char *site);
/* When a PKIOperation was decoded; poll is how many messages of its transaction came before. */
void facts_message(struct facts *f, struct ndes_exchange *x, uint64_t poll);
/* When a CertRep was encoded: what it says, though a rule made it say so. */
void facts_reply(struct facts *f, const struct scep_reply *r);

#endif
