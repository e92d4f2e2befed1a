/* SPDX-License-Identifier: MIT */
/*
 * The folder CertEnroll of IIS: CRL and certificate of the issuing CA and of
 * the root, under the URLs that issued certificates name.
 */
#include "ndes/exchange.h"

#include "http/query.h"

#define CRL_MAX ((size_t)4 << 20)
#define ERROR_FILE_NOT_FOUND 2

typedef int crl_fn(struct ca *ca, struct pki_ctx *ctx,
    const struct ca_material *m, struct buf *out, struct err *e);

static const struct {
	const char *(*path)(const struct ca_material *m);
	crl_fn *crl; /* NULL: the certificate of role */
	enum ca_role role;
} files[] = {
	{ ca_material_crl_path, ca_crl, CA_ISSUING },
	{ ca_material_root_crl_path, ca_root_crl, CA_ROOT },
	{ ca_material_aia_path, NULL, CA_ISSUING },
	{ ca_material_root_aia_path, NULL, CA_ROOT },
};

static int
send_crl(struct ndes_exchange *x, struct pki_ctx *ctx, crl_fn *crl,
    enum ca_role issuer, struct err *e)
{
	int64_t age_s = x->host->crl.age_ms / 1000;
	struct bytes body;
	struct buf b;
	int rc;

	buf_init(&b, CRL_MAX);
	rc = age_s == 0 ? crl(x->dep->ca, ctx, x->dep->material, &b, e)
			: ca_aged_crl(x->dep->ca, ctx, x->dep->material, issuer,
			      age_s, &b, e);
	if (rc == 0 && !buf_ok(&b))
		rc = err_set(e, ERR_MEMORY, "no memory for a CRL");
	if (rc == 0) {
		body = arena_copy(&x->arena, buf_bytes(&b));
		if (body.p == NULL)
			rc = err_set(e, ERR_MEMORY, "no memory for a CRL");
		else
			ndes_iis_reply(x, 200, "application/pkix-crl", body);
	}
	buf_clear(&b);
	return rc;
}

int
ndes_cert_enroll(struct ndes_exchange *x, struct pki_ctx *ctx, struct err *e)
{
	const struct ca_material *m = x->dep->material;

	if (x->op != NDES_OP_CERT_ENROLL || x->reply.status != 0)
		return 0;
	x->answered_by = NDES_LAYER_IIS;
	for (size_t i = 0; i < nitems(files); i++) {
		struct bytes path =
		    http_percent_decode(&x->arena, bytes_str(files[i].path(m)));

		if (!bytes_eq_nocase(path, x->stem))
			continue;
		if (files[i].crl != NULL)
			return send_crl(x, ctx, files[i].crl, files[i].role, e);
		ndes_iis_reply(x, 200, "application/x-x509-ca-cert",
		    ca_material_cert(m, files[i].role)->der);
		return 0;
	}
	ndes_iis_page(x, 404, 0, ERROR_FILE_NOT_FOUND,
	    "no CRL or certificate of this name in CertEnroll");
	return 0;
}
