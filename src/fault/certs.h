/* SPDX-License-Identifier: MIT */
/* Lists of certificates made as a fault wants them; private to the room. */
#ifndef FAULT_CERTS_H
#define FAULT_CERTS_H

#include "fault/seams.h"

/* DER of each, in the arena; those that there are none of (nothing was issued) are left out. */
MUST_USE int fault_certs(const struct fault_cert *certs, size_t count,
    const struct fault_site *s, struct bytes **out, size_t *n, struct err *e);

#endif
