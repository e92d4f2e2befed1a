/* SPDX-License-Identifier: MIT */
/*
 * The table of host keys: one row for each thing that a scenario may say of
 * the deployment. What is done with rows is in host.c.
 *
 * Defaults are those of a healthy deployment as the Intune instructions leave
 * it: the four length limits at 65534, the policy module loaded.
 */
#include "ndes/host.h"

static const char *const network_states[] = { "open", "refused", "reset",
	"silent", NULL };
static const char *const service_states[] = { "running", "stopped", NULL };
static const char *const reach_states[] = { "reachable", "unreachable", NULL };
static const char *const name_states[] = { "right", "wrong", NULL };
static const char *const log_field_sets[] = { "default", "sc-bytes", NULL };
static const char *const handler_orders[] = { "static-first",
	"extensionless-first", NULL };
static const char *const pool_states[] = { "started", "stopped", "disabled",
	NULL };
static const char *const pool_identities[] = { "lenient", "strict", NULL };
static const char *const cert_states[] = { "valid", "expired", "missing",
	"key-unreadable", "revoked", NULL };
static const char *const ra_issuers[] = { "current-ca", "old-ca", NULL };
static const char *const client_certs[] = { "valid", "expired", "no-eku",
	NULL };
static const char *const crp_tls_states[] = { "valid", "cn-mismatch", NULL };
static const char *const crp_auths[] = { "anonymous", "windows", NULL };
static const char *const crp_healths[] = { "healthy", "temp-not-writable",
	"signing-certificate-missing", "encryption-certificate-missing",
	"deserialize", NULL };
static const char *const intune_challenges[] = { "accepted", "expired", NULL };
static const char *const refusals[] = { "certrep", "http-500", NULL };
static const char *const rejections[] = { "certrep", "http-500", "by-cause",
	NULL };
static const char *const undecryptables[] = { "http-500", "page-200", NULL };
static const char *const installations[] = { "complete", "site-renamed",
	"cng-certificate", NULL };
static const char *const roots[] = { "as-deployed", "replaced", NULL };
static const char *const tls_certs[] = { "valid", "expired", "wrong-name",
	"untrusted", NULL };
static const char *const tls_versions[] = { "tls1.0", "tls1.1", "tls1.2",
	"tls1.3", NULL };
static const char *const tls_clients[] = { "none", "asked", "required", NULL };
static const char *const products[] = { "ndes-2008r2", "ndes-2012",
	"ndes-2012r2", "ndes-2016", "ndes-2019", "ndes-2022", "ndes-2025",
	"rfc8894", NULL };
static const char *const line_ends[] = { "crlf", "lf", NULL };
static const char *const consume_moments[] = { "issued", "seen", NULL };
static const char *const page_codings[] = { "utf-16le", "utf-8", NULL };
static const char *const page_languages[] = { "english", "german", NULL };
static const char *const page_blanks[] = { "one", "none", "many", NULL };
static const char *const thumbprints[] = { "right", "wrong", NULL };
static const char *const password_places[] = { "here", "other-node", NULL };

#define DWORD_MAX 4294967295
#define DAY_MS INT64_C(86400000)
#define FIELD(member) offsetof(struct host, member)

/* clang-format off */
#define BOOL(path, effect, member, fallback, doc) \
	{ path, HOST_BOOL, effect, FIELD(member), 0, 1, NULL, fallback, doc }
#define INT(path, effect, member, lo, hi, fallback, doc) \
	{ path, HOST_INT, effect, FIELD(member), lo, hi, NULL, fallback, doc }
#define ENUM(path, effect, member, names, fallback, doc) \
	{ path, HOST_ENUM, effect, FIELD(member), 0, 0, names, fallback, doc }
#define DURATION(path, effect, member, lo, hi, fallback, doc) \
	{ path, HOST_DURATION, effect, FIELD(member), lo, hi, NULL, fallback, doc }
#define TEXT(path, effect, member, fallback, doc) \
	{ path, HOST_TEXT, effect, FIELD(member), 0, 0, NULL, fallback, doc }
#define LIST(path, effect, member, doc) \
	{ path, HOST_LIST, effect, FIELD(member), 0, 0, NULL, "[]", doc }

static const struct host_key rows[] = {
	ENUM("network.state", HOST_NOW, network.state, network_states, "open",
	    "The way to the server: open, refused (connections are), reset (right after accepting), silent (no answer)."),
	BOOL("app_proxy.in_use", HOST_NOW, app_proxy.in_use, "false",
	    "Clients come by the Application Proxy, all but those whose Host header is app_proxy.internal_name."),
	ENUM("app_proxy.external_url", HOST_NOW, app_proxy.external_url, name_states, "right",
	    "The external URL given to clients; wrong: they get no HTTP answer at all."),
	ENUM("app_proxy.connector", HOST_NOW, app_proxy.connector, service_states, "running",
	    "The proxy connector's service; stopped: 504 after the gateway time-out."),
	ENUM("app_proxy.backend", HOST_NOW, app_proxy.backend, reach_states, "reachable",
	    "Can the connector reach NDES? unreachable: 502."),
	DURATION("app_proxy.gateway_timeout", HOST_NOW, app_proxy.gateway_timeout_ms,
	    0, INT64_C(600000), "85s",
	    "How long the proxy waits before it answers 504."),
	TEXT("app_proxy.internal_name", HOST_NOW, app_proxy.internal_name, "ndes.internal",
	    "Host name under which NDES is reached without the proxy."),
	/* The registry stops at 65534; more is taken here, so that very long GETs can be let through. */
	INT("http_sys.MaxFieldLength", HOST_COMPUTER_RESTART, http_sys.max_field_length,
	    64, 16777216, "65534",
	    "Longest header, and longest URL, that http.sys takes, in bytes."),
	INT("http_sys.MaxRequestBytes", HOST_COMPUTER_RESTART, http_sys.max_request_bytes,
	    256, 16777216, "65534",
	    "Longest request line with all headers that http.sys takes, in bytes."),
	INT("http_sys.UrlSegmentMaxLength", HOST_COMPUTER_RESTART, http_sys.url_segment_max_length,
	    0, 32766, "260",
	    "Longest segment of a URL path, in characters; 0: no limit."),
	INT("http_sys.UrlSegmentMaxCount", HOST_COMPUTER_RESTART, http_sys.url_segment_max_count,
	    0, 16383, "255",
	    "Most segments of a URL path; 0: no limit."),
	INT("iis.request_filtering.maxUrl", HOST_NOW, iis.max_url,
	    0, DWORD_MAX, "65534",
	    "Longest URL path that request filtering lets through, in bytes; beyond it 404.14."),
	INT("iis.request_filtering.maxQueryString", HOST_NOW, iis.max_query_string,
	    0, DWORD_MAX, "65534",
	    "Longest query that request filtering lets through, in bytes; beyond it 404.15."),
	INT("iis.request_filtering.maxAllowedContentLength", HOST_NOW, iis.max_allowed_content_length,
	    0, DWORD_MAX, "30000000",
	    "Longest body that request filtering lets through, in bytes; beyond it 404.13."),
	LIST("iis.request_filtering.hiddenSegments", HOST_NOW, iis.hidden_segments,
	    "Path segments that request filtering hides; a request for one gets 404.8."),
	BOOL("iis.powered_by", HOST_NOW, iis.powered_by, "true",
	    "IIS sends X-Powered-By: ASP.NET, as it does once the ASP.NET feature is installed; product rfc8894 never does."),
	BOOL("iis.authentication.basic", HOST_NOW, iis.basic, "true",
	    "Basic authentication is enabled on mscep_admin."),
	BOOL("iis.authentication.ntlm", HOST_NOW, iis.ntlm, "true",
	    "Windows authentication on mscep_admin offers NTLM."),
	BOOL("iis.authentication.negotiate", HOST_NOW, iis.negotiate, "true",
	    "Windows authentication on mscep_admin offers Negotiate."),
	ENUM("iis.handler_order", HOST_SERVICE_RESTART, iis.handler_order, handler_orders, "static-first",
	    "Order of the handler mappings; extensionless-first breaks mscep_admin with 500.0."),
	ENUM("iis.log_fields", HOST_NOW, iis.log_fields, log_field_sets, "default",
	    "Fields of the IIS log: the default set, or with sc-bytes before time-taken."),
	ENUM("app_pool.state", HOST_NOW, app_pool.state, pool_states, "started",
	    "Application pool SCEP: started, stopped (by an administrator), disabled (by WAS); not started: 503."),
	BOOL("app_pool.rapid_fail_protection", HOST_NOW, app_pool.rapid_fail_protection, "true",
	    "WAS disables the pool after too many crashes."),
	INT("app_pool.rapid_fail_crashes", HOST_NOW, app_pool.rapid_fail_crashes,
	    1, 1000, "5",
	    "Crashes within app_pool.rapid_fail_interval after which the pool is disabled."),
	DURATION("app_pool.rapid_fail_interval", HOST_NOW, app_pool.rapid_fail_interval_ms,
	    1000, DAY_MS, "5m",
	    "Time in which app_pool.rapid_fail_crashes are counted."),
	ENUM("app_pool.pool_identity", HOST_NOW, app_pool.pool_identity, pool_identities, "lenient",
	    "A locked or expired service account gives 500 (lenient, as the article says) or 503 (strict, as IIS does)."),
	BOOL("account.locked", HOST_POOL_START, account.locked, "false",
	    "The NDES service account is locked out."),
	BOOL("account.password_expired", HOST_POOL_START, account.password_expired, "false",
	    "The password of the NDES service account has expired."),
	BOOL("account.enroll", HOST_NOW, account.enroll, "true",
	    "The NDES service account may enroll for the configured templates."),
	BOOL("account.admin_enroll", HOST_NOW, account.admin_enroll, "true",
	    "The administrator who opens mscep_admin may enroll for the configured templates."),
	BOOL("account.admin_locked", HOST_NOW, account.admin_locked, "false",
	    "The administrator's account may not log on: mscep_admin answers 401 whatever is sent."),
	BOOL("rights.impersonate", HOST_COMPUTER_RESTART, rights.impersonate, "true",
	    "IIS_IUSRS has the right \"Impersonate a client after authentication\"."),
	ENUM("ra.signing", HOST_POOL_START, ra.signing, cert_states, "valid",
	    "The RA signing certificate (Exchange Enrollment Agent)."),
	ENUM("ra.encryption", HOST_POOL_START, ra.encryption, cert_states, "valid",
	    "The RA encryption certificate (CEP Encryption)."),
	ENUM("ra.issuer", HOST_POOL_START, ra.issuer, ra_issuers, "current-ca",
	    "Who issued the RA certificates: the CA in GetCACert, or its predecessor of the same name."),
	BOOL("ra.listed", HOST_POOL_START, ra.listed, "true",
	    "GetCACert lists the RA certificates; without them clients encrypt to the CA."),
	BOOL("root_store.ndes_intermediates", HOST_POOL_START, root_store.ndes_intermediates, "false",
	    "Certificates that are not self-signed are among the trusted roots: the pool crashes on requests."),
	BOOL("root_store.crp_intermediates", HOST_SERVICE_RESTART, root_store.crp_intermediates, "false",
	    "Intermediate certificates are among the roots of the registration point: it answers 403.16."),
	BOOL("crl.reachable", HOST_NOW, crl.reachable, "true",
	    "The CRLs of the connector's certificates can be fetched; if not, the pool crashes on requests."),
	DURATION("crl.age", HOST_NOW, crl.age_ms, 0, INT64_C(3650) * DAY_MS, "0",
	    "How long ago the CRLs in CertEnroll were made; from 7d on they are stale."),
	BOOL("policy_module.installed", HOST_POOL_START, policy_module.installed, "true",
	    "The Intune policy module is installed."),
	BOOL("policy_module.loaded", HOST_POOL_START, policy_module.loaded, "true",
	    "The installed policy module is loaded by mscep.dll."),
	ENUM("policy_module.installation", HOST_NOW, policy_module.installation, installations, "complete",
	    "How the connector's setup ended, as SetupMsi.log tells; anything but complete leaves no policy module."),
	ENUM("policy_module.client_certificate", HOST_SERVICE_RESTART, policy_module.client_certificate, client_certs, "valid",
	    "The policy module's client certificate (NDESCertThumbprint); expired: the pool crashes; no-eku: 403 from the registration point."),
	ENUM("policy_module.crp_tls", HOST_SERVICE_RESTART, policy_module.crp_tls, crp_tls_states, "valid",
	    "TLS certificate of the registration point; cn-mismatch: error 12175."),
	ENUM("policy_module.crp_authentication", HOST_SERVICE_RESTART, policy_module.crp_authentication, crp_auths, "anonymous",
	    "Authentication of CertificateRegistrationSvc; windows: the pool crashes on requests."),
	ENUM("policy_module.crp_health", HOST_SERVICE_RESTART, policy_module.crp_health, crp_healths, "healthy",
	    "What is wrong inside the registration point."),
	ENUM("policy_module.challenge", HOST_NOW, policy_module.challenge, intune_challenges, "accepted",
	    "How the registration point judges a challenge that is sound: accepted, or expired (0x411)."),
	ENUM("policy_module.connector_service", HOST_NOW, policy_module.connector_service, service_states, "running",
	    "The Intune Connector Service; stopped: results are not reported (no Notify)."),
	ENUM("policy_module.rejection", HOST_NOW, policy_module.rejection, rejections, "by-cause",
	    "What a device gets when the policy module does not say yes; by-cause: a CertRep FAILURE for a no, HTTP 500 when the registration point gave no verdict, a crash for temp-not-writable; not established, so certrep or http-500 choose one form for all."),
	INT("registry.EnforcePassword", HOST_SERVICE_RESTART, registry.enforce_password,
	    0, 1, "1",
	    "1: a request needs a challenge password; 0: none is looked at."),
	INT("registry.UseSinglePassword", HOST_SERVICE_RESTART, registry.use_single_password,
	    0, 1, "0",
	    "1: one password for all devices that never expires."),
	INT("registry.PasswordMax", HOST_SERVICE_RESTART, registry.password_max,
	    0, 100000, "5",
	    "Most unused passwords that are kept; then the admin page says that the cache is full."),
	INT("registry.PasswordValidity", HOST_SERVICE_RESTART, registry.password_validity_min,
	    1, 52560000, "60",
	    "Life of a password in minutes."),
	INT("registry.PasswordLength", HOST_SERVICE_RESTART, registry.password_length,
	    1, 255, "8",
	    "Random bytes in a password; it has twice as many hex digits."),
	TEXT("registry.SignatureTemplate", HOST_SERVICE_RESTART, registry.signature_template,
	    "IPSECIntermediateOffline",
	    "Template for requests whose key usage is digitalSignature only."),
	TEXT("registry.EncryptionTemplate", HOST_SERVICE_RESTART, registry.encryption_template,
	    "IPSECIntermediateOffline",
	    "Template for requests whose key usage is keyEncipherment only."),
	TEXT("registry.GeneralPurposeTemplate", HOST_SERVICE_RESTART, registry.general_purpose_template,
	    "IPSECIntermediateOffline",
	    "Template for requests with both key usages, or none."),
	LIST("registry.CACapabilitiesAlgorithms", HOST_SERVICE_RESTART, registry.ca_capabilities_algorithms,
	    "Algorithms that GetCACaps lists; empty: the product's."),
	INT("registry.DisableRenewalSubjectNameMatch", HOST_SERVICE_RESTART, registry.disable_renewal_subject_name_match,
	    0, 1, "0",
	    "1: a renewal may ask for another subject than the old certificate has."),
	BOOL("ca.running", HOST_NOW, ca.running, "true",
	    "The CA's service; stopped: requests cannot be submitted (0x800706ba)."),
	BOOL("ca.template_published", HOST_NOW, ca.template_published, "true",
	    "The configured templates are among those that the CA issues; if not, 0x80094800."),
	INT("ca.minimum_key_size", HOST_NOW, ca.minimum_key_size,
	    512, 16384, "1024",
	    "Smallest key that the templates take, in bits."),
	ENUM("ca.root", HOST_SERVICE_RESTART, ca.root, roots, "as-deployed",
	    "The root at the end of the chain: the one deployed to devices, or another."),
	DURATION("ca.validity", HOST_NOW, ca.validity_ms,
	    1000, INT64_C(36500) * DAY_MS, "365d",
	    "Validity period of issued certificates."),
	ENUM("tls.certificate", HOST_SERVICE_RESTART, tls.certificate, tls_certs, "valid",
	    "The HTTPS certificate."),
	ENUM("tls.minimum_version", HOST_SERVICE_RESTART, tls.minimum_version, tls_versions, "tls1.2",
	    "Lowest version of TLS that the HTTPS listener takes, not above tls.maximum_version."),
	ENUM("tls.maximum_version", HOST_SERVICE_RESTART, tls.maximum_version, tls_versions, "tls1.3",
	    "Highest version of TLS that the HTTPS listener takes."),
	ENUM("tls.client_certificate", HOST_SERVICE_RESTART, tls.client_certificate, tls_clients, "none",
	    "Client certificate in the TLS handshake: none (not asked for), asked (it goes on without one), required (it fails without one); any certificate is good."),
	ENUM("product", HOST_COMPUTER_RESTART, product, products, "ndes-2022",
	    "The product that the deployment is: NDES of a version of Windows Server, or a server as RFC 8894 wants it; other keys win over what it brings."),
	LIST("caps.tokens", HOST_NOW, caps.tokens,
	    "The whole GetCACaps list, line by line; empty: the product's."),
	ENUM("caps.line_end", HOST_NOW, caps.line_end, line_ends, "crlf",
	    "Line ends of GetCACaps."),
	TEXT("caps.content_type", HOST_NOW, caps.content_type, HOST_BY_PRODUCT,
	    "Content-Type of GetCACaps; by-product: the product's; empty: no such header."),
	DURATION("clock.offset", HOST_NOW, clock.offset_ms,
	    INT64_C(-36500) * DAY_MS, INT64_C(36500) * DAY_MS, "0",
	    "How far the deployment's clock is ahead of the real one."),
	INT("mscep.bad_password_fail_info", HOST_NOW, mscep.bad_password_fail_info,
	    0, 4, "2",
	    "failInfo for a wrong, used, expired or missing password; field reports have 2 and 1."),
	INT("mscep.ca_refusal_fail_info", HOST_NOW, mscep.ca_refusal_fail_info,
	    0, 4, "2",
	    "failInfo when the CA refuses a request; not established."),
	ENUM("mscep.undecryptable", HOST_NOW, mscep.undecryptable, undecryptables, "http-500",
	    "What a device gets for a message that cannot be decrypted: the 500 page, or the general page at 200; seen is only that it is no CertRep."),
	ENUM("mscep.password_consumed", HOST_NOW, mscep.password_consumed, consume_moments, "issued",
	    "When a one-time password is used up: issued (the certificate was) or seen (a request carried it)."),
	BOOL("mscep.admin_page_bom", HOST_NOW, mscep.admin_page_bom, "false",
	    "The pages of mscep.dll begin with a byte order mark."),
	ENUM("mscep.admin_page_coding", HOST_NOW, mscep.admin_page_coding, page_codings, "utf-16le",
	    "Encoding of the pages of mscep.dll."),
	ENUM("mscep.admin_page_language", HOST_NOW, mscep.admin_page_language, page_languages, "english",
	    "Language of the password page."),
	ENUM("mscep.admin_page_blanks", HOST_NOW, mscep.admin_page_blanks, page_blanks, "one",
	    "What stands around the password on its page: one blank, none, or many of several kinds."),
	ENUM("mscep.admin_thumbprint", HOST_NOW, mscep.admin_thumbprint, thumbprints, "right",
	    "Whose thumbprint the password page shows: the CA's, or a wrong one."),
	BOOL("mscep.reply_sha1", HOST_NOW, mscep.reply_sha1, "false",
	    "Replies are signed with SHA-1 whatever digest the request used."),
	BOOL("mscep.oaep_with_aes", HOST_NOW, mscep.oaep_with_aes, "false",
	    "Replies enciphered with AES use RSAES-OAEP, as those of products ndes-2012 and ndes-2012r2 always do."),
	ENUM("mscep.passwords", HOST_NOW, mscep.passwords, password_places, "here",
	    "Where passwords are known: here, or only on another node behind the load balancer, so that none is good."),
	INT("mscep.cached_passwords", HOST_POOL_START, mscep.cached_passwords,
	    0, 100000, "0",
	    "Unused passwords that are in the cache when the pool starts."),
	ENUM("mscep.ca_unreachable", HOST_NOW, mscep.ca_unreachable, refusals, "certrep",
	    "What a device gets when the CA cannot be reached: a CertRep FAILURE or HTTP 500; not established."),
};
/* clang-format on */

const struct host_key *
host_keys(size_t *count)
{
	*count = nitems(rows);
	return rows;
}
