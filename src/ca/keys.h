/* SPDX-License-Identifier: MIT */
/* What struct ca_keys holds besides keys. Internal to this room. */
#ifndef CA_KEYS_H
#define CA_KEYS_H

#include "ca/material.h"

/* The certificate that the folder brought for this role, lent; empty: mint one. */
struct bytes ca_keys_certificate(const struct ca_keys *keys, enum ca_role role);

#endif
