/* SPDX-License-Identifier: MIT */
/*
 * The table of host keys: one row for each thing that a scenario may say of
 * the deployment. What is done with rows is in host.c.
 *
 * Defaults are those of a healthy deployment as the Intune instructions leave
 * it: the four length limits at 65534, the policy module loaded.
 */
#include "ndes/host.h"

static const char *const pool_states[] = { "started", "stopped", NULL };
static const char *const cert_states[] = { "valid", "expired", NULL };
static const char *const line_ends[] = { "crlf", "lf", NULL };
static const char *const consume_moments[] = { "issued", "seen", NULL };

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
	BOOL("iis.powered_by", HOST_NOW, iis.powered_by, "true",
	    "IIS sends X-Powered-By: ASP.NET, as it does once the ASP.NET feature is installed."),
	BOOL("iis.basic", HOST_NOW, iis.basic, "true",
	    "Basic authentication is enabled on mscep_admin."),
	ENUM("app_pool.state", HOST_NOW, app_pool.state, pool_states, "started",
	    "State of the application pool SCEP; stopped: http.sys answers 503."),
	BOOL("account.enroll", HOST_NOW, account.enroll, "true",
	    "The administrator who opens mscep_admin may enroll for the configured template."),
	BOOL("rights.impersonate", HOST_COMPUTER_RESTART, rights.impersonate, "true",
	    "IIS_IUSRS has the right \"Impersonate a client after authentication\"."),
	ENUM("ra.signing", HOST_POOL_START, ra.signing, cert_states, "valid",
	    "The RA signing certificate (Exchange Enrollment Agent)."),
	ENUM("ra.encryption", HOST_POOL_START, ra.encryption, cert_states, "valid",
	    "The RA encryption certificate (CEP Encryption)."),
	BOOL("policy_module.installed", HOST_POOL_START, policy_module.installed, "true",
	    "The Intune policy module is installed."),
	BOOL("policy_module.loaded", HOST_POOL_START, policy_module.loaded, "true",
	    "The installed policy module is loaded by mscep.dll."),
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
	DURATION("ca.validity", HOST_NOW, ca.validity_ms,
	    1000, INT64_C(36500) * DAY_MS, "365d",
	    "Validity period of issued certificates."),
	LIST("caps.tokens", HOST_NOW, caps.tokens,
	    "The whole GetCACaps list, line by line; empty: the product's."),
	ENUM("caps.line_end", HOST_NOW, caps.line_end, line_ends, "crlf",
	    "Line ends of GetCACaps."),
	TEXT("caps.content_type", HOST_NOW, caps.content_type, "text/plain",
	    "Content-Type of GetCACaps; empty: no such header."),
	INT("mscep.bad_password_fail_info", HOST_NOW, mscep.bad_password_fail_info,
	    0, 4, "2",
	    "failInfo for a wrong, used, expired or missing password; field reports have 2 and 1."),
	ENUM("mscep.password_consumed", HOST_NOW, mscep.password_consumed, consume_moments, "issued",
	    "When a one-time password is used up: issued (the certificate was) or seen (a request carried it)."),
	BOOL("mscep.admin_page_bom", HOST_NOW, mscep.admin_page_bom, "false",
	    "The pages of mscep.dll begin with a byte order mark."),
	BOOL("mscep.reply_sha1", HOST_NOW, mscep.reply_sha1, "false",
	    "Replies are signed with SHA-1 whatever digest the request used."),
	BOOL("mscep.oaep_with_aes", HOST_NOW, mscep.oaep_with_aes, "false",
	    "Replies enciphered with AES use RSAES-OAEP, as Windows Server 2012 does."),
};
/* clang-format on */

const struct host_key *
host_keys(size_t *count)
{
	*count = nitems(rows);
	return rows;
}
