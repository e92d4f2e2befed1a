/* SPDX-License-Identifier: MIT */
/* The CA's life, and how a certificate stands with it. Issuing is issue.c, revocation lists are crl.c. */
#include "ca/ca.h"

#include <stdlib.h>

#include "ca/impl.h"
#include "ca/parts.h"

#define CRL_MAX ((size_t)64 * 1024 * 1024)

struct ca *
ca_new(struct store *store, const struct env *env, struct err *e)
{
	struct ca *ca = calloc(1, sizeof(*ca));

	if (ca == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the CA");
		return NULL;
	}
	ca->store = store;
	ca->env = env;
	pthread_mutex_init(&ca->crl_lock, NULL);
	buf_init(&ca->crl.der, CRL_MAX);
	buf_init(&ca->root_crl.der, CRL_MAX);
	return ca;
}

void
ca_free(struct ca *ca)
{
	if (ca == NULL)
		return;
	buf_clear(&ca->crl.der);
	buf_clear(&ca->root_crl.der);
	pthread_mutex_destroy(&ca->crl_lock);
	free(ca);
}

void
ca_set_private(struct ca *ca, bool is_private)
{
	ca->is_private = is_private;
}

/*
 * A certificate that is not in the store, but was signed by our key, is ours
 * all the same: the store may have died with an earlier run.
 */
static enum ca_standing
judge(const struct pki_cert *cert, enum store_cert_state state, int64_t now)
{
	if (state == STORE_CERT_REVOKED)
		return CA_REVOKED;
	if (now < cert->not_before)
		return CA_NOT_YET_VALID;
	return now > cert->not_after ? CA_EXPIRED : CA_STANDS;
}

int
ca_standing(struct ca *ca, struct pki_ctx *ctx, const struct ca_material *m,
    const struct pki_cert *cert, enum ca_standing *standing, struct err *e)
{
	const struct pki_cert *issuing = ca_material_cert(m, CA_ISSUING);
	enum store_cert_state state;

	if (!bytes_eq(cert->issuer, issuing->subject)) {
		*standing = CA_NOT_OURS;
		return 0;
	}
	int ours =
	    pki_cert_verify(ctx, cert, ca_material_key(m, CA_ISSUING), e);
	if (ours == -1)
		return -1;
	if (ours == 0) {
		*standing = CA_NOT_OURS;
		return 0;
	}
	if (store_cert_state(ca->store, cert->serial, &state, e) == -1)
		return -1;
	if (ca->is_private && state == STORE_CERT_UNKNOWN) {
		*standing = CA_NOT_OURS;
		return 0;
	}
	*standing = judge(cert, state, env_now(ca->env));
	return 0;
}
