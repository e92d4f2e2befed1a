/* SPDX-License-Identifier: MIT */
/* Chains of the TLS listener that a client should refuse: the sound one, twisted. */
#include "ca/twist.h"

#include "ca/parts.h"

#define DAY_S ((int64_t)24 * 3600)

int
ca_tls_variant(struct pki_ctx *ctx, const struct ca_material *m,
    enum ca_tls_kind kind, int64_t now, struct buf *chain_pem, struct err *e)
{
	static const char *const wrong[] = { CA_WRONG_NAME };
	static const struct ca_twist twists[CA_TLS_KINDS] = {
		[CA_TLS_EXPIRED] = { .not_before = CA_WHEN_OFFSET,
		    .not_before_s = -400 * DAY_S,
		    .not_after = CA_WHEN_OFFSET,
		    .not_after_s = -DAY_S },
		[CA_TLS_NOT_YET] = { .not_before = CA_WHEN_OFFSET,
		    .not_before_s = DAY_S,
		    .not_after = CA_WHEN_OFFSET,
		    .not_after_s = 300 * DAY_S },
		[CA_TLS_SELF_SIGNED] = { .issuer = CA_ISSUER_SELF },
		[CA_TLS_WRONG_NAME] = { .has_subject = true,
		    .subject = "CN=" CA_WRONG_NAME,
		    .san = CA_LIST_GIVEN,
		    .san_dns = wrong,
		    .san_count = 1 },
		[CA_TLS_UNTRUSTED] = { .issuer = CA_ISSUER_STRANGER },
		[CA_TLS_NEXT] = { .issuer = CA_ISSUER_NEXT },
	};
	const struct pki_key *key;
	struct arena arena;
	struct pki_cert cert;
	enum ca_role issuer = kind == CA_TLS_UNTRUSTED ? CA_STRANGER
	    : kind == CA_TLS_NEXT                      ? CA_NEXT
						       : m->tls_issuer;
	int rc;

	arena_init(&arena, (size_t)1 << 20);
	rc = ca_twisted_role(
	    ctx, m, CA_TLS, &twists[kind], now, &arena, &cert, &key, e);
	if (rc == 0) {
		pki_pem(chain_pem, "CERTIFICATE", cert.der);
		if (kind != CA_TLS_LEAF_ONLY && kind != CA_TLS_SELF_SIGNED)
			pki_pem(chain_pem, "CERTIFICATE",
			    ca_material_cert(m, issuer)->der);
	}
	arena_clear(&arena);
	return rc;
}
