/* SPDX-License-Identifier: MIT */
/* Error pages of the Application Proxy, which stands in a cloud in front of the deployment. */
#ifndef NDES_PROXY_PAGE_H
#define NDES_PROXY_PAGE_H

#include "ndes/exchange.h"

struct ndes_proxy_page {
	int status;
	const char *code; /* "GatewayTimeout" */
	const char *heading; /* behind the code */
	const char *text; /* a paragraph, HTML */
	const char *why;
};

/* The proxy's headers onto a reply that it hands back from NDES. */
void ndes_proxy_mark(struct ndes_exchange *x);

/* Answer with the page; nothing of it is in the logs of the host. */
void ndes_proxy_page(
    struct ndes_exchange *x, const struct ndes_proxy_page *page);

#endif
