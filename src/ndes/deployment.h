/* SPDX-License-Identifier: MIT */
/*
 * What a simulated deployment is made of, besides the host model: its CA, its
 * RA material, its password cache, its evidence. Built by the server for each
 * site; the stages borrow it. Immutable while exchanges run, except behind the
 * locks of its parts.
 */
#ifndef NDES_DEPLOYMENT_H
#define NDES_DEPLOYMENT_H

#include "ca/ca.h"
#include "ndes/challenge.h"

struct evidence;
struct pool;

/* Did mscep.dll load when the pool started? (NDES events 1, 2, 10) */
struct mscep_state {
	bool loaded;
	uint32_t hresult; /* why not, e.g. 0x80070057 */
	const char *why; /* a constant sentence; NULL when loaded */
	const char *key; /* of the model, that is why; NULL when loaded */
};

struct ndes_deployment {
	const struct env *env;
	const char *hostname; /* --hostname */
	const char *admin_user, *admin_password; /* who may open mscep_admin */
	struct ca *ca;
	const struct ca_material *material;
	struct challenge_cache *challenges;
	struct pool *pool;
	struct evidence *evidence; /* NULL: none on disk */
	struct mscep_state mscep;
};

/* What mscep.dll finds when the pool starts with this host and material at this time (unix seconds). */
struct mscep_state ndes_mscep_start(
    const struct host *host, const struct ca_material *m, int64_t now);

#endif
