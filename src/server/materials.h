/* SPDX-License-Identifier: MIT */
/*
 * The certificates that sites share: minted once for each way in which a
 * model can ask for them, and kept, so that a thousand sites cost no
 * signatures and a model that comes back finds the same certificates. One
 * lock inside; any thread.
 */
#ifndef SERVER_MATERIALS_H
#define SERVER_MATERIALS_H

#include "base/env.h"
#include "ca/material.h"
#include "ndes/host.h"

struct materials;

struct materials_options { /* borrowed; must outlive the materials */
	const struct env *env; /* the process's clock, not a deployment's */
	const struct pki_lib *lib;
	const struct ca_keys *keys;
	const char *hostname;
	const char *url_base; /* "http://127.0.0.1:8080" */
};

struct materials *materials_new(
    const struct materials_options *options, struct err *e);
void materials_free(struct materials *m); /* accepts NULL */

struct material; /* counted, immutable; keeps what it is made of */

/*
 * What this model asks for, as a deployment below this prefix ("", "/x/NAME",
 * "/s/ID") has it: the certificates are those of all others, the URLs of CRL
 * and issuer in what it issues are its own. One reference. NULL on failure.
 */
struct material *materials_get(struct materials *m, const struct host *host,
    const char *prefix, struct err *e);
struct material *material_ref(struct material *m);
void material_unref(struct material *m); /* accepts NULL */
const struct ca_material *material_get(const struct material *m);

/* Would the same be had for both models? */
bool material_same(const struct host *a, const struct host *b);

#endif
