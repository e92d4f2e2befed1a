/* SPDX-License-Identifier: MIT */
/* What struct ca_keys holds besides keys, and how folders are read. Internal to this room. */
#ifndef CA_KEYS_H
#define CA_KEYS_H

#include "ca/material.h"

/* The certificate that the folder brought for this role, lent; empty: mint one. */
struct bytes ca_keys_certificate(const struct ca_keys *keys, enum ca_role role);

/* As ca_keys_from_dir(), but for all seven there must be a key. */
struct ca_keys *ca_keys_from_whole_dir(
    const struct pki_lib *lib, const char *dir, struct err *e);

/*
 * Use the certificate in dir/<role>.pem instead of minting one. -1 when it is
 * there and not a certificate of this key; *there says whether it is.
 */
MUST_USE int ca_keys_read_certificate(struct ca_keys *keys, enum ca_role role,
    const char *dir, bool *there, struct err *e);

/* Use this certificate of the key; none (empty): mint one. */
MUST_USE int ca_keys_set_certificate(
    struct ca_keys *keys, enum ca_role role, struct bytes der, struct err *e);

#endif
