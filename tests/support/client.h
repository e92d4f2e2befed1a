/* SPDX-License-Identifier: MIT */
/*
 * A SCEP client for tests, written straight on libcrypto's CMS_ and X509_
 * calls and on libcurl. It knows nothing of src/: when our codec is wrong on
 * both sides in the same way, this is who notices. It can speak in the tongue
 * of every client that we know (ciphers, digests, BER, base64 spellings), and
 * it reads replies strictly.
 *
 * Functions that return int return 0, or -1 with a sentence in why. A struct
 * client belongs to one thread; keys, certificates and struct client_ca may
 * be shared once they are made.
 */
#ifndef SUPPORT_CLIENT_H
#define SUPPORT_CLIENT_H

#include <curl/curl.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stddef.h>

#define CLIENT_WHY_MAX 600
#define CLIENT_NONCE_LEN 16
#define CLIENT_TEXT_MAX 256

struct client {
	OSSL_LIB_CTX *lib; /* its own, with the legacy provider */
	OSSL_PROVIDER *legacy, *standard;
	bool lib_is_shared;
	CURL *curl;
	char *tls_root_pem; /* trusted for HTTPS; NULL: nothing is */
	long timeout_s; /* of an HTTP exchange; 30 */
	bool follows; /* redirects, unasked codings and the cookie too */
	char cookie[CLIENT_TEXT_MAX]; /* the last one that was set */
	bool expects; /* a POST begins with Expect: 100-continue */
	char why[CLIENT_WHY_MAX];
};

/* share: another client whose library context is used too, or NULL. */
int client_open(struct client *c, const struct client *share);
void client_close(struct client *c); /* accepts a zeroed one */

/* Set why and return -1. */
int client_fail(struct client *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Owned octets. There is a zero behind them that n does not count. */
struct client_bytes {
	unsigned char *p;
	size_t n;
};

void client_bytes_clear(struct client_bytes *b);
int client_bytes_add(struct client_bytes *b, const void *p, size_t n);

/* ---- keys, requests, certificates (client_request.c) ---- */

/* A new RSA key; NULL on failure. Slow: share keys between tests. */
EVP_PKEY *client_key(struct client *c, unsigned bits);

/*
 * A name from text: "/C=US/O=Probe/CN=x"; '+' instead of '/' puts the value
 * into the same RDN, '\' takes the next character as it is; "" is the empty
 * name. type: V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING..; 0: as OpenSSL does.
 */
X509_NAME *client_name(struct client *c, const char *text, int type);

enum client_extension_oid {
	CLIENT_EXT_PKCS9, /* 1.2.840.113549.1.9.14 */
	CLIENT_EXT_MICROSOFT, /* 1.3.6.1.4.1.311.2.1.14 */
};

#define CLIENT_EXTENSIONS_MAX 8

struct client_csr {
	EVP_PKEY *key;
	EVP_PKEY *signed_by; /* NULL: key; another one breaks possession */
	const char *subject;
	int subject_type; /* of client_name */
	const char *challenge; /* NULL: no attribute */
	int challenge_type; /* V_ASN1_PRINTABLESTRING, .._UTF8STRING, .._BMPSTRING..; 0: UTF8String */
	const char *digest; /* NULL: SHA256 */
	enum client_extension_oid extension_oid;
	/* as in openssl.cnf: "subjectAltName=DNS:a,URI:b"; up to the first NULL */
	const char *extensions[CLIENT_EXTENSIONS_MAX];
};

int client_csr_make(
    struct client *c, const struct client_csr *spec, struct client_bytes *der);

struct client_cert {
	EVP_PKEY *key;
	const char *subject;
	X509 *issuer; /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	const char *digest; /* NULL: SHA256 */
	long from_s, until_s; /* from now; both 0: a day ago, a year ahead */
	bool
	    version1; /* X.509 v1 and a serial number of 33 octets, as certmonger */
	const char *extensions[CLIENT_EXTENSIONS_MAX];
};

X509 *client_cert_make(struct client *c, const struct client_cert *spec);

/* ---- messages (client_message.c) ---- */

enum client_encoding {
	CLIENT_DER,
	CLIENT_BER_IOS, /* indefinite lengths, each string in one piece of a constructed one */
	CLIENT_BER_PIECES, /* the same in pieces of 1000, as Bouncy Castle */
};

#define CLIENT_RECIPIENTS_MAX 4

struct client_message {
	int type; /* 19 PKCSReq, 17 RenewalReq.. */
	const char *transaction;
	unsigned char nonce[CLIENT_NONCE_LEN];
	size_t nonce_len; /* 0: 16 */
	bool no_nonce;
	X509 *signer;
	EVP_PKEY *signer_key;
	const char *digest; /* "SHA256".. */
	bool pss;
	bool
	    sigalg_with_digest; /* sha256WithRSAEncryption; false: rsaEncryption */
	bool no_certificates;
	X509
	    *extra[CLIENT_RECIPIENTS_MAX]; /* more certificates to send along */
	X509 *recipients[CLIENT_RECIPIENTS_MAX]; /* up to the first NULL */
	const char *
	    cipher; /* "AES-128-CBC", "DES-EDE3-CBC", "DES-CBC", "AES-128-GCM".. */
	bool oaep;
	bool recipient_by_ski;
	enum client_encoding encoding;
	struct client_bytes
	    content; /* lent: the PKCS#10 or other messageData */
};

int client_message_make(struct client *c, const struct client_message *spec,
    struct client_bytes *out);

/* A fresh nonce, and a transactionID of 40 hex digits from a fresh random number. */
void client_message_freshen(
    struct client_message *m, char transaction[CLIENT_TEXT_MAX]);

/* How a client writes the message into the query of a GET. */
enum client_spelling {
	CLIENT_ESCAPED, /* + / = all escaped: certmonger, Windows */
	CLIENT_RAW, /* + / = as they are: jscep, iOS */
	CLIENT_RAW_ESCAPED_PAD, /* + / as they are, = escaped: macOS */
	CLIENT_LINES, /* %0A after each 64 and at the end, / raw: sscep, Cisco */
	CLIENT_BASE64URL, /* - and _ : micromdm 2.1.0 */
	CLIENT_NO_PADDING, /* escaped, without the final = */
	CLIENT_TWICE_ESCAPED, /* %252B */
	CLIENT_MESSAGE_FIRST, /* message=..&operation=PKIOperation */
	CLIENT_BLANKS, /* a proxy made blanks of the +: %20 */
	CLIENT_SPELLINGS
};

const char *client_spelling_name(enum client_spelling s);

/* "?operation=PKIOperation&message=..", appended. */
int client_query(struct client *c, const struct client_bytes *message,
    enum client_spelling spelling, struct client_bytes *out);

/* ---- HTTP (client_http.c) ---- */

struct client_http {
	long status; /* 0: no answer */
	struct client_bytes head; /* status line and headers as they came */
	struct client_bytes body;
	char content_type[CLIENT_TEXT_MAX]; /* "" when there was none */
};

void client_http_clear(struct client_http *h);

/* headers: "Name: value" up to the first NULL, or NULL. */
int client_get(struct client *c, const char *url, const char *const *headers,
    struct client_http *out);

/* content_type NULL: no such header. */
int client_post(struct client *c, const char *url, const char *content_type,
    const struct client_bytes *body, struct client_http *out);

/* Write these octets to the host and port of url, read until the other side closes. */
int client_raw(struct client *c, const char *url, const void *p, size_t n,
    struct client_http *out);

/* Write these octets and go without reading anything. */
int client_raw_go(struct client *c, const char *url, const void *p, size_t n);

/* Value of a header in out->head, copied; false when it is not there. */
bool client_header(
    const struct client_http *h, const char *name, char value[CLIENT_TEXT_MAX]);

/* The password page: GET with Basic authentication, decoded from UTF-16LE to UTF-8 by iconv(3). */
int client_admin_page(struct client *c, const char *url, const char *userpwd,
    struct client_bytes *utf8);

/* The same page as it came. */
int client_admin_body(struct client *c, const char *url, const char *userpwd,
    struct client_bytes *body);

/* The one-time password on it, as scrapers find it. */
int client_admin_password(struct client *c, const char *url,
    const char *userpwd, char out[CLIENT_TEXT_MAX]);

/* ---- the CA, and enrolments (client_ca.c) ---- */

struct client_ca {
	STACK_OF(X509) * all; /* in the order of GetCACert */
	X509 *ra_sign, *ra_encrypt, *issuing, *root; /* lent from all */
};

/* GetCACert, which must be RA signing, RA encryption, issuing CA, root, each with its own key usage. */
int client_ca_fetch(struct client *c, const char *url, struct client_ca *ca);
void client_ca_clear(struct client_ca *ca);

/* The same from an answer that is there already. */
int client_ca_read(
    struct client *c, const struct client_http *h, struct client_ca *ca);

/* Trust this CA's root for HTTPS from now on. */
int client_trust(struct client *c, const struct client_ca *ca);

/*
 * The certificate chains to the root; with_crl: and the CRLs that its and the
 * issuing CA's distribution points name can be fetched and do not list them.
 */
int client_chain_verify(struct client *c, const struct client_ca *ca,
    X509 *certificate, bool with_crl);

/* First URI of the CRL distribution points, or of caIssuers in AIA. */
int client_crl_url(struct client *c, X509 *x, char out[CLIENT_TEXT_MAX]);
int client_aia_url(struct client *c, X509 *x, char out[CLIENT_TEXT_MAX]);

/* What a strict client reads from a CertRep. */
struct client_certrep {
	int status; /* 0 SUCCESS, 2 FAILURE, 3 PENDING */
	int fail_info; /* -1: none */
	char scep_error[CLIENT_TEXT_MAX]; /* Microsoft's; "" when absent */
	char server_message[CLIENT_TEXT_MAX];
	char digest[32]; /* "SHA256" */
	char cipher[32]; /* "AES-128-CBC"; "" without an envelope */
	bool oaep;
	X509 *certificate; /* SUCCESS: owned */
};

void client_certrep_clear(struct client_certrep *r);

/* What was asked, for reading the answer. */
struct client_expect {
	const struct client_message *message;
	const struct client_ca *ca;
	EVP_PKEY *csr_key; /* NULL: not checked */
	/*
	 * Not only what NDES sends: whatever RFC 8894 and CMS leave open. Then
	 * signers are those that may have signed, and ca is not looked at.
	 */
	STACK_OF(X509) * signers; /* NULL: as NDES */
};

/*
 * Read a CertRep and refuse whatever NDES would not send: DER throughout,
 * one signer, the RA signing certificate, not included; attributes once each
 * with their types, in DER order; both nonces; transactionID echoed; one zero
 * octet on FAILURE and PENDING; on SUCCESS one envelope to our signer
 * certificate with exactly one certificate for our key in it.
 */
int client_certrep_read(struct client *c, const struct client_expect *expect,
    const struct client_bytes *body, struct client_certrep *out);

/* An enrolment from its beginning to the certificate. Zero means the plain choice everywhere. */
struct client_enrolment {
	const char *url;
	const struct client_ca *ca;
	struct client_csr csr; /* subject and key must be there */
	X509 *signer; /* NULL: self-signed for csr.key with csr.subject */
	EVP_PKEY *signer_key;
	const char
	    *signer_subject; /* of the self-signed one; NULL: csr.subject */
	bool signer_version1;
	int type; /* 0: 19 */
	const char *transaction; /* NULL: fresh */
	const char *digest; /* NULL: SHA256 */
	const char *cipher; /* NULL: AES-128-CBC */
	bool oaep, pss, recipient_by_ski, sigalg_with_digest;
	bool all_recipients; /* every certificate of GetCACert, as micromdm */
	enum client_encoding encoding;
	bool by_get;
	enum client_spelling spelling;
	const char *content_type; /* of a POST; NULL: none */
	const char *user_agent;
	long http_status; /* out: status of the exchange */
	size_t url_bytes; /* out: length of the URL that a GET used */
};

/*
 * 0: a CertRep came and was sound (look at out->status). -1: anything else,
 * HTTP errors among them (e->http_status says).
 */
int client_enrol(
    struct client *c, struct client_enrolment *e, struct client_certrep *out);

/* Only the message and what is needed to read its answer. message's content and signer are owned by the caller: client_prepared_clear. */
struct client_prepared {
	struct client_message message;
	char transaction[CLIENT_TEXT_MAX];
	struct client_bytes csr;
	X509 *own_signer;
	struct client_bytes der;
};

int client_prepare(struct client *c, const struct client_enrolment *e,
    struct client_prepared *out);
void client_prepared_clear(struct client_prepared *p);

#endif
