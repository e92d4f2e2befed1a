/* SPDX-License-Identifier: MIT */
/*
 * mscep.dll: did it load, may it act for its callers, and the operations that
 * need no cryptography. What it decides about messages is in decide.c.
 */
#include "ndes/pages.h"

#define ERROR_BAD_IMPERSONATION_LEVEL 1346
#define E_INVALIDARG_WIN32 0x80070057u

static bool
is_in_date(const struct pki_cert *c, int64_t now)
{
	return now >= c->not_before && now <= c->not_after;
}

/* Is this RA certificate of no use, by the model or by its dates? */
static bool
is_expired(
    int state, const struct ca_material *m, enum ca_role role, int64_t now)
{
	return state == HOST_CERT_EXPIRED ||
	    (m != NULL && !is_in_date(ca_material_cert(m, role), now));
}

struct mscep_state
ndes_mscep_start(
    const struct host *host, const struct ca_material *m, int64_t now)
{
	struct mscep_state s = { .loaded = true };

	if (is_expired(host->ra.signing, m, CA_RA_SIGN, now))
		s.why = "mscep.dll did not start (events 2 and 10, "
			"0x80070057): the RA signing certificate (Exchange "
			"Enrollment Agent) is out of date";
	else if (is_expired(host->ra.encryption, m, CA_RA_ENCRYPT, now))
		s.why = "mscep.dll did not start (events 2 and 10, "
			"0x80070057): the RA encryption certificate (CEP "
			"Encryption) is out of date";
	if (s.why != NULL) {
		s.loaded = false;
		s.hresult = E_INVALIDARG_WIN32;
	}
	return s;
}

/*
 * With the policy module, browsing to the URL of the devices is forbidden.
 * That is the sign that administrators look for.
 */
static void
browse(struct ndes_exchange *x)
{
	const struct host *h = x->host;

	if (h->policy_module.installed && h->policy_module.loaded) {
		ndes_iis_page(x, 403, 0, 0,
		    "browsing is forbidden while the policy module is "
		    "loaded; devices ask with operation=");
		x->answered_by = NDES_LAYER_MSCEP;
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
	ndes_general_page(x);
	x->why = "an operation that NDES does not know; it gets the general "
		 "page";
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
		return;
	}
	if (!x->dep->mscep.loaded) {
		/* which win32 code IIS logs here is not established */
		ndes_iis_page(x, 500, 0, x->dep->mscep.hresult & 0xffff,
		    x->dep->mscep.why);
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
	case NDES_OP_PKIOPERATION: /* a worker's */
	case NDES_OP_NONE: /* the others: IIS has answered */
	case NDES_OP_SLASH:
	case NDES_OP_CERT_ENROLL:
	case NDES_OPS:
		break;
	}
}

bool
ndes_needs_worker(const struct ndes_exchange *x)
{
	return x->reply.status == 0 &&
	    (x->op == NDES_OP_PKIOPERATION || x->op == NDES_OP_CERT_ENROLL);
}
