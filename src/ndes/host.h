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

struct host_list {
	char item[HOST_LIST_MAX][HOST_ITEM_MAX];
	size_t count;
};

enum host_pool_state { HOST_POOL_STARTED, HOST_POOL_STOPPED };
enum host_cert_state { HOST_CERT_VALID, HOST_CERT_EXPIRED };
enum host_line_end { HOST_CRLF, HOST_LF };
enum host_consume { HOST_CONSUME_ISSUED, HOST_CONSUME_SEEN };

struct host {
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
		bool powered_by; /* X-Powered-By: ASP.NET */
		bool basic; /* Basic authentication on mscep_admin */
	} iis;
	struct {
		int state; /* enum host_pool_state */
	} app_pool;
	struct {
		bool enroll; /* the administrator's account may enroll */
	} account;
	struct {
		bool impersonate;
	} rights;
	struct {
		int signing, encryption; /* enum host_cert_state */
	} ra;
	struct {
		bool installed, loaded;
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
		int64_t validity_ms;
	} ca;
	struct {
		struct host_list tokens; /* empty: the product's list */
		int line_end; /* enum host_line_end */
		char content_type[HOST_TEXT_MAX]; /* empty: no such header */
	} caps;
	/* Facts that are not established; each key is a choice (reference section 11). */
	struct {
		int64_t bad_password_fail_info;
		int password_consumed; /* enum host_consume */
		bool admin_page_bom;
		bool
		    reply_sha1; /* sign replies with SHA-1 whatever the request used */
		bool oaep_with_aes;
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

/* The value of a key as text, appended; lists as "[a, b]". */
struct buf;
void host_get(
    const struct host *h, const struct host_key *key, struct buf *out);

/* Bring into force what a restart of this kind brings: copy from `configured` every key whose effect is at most `event`. */
void host_take_effect(struct host *in_force, const struct host *configured,
    enum host_effect event);

#endif
