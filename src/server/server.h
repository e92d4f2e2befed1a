/* SPDX-License-Identifier: MIT */
/*
 * The server without its sockets: sites, the walk of an exchange, the crypto
 * workers. Several live in one process.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/env.h"
#include "base/log.h"
#include "http/entry.h"
#include "http/reply.h"
#include "journal/verify.h"
#include "ndes/challenge.h"
#include "ndes/host.h"
#include "server/site.h"

struct server;

/* What the listeners of the default site should do. Texts are lent for the call. */
struct server_listening {
	bool refuse; /* refuse connections */
	const char *tls_chain_pem, *tls_key_pem;
	enum host_tls_version tls_minimum, tls_maximum;
	enum host_tls_client tls_client;
};

struct server_options {
	const struct env *env; /* borrowed; must outlive the server */
	struct log log;
	unsigned threads; /* crypto workers; 0: one for each processor */
	const char *state_dir; /* NULL: all in memory; see server/state.h */
	const char *ca_dir; /* NULL: the keys of certs/ */
	bool fresh_keys;
	const char *hostname; /* the texts are copied */
	const char *challenge; /* NULL: none */
	const char *admin_user, *admin_password;
	const char *log_dir; /* NULL: none */
	const struct host *host; /* the model, scenarios applied; copied */
	struct scenario_set *
	    scenarios; /* what is in force of them beside host; referenced; NULL: none */
	uint64_t seed;
	const char *journal_path; /* NULL: in memory, or in state_dir */
	uint64_t journal_entries; /* of one site; 0: the journal's default */
	bool no_journal; /* nothing is written down, for measuring */
	/*
	 * Called when what the default site's listeners should do may have
	 * changed, with no lock held but one change at a time; NULL: nobody
	 * asks. Called once from server_start() too.
	 */
	void (*listeners)(void *ctx, const struct server_listening *l);
	void *listeners_ctx;
};

/* The state directory is locked, keys are loaded or made; nothing runs yet. NULL on failure. */
struct server *server_new(const struct server_options *options, struct err *e);

/* Mint the deployment's certificates, with CRL and AIA URLs below url_base ("http://127.0.0.1:8080"), and start the workers. */
MUST_USE int server_start(
    struct server *s, const char *url_base, struct err *e);

/* Finish the jobs in hand and end the workers. Twice is fine. */
void server_stop(struct server *s);
void server_free(
    struct server *s); /* accepts NULL; every exchange must have ended */

/* SHA-256 of the issuing CA certificate, after server_start(); 32 bytes, lent. */
const uint8_t *server_ca_fingerprint_sha256(const struct server *s);

/* What was counted since the start, see server/metrics.h. Lent. */
struct metrics *server_metrics(struct server *s);

/* For those who need cryptography beside exchanges. Lent. */
const struct pki_lib *server_pki(const struct server *s);

/*
 * A challenge password that is accepted now: the fixed one, else a fresh
 * one-time password that takes no place in the cache of PasswordMax. -1 when there is none to be had.
 */
MUST_USE int server_challenge(
    struct server *s, char out[CHALLENGE_TEXT_MAX], struct err *e);

/* ---- sites ---- */

/*
 * A site by name: "" is the default one, "x/<scenario>" one of the catalogue,
 * which is made when it is first asked for, "s/<id>" a private one, which is
 * used by that. NULL: no such site (e->code is
 * ERR_USAGE), or we failed. A reference, given back with site_unref() before
 * server_free(). Any thread.
 */
struct site *server_site(struct server *s, const char *name, struct err *e);

/* ---- back to the start ---- */

/* Parts beyond those of a site. */
enum server_part {
	SERVER_JOURNAL = SITE_ALL + 1, /* its entries */
	SERVER_SESSIONS =
	    2 * SERVER_JOURNAL, /* of the default site: private sites end */
	SERVER_CATALOGUE = 4 *
	    SERVER_JOURNAL, /* of the default site: the sites below /x/ are made anew */
	SERVER_ALL = 8 * SERVER_JOURNAL - 1
};

/* The word for the i-th part ("counters"), and which it is; NULL behind the last. */
const char *server_part_name(size_t i, unsigned *part);

/* Those of the parts that this site has. */
unsigned server_parts_of(
    const struct server *s, const struct site *site, unsigned parts);

/* As site_reset(). Any thread. */
MUST_USE int server_reset(
    struct server *s, struct site *site, unsigned parts, struct err *e);

/* ---- the journal ---- */

/* Of all sites; NULL when there is none. Lent until server_free(). */
struct journal *server_journal(struct server *s);

/* What a judgement is written into; NULL where it is not wanted. */
struct server_reports {
	struct buf *json, *junit, *text;
	struct verify_result result;
};

/*
 * Judge the expectations of the scenarios that are in force on a site, or
 * those of `own`, against what the journal has of it. client: how the client
 * ended, where that is known; repeat: the command line that has the same
 * again (NULL: that of the site). -1 when there is no journal (ERR_USAGE), or
 * we failed. Any thread.
 */
MUST_USE int server_verify(struct server *s, struct site *site,
    const struct scenario_set *own, enum verify_client client,
    const char *repeat, struct server_reports *out, struct err *e);

/* ---- private sites ---- */

#define SERVER_SESSION_ID_SIZE 13 /* with the final zero */
#define SERVER_SESSIONS_MAX 10000
#define SERVER_SESSION_TTL_MS (INT64_C(10) * 60 * 1000) /* the default */

/* A private site. Its name is "s/ID". */
struct server_session {
	char id[SERVER_SESSION_ID_SIZE];
	uint64_t seed;
	int64_t ttl_ms; /* it ends when it was not used for so long */
	int64_t idle_ms; /* since it was used last, when it was asked */
	char challenge[CHALLENGE_TEXT_MAX]; /* that it began with */
};

struct server_session_options {
	struct scenario_set *scenarios; /* referenced; NULL: healthy */
	const uint64_t *seed; /* NULL: the server's */
	int64_t ttl_ms; /* 0: the default */
	const char *
	    challenge; /* always accepted there; NULL: a one-time password is made */
};

/*
 * A deployment of its own below /s/ID/: model, rules and counters, passwords,
 * serials, certificates, revocation, clock and evidence. Keys and the
 * certificates of the deployment itself are the server's. Passwords of the
 * server's and certificates that others issued are nothing to it. Any thread.
 */
MUST_USE int server_session_new(struct server *s,
    const struct server_session_options *options, struct server_session *out,
    struct err *e);
/* End it; exchanges in hand end well. False: there was none of this id. */
bool server_session_end(struct server *s, struct bytes id);
bool server_session_get(
    struct server *s, struct bytes id, struct server_session *out);
/* All, oldest first; *list is the caller's to free. */
MUST_USE int server_sessions(
    struct server *s, struct server_session **list, size_t *n, struct err *e);
void server_sessions_end(struct server *s); /* all of them */
/* Its site without using it: a reference, or NULL. */
struct site *server_session_peek(struct server *s, struct bytes id);
size_t server_session_count(struct server *s);

/* ---- connections ---- */

/*
 * What becomes of a connection that a listener accepts, by the rules of the
 * default site. entry is zeroed; its texts live in the arena. Any thread.
 */
void server_enter(struct server *s, struct arena *arena, const char *peer,
    uint16_t peer_port, bool tls, struct http_entry *entry);

/* ---- exchanges ---- */

struct server_exchange;

/* The finished reply; it lends for the call. Called once, from the caller's thread or a worker's. */
typedef void server_answer_fn(void *ctx, const struct http_reply *reply);

/*
 * Take a request. rq's texts are borrowed until server_exchange_end(). answer
 * is called once, perhaps before this returns. NULL when memory ran out; then
 * answer is not called.
 */
struct server_exchange *server_receive(struct server *s,
    const struct http_request *rq, server_answer_fn *answer, void *ctx);

/*
 * The same in steps, for a client that waits to be told to send its body:
 * begin when the headers are in, ask whether a rule lets it wait in vain
 * (once), and go on with the whole request, if it ever comes.
 */
struct server_exchange *server_open(struct server *s,
    const struct http_request *rq, server_answer_fn *answer, void *ctx);
bool server_withholds_continue(struct server_exchange *x);
void server_go_on(struct server_exchange *x, const struct http_request *rq);

/* How the connection was through with it. */
enum server_end {
	SERVER_SENT, /* the reply went out, or what was to be done in its place */
	SERVER_CLIENT_GONE, /* the client left before */
	SERVER_STOPPED, /* we did */
};

/* Free an exchange whose answer was given, or that was never gone on with; its entry in the journal is complete. Accepts NULL. */
void server_exchange_end(struct server_exchange *x, enum server_end how);

/* What to send when server_receive() returned NULL. Lent for ever. */
const struct http_reply *server_no_memory_reply(void);

#endif
