/* SPDX-License-Identifier: MIT */
/*
 * Replies that several layers of this room make: stock pages with a header of
 * their own, redirects, and the HTML pages of mscep.dll.
 */
#ifndef NDES_PAGES_H
#define NDES_PAGES_H

#include "ndes/exchange.h"

/* A stock page of IIS with one more header (401, 405); the texts must live as long as the exchange. */
struct ndes_page {
	int status, substatus;
	uint32_t win32;
	const char *why;
	const char *header, *value; /* header NULL: none */
	const char *more[2]; /* the same header again; NULL: no more */
};

void ndes_iis_page_with(struct ndes_exchange *x, const struct ndes_page *page);

/* 301 to a location that lives as long as the exchange. */
void ndes_iis_redirect(struct ndes_exchange *x, const char *location);

/*
 * A page of mscep.dll at 200: paragraphs (UTF-8 HTML) between the head and the
 * tail that all of them share, sent as UTF-16LE.
 */
void ndes_mscep_page(struct ndes_exchange *x, const char *paragraphs);

/* The page that says where the admin page is. */
void ndes_general_page(struct ndes_exchange *x);

/* The page of mscep_admin, whichever the deployment gives now. */
void ndes_admin_page(struct ndes_exchange *x);

/* GetCACaps. */
void ndes_caps(struct ndes_exchange *x);

/* The host's NetBIOS name: first label of the host name, upper case, at most 15 characters. */
void ndes_netbios_name(const char *hostname, char out[16]);

#endif
