/* SPDX-License-Identifier: MIT */
/*
 * A correct client, as the interop rows have it: it enrols as an
 * administrator would have it enrol (password and thumbprint from the page of
 * mscep_admin, capabilities, certificates, message, polls), takes whatever the
 * RFCs leave open, refuses everything else with a sentence, tries again where
 * that may help, and never without end. It waits for nothing: what it would
 * have waited for is in wait_s.
 */
#ifndef SUPPORT_WARY_H
#define SUPPORT_WARY_H

#include "support/client.h"

struct wary {
	struct client *c;
	const char *url; /* of mscep.dll */
	const char *userpwd; /* of the password page */
	EVP_PKEY *key;
	const char *subject; /* of client_name() */
	const char *dns; /* asked for as subjectAltName; NULL: none */
	X509 *old; /* renewed; NULL: a first enrolment */
	EVP_PKEY *old_key;
	X509 *known_ca; /* the issuing CA of before; NULL: none is known */
	X509 *earlier; /* issued before to another; NULL: none */
	const char *transaction; /* used for each message; NULL: fresh ones */
	bool no_page_thumbprint; /* has no thumbprint to compare with */
	bool expects_continue; /* sends Expect: 100-continue */

	/* what became of it */
	X509 *certificate; /* owned: wary_clear() */
	X509 *ca; /* owned: the issuing CA that it went by */
	unsigned retried, polled, fell_back;
	long wait_s; /* what it was asked to wait */
};

/* 0: certificate is there. -1: refused, c->why says why. */
int wary_enrol(struct wary *w);
void wary_clear(struct wary *w); /* what became of it */

/* ---- parts ---- */

struct wary_caps {
	bool post, aes, sha256, sha512, renewal;
};
/* Lines without regard to case and blanks; what nobody knows is nothing. */
void wary_caps_read(const struct client_bytes *body, struct wary_caps *out);

/* What GetCACert brought, and who is who. Lent from all. */
struct wary_bundle {
	STACK_OF(X509) * all;
	X509 *encrypt, *issuing;
	STACK_OF(X509) * signers; /* who may sign a CertRep */
};
/* thumbprint: of the issuing CA, MD5 in hex; NULL: the CA of the RA that fits best. */
int wary_bundle_read(struct client *c, const struct client_bytes *body,
    const char *thumbprint, struct wary_bundle *out);
void wary_bundle_clear(struct wary_bundle *b);

/* The password page, in any coding: its password and MD5 thumbprint in hex. */
struct wary_page {
	char password[17], thumbprint[33];
};
int wary_page_read(
    struct client *c, const struct client_bytes *body, struct wary_page *out);

/* Is it what was asked for, by this CA, and sound? */
int wary_certificate_check(
    const struct wary *w, const struct wary_bundle *b, X509 *x);

#endif
