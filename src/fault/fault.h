/* SPDX-License-Identifier: MIT */
/*
 * A fault: what a rule's `then:` does, compiled. The set of mechanisms is
 * closed and all of it is in this struct; the functions of seams.h act them
 * out, each at its seam. Immutable, in the arena of its rules.
 */
#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

#include "base/buf.h"
#include "ca/material.h"
#include "ca/twist.h"
#include "http/reply.h"
#include "scep/message.h"

/* A length of time, perhaps drawn. */
enum fault_wait_kind {
	FAULT_NO_WAIT,
	FAULT_FIXED,
	FAULT_UNIFORM,
	FAULT_LOGNORMAL
};
struct fault_wait {
	enum fault_wait_kind kind;
	int64_t a_ms,
	    b_ms; /* FIXED: a. UNIFORM: from a to b. LOGNORMAL: a is the median, b the cap (0: 10 times the median) */
	uint32_t sigma_ppm; /* LOGNORMAL: standard deviation of the logarithm */
};

/* An amount of bytes: so many, or a share of what there is. */
struct fault_amount {
	bool given;
	bool share;
	uint64_t n; /* bytes, or parts in a million */
};

/* A header edit. values: none removes it, several write it several times. */
struct fault_header {
	struct bytes name;
	const struct bytes *values;
	size_t value_count;
};

enum fault_page {
	FAULT_NO_PAGE,
	FAULT_PAGE_IIS, /* the stock page of the status, as IIS has it */
	FAULT_PAGE_HTTP_SYS,
	FAULT_PAGE_LOGIN, /* an HTML log-in form, as a portal in between shows */
	FAULT_PAGE_WAF, /* "Request blocked" with a support number */
	FAULT_PAGE_PROXY, /* the Application Proxy's error page */
	FAULT_PAGE_NDES, /* the general page of mscep.dll */
	FAULT_PAGES
};

enum fault_location {
	FAULT_NO_LOCATION,
	FAULT_SAME_HOST,
	FAULT_OTHER_HOST,
	FAULT_LOOP,
	FAULT_TO_HTTPS,
	FAULT_TO_HTTP,
	FAULT_TO_URL
};

/* reply: an answer in place of the deployment's. */
struct fault_reply {
	bool on;
	int status;
	const char *reason; /* NULL: the standard one */
	const struct fault_header *headers;
	size_t header_count;
	bool has_body;
	struct bytes body; /* body, body_hex, body_file */
	uint64_t filler; /* body_bytes: so many 'x' */
	enum fault_page page;
	enum fault_location location;
	const char *url; /* FAULT_TO_URL */
	bool has_retry_after, retry_after_date;
	int64_t retry_after_ms;
};

enum fault_length {
	FAULT_LENGTH_RIGHT,
	FAULT_LENGTH_SHORT,
	FAULT_LENGTH_LONG,
	FAULT_LENGTH_TWICE /* right and wrong */,
	FAULT_LENGTH_BOTH /* beside chunked */,
	FAULT_LENGTH_ABSENT
};
enum fault_version {
	FAULT_HTTP_1_1,
	FAULT_HTTP_1_0,
	FAULT_HTTP_0_9 /* the body alone */,
	FAULT_HTTP_2 /* a SETTINGS frame instead of an answer */
};
enum fault_continue {
	FAULT_CONTINUE_AS_ASKED,
	FAULT_CONTINUE_FIRST /* an unasked 100 before the answer */,
	FAULT_CONTINUE_NEVER /* none for who waits for it */,
	FAULT_CONTINUE_EARLY_HINTS /* 103 before it */
};

/* form: how the HTTP message is written. */
struct fault_form {
	bool on;
	enum fault_version version;
	enum fault_length length;
	uint64_t chunk_bytes; /* 0: not chunked */
	const char *chunked_word; /* "chunked"; another spelling for odd ones */
	const struct fault_header *trailers;
	size_t trailer_count;
	bool gzip;
	enum fault_continue first;
	bool keep_open; /* the socket stays open whatever Connection says */
	unsigned flood_lines; /* so many more header lines ... */
	uint64_t flood_bytes; /* ... with so many bytes in all */
	bool upper_names, lower_names; /* spelling of header names */
};

enum fault_separator {
	FAULT_SEP_AS_IS,
	FAULT_CRLF,
	FAULT_LF,
	FAULT_CR,
	FAULT_MIXED
};
enum fault_case { FAULT_CASE_AS_IS, FAULT_LOWER, FAULT_UPPER, FAULT_ODD };
enum fault_blank {
	FAULT_NO_BLANK,
	FAULT_BLANK_FIRST,
	FAULT_BLANK_MIDDLE,
	FAULT_BLANK_LAST
};
enum fault_text_coding {
	FAULT_PLAIN,
	FAULT_UTF8_BOM,
	FAULT_UTF16,
	FAULT_UTF16_BOM,
	FAULT_NUL /* a zero byte behind each line */
};

/* caps: edits of the GetCACaps list. */
struct fault_caps {
	bool on;
	bool has_tokens; /* they replace the list */
	const struct bytes *tokens; /* each list with its count behind it */
	size_t token_count;
	const struct bytes *add;
	size_t add_count;
	const struct bytes *drop;
	size_t drop_count;
	bool shuffle; /* by the draw */
	enum fault_separator separator;
	enum fault_case letters;
	struct bytes before, after; /* around each token */
	enum fault_blank blank_line;
	enum fault_text_coding coding;
	uint64_t size; /* filled up with unknown tokens to so many bytes */
	bool one_line; /* the filler has no line ends */
	bool has_text;
	struct bytes text; /* the whole body */
};

/* One certificate of a bundle. */
enum fault_cert_ref {
	FAULT_CERT_ROLE, /* of the deployment, by role, perhaps twisted */
	FAULT_CERT_ISSUED, /* the one just issued (in a CertRep) */
	FAULT_CERT_UNRELATED, /* a fresh leaf of nobody's */
};
struct fault_cert {
	enum fault_cert_ref ref;
	enum ca_role role;
	const struct ca_twist *twist; /* NULL: as it is */
	unsigned repeat; /* 0 is 1 */
};

enum fault_bundle {
	FAULT_CHAIN,
	FAULT_SINGLE /* the first, bare DER */,
	FAULT_PEM,
	FAULT_RAW_CONCAT /* DER after DER */,
	FAULT_EMPTY_CHAIN,
	FAULT_EMPTY_BODY
};

/* cacert: edits of the GetCACert answer. */
struct fault_cacert {
	bool on;
	enum fault_bundle form;
	bool has_certs;
	const struct fault_cert *certs; /* in place of the deployment's */
	size_t cert_count;
	bool shuffle;
	bool keep_content_type; /* else it follows the form */
};

/* ---- scep: edits of the CertRep ---- */

/* What becomes of a text or octet attribute. */
enum fault_value {
	FAULT_HONEST,
	FAULT_MISSING,
	FAULT_EMPTY,
	FAULT_WRONG, /* as long, other octets */
	FAULT_PREFIX, /* all but its last octets */
	FAULT_OTHER_CASE,
	FAULT_GIVEN, /* the bytes in `given` */
	FAULT_SHORT, /* its first `n` octets */
	FAULT_REPLAYED, /* that of the last reply of this site */
	FAULT_ECHOED, /* the other nonce */
};
struct fault_attribute {
	enum fault_value what;
	struct bytes given;
	uint64_t n;
};

enum fault_signer {
	FAULT_SIGNER_HONEST,
	FAULT_SIGNER_RA_ENCRYPT,
	FAULT_SIGNER_CA,
	FAULT_SIGNER_STRANGER,
	FAULT_SIGNER_FORGED /* the RA's issuer and serial, another key */,
	FAULT_SIGNER_EXPIRED,
	FAULT_SIGNER_REQUESTER /* the client's own certificate names it; another key */
};
enum fault_recipient {
	FAULT_TO_HONEST,
	FAULT_TO_CA,
	FAULT_TO_CSR_KEY,
	FAULT_TO_STRANGER
};
enum fault_content {
	FAULT_CONTENT_HONEST,
	FAULT_CONTENT_ABSENT,
	FAULT_CONTENT_EMPTY,
	FAULT_CONTENT_ZERO_BYTE,
	FAULT_CONTENT_PLAIN /* certs-only, not enveloped */,
	FAULT_CONTENT_ENVELOPE,
	FAULT_CONTENT_JUNK
};
enum fault_inner {
	FAULT_INNER_HONEST,
	FAULT_INNER_JUNK,
	FAULT_INNER_RAW_CERT,
	FAULT_INNER_EMPTY /* certs-only without any */,
	FAULT_INNER_NOTHING /* no octets */
};
enum fault_ciphertext {
	FAULT_CIPHERTEXT_HONEST,
	FAULT_BAD_PADDING,
	FAULT_CIPHERTEXT_EMPTY,
	FAULT_CIPHERTEXT_ODD /* not whole blocks */
};
enum fault_structure { FAULT_SIGNED_DATA, FAULT_ENVELOPED_DATA, FAULT_DATA };
enum fault_tristate { FAULT_AS_IS, FAULT_NO, FAULT_YES };

struct fault_scep {
	bool on;
	/* attributes */
	struct fault_attribute status, fail_info,
	    message_type; /* GIVEN: text */
	struct fault_attribute transaction_id, sender_nonce, recipient_nonce;
	struct fault_attribute fail_info_text;
	bool fail_info_text_wrong_oid;
	struct fault_attribute content_type, message_digest;
	unsigned
	    duplicate; /* 1 << enum scep_attribute: written twice, the second with other contents */
	unsigned two_values; /* one attribute, two values */
	struct scep_attribute_type types[SCEP_ATTRIBUTES]; /* id 0: as it is */
	bool attributes_unsigned;
	enum fault_tristate signing_time;
	int64_t signing_time_offset_ms;
	/* structure and signature */
	enum fault_structure structure;
	enum scep_encoding encoding;
	unsigned nesting; /* of SCEP_DEEP */
	enum fault_signer signer;
	enum fault_tristate include_signer;
	bool no_signer_info;
	bool break_signature;
	struct bytes
	    digest_oid; /* in place of the digestAlgorithm's; p NULL: as it is */
	enum fault_tristate signature_alg_with_digest;
	enum pki_digest digest; /* UNKNOWN: as it is */
	/* envelope */
	enum fault_content content;
	enum fault_recipient recipient;
	enum fault_tristate recipient_by_ski;
	unsigned more_recipients; /* beside the right one, before it */
	enum pki_cipher cipher; /* UNKNOWN: as it is */
	enum fault_tristate oaep;
	enum fault_ciphertext ciphertext;
	bool bad_iv;
	/* inside */
	enum fault_inner inner;
	bool has_certs;
	const struct fault_cert *certs; /* in place of the issued one alone */
	size_t cert_count;
	bool inner_crl;
	bool replay; /* the last CertRep of this site again, byte for byte */
};

/* damage: to the body's bytes, after encoding. In this order. */
struct fault_damage {
	bool on;
	bool has_junk;
	uint64_t
	    junk; /* the whole body becomes so many random bytes, the first never 0x30 */
	unsigned flip; /* so many bits, at drawn places */
	struct fault_amount truncate; /* what is left */
	struct bytes append;
	uint64_t append_junk;
};

enum fault_cut_how {
	FAULT_CUT_RESET,
	FAULT_CUT_CLOSE,
	FAULT_CUT_STALL,
	FAULT_CUT_ALERT /* a fatal alert of TLS; a close where there is none */
};
enum fault_cut_at {
	FAULT_NO_CUT,
	FAULT_AT_ACCEPT, /* as soon as the connection is there */
	FAULT_AT_START, /* before the first byte */
	FAULT_AT_HEADERS, /* behind the empty line */
	FAULT_AT_AMOUNT, /* of the body */
};

enum fault_hang { FAULT_NO_HANG, FAULT_HANG_SILENT, FAULT_HANG_HEADERS };

enum fault_tls_cert {
	FAULT_TLS_HONEST,
	FAULT_TLS_EXPIRED,
	FAULT_TLS_NOT_YET,
	FAULT_TLS_SELF_SIGNED,
	FAULT_TLS_WRONG_NAME,
	FAULT_TLS_UNTRUSTED, /* by the stranger */
	FAULT_TLS_REVOKED, /* sound, but on the CRL */
	FAULT_TLS_LEAF_ONLY,
	FAULT_TLS_NEXT, /* by the next generation of the CA */
	FAULT_TLS_CERTS
};
enum fault_tls_cut {
	FAULT_TLS_NO_CUT,
	FAULT_TLS_CUT_HELLO /* before the ServerHello */,
	FAULT_TLS_CUT_MIDDLE /* in the middle of our flight */
};

/* tls: judged when a connection is accepted. Versions as in enum host_tls_version: 0 is 1.0, 3 is 1.3; -1: as it is. */
struct fault_tls {
	bool on;
	enum fault_tls_cert certificate;
	int minimum, maximum;
	int client_certificate; /* 0 none, 1 asked, 2 required; -1: as it is */
	int alert; /* its number (RFC 8446 6.2); -1: none */
	enum fault_tls_cut cut;
	enum fault_cut_how cut_how;
	bool plain; /* HTTP on the TLS port */
	bool no_close_notify; /* ends without one */
};

struct fault_evidence {
	bool on;
	bool no_iis; /* no line in the IIS log */
	bool iis; /* the line of the IIS log, whether IIS had one or not */
	int status; /* 0: the one sent */
	int substatus;
	uint32_t win32;
	const char *httperr_reason; /* a line in HTTPERR instead; NULL: none */
	unsigned event_id; /* NDES event; 0: none */
	uint32_t event_code;
};

struct fault {
	bool commit; /* the deployment works on the request before the fault */
	bool has_commit; /* it was said; else fault_commits() tells */
	struct fault_wait wait;
	struct fault_reply reply;
	const struct fault_header *headers; /* edits of the reply's */
	size_t header_count;
	struct fault_form form;
	struct fault_caps caps;
	struct fault_cacert cacert;
	const struct ca_twist
	    *cert; /* of the certificate to be issued; NULL: honest */
	struct fault_scep scep;
	struct fault_damage damage;
	uint64_t drip_bytes; /* 0: at once */
	int64_t drip_every_ms;
	enum fault_cut_at cut_at;
	struct fault_amount cut_amount;
	enum fault_cut_how cut_how;
	enum fault_hang hang;
	bool has_raw;
	struct bytes raw; /* all that goes onto the socket */
	uint64_t raw_junk; /* or so many random bytes */
	struct fault_tls tls;
	struct fault_evidence evidence;
};

/*
 * Does the deployment work on a request with this fault? As commit says; when
 * it does not say: no where the answer is replaced or never given (reply, raw,
 * hang, cut at the start), yes otherwise.
 */
bool fault_commits(const struct fault *f);

/* Is it judged when a connection is accepted: tls, or cut at accept? */
bool fault_is_connection(const struct fault *f);

/* Does it need what the deployment would answer? Not with reply, raw, hang without headers, cut at the start. */
bool fault_needs_answer(const struct fault *f);

/* Does carrying it out sign or mint, so that a worker must? (cacert with twists) */
bool fault_needs_worker(const struct fault *f);

#endif
