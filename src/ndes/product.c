/* SPDX-License-Identifier: MIT */
/*
 * The table of products. Each row says how sure it is: seen, documented,
 * inferred (from seen or documented facts), or chosen (nothing is known, and
 * this is the most plausible). The versions of IIS and http.sys, the fields of
 * their logs, and for 2016 to 2022 the list of capabilities are documented or
 * seen; everything else is in the rows.
 *
 * The registry's and the scenario's keys win over a row. That older products
 * know registry.CACapabilitiesAlgorithms is chosen: it is documented since
 * 2022, and who sets it wants to see it act.
 */
#include "ndes/product.h"

#define IIS "Microsoft Internet Information Services "
#define HTTP_SYS "Microsoft-HTTPAPI/2.0"
#define HTTP_API "Microsoft HTTP API 2.0"
#define OURS "mockndes"

static const char *const caps_ndes[] = { "POSTPKIOperation", "Renewal", NULL };
static const char *const caps_get_only[] = { "Renewal", NULL };
static const char *const caps_rfc[] = { "SCEPStandard", "POSTPKIOperation",
	"Renewal", NULL };

static const char *const algorithms_ndes[] = { "SHA-512", "SHA-256", "SHA-1",
	"DES3", NULL };
static const char *const algorithms_rfc[] = { "AES", "SHA-256", "SHA-512",
	"SHA-1", "DES3", NULL };

/* What all Windows products have alike; a row overrides none of it. */
#define WINDOWS(version)                                                       \
	.server = "Microsoft-IIS/" version, .http_sys_server = HTTP_SYS,       \
	.powered_by = true, .pages = true, .caps_algorithms = algorithms_ndes, \
	.microsoft = true, .policy_module = true, .iis_software = IIS version, \
	.httperr_software = HTTP_API

/*
 * IIS 10.0. The capabilities are documented for 2016, 2019 and 2022. Chosen:
 * text/plain, since the real header is not known and the RFC has this one.
 */
#define IIS_10                                                                 \
	WINDOWS("10.0"), .caps = caps_ndes, .caps_content_type = "text/plain", \
			 .post = NDES_POST_READ, .oaep_with_aes = false,       \
			 .cipher = PKI_CIPHER_UNKNOWN, .log_referer = true,    \
			 .log_streamid = true

static const struct ndes_product rows[] = {
	/*
	 * IIS 7.5 with KB2483564, without which GetCACaps has no answer.
	 * Seen: no Content-Type. Documented: no AES among the capabilities, no
	 * POST, DES3 in answers whatever was asked for, no cs(Referer) in the
	 * log. Chosen: the list is the later one without POSTPKIOperation.
	 * Inferred: what a POST gets. A field report has the server complain
	 * of a message without message=, so its body is not read, which here
	 * ends as a GET without message= does: event 16 and the 500 page.
	 */
	[HOST_NDES_2008R2] = { WINDOWS("7.5"), .caps = caps_get_only,
	    .caps_content_type = NULL, .post = NDES_POST_UNREAD,
	    .cipher = PKI_DES3_CBC, .log_referer = false,
	    .log_streamid = false },
	/*
	 * IIS 8.0. Seen: OAEP in an answer with AES. Documented: that it is
	 * this product which does so; POST gets 200 and nothing. Inferred: the
	 * capabilities, and that POSTPKIOperation is among them. Chosen:
	 * text/plain; the empty answer to a POST has no Content-Type.
	 */
	[HOST_NDES_2012] = { WINDOWS("8.0"), .caps = caps_ndes,
	    .caps_content_type = "text/plain", .post = NDES_POST_EMPTY,
	    .oaep_with_aes = true, .cipher = PKI_CIPHER_UNKNOWN,
	    .log_referer = true, .log_streamid = false },
	/*
	 * IIS 8.5. The report of the empty answer is of IIS 8.x. Inferred: the
	 * capabilities. Chosen: OAEP as 2012, since only IIS 10 is known to do
	 * without.
	 */
	[HOST_NDES_2012R2] = { WINDOWS("8.5"), .caps = caps_ndes,
	    .caps_content_type = "text/plain", .post = NDES_POST_EMPTY,
	    .oaep_with_aes = true, .cipher = PKI_CIPHER_UNKNOWN,
	    .log_referer = true, .log_streamid = false },
	[HOST_NDES_2016] = { IIS_10 },
	[HOST_NDES_2019] = { IIS_10 },
	/* Its HTTPERR has more fields, which are not known; it is written as 2016's. */
	[HOST_NDES_2022] = { IIS_10 },
	/* Nothing is known of it yet; chosen: as 2022. */
	[HOST_NDES_2025] = { IIS_10 },
	/*
	 * No Windows, but a server as RFC 8894 wants it (sections 3.3.2.2 and
	 * 3.5.2). FAILURE has an empty OCTET STRING where the RFC has nothing,
	 * since certmonger cannot read its letter. GetNextCACert is not listed,
	 * because it is not served. Chosen: the order of the list; the RA's
	 * certificate comes with the CertRep; our own name in Server and logs;
	 * 404 where NDES has a page. mscep_admin stays, for its passwords.
	 */
	[HOST_RFC8894] = { .server = OURS,
	    .http_sys_server = OURS,
	    .powered_by = false,
	    .pages = false,
	    .caps = caps_rfc,
	    .caps_algorithms = algorithms_rfc,
	    .caps_content_type = "text/plain",
	    .post = NDES_POST_READ,
	    .oaep_with_aes = false,
	    .cipher = PKI_CIPHER_UNKNOWN,
	    .microsoft = false,
	    .policy_module = false,
	    .iis_software = OURS,
	    .httperr_software = OURS,
	    .log_referer = true,
	    .log_streamid = true },
};

const struct ndes_product *
ndes_product(const struct host *host)
{
	return &rows[host->product];
}
