/* SPDX-License-Identifier: MIT */
/*
 * What must outlive an exchange: the certificates that the CA issued, their
 * serials and revocations, in SQLite (":memory:" by default). One lock inside;
 * any thread. No SQLite type leaves this room.
 *
 * What a call changed is committed when it returns 0, and in a file it then
 * outlives the process, however that ends; a call that fails changed nothing,
 * and once its cause is gone (the disk was full, say) the store works on.
 *
 * Schema, version 2 (PRAGMA user_version):
 *
 *	counter   name, value
 *	          "serial": the last number that may have been handed out; it
 *	          grows by blocks, and shrinks to the last one that was when the
 *	          store is closed.
 *	          "revision": how often the revoked set has changed.
 *	cert      id              1, 2, 3 ... in order of issue; rows are only
 *	                          deleted from the end, and the highest id is
 *	                          the count
 *	          serial          contents octets of the INTEGER; unique
 *	          subject         the Name as one line of text
 *	          transaction_id  as the client sent it; may be empty
 *	          template        name of the template
 *	          key_hash        SHA-256 of the SubjectPublicKeyInfo
 *	          not_before, not_after, issued_at   unix seconds
 *	          der             the certificate
 *	          revoked_at      unix seconds; NULL: not revoked
 *	          reason          RFC 5280 5.3.1
 *	setting   name, value     texts of those who keep the store; since 2
 *	A trigger counts "revision" when revoked_at changes.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"
#include "base/err.h"

struct store;

/* Open or create. path NULL: in memory. A file that is damaged, of a later schema or not ours is left as it is. NULL on failure. */
struct store *store_open(const char *path, struct err *e);
void store_close(struct store *s); /* accepts NULL */

/* A number never handed out before by this store; the first is 1. */
MUST_USE int store_next_serial(
    struct store *s, uint64_t *number, struct err *e);

struct store_cert {
	struct bytes serial; /* contents octets of the INTEGER */
	struct bytes subject; /* Name as text, UTF-8 */
	struct bytes transaction_id; /* may be empty */
	struct bytes template_name;
	struct bytes key_hash; /* SHA-256 of the SubjectPublicKeyInfo */
	int64_t not_before, not_after;
	int64_t issued_at; /* unix seconds */
	struct bytes der;
};

MUST_USE int store_cert_add(
    struct store *s, const struct store_cert *cert, struct err *e);

enum store_cert_state {
	STORE_CERT_UNKNOWN,
	STORE_CERT_GOOD,
	STORE_CERT_REVOKED
};

/* A certificate as it is kept; all lends until the callback returns. */
struct store_row {
	uint64_t id; /* 1, 2, 3 ... in order of issue */
	struct store_cert cert;
	bool revoked;
	int64_t revoked_at; /* unix seconds */
	int reason; /* RFC 5280 5.3.1 */
};

/*
 * Call each() for the certificates behind after_id (0: all) in order of issue;
 * serial.p not NULL: for the one with it. each returns false to stop, and may
 * not call the store.
 */
MUST_USE int store_certs_each(struct store *s, uint64_t after_id,
    struct bytes serial, bool (*each)(void *ctx, const struct store_row *row),
    void *ctx, struct err *e);

/* State by serial; expiry is the caller's to judge. */
MUST_USE int store_cert_state(struct store *s, struct bytes serial,
    enum store_cert_state *state, struct err *e);

/* DER by serial, appended to out; *found says whether. */
MUST_USE int store_cert_get(struct store *s, struct bytes serial,
    struct buf *out, bool *found, struct err *e);

/* DER of the certificate issued last for a key, appended to out; *found says whether there is one. */
MUST_USE int store_cert_last_of_key(struct store *s, struct bytes key_hash,
    struct buf *out, bool *found, struct err *e);

/* Serial of the certificate issued last, appended; nothing when there is none. */
MUST_USE int store_cert_last_serial(
    struct store *s, struct buf *out, struct err *e);

/* 0 with *found false when no such certificate exists. Revoking twice keeps the first date. */
MUST_USE int store_cert_revoke(struct store *s, struct bytes serial, int64_t at,
    int reason, bool *found, struct err *e);

/* Call each() for every revoked certificate, by date. each returns false to stop. Not to call the store from inside. */
MUST_USE int store_revoked_each(struct store *s,
    bool (*each)(void *ctx, struct bytes serial, int64_t at, int reason),
    void *ctx, struct err *e);

/* How many certificates are there, and the number of the last change of the revoked set (for CRL numbers). */
MUST_USE int store_counts(
    struct store *s, uint64_t *certs, uint64_t *revision, struct err *e);

/*
 * Forget what was issued and revoked since the store was opened: its
 * certificates are those of then. Numbers go on all the same. What another
 * program revoked meanwhile stays. Only of a store in a file: one in memory
 * is as quickly made anew.
 */
MUST_USE int store_rewind(struct store *s, struct err *e);

/* A text by name, appended to out; *found says whether there is one. */
MUST_USE int store_setting_get(struct store *s, const char *name,
    struct buf *out, bool *found, struct err *e);
MUST_USE int store_setting_set(
    struct store *s, const char *name, const char *value, struct err *e);

#endif
