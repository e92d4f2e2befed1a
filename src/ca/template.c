/* SPDX-License-Identifier: MIT */
/*
 * The templates. A row gives what the certificate gets where the request is
 * silent; what the request asks for is honoured in issue.c.
 */
#include "ca/template.h"

#include "pki/cert.h"
#include "pki/oid.h"

/* 1.3.6.1.5.5.7.3.4 and 1.3.6.1.4.1.311.10.3.4 */
static const uint8_t email_protection[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
	0x03, 0x04 };
static const uint8_t ms_efs[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37,
	0x0a, 0x03, 0x04 };

static const struct bytes oid_email_protection = { email_protection,
	sizeof(email_protection) };
static const struct bytes oid_ms_efs = { ms_efs, sizeof(ms_efs) };

#define SIGN_AND_ENCRYPT (PKI_KU_DIGITAL_SIGNATURE | PKI_KU_KEY_ENCIPHERMENT)

static const struct ca_template templates[] = {
	/* What NDES asks for unless its registry says otherwise: subject and names from the request. */
	{ "IPSECIntermediateOffline", "IPSec (Offline request)",
	    { &pki_oid_ipsec_ike_intermediate }, SIGN_AND_ENCRYPT },
	/* The same for domain members; a real CA takes the subject from the directory, ours from the request. */
	{ "IPSECIntermediateOnline", "IPSec",
	    { &pki_oid_ipsec_ike_intermediate }, SIGN_AND_ENCRYPT },
	/* The usual name of a template that somebody made for NDES: client authentication, for Wi-Fi and VPN. */
	{ "SCEP", "NDES device", { &pki_oid_client_auth }, SIGN_AND_ENCRYPT },
	/* Built-in templates that people duplicate or set for user and device profiles. */
	{ "User", "User",
	    { &oid_ms_efs, &oid_email_protection, &pki_oid_client_auth },
	    SIGN_AND_ENCRYPT },
	{ "Machine", "Computer", { &pki_oid_client_auth, &pki_oid_server_auth },
	    SIGN_AND_ENCRYPT },
	{ "Workstation", "Workstation Authentication", { &pki_oid_client_auth },
	    SIGN_AND_ENCRYPT },
};

const struct ca_template *
ca_template_find(const char *name)
{
	for (size_t i = 0; i < nitems(templates); i++) {
		if (bytes_eq_nocase(
			bytes_str(templates[i].name), bytes_str(name)))
			return &templates[i];
	}
	return NULL;
}

size_t
ca_template_eku_count(const struct ca_template *t)
{
	size_t n = 0;

	while (n < CA_TEMPLATE_EKUS_MAX && t->eku[n] != NULL)
		n++;
	return n;
}
