/* SPDX-License-Identifier: MIT */
/*
 * What differs between the products that the deployment may be (host key
 * `product`): one row each, looked at by whoever answers or logs.
 */
#ifndef NDES_PRODUCT_H
#define NDES_PRODUCT_H

#include "ndes/host.h"
#include "pki/alg.h"

/* What becomes of a PKIOperation by POST. */
enum ndes_post {
	NDES_POST_READ, /* it is answered like one by GET */
	NDES_POST_EMPTY, /* 200 with a body of no bytes; nobody looked at the message */
	NDES_POST_UNREAD, /* the body is not read: a message is looked for in message= */
};

struct ndes_product {
	/* on the wire */
	const char *server; /* Server header of IIS */
	const char *http_sys_server; /* the same of http.sys */
	bool powered_by; /* may send X-Powered-By, when iis.powered_by */
	bool pages; /* browsing and unknown operations get a page; else 404 */
	const char *const *caps; /* of GetCACaps, NULL at the end */
	const char *const *caps_algorithms; /* after them, unless set */
	const char *caps_content_type; /* NULL: no such header */
	enum ndes_post post;

	/* CertRep */
	bool oaep_with_aes; /* also without mscep.oaep_with_aes */
	enum pki_cipher cipher; /* PKI_CIPHER_UNKNOWN: the request's */
	bool
	    microsoft; /* Microsoft's attributes, one zero byte for no content, no certificates; else the RFC's ways */

	bool policy_module; /* can have the Intune policy module */

	/* logs */
	const char *iis_software, *httperr_software; /* #Software */
	bool log_referer; /* cs(Referer) is a default field */
	bool log_streamid; /* HTTPERR has streamid */
};

/* The row of the product that the host is. Never NULL. */
const struct ndes_product *ndes_product(const struct host *host);

#endif
