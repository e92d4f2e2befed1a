/* SPDX-License-Identifier: MIT */
/*
 * The model of the simulated deployment: what is true of it. A scenario edits
 * it, layers look at it, symptoms follow. A plain value: copied whole, swapped
 * whole.
 *
 * Each key is one row of one table (host_keys): path as in a scenario file,
 * type, default, moment at which a change takes effect, bounds, and a
 * sentence. Loader, control API, schema, manual and a test are driven from it.
 */
#ifndef NDES_HOST_H
#define NDES_HOST_H

#include "base/err.h"

#define HOST_TEXT_MAX 256
#define HOST_LIST_MAX 32
#define HOST_ITEM_MAX 64

/* A text that leaves it to the product. */
#define HOST_BY_PRODUCT "by-product"

struct host_list {
	char item[HOST_LIST_MAX][HOST_ITEM_MAX];
	size_t count;
};

enum host_network {
	HOST_NET_OPEN,
	HOST_NET_REFUSED,
	HOST_NET_RESET,
	HOST_NET_SILENT
};
enum host_service { HOST_RUNNING, HOST_NOT_RUNNING };
enum host_reach { HOST_REACHABLE, HOST_UNREACHABLE };
enum host_name { HOST_NAME_RIGHT, HOST_NAME_WRONG };
enum host_log_fields { HOST_LOG_DEFAULT, HOST_LOG_SC_BYTES };
enum host_handler_order { HOST_STATIC_FIRST, HOST_EXTENSIONLESS_FIRST };
enum host_pool_state {
	HOST_POOL_STARTED,
	HOST_POOL_STOPPED,
	HOST_POOL_DISABLED
};
enum host_pool_identity { HOST_IDENTITY_LENIENT, HOST_IDENTITY_STRICT };
enum host_cert_state {
	HOST_CERT_VALID,
	HOST_CERT_EXPIRED,
	HOST_CERT_MISSING,
	HOST_CERT_KEY_UNREADABLE,
	HOST_CERT_REVOKED,
};
enum host_ra_issuer { HOST_RA_CURRENT_CA, HOST_RA_OLD_CA };
enum host_client_cert {
	HOST_CLIENT_VALID,
	HOST_CLIENT_EXPIRED,
	HOST_CLIENT_NO_EKU
};
enum host_crp_tls { HOST_CRP_TLS_VALID, HOST_CRP_TLS_CN_MISMATCH };
enum host_crp_auth { HOST_CRP_ANONYMOUS, HOST_CRP_WINDOWS };
enum host_crp_health {
	HOST_CRP_HEALTHY,
	HOST_CRP_TEMP_NOT_WRITABLE,
	HOST_CRP_NO_SIGNING_CERT,
	HOST_CRP_NO_ENCRYPTION_CERT,
	HOST_CRP_DESERIALIZE,
};
enum host_intune_challenge { HOST_CHALLENGE_ACCEPTED, HOST_CHALLENGE_EXPIRED };
enum host_rejection {
	HOST_REJECT_CERTREP,
	HOST_REJECT_500,
	HOST_REJECT_BY_CAUSE
};
enum host_undecryptable { HOST_UNDECRYPTABLE_500, HOST_UNDECRYPTABLE_PAGE };
enum host_installation {
	HOST_SETUP_COMPLETE,
	HOST_SETUP_SITE_RENAMED,
	HOST_SETUP_CNG_CERT
};
enum host_root { HOST_ROOT_AS_DEPLOYED, HOST_ROOT_REPLACED };
enum host_tls_cert {
	HOST_TLS_VALID,
	HOST_TLS_EXPIRED,
	HOST_TLS_WRONG_NAME,
	HOST_TLS_UNTRUSTED
};
enum host_tls_version {
	HOST_TLS_1_0,
	HOST_TLS_1_1,
	HOST_TLS_1_2,
	HOST_TLS_1_3,
	HOST_TLS_VERSIONS
};
enum host_tls_client {
	HOST_TLS_CLIENT_NONE,
	HOST_TLS_CLIENT_ASKED,
	HOST_TLS_CLIENT_REQUIRED,
	HOST_TLS_CLIENTS
};
enum host_product {
	HOST_NDES_2008R2,
	HOST_NDES_2012,
	HOST_NDES_2012R2,
	HOST_NDES_2016,
	HOST_NDES_2019,
	HOST_NDES_2022,
	HOST_NDES_2025,
	HOST_RFC8894
};
enum host_line_end { HOST_CRLF, HOST_LF };
enum host_consume { HOST_CONSUME_ISSUED, HOST_CONSUME_SEEN };
enum host_page_coding { HOST_PAGE_UTF16LE, HOST_PAGE_UTF8 };
enum host_page_language { HOST_PAGE_ENGLISH, HOST_PAGE_GERMAN };
enum host_page_blanks { HOST_BLANK_ONE, HOST_BLANK_NONE, HOST_BLANK_MANY };
enum host_thumbprint { HOST_THUMBPRINT_RIGHT, HOST_THUMBPRINT_WRONG };
enum host_passwords { HOST_PASSWORDS_HERE, HOST_PASSWORDS_ON_OTHER_NODE };

/* In the order in which a request meets the parts. */
struct host {
	struct {
		int state; /* enum host_network */
	} network;
	struct {
		bool in_use;
		int connector; /* enum host_service */
		int backend; /* enum host_reach */
		int external_url; /* enum host_name */
		int64_t gateway_timeout_ms;
		char internal_name
		    [HOST_TEXT_MAX]; /* Host header of requests that do not come by the proxy */
	} app_proxy;
	struct {
		int64_t max_field_length; /* MaxFieldLength, bytes */
		int64_t max_request_bytes; /* MaxRequestBytes */
		int64_t
		    url_segment_max_length; /* UrlSegmentMaxLength, characters */
		int64_t url_segment_max_count; /* UrlSegmentMaxCount */
	} http_sys;
	struct {
		int64_t max_url; /* maxUrl */
		int64_t max_query_string; /* maxQueryString */
		int64_t
		    max_allowed_content_length; /* maxAllowedContentLength */
		struct host_list hidden_segments;
		bool powered_by; /* X-Powered-By: ASP.NET */
		bool basic, ntlm, negotiate; /* authentication of mscep_admin */
		int handler_order; /* enum host_handler_order */
		int log_fields; /* enum host_log_fields */
	} iis;
	struct {
		int state; /* enum host_pool_state */
		bool rapid_fail_protection;
		int64_t rapid_fail_crashes;
		int64_t rapid_fail_interval_ms;
		int pool_identity; /* enum host_pool_identity */
	} app_pool;
	struct {
		bool locked, password_expired; /* the service account */
		bool enroll; /* it may enroll for the templates */
		bool admin_enroll; /* so may who opens mscep_admin */
		bool admin_locked;
	} account;
	struct {
		bool impersonate;
	} rights;
	struct {
		int signing, encryption; /* enum host_cert_state */
		int issuer; /* enum host_ra_issuer */
		bool listed; /* GetCACert lists the RA certificates */
	} ra;
	struct {
		bool ndes_intermediates, crp_intermediates;
	} root_store;
	struct {
		bool reachable;
		int64_t age_ms;
	} crl;
	struct {
		bool installed, loaded;
		int installation; /* enum host_installation */
		int client_certificate; /* enum host_client_cert */
		int crp_tls; /* enum host_crp_tls */
		int crp_authentication; /* enum host_crp_auth */
		int crp_health; /* enum host_crp_health */
		int challenge; /* enum host_intune_challenge */
		int connector_service; /* enum host_service */
		int rejection; /* enum host_rejection */
	} policy_module;
	struct {
		int64_t enforce_password, use_single_password;
		int64_t password_max, password_validity_min, password_length;
		char signature_template[HOST_TEXT_MAX];
		char encryption_template[HOST_TEXT_MAX];
		char general_purpose_template[HOST_TEXT_MAX];
		struct host_list
		    ca_capabilities_algorithms; /* empty: the product's */
		int64_t disable_renewal_subject_name_match;
	} registry;
	struct {
		bool running;
		bool template_published;
		int64_t minimum_key_size; /* bits */
		int64_t validity_ms;
		int root; /* enum host_root */
	} ca;
	struct {
		int certificate; /* enum host_tls_cert */
		int minimum_version,
		    maximum_version; /* enum host_tls_version */
		int client_certificate; /* enum host_tls_client */
	} tls;
	int product; /* enum host_product; see ndes/product.h */
	struct {
		struct host_list tokens; /* empty: the product's list */
		int line_end; /* enum host_line_end */
		char content_type
		    [HOST_TEXT_MAX]; /* HOST_BY_PRODUCT: the product's; empty: no such header */
	} caps;
	struct {
		int64_t offset_ms;
	} clock;
	/* Facts that are not established; each key is a choice (reference section 11). */
	struct {
		int64_t bad_password_fail_info;
		int64_t ca_refusal_fail_info;
		int undecryptable; /* enum host_undecryptable */
		int password_consumed; /* enum host_consume */
		bool admin_page_bom;
		int admin_page_coding; /* enum host_page_coding */
		int admin_page_language; /* enum host_page_language */
		int admin_page_blanks; /* enum host_page_blanks */
		int admin_thumbprint; /* enum host_thumbprint */
		bool
		    reply_sha1; /* sign replies with SHA-1 whatever the request used */
		bool oaep_with_aes;
		int passwords; /* enum host_passwords */
		int64_t cached_passwords; /* unused ones when the pool starts */
		int ca_unreachable; /* enum host_rejection */
	} mscep;
};

enum host_type {
	HOST_BOOL,
	HOST_INT,
	HOST_ENUM,
	HOST_DURATION,
	HOST_TEXT,
	HOST_LIST
};

/* When a changed value comes into force; each includes the ones before it. */
enum host_effect {
	HOST_NOW, /* at once */
	HOST_POOL_START, /* application pool recycled or started */
	HOST_SERVICE_RESTART, /* iisreset */
	HOST_COMPUTER_RESTART,
	HOST_EFFECTS
};

struct host_key {
	const char *path; /* "registry.PasswordMax" */
	enum host_type type;
	enum host_effect effect;
	size_t offset; /* in struct host */
	int64_t lo, hi; /* bounds of HOST_INT and HOST_DURATION (ms) */
	const char *const
	    *names; /* HOST_ENUM: NULL-terminated, in enum order */
	const char *
	    fallback; /* default as text, as it would stand in a scenario ("true", "65534", "[]") */
	const char *doc; /* one sentence */
};

const struct host_key *host_keys(size_t *count);

/* NULL when there is no such key. */
const struct host_key *host_key_find(struct bytes path);

/* Is this the path of a part ("registry") that holds keys? */
bool host_part_exists(struct bytes path);

/* The known path nearest to a misspelt one, for "did you mean"; NULL when none is near. */
const char *host_key_nearest(struct bytes path);

/* Is the Intune policy module in mscep.dll? */
bool host_policy_active(const struct host *h);

/* A healthy deployment: every default. */
void host_init(struct host *h);

/*
 * Set one key from text ("false", "stopped", "30m"). For HOST_LIST call
 * host_list_clear() first, then host_set() for each item. -1 with a sentence
 * that names the value and what is wanted; h is then unchanged.
 */
MUST_USE int host_set(struct host *h, const struct host_key *key,
    struct bytes value, struct err *e);
void host_list_clear(struct host *h, const struct host_key *key);

/* Do the values fit together? -1 with a sentence that names the keys. */
MUST_USE int host_check(const struct host *h, struct err *e);

/* The value of a key as text, appended; lists as "[a, b]". */
struct buf;
void host_get(
    const struct host *h, const struct host_key *key, struct buf *out);

/* The value of a key in another model, and whether it is the same in both. */
void host_copy_key(
    struct host *to, const struct host *from, const struct host_key *key);
bool host_same_key(
    const struct host *a, const struct host *b, const struct host_key *key);

/* Bring into force what a restart of this kind brings: copy from `configured` every key whose effect is at most `event`. */
void host_take_effect(struct host *in_force, const struct host *configured,
    enum host_effect event);

#endif
