/* SPDX-License-Identifier: MIT */
/*
 * w3wp.exe, the process that serves the application pool SCEP: can it run
 * under its identity, and does the policy module crash it on a request. A
 * crash leaves the client with a closed connection, and http.sys with a
 * request that its queue gave back.
 *
 * Request filtering and authentication are modules inside this process, so
 * without it there are none. The policy module comes with mscep.dll, which a
 * request loads when it gets to its handler: what is filtered, or sent back
 * for credentials, crashes nothing.
 *
 * The win32 codes of the 500 for a bad service account are inferred: they are
 * those with which such a log-on fails.
 */
#include "ndes/exchange.h"

#include "ndes/pool.h"

#define POOL_NAME "SCEP"
#define EXIT_CODE "0xc0000005" /* access violation */
#define ERROR_PASSWORD_EXPIRED 1330
#define ERROR_ACCOUNT_LOCKED_OUT 1909

#define NDES_CERT_VALUE                                                  \
	"HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\" \
	"Modules\\NDESPolicy\\NDESCertThumbprint"
#define E_EXPIRED                                                     \
	"800B0101 A required certificate is not within its validity " \
	"period when verifying against the current system clock."
#define E_REVOCATION_OFFLINE                                               \
	"80092013 The revocation function was unable to check revocation " \
	"because the revocation server was offline."

/* ---- identity ---- */

static void
fail_log_on(
    struct ndes_exchange *x, uint32_t win32, const char *key, const char *why)
{
	x->evidence.in_iis_log = true;
	ndes_iis_page(x, 500, 0, win32, why);
	x->answered_by = NDES_LAYER_WORKER_PROCESS;
	x->key = key;
}

void
ndes_worker_identity(struct ndes_exchange *x)
{
	if (!x->scep_app)
		return;
	if (x->host->account.locked)
		fail_log_on(x, ERROR_ACCOUNT_LOCKED_OUT, "account.locked",
		    "the NDES service account is locked (account.locked)");
	else if (x->host->account.password_expired)
		fail_log_on(x, ERROR_PASSWORD_EXPIRED,
		    "account.password_expired",
		    "the password of the NDES service account has expired "
		    "(account.password_expired)");
}

/* ---- crashes ---- */

static bool
has_intermediates(const struct host *h)
{
	return h->root_store.ndes_intermediates;
}

static bool
has_no_crl(const struct host *h)
{
	return !h->crl.reachable;
}

static bool
wants_windows_authentication(const struct host *h)
{
	return h->policy_module.crp_authentication == HOST_CRP_WINDOWS;
}

static bool
has_expired_certificate(const struct host *h)
{
	return h->policy_module.client_certificate == HOST_CLIENT_EXPIRED;
}

static void
note_crl(struct ndes_exchange *x)
{
	const char *url = x->dep->material != NULL
	    ? ca_material_crl_url(x->dep->material)
	    : arena_printf(
		  &x->arena, "http://%s/CertEnroll/", x->dep->hostname);

	ndes_note_event(x, EVENT_CAPI2_REVOCATION, url == NULL ? "" : url,
	    E_REVOCATION_OFFLINE, NULL);
}

static void
note_expired_certificate(struct ndes_exchange *x)
{
	const char *subject = arena_printf(
	    &x->arena, "CN=%s (%s)", x->dep->hostname, NDES_CERT_VALUE);

	if (subject == NULL)
		subject = NDES_CERT_VALUE;
	ndes_note_event(x, EVENT_CAPI2_CHAIN, subject, E_EXPIRED, NULL);
	ndes_note_event(x, EVENT_CAPI2_POLICY, subject, E_EXPIRED, NULL);
}

/* In the order of the article, which has CAPI2 tell of the second and fourth. */
static const struct crash {
	bool (*holds)(const struct host *h);
	ndes_stage_fn *note; /* NULL: CAPI2 says nothing */
	const char *key;
	const char *why;
} crashes[] = {
	{ has_intermediates, NULL, "root_store.ndes_intermediates",
	    "certificates that are not self-signed are among the trusted "
	    "roots (root_store.ndes_intermediates)" },
	{ has_no_crl, note_crl, "crl.reachable",
	    "the CRLs of the connector's certificates cannot be fetched "
	    "(crl.reachable)" },
	{ wants_windows_authentication, NULL,
	    "policy_module.crp_authentication",
	    "CertificateRegistrationSvc has Windows authentication "
	    "(policy_module.crp_authentication)" },
	{ has_expired_certificate, note_expired_certificate,
	    "policy_module.client_certificate",
	    "the policy module's client certificate, NDESCertThumbprint, has "
	    "expired (policy_module.client_certificate)" },
};

static const struct crash *
find_crash(const struct host *h)
{
	if (!host_policy_active(h))
		return NULL;
	for (size_t i = 0; i < nitems(crashes); i++) {
		if (crashes[i].holds(h))
			return &crashes[i];
	}
	return NULL;
}

static void
note_death(struct ndes_exchange *x, unsigned pid, bool disabled)
{
	const char *hex = arena_printf(&x->arena, "0x%x", pid);
	const char *decimal = arena_printf(&x->arena, "%u", pid);

	ndes_note_event(x, EVENT_APP_ERROR, hex == NULL ? "" : hex, NULL, NULL);
	ndes_note_event(x, EVENT_WAS_CRASHED, POOL_NAME,
	    decimal == NULL ? "" : decimal, EXIT_CODE);
	if (disabled)
		ndes_note_event(x, EVENT_WAS_RAPID_FAIL, POOL_NAME, NULL, NULL);
}

void
ndes_worker_die(struct ndes_exchange *x, ndes_stage_fn *note, const char *why)
{
	unsigned pid;
	bool disabled =
	    pool_crash(x->dep->pool, x->host, env_now_ms(x->dep->env), &pid);

	x->reply.wire.act = WIRE_CLOSE;
	x->evidence.in_iis_log = false;
	x->evidence.httperr_reason = "Connection_Abandoned_By_ReqQueue";
	x->evidence.httperr_no_status = true;
	x->answered_by = NDES_LAYER_WORKER_PROCESS;
	x->why = why;
	if (pid == 0)
		return; /* another request's crash took this one along */
	if (note != NULL)
		note(x);
	note_death(x, pid, disabled);
}

void
ndes_worker_process(struct ndes_exchange *x)
{
	const struct crash *crash;

	if (!x->scep_app)
		return;
	crash = find_crash(x->host);
	if (crash == NULL)
		return;
	ndes_worker_die(x, crash->note, crash->why);
	x->key = crash->key;
}
