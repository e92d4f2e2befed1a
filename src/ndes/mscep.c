/* SPDX-License-Identifier: MIT */
/*
 * mscep.dll: did it load, may it act for its callers, and the operations that
 * need no cryptography. What it decides about messages is in decide.c.
 */
#include "ndes/hresult.h"
#include "ndes/pages.h"
#include "ndes/product.h"

#define ERROR_BAD_IMPERSONATION_LEVEL 1346

static bool
is_in_date(const struct pki_cert *c, int64_t now)
{
	return now >= c->not_before && now <= c->not_after;
}

/*
 * Why mscep.dll cannot do with an RA certificate. That the code of the
 * missing one is another is documented; that a revoked one and an unreadable
 * key count as "no usable certificate" is chosen.
 */
#define RA_ROWS(cert)                                                       \
	{                                                                   \
		[HOST_CERT_EXPIRED] = { HRESULT_INVALID_ARGUMENT,           \
			"NDES did not start: the RA " cert                  \
			" is out of date" },                                \
		[HOST_CERT_MISSING] = { HRESULT_FILE_NOT_FOUND,             \
			"NDES did not start: the RA " cert                  \
			" is not in the computer's store" },                \
		[HOST_CERT_KEY_UNREADABLE] = { HRESULT_INVALID_ARGUMENT,    \
			"NDES did not start: the service account may not "  \
			"read the key of the RA " cert },                   \
		[HOST_CERT_REVOKED] = { HRESULT_INVALID_ARGUMENT,           \
			"NDES did not start: the RA " cert " is revoked" }, \
	}

struct ra_row {
	uint32_t hresult;
	const char *why; /* NULL: nothing wrong */
};

static const struct ra_row sign_rows[] =
    RA_ROWS("signing certificate (Exchange Enrollment Agent)");
static const struct ra_row encrypt_rows[] =
    RA_ROWS("encryption certificate (CEP Encryption)");

/* The state that the model tells, or what the dates say. */
static const struct ra_row *
find_ra(const struct ra_row *rows, int state, const struct ca_material *m,
    enum ca_role role, int64_t now)
{
	if (state == HOST_CERT_VALID && m != NULL &&
	    !is_in_date(ca_material_cert(m, role), now))
		state = HOST_CERT_EXPIRED;
	return &rows[state];
}

struct mscep_state
ndes_mscep_start(
    const struct host *host, const struct ca_material *m, int64_t now)
{
	const struct ra_row *row =
	    find_ra(sign_rows, host->ra.signing, m, CA_RA_SIGN, now);
	const char *key = "ra.signing";

	if (row->why == NULL) {
		row = find_ra(
		    encrypt_rows, host->ra.encryption, m, CA_RA_ENCRYPT, now);
		key = "ra.encryption";
	}
	return (struct mscep_state){
		.loaded = row->why == NULL,
		.hresult = row->hresult,
		.why = row->why,
		.key = row->why == NULL ? NULL : key,
	};
}

/* A product that is not NDES has nothing to say here. */
static void
no_page(struct ndes_exchange *x)
{
	ndes_iis_page(x, 404, 0, 0,
	    "only SCEP operations are answered here, and this product does "
	    "not serve this one");
	x->answered_by = NDES_LAYER_MSCEP;
	x->key = "product";
}

/*
 * With the policy module, browsing to the URL of the devices is forbidden.
 * That is the sign that administrators look for.
 */
static void
browse(struct ndes_exchange *x)
{
	if (!ndes_product(x->host)->pages) {
		no_page(x);
		return;
	}
	if (host_policy_active(x->host)) {
		ndes_iis_page(x, 403, 0, 0,
		    "browsing is forbidden while the policy module is "
		    "loaded; devices ask with operation=");
		x->answered_by = NDES_LAYER_MSCEP;
		x->key = "policy_module.loaded";
		return;
	}
	ndes_general_page(x);
}

static void
get_ca_cert(struct ndes_exchange *x)
{
	ndes_iis_reply(x, 200, "application/x-x509-ca-ra-cert",
	    ca_material_chain_p7(x->dep->material));
	x->answered_by = NDES_LAYER_MSCEP;
}

/* Microsoft's own tester asks for "GetCACerts" and is content with any 200, so that is what unknown operations get: the general page. */
static void
other(struct ndes_exchange *x)
{
	if (!ndes_product(x->host)->pages) {
		no_page(x);
		return;
	}
	ndes_general_page(x);
	x->why = "an operation that NDES does not know; it gets the general "
		 "page";
}

static void
empty_answer(struct ndes_exchange *x)
{
	ndes_iis_reply(x, 200, NULL, bytes_of(NULL, 0));
	x->answered_by = NDES_LAYER_MSCEP;
	x->why = "NDES of this version answers a POST with nothing, though it "
		 "lists POSTPKIOperation; send the message by GET";
	x->key = "product";
}

void
ndes_mscep_enter(struct ndes_exchange *x)
{
	if (x->op == NDES_OP_CERT_ENROLL)
		return; /* a static file, not in this application */
	if (!x->host->rights.impersonate) {
		ndes_iis_page(x, 500, 0, ERROR_BAD_IMPERSONATION_LEVEL,
		    "IIS_IUSRS lacks the right \"Impersonate a client after "
		    "authentication\"");
		x->answered_by = NDES_LAYER_MSCEP;
		x->key = "rights.impersonate";
		return;
	}
	if (!x->dep->mscep.loaded) {
		/* which win32 code IIS logs here is not established */
		ndes_iis_page(x, 500, 0, x->dep->mscep.hresult & 0xffff,
		    x->dep->mscep.why);
		x->answered_by = NDES_LAYER_MSCEP;
		x->key = x->dep->mscep.key;
		return;
	}
	switch (x->op) {
	case NDES_OP_BROWSE:
		browse(x);
		break;
	case NDES_OP_GETCACAPS:
		ndes_caps(x);
		break;
	case NDES_OP_GETCACERT:
		get_ca_cert(x);
		break;
	case NDES_OP_OTHER:
		other(x);
		break;
	case NDES_OP_ADMIN:
		ndes_admin_page(x);
		break;
	case NDES_OP_PKIOPERATION: /* else a worker's */
		if (x->rq.method == HTTP_POST &&
		    ndes_product(x->host)->post == NDES_POST_EMPTY)
			empty_answer(x);
		break;
	case NDES_OP_NONE: /* the others: IIS has answered */
	case NDES_OP_SLASH:
	case NDES_OP_CERT_ENROLL:
	case NDES_OPS:
		break;
	}
}
