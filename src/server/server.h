/* SPDX-License-Identifier: MIT */
/*
 * The server without its sockets: sites, the walk of an exchange, the crypto
 * workers. Several live in one process.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/env.h"
#include "base/log.h"
#include "http/reply.h"
#include "ndes/challenge.h"
#include "ndes/host.h"

struct server;

struct server_options {
	const struct env *env; /* borrowed; must outlive the server */
	struct log log;
	unsigned threads; /* crypto workers; 0: one for each processor */
	const char *ca_dir; /* NULL: the keys of certs/ */
	bool fresh_keys;
	const char *hostname; /* the texts are copied */
	const char *challenge; /* NULL: none */
	const char *admin_user, *admin_password;
	const char *log_dir; /* NULL: none */
	const struct host *host; /* the model, scenarios applied; copied */
};

/* Keys loaded or made; nothing runs yet. NULL on failure. */
struct server *server_new(const struct server_options *options, struct err *e);

/* Mint the deployment's certificates, with CRL and AIA URLs below url_base ("http://127.0.0.1:8080"), and start the workers. */
MUST_USE int server_start(
    struct server *s, const char *url_base, struct err *e);

/* Finish the jobs in hand and end the workers. Twice is fine. */
void server_stop(struct server *s);
void server_free(
    struct server *s); /* accepts NULL; every exchange must have ended */

/* After server_start(), lent: PEM for the TLS listener, SHA-256 of the issuing CA certificate. */
const char *server_tls_chain_pem(const struct server *s);
const char *server_tls_key_pem(const struct server *s);
const uint8_t *server_ca_fingerprint_sha256(
    const struct server *s); /* 32 bytes */

/*
 * A challenge password that is accepted now: the fixed one, else a fresh
 * one-time password that takes no place in the cache of PasswordMax. -1 when there is none to be had.
 */
MUST_USE int server_challenge(
    struct server *s, char out[CHALLENGE_TEXT_MAX], struct err *e);

/* ---- exchanges ---- */

struct server_exchange;

/* The finished reply; it lends until server_exchange_end(). Called once, from the caller's thread or a worker's. */
typedef void server_answer_fn(void *ctx, const struct http_reply *reply);

/*
 * Take a request. rq's texts are borrowed until server_exchange_end(). answer
 * is called once, perhaps before this returns. NULL when memory ran out; then
 * answer is not called.
 */
struct server_exchange *server_receive(struct server *s,
    const struct http_request *rq, server_answer_fn *answer, void *ctx);

/* Free an exchange whose answer was given. Accepts NULL. */
void server_exchange_end(struct server_exchange *x);

/* What to send when server_receive() returned NULL. Lent for ever. */
const struct http_reply *server_no_memory_reply(void);

#endif
