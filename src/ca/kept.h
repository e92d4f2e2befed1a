/* SPDX-License-Identifier: MIT */
/*
 * The keys and certificates of a deployment on disk, so that it is the same
 * after a restart. A folder of keys is one that ca_keys_from_dir() takes; a
 * folder of certificates has <role>.pem for each role. Both appear whole or
 * not at all, whenever the process ends.
 */
#ifndef CA_KEPT_H
#define CA_KEPT_H

#include "ca/material.h"

/* Write all keys, and the certificates that were brought with them, into a new folder (0700, its files 0600). */
MUST_USE int ca_keys_save(
    const struct ca_keys *keys, const char *dir, struct err *e);

/* Those that ca_keys_save() wrote; every key must be there. NULL on failure. */
struct ca_keys *ca_keys_saved(
    const struct pki_lib *lib, const char *dir, struct err *e);

/* The first role whose key, or certificate brought along, is another in the two; CA_ROLES: none is. */
enum ca_role ca_keys_difference(
    const struct ca_keys *a, const struct ca_keys *b);

/*
 * From now on use the certificates in dir, as if they had been brought, unless
 * others were. Where there is no such folder they are minted as spec says,
 * which must be healthy and have these keys, and written there. One that has
 * run out by spec->now is minted anew and replaced there: *renewed gets a bit
 * for its role (1 << role). On failure keys are to be freed.
 */
MUST_USE int ca_certificates_keep(struct ca_keys *keys, const char *dir,
    struct pki_ctx *ctx, const struct ca_material_spec *spec,
    const struct env *env, unsigned *renewed, struct err *e);

#endif
