/* SPDX-License-Identifier: MIT */
/* The certificates of the deployment itself, and its keys where that was asked for at start. */
#include "control/call.h"

#define BODY_MAX ((size_t)256 << 10)

enum form { FORM_PEM, FORM_DER, FORM_KEY, FORMS };

static const char *const forms[FORMS] = { "pem", "der", "key" };

/* What a deployment has; strangers and generations to come are for lies. */
static const enum ca_role roles[] = { CA_ROOT, CA_ISSUING, CA_RA_SIGN,
	CA_RA_ENCRYPT, CA_TLS };

/* In the order of GetCACert. */
static const enum ca_role chain[] = { CA_RA_SIGN, CA_RA_ENCRYPT, CA_ISSUING,
	CA_ROOT };

static void
answer(struct control_call *c, const char *type, struct buf *b)
{
	struct bytes body = arena_copy(c->arena, buf_bytes(b));

	if (!buf_ok(b) || body.p == NULL)
		call_problem(c, 500, "mockndes is out of memory");
	else
		call_bytes(c, 200, type, body);
	buf_clear(b);
}

static void
add_pem(struct buf *b, const struct ca_material *m, enum ca_role role)
{
	pki_pem(b, "CERTIFICATE", ca_material_cert(m, role)->der);
}

static void
answer_chain(
    struct control_call *c, const struct ca_material *m, enum form form)
{
	struct buf b;

	buf_init(&b, BODY_MAX);
	if (form == FORM_DER) {
		buf_add(&b, ca_material_chain_p7(m));
		answer(c, "application/pkcs7-mime; smime-type=certs-only", &b);
		return;
	}
	for (size_t i = 0; i < nitems(chain); i++)
		add_pem(&b, m, chain[i]);
	answer(c, "application/x-pem-file", &b);
}

static void
answer_key(
    struct control_call *c, const struct ca_material *m, enum ca_role role)
{
	struct err e = { 0 };
	struct buf b;

	if (!c->control->serve_keys) {
		call_problem(c, 403,
		    "private keys are served only where --serve-keys was "
		    "given at start");
		return;
	}
	buf_init(&b, BODY_MAX);
	if (pki_key_to_pem(ca_material_key(m, role), &b, &e) == 0) {
		answer(c, "application/x-pem-file", &b);
		return;
	}
	buf_clear(&b);
	call_failed(c, &e);
}

static void
answer_role(struct control_call *c, const struct ca_material *m,
    enum ca_role role, enum form form)
{
	struct buf b;

	if (form == FORM_KEY) {
		answer_key(c, m, role);
		return;
	}
	buf_init(&b, BODY_MAX);
	if (form == FORM_PEM)
		add_pem(&b, m, role);
	else
		buf_add(&b, ca_material_cert(m, role)->der);
	answer(c,
	    form == FORM_PEM ? "application/x-pem-file"
			     : "application/pkix-cert",
	    &b);
}

/* False: it has no such name. */
static bool
answer_named(struct control_call *c, const struct ca_material *m,
    const char *name, enum form form)
{
	if (strcmp(name, "chain") == 0 && form != FORM_KEY) {
		answer_chain(c, m, form);
		return true;
	}
	for (size_t i = 0; i < nitems(roles); i++) {
		if (strcmp(name, ca_role_name(roles[i])) == 0) {
			answer_role(c, m, roles[i], form);
			return true;
		}
	}
	return false;
}

static void
get(struct control_call *c)
{
	struct site *site = call_site(c);
	const char *name = call_param(c, 0), *end = call_param(c, 1);
	struct site_snapshot *now;
	unsigned form = 0;

	if (site == NULL)
		return;
	while (form < FORMS && strcmp(end, forms[form]) != 0)
		form++;
	now = site_acquire(site);
	if (form == FORMS ||
	    !answer_named(c, now->dep.material, name, (enum form)form))
		call_problem(c, 404,
		    "there are root, issuing, ra-sign, ra-encrypt, chain and "
		    "tls, each as .pem and .der");
	site_release(now);
}

const struct control_route control_ca_routes[] = {
	{ "GET", "/v1/ca/{name}.{form}", CALL_TOKEN | CALL_SERVER | CALL_SITE,
	    get, NULL },
	{ 0 },
};
